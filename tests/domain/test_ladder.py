"""The ladder: somebody is always told, never further down, and it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Case, CaseKind, CaseState
from domain.deeds import sees
from domain.ladder import (
    MOST_TOLD,
    TOP,
    Cause,
    Ending,
    Escalation,
    causes_of,
    ends_with_answer,
    is_top,
    level_of,
    next_rung,
    whom_to_warn,
)
from domain.people import SYSTEM, Actor, ActorKind, Role, StaffMember

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CASE = Case(1, 1042, 7, None, CaseKind.COMPLAINT, CaseState.OPEN, NOW)


def member(member_id: int, role: Role = Role.AGENT, *, absent: bool = False, active: bool = True) -> StaffMember:
    """Return a member of staff."""
    return StaffMember(
        member_id, 100 + member_id, f"M{member_id}", role, active, absent_since_at=NOW if absent else None
    )


BEN, AMY = member(1), member(2)
SUE, SAM = member(3, Role.SUPERVISOR), member(4, Role.SUPERVISOR)
ADA = member(5, Role.ADMIN)
MIA = member(6, Role.MARKETER)


def told(level: int, *staff: StaffMember, leaving: tuple[int, ...] = (), case: Case = CASE) -> tuple[int, list[str]]:
    """Return on which level who is told."""
    rung = next_rung(level, staff, NOW, case, leaving=leaving)
    return rung.level, [person.name for person in rung.people]


def away(person: StaffMember) -> StaffMember:
    """Return this person, absent."""
    return replace(person, absent_since_at=NOW - timedelta(hours=1))


def test_a_case_goes_to_the_next_rung() -> None:
    """From the agents to all supervisors who are here, from them to the admins."""
    staff = (ADA, BEN, AMY, SUE, SAM, MIA)
    assert told(1, *staff) == (2, ["M3", "M4"])
    assert told(2, *staff) == (3, ["M5"])


def test_an_empty_rung_is_skipped() -> None:
    """Where no supervisor is here, the admin is told; one who is away counts as not here."""
    assert told(1, BEN, ADA) == (3, ["M5"])
    assert told(1, BEN, away(SUE), ADA) == (3, ["M5"])


def test_whoever_hands_it_up_is_not_told() -> None:
    """A supervisor's case goes to the other supervisor, and to the admin where there is none."""
    assert told(1, BEN, SUE, SAM, leaving=(SUE.id,)) == (2, ["M4"])
    assert told(1, BEN, SUE, ADA, leaving=(SUE.id,)) == (3, ["M5"])


def test_those_away_are_told_when_nobody_is_here() -> None:
    """At night the highest rung's people are told all the same; a present supervisor goes before an absent admin."""
    assert told(1, BEN, away(SUE), away(ADA)) == (3, ["M5"])
    assert told(2, BEN, SUE, away(ADA)) == (2, ["M3"])


def test_one_alone_is_told_themself() -> None:
    """A shop of one, and a shop of agents alone, still tell somebody."""
    assert told(1, ADA, leaving=(ADA.id,)) == (3, ["M5"])
    assert told(1, BEN, leaving=(BEN.id,)) == (1, ["M1"])
    assert told(1, BEN, AMY, leaving=(BEN.id,)) == (1, ["M2"])


def test_a_complaint_about_somebody_never_reaches_them() -> None:
    """A confidential case about the only supervisor goes to the admin, and to nobody where there is none."""
    about_sue = replace(CASE, confidential=True, about_member_id=SUE.id)
    assert told(1, BEN, SUE, ADA, case=about_sue) == (3, ["M5"])
    assert told(1, BEN, SUE, case=about_sue) == (1, [])


def test_a_warning_goes_to_the_owner() -> None:
    """The owner hears it; when the owner is away, or nobody owns the case, those on the lowest rung that is here."""
    assert whom_to_warn(BEN, (BEN, AMY, SUE), NOW, CASE).told == (1,)
    assert whom_to_warn(away(BEN), (away(BEN), AMY, SUE), NOW, CASE).told == (2,)
    assert whom_to_warn(None, (away(BEN), SUE), NOW, CASE).told == (3,)
    assert whom_to_warn(None, (away(SUE),), NOW, CASE).told == (3,)


people = st.builds(
    member, st.integers(1, 40), st.sampled_from(Role), absent=st.booleans(), active=st.sampled_from((True, True, False))
)
staffs = st.lists(people, max_size=30, unique_by=lambda one: one.id)
cases = st.builds(
    lambda confidential, about: replace(CASE, confidential=confidential, about_member_id=about),
    st.booleans(),
    st.none() | st.integers(1, 40),
)


@given(staffs, cases, st.integers(-1, 5), st.sets(st.integers(1, 40), max_size=4))
def test_somebody_who_exists_is_told(staff: list[StaffMember], case: Case, level: int, leaving: set[int]) -> None:
    """Nobody is told only when nobody on the ladder may know; it never goes down, and never tells a crowd."""
    rung = next_rung(level, staff, NOW, case, leaving=leaving)
    may_know = {one.id for one in staff if level_of(one) and sees(case, one)}
    assert set(rung.told) <= may_know
    assert bool(rung.told) == bool(may_know)
    assert min(max(level, 1), TOP) <= rung.level <= TOP
    assert len(rung.told) == len(set(rung.told)) <= MOST_TOLD


@given(st.lists(staffs, min_size=1, max_size=8), cases)
def test_climbing_ends(days: list[list[StaffMember]], case: Case) -> None:
    """Whoever comes and goes meanwhile: a case climbs at most to the top, and is repeated there."""
    level = climbs = 1
    for staff in days:
        while not is_top(level, staff, NOW, case):
            level, climbs = next_rung(level, staff, NOW, case).level, climbs + 1
        assert next_rung(level, staff, NOW, case).level == level
    assert climbs <= TOP


def step(number: int, cause: Cause, ended: Ending | None = None, reason: str = "", by: Actor = SYSTEM) -> Escalation:
    """Return a rung."""
    at = NOW + timedelta(minutes=number)
    return Escalation(number, 1, 2, cause, reason, by, at, (3,), ended_at=at if ended else None, ended_as=ended)


def test_an_answer_ends_what_only_missed_an_answer() -> None:
    """A late answer ends the climb of a missed clock, but not what a person handed up meanwhile."""
    late = [
        step(1, Cause.HAND, Ending.TAKEN),
        step(2, Cause.WARNING),
        step(3, Cause.BREACH, Ending.UNANSWERED, "first_response"),
        step(4, Cause.UNANSWERED, None, "first_response"),
    ]
    assert [one.id for one in causes_of(late)] == [3]
    assert ends_with_answer(causes_of(late))
    by_hand = [*late, step(5, Cause.HAND, Ending.JOINED, by=Actor(ActorKind.STAFF, 1))]
    assert [one.id for one in causes_of(by_hand)] == [3, 5]
    assert not ends_with_answer(causes_of(by_hand))
    assert not ends_with_answer(causes_of([step(1, Cause.BREACH, reason="resolution")]))
