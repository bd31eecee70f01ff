"""Clocks: targets, pauses that lose nothing, when to look, and what is kept of them."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Priority
from domain.desk import DeskRules, Hours, SlaRules, Targets
from domain.rules import Rules
from domain.sla import (
    Clock,
    ClockKind,
    Told,
    clocks_in,
    kept_form,
    looks_at,
    meet,
    pause,
    resume,
    start,
    target_of,
    to_full_minute,
    told_of,
)
from domain.workdays import WorkCalendar
from tests.domain.test_workdays import ANY, CALENDARS, LONDON, NEAR, SPANS, SPLIT, UNHURRIED, at

H = timedelta(hours=1)
FIRST = ClockKind.FIRST_RESPONSE
NINE_TO_FIVE = WorkCalendar(Hours(week=(((time(9), time(17)),),) * 5 + ((), ())), LONDON)
GAPS = st.lists(st.tuples(SPANS, SPANS), max_size=4)


@UNHURRIED
@given(ANY, NEAR, SPANS, GAPS)
def test_pauses_leave_exactly_the_time_that_was_left(
    calendar: WorkCalendar, opened: datetime, target: timedelta, gaps: list[tuple[timedelta, timedelta]]
) -> None:
    """However often a clock stands still, what has been worked is what was worked while it ran."""
    clock, now, ran = start(FIRST, opened, target), opened, timedelta()
    for runs, waits in gaps:
        ran += calendar.between(now, now + runs)
        stopped = pause(clock, now + runs, calendar)
        assert stopped.due_at(calendar) is None
        assert stopped.passed(now + runs + waits, calendar) == ran
        now += runs + waits
        clock = resume(stopped, now)
        assert clock.passed(now, calendar) == ran
    due = clock.due_at(calendar)
    assert due is not None
    if ran < target:
        assert calendar.between(now, due) == target - ran
    met = meet(clock, max(due, now), calendar)
    assert met.worked == max(target, ran)
    assert met.kept == (ran <= target)


@UNHURRIED
@given(ANY, NEAR, SPANS)
def test_the_warning_comes_when_three_quarters_are_worked(
    calendar: WorkCalendar, opened: datetime, target: timedelta
) -> None:
    """Three quarters of the working time, not of the hours on the clock; and always before the breach."""
    clock = start(FIRST, opened, target)
    looks = looks_at([clock], (), calendar, warn_at=0.75)
    assert [look.at for look in looks] == sorted(look.at for look in looks)
    assert looks[-1].what is Told.BREACHED
    assert looks[-1].at == calendar.add(opened, target)
    if len(looks) == 2:
        worked = calendar.between(opened, looks[0].at)
        assert timedelta() <= target * 0.75 - worked < timedelta(milliseconds=1)


@UNHURRIED
@given(ANY, NEAR, SPANS, SPANS)
def test_a_clock_is_read_as_it_was_written(
    calendar: WorkCalendar, opened: datetime, target: timedelta, later: timedelta
) -> None:
    """Running or standing still, nothing is lost in the database."""
    running = start(FIRST, opened, target)
    kinds = {FIRST: running, ClockKind.RESOLUTION: pause(replace(running, kind=ClockKind.RESOLUTION), opened, calendar)}
    assert clocks_in(kept_form(kinds)) == kinds
    assert clocks_in(kept_form({FIRST: pause(running, opened + later, calendar)}))[FIRST].worked == calendar.between(
        opened, opened + later
    )


def test_what_was_told_is_not_told_again() -> None:
    """After the warning comes the breach; after the breach nothing."""
    clock = start(FIRST, at(LONDON, 2026, 6, 1, 9), 4 * H)
    warned, breached = (told_of(FIRST, what) for what in (Told.WARNED, Told.BREACHED))
    assert [look.what for look in looks_at([clock], (warned,), NINE_TO_FIVE, warn_at=0.75)] == [Told.BREACHED]
    assert looks_at([clock], (warned, breached), NINE_TO_FIVE, warn_at=0.75) == []
    assert looks_at([pause(clock, clock.counts_from_at, NINE_TO_FIVE)], (), NINE_TO_FIVE, warn_at=0.75) == []


def test_a_friday_evening_by_hand() -> None:
    """Opened on Friday at four: one hour that day, on hold on Monday from ten to three, so due at five on Monday."""
    clock = start(FIRST, at(LONDON, 2026, 6, 5, 16), 4 * H)
    clock = pause(clock, at(LONDON, 2026, 6, 8, 10), NINE_TO_FIVE)
    assert clock.worked == 2 * H
    clock = resume(clock, at(LONDON, 2026, 6, 8, 15))
    assert clock.due_at(NINE_TO_FIVE) == at(LONDON, 2026, 6, 8, 17)
    met = meet(clock, at(LONDON, 2026, 6, 9, 10), NINE_TO_FIVE)
    assert (met.worked, met.kept, met.due_at) == (5 * H, False, at(LONDON, 2026, 6, 8, 17))


def test_pausing_twice_and_resuming_twice_change_nothing() -> None:
    """The second of two taps is none."""
    opened = at(LONDON, 2026, 6, 5, 16)
    once = pause(start(FIRST, opened, H), opened, NINE_TO_FIVE)
    assert pause(once, opened + H, NINE_TO_FIVE) == once
    running = resume(once, opened + H)
    assert resume(running, opened + 2 * H) == running


def test_a_clock_that_ends_while_it_stands_still_is_due_where_it_would_have_been() -> None:
    """Answered on hold: what was left of its time counts from then."""
    stopped = Clock(FIRST, at(LONDON, 2026, 6, 1, 9), 4 * H, worked=H)
    met = meet(stopped, at(LONDON, 2026, 6, 3, 9), NINE_TO_FIVE)
    assert (met.worked, met.kept, met.due_at) == (H, True, at(LONDON, 2026, 6, 3, 12))


def test_missing_targets_come_from_the_answer_time() -> None:
    """Four hours: an urgent case within one, a high one within two, a low one within eight; no solution is owed."""
    rules = Rules(answer_within=4 * H)
    derived = {priority: target_of(rules, priority, "new") for priority in Priority}
    assert [derived[priority].first_response for priority in Priority] == [8 * H, 4 * H, 2 * H, H]
    assert all(targets.next_response == targets.first_response for targets in derived.values())
    assert all(targets.resolution is None for targets in derived.values())


def test_a_tiers_own_target_stands_above_that_of_the_priority() -> None:
    """Gold has its own first answer, and shares what it has not."""
    sla = SlaRules(
        targets={Priority.HIGH: Targets(first_response=2 * H, resolution=24 * H)},
        tiers={"gold": {Priority.HIGH: Targets(first_response=H)}},
    )
    rules = Rules(answer_within=10 * H, desk=DeskRules(sla=sla))
    assert target_of(rules, Priority.HIGH, "gold") == Targets(H, 5 * H, 24 * H)
    assert target_of(rules, Priority.HIGH, "new") == Targets(2 * H, 5 * H, 24 * H)
    assert target_of(rules, Priority.NORMAL, "gold") == Targets(10 * H, 10 * H, None)


@given(st.integers(0, 10**9))
def test_a_promise_is_a_full_minute_and_never_sooner(ms: int) -> None:
    """What is said as 14:30 is meant as 14:30:00."""
    due = datetime(2026, 3, 4, 12, tzinfo=UTC) + timedelta(milliseconds=ms)
    said = to_full_minute(due)
    assert (said.second, said.microsecond) == (0, 0)
    assert timedelta() <= said - due < timedelta(minutes=1)


def test_the_split_day_is_the_one_of_the_tests() -> None:
    """Seven and a half hours a day, as the sums above have it."""
    worked = CALENDARS[4].between(at(CALENDARS[4].zone, 2026, 6, 1), at(CALENDARS[4].zone, 2026, 6, 2))
    assert CALENDARS[4].hours.week[0] == SPLIT
    assert worked == timedelta(hours=7, minutes=30)
