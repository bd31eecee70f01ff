"""The business's rules for points, tiers and rewards, and for how often people are written to unasked."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum


class Rounding(StrEnum):
    """What becomes of a part of a point."""

    DOWN = "down"
    NEAREST = "nearest"
    UP = "up"


class Clawback(StrEnum):
    """What becomes of points taken back that were spent already: forgiven, or owed."""

    ZERO = "zero"
    NEGATIVE = "negative"


class Occasion(StrEnum):
    """Why points are given without a purchase."""

    FIRST_PURCHASE = "first_purchase"
    BIRTHDAY = "birthday"
    SURVEY = "survey"
    FEEDBACK = "feedback"
    REFERRER = "referrer"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Bonus:
    """A window of local days (both included) in which purchases earn ``percent`` of the usual points, or ``extra``.

    ``tiers`` names those it is for; empty means everyone. ``weekdays`` are ISO numbers, empty means every day.
    """

    name: str
    first_on: date
    last_on: date
    percent: int = 100
    extra: int = 0
    tiers: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EarningRules:
    """How points are earned. ``points_per_unit`` are thousandths of a point for one whole unit of the currency."""

    milli_points_per_unit: int = 1000
    rounding: Rounding = Rounding.DOWN
    bonuses: tuple[Bonus, ...] = ()
    occasions: dict[Occasion, int] = field(default_factory=dict)
    day_cap: int | None = None
    pending_for: timedelta = timedelta()
    expire_after: timedelta | None = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier: reached by spending ``threshold_minor`` within the window; earns ``percent`` of the usual points."""

    key: str
    threshold_minor: int
    percent: int = 100
    names: dict[str, str] = field(default_factory=dict)


DEFAULT_TIERS = (
    Tier("new", 0),
    Tier("regular", 50_000, 100),
    Tier("silver", 200_000, 120),
    Tier("gold", 500_000, 150),
    Tier("diamond", 1_500_000, 200),
)
"""Thresholds in minor units of the tier currency, lowest first."""


@dataclass(frozen=True, slots=True)
class TierRules:
    """Tiers by spend in a rolling ``window``; a tier once reached is kept ``keep_for`` before it is reviewed."""

    tiers: tuple[Tier, ...] = DEFAULT_TIERS
    window: timedelta = timedelta(days=365)
    keep_for: timedelta = timedelta(days=90)
    notice_before: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RewardSeed:
    """A reward as the settings name it; put into the database once, which owns it afterwards.

    ``names`` and ``terms`` are by language. ``picture`` is a path.
    """

    key: str
    price_points: int
    names: dict[str, str]
    terms: dict[str, str] = field(default_factory=dict)
    stock: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    voucher_days: int = 90
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """What points members are told: before points expire, and a statement on a day of the month."""

    expiring_before: tuple[timedelta, ...] = (timedelta(days=30), timedelta(days=7))
    statement_day: int | None = 1
    statement_at: time = time(10)
    bundle_for: timedelta = timedelta(minutes=2)
    stale_after: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class LoyaltyRules:
    """Everything about points. ``agent_limit`` and ``supervisor_limit`` are points one person may change alone."""

    enabled: bool = True
    currency: str = "CNY"
    earning: EarningRules = field(default_factory=EarningRules)
    tiering: TierRules = field(default_factory=TierRules)
    clawback: Clawback = Clawback.ZERO
    agent_limit: int = 100
    supervisor_limit: int = 1000
    approval_for: timedelta = timedelta(days=3)
    notices: NoticeRules = field(default_factory=NoticeRules)
    rewards: tuple[RewardSeed, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactRules:
    """How often a person is written to unasked, and what holds such messages back.

    ``budget`` messages in ``budget_for``, over campaigns, surveys and notices together; ``None`` is no limit.
    ``unbudgeted`` campaigns count but are never held back by the budget.
    """

    budget: int | None = 4
    budget_for: timedelta = timedelta(days=7)
    unbudgeted: tuple[str, ...] = ("birthday",)
    hold_on_open_case: bool = True
    hold_after_low_score: timedelta = timedelta(days=14)
    hold_after_refund: timedelta = timedelta(days=7)


class FieldKind(StrEnum):
    """What a custom field of the customer record holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field of the customer record that this business declared. ``labels`` are by language."""

    key: str
    kind: FieldKind
    labels: dict[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRules:
    """The customer record: the region (ISO 3166) of numbers written without a country code, and own fields."""

    phone_region: str = "CN"
    fields: tuple[CustomField, ...] = ()
    link_code_for: timedelta = timedelta(days=7)
