"""The desk's figures over a span of time: clocks kept and missed, cases opened and ended, escalations, scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from domain.ladder import Cause, Ending
from storage.database import Tx
from storage.tables import audit, cases, escalations, sla_results, survey_responses


@dataclass(frozen=True, slots=True)
class ClockFigures:
    """What became of one kind of clock: how many were kept and missed, and the working seconds each took."""

    kind: str
    kept: int
    missed: int
    worked_s: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """What one member of staff did: cases taken or given, called solved, clocks kept and missed, scores."""

    member_id: int
    resolved: int = 0
    kept: int = 0
    missed: int = 0
    scores: tuple[int, ...] = ()


async def count_opened(tx: Tx, since_at: datetime, until_at: datetime) -> int:
    """Return how many cases were opened in the span."""
    opened = and_(cases.c.opened_at >= since_at, cases.c.opened_at < until_at)
    return int((await tx.execute(select(func.count()).select_from(cases).where(opened))).scalar_one())


async def count_actions(tx: Tx, since_at: datetime, until_at: datetime) -> dict[str, int]:
    """Return how often each thing was done to cases in the span, by the audit's name of it."""
    statement = (
        select(audit.c.action, func.count())
        .where(audit.c.subject_kind == "case", audit.c.at >= since_at, audit.c.at < until_at)
        .group_by(audit.c.action)
    )
    return {name: count for name, count in await tx.execute(statement)}  # noqa: C416  (a row is no pair to dict)


async def count_ended(tx: Tx, since_at: datetime, until_at: datetime) -> dict[str, int]:
    """Return how many cases were closed in the span, by how they ended."""
    closed = and_(cases.c.closed_at >= since_at, cases.c.closed_at < until_at)
    statement = select(cases.c.ended_as, func.count()).where(closed).group_by(cases.c.ended_as)
    return {ended_as or "solved": count for ended_as, count in await tx.execute(statement)}


async def list_clocks(tx: Tx, since_at: datetime, until_at: datetime) -> list[ClockFigures]:
    """Return the clocks that ended in the span, by kind in the order of their names."""
    statement = (
        select(sla_results.c.kind, sla_results.c.kept, sla_results.c.worked_s)
        .where(sla_results.c.ended_at >= since_at, sla_results.c.ended_at < until_at)
        .order_by(sla_results.c.kind, sla_results.c.worked_s)
    )
    found: dict[str, list[tuple[bool, int]]] = {}
    for kind, kept, worked_s in await tx.execute(statement):
        found.setdefault(kind, []).append((kept, worked_s))
    return [
        ClockFigures(
            kind,
            kept=sum(kept for kept, _ in ends),
            missed=sum(not kept for kept, _ in ends),
            worked_s=tuple(worked_s for _, worked_s in ends),
        )
        for kind, ends in found.items()
    ]


async def count_escalations(tx: Tx, since_at: datetime, until_at: datetime) -> dict[tuple[int, str], int]:
    """Return how many rungs were climbed in the span, by the level and the cause; warnings are none."""
    climbed = and_(
        escalations.c.cause != Cause.WARNING.value,
        or_(escalations.c.ended_as.is_(None), escalations.c.ended_as != Ending.JOINED.value),
    )
    statement = (
        select(escalations.c.level, escalations.c.cause, func.count())
        .where(escalations.c.at >= since_at, escalations.c.at < until_at, climbed)
        .group_by(escalations.c.level, escalations.c.cause)
    )
    return {(level, cause): count for level, cause, count in await tx.execute(statement)}


@dataclass(frozen=True, slots=True)
class MemberScore:
    """A score credited to a member of staff, and by which version of which survey it was given."""

    member_id: int
    survey: str
    version: int
    score: int


async def list_scores(tx: Tx, since_at: datetime, until_at: datetime) -> list[MemberScore]:
    """Return the scores credited to members of staff that were given in the span, in the order of their responses."""
    statement = (
        select(
            survey_responses.c.member_id,
            survey_responses.c.survey,
            survey_responses.c.version,
            survey_responses.c.score,
        )
        .where(
            survey_responses.c.score.is_not(None),
            survey_responses.c.member_id.is_not(None),
            survey_responses.c.answered_at >= since_at,
            survey_responses.c.answered_at < until_at,
        )
        .order_by(survey_responses.c.id)
    )
    return [MemberScore(*row) for row in await tx.execute(statement)]


async def list_members(
    tx: Tx, since_at: datetime, until_at: datetime, *, scored: Sequence[MemberScore]
) -> list[MemberFigures]:
    """Return what each member of staff did in the span, by id, with what of ``scored`` is theirs."""
    resolved = (
        select(audit.c.actor_id, func.count())
        .where(
            audit.c.subject_kind == "case",
            audit.c.action == "case.resolve",
            audit.c.actor_kind == "staff",
            audit.c.at >= since_at,
            audit.c.at < until_at,
        )
        .group_by(audit.c.actor_id)
    )
    solved = {name: count for name, count in await tx.execute(resolved)}  # noqa: C416  (a row is no pair to dict)
    clocks = (
        select(sla_results.c.member_id, sla_results.c.kept, func.count())
        .where(
            sla_results.c.ended_at >= since_at, sla_results.c.ended_at < until_at, sla_results.c.member_id.is_not(None)
        )
        .group_by(sla_results.c.member_id, sla_results.c.kept)
    )
    ends = {(member_id, kept): count for member_id, kept, count in await tx.execute(clocks)}
    scores: dict[int, list[int]] = {}
    for one in scored:
        scores.setdefault(one.member_id, []).append(one.score)
    members = sorted({*solved, *scores, *(member_id for member_id, _ in ends)})
    return [
        MemberFigures(
            member_id,
            resolved=solved.get(member_id, 0),
            kept=ends.get((member_id, True), 0),
            missed=ends.get((member_id, False), 0),
            scores=tuple(scores.get(member_id, ())),
        )
        for member_id in members
    ]
