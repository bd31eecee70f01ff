"""Cases: what needs an answer, the states it passes through, and the promise it carries."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


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
    ANSWER = "answer"
    CUSTOMER_SPEAKS = "customer_speaks"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"


LIVE = frozenset({CaseState.NEW, CaseState.OPEN, CaseState.WAITING, CaseState.ON_HOLD})
"""States in which the business still owes the customer something."""

_S, _E = CaseState, CaseEvent
_TRANSITIONS: dict[tuple[CaseState, CaseEvent], CaseState] = {
    (_S.NEW, _E.TAKE): _S.OPEN,
    (_S.OPEN, _E.TAKE): _S.OPEN,
    (_S.WAITING, _E.TAKE): _S.WAITING,
    (_S.ON_HOLD, _E.TAKE): _S.ON_HOLD,
    **{(state, _E.ANSWER): _S.WAITING for state in LIVE},
    (_S.RESOLVED, _E.ANSWER): _S.RESOLVED,
    (_S.NEW, _E.CUSTOMER_SPEAKS): _S.NEW,
    (_S.OPEN, _E.CUSTOMER_SPEAKS): _S.OPEN,
    (_S.WAITING, _E.CUSTOMER_SPEAKS): _S.OPEN,
    (_S.ON_HOLD, _E.CUSTOMER_SPEAKS): _S.OPEN,
    **{(state, _E.RESOLVE): _S.RESOLVED for state in LIVE},
    **{(state, _E.CLOSE): _S.CLOSED for state in (*LIVE, _S.RESOLVED)},
    (_S.RESOLVED, _E.REOPEN): _S.OPEN,
    (_S.CLOSED, _E.REOPEN): _S.OPEN,
}


def next_state(state: CaseState, event: CaseEvent) -> CaseState | None:
    """Return the state after ``event``, or ``None`` when a case in ``state`` does not know it."""
    return _TRANSITIONS.get((state, event))


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``number`` is public (shown as ``C-1042``); ``promised_at`` is when an answer was last promised."""

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


FIRST_CASE_NUMBER = 1001


def first_response_due(opened_at: datetime, target: timedelta) -> datetime:
    """Return the instant by which a first answer is promised: a fixed ``target`` after opening, to the full minute."""
    due = opened_at + target
    return due.replace(second=0, microsecond=0) + (
        timedelta(minutes=1) if due.second or due.microsecond else timedelta()
    )


_PUBLIC_NUMBER = re.compile(r"C-(\d{1,18})\b", re.ASCII)


def number_in(text: str) -> int | None:
    """Return the case number with which ``text`` begins, as in ``C-1042 · Ann``."""
    found = _PUBLIC_NUMBER.match(text)
    return int(found[1]) if found else None
