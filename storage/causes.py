"""Causes of complaints: named at cases, owned by somebody, acted on, and told to those who complained."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update

from storage.database import Tx
from storage.tables import cases, causes, customers


@dataclass(frozen=True, slots=True)
class Cause:
    """Why customers complain. ``due_on`` is an ISO 8601 date in the business's zone; ``note`` says what has changed."""

    id: int
    name: str
    owner_id: int | None
    action: str
    due_on: str | None
    note: str | None
    changed_at: datetime | None
    created_at: datetime


_COLUMNS = tuple(causes.c[name] for name in Cause.__slots__)


def _cause(row: Any) -> Cause:
    return Cause(*row)


async def get_cause(tx: Tx, cause_id: int) -> Cause | None:
    """Return one cause; in a writing transaction it stays locked until the end."""
    statement = select(*_COLUMNS).where(causes.c.id == cause_id)
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    return _cause(row) if row else None


async def find_cause(tx: Tx, name: str) -> Cause | None:
    """Return the cause of this name, whatever its capital letters."""
    row = (await tx.execute(select(*_COLUMNS).where(func.lower(causes.c.name) == name.lower()))).first()
    return _cause(row) if row else None


async def add_cause(tx: Tx, *, name: str, now: datetime) -> Cause:
    """Insert a cause, or return the one that has this name already."""
    insert = tx.insert(causes).values(name=name, created_at=now)
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["name"]))
    row = (await tx.execute(select(*_COLUMNS).where(causes.c.name == name))).one()
    return _cause(row)


async def change_cause(tx: Tx, cause_id: int, **changed: Any) -> None:
    """Change columns of a cause."""
    await tx.execute(update(causes).where(causes.c.id == cause_id).values(**changed))


@dataclass(frozen=True, slots=True)
class Standing:
    """A cause with how many cases named it since an instant, and how many of them still need an answer."""

    cause: Cause
    count: int
    live: int


async def list_causes(tx: Tx, *, since_at: datetime, limit: int) -> list[Standing]:
    """Return the causes of cases opened since ``since_at``, most frequent first; those not confidential count."""
    count = func.count(cases.c.id)
    live = func.count(cases.c.id).filter(cases.c.closed_at.is_(None))
    named = and_(cases.c.cause_id == causes.c.id, cases.c.opened_at >= since_at, cases.c.confidential.is_(False))
    statement = (
        select(*_COLUMNS, count, live)
        .select_from(causes.outerjoin(cases, named))
        .group_by(*_COLUMNS)
        .order_by(count.desc(), causes.c.id)
        .limit(limit)
    )
    return [Standing(Cause(*row[:-2]), row[-2], row[-1]) for row in await tx.execute(statement)]


async def list_complainers(tx: Tx, cause_id: int) -> list[tuple[int, str | None]]:
    """Return whom a cause's cases are of, each once, with their zone; the forgotten and merged are left out."""
    statement = (
        select(customers.c.id, customers.c.zone)
        .join(cases, cases.c.customer_id == customers.c.id)
        .where(cases.c.cause_id == cause_id, customers.c.erased_at.is_(None), customers.c.merged_into.is_(None))
        .distinct()
        .order_by(customers.c.id)
    )
    return [(row.id, row.zone) for row in await tx.execute(statement)]


async def get_causes(tx: Tx, ids: Sequence[int]) -> dict[int, Cause]:
    """Return causes by their ids."""
    rows = await tx.execute(select(*_COLUMNS).where(causes.c.id.in_(list(ids))))
    return {row.id: _cause(row) for row in rows}
