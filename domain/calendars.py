"""Birthdays and quiet hours: which local day, and which instant."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.instants import clock_change, local_instant
from domain.lunar import is_lunar_day, lunar_birthday_on, lunar_births_kept_on, lunar_day_of
from domain.people import Birthday


class LeapDayPolicy(StrEnum):
    """When a birthday on 29 February is kept in a year that has none."""

    FEB_28 = "feb_28"
    MAR_1 = "mar_1"


def birthday_on(birthday: Birthday, year: int, policy: LeapDayPolicy) -> date:
    """Return the date on which ``birthday`` is kept in ``year``: the lunar year of a lunar one.

    Raises ``ValueError`` for a lunar year that is not known.
    """
    if birthday.lunar:
        return lunar_birthday_on(birthday.month, birthday.day, year, leap=birthday.leap)
    try:
        return date(year, birthday.month, birthday.day)
    except ValueError:
        return date(year, 2, 28) if policy is LeapDayPolicy.FEB_28 else date(year, 3, 1)


def birthday_year(birthday: Birthday, on: date) -> int:
    """Return the year in which ``on`` lies by the calendar of ``birthday``: each is kept once in such a year.

    The 1st of the 12th lunar month falls twice in the solar year 2027, and some lunar days fall in none of another.
    """
    return lunar_day_of(on).year if birthday.lunar else on.year


def is_kept_on(birthday: Birthday, on: date, policy: LeapDayPolicy) -> bool:
    """Return whether ``on`` is the date on which ``birthday`` is kept in its year; a date not known is none."""
    try:
        return birthday_on(birthday, birthday_year(birthday, on), policy) == on
    except ValueError:
        return False


def next_birthday(birthday: Birthday, today: date, policy: LeapDayPolicy) -> date:
    """Return the first date from ``today`` on at which ``birthday`` is kept.

    Raises ``ValueError`` where the lunar calendar is not known.
    """
    year = birthday_year(birthday, today)
    this = birthday_on(birthday, year, policy)
    return this if this >= today else birthday_on(birthday, year + 1, policy)


def births_kept_on(days: Iterable[date], policy: LeapDayPolicy) -> list[tuple[bool, int, int]]:
    """Return the births, as ``(lunar, month, day)``, some of which are kept on one of ``days``."""
    leap = Birthday(2, 29)
    births: set[tuple[bool, int, int]] = set()
    for day in days:
        births.add((False, day.month, day.day))
        if is_kept_on(leap, day, policy):
            births.add((False, leap.month, leap.day))
        with suppress(ValueError):  # beyond the years whose lunar calendar is known
            births.update((True, *birth) for birth in lunar_births_kept_on(day))
    return sorted(births)


def is_birthday(month: int, day: int, *, lunar: bool = False) -> bool:
    """Return whether ``month``/``day`` is a day of some year of that calendar."""
    if lunar:
        return is_lunar_day(month, day)
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
    while quiet.cover(at.astimezone(zone).time()):
        at = _next_turn(at, quiet.end, zone)
    return at


def _next_turn(at: datetime, end: time, zone: ZoneInfo) -> datetime:
    """Return the first instant after ``at`` at which quiet hours may end: the clocks show ``end``, or are changed."""
    today = at.astimezone(zone).date()
    walls = [datetime.combine(today + timedelta(days=nth), end, zone) for nth in (0, 1, 2)]
    turns = [wall.replace(fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)]
    if (change := clock_change(at, at + timedelta(hours=26), zone)) is not None:
        turns.append(change)
    return min(turn for turn in turns if turn > at)


def quiet_spans(since: datetime, until: datetime, quiet: QuietHours, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the spans of ``quiet`` hours that touch ``since`` to ``until``, the first cut off at ``since``; in order.

    Each ends, not included, where :func:`next_send_at` leads from anywhere in it.
    """
    spans = []
    at = since.astimezone(UTC)
    while at <= until:
        end = next_send_at(at, quiet, zone)
        if end > at:
            spans.append((at, end))
        at = end if end > at else _next_turn(at, quiet.start, zone)
    return spans


def due_at(on: date, at: time, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Return the UTC instant for local ``at`` on ``on`` in ``zone``, moved out of the quiet hours."""
    return next_send_at(local_instant(datetime.combine(on, at), zone), quiet, zone)
