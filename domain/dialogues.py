"""Dialogues: where a customer stands in a conversation, kept in the database between two updates."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class DialogueName(StrEnum):
    """The conversations that remember something."""

    DRAFT = "draft"
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"
    ADD_WORDS = "add_words"
    BIRTHDAY = "birthday"
    LINK = "link"
    FORGET = "forget"
    SURVEY = "survey"
    CALL_BACK = "call_back"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One running conversation of one contact point.

    ``data`` is what it has gathered, as JSON values. ``due_at`` is when words gathered so far become a case by
    themselves, so that nothing waits for a tap that never comes.
    """

    contact_point_id: int
    name: DialogueName
    step: str
    updated_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
