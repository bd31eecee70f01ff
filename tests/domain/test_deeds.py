"""The permission table: who may do what to which cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import (
    LIVE,
    TRANSITIONS,
    Case,
    CaseEvent,
    CaseKind,
    CaseState,
    EndedAs,
    next_state,
    state_after,
)
from domain.deeds import TABLE, Deed, deed_of, sees, why_not
from domain.people import NOBODY, Role, StaffMember

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
CASE = Case(7, 1007, 1, 1, CaseKind.COMPLAINT, CaseState.OPEN, NOW)
BEN = StaffMember(1, 22, "Ben", Role.AGENT)
SUE = StaffMember(2, 33, "Sue", Role.SUPERVISOR)
MIA = StaffMember(3, 44, "Mia", Role.MARKETER)
VIC = StaffMember(4, 66, "Vic", Role.VIEWER)
ADA = StaffMember(5, 77, "Ada", Role.ADMIN)
EVERYBODY = (BEN, SUE, MIA, VIC, ADA)


def test_every_deed_stands_in_the_table() -> None:
    """A deed without a rule could be done by nobody, or by everybody."""
    assert set(TABLE) == set(Deed)


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (Deed.TAKE, CaseEvent.TAKE),
        (Deed.ASSIGN, CaseEvent.ASSIGN),
        (Deed.TRANSFER, CaseEvent.ASSIGN),
        (Deed.ANSWER, CaseEvent.ANSWER),
        (Deed.HOLD, CaseEvent.HOLD),
        (Deed.RESUME, CaseEvent.RESUME),
        (Deed.RESOLVE, CaseEvent.RESOLVE),
        (Deed.REOPEN, CaseEvent.REOPEN),
        (Deed.MERGE, CaseEvent.MERGE),
        (Deed.SPAM, CaseEvent.SPAM),
    ],
)
def test_the_table_allows_just_what_the_state_machine_knows(deed: Deed, event: CaseEvent) -> None:
    """Neither refuses what would work, nor lets through what would not."""
    assert TABLE[deed].states == frozenset(state for state in CaseState if next_state(state, event) is not None)


@pytest.mark.parametrize("deed", list(Deed))
def test_strangers_and_people_who_left_may_nothing(deed: Deed) -> None:
    """Cy is nobody; an admin who was removed is nobody any more."""
    for nobody in (NOBODY, replace(ADA, active=False)):
        refusal = why_not(deed, nobody)
        assert refusal is not None
        assert refusal.key == "desk.refused.not_allowed"


def test_an_agent_gives_away_what_is_theirs_or_nobodys() -> None:
    """Sue's case is Sue's to give; a supervisor gives anybody's."""
    assert why_not(Deed.ASSIGN, BEN, CASE) is None
    assert why_not(Deed.ASSIGN, BEN, replace(CASE, owner_id=BEN.id)) is None
    refusal = why_not(Deed.ASSIGN, BEN, replace(CASE, owner_id=SUE.id))
    assert refusal is not None
    assert refusal.key == "casework.refused.not_yours"
    assert why_not(Deed.ASSIGN, SUE, replace(CASE, owner_id=BEN.id)) is None


def test_an_agent_changes_a_task_that_is_theirs_or_nobodys() -> None:
    """Sue's task is Sue's to change, and everybody's list hers to read; lowering a priority takes her too."""
    assert [why_not(Deed.CHANGE_TASK, BEN, whose=one) is None for one in (None, BEN.id, SUE.id)] == [True, True, False]
    assert why_not(Deed.CHANGE_TASK, SUE, whose=BEN.id) is None
    for deed in (Deed.ALL_TASKS, Deed.LOWER_PRIORITY):
        assert [why_not(deed, one, CASE) is None for one in EVERYBODY] == [False, True, False, False, True]


def test_a_confidential_case_is_no_case_to_whoever_may_not_know_of_it() -> None:
    """Agents do not learn that it exists, and neither does the supervisor whom it is about."""
    about_sue = replace(CASE, confidential=True, about_member_id=SUE.id)
    assert [sees(about_sue, one) for one in EVERYBODY] == [False, False, False, False, True]
    for one in (BEN, SUE):
        refusal = why_not(Deed.NOTE, one, about_sue)
        assert refusal is not None
        assert refusal.key == "desk.refused.no_such_case"


@pytest.mark.parametrize("ended_as", [EndedAs.MERGED, EndedAs.ERASED])
def test_what_was_merged_or_erased_never_comes_back(ended_as: EndedAs) -> None:
    """Neither staff nor the customer open it again."""
    gone = replace(CASE, state=CaseState.CLOSED, closed_at=NOW, ended_as=ended_as)
    assert why_not(Deed.REOPEN, ADA, gone) is not None
    for event in (CaseEvent.REOPEN, CaseEvent.CUSTOMER_REOPENS):
        assert state_after(gone, event, now=NOW, reopen_window=WEEK) is None


def test_spam_is_reopened_by_staff_alone() -> None:
    """A mistake can be mended; whoever wrote it cannot."""
    spam = replace(CASE, state=CaseState.CLOSED, closed_at=NOW, ended_as=EndedAs.SPAM)
    assert why_not(Deed.REOPEN, BEN, spam) is None
    assert state_after(spam, CaseEvent.REOPEN, now=NOW, reopen_window=WEEK) is CaseState.OPEN
    assert state_after(spam, CaseEvent.CUSTOMER_REOPENS, now=NOW, reopen_window=WEEK) is None


def test_the_customer_reopens_within_the_window() -> None:
    """A week to the second, counted from the end of the case."""
    solved = replace(CASE, state=CaseState.RESOLVED, resolved_at=NOW)
    last = NOW + WEEK - timedelta(seconds=1)
    assert state_after(solved, CaseEvent.CUSTOMER_REOPENS, now=last, reopen_window=WEEK) is CaseState.OPEN
    assert state_after(solved, CaseEvent.CUSTOMER_REOPENS, now=NOW + WEEK, reopen_window=WEEK) is None


def test_a_hold_ends_at_its_date() -> None:
    """Not before; one without a date not by itself at all."""
    held = replace(CASE, state=CaseState.ON_HOLD, held_until_at=NOW)
    ends = CaseEvent.HOLD_ENDS
    assert state_after(held, ends, now=NOW, reopen_window=WEEK) is CaseState.OPEN
    assert state_after(held, ends, now=NOW - timedelta(seconds=1), reopen_window=WEEK) is None
    assert state_after(replace(held, held_until_at=None), ends, now=NOW, reopen_window=WEEK) is None


@given(st.sampled_from(sorted(CaseState)), st.lists(st.sampled_from(sorted(CaseEvent)), max_size=12))
def test_no_path_leads_out_of_the_table_and_every_live_case_can_be_solved(
    state: CaseState, events: list[CaseEvent]
) -> None:
    """Along any events from any state: a known state, from which somebody who works on cases can end the case."""
    for event in events:
        state = next_state(state, event) or state
    assert state in CaseState
    assert any((state, event) in TRANSITIONS for event in CaseEvent)
    if state in LIVE:
        assert next_state(state, CaseEvent.RESOLVE) is CaseState.RESOLVED
        assert why_not(Deed.RESOLVE, BEN, replace(CASE, state=state)) is None


def test_verbs_know_their_deeds() -> None:
    """By name, or by the table of other names; a verb nobody decided about has none."""
    assert deed_of("take") is Deed.TAKE
    assert deed_of("agree") is Deed.DECIDE
    assert deed_of("dance") is None
