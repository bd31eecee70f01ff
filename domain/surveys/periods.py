"""The periods of a scheduled survey: which is the newest whose day has come, and when each person is asked."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.instants import local_instant
from domain.surveys.definition import Every

USUAL_AT = time(10)
"""When a scheduled survey is asked that names no time."""
_AHEAD, _BEHIND = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of the world are ahead of UTC, and behind it."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """One period: how it is named (``2026-W47``, ``2026-11``, ``2026-Q4``, ``2026``), and the local day of asking."""

    name: str
    on: date


def start_of(every: Every, day: date) -> date:
    """Return the first day of the period in which a day lies; a week begins on its Monday (ISO 8601)."""
    if every is Every.WEEK:
        return day - timedelta(days=day.weekday())
    if every is Every.MONTH:
        return day.replace(day=1)
    if every is Every.QUARTER:
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1)


def last_of(every: Every, start: date) -> date:
    """Return the last day of the period that begins with ``start``."""
    longest = {Every.WEEK: 7, Every.MONTH: 31, Every.QUARTER: 92, Every.YEAR: 366}[every]
    beyond = start + timedelta(days=longest)  # in the next period, or the first day of it
    return start_of(every, beyond) - _DAY if every is not Every.WEEK else start + timedelta(days=6)


def name_of(every: Every, start: date) -> str:
    """Return the name of the period that begins with ``start``."""
    if every is Every.WEEK:
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if every is Every.MONTH:
        return f"{start.year}-{start.month:02d}"
    if every is Every.QUARTER:
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return str(start.year)


def period_at(every: Every, day: int, within: date) -> Period:
    """Return the period in which a date lies; a ``day`` (from 1) that it does not have is its last one."""
    start = start_of(every, within)
    on = min(start + timedelta(days=max(day, 1) - 1), last_of(every, start))
    return Period(name_of(every, start), on)


def newest_period(every: Every, day: int, now: datetime) -> Period:
    """Return the newest period whose day of asking has begun somewhere in the world."""
    furthest = (now + _AHEAD).date()
    period = period_at(every, day, furthest)
    return period if period.on <= furthest else period_at(every, day, start_of(every, furthest) - _DAY)


def begins_at(on: date) -> datetime:
    """Return the instant at which a local day begins anywhere in the world."""
    return datetime.combine(on, time(), UTC) - _AHEAD


def last_asked_at(on: date, at: time) -> datetime:
    """Return the instant by which the clocks everywhere in the world have shown ``at`` on a local day."""
    return datetime.combine(on, at, UTC) + _BEHIND


def asked_at(on: date, at: time | None, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the clocks of a zone show ``at`` (10:00) on a local day.

    A time the clocks skip moves on with them, of one they show twice it is the first.
    """
    return local_instant(datetime.combine(on, at or USUAL_AT), zone)


def first_at(ready_at: datetime, at: time | None, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant at or after ``ready_at`` at which a zone's clocks show ``at``; itself without one.

    Each local day has one such instant, see :func:`asked_at`.
    """
    if at is None:
        return ready_at.astimezone(UTC)
    today = ready_at.astimezone(zone).date()
    days = [today + timedelta(days=nth) for nth in (-1, 0, 1, 2)]
    return min(instant for day in days if (instant := asked_at(day, at, zone)) >= ready_at)
