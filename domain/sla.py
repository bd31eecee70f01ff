"""The clocks of a case: within which working time it is answered and solved; started, paused, resumed, met. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.cases import Case, CaseState, Priority
from domain.desk import Targets
from domain.instants import from_ms, to_ms
from domain.rules import Rules
from domain.workdays import WorkCalendar


class ClockKind(StrEnum):
    """What is due: the first answer, an answer to later words, the solution."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class Told(StrEnum):
    """What staff were told of a clock."""

    WARNED = "warned"
    BREACHED = "breached"


PAUSED_IN = frozenset({CaseState.WAITING, CaseState.ON_HOLD})
"""States in which the clocks of a case stand still."""

_SHARE: dict[Priority, float] = {
    Priority.LOW: 2.0,
    Priority.NORMAL: 1.0,
    Priority.HIGH: 0.5,
    Priority.URGENT: 0.25,
}
"""The share of ``answer_within`` in which an answer is due where no target is set."""
_MS = timedelta(milliseconds=1)


def target_of(rules: Rules, priority: Priority, tier: str) -> Targets:
    """Return the targets of a case: those of its tier, then of its priority; a missing answer's from ``answer_within``.

    Derived are the answers alone (low twice, high half, urgent a quarter of ``answer_within``): a solution has a
    target only where one is set.
    """
    sla = rules.desk.sla
    derived = _to_ms(rules.answer_within * _SHARE[priority])
    own, usual = sla.tiers.get(tier, {}).get(priority), sla.targets.get(priority)

    def of(kind: ClockKind) -> timedelta | None:
        found = (getattr(targets, kind.value) for targets in (own, usual) if targets is not None)
        return next((target for target in found if target is not None), None)

    return Targets(
        first_response=of(ClockKind.FIRST_RESPONSE) or derived,
        next_response=of(ClockKind.NEXT_RESPONSE) or derived,
        resolution=of(ClockKind.RESOLUTION),
    )


def _to_ms(span: timedelta) -> timedelta:
    return max(span // _MS, 1) * _MS


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: ``worked`` is the working time that had passed at ``since_at``; standing still it has no such instant.

    ``counts_from_at`` is when it was first started.
    """

    kind: ClockKind
    counts_from_at: datetime
    target: timedelta
    worked: timedelta = timedelta()
    since_at: datetime | None = None

    def due_at(self, calendar: WorkCalendar) -> datetime | None:
        """Return when the target has passed if it runs on, ``None`` while it stands still."""
        return self.reaches_at(self.target, calendar)

    def reaches_at(self, span: timedelta, calendar: WorkCalendar) -> datetime | None:
        """Return when ``span`` of working time has passed on it; ``since_at`` when it had before that."""
        return None if self.since_at is None else calendar.add(self.since_at, span - self.worked)

    def passed(self, at: datetime, calendar: WorkCalendar) -> timedelta:
        """Return the working time that has passed on it at ``at``, pauses left out."""
        return self.worked if self.since_at is None else self.worked + calendar.between(self.since_at, at)


def start(kind: ClockKind, at: datetime, target: timedelta) -> Clock:
    """Return a clock that begins to run at ``at``."""
    return Clock(kind, at, target, since_at=at)


def pause(clock: Clock, at: datetime, calendar: WorkCalendar) -> Clock:
    """Return the clock standing still since ``at``; one that stands still already is not changed."""
    return replace(clock, worked=clock.passed(at, calendar), since_at=None) if clock.since_at is not None else clock


def resume(clock: Clock, at: datetime) -> Clock:
    """Return the clock running on from ``at``; one that runs already is not changed."""
    return replace(clock, since_at=at) if clock.since_at is None else clock


@dataclass(frozen=True, slots=True)
class Met:
    """How a clock ended: in time or not, after how much working time."""

    clock: Clock
    ended_at: datetime
    due_at: datetime
    worked: timedelta

    @property
    def kept(self) -> bool:
        """Whether the target was kept."""
        return self.worked <= self.clock.target


def meet(clock: Clock, at: datetime, calendar: WorkCalendar) -> Met:
    """End a clock at ``at``. Of one that stood still the due time is where it would have been, going on from ``at``."""
    due = clock.due_at(calendar) or calendar.add(at, clock.target - clock.worked)
    return Met(clock, at, due, clock.passed(at, calendar))


def told_of(kind: ClockKind, what: Told) -> str:
    """Return the word under which it is kept that staff were told."""
    return f"{kind}:{what}"


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be told of a clock, and when."""

    at: datetime
    kind: ClockKind
    what: Told
    due_at: datetime


def looks_at(clocks: Sequence[Clock], told: Sequence[str], calendar: WorkCalendar, *, warn_at: float) -> list[Look]:
    """Return what is still to be told of running clocks, soonest first.

    A warning when the share ``warn_at`` of the working time has passed, a breach when all of it has. After the
    breach of a clock there is nothing more to tell of it.
    """
    found = []
    for clock in clocks:
        due = clock.due_at(calendar)
        if due is None or told_of(clock.kind, Told.BREACHED) in told:
            continue
        found.append(Look(due, clock.kind, Told.BREACHED, due))
        warned = clock.reaches_at(_to_ms(clock.target * warn_at), calendar)
        if told_of(clock.kind, Told.WARNED) not in told and warned is not None and warned < due:
            found.append(Look(warned, clock.kind, Told.WARNED, due))
    return sorted(found, key=lambda look: (look.at, look.kind))


def clocks_of(case: Case) -> dict[ClockKind, Clock]:
    """Return the clocks of a case as they are kept with it."""
    return clocks_in(case.sla_clocks)


def clocks_in(form: Mapping[str, Any]) -> dict[ClockKind, Clock]:
    """Return the clocks that :func:`kept_form` has written down."""
    return {kind: _read(kind, form[kind.value]) for kind in ClockKind if kind.value in form}


def _read(kind: ClockKind, kept: Mapping[str, Any]) -> Clock:
    since = kept["since_ms"]
    return Clock(
        kind,
        from_ms(kept["from_ms"]),
        kept["target_ms"] * _MS,
        kept["worked_ms"] * _MS,
        from_ms(since) if since is not None else None,
    )


def kept_form(clocks: Mapping[ClockKind, Clock]) -> dict[str, dict[str, int | None]]:
    """Return clocks as they are kept with a case: instants and spans in milliseconds."""
    return {
        kind.value: {
            "from_ms": to_ms(clock.counts_from_at),
            "target_ms": clock.target // _MS,
            "worked_ms": clock.worked // _MS,
            "since_ms": to_ms(clock.since_at) if clock.since_at is not None else None,
        }
        for kind, clock in clocks.items()
    }


def to_full_minute(at: datetime) -> datetime:
    """Return the first full minute at or after ``at``: what is said as 14:30 is meant as 14:30:00."""
    full = at.replace(second=0, microsecond=0)
    return full if full == at else full + timedelta(minutes=1)
