"""Interactions: one thing said or done between a customer and the business."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.people import Actor


class Direction(StrEnum):
    """Into the business, or out of it."""

    IN = "in"
    OUT = "out"


class Visibility(StrEnum):
    """Who may read it: the customer too, or staff alone (a note)."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


class Kind(StrEnum):
    """What an interaction is made of."""

    TEXT = "text"
    COMMAND = "command"
    TAP = "tap"
    PHOTO = "photo"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    ANIMATION = "animation"
    STICKER = "sticker"
    LOCATION = "location"
    VENUE = "venue"
    CONTACT = "contact"
    DICE = "dice"
    REACTION = "reaction"
    MEMBERSHIP = "membership"
    CALL = "call"
    VISIT = "visit"
    UNSUPPORTED = "unsupported"


ALBUM_KINDS = frozenset({Kind.PHOTO, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT})


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file that Telegram keeps: its ids, and what is known of it without fetching it (``size`` in bytes)."""

    file_id: str
    file_unique_id: str
    size: int | None = None
    mime: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What was said: words (or a caption) with Telegram entities, and a file, place or contact."""

    kind: Kind
    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()
    media: MediaRef | None = None
    media_group_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One recorded thing. ``chat_id`` and ``message_id`` say where in Telegram it was said, if it came from there."""

    id: int
    at: datetime
    author: Actor
    direction: Direction
    visibility: Visibility
    content: Content
    customer_id: int | None = None
    case_id: int | None = None
    chat_id: int | None = None
    message_id: int | None = None
    update_id: int | None = None
    version_of: int | None = None
    reply_to: int | None = None
