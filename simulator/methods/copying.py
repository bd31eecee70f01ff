"""Forwarding and copying messages from one chat to another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from simulator.access import find_message
from simulator.errors import BadRequest
from simulator.methods.registry import Call, api_method
from simulator.methods.sending import caption_content, destination, send_stored
from simulator.model import Json, StoredMessage
from simulator.posting import Post, write

# What a message says, apart from who said it where and when.
CONTENT_FIELDS = (
    "text",
    "entities",
    "link_preview_options",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "photo",
    "video",
    "animation",
    "audio",
    "document",
    "voice",
    "video_note",
    "sticker",
    "location",
    "venue",
    "contact",
    "dice",
    "poll",
)
_MAX_AT_ONCE = 100


def content_of(message: StoredMessage) -> Json:
    """Return what a message says, ready to be said again."""
    return {name: message.body[name] for name in CONTENT_FIELDS if name in message.body}


def origin_of(message: StoredMessage) -> Json:
    """Return where a message comes from, as a forward shows it; a forward of a forward keeps the first."""
    body = message.body
    if "forward_origin" in body:
        known: Json = body["forward_origin"]
        return known
    if "sender_chat" in body:
        return {"type": "chat", "date": body["date"], "sender_chat": body["sender_chat"]}
    return {"type": "user", "date": body["date"], "sender_user": body["from"]}


def _source(call: Call, message_id: int, missing: str, verb: str) -> StoredMessage:
    message = find_message(call.chat("from_chat_id"), message_id, missing)
    if message.is_service or message.body.get("has_protected_content"):
        raise BadRequest(f"message can't be {verb}")
    return message


@api_method("forwardMessage")
def forward_message(call: Call) -> Any:
    """Forward one message, its origin shown."""
    call.writable()
    source = _source(call, call.params["message_id"], "message to forward not found", "forwarded")
    return send_stored(call, content_of(source) | {"forward_origin": origin_of(source)}).body


@api_method("copyMessage")
def copy_message(call: Call) -> Any:
    """Send one message again as the bot's own, with a new caption if one is given."""
    call.writable()
    source = _source(call, call.params["message_id"], "message to copy not found", "copied")
    content = content_of(source)
    if "caption" in call.params and "text" not in content:
        content.pop("caption_entities", None)
        content |= {"caption": None} | caption_content(call, call.params)
        content = {key: value for key, value in content.items() if value is not None}
    if "reply_markup" not in call.params and "reply_markup" in source.body:
        call.params["reply_markup"] = source.body["reply_markup"]
    return {"message_id": send_stored(call, content).id}


@api_method("copyMessages")
def copy_messages(call: Call) -> Any:
    """Copy several messages; those that are gone or cannot be copied are left out."""
    return [{"message_id": stored.id} for stored in _send_many(call, forward=False)]


@api_method("forwardMessages")
def forward_messages(call: Call) -> Any:
    """Forward several messages; those that are gone or cannot be forwarded are left out."""
    return [{"message_id": stored.id} for stored in _send_many(call, forward=True)]


def _send_many(call: Call, *, forward: bool) -> list[StoredMessage]:
    chat, source = call.writable(), call.chat("from_chat_id")
    ids: list[int] = call.params["message_ids"]
    if not 1 <= len(ids) <= _MAX_AT_ONCE or any(a >= b for a, b in pairwise(ids)):
        raise BadRequest("message identifiers must be in a strictly increasing order")
    found = [message for message in map(source.messages.get, ids) if message is not None]
    kept = [m for m in found if not m.is_service and not m.body.get("has_protected_content")]
    if not kept:
        raise BadRequest("there are no messages to forward" if forward else "there are no messages to copy")
    topic, _ = destination(call, chat)
    call.pass_gate(chat, weight=len(kept))
    albums: dict[str, str] = {}
    return [
        write(call.state, chat, Post(_again(call, message, albums, forward), call.bot, topic=topic)) for message in kept
    ]


def _again(call: Call, message: StoredMessage, albums: dict[str, str], forward: bool) -> Json:
    content = content_of(message)
    if call.get("remove_caption"):
        content = {k: v for k, v in content.items() if k not in ("caption", "caption_entities")}
    if forward:
        content["forward_origin"] = origin_of(message)
    album = message.body.get("media_group_id")
    if album:
        fresh = albums.setdefault(album, str(10**16 + next(call.state.numbers)))
        content["media_group_id"] = fresh
    return content
