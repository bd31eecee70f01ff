"""The segments that are saved under a name."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from storage.database import Tx
from storage.tables import segments


@dataclass(frozen=True, slots=True)
class SavedSegment:
    """A segment kept under a name, as its canonical expression."""

    id: int
    name: str
    expression: str
    created_at: datetime
    changed_at: datetime


_SAVED = tuple(segments.c[name] for name in SavedSegment.__slots__)


async def list_saved(tx: Tx) -> list[SavedSegment]:
    """Return all saved segments by name."""
    return [SavedSegment(*row) for row in await tx.execute(select(*_SAVED).order_by(segments.c.name))]


async def get_saved(tx: Tx, name: str) -> SavedSegment | None:
    """Return the segment saved under a name."""
    row = (await tx.execute(select(*_SAVED).where(segments.c.name == name))).first()
    return SavedSegment(*row) if row else None


async def insert_segment(tx: Tx, *, name: str, expression: str, now: datetime) -> bool:
    """Save a segment under a new name; returns ``False`` when the name is taken."""
    values = {"name": name, "expression": expression, "created_at": now, "changed_at": now}
    insert = tx.insert(segments).values(**values).on_conflict_do_nothing(index_elements=["name"])
    return (await tx.execute(insert)).rowcount == 1


async def change_segment(tx: Tx, *, name: str, expression: str, now: datetime) -> None:
    """Give a saved segment another expression."""
    statement = update(segments).where(segments.c.name == name)
    await tx.execute(statement.values(expression=expression, changed_at=now))


async def delete_segment(tx: Tx, *, name: str) -> None:
    """Forget a saved segment."""
    await tx.execute(delete(segments).where(segments.c.name == name))
