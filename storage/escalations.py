"""Escalations: one row a rung. Of a case at most one is open, which the database itself holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.ladder import Cause, Ending, Escalation
from domain.people import Actor, ActorKind
from storage.database import Tx
from storage.tables import escalations, outbox


def _escalation(row: Any) -> Escalation:
    return Escalation(
        row.id,
        row.case_id,
        row.level,
        Cause(row.cause),
        row.reason,
        Actor(ActorKind(row.by_kind), row.by_id),
        row.at,
        tuple(row.told),
        row.answer_due_at,
        row.repeats,
        row.taken_by,
        row.ended_at,
        Ending(row.ended_as) if row.ended_as else None,
    )


async def insert_escalation(
    tx: Tx,
    *,
    case_id: int,
    level: int,
    cause: Cause,
    reason: str,
    by: Actor,
    at: datetime,
    told: Sequence[int],
    answer_due_at: datetime | None = None,
    ended_at: datetime | None = None,
    ended_as: Ending | None = None,
) -> Escalation:
    """Insert a rung. Raises ``IntegrityError`` for a second open one of a case, which its lock keeps from happening."""
    statement = tx.insert(escalations).values(
        case_id=case_id,
        level=level,
        cause=cause.value,
        reason=reason,
        by_kind=by.kind.value,
        by_id=by.id,
        at=at,
        told=list(told),
        answer_due_at=answer_due_at,
        ended_at=ended_at,
        ended_as=ended_as.value if ended_as else None,
    )
    return _escalation((await tx.execute(statement.returning(escalations))).one())


async def get_escalation(tx: Tx, escalation_id: int) -> Escalation | None:
    """Return one rung."""
    row = (await tx.execute(select(escalations).where(escalations.c.id == escalation_id))).first()
    return _escalation(row) if row else None


async def get_open(tx: Tx, case_id: int) -> Escalation | None:
    """Return the rung of a case on which somebody is waited for."""
    statement = select(escalations).where(escalations.c.case_id == case_id, escalations.c.ended_at.is_(None))
    row = (await tx.execute(statement)).first()
    return _escalation(row) if row else None


async def list_of_case(tx: Tx, case_id: int) -> list[Escalation]:
    """Return all rungs of a case, oldest first."""
    statement = select(escalations).where(escalations.c.case_id == case_id).order_by(escalations.c.id)
    return [_escalation(row) for row in await tx.execute(statement)]


async def list_due(tx: Tx, *, now: datetime, limit: int) -> list[Escalation]:
    """Return the open rungs on which somebody should have answered by ``now``, the longest overdue first."""
    statement = (
        select(escalations)
        .where(escalations.c.answer_due_at.is_not(None), escalations.c.ended_at.is_(None))
        .where(escalations.c.answer_due_at <= now)
        .order_by(escalations.c.answer_due_at, escalations.c.id)
        .limit(limit)
    )
    return [_escalation(row) for row in await tx.execute(statement)]


async def end(tx: Tx, escalation_id: int, *, ending: Ending, now: datetime, taken_by: int | None = None) -> bool:
    """End a rung that is still open; returns whether it was, so that of two who try at once one does."""
    statement = update(escalations).where(escalations.c.id == escalation_id, escalations.c.ended_at.is_(None))
    values = {"ended_at": now, "ended_as": ending.value, "taken_by": taken_by, "answer_due_at": None}
    return (await tx.execute(statement.values(**values))).rowcount == 1


async def repeat(tx: Tx, rung: Escalation, *, told: Sequence[int], answer_due_at: datetime) -> bool:
    """Count one more repeat of an open rung; returns whether nobody else has counted it or ended the rung."""
    statement = update(escalations).where(
        escalations.c.id == rung.id, escalations.c.ended_at.is_(None), escalations.c.repeats == rung.repeats
    )
    values = {"repeats": rung.repeats + 1, "told": list(told), "answer_due_at": answer_due_at}
    return (await tx.execute(statement.values(**values))).rowcount == 1


@dataclass(frozen=True, slots=True)
class Copy:
    """A message that asks somebody to take an escalation: still to be sent, or standing in a chat."""

    row_id: int
    key: str
    state: str
    message_id: int | None


async def list_copies(tx: Tx, keys: Sequence[str]) -> list[Copy]:
    """Return the messages queued under these keys."""
    columns = (outbox.c.id, outbox.c.dedupe_key, outbox.c.state, outbox.c.message_id)
    statement = select(*columns).where(outbox.c.dedupe_key.in_(list(keys))).order_by(outbox.c.id)
    return [Copy(*row) for row in await tx.execute(statement.with_for_update() if tx.for_update else statement)]
