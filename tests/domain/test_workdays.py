"""Working time: intervals, holidays, swapped days and clock changes, and that spans of it add up."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.desk import Hours, Interval
from domain.workdays import WorkCalendar

LONDON, NEW_YORK, SHANGHAI = (ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Shanghai"))
H, DAY = timedelta(hours=1), timedelta(days=1)
SPLIT: tuple[Interval, ...] = ((time(9), time(12)), (time(13, 30), time(18)))
OFF: tuple[Interval, ...] = ()
OFFICE = (SPLIT,) * 5 + (OFF, OFF)
LATE: tuple[Interval, ...] = ((time(0), time(2, 30)), (time(22), time(0)))
NIGHTS = (LATE,) * 7
SHOP = (((time(10), time(20)),),) * 7
CHRISTMAS_EVE: dict[date, tuple[Interval, ...]] = {date(2026, 12, 24): ((time(9), time(13)),)}


def at(zone: ZoneInfo, *when: int, fold: int = 0) -> datetime:
    """Return the instant at which the clocks of ``zone`` show this."""
    return datetime(*when, tzinfo=zone, fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]  # year, month, day …


CALENDARS = [
    WorkCalendar(Hours(week=OFFICE, region="GB-ENG", exceptions=CHRISTMAS_EVE), LONDON),
    WorkCalendar(Hours(week=NIGHTS), LONDON),
    WorkCalendar(Hours(week=OFFICE, region="US"), NEW_YORK),
    WorkCalendar(Hours(week=NIGHTS), NEW_YORK),
    WorkCalendar(Hours(week=OFFICE, region="CN"), SHANGHAI),
    WorkCalendar(Hours(week=SHOP, region="CN"), SHANGHAI),
    WorkCalendar(Hours(), LONDON),
]
EDGES = [
    at(LONDON, 2026, 3, 29, 0, 30),
    at(LONDON, 2026, 10, 25, 0, 30),
    at(LONDON, 2026, 10, 25, 1, 30),
    at(LONDON, 2026, 10, 25, 1, 30, fold=1),
    at(LONDON, 2026, 4, 2, 17, 59),
    at(LONDON, 2026, 12, 24, 12, 59),
    at(NEW_YORK, 2026, 3, 8, 1, 59),
    at(NEW_YORK, 2026, 11, 1, 1, 0),
    at(NEW_YORK, 2026, 11, 1, 1, 0, fold=1),
    at(NEW_YORK, 2026, 11, 25, 18, 0),
    at(SHANGHAI, 2026, 2, 13, 18, 0),
    at(SHANGHAI, 2026, 9, 30, 9, 0),
    at(SHANGHAI, 2026, 10, 10, 12, 0),
]
NEAR = st.builds(
    lambda edge, ms: edge + timedelta(milliseconds=ms),
    st.sampled_from(EDGES),
    st.sampled_from([-1, 0, 1]) | st.integers(-3 * 86_400_000, 3 * 86_400_000),
)
SPANS = st.sampled_from([timedelta(milliseconds=1), H, 3 * H, timedelta(hours=7, minutes=30), 30 * H]) | st.builds(
    lambda ms: timedelta(milliseconds=ms), st.integers(1, 200 * 3_600_000)
)
ANY = st.sampled_from(CALENDARS)
UNHURRIED = settings(deadline=None)
"""The first look at a region's holidays takes its time."""


@UNHURRIED
@given(ANY, NEAR, SPANS)
def test_what_is_added_lies_between(calendar: WorkCalendar, start: datetime, span: timedelta) -> None:
    """Adding working time and reckoning it are exact inverses."""
    assert calendar.between(start, calendar.add(start, span)) == span


@UNHURRIED
@given(ANY, NEAR, SPANS)
def test_it_is_the_first_such_instant(calendar: WorkCalendar, start: datetime, span: timedelta) -> None:
    """A moment earlier the span has not passed yet."""
    due = calendar.add(start, span)
    assert calendar.between(start, due - timedelta(milliseconds=1)) == span - timedelta(milliseconds=1)


@UNHURRIED
@given(ANY, NEAR, NEAR, NEAR)
def test_working_time_adds_up(calendar: WorkCalendar, a: datetime, b: datetime, c: datetime) -> None:
    """The way over any third instant is as long, there and back."""
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)
    assert calendar.between(a, b) == -calendar.between(b, a)


@UNHURRIED
@given(ANY, NEAR, SPANS, SPANS)
def test_later_never_comes_sooner(calendar: WorkCalendar, start: datetime, one: timedelta, two: timedelta) -> None:
    """What starts later or takes longer is never due before."""
    assert calendar.add(start, one) <= calendar.add(start, one + two)
    assert calendar.add(start, one) <= calendar.add(start + two, one)
    assert calendar.add(calendar.add(start, one), two) == calendar.add(start, one + two)


@UNHURRIED
@given(ANY, NEAR)
def test_nothing_is_worked_until_the_next_opening(calendar: WorkCalendar, start: datetime) -> None:
    """Until then no time passes; from then on it does."""
    opening = calendar.next_opening(start)
    assert opening is not None
    assert (opening == start) == calendar.is_working(start)
    assert calendar.between(start, opening) == timedelta()
    assert calendar.is_working(opening)
    closing = calendar.next_closing(opening)
    assert closing is None or (calendar.between(opening, closing) == closing - opening and closing > opening)


def test_an_hour_that_is_shown_twice_is_worked_twice() -> None:
    """London puts its clocks back at two: the night shift until half past two lasts an hour longer."""
    calendar = WorkCalendar(Hours(week=NIGHTS), LONDON)
    assert calendar.between(at(LONDON, 2026, 10, 25), at(LONDON, 2026, 10, 25, 12)) == timedelta(hours=3, minutes=30)
    assert calendar.between(at(LONDON, 2026, 3, 29), at(LONDON, 2026, 3, 29, 12)) == timedelta(hours=1, minutes=30)
    assert calendar.between(at(LONDON, 2026, 10, 18), at(LONDON, 2026, 10, 18, 12)) == timedelta(hours=2, minutes=30)


def test_hours_inside_the_repeated_one_come_twice() -> None:
    """From one to half past one is worked before and after New York turns its clocks back."""
    calendar = WorkCalendar(Hours(week=(((time(1), time(1, 30)),),) * 7), NEW_YORK)
    first, second = at(NEW_YORK, 2026, 11, 1, 1), at(NEW_YORK, 2026, 11, 1, 1, fold=1)
    assert second - first == H
    assert calendar.is_working(first)
    assert not calendar.is_working(first + H / 2)
    assert calendar.is_working(second)
    assert calendar.add(first, timedelta(minutes=40)) == second + timedelta(minutes=10)


def test_an_interval_runs_to_midnight_and_on() -> None:
    """Ten in the evening to midnight and midnight to half past two are one night."""
    calendar = WorkCalendar(Hours(week=NIGHTS), SHANGHAI)
    start = at(SHANGHAI, 2026, 7, 1, 22)
    assert calendar.add(start, timedelta(hours=4, minutes=30)) == at(SHANGHAI, 2026, 7, 2, 2, 30)
    assert calendar.is_working(at(SHANGHAI, 2026, 7, 1, 23, 59))
    assert not calendar.is_working(at(SHANGHAI, 2026, 7, 2, 2, 30))


def test_a_weekend_and_a_holiday_lie_between() -> None:
    """Said on Maundy Thursday at five, due after Easter Monday."""
    calendar = CALENDARS[0]
    assert calendar.add(at(LONDON, 2026, 4, 2, 17), 4 * H) == at(LONDON, 2026, 4, 7, 12)


def test_a_swapped_saturday_is_worked_like_a_weekday() -> None:
    """China works on 14 February 2026 for the Spring Festival that begins the day after."""
    office, shop = CALENDARS[4], CALENDARS[5]
    assert office.intervals(date(2026, 2, 14)) == SPLIT
    assert shop.intervals(date(2026, 2, 14)) == SHOP[0]
    assert office.add(at(SHANGHAI, 2026, 2, 14, 17), 2 * H) == at(SHANGHAI, 2026, 2, 24, 10)


@pytest.mark.parametrize("day", [date(2026, 2, 15), date(2026, 2, 22), date(2026, 10, 4), date(2026, 5, 3)])
def test_weekends_inside_a_chinese_holiday_are_part_of_it(day: date) -> None:
    """A shop that is open on Sundays is closed on those of the Golden Week; the lists name weekdays only."""
    assert CALENDARS[5].intervals(day) == OFF
    assert CALENDARS[5].intervals(day + 30 * DAY) == SHOP[0]


def test_a_holiday_in_new_york_does_not_take_its_weekend_along() -> None:
    """Memorial Day is a Monday; the Sunday before it is a Sunday."""
    shop = WorkCalendar(Hours(week=SHOP, region="US"), NEW_YORK)
    assert shop.intervals(date(2026, 5, 25)) == OFF
    assert shop.intervals(date(2026, 5, 24)) == SHOP[0]


def test_a_part_of_a_country_keeps_its_own_days() -> None:
    """St Andrew's Day is Scotland's."""
    day = date(2026, 11, 30)
    assert WorkCalendar(Hours(week=OFFICE, region="GB-SCT"), LONDON).intervals(day) == OFF
    assert WorkCalendar(Hours(week=OFFICE, region="GB-ENG"), LONDON).intervals(day) == SPLIT


def test_an_exception_stands_above_a_holiday_and_the_week() -> None:
    """Open on National Day because we say so, closed on a Tuesday for stocktaking."""
    own: dict[date, tuple[Interval, ...]] = {date(2026, 10, 1): SHOP[0], date(2026, 3, 3): OFF}
    calendar = WorkCalendar(Hours(week=OFFICE, region="CN", exceptions=own), SHANGHAI)
    assert calendar.is_working(at(SHANGHAI, 2026, 10, 1, 19))
    assert not calendar.is_working(at(SHANGHAI, 2026, 3, 3, 10))


def test_without_any_hours_it_is_always_open() -> None:
    """No promise waits for ever because nobody wrote down when the shop is open."""
    empty = WorkCalendar(Hours(week=(OFF,) * 7), LONDON)
    now = at(LONDON, 2026, 1, 1)
    assert not empty.opens
    assert empty.always
    assert empty.add(now, 4 * H) == now + 4 * H
    assert empty.next_opening(now) == now


def test_hours_that_ended_long_ago_end_the_search() -> None:
    """One open day that has passed: there is no next opening, and a span still ends."""
    over = WorkCalendar(Hours(week=(OFF,) * 7, exceptions={date(2020, 1, 1): SHOP[0]}), LONDON)
    now = at(LONDON, 2026, 1, 1)
    assert over.next_opening(now) is None
    assert over.add(now, 4 * H) == now + 4 * H


@example(0)
@given(st.integers(-(10**9), 0))
def test_no_working_time_takes_no_time(ms: int) -> None:
    """Nothing to do is done at once, at night too."""
    night = at(LONDON, 2026, 6, 1, 3)
    assert CALENDARS[0].add(night, timedelta(milliseconds=ms)) == night
