"""Rewards of the catalogue and the vouchers they become; pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.instants import local_instant
from domain.languages import DEFAULT_LANGUAGE
from domain.people import Actor

_GROUP = 4
_INSTANT = timedelta(milliseconds=1)


class VoucherState(StrEnum):
    """Where a voucher stands."""

    ISSUED = "issued"
    USED = "used"
    RETURNED = "returned"
    EXPIRED = "expired"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Reward:
    """Something points can be given for. ``stock`` is what is left, ``None`` without an end.

    It can be had from ``valid_from_at`` until just before ``valid_until_at``; ``None`` is no border. ``names`` and
    ``terms`` are by language.
    """

    id: int
    key: str
    price_points: int
    stock: int | None
    valid_from_at: datetime | None
    valid_until_at: datetime | None
    voucher_days: int
    names: dict[str, str] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    picture_id: int | None = None
    active: bool = True

    def name(self, language: str) -> str:
        """Return what it is called in ``language``, or in the nearest one that has a name."""
        return worded(self.names, language) or self.key

    def terms_in(self, language: str) -> str:
        """Return what is to be known about it, empty when nothing is."""
        return worded(self.terms, language)

    def is_open(self, now: datetime) -> bool:
        """Return whether it is on offer at ``now``, whatever its stock."""
        begun = self.valid_from_at is None or self.valid_from_at <= now
        return self.active and begun and (self.valid_until_at is None or now < self.valid_until_at)

    @property
    def sold_out(self) -> bool:
        """Whether nothing of it is left."""
        return self.stock is not None and self.stock <= 0


@dataclass(frozen=True, slots=True)
class Voucher:
    """A reward that was paid for with points: used once, by its ``code``, before ``expires_at``."""

    id: int
    code: str
    reward_id: int
    customer_id: int
    entry_id: int
    points: int
    state: VoucherState
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    used_by: Actor | None = None
    branch_id: int | None = None

    def standing(self, now: datetime) -> VoucherState:
        """Return where it stands at ``now``: one that is over has expired, whether or not that was noted yet."""
        if self.state is VoucherState.ISSUED and self.expires_at <= now:
            return VoucherState.EXPIRED
        return self.state

    @property
    def shown_code(self) -> str:
        """The code as people read it, in groups of four."""
        return in_groups(self.code)


def in_groups(code: str) -> str:
    """Return a code in groups of four signs, which are easy to read aloud and to type."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def worded(texts: dict[str, str], language: str) -> str:
    """Return the words in ``language``, else in one of the same tongue, else in English, else in any."""
    tongue = language.partition("_")[0]
    near = [code for code in texts if code.partition("_")[0] == tongue]
    order = (language, *near, DEFAULT_LANGUAGE, *texts)
    return next((texts[code] for code in order if texts.get(code)), "")


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the local ``day`` begins."""
    return local_instant(datetime.combine(day, time()), zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the local ``day`` is over: the first that belongs to the next."""
    return start_of(day + timedelta(days=1), zone)


def voucher_expires_at(issued_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the end of the last local day on which a voucher is good: ``days`` after the day it was issued."""
    return end_of(issued_at.astimezone(zone).date() + timedelta(days=days), zone)


def last_day(expires_at: datetime, zone: ZoneInfo) -> date:
    """Return the last local day of something that is over at ``expires_at``."""
    return (expires_at - _INSTANT).astimezone(zone).date()
