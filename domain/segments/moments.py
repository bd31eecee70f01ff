"""The instants and days that an expression's spans and dates mean now, in the business's zone."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.calendars import LeapDayPolicy, births_kept_on, is_kept_on
from domain.instants import local_instant
from domain.lunar import lunar_day_of
from domain.people import Birthday
from domain.segments.tree import Op, Span, Unit


@dataclass(frozen=True, slots=True)
class Today:
    """The moment for which a segment is asked."""

    now: datetime
    zone: ZoneInfo
    leap_day: LeapDayPolicy = LeapDayPolicy.FEB_28

    @property
    def date(self) -> date:
        """The local date."""
        return self.now.astimezone(self.zone).date()


def lunar_today(today: Today) -> tuple[int, int, int]:
    """Return today's lunar year, month and day; beyond the years whose lunar calendar is known, the solar ones."""
    try:
        lunar = lunar_day_of(today.date)
    except ValueError:
        return today.date.year, today.date.month, today.date.day
    return lunar.year, lunar.month, lunar.day


def day_before(day: date, span: Span) -> date:
    """Return the day a span before ``day``: by the calendar, so that a month before 31 March is the end of February.

    Nothing is before the year 1.
    """
    if span.unit in (Unit.DAYS, Unit.WEEKS):
        days = span.count * (7 if span.unit is Unit.WEEKS else 1)
        return day - timedelta(days=days) if days < day.toordinal() else date.min
    months = day.year * 12 + day.month - 1 - span.count * (12 if span.unit is Unit.YEARS else 1)
    year, month = divmod(months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def instant_before(today: Today, span: Span) -> datetime:
    """Return the instant a span before now, at the same local time of day."""
    local = today.now.astimezone(today.zone)
    day = max(day_before(local.date(), span), _FIRST)
    return local_instant(datetime.combine(day, local.time()), today.zone)


_FIRST, _LAST = date(2, 1, 1), date(9998, 1, 1)
"""Between these the days of every zone are instants of the calendar."""


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day, and the first one of the next."""
    near = min(max(day, _FIRST), _LAST)
    start, after = (datetime.combine(on, time()) for on in (near, near + timedelta(days=1)))
    return local_instant(start, zone), local_instant(after, zone)


AGO = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
"""How an instant is compared with the one a span ago: longer ago is earlier."""


def births_within(today: Today, span: Span) -> frozenset[Birthday]:
    """Return the birthdays, solar and lunar, that are kept from today until a span later, both days included."""
    last = min(_day_after(today.date, span), today.date + timedelta(days=_LONGEST_YEAR))
    return _births_between(today.date, last, today.leap_day)


def births_in_months(today: Today, months: Iterable[int]) -> frozenset[Birthday]:
    """Return the birthdays, solar and lunar, that are kept in these months of this year's (solar) calendar."""
    year = today.date.year
    ends = {month: calendar.monthrange(year, month)[1] for month in months}
    kept = (
        _births_between(date(year, month, 1), date(year, month, end), today.leap_day) for month, end in ends.items()
    )
    return frozenset(birth for births in kept for birth in births)


@lru_cache(maxsize=64)
def _births_between(first: date, last: date, policy: LeapDayPolicy) -> frozenset[Birthday]:
    days = [first + timedelta(days=nth) for nth in range((last - first).days + 1)]
    return frozenset(
        birth
        for day in days
        for lunar, month, number in births_kept_on([day], policy)
        for leap in ((False, True) if lunar else (False,))
        if is_kept_on(birth := Birthday(month, number, None, lunar, leap), day, policy)
    )


_LONGEST_YEAR = 385
"""Days: a lunar year with a leap month has so many."""


def _day_after(day: date, span: Span) -> date:
    if span.unit in (Unit.DAYS, Unit.WEEKS):
        return day + timedelta(days=min(_LONGEST_YEAR, span.count * (7 if span.unit is Unit.WEEKS else 1)))
    months = day.year * 12 + day.month - 1 + min(span.count * (12 if span.unit is Unit.YEARS else 1), 13)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
