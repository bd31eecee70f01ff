"""Methods that send files, albums included, and the download of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.errors import BadRequest, TooLarge
from simulator.files import DOWNLOAD_LIMIT, KINDS, UPLOAD_LIMIT, StoredFile
from simulator.methods.registry import Call, api_method
from simulator.methods.sending import caption_content, destination, send
from simulator.model import Json
from simulator.posting import Post, write
from simulator.schema import Upload

_PROPERTIES = {
    "video": ("width", "height", "duration"),
    "animation": ("width", "height", "duration"),
    "audio": ("duration", "performer", "title"),
    "voice": ("duration",),
    "video_note": ("duration", "length"),
    "sticker": ("emoji",),
}
_CAPTIONED = frozenset({"photo", "video", "animation", "audio", "document", "voice"})
_ALBUM_MIXES = ({"photo", "video"}, {"audio"}, {"document"})


def resolve_file(call: Call, kind: str, value: Upload | str, given: Json) -> StoredFile:
    """Return the stored file that a call names by upload, ``attach://``, URL or id."""
    if isinstance(value, str) and value.startswith("attach://"):
        name = value.removeprefix("attach://")
        if name not in call.uploads:
            raise BadRequest("wrong file identifier/HTTP URL specified")
        value = call.uploads[name]
    if isinstance(value, Upload) and len(value.content) > UPLOAD_LIMIT:
        raise TooLarge()
    names = _PROPERTIES.get(kind, ())
    return call.state.files.given(kind, value, {name: given[name] for name in names if name in given})


def media_content(call: Call, kind: str, given: Json, field: str) -> Json:
    """Return the fields of a message with a file, from a call's parameters or a media object."""
    if kind not in KINDS:
        raise BadRequest(f"media of the type {kind} is not simulated")
    content = resolve_file(call, kind, given[field], given).as_content()
    if kind in _CAPTIONED:
        content |= caption_content(call, given)
    if given.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return content


def _sender(kind: str) -> Callable[[Call], Any]:
    def handler(call: Call) -> Any:
        call.writable()
        return send(call, media_content(call, kind, call.params, kind))

    handler.__doc__ = f"Send a {kind.replace('_', ' ')}."
    return handler


for _kind, _method in {
    "photo": "sendPhoto",
    "video": "sendVideo",
    "animation": "sendAnimation",
    "audio": "sendAudio",
    "document": "sendDocument",
    "voice": "sendVoice",
    "video_note": "sendVideoNote",
    "sticker": "sendSticker",
}.items():
    api_method(_method)(_sender(_kind))


@api_method("sendMediaGroup")
def send_media_group(call: Call) -> Any:
    """Send two to ten files as one album."""
    items: list[Json] = call.params["media"]
    if not 2 <= len(items) <= 10:
        raise BadRequest("group send failed" if len(items) < 2 else "too many messages to send as an album")
    kinds = {item["type"] for item in items}
    if not any(kinds <= mix for mix in _ALBUM_MIXES):
        raise BadRequest("can't use the media of the specified type in the album")
    chat = call.writable()
    topic, answered = destination(call, chat)
    contents = [media_content(call, item["type"], item, "media") for item in items]
    call.pass_gate(chat, weight=len(items))
    album: Json = {"media_group_id": str(10**16 + next(call.state.numbers))}
    if call.get("protect_content"):
        album["has_protected_content"] = True
    sent = [
        write(call.state, chat, Post(content | album, author=call.bot, topic=topic, reply_to=answered))
        for content in contents
    ]
    return [message.body for message in sent]


@api_method("getFile")
def get_file(call: Call) -> Any:
    """Prepare a file for download: at most 20 MB."""
    stored = call.state.files.find(call.params["file_id"])
    if stored is None:
        raise BadRequest("wrong file_id or the file is temporarily unavailable")
    if stored.size > DOWNLOAD_LIMIT:
        raise BadRequest("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }
