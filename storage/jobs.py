"""Jobs: slow work noted in the transaction that caused it, done outside of any."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, literal_column, select, update

from storage.database import Tx
from storage.tables import jobs, media

_OPEN: ColumnElement[str] = literal_column("'open'")


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of slow work about the row ``ref``."""

    id: int
    kind: str
    ref: int
    attempts: int


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file as the database knows it."""

    id: int
    file_id: str
    size: int | None
    state: str
    sha256: str | None


async def insert_job(tx: Tx, *, kind: str, ref: int, due_at: datetime) -> None:
    """Note a job unless the same one is noted already."""
    statement = tx.insert(jobs).values(kind=kind, ref=ref, due_at=due_at)
    await tx.execute(statement.on_conflict_do_nothing(index_elements=["kind", "ref"]))


_DUE = select(jobs.c.id).where(jobs.c.state == _OPEN, jobs.c.due_at <= bindparam("now")).limit(1)


async def is_any_due(tx: Tx, *, now: datetime) -> bool:
    """Return whether a job waits to be claimed."""
    return (await tx.execute(_DUE, {"now": now})).first() is not None


async def claim_jobs(tx: Tx, *, now: datetime, lease_until_at: datetime, limit: int) -> list[Job]:
    """Claim due jobs until ``lease_until_at``, counting a try for each."""
    due = select(jobs.c.id).where(jobs.c.state == _OPEN, jobs.c.due_at <= now).order_by(jobs.c.due_at).limit(limit)
    if tx.for_update:
        due = due.with_for_update(skip_locked=True)
    statement = (
        update(jobs)
        .where(jobs.c.id.in_(due.scalar_subquery()))
        .values(due_at=lease_until_at, attempts=jobs.c.attempts + 1)
        .returning(jobs.c.id, jobs.c.kind, jobs.c.ref, jobs.c.attempts)
    )
    return [Job(*row) for row in await tx.execute(statement)]


async def finish_job(tx: Tx, job_id: int, *, state: str, error: str | None = None) -> None:
    """Record a job's end: ``done`` or ``failed``."""
    await tx.execute(update(jobs).where(jobs.c.id == job_id).values(state=state, error=error))


async def retry_job(tx: Tx, job_id: int, *, due_at: datetime, error: str) -> None:
    """Let a job be tried again at ``due_at``."""
    await tx.execute(update(jobs).where(jobs.c.id == job_id).values(due_at=due_at, error=error))


async def get_media(tx: Tx, media_id: int) -> MediaRow | None:
    """Return one file's row."""
    columns = [media.c[name] for name in MediaRow.__slots__]
    row = (await tx.execute(select(*columns).where(media.c.id == media_id))).first()
    return MediaRow(*row) if row else None


async def set_media_state(
    tx: Tx, media_id: int, *, state: str, sha256: str | None = None, size: int | None = None
) -> None:
    """Record what became of a file's bytes."""
    values: dict[str, object] = {"state": state, "sha256": sha256}
    if size is not None:
        values["size"] = size
    await tx.execute(update(media).where(media.c.id == media_id).values(**values))
