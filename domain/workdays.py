"""Working time: the hours of the week, public holidays, exceptions, and how long a span of work really takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

from domain.desk import Hours, Interval
from domain.instants import clock_change

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)
_ALL_DAY: tuple[Interval, ...] = ((_MIDNIGHT, _MIDNIGHT),)
_YEAR = timedelta(days=366)
_FURTHEST = timedelta(days=1098)
_IN_BLOCKS = frozenset({"CN"})
"""Whose public holidays are blocks of days, with the weekends in and beside them: a shop open then is closed too."""


class _Year(NamedTuple):
    """The public holidays of a region in one year, and the days of rest on which people work in exchange."""

    off: frozenset[date]
    swapped: frozenset[date]


@cache
def _public_days(region: str, year: int) -> _Year:
    country, _, part = region.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=(year - 1, year, year + 1))
    swapped = frozenset(found.weekend_workdays)
    off = set(found)
    if country in _IN_BLOCKS:
        for step in (_DAY, -_DAY):
            for day in sorted(off, reverse=step < timedelta()):
                while (day := day + step).weekday() in found.weekend and day not in swapped and day not in off:
                    off.add(day)
    return _Year(
        frozenset(day for day in off if day.year == year),
        frozenset(day for day in swapped if day.year == year),
    )


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When people work: ``hours`` are wall-clock times in ``zone``.

    An instant is working time when the clocks on the wall show a time inside an interval of their day: an hour that
    they show twice (autumn) is worked twice, one that they skip (spring) is not. Without any working time at all the
    calendar counts as always open, so that nothing waits for ever. Source: docs/adr/0043-working-calendar.md.
    """

    hours: Hours
    zone: ZoneInfo

    @property
    def always(self) -> bool:
        """Whether every instant is working time."""
        hours = self.hours
        plain = not hours.region and all(day == _ALL_DAY for day in hours.exceptions.values())
        return (plain and all(day == _ALL_DAY for day in hours.week)) or not self.opens

    @property
    def opens(self) -> bool:
        """Whether there is any working time."""
        return any(self.hours.week) or any(self.hours.exceptions.values())

    def intervals(self, on: date) -> tuple[Interval, ...]:
        """Return the hours of one day: an exception's, a public holiday's (none), a swapped day's, the week's."""
        if (special := self.hours.exceptions.get(on)) is not None:
            return special
        usual = self.hours.week[on.weekday()]
        if not self.hours.region:
            return usual
        year = _public_days(self.hours.region, on.year)
        if on in year.off:
            return ()
        if on in year.swapped and not usual:
            return next((day for day in self.hours.week if day), ())
        return usual

    def is_working(self, at: datetime) -> bool:
        """Return whether people work at ``at``."""
        if self.always:
            return True
        local = at.astimezone(self.zone)
        wall = local.time()
        return any(start <= wall and (end == _MIDNIGHT or wall < end) for start, end in self.intervals(local.date()))

    def next_opening(self, at: datetime) -> datetime | None:
        """Return the first working instant from ``at`` on, ``at`` itself when people work; ``None`` within a year."""
        if self.is_working(at):
            return at
        return next((start for start, _ in self._spells(at, at + _YEAR)), None)

    def next_closing(self, at: datetime) -> datetime | None:
        """Return when the working time in which ``at`` lies ends; ``None`` when it does not, or within no year."""
        if self.always or not self.is_working(at):
            return None
        closing = at
        for start, end in self._spells(at, at + _YEAR):
            if start > closing:
                return closing
            closing = end
        return closing if closing < at + _YEAR else None

    def add(self, at: datetime, span: timedelta) -> datetime:
        """Return the instant by which ``span`` of working time has passed since ``at``.

        It is the first such instant: what is done within the last minute of a day ends with that day. When nobody
        works for a year, or the work fills more than three years, what is left passes as on a clock.
        """
        if self.always or span <= timedelta():
            return at + max(span, timedelta())
        left, reached = span, at
        for start, end in self._spells(at, at + _FURTHEST):
            if start - reached >= _YEAR:
                break
            if end - start >= left:
                return start + left
            left -= end - start
            reached = end
        return reached + left

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from ``start`` to ``end``, less than nothing when ``end`` is the earlier."""
        if end < start:
            return -self.between(end, start)
        if self.always:
            return end - start
        return sum((until - since for since, until in self._spells(start, end)), timedelta())

    def _spells(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working time within [``start``, ``end``) as spells of UTC, in their order; none is empty."""
        at, end = start.astimezone(UTC), end.astimezone(UTC)
        while at < end:
            until = min(at + _DAY, end)
            change = clock_change(at, until, self.zone)
            if change is not None and at < change < until:
                until = change
            yield from self._spells_of_one_offset(at, until)
            at = until

    def _spells_of_one_offset(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        offset = start.astimezone(self.zone).utcoffset() or timedelta()
        first, last = (start + offset).date(), (end + offset).date()
        for day in (first + nth * _DAY for nth in range((last - first).days + 1)):
            midnight = datetime.combine(day, _MIDNIGHT, UTC) - offset
            for opens, closes in self.intervals(day):
                since = max(start, midnight + _since_midnight(opens))
                until = min(end, midnight + (_since_midnight(closes) or _DAY))
                if since < until:
                    yield since, until


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
