"""From an outbox row to the Bot API call that says it."""

from dataclasses import dataclass
from typing import Any

from domain.interactions import Content, Kind
from domain.outgoing import PAID, PICTURE, PROTECT, SHARES_CONTACT, Action, TargetKind
from services.files import UPLOAD
from storage.outbox import OutboxRow, content_from_json

_FILE_METHODS = {
    Kind.PHOTO: ("sendPhoto", "photo"),
    Kind.VIDEO: ("sendVideo", "video"),
    Kind.VIDEO_NOTE: ("sendVideoNote", "video_note"),
    Kind.VOICE: ("sendVoice", "voice"),
    Kind.AUDIO: ("sendAudio", "audio"),
    Kind.DOCUMENT: ("sendDocument", "document"),
    Kind.ANIMATION: ("sendAnimation", "animation"),
    Kind.STICKER: ("sendSticker", "sticker"),
}
_NO_CAPTION = frozenset({Kind.VIDEO_NOTE, Kind.STICKER})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a row goes in Telegram. ``reply_to`` and ``message_id`` are message ids in ``chat_id``.

    ``reply_required``: without the message it answers, nobody would know what it is about. ``deleted`` are the ids of
    messages that are to go.
    """

    chat_id: int
    thread_id: int | None = None
    reply_to: int | None = None
    message_id: int | None = None
    reply_required: bool = False
    deleted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One Bot API call. ``upload`` is the parameter and the id of a file of ours whose bytes go with it.

    ``picture`` is the parameter and the key of a campaign's picture.
    """

    method: str
    params: dict[str, Any]
    upload: tuple[str, int] | None = None
    picture: tuple[str, str] | None = None


def call_for(row: OutboxRow, address: Address) -> Call:
    """Return the call that says ``row`` at ``address``; an edit without a message to edit is sent anew."""
    body = row.body or {}
    content = content_from_json(body["content"])
    if row.action is Action.REACT:
        reaction = [{"type": "emoji", "emoji": body["extra"]["emoji"]}]
        target = {"chat_id": address.chat_id, "message_id": address.message_id or body.get("message_id")}
        return Call("setMessageReaction", {**target, "reaction": reaction})
    if row.action is Action.DELETE:
        return _delete(address)
    if row.action in (Action.CLOSE, Action.REOPEN):
        method = "closeForumTopic" if row.action is Action.CLOSE else "reopenForumTopic"
        return Call(method, {"chat_id": address.chat_id, "message_thread_id": address.thread_id})
    if row.action is Action.COMMANDS:
        commands = [{"command": name, "description": words} for name, words in body["extra"]["commands"]]
        scope = body["extra"].get("scope") or {"type": "chat", "chat_id": address.chat_id}
        language_code = body["extra"].get("language_code") or None
        return Call("setMyCommands", {"commands": commands, "scope": scope, "language_code": language_code})
    if row.action is Action.ALBUM and len(body["extra"]["items"]) > 1:
        return _album(body["extra"]["items"], address)
    if address.message_id and (row.action is Action.EDIT or row.target_kind is TargetKind.CARD):
        return _edit(content, body, address)
    return _send(content, body, address)


def _delete(address: Address) -> Call:
    if len(address.deleted) == 1:
        return Call("deleteMessage", {"chat_id": address.chat_id, "message_id": address.deleted[0]})
    return Call("deleteMessages", {"chat_id": address.chat_id, "message_ids": list(address.deleted)})


def _words(content: Content, name: str, *, html: bool) -> dict[str, Any]:
    """Return words as parameters: our HTML, or a person's own words with their entities, letter by letter."""
    if not content.text:
        return {}
    if html:
        return {name: content.text, "parse_mode": "HTML"}
    if content.entities:
        return {name: content.text, f"{'caption_' if name == 'caption' else ''}entities": list(content.entities)}
    return {name: content.text}


def _where(address: Address) -> dict[str, Any]:
    where: dict[str, Any] = {"chat_id": address.chat_id}
    if address.thread_id:
        where["message_thread_id"] = address.thread_id
    if address.reply_to:
        where["reply_parameters"] = {
            "message_id": address.reply_to,
            "allow_sending_without_reply": not address.reply_required,
        }
    return where


def _markup(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("buttons"):
        return {"reply_markup": {"inline_keyboard": body["buttons"]}}
    if body.get("keyboard"):
        rows = [[_key(text) for text in row] for row in body["keyboard"]]
        return {"reply_markup": {"keyboard": rows, "resize_keyboard": True, "is_persistent": True}}
    if body.get("force_reply"):
        return {"reply_markup": {"force_reply": True, "selective": True}}
    return {}


def _terms(extra: dict[str, Any]) -> dict[str, Any]:
    """Return on which terms something is sent: paid for, not to be passed on."""
    terms = {"allow_paid_broadcast": extra.get(PAID), "protect_content": extra.get(PROTECT)}
    return {name: True for name, wanted in terms.items() if wanted}


def _key(text: str) -> dict[str, Any]:
    if text.startswith(SHARES_CONTACT):
        return {"text": text.removeprefix(SHARES_CONTACT), "request_contact": True}
    return {"text": text}


def _send(content: Content, body: dict[str, Any], address: Address) -> Call:
    html = body.get("html", False)
    extra = body.get("extra", {})
    where = {**_where(address), **_markup(body), **_terms(extra)}
    file_id, picture = extra.get(UPLOAD), extra.get(PICTURE)
    if content.kind in _FILE_METHODS and (content.media or file_id or picture):
        method, name = _FILE_METHODS[content.kind]
        caption = {} if content.kind in _NO_CAPTION else _words(content, "caption", html=html)
        if picture:
            return Call(method, {**where, **caption}, picture=(name, picture))
        if content.media is None:
            return Call(method, {**where, **caption}, upload=(name, file_id))
        return Call(method, {**where, name: content.media.file_id, **caption})
    if content.kind is Kind.VENUE:
        return Call("sendVenue", {**where, **content.extra})
    if content.kind is Kind.LOCATION:
        return Call("sendLocation", {**where, **content.extra})
    if content.kind is Kind.CONTACT:
        return Call("sendContact", {**where, **{k: v for k, v in content.extra.items() if v}})
    preview = {"link_preview_options": {"is_disabled": True}}
    return Call("sendMessage", {**where, **_words(content, "text", html=html), **preview})


def _edit(content: Content, body: dict[str, Any], address: Address) -> Call:
    html = body.get("html", False)
    where = {"chat_id": address.chat_id, "message_id": address.message_id, **_markup(body)}
    if content.kind is Kind.TEXT:
        preview = {"link_preview_options": {"is_disabled": True}}
        return Call("editMessageText", {**where, **_words(content, "text", html=html), **preview})
    return Call("editMessageCaption", {**where, **_words(content, "caption", html=html)})


def _album(items: list[dict[str, Any]], address: Address) -> Call:
    media = []
    for item in items:
        content = content_from_json(item)
        assert content.media
        media.append(
            {"type": content.kind.value, "media": content.media.file_id, **_words(content, "caption", html=False)}
        )
    return Call("sendMediaGroup", {**_where(address), "media": media})
