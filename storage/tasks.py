"""Tasks: inserted once a reason, found when due, changed with their row locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_, select, update

from domain.people import Actor, ActorKind
from domain.tasks import OWED, Task, TaskKind
from storage.database import Tx
from storage.tables import cases, customers, tasks

_NAMES = tuple(name for name in Task.__slots__ if name != "by")
_COLUMNS = (*(tasks.c[name] for name in _NAMES), tasks.c.by_kind, tasks.c.by_id)
_TO_DO: ColumnElement[bool] = literal_column(
    "done_at IS NULL AND cancelled_at IS NULL"
)  # as the partial indexes have it


def _task(row: Any) -> Task:
    values = {name: getattr(row, name) for name in _NAMES}
    return Task(**{**values, "kind": TaskKind(row.kind), "by": Actor(ActorKind(row.by_kind), row.by_id)})


async def insert_task(tx: Tx, *, by: Actor, kind: TaskKind, now: datetime, **values: Any) -> Task | None:
    """Insert a task; ``None`` when there was one with the same ``key`` already."""
    insert = tx.insert(tasks).values(kind=kind.value, by_kind=by.kind.value, by_id=by.id, created_at=now, **values)
    row = (await tx.execute(insert.on_conflict_do_nothing(index_elements=["key"]).returning(*_COLUMNS))).first()
    return _task(row) if row else None


async def get_task(tx: Tx, task_id: int) -> Task | None:
    """Return one task as it was committed, without a lock: its case is to be locked first."""
    row = (await tx.execute(select(*_COLUMNS).where(tasks.c.id == task_id))).first()
    return _task(row) if row else None


async def lock_task(tx: Tx, task_id: int) -> Task | None:
    """Return one task; it stays locked until the end of the transaction."""
    statement = select(*_COLUMNS).where(tasks.c.id == task_id)
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    return _task(row) if row else None


async def change_task(tx: Tx, task_id: int, **changed: Any) -> None:
    """Change columns of one task."""
    await tx.execute(update(tasks).where(tasks.c.id == task_id).values(**changed))


async def _list(tx: Tx, statement: Select[Any]) -> list[Task]:
    return [_task(row) for row in await tx.execute(statement)]


async def list_open(tx: Tx, *, owner_id: int | None = None, limit: int = 200) -> list[Task]:
    """Return open tasks, soonest first: everybody's, or those of one member of staff."""
    statement = select(*_COLUMNS).where(_TO_DO)
    if owner_id is not None:
        statement = statement.where(tasks.c.owner_id == owner_id)
    return await _list(tx, statement.order_by(tasks.c.due_at, tasks.c.id).limit(limit))


async def list_open_of_case(tx: Tx, case_id: int) -> list[Task]:
    """Return the open tasks of a case, soonest first, locked."""
    statement = select(*_COLUMNS).where(_TO_DO, tasks.c.case_id == case_id).order_by(tasks.c.id)
    found = await _list(tx, statement.with_for_update() if tx.for_update else statement)
    return sorted(found, key=lambda task: (task.due_at, task.id))


async def list_visits(tx: Tx, *, since: datetime, until: datetime) -> list[Task]:
    """Return visits due from ``since`` until just before ``until``, and open ones overdue before, soonest first."""
    statement = select(*_COLUMNS).where(
        tasks.c.kind == TaskKind.VISIT.value,
        tasks.c.cancelled_at.is_(None),
        tasks.c.due_at < until,
        or_(tasks.c.due_at >= since, tasks.c.done_at.is_(None)),
    )
    return await _list(tx, statement.order_by(tasks.c.due_at, tasks.c.id).limit(500))


async def list_to_remind(tx: Tx, *, now: datetime, limit: int) -> list[Task]:
    """Return open tasks nobody was told of yet, or not since they fell due, soonest first."""
    told = tasks.c.reminded_at
    untold = or_(told.is_(None), and_(tasks.c.due_at <= now, told < tasks.c.due_at))
    statement = select(*_COLUMNS).where(_TO_DO, untold)
    return await _list(tx, statement.order_by(tasks.c.due_at, tasks.c.id).limit(limit))


async def list_to_word(tx: Tx, *, now: datetime, limit: int) -> list[Task]:
    """Return open tasks whose customer is to hear how they stand, soonest first."""
    owed = tasks.c.kind.in_(sorted(OWED))
    statement = select(*_COLUMNS).where(_TO_DO, owed, tasks.c.word_at <= now)
    return await _list(tx, statement.order_by(tasks.c.due_at, tasks.c.id).limit(limit))


async def move_open(tx: Tx, *, from_id: int, to_id: int | None) -> list[int]:
    """Give all open tasks of one member of staff to another, or to nobody; returns their ids."""
    statement = update(tasks).where(_TO_DO, tasks.c.owner_id == from_id).values(owner_id=to_id, reminded_at=None)
    return sorted((await tx.execute(statement.returning(tasks.c.id))).scalars())


@dataclass(frozen=True, slots=True)
class Head:
    """What of a task's case and customer stands in a list, and who may see it."""

    number: int | None
    name: str
    confidential: bool
    about_member_id: int | None


async def load_heads(tx: Tx, found: Sequence[Task]) -> dict[int, Head]:
    """Return by task what is known of its case and customer, without locking them."""
    who = func.coalesce(tasks.c.customer_id, cases.c.customer_id)
    statement = (
        select(tasks.c.id, cases.c.number, customers.c.name, cases.c.confidential, cases.c.about_member_id)
        .select_from(tasks.outerjoin(cases, cases.c.id == tasks.c.case_id).outerjoin(customers, customers.c.id == who))
        .where(tasks.c.id.in_(bindparam("ids", expanding=True)))
    )
    rows = await tx.execute(statement, {"ids": [task.id for task in found]})
    return {row.id: Head(row.number, row.name or "", bool(row.confidential), row.about_member_id) for row in rows}
