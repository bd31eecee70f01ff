"""What a campaign is: what it hangs on, whom it is for, what it says, what comes with it, how it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.people import ConsentClass
from domain.surveys import Every, Words

WHOLE = 1000
"""Shares are in thousandths."""


class OccasionKind(StrEnum):
    """What a campaign hangs on."""

    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    HOLIDAY = "holiday"
    DATE = "date"
    EVERY = "every"
    CRON = "cron"
    FIELD = "field"
    JOINED = "joined"
    PURCHASE = "purchase"
    CASE = "case"
    SILENCE = "silence"
    EVENT = "event"
    TIER_UP = "tier_up"
    TIER_DOWN = "tier_down"
    POINTS_EXPIRING = "points_expiring"
    VOUCHER_EXPIRING = "voucher_expiring"
    RSVP = "rsvp"

    @property
    def collective(self) -> bool:
        """Whether it comes for everybody on one local day: then each coming is a run of its own."""
        return self in (OccasionKind.HOLIDAY, OccasionKind.DATE, OccasionKind.EVERY, OccasionKind.CRON)

    @property
    def dated(self) -> bool:
        """Whether it is a day of each person's own: looked for ahead of that day."""
        return self in (OccasionKind.BIRTHDAY, OccasionKind.ANNIVERSARY, OccasionKind.FIELD)


class CampaignState(StrEnum):
    """Where a campaign stands; only a running one plans anybody and hands anything over to be sent."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class PauseReason(StrEnum):
    """Why a campaign is paused."""

    HAND = "hand"
    ERRORS = "errors"
    BLOCKED = "blocked"
    SEGMENT = "segment"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class When:
    """When a person is due.

    ``lead_days`` before the occasion's local date (of those with one), or ``after`` it happened (of those that happen:
    joined, purchase, case, event, tier). ``at`` is the local time of day; without it, dated and collective occasions
    take the business's usual one, others go as soon as ``after`` is over. ``weekdays`` are the ISO numbers of the days
    on which it may go: a due day that is none moves to the next one. ``until``: occasions after that local day are not
    kept. ``late_after`` its due time it is not sent any more. ``jitter`` spreads people over that time after their due
    time. ``on`` without a date is as soon as the campaign runs.
    """

    kind: OccasionKind
    holiday: str | None = None
    on: date | None = None
    every: Every | None = None
    day: int = 1
    cron: str | None = None
    field: str | None = None
    yearly: bool = False
    event: str | None = None
    silence_days: int | None = None
    invitation: str | None = None
    lead_days: int = 0
    after: timedelta = timedelta()
    at: time | None = None
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    late_after: timedelta = timedelta(hours=12)
    jitter: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the messages that are tried against each other: its share is its ``weight`` among all.

    ``text`` is a Jinja2 template by language that gives Telegram HTML. ``picture`` names a stored picture.
    """

    key: str
    text: Words
    weight: int = 1
    picture: str | None = None


class ButtonKind(StrEnum):
    """What a button under a campaign's message does."""

    ANSWER = "answer"
    LINK = "link"
    TRACKED = "tracked"
    SURVEY = "survey"
    REDEEM = "redeem"
    RSVP = "rsvp"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class CampaignButton:
    """One button. ``reply`` is said when it is tapped; ``url`` is that of a link; ``ref`` a survey's or reward's key.

    A ``tracked`` link answers with the link, so that the tap is counted; a plain link opens at once, uncounted. One of
    kind ``rsvp`` has the key ``yes``, ``no`` or ``maybe``.
    """

    key: str
    kind: ButtonKind
    label: Words
    url: str | None = None
    ref: str | None = None
    reply: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gift:
    """What each person gets with the message: a voucher for ``reward``, or ``points``; it costs ``cost_minor``."""

    reward: str | None = None
    points: int | None = None
    cost_minor: int = 0


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A task for the customer's owner (a member of staff), due ``within`` working time; ``alone``: no message goes."""

    title: Words
    within: timedelta = timedelta(days=1)
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """What people are invited to: local date and time in the business's zone, where, and for how many."""

    at: datetime
    place: Words = field(default_factory=dict)
    capacity: int | None = None


class Measure(StrEnum):
    """By what variants are compared: the share of people reached who did it within the attribution window."""

    ANSWERS = "answers"
    CLICKS = "clicks"
    PURCHASES = "purchases"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Learning:
    """How a campaign is judged. ``holdout_permille`` of the people get nothing on purpose.

    What happens within ``attribution`` after the message counts. ``decide_after`` (since the first message) a winner,
    if there is one, is taken for all planned from then on. ``hours`` of work went into it.
    """

    holdout_permille: int = 0
    measure: Measure = Measure.ANSWERS
    attribution: timedelta = timedelta(days=7)
    decide_after: timedelta | None = None
    hours: float = 0


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign, in one version.

    ``segment`` is an expression, empty for everybody. ``priority`` (0-9) decides who goes first when one person is due
    for several. ``solemn``: without cheer, gifts or offers. ``personal``: for this person alone, not to be passed on.
    ``paid``: sent by paid broadcast where the settings allow it. ``fallbacks`` stand in for variables a person has no
    value of, by variable and language.
    """

    key: str
    title: Words
    when: When
    variants: tuple[Variant, ...]
    consent: ConsentClass = ConsentClass.CARE
    segment: str | None = None
    priority: int = 5
    solemn: bool = False
    personal: bool = False
    paid: bool = False
    buttons: tuple[CampaignButton, ...] = ()
    gift: Gift | None = None
    task: TaskPlan | None = None
    invitation: Invitation | None = None
    learning: Learning = field(default_factory=Learning)
    fallbacks: Mapping[str, Words] = field(default_factory=dict)
    seed: str = ""

    @property
    def topic(self) -> str:
        """What people opt out of, and are greeted for once: the holiday, the birthday; else the campaign itself."""
        kind = self.when.kind
        if kind is OccasionKind.HOLIDAY:
            return str(self.when.holiday)
        return kind.value if kind in (OccasionKind.BIRTHDAY, OccasionKind.ANNIVERSARY) else self.key
