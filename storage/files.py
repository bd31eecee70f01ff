"""Files the business makes and sends: wanted in one transaction, made outside of any, kept until they were sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, null, select, update

from storage.database import Tx
from storage.tables import files, jobs, rewards


@dataclass(frozen=True, slots=True)
class FileRow:
    """A wanted file without its bytes; ``recipe`` says what it is made from and where it goes, until it is emptied."""

    id: int
    customer_id: int | None
    kind: str
    recipe: dict[str, Any] | None
    name: str
    mime: str


_COLUMNS = tuple(files.c[name] for name in FileRow.__slots__)


async def insert_file(
    tx: Tx,
    *,
    customer_id: int | None,
    kind: str,
    recipe: dict[str, Any],
    name: str,
    mime: str,
    dedupe_key: str,
    now: datetime,
) -> tuple[int, bool]:
    """Keep the wish for a file; returns its id, and whether the wish under ``dedupe_key`` is a new one."""
    insert = tx.insert(files).values(
        customer_id=customer_id,
        kind=kind,
        recipe=recipe,
        name=name,
        mime=mime,
        dedupe_key=dedupe_key,
        wanted_at=now,
    )
    insert = insert.on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(files.c.id)
    made = (await tx.execute(insert)).scalar_one_or_none()
    if made is not None:
        return int(made), True
    known = await tx.execute(select(files.c.id).where(files.c.dedupe_key == dedupe_key))
    return int(known.scalar_one()), False


async def get_file(tx: Tx, file_id: int) -> FileRow | None:
    """Return one wanted file."""
    row = (await tx.execute(select(*_COLUMNS).where(files.c.id == file_id))).first()
    return FileRow(*row) if row else None


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made."""

    name: str
    mime: str
    content: bytes


async def get_made(tx: Tx, file_id: int) -> Made | None:
    """Return a file with its bytes, while they are kept."""
    wanted = select(files.c.name, files.c.mime, files.c.content).where(files.c.id == file_id)
    row = (await tx.execute(wanted)).first()
    return Made(row.name, row.mime, bytes(row.content)) if row is not None and row.content is not None else None


async def keep_content(tx: Tx, file_id: int, content: bytes) -> None:
    """Keep the bytes of a file that was made."""
    await tx.execute(update(files).where(files.c.id == file_id).values(content=content))


async def end_open_job(tx: Tx, job_id: int, *, state: str, error: str | None = None) -> bool:
    """End a job that is still open; returns whether it was, so that what follows from its end follows once."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state == "open").values(state=state, error=error)
    return (await tx.execute(statement)).rowcount == 1


def _is_picture_of_reward() -> ColumnElement[bool]:
    return exists().where(rewards.c.picture_id == files.c.id)


async def empty_files(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget the bytes and recipes of files wanted before ``before``; pictures of rewards stay. Returns how many."""
    old = (files.c.recipe.is_not(None), files.c.wanted_at < before, ~_is_picture_of_reward())
    ids = select(files.c.id).where(*old).order_by(files.c.wanted_at).limit(limit)
    if tx.for_update:
        ids = ids.with_for_update(skip_locked=True)
    statement = update(files).where(files.c.id.in_(ids.scalar_subquery())).values(content=None, recipe=null())
    return (await tx.execute(statement)).rowcount
