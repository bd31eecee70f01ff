"""What people write: the fields of a message of each kind."""

from __future__ import annotations

import base64
import random
from typing import Any

from simulator.errors import ControlError
from simulator.files import KINDS, FileStore
from simulator.model import Json, Person
from simulator.text import format_text

_CAPTIONED = frozenset({"photo", "video", "animation", "audio", "document", "voice"})
SENDABLE = frozenset({*KINDS, "text", "location", "venue", "contact", "dice", "poll"})


def content_for(kind: str, given: Json, files: FileStore, sender: Person, number: int) -> Json:
    """Return the fields of a message of ``kind``; ``given`` are the keyword arguments of ``send``."""
    if kind not in SENDABLE:
        raise ControlError(f"nobody can send a {kind!r}; known: {', '.join(sorted(SENDABLE))}")
    if kind == "text":
        return _text(given)
    if kind in KINDS:
        return _media(kind, given, files)
    if kind == "poll":
        return {"poll": _poll(given.get("text") or "What next?", number)}
    if kind == "contact":
        return {"contact": _contact(given, sender)}
    if kind == "dice":
        return {"dice": {"emoji": given.get("emoji") or "🎲", "value": random.randint(1, 6)}}
    point = {"latitude": given.get("latitude"), "longitude": given.get("longitude")}
    if None in point.values():
        point = {"latitude": 52.0, "longitude": 4.5}
    if kind == "venue":
        title = given.get("text") or "A place"
        return {"location": point, "venue": {"location": point, "title": title, "address": "1 Main Street"}}
    return {"location": point}


def _text(given: Json) -> Json:
    text, entities = format_text(given.get("text") or "")
    if not text:
        raise ControlError("there is no text to send")
    return {"text": text, "entities": entities} if entities else {"text": text}


def caption_fields(caption: str | None) -> Json:
    """Return the fields of a caption that a person writes."""
    if not caption:
        return {}
    text, entities = format_text(caption)
    return {"caption": text, "caption_entities": entities} if entities else {"caption": text}


def _media(kind: str, given: Json, files: FileStore) -> Json:
    content: Any = given.get("content")
    if given.get("content_base64"):
        content = base64.b64decode(given["content_base64"])
    properties: Json = {}
    if kind == "sticker":
        properties = {"emoji": given.get("emoji") or "👍", "set_name": "SimulatedStickers"}
    stored = files.make(
        kind,
        content=content,
        size=given.get("file_size"),
        name=given.get("file_name"),
        mime_type=given.get("mime_type"),
        properties=properties,
    )
    fields = stored.as_content()
    return fields | caption_fields(given.get("caption")) if kind in _CAPTIONED else fields


def _contact(given: Json, sender: Person) -> Json:
    contact: Json = {"phone_number": given.get("phone") or "+10000000000", "first_name": sender.first_name}
    if sender.last_name:
        contact["last_name"] = sender.last_name
    if given.get("contact_user_id") is not None:
        contact["user_id"] = given["contact_user_id"]
    return contact


def _poll(question: str, number: int) -> Json:
    options = [
        {"text": text, "voter_count": 0, "persistent_id": str(index)} for index, text in enumerate(("Yes", "No"))
    ]
    flags = ("is_closed", "allows_multiple_answers", "allows_revoting", "members_only")
    poll: Json = {"id": str(5 * 10**18 + number), "question": question, "options": options, "type": "regular"}
    return poll | {"total_voter_count": 0, "is_anonymous": True} | dict.fromkeys(flags, False)
