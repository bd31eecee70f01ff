"""Birthdays and quiet hours, searched where calendars break: clock changes, midnight, 29 February, far zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.calendars import LeapDayPolicy, QuietHours, birthday_on, due_at, is_birthday, next_send_at
from domain.instants import local_instant
from domain.people import Birthday

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Taipei", "Asia/Shanghai", "Asia/Kathmandu",
        "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo", "America/Havana", "Asia/Beirut",
        "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Apia", "Atlantic/Azores",
    )
]  # fmt: skip
"""Zones whose clocks change at 2, at midnight, by half an hour, by a whole day, or never; from −12 to +14 hours."""

_QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]
quiet_hours = st.builds(QuietHours, st.sampled_from(_QUARTERS), st.sampled_from(_QUARTERS))


def _changes(zone: ZoneInfo) -> list[datetime]:
    """Return the instants of 2026 and 2027 around which the clocks of ``zone`` change, to the hour."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(2 * 365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


CHANGES = [(zone, at) for zone in ZONES for at in _changes(zone)]
near_changes = st.tuples(st.sampled_from(CHANGES), st.integers(-30 * 60, 30 * 60)).map(
    lambda found: (found[0][0], found[0][1] + timedelta(minutes=found[1]))
)


@st.composite
def hard_nights(draw: st.DrawFn) -> tuple[tuple[ZoneInfo, datetime], QuietHours]:
    """Draw a moment around a clock change, with quiet hours that begin and end around it on the wall, too."""
    zone, change = draw(st.sampled_from(CHANGES))
    minutes = [draw(st.integers(-8, 8)) * 15 for _ in range(3)]
    ready, start, end = (change + timedelta(minutes=minute) for minute in minutes)
    whole_day = draw(st.booleans())
    begins = draw(st.sampled_from(_QUARTERS)) if whole_day else start.astimezone(zone).time()
    ready += timedelta(minutes=draw(st.integers(-14, 14)))
    return (zone, ready), QuietHours(begins, end.astimezone(zone).time())


anywhere = st.tuples(
    st.sampled_from(ZONES),
    st.integers(0, 8 * 365 * 24 * 60).map(
        lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)
moments = st.one_of(near_changes, anywhere)
nights = st.one_of(hard_nights(), st.tuples(moments, quiet_hours))


@settings(max_examples=400)
@given(nights)
def test_a_send_instant_is_never_quiet_nor_early(night: tuple[tuple[ZoneInfo, datetime], QuietHours]) -> None:
    """Whatever the clocks do, nothing goes out in quiet hours or before it was ready."""
    (zone, ready), quiet = night
    at = next_send_at(ready, quiet, zone)
    assert at >= ready
    assert not quiet.cover(at.astimezone(zone).time())


@settings(max_examples=400)
@given(nights)
def test_the_send_instant_is_the_first_that_is_not_quiet(night: tuple[tuple[ZoneInfo, datetime], QuietHours]) -> None:
    """Nobody waits longer than the quiet hours last: each minute before was quiet."""
    (zone, ready), quiet = night
    ready = ready.replace(second=0, microsecond=0)
    at = next_send_at(ready, quiet, zone)
    minute = ready
    while minute < at - timedelta(minutes=1):
        assert quiet.cover(minute.astimezone(zone).time()), minute.astimezone(zone)
        minute += timedelta(minutes=1)


@given(nights)
def test_asking_again_at_the_answer_changes_nothing(night: tuple[tuple[ZoneInfo, datetime], QuietHours]) -> None:
    """The send instant is a fixed point, so that a re-check at send time does not postpone again."""
    (zone, ready), quiet = night
    at = next_send_at(ready, quiet, zone)
    assert next_send_at(at, quiet, zone) == at


@given(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.sampled_from(_QUARTERS), quiet_hours)
@example(ZoneInfo("Pacific/Kiritimati"), date(2028, 2, 29), time(9), QuietHours(time(21), time(8)))
@example(ZoneInfo("Etc/GMT+12"), date(2028, 2, 29), time(9), QuietHours(time(21), time(8)))
def test_a_wish_outside_of_quiet_hours_is_kept_to_the_minute(
    zone: ZoneInfo, on: date, at: time, quiet: QuietHours
) -> None:
    """A birthday message wanted at nine goes out when the clock on that person's wall shows nine."""
    local = due_at(on, at, quiet, zone).astimezone(zone)
    wanted = local_instant(datetime.combine(on, at), zone).astimezone(zone)
    if not quiet.cover(wanted.time()):
        assert local == wanted
    assert local.date() >= wanted.date()


@given(near_changes)
def test_a_clock_time_becomes_an_instant_that_shows_it_unless_it_is_skipped(
    moment: tuple[ZoneInfo, datetime],
) -> None:
    """A time that exists is shown; a skipped one comes no earlier than wanted; a doubled one is the first."""
    zone, near = moment
    wall = near.astimezone(zone).replace(tzinfo=None, fold=0)
    instant = local_instant(wall, zone)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    exists = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall
    if exists:
        assert shown.replace(fold=0) == wall
        assert instant <= near
    else:
        assert shown.replace(fold=0) > wall


def test_berlin_in_the_night_the_clocks_go_forward() -> None:
    """Half past two does not exist on 29 March 2026; the message goes out an hour later on the wall."""
    at = due_at(date(2026, 3, 29), time(2, 30), QuietHours(time(0), time(0)), ZoneInfo("Europe/Berlin"))
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_berlin_in_the_night_the_clocks_go_back() -> None:
    """Half past two comes twice on 25 October 2026; the first one counts."""
    at = due_at(date(2026, 10, 25), time(2, 30), QuietHours(time(0), time(0)), ZoneInfo("Europe/Berlin"))
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_berlin_in_the_second_hour_of_the_night_the_clocks_go_back() -> None:
    """Ready at the second ten past two, quiet until half past two: the second half past two, twenty minutes later."""
    quiet = QuietHours(time(22), time(2, 30))
    at = next_send_at(datetime(2026, 10, 25, 1, 10, tzinfo=UTC), quiet, ZoneInfo("Europe/Berlin"))
    assert at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_cairo_skips_the_end_of_the_quiet_hours() -> None:
    """The clocks jump from midnight to one, over the quiet hours' end: whoever waits is served at one."""
    quiet = QuietHours(time(21), time(0, 30))
    at = next_send_at(datetime(2026, 4, 23, 21, 0, tzinfo=UTC), quiet, ZoneInfo("Africa/Cairo"))
    assert at == datetime(2026, 4, 23, 22, 0, tzinfo=UTC)


def test_quiet_hours_that_cross_midnight_end_on_the_right_day() -> None:
    """Ready at 23:00 waits until tomorrow's eight, ready at 03:00 until today's."""
    quiet, zone = QuietHours(time(21), time(8)), ZoneInfo("Asia/Taipei")
    late = datetime(2026, 5, 1, 15, 0, tzinfo=UTC)
    early = datetime(2026, 5, 1, 19, 0, tzinfo=UTC)
    eight = datetime(2026, 5, 2, 0, 0, tzinfo=UTC)
    assert (next_send_at(late, quiet, zone), next_send_at(early, quiet, zone)) == (eight, eight)


def test_equal_ends_mean_no_quiet_hours() -> None:
    """From eight to eight is never, not always."""
    assert not QuietHours(time(8), time(8)).cover(time(8))


@pytest.mark.parametrize(
    ("year", "policy", "on"),
    [
        (2026, LeapDayPolicy.FEB_28, date(2026, 2, 28)),
        (2026, LeapDayPolicy.MAR_1, date(2026, 3, 1)),
        (2028, LeapDayPolicy.FEB_28, date(2028, 2, 29)),
        (2028, LeapDayPolicy.MAR_1, date(2028, 2, 29)),
        (2100, LeapDayPolicy.FEB_28, date(2100, 2, 28)),
    ],
)
def test_29_february_is_kept_every_year(year: int, policy: LeapDayPolicy, on: date) -> None:
    """Who was born on a leap day is not forgotten in the three years between."""
    assert birthday_on(Birthday(2, 29, 1992), year, policy) == on


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)), st.integers(2024, 2100), st.sampled_from(LeapDayPolicy))
def test_every_birthday_is_kept_once_a_year(born: date, year: int, policy: LeapDayPolicy) -> None:
    """On its own month and day, but for the leap day in common years."""
    kept = birthday_on(Birthday(born.month, born.day), year, policy)
    assert kept.year == year
    assert (kept.month, kept.day) == (born.month, born.day) or (born.month, born.day) == (2, 29)


@pytest.mark.parametrize(
    ("month", "day", "real"), [(2, 29, True), (2, 30, False), (13, 1, False), (4, 31, False), (0, 0, False)]
)
def test_impossible_birthdays_are_known(month: int, day: int, real: bool) -> None:
    """30 February is nobody's birthday."""
    assert is_birthday(month, day) is real


def test_a_naive_instant_is_refused() -> None:
    """Without a zone nobody knows when it is."""
    with pytest.raises(ValueError, match="aware"):
        next_send_at(datetime(2026, 1, 1), QuietHours(time(1), time(2)), ZoneInfo("UTC"))  # noqa: DTZ001
