"""Tasks: what a member of staff is to do by when, such as a promise made to a customer."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from domain.people import Actor


class TaskKind(StrEnum):
    """What kind of thing is to be done."""

    PROMISE = "promise"
    CHECK_BACK = "check_back"
    CALL_BACK = "call_back"
    VISIT = "visit"
    RHYTHM = "rhythm"
    OTHER = "other"


OWED = frozenset({TaskKind.PROMISE, TaskKind.CALL_BACK})
"""What a customer was given a time for, and hears of before that time passes."""

NEEDS_OUTCOME = frozenset({TaskKind.PROMISE, TaskKind.CALL_BACK, TaskKind.VISIT})
"""What is not done before somebody has said what came of it."""

_LEAST_WEIGHT = 4
_WIDE = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``word_at`` is when its customer hears how it stands, ``reminded_at`` when people were last told.

    ``why`` are the figures behind it; nobody's task has no ``owner_id``.
    """

    id: int
    kind: TaskKind
    by: Actor
    created_at: datetime
    due_at: datetime
    customer_id: int | None = None
    case_id: int | None = None
    owner_id: int | None = None
    text: str = ""
    why: dict[str, Any] | None = None
    key: str | None = None
    word_at: datetime | None = None
    reminded_at: datetime | None = None
    done_at: datetime | None = None
    done_by: int | None = None
    outcome: str | None = None
    cancelled_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.done_at is None and self.cancelled_at is None

    def overdue(self, now: datetime) -> bool:
        """Return whether it should have been done by ``now``."""
        return self.open and self.due_at <= now


def says_something(outcome: str) -> bool:
    """Return whether an outcome is more than a sign put there to be done with it: four letters, or two Chinese ones."""
    letters = [sign for sign in outcome if unicodedata.category(sign)[0] in "LN"]
    weight = sum(2 if unicodedata.east_asian_width(sign) in _WIDE else 1 for sign in letters)
    return weight >= _LEAST_WEIGHT and len(set(letters)) > 1


class WorkTime(Protocol):
    """When staff work, as far as tasks must know."""

    def next_opening(self, at: datetime) -> datetime | None:
        """Return ``at`` while staff work, else when they begin again."""
        ...

    def add(self, at: datetime, span: timedelta) -> datetime:
        """Return the instant by which ``span`` of working time has passed since ``at``."""
        ...

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from ``start`` to ``end``."""
        ...


def word_before(due_at: datetime, *, now: datetime, reminder: timedelta) -> datetime | None:
    """Return when a customer hears of a promise for ``due_at`` that is not kept yet: in its last quarter at the most.

    ``None`` when the promise is so short that there is no time to say anything before it passes.
    """
    left = due_at - now
    word_at = due_at - min(reminder / 3, left / 4)
    return word_at if due_at - word_at >= timedelta(minutes=1) else None


def same_day_by(now: datetime, *, work: WorkTime, zone: ZoneInfo, within: timedelta, least: timedelta) -> datetime:
    """Return by when on the same working day somebody gets in touch: ``within`` working time, at its end at the latest.

    When less than ``least`` of the day is left, it is the next one.
    """
    start = work.next_opening(now) or now
    for _ in range(2):
        midnight = _next_midnight(start, zone)
        left = work.between(start, midnight)
        if left >= least:
            return work.add(start, min(within, left))
        start = work.next_opening(midnight) or midnight
    return work.add(start, within)


def _next_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    day = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
