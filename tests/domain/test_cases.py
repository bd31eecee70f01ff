"""Cases: which deed leads where, and what takes a customer's words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import LIVE, Case, CaseEvent, CaseKind, CaseState, next_state

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CASE = Case(1, 1001, 1, 1, CaseKind.COMPLAINT, CaseState.NEW, NOW)


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        (CaseState.NEW, CaseEvent.TAKE, CaseState.OPEN),
        (CaseState.NEW, CaseEvent.ANSWER, CaseState.WAITING),
        (CaseState.WAITING, CaseEvent.CUSTOMER_SPEAKS, CaseState.OPEN),
        (CaseState.ON_HOLD, CaseEvent.CUSTOMER_SPEAKS, CaseState.OPEN),
        (CaseState.RESOLVED, CaseEvent.ANSWER, CaseState.RESOLVED),
        (CaseState.RESOLVED, CaseEvent.REOPEN, CaseState.OPEN),
        (CaseState.CLOSED, CaseEvent.REOPEN, CaseState.OPEN),
        (CaseState.RESOLVED, CaseEvent.CLOSE, CaseState.CLOSED),
    ],
)
def test_a_deed_leads_where_the_glossary_says(state: CaseState, event: CaseEvent, after: CaseState) -> None:
    """Reopening goes back to open, answering waits for the customer, words bring work."""
    assert next_state(state, event) is after


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (CaseState.RESOLVED, CaseEvent.TAKE),
        (CaseState.CLOSED, CaseEvent.TAKE),
        (CaseState.CLOSED, CaseEvent.ANSWER),
        (CaseState.CLOSED, CaseEvent.CLOSE),
        (CaseState.CLOSED, CaseEvent.RESOLVE),
        (CaseState.RESOLVED, CaseEvent.RESOLVE),
        *((state, CaseEvent.REOPEN) for state in LIVE),
    ],
)
def test_what_makes_no_sense_is_refused(state: CaseState, event: CaseEvent) -> None:
    """Nothing is resolved twice, and what is open cannot be reopened."""
    assert next_state(state, event) is None


@given(st.lists(st.sampled_from(CaseEvent), max_size=20))
def test_whatever_happens_a_closed_case_only_reopens(events: list[CaseEvent]) -> None:
    """From any history, the only way out of closed is open."""
    state = CaseState.NEW
    for event in events:
        before, state = state, next_state(state, event) or state
        if before is CaseState.CLOSED and state is not before:
            assert event in (CaseEvent.REOPEN, CaseEvent.CUSTOMER_REOPENS)
            assert state is CaseState.OPEN


@given(st.sampled_from(sorted(LIVE)))
def test_every_live_case_can_be_answered_resolved_and_closed(state: CaseState) -> None:
    """No live state is a dead end."""
    assert all(next_state(state, event) for event in (CaseEvent.ANSWER, CaseEvent.RESOLVE, CaseEvent.CLOSE))


def test_words_go_to_a_resolved_case_until_its_window_ends() -> None:
    """A week after the resolution the case no longer takes what is said."""
    resolved, week = replace(CASE, state=CaseState.RESOLVED, resolved_at=NOW), timedelta(days=7)
    assert resolved.takes_words(NOW + week - timedelta(seconds=1), week)
    assert not resolved.takes_words(NOW + week, week)
    assert not replace(CASE, state=CaseState.CLOSED, resolved_at=NOW).takes_words(NOW, week)
    assert CASE.takes_words(NOW + 99 * week, week)


def test_people_see_the_public_number() -> None:
    """C-1001, as on the card."""
    assert CASE.public_number == "C-1001"
