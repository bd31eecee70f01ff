"""What is to be said, as plain values: services make them, the sender turns them into Bot API calls."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from domain.interactions import Content


class Lane(IntEnum):
    """Who goes first when not everything can go at once; lower is sooner. What is paid for has a budget of its own."""

    REPLY = 0
    STAFF = 1
    NOTICE = 2
    CAMPAIGN = 3
    PAID = 4


class OnUnknown(StrEnum):
    """What becomes of a message of which nobody knows whether it arrived."""

    RESEND = "resend"
    LIST = "list"


class Purpose(StrEnum):
    """Why something is said; it decides the lane and what an unknown delivery means."""

    CONVERSATION = "conversation"
    STAFF_ANSWER = "staff_answer"
    APOLOGY = "apology"
    PROMISE = "promise"
    CUSTOMER_WORDS = "customer_words"
    CARD = "card"
    NOTE_PROMPT = "note_prompt"
    STAFF_NOTICE = "staff_notice"
    DELIVERY_MARK = "delivery_mark"
    PROMPT = "prompt"
    ESCALATION = "escalation"
    MEMBER_NOTICE = "member_notice"
    DESK_LAG = "desk_lag"
    SURVEY = "survey"
    CHANGE_NEWS = "change_news"
    DELETION = "deletion"
    SETUP = "setup"
    BIRTHDAY = "birthday"
    CAMPAIGN = "campaign"
    POINTS_NOTICE = "points_notice"


class Handling(NamedTuple):
    """How a purpose travels."""

    lane: Lane
    on_unknown: OnUnknown


HANDLING: dict[Purpose, Handling] = {
    Purpose.CONVERSATION: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.STAFF_ANSWER: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.APOLOGY: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.PROMISE: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.CUSTOMER_WORDS: Handling(Lane.STAFF, OnUnknown.RESEND),
    Purpose.CARD: Handling(Lane.STAFF, OnUnknown.RESEND),
    Purpose.NOTE_PROMPT: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.STAFF_NOTICE: Handling(Lane.STAFF, OnUnknown.RESEND),
    Purpose.DELIVERY_MARK: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.PROMPT: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.ESCALATION: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.MEMBER_NOTICE: Handling(Lane.STAFF, OnUnknown.RESEND),
    Purpose.DESK_LAG: Handling(Lane.REPLY, OnUnknown.RESEND),
    Purpose.SURVEY: Handling(Lane.NOTICE, OnUnknown.LIST),
    Purpose.CHANGE_NEWS: Handling(Lane.NOTICE, OnUnknown.LIST),
    Purpose.DELETION: Handling(Lane.REPLY, OnUnknown.RESEND),  # behind the answer that it deletes
    Purpose.SETUP: Handling(Lane.NOTICE, OnUnknown.RESEND),
    Purpose.BIRTHDAY: Handling(Lane.CAMPAIGN, OnUnknown.LIST),
    Purpose.CAMPAIGN: Handling(Lane.CAMPAIGN, OnUnknown.LIST),
    Purpose.POINTS_NOTICE: Handling(Lane.NOTICE, OnUnknown.LIST),
}
"""The one table of invariant 4: conversation is resent, unasked messages are listed.

Its lanes also share out the twenty messages a minute of a staff group: what presses and what somebody waits for, then
words of customers in the order in which they came, then changed cards (see ``services.cards``).
"""


class TargetKind(StrEnum):
    """What a row may be addressed to before any Telegram id is known."""

    CONTACT = "contact"
    CASE = "case"
    CARD = "card"
    STAFF_GROUP = "staff_group"
    MEMBER = "member"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Target:
    """A logical address: the contact point, case, staff group or bare chat with id ``ref``.

    ``chat_key`` names the Telegram chat it will lead to, for order and limits: ``c`` contact point,
    ``g`` staff group, ``m`` member of staff in private, ``x`` bare chat, each with its id.
    """

    kind: TargetKind
    ref: int
    chat_key: str


def to_contact(contact_point_id: int) -> Target:
    """Address a customer's private chat."""
    return Target(TargetKind.CONTACT, contact_point_id, f"c{contact_point_id}")


def to_case(case_id: int, staff_group_id: int) -> Target:
    """Address the topic of a case (or, in a plain group, the thread of replies under its card)."""
    return Target(TargetKind.CASE, case_id, f"g{staff_group_id}")


def to_card(case_id: int, staff_group_id: int) -> Target:
    """Address the card of a case: sent once, edited ever after."""
    return Target(TargetKind.CARD, case_id, f"g{staff_group_id}")


def to_staff_group(staff_group_id: int) -> Target:
    """Address a staff group outside any topic."""
    return Target(TargetKind.STAFF_GROUP, staff_group_id, f"g{staff_group_id}")


def to_member(member_id: int) -> Target:
    """Address a member of staff in their private chat with the bot."""
    return Target(TargetKind.MEMBER, member_id, f"m{member_id}")


def to_chat(chat_id: int) -> Target:
    """Address a bare Telegram chat, such as a group that is not ours."""
    return Target(TargetKind.CHAT, chat_id, f"x{chat_id}")


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: it sends ``data`` back (at most 64 bytes) or opens ``url``."""

    text: str
    data: str | None = None
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]

SHARES_CONTACT = "contact:"
"""Begins a key of the reply keyboard that shares the person's own number when it is pressed."""

PICTURE, PAID, PROTECT = "picture", "paid", "protect"
"""Keys in a message's extras: the stored picture it shows, that it is paid for, that it is not to be passed on."""


def asking_contact(text: str) -> str:
    """Return a key of the reply keyboard, with these words, that shares the person's own number."""
    return f"{SHARES_CONTACT}{text}"


class Action(StrEnum):
    """What the sender does with a row."""

    SEND = "send"
    EDIT = "edit"
    ALBUM = "album"
    REACT = "react"
    COMMANDS = "commands"
    DELETE = "delete"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to be said.

    ``content.text`` is a person's own words, sent letter by letter, unless ``html`` says that it is ours.
    ``message_id`` is the message edited or reacted to. ``keyboard`` is the reply keyboard (rows of texts),
    ``force_reply`` asks for an answer in place. ``reply_to`` is an interaction. ``coalesce_key`` replaces the
    content of a row still queued under the same key. ``lane`` is another than that of the purpose: somebody who
    tapped waits for it, or it may wait longer.
    """

    purpose: Purpose
    target: Target
    content: Content
    action: Action = Action.SEND
    html: bool = False
    buttons: Rows = ()
    keyboard: tuple[tuple[str, ...], ...] = ()
    force_reply: bool = False
    message_id: int | None = None
    reply_to: int | None = None
    dedupe_key: str | None = None
    coalesce_key: str | None = None
    not_before_at: datetime | None = None
    customer_id: int | None = None
    case_id: int | None = None
    interaction_id: int | None = None
    delivery_id: int | None = None
    lane: Lane | None = None
    extra: dict[str, Any] = field(default_factory=dict)
