"""What came of a campaign: counted people, shares with their intervals, what it did, what it cost and brought in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.campaigns.definition import Measure
from domain.campaigns.learning import Comparison, Uplift
from domain.surveys import Words
from domain.surveys.scores import Estimate


class Deed(StrEnum):
    """What people did, or what happened to them, within the attribution window."""

    ANSWERS = "answers"
    CLICKS = "clicks"
    BLOCKS = "blocks"
    OPTOUTS = "optouts"
    COMPLAINTS = "complaints"
    PURCHASES = "purchases"
    POINTS = "points"


OF_ANYBODY = (Deed.BLOCKS, Deed.OPTOUTS, Deed.COMPLAINTS, Deed.PURCHASES, Deed.POINTS)
"""What people do without a message, too; the others need one."""

MEASURED = {
    Measure.ANSWERS: Deed.ANSWERS,
    Measure.CLICKS: Deed.CLICKS,
    Measure.PURCHASES: Deed.PURCHASES,
    Measure.POINTS: Deed.POINTS,
}


@dataclass(frozen=True, slots=True)
class Group:
    """One message's people, all of them, or those held out (``key`` empty).

    ``meant`` were drawn for it and due, ``reached`` got the message. ``shares`` are of those reached; of the people
    held out, of all. ``points_used`` and ``spent_minor`` is what the same people used and spent.
    """

    key: str
    meant: int
    reached: int
    shares: Mapping[Deed, Estimate]
    points_used: int = 0
    spent_minor: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a campaign cost in minor units, and in Telegram Stars where it was sent by paid broadcast."""

    messages_minor: int
    gifts_minor: int
    hours_minor: int
    gifts: int
    hours: float
    stars: float = 0

    @property
    def total_minor(self) -> int:
        """All of it in money; Stars are not."""
        return self.messages_minor + self.gifts_minor + self.hours_minor


class Worth(StrEnum):
    """What a purchase is taken to bring in."""

    MARGIN = "margin"
    ASSUMED_MARGIN = "assumed_margin"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Gain:
    """What the campaign brought in beside what would have come anyway: further buyers times what a buyer brings.

    ``worth`` says what ``per_buyer_minor`` is: margin from known costs, margin partly assumed, or the whole amount.
    """

    buyers: float
    per_buyer_minor: int
    minor: int
    low_minor: int
    high_minor: int
    worth: Worth


@dataclass(frozen=True, slots=True)
class Warning:
    """What to beware of: the key of a text and its values."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything about one campaign, or one of its occasions, so far.

    ``variants`` in the order of the document, then any that is no longer in it; ``all`` are their people together.
    ``comparison`` is by ``measure``, among those who got the words as they stand now. ``uplifts`` compare everybody
    meant with those held out. ``open_until``: until then more may still count.
    """

    key: str
    title: Words
    version: int
    occasion: str | None
    attribution: timedelta
    first_at: datetime | None
    open_until: datetime | None
    measure: Measure
    all: Group
    variants: tuple[Group, ...]
    held_out: Group | None
    comparison: Comparison
    winner: str | None
    uplifts: Mapping[Deed, Uplift]
    cost: Cost
    gain: Gain | None
    currency: str
    warnings: tuple[Warning, ...]
