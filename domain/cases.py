"""Cases: what needs an answer, the states it passes through, and the promise it carries."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class CaseKind(StrEnum):
    """What the customer wants."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    REQUEST = "request"


class Aspect(StrEnum):
    """What a complaint or feedback is about."""

    QUALITY = "quality"
    PRICE = "price"
    SERVICE = "service"
    AFTER_SALES = "after_sales"
    OTHER = "other"


class CaseState(StrEnum):
    """Where a case stands; see ``docs/glossary.md``."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class CaseEvent(StrEnum):
    """What can happen to a case."""

    TAKE = "take"
    ASSIGN = "assign"
    ANSWER = "answer"
    CUSTOMER_SPEAKS = "customer_speaks"
    HOLD = "hold"
    RESUME = "resume"
    HOLD_ENDS = "hold_ends"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    CUSTOMER_REOPENS = "customer_reopens"
    MERGE = "merge"
    SPAM = "spam"


class Priority(StrEnum):
    """How much a case presses, from least to most."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def weight(self) -> int:
        """Its place from 0 (low) to 3 (urgent), by which priorities are compared."""
        return list(Priority).index(self)


class EndedAs(StrEnum):
    """How a case came to its end."""

    SOLVED = "solved"
    SILENCE = "silence"
    SPAM = "spam"
    MERGED = "merged"
    ERASED = "erased"


LIVE = frozenset({CaseState.NEW, CaseState.OPEN, CaseState.WAITING, CaseState.ON_HOLD})
"""States in which the business still owes the customer something."""

_S, _E = CaseState, CaseEvent
TRANSITIONS: dict[tuple[CaseState, CaseEvent], CaseState] = {
    (_S.NEW, _E.TAKE): _S.OPEN,
    (_S.OPEN, _E.TAKE): _S.OPEN,
    (_S.WAITING, _E.TAKE): _S.WAITING,
    (_S.ON_HOLD, _E.TAKE): _S.ON_HOLD,
    (_S.NEW, _E.ASSIGN): _S.OPEN,
    (_S.OPEN, _E.ASSIGN): _S.OPEN,
    (_S.WAITING, _E.ASSIGN): _S.WAITING,
    (_S.ON_HOLD, _E.ASSIGN): _S.ON_HOLD,
    **{(state, _E.HOLD): _S.ON_HOLD for state in LIVE},
    (_S.ON_HOLD, _E.HOLD_ENDS): _S.OPEN,
    **{(state, _E.RESUME): _S.OPEN for state in (_S.ON_HOLD, _S.WAITING)},
    **{(state, _E.ANSWER): _S.WAITING for state in LIVE},
    (_S.RESOLVED, _E.ANSWER): _S.RESOLVED,
    (_S.NEW, _E.CUSTOMER_SPEAKS): _S.NEW,
    (_S.OPEN, _E.CUSTOMER_SPEAKS): _S.OPEN,
    (_S.WAITING, _E.CUSTOMER_SPEAKS): _S.OPEN,
    (_S.ON_HOLD, _E.CUSTOMER_SPEAKS): _S.OPEN,
    **{(state, _E.RESOLVE): _S.RESOLVED for state in LIVE},
    **{(state, _E.CLOSE): _S.CLOSED for state in (*LIVE, _S.RESOLVED)},
    **{(state, event): _S.CLOSED for state in LIVE for event in (_E.MERGE, _E.SPAM)},
    **{(state, event): _S.OPEN for state in (_S.RESOLVED, _S.CLOSED) for event in (_E.REOPEN, _E.CUSTOMER_REOPENS)},
}
"""All that can happen, and where it leads; what has to hold besides stands in ``_GUARDS``."""


def next_state(state: CaseState, event: CaseEvent) -> CaseState | None:
    """Return the state after ``event``, or ``None`` when a case in ``state`` does not know it."""
    return TRANSITIONS.get((state, event))


def states_knowing(event: CaseEvent) -> frozenset[CaseState]:
    """Return the states in which ``event`` can happen to a case."""
    return frozenset(state for state in CaseState if next_state(state, event) is not None)


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``number`` is public (shown as ``C-1042``); ``promised_at`` is when an answer was last promised.

    ``level`` is how high it was escalated (1 agent, 2 supervisor, 3 admin). Its clocks (``*_due_at``, kept in
    ``sla_clocks`` as ``domain.sla`` reads them) stand still since ``paused_at``. A ``confidential`` case is about
    ``about_member_id`` and seen by supervisors alone, never by that person.
    """

    id: int
    number: int
    customer_id: int
    contact_point_id: int | None
    kind: CaseKind
    state: CaseState
    opened_at: datetime
    aspect: Aspect | None = None
    order_ref: str | None = None
    summary: str = ""
    owner_id: int | None = None
    staff_group_id: int | None = None
    first_response_due_at: datetime | None = None
    first_response_at: datetime | None = None
    promised_at: datetime | None = None
    promise_renewals: int = 0
    promise_warned: bool = False
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    last_customer_at: datetime | None = None
    last_staff_at: datetime | None = None
    priority: Priority = Priority.NORMAL
    priority_why: tuple[dict[str, Any], ...] = ()
    level: int = 1
    next_response_due_at: datetime | None = None
    resolution_due_at: datetime | None = None
    paused_at: datetime | None = None
    sla_clocks: dict[str, Any] = field(default_factory=dict)
    sla_look_at: datetime | None = None
    sla_told: tuple[str, ...] = ()
    held_until_at: datetime | None = None
    reopens: int = 0
    resolutions: int = 0
    resolver_id: int | None = None
    ended_as: EndedAs | None = None
    merged_into: int | None = None
    confidential: bool = False
    about_member_id: int | None = None
    cause_id: int | None = None

    @property
    def public_number(self) -> str:
        """The number people use, such as ``C-1042``."""
        return f"C-{self.number}"

    @property
    def live(self) -> bool:
        """Whether the business still owes the customer something."""
        return self.state in LIVE

    def takes_words(self, now: datetime, reopen_window: timedelta) -> bool:
        """Return whether words without another home belong here: live, or resolved and still reopenable."""
        if self.live:
            return True
        return (
            self.state is CaseState.RESOLVED and self.resolved_at is not None and now < self.resolved_at + reopen_window
        )


_GONE = (EndedAs.MERGED, EndedAs.ERASED)


def _may_reopen(case: Case, now: datetime, reopen_window: timedelta) -> bool:
    return case.ended_as not in _GONE


def _may_be_reopened_by_words(case: Case, now: datetime, reopen_window: timedelta) -> bool:
    ended = case.closed_at or case.resolved_at
    if ended is None or case.ended_as in (*_GONE, EndedAs.SPAM):
        return False
    return now < ended + reopen_window


def _hold_is_over(case: Case, now: datetime, reopen_window: timedelta) -> bool:
    return case.held_until_at is not None and case.held_until_at <= now


_GUARDS: dict[CaseEvent, Callable[[Case, datetime, timedelta], bool]] = {
    CaseEvent.REOPEN: _may_reopen,
    CaseEvent.CUSTOMER_REOPENS: _may_be_reopened_by_words,
    CaseEvent.HOLD_ENDS: _hold_is_over,
}


def state_after(case: Case, event: CaseEvent, *, now: datetime, reopen_window: timedelta) -> CaseState | None:
    """Return the state after ``event`` of this very case, or ``None`` when its state or a guard forbids it.

    What was merged or erased never comes back; a customer takes a case up again within ``reopen_window`` of its end,
    but not what was called spam; a hold ends at its date.
    """
    after = next_state(case.state, event)
    guard = _GUARDS.get(event)
    return after if guard is None or guard(case, now, reopen_window) else None


FIRST_CASE_NUMBER = 1001


_PUBLIC_NUMBER = re.compile(r"C-(\d{1,18})\b", re.ASCII)


def number_in(text: str) -> int | None:
    """Return the case number with which ``text`` begins, as in ``C-1042 · Ann``."""
    found = _PUBLIC_NUMBER.match(text)
    return int(found[1]) if found else None
