"""Birthdays and quiet hours: which local day, and which instant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.instants import local_instant
from domain.people import Birthday


class LeapDayPolicy(StrEnum):
    """When a birthday on 29 February is kept in a year that has none."""

    FEB_28 = "feb_28"
    MAR_1 = "mar_1"


def birthday_on(birthday: Birthday, year: int, policy: LeapDayPolicy) -> date:
    """Return the date on which ``birthday`` is kept in ``year``."""
    try:
        return date(year, birthday.month, birthday.day)
    except ValueError:
        return date(year, 2, 28) if policy is LeapDayPolicy.FEB_28 else date(year, 3, 1)


def is_birthday(month: int, day: int) -> bool:
    """Return whether ``month``/``day`` is a day of some year."""
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local wall-clock hours without outgoing care, from ``start`` until just before ``end``; may cross midnight.

    Equal ``start`` and ``end`` mean none.
    """

    start: time
    end: time

    def cover(self, local: time) -> bool:
        """Return whether ``local`` lies in the quiet hours."""
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


def next_send_at(ready_at: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant at or after ``ready_at`` outside ``quiet`` local hours.

    Raises ``ValueError`` for a naive ``ready_at``. Source: docs/adr/0012-birthday-planning.md.
    """
    if ready_at.tzinfo is None:
        raise ValueError("next_send_at takes an aware instant")
    at = ready_at.astimezone(UTC)
    for _ in range(4):  # a clock change may lead from one quiet hour into another
        local = at.astimezone(zone)
        if not quiet.cover(local.time()):
            return at
        day = local.date() + timedelta(days=1 if local.time() >= quiet.end else 0)
        at = max(local_instant(datetime.combine(day, quiet.end), zone), at + timedelta(milliseconds=1))
    return at


def due_at(on: date, at: time, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Return the UTC instant for local ``at`` on ``on`` in ``zone``, moved out of the quiet hours."""
    return next_send_at(local_instant(datetime.combine(on, at), zone), quiet, zone)
