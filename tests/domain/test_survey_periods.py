"""Periods of scheduled surveys: named once, asked on the right local day, in every zone and whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.surveys import Every
from domain.surveys.periods import (
    Period,
    asked_at,
    begins_at,
    first_at,
    last_asked_at,
    last_of,
    name_of,
    newest_period,
    period_at,
    start_of,
)

DAY = timedelta(days=1)
ZONES = [
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Europe/Berlin",
    "UTC",
    "America/Sao_Paulo",
    "America/New_York",
    "Pacific/Pago_Pago",
    "Etc/GMT+12",
]
CHANGES = [
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 4, 24),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 10, 29),
    date(2026, 11, 1),
]
"""Days on which the clocks of some of these zones are changed."""


def _edges() -> list[date]:
    """Return the days about the ends of months, quarters and years, of ISO weeks 52, 53 and 1, and of clock changes."""
    days = set(CHANGES)
    for year in (2020, 2021, 2024, 2026, 2027, 2028):
        days |= {date(year, month, 1) for month in range(1, 13)}
        days |= {date(year, 2, 28), date(year, 12, 28), date(year, 12, 31)}
    return sorted(day + nth * DAY for day in days for nth in (-1, 0, 1))


dates = st.sampled_from(_edges()) | st.dates(date(2000, 1, 1), date(2090, 12, 31))
clocks = st.sampled_from([time(0), time(1, 30), time(2), time(2, 30), time(10), time(23, 59)]) | st.times().map(
    lambda at: at.replace(microsecond=0)
)
instants = st.builds(
    lambda day, at, hours: datetime.combine(day, at, UTC) + timedelta(hours=hours), dates, clocks, st.integers(-15, 15)
)
everies = st.sampled_from(Every)
days_of_period = st.sampled_from([1, 2, 28, 29, 30, 31, 90, 91, 92, 366]) | st.integers(1, 366)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@pytest.mark.parametrize(
    ("every", "day", "within", "period"),
    [
        (Every.WEEK, 1, date(2026, 11, 22), Period("2026-W47", date(2026, 11, 16))),
        (Every.WEEK, 7, date(2027, 1, 3), Period("2026-W53", date(2027, 1, 3))),
        (Every.WEEK, 5, date(2027, 1, 1), Period("2026-W53", date(2027, 1, 1))),
        (Every.WEEK, 1, date(2027, 1, 4), Period("2027-W01", date(2027, 1, 4))),
        (Every.MONTH, 31, date(2026, 2, 10), Period("2026-02", date(2026, 2, 28))),
        (Every.MONTH, 31, date(2028, 2, 10), Period("2028-02", date(2028, 2, 29))),
        (Every.MONTH, 31, date(2026, 11, 1), Period("2026-11", date(2026, 11, 30))),
        (Every.QUARTER, 1, date(2026, 11, 22), Period("2026-Q4", date(2026, 10, 1))),
        (Every.QUARTER, 92, date(2026, 1, 1), Period("2026-Q1", date(2026, 3, 31))),
        (Every.YEAR, 366, date(2026, 6, 1), Period("2026", date(2026, 12, 31))),
        (Every.YEAR, 60, date(2028, 6, 1), Period("2028", date(2028, 2, 29))),
    ],
)
def test_periods_have_the_names_and_days_of_the_calendar(every: Every, day: int, within: date, period: Period) -> None:
    """Weeks are those of ISO 8601, with a 53rd where the year has one; a day that is missing is the last."""
    assert period_at(every, day, within) == period


@given(everies, dates)
def test_a_period_holds_its_days_and_no_other(every: Every, day: date) -> None:
    """Every day lies between the first and the last day of its period, and the next period follows at once."""
    start = start_of(every, day)
    last = last_of(every, start)
    assert start <= day <= last
    assert start_of(every, last) == start
    assert start_of(every, last + DAY) == last + DAY
    assert name_of(every, last + DAY) != name_of(every, start)


@given(everies, days_of_period, instants)
@example(Every.WEEK, 7, datetime(2027, 1, 3, 9, 59, tzinfo=UTC))
@example(Every.MONTH, 31, datetime(2026, 2, 27, 10, tzinfo=UTC))
def test_the_newest_period_has_begun_somewhere_and_the_next_has_not(every: Every, day: int, now: datetime) -> None:
    """Its day is here in the furthest east; that of the period after it is nowhere yet."""
    period = newest_period(every, day, now)
    assert begins_at(period.on) <= now
    following = period_at(every, day, last_of(every, start_of(every, period.on)) + DAY)
    assert following.name != period.name
    assert now < begins_at(following.on)


@given(everies, days_of_period, instants, st.integers(0, 40 * 24 * 60))
def test_time_never_goes_back_to_an_older_period(every: Every, day: int, now: datetime, minutes: int) -> None:
    """Whenever it is looked again, it is the same period or a later one, and none is passed over unseen by its day."""
    before, after = newest_period(every, day, now), newest_period(every, day, now + timedelta(minutes=minutes))
    assert before.on <= after.on
    assert (before.on == after.on) == (before.name == after.name)


@given(everies, days_of_period, dates, clocks, zones)
def test_everybody_is_asked_on_their_own_day_after_the_wave_was_opened(
    every: Every, day: int, within: date, at: time, zone: ZoneInfo
) -> None:
    """At the time the clocks show there, or as far after a change that skips it; never before the wave, nor after its
    last zone.
    """
    period = period_at(every, day, within)
    due_at = asked_at(period.on, at, zone)
    local = due_at.astimezone(zone)
    assert local.date() == period.on
    assert local.time() == at or local.utcoffset() != (due_at - timedelta(hours=3)).astimezone(zone).utcoffset()
    assert begins_at(period.on) <= due_at <= last_asked_at(period.on, at)


@pytest.mark.parametrize(
    ("on", "at", "zone", "utc"),
    [
        (date(2026, 3, 29), time(2, 30), "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(2, 30), "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(10), "Europe/Berlin", datetime(2026, 10, 25, 9, tzinfo=UTC)),
        (date(2026, 10, 1), time(10), "Pacific/Kiritimati", datetime(2026, 9, 30, 20, tzinfo=UTC)),
        (date(2026, 10, 1), None, "Pacific/Pago_Pago", datetime(2026, 10, 1, 21, tzinfo=UTC)),
    ],
)
def test_clock_changes_move_one_day_only(on: date, at: time | None, zone: str, utc: datetime) -> None:
    """Half past two that is skipped in spring is half past three; the one shown twice is the first; ten stays ten."""
    assert asked_at(on, at, ZoneInfo(zone)) == utc


@given(instants, st.none() | clocks, zones)
def test_the_first_time_of_day_comes_within_a_day(ready_at: datetime, at: time | None, zone: ZoneInfo) -> None:
    """At or after the moment, no more than a day and a clock change later, and never a day too late."""
    found = first_at(ready_at, at, zone)
    assert found >= ready_at
    if at is None:
        assert found == ready_at
        return
    assert found - ready_at < timedelta(hours=25, minutes=1)
    on = found.astimezone(zone).date()
    assert found == asked_at(on, at, zone)
    assert asked_at(on - DAY, at, zone) < ready_at
