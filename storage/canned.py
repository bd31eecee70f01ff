"""Ready answers, kept by name; removed ones stay, so that a seed does not bring them back."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.canned import Canned, MacroEvent
from storage.database import Tx
from storage.tables import canned_answers

_COLUMNS = tuple(canned_answers.c[name] for name in Canned.__slots__)


def _canned(row: Any) -> Canned:
    values = dict(row._mapping)
    return Canned(**{**values, "texts": dict(row.texts), "event": MacroEvent(row.event) if row.event else None})


async def list_canned(tx: Tx, *, limit: int) -> list[Canned]:
    """Return the ready answers in use, by name."""
    statement = select(*_COLUMNS).where(canned_answers.c.active)
    return [_canned(row) for row in await tx.execute(statement.order_by(canned_answers.c.name).limit(limit))]


async def get_canned(tx: Tx, canned_id: int) -> Canned | None:
    """Return one ready answer, in use or not; in a writing transaction it stays locked."""
    return await _first(tx, select(*_COLUMNS).where(canned_answers.c.id == canned_id))


async def get_by_name(tx: Tx, name: str) -> Canned | None:
    """Return the ready answer of a name, in use or not; in a writing transaction it stays locked."""
    return await _first(tx, select(*_COLUMNS).where(canned_answers.c.name == name))


async def _first(tx: Tx, statement: Any) -> Canned | None:
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    return _canned(row) if row else None


async def has_any(tx: Tx) -> bool:
    """Return whether there ever was a ready answer."""
    return (await tx.execute(select(canned_answers.c.id).limit(1))).first() is not None


async def insert_canned(
    tx: Tx,
    *,
    name: str,
    texts: dict[str, str],
    words: str = "",
    event: str | None = None,
    tag: str | None = None,
    now: datetime,
) -> int | None:
    """Insert a ready answer; ``None`` when there ever was one of this name."""
    insert = tx.insert(canned_answers).values(
        name=name, texts=texts, words=words, event=event, tag=tag, active=True, changed_at=now
    )
    insert = insert.on_conflict_do_nothing(index_elements=["name"]).returning(canned_answers.c.id)
    return (await tx.execute(insert)).scalar()


async def change_canned(tx: Tx, canned_id: int, *, now: datetime, **changed: Any) -> None:
    """Change columns of a ready answer."""
    statement = update(canned_answers).where(canned_answers.c.id == canned_id)
    await tx.execute(statement.values(changed_at=now, **changed))
