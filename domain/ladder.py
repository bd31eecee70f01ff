"""The ladder a case is handed up: agent, supervisor, admin; who is told on which rung, and what becomes of it. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.cases import Case
from domain.deeds import sees
from domain.desk import LEVELS
from domain.people import Actor, StaffMember

TOP = len(LEVELS)
MOST_TOLD = 20
"""So many people are told by name; more would mean that nobody feels meant, and Telegram rings for no more."""
RESPONSES = ("first_response", "next_response")
"""The clocks that an answer to the customer ends."""


class Cause(StrEnum):
    """Why somebody is told."""

    HAND = "hand"
    WARNING = "warning"
    BREACH = "breach"
    UNANSWERED = "unanswered"
    REPEAT = "repeat"
    LOW_SCORE = "low_score"


class Ending(StrEnum):
    """What became of one rung of an escalation.

    ``joined`` never was a rung: what happened while another escalation of the case was open already.
    """

    TAKEN = "taken"
    PASSED_ON = "passed_on"
    UNANSWERED = "unanswered"
    RAISED = "raised"
    ANSWERED = "answered"
    CASE_ENDED = "case_ended"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Escalation:
    """One rung that a case was handed up to. ``told`` are the ids of those who were told by name.

    Somebody has to take it by ``answer_due_at``; it is open until ``ended_at``, and of a case at most one is. What the
    program hands on because nobody answered (``unanswered``) keeps the ``reason`` of what it follows. For a breach and
    a warning the reason is the name of the clock.
    """

    id: int
    case_id: int
    level: int
    cause: Cause
    reason: str
    by: Actor
    at: datetime
    told: tuple[int, ...]
    answer_due_at: datetime | None = None
    repeats: int = 0
    taken_by: int | None = None
    ended_at: datetime | None = None
    ended_as: Ending | None = None

    @property
    def open(self) -> bool:
        """Whether somebody is still waited for."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told, and on which level; empty when there is nobody who may know of the case."""

    level: int
    people: tuple[StaffMember, ...]

    @property
    def told(self) -> tuple[int, ...]:
        """The ids of those who are told."""
        return tuple(member.id for member in self.people)


def level_of(member: StaffMember | None) -> int:
    """Return the rung a person stands on, 0 for whoever stands on none."""
    if member is None or not member.active:
        return 0
    return next((level for level, roles in enumerate(LEVELS, start=1) if member.role in roles), 0)


def next_rung(
    level: int, staff: Iterable[StaffMember], now: datetime, case: Case, *, leaving: Collection[int] = ()
) -> Rung:
    """Return who is told next of a case that stands on ``level``; never lower than that.

    The nearest rung above on which somebody is present; else those present on this rung; else, when all are absent,
    the absent ones of the highest rung that has any. ``leaving`` are the ids of those who hand it up, or whose
    lateness it is: they are told only when there is nobody else on these rungs. In a shop without supervisors the
    agents are told, so that somebody always is. At most :data:`MOST_TOLD` people, by their ids.
    """
    level = min(max(level, 1), TOP)
    seeing = [member for member in staff if level_of(member) and sees(case, member)]
    others = [member for member in seeing if member.id not in leaving]
    for pool in (others, seeing):
        if (found := _upwards(level, pool, now)) is not None:
            return found
    for pool in (others, seeing):
        if (found := _downwards(level, pool, now)) is not None:
            return found
    return Rung(level, ())


def whom_to_warn(owner: StaffMember | None, staff: Sequence[StaffMember], now: datetime, case: Case) -> Rung:
    """Return who hears that a clock of a case runs out: its owner; nobody owning it, the lowest rung that is here."""
    if owner is not None and owner.present(now) and sees(case, owner):
        return Rung(case.level, (owner,))
    present = [member for member in staff if member.present(now) and sees(case, member)]
    for rung in range(1, TOP + 1):
        if people := _on(rung, present):
            return Rung(case.level, people)
    return Rung(case.level, next_rung(case.level, staff, now, case).people)


def is_top(level: int, staff: Sequence[StaffMember], now: datetime, case: Case) -> bool:
    """Return whether there is nowhere to climb from ``level`` as things are at ``now``."""
    return next_rung(level, staff, now, case).level <= level


def _upwards(level: int, pool: Sequence[StaffMember], now: datetime) -> Rung | None:
    here = max(level, 2)  # a colleague on the first rung is no way up
    present = [member for member in pool if member.present(now)]
    for rung in (*range(max(level + 1, 2), TOP + 1), here):
        if people := _on(rung, present):
            return Rung(rung, people)
    for rung in range(TOP, here - 1, -1):
        if people := _on(rung, pool):
            return Rung(rung, people)
    return None


def _downwards(level: int, pool: Sequence[StaffMember], now: datetime) -> Rung | None:
    """Return the highest people there are at all, those present before those absent; the case stays on its level."""
    for members in ([member for member in pool if member.present(now)], pool):
        for rung in range(level, 0, -1):
            if people := _on(rung, members):
                return Rung(level, people)
    return None


def _on(rung: int, pool: Iterable[StaffMember]) -> tuple[StaffMember, ...]:
    found = sorted((member for member in pool if level_of(member) == rung), key=lambda member: member.id)
    return tuple(found[:MOST_TOLD])


_HANDED_ON = (Ending.UNANSWERED, Ending.PASSED_ON, Ending.RAISED)


def causes_of(history: Sequence[Escalation]) -> list[Escalation]:
    """Return why the newest escalation of a case is open: what it began with, and what joined or raised it since.

    ``history`` are all rungs of the case, oldest first; at least one of them is no warning.
    """
    rungs = [one for one in history if one.cause is not Cause.WARNING and one.ended_as is not Ending.JOINED]
    first = len(rungs) - 1
    while first > 0 and rungs[first - 1].ended_as in _HANDED_ON:
        first -= 1
    later = [one for one in history if one.id >= rungs[first].id]
    return [one for one in later if one.cause not in (Cause.UNANSWERED, Cause.WARNING)]


def ends_with_answer(causes: Iterable[Escalation]) -> bool:
    """Return whether an answer to the customer is all that was missed: no person asked for more."""
    return all(one.cause is Cause.BREACH and one.reason in RESPONSES for one in causes)
