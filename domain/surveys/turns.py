"""Whose turn it is of the surveys that wait for one person, and what holds the first of them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WAIT = timedelta(minutes=1)
"""So long the others of one person wait when the first of them went out."""


class WhyNot(StrEnum):
    """Why a survey is not asked, beside what holds every unasked message."""

    OFF = "off"
    STOPPED = "stopped"
    ASKED = "asked"
    ANSWERED = "answered"
    SPOKEN = "spoken"
    CADENCE = "cadence"
    NOT_SAMPLED = "not_sampled"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One asking that is due; ``cadence`` is how long its survey is not asked again."""

    id: int
    due_at: datetime
    late_after_at: datetime
    cadence: timedelta | None = None
    reminder: bool = False


def in_turn(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Return one person's due askings in the order in which they are judged.

    A reminder goes first, since it costs the person nothing new; then the survey that comes round most rarely, so that
    frequent ones do not use up the contact budget before it; then what was due first.
    """
    return sorted(
        waiting, key=lambda one: (not one.reminder, -(one.cadence or timedelta()).total_seconds(), one.due_at, one.id)
    )


def put_off(other: Waiting, *, now: datetime, first_until: datetime | None) -> datetime:
    """Return when an asking that is not the first is asked about again.

    ``first_until`` is until when the first is held, ``None`` when it is settled. Nothing is put off beyond its own end.
    """
    again_at = max(now + WAIT, first_until or now)
    return min(again_at, other.late_after_at)


@dataclass(frozen=True, slots=True)
class Asked:
    """When a person was last asked this survey, and last any survey that is not about a case."""

    this_at: datetime | None = None
    any_at: datetime | None = None


def is_within_cadence(asked: Asked, cadence: timedelta | None, now: datetime) -> bool:
    """Return whether a survey was asked so recently that this person is not asked it again."""
    return cadence is not None and asked.this_at is not None and now < asked.this_at + cadence


def rests_until(asked: Asked, rest: timedelta, now: datetime) -> datetime | None:
    """Return until when a person is left in peace after their last survey, ``None`` when that is over."""
    if asked.any_at is None or now >= asked.any_at + rest:
        return None
    return asked.any_at + rest
