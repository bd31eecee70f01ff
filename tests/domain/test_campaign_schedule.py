"""When occasions come and people are due: over changed clocks, nights, leap days, leap months and weekends."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import LeapDayPolicy, QuietHours, next_send_at, quiet_spans
from domain.campaigns import Campaign, OccasionKind, Variant, When
from domain.campaigns.own_days import OwnDays, own_occasion
from domain.campaigns.schedule import coming, comings, days_ahead, due_after, due_at, due_on
from domain.people import Birthday
from domain.rules import Rules
from domain.surveys import Every

NO_NIGHT = QuietHours(time(), time())
RULES = Rules(quiet=NO_NIGHT)
BERLIN, KIRITIMATI, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/New_York")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Shanghai",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Kathmandu",
)
CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
"""When Berlin's clocks go on and back; New York's do so some weeks off."""
_MINUTE = timedelta(minutes=1)


def christmas(**more: object) -> When:
    """Return when a campaign for 25 December is due."""
    return When(OccasionKind.HOLIDAY, holiday="christmas", **more)  # type: ignore[arg-type]


# On which days


def test_a_holiday_comes_each_year_and_no_longer_than_until() -> None:
    """The occasion is named by the day itself, whatever comes before it."""
    when = christmas(lead_days=3, until=date(2027, 12, 31))
    found = comings(when, RULES, since=date(2026, 1, 1), until=date(2029, 1, 1))
    assert [(one.due_on.isoformat(), one.occasion) for one in found] == [
        ("2026-12-22", "2026-12-25"),
        ("2027-12-22", "2027-12-25"),
    ]


def test_a_day_that_is_none_of_the_weekdays_moves_to_the_next_that_is() -> None:
    """Christmas 2026 is a Friday: on Mondays and Tuesdays only, it is the Monday after."""
    assert due_on(date(2026, 12, 25), christmas(weekdays=(1, 2))) == date(2026, 12, 28)
    found = comings(christmas(weekdays=(1, 2)), RULES, since=date(2026, 12, 28), until=date(2026, 12, 28))
    assert [(one.due_on, one.occasion) for one in found] == [(date(2026, 12, 28), "2026-12-25")]


def test_the_last_day_stands_for_one_the_month_does_not_have() -> None:
    """The 31st of each month is the 28th of February."""
    when = When(OccasionKind.EVERY, every=Every.MONTH, day=31)
    found = comings(when, RULES, since=date(2027, 1, 15), until=date(2027, 4, 29))
    assert [one.occasion for one in found] == ["2027-01-31", "2027-02-28", "2027-03-31"]


@pytest.mark.parametrize(("every", "count"), [(Every.WEEK, 52), (Every.MONTH, 12), (Every.QUARTER, 4), (Every.YEAR, 1)])
def test_each_period_has_its_day(every: Every, count: int) -> None:
    """None is left out over a year, and none comes twice."""
    when = When(OccasionKind.EVERY, every=every, day=1)
    found = comings(when, RULES, since=date(2027, 1, 1), until=date(2027, 12, 31))
    assert len({one.occasion for one in found}) == len(found) == count


def test_a_cron_expression_names_the_same_wall_clock_everywhere() -> None:
    """The first of the month at ten, also on the day on which clocks are changed."""
    when = When(OccasionKind.CRON, cron="30 2 29 3,10 *")
    found = comings(when, RULES, since=date(2026, 1, 1), until=date(2026, 12, 31))
    assert [(one.occasion, one.at) for one in found] == [
        ("2026-03-29T02:30", time(2, 30)),
        ("2026-10-29T02:30", time(2, 30)),
    ]


@pytest.mark.parametrize("expression", ["", "nonsense", "0 10 1 *", "0 0 10 1 * *", "61 * * * *"])
def test_an_expression_that_means_nothing_is_refused(expression: str) -> None:
    """Five fields, each within its bounds."""
    when = When(OccasionKind.CRON, cron=expression)
    with pytest.raises(ValueError, match=r"."):
        comings(when, RULES, since=date(2026, 1, 1), until=date(2026, 2, 1))


def test_a_calendar_shows_what_comes_in_the_region_asked_for() -> None:
    """Father's day is in August in Taiwan; birthdays cannot be shown beforehand."""
    fathers = campaign(When(OccasionKind.HOLIDAY, holiday="fathers_day"))
    assert days_ahead(fathers, "TW", RULES, date(2026, 8, 1), date(2026, 8, 31)) == [(date(2026, 8, 8), "2026-08-08")]
    assert days_ahead(fathers, "CN", RULES, date(2026, 8, 1), date(2026, 8, 31)) == []
    assert days_ahead(campaign(When(OccasionKind.BIRTHDAY)), "CN", RULES, date(2026, 1, 1), date(2026, 12, 31)) == []


def campaign(when: When) -> Campaign:
    """Return a campaign that hangs on ``when``."""
    return Campaign("some", {"en": "Some"}, when, (Variant("a", {"en": "Hello"}),))


# When a run is opened


def opened(when: When, *, launched: datetime, now: datetime, rules: Rules = RULES) -> list[str]:
    """Return the occasions due to be opened."""
    return [one.occasion for one in coming(when, rules, launched_at=launched, now=now)]


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_run_is_opened_an_hour_before_its_day_begins_anywhere() -> None:
    """25 December begins on Kiritimati at ten in the morning of the 24th, UTC."""
    begins = datetime(2026, 12, 24, 10, tzinfo=UTC)
    assert opened(christmas(), launched=LONG_AGO, now=begins - timedelta(hours=1, seconds=1)) == []
    assert opened(christmas(), launched=LONG_AGO, now=begins - timedelta(hours=1)) == ["2026-12-25"]


def test_what_is_launched_on_the_eve_or_on_the_day_goes_a_day_late_it_does_not() -> None:
    """The day has begun at the other end of the world when the shop starts it in the evening before: it goes."""
    morning = datetime(2026, 12, 25, 8, tzinfo=UTC)
    assert opened(christmas(), launched=morning, now=morning) == ["2026-12-25"]
    eve = datetime(2026, 12, 24, 20, tzinfo=UTC)
    assert opened(christmas(), launched=eve, now=eve) == ["2026-12-25"]
    after = morning + timedelta(days=1)
    assert opened(christmas(), launched=after, now=after) == []


def test_what_was_missed_by_too_much_is_let_go() -> None:
    """Ten days without the program: nobody hears of Christmas; after five it is opened, and who is late recorded."""
    assert opened(christmas(), launched=LONG_AGO, now=datetime(2027, 1, 4, 12, tzinfo=UTC)) == []
    assert opened(christmas(), launched=LONG_AGO, now=datetime(2026, 12, 30, 12, tzinfo=UTC)) == ["2026-12-25"]


@given(
    st.integers(0, 50 * 24 * 60).map(lambda minutes: datetime(2026, 12, 1, tzinfo=UTC) + minutes * _MINUTE),
    st.sampled_from(ZONES),
    st.integers(0, 5),
    st.sets(st.integers(1, 7)),
)
def test_whoever_is_due_now_finds_the_run_open(now: datetime, zone: str, lead: int, weekdays: set[int]) -> None:
    """From the hour before until late, wherever somebody lives: the run of their due instant is there."""
    when = christmas(lead_days=lead, weekdays=tuple(sorted(weekdays)))
    day = due_on(date(2026, 12, 25) - timedelta(), when)
    due = due_at(day, RULES.campaigns.send_at, jitter=timedelta(), zone=ZoneInfo(zone), rules=RULES)
    found = opened(when, launched=LONG_AGO, now=now)
    if due - timedelta(hours=1) <= now <= due + when.late_after:
        assert found == ["2026-12-25"]
    if now < due - timedelta(hours=40) or now > due + timedelta(days=10):
        assert found == []


# At which instant


def test_a_time_that_the_clocks_skip_moves_on_with_them_and_of_a_double_one_it_is_the_first() -> None:
    """Half past two in Berlin on both days of change."""
    at = time(2, 30)
    skipped = due_at(date(2026, 3, 29), at, jitter=timedelta(), zone=BERLIN, rules=RULES)
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    doubled = due_at(date(2026, 10, 25), at, jitter=timedelta(), zone=BERLIN, rules=RULES)
    assert doubled == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_whoever_is_spread_into_the_night_is_due_in_the_morning() -> None:
    """Eight in the evening and two hours later, quiet from nine to eight."""
    rules = replace(RULES, quiet=QuietHours(time(21), time(8)))
    due = due_at(date(2026, 5, 1), time(20), jitter=timedelta(hours=2), zone=ZoneInfo("UTC"), rules=rules)
    assert due == datetime(2026, 5, 2, 8, tzinfo=UTC)


instants = st.one_of(
    st.integers(0, 730 * 24 * 60).map(lambda minutes: LONG_AGO + minutes * _MINUTE),
    st.builds(lambda at, s: at + timedelta(seconds=s), st.sampled_from(CHANGES), st.integers(-90_000, 90_000)),
)
clocks = st.sampled_from([time(0), time(1, 30), time(2), time(2, 30), time(3), time(10), time(23, 59)])


@given(instants, st.sampled_from(ZONES), clocks, st.sets(st.integers(1, 7)))
def test_the_first_allowed_time_is_the_first(ready: datetime, zone_name: str, at: time, weekdays: set[int]) -> None:
    """At the time wanted, on a day allowed, never before it was ready, and no such instant lies in between."""
    zone = ZoneInfo(zone_name)
    when = When(OccasionKind.PURCHASE, at=at, weekdays=tuple(sorted(weekdays)))
    due = due_after(ready, when, jitter=timedelta(), zone=zone, rules=RULES)
    assert due >= ready
    day = due.astimezone(zone).date()
    wanted = [
        due_at(day + timedelta(days=nth), at, jitter=timedelta(), zone=zone, rules=RULES)
        for nth in range(-9, 2)
        if not weekdays or (day + timedelta(days=nth)).isoweekday() in weekdays
    ]
    assert due == min(instant for instant in wanted if instant >= ready)


@given(instants, st.sampled_from(ZONES), st.sets(st.integers(1, 7), min_size=1))
def test_without_a_time_it_goes_at_once_or_at_that_hour_of_the_next_day_allowed(
    ready: datetime, zone_name: str, weekdays: set[int]
) -> None:
    """The weekend moves it to Monday, at the same time of day."""
    zone = ZoneInfo(zone_name)
    when = When(OccasionKind.PURCHASE, weekdays=tuple(sorted(weekdays)))
    due = due_after(ready, when, jitter=timedelta(), zone=zone, rules=RULES)
    local, wall = due.astimezone(zone), ready.astimezone(zone)
    assert local.date() == due_on(wall.date(), when)
    if local.date() == wall.date():
        assert due == ready
    elif all(abs(change - due) > timedelta(hours=30) for change in CHANGES):
        assert local.hour == wall.hour or zone_name == "America/New_York"


@given(
    instants,
    st.integers(0, 60 * 60 * 50),
    st.sampled_from(ZONES),
    st.sampled_from([(21, 8), (0, 2), (2, 3), (8, 21), (23, 1), (0, 0)]),
)
def test_the_spans_of_the_night_lead_where_the_night_leads(
    since: datetime, seconds: int, zone_name: str, night: tuple[int, int]
) -> None:
    """For any instant among them, over changed clocks too: moved to the end of the span it lies in, or not at all."""
    zone, quiet = ZoneInfo(zone_name), QuietHours(time(night[0]), time(night[1]))
    until = since + timedelta(seconds=seconds)
    spans = quiet_spans(since, until, quiet, zone)
    step = max(_MINUTE, (until - since) / 40)
    at = since
    while at <= until:
        by_span = next((end for start, end in spans if start <= at < end), at)
        assert by_span == next_send_at(at, quiet, zone)
        at += step


# Days of people's own

FEB_28, MAR_1 = LeapDayPolicy.FEB_28, LeapDayPolicy.MAR_1


def days_of_own(when: When, own: OwnDays, years: range, policy: LeapDayPolicy = FEB_28) -> list[tuple[str, str]]:
    """Return the days on which an occasion of somebody's own falls, with its name."""
    first = date(years.start, 1, 1)
    days = [first + timedelta(days=nth) for nth in range((date(years.stop, 1, 1) - first).days)]
    return [(day.isoformat(), name) for day in days if (name := own_occasion(when, own, day, policy))]


def test_an_anniversary_begins_with_the_year_after_and_knows_29_february() -> None:
    """Joined on a leap day: in common years by the shop's choice."""
    joined = OwnDays(None, date(2024, 2, 29))
    when = When(OccasionKind.ANNIVERSARY)
    assert days_of_own(when, joined, range(2024, 2029)) == [
        ("2025-02-28", "2025"),
        ("2026-02-28", "2026"),
        ("2027-02-28", "2027"),
        ("2028-02-29", "2028"),
    ]
    assert days_of_own(when, joined, range(2025, 2026), MAR_1) == [("2025-03-01", "2025")]


def test_a_date_on_record_comes_once_or_each_year_from_its_own_on() -> None:
    """A contract ends once; a jubilee is kept yearly, and not before it first was."""
    own = OwnDays(None, date(2020, 1, 1), "2026-05-20")
    once, yearly = When(OccasionKind.FIELD, field="d"), When(OccasionKind.FIELD, field="d", yearly=True)
    assert days_of_own(once, own, range(2025, 2029)) == [("2026-05-20", "2026-05-20")]
    assert [day for day, _ in days_of_own(yearly, own, range(2025, 2029))] == ["2026-05-20", "2027-05-20", "2028-05-20"]


@pytest.mark.parametrize("field", [None, "", "soon", "2026-02-30", "20.5.2026"])
def test_what_is_no_date_has_no_day(field: str | None) -> None:
    """Nothing breaks over a field that was filled in otherwise."""
    own = OwnDays(None, date(2020, 1, 1), field)
    assert days_of_own(When(OccasionKind.FIELD, field="d", yearly=True), own, range(2026, 2027)) == []


def test_the_first_of_the_twelfth_month_comes_twice_in_2027_under_two_names() -> None:
    """Each lunar year has its birthday."""
    own = OwnDays(Birthday(12, 1, None, True), date(2020, 1, 1))
    found = days_of_own(When(OccasionKind.BIRTHDAY), own, range(2027, 2028))
    assert found == [("2027-01-08", "2026"), ("2027-12-28", "2027")]


births = st.one_of(
    st.builds(Birthday, st.just(2), st.just(29)),
    st.builds(Birthday, st.integers(1, 12), st.integers(1, 28)),
    st.builds(Birthday, st.integers(1, 12), st.integers(1, 30), st.none(), st.just(True), st.booleans()),
)


@given(births, st.integers(1950, 2090), st.sampled_from([FEB_28, MAR_1]))
def test_every_year_of_its_own_calendar_has_each_birthday_once(
    birthday: Birthday, year: int, policy: LeapDayPolicy
) -> None:
    """29 February, leap months and the 30th of short months included."""
    own = OwnDays(birthday, date(1900, 1, 1))
    names = [name for _, name in days_of_own(When(OccasionKind.BIRTHDAY), own, range(year, year + 2), policy)]
    assert len(names) == len(set(names))
    assert str(year) in names
