"""Reading what is kept about one person, part by part, to be handed to them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from storage.database import Tx
from storage.mydata_parts import PARTS
from storage.mydata_rows import Ids, Part, said
from storage.tables import files, interactions, jobs


async def stream_part(tx: Tx, part: Part, ids: Ids) -> AsyncIterator[dict[str, Any]]:
    """Yield the rows of one part, a few at a time; empty values are left out."""
    await tx.flush()
    async with tx.connection.stream(part.query(ids)) as rows:
        async for row in rows:
            yield {name: value for name, value in row._mapping.items() if value not in (None, [], {})}


async def count_rows(tx: Tx, ids: Ids, names: Sequence[str]) -> dict[str, int]:
    """Return how many rows these parts hold."""
    wanted = [part for part in PARTS if part.name in names]
    counts = (select(func.count()).select_from(part.query(ids).order_by(None).subquery()) for part in wanted)
    row = (await tx.execute(select(*(count.scalar_subquery() for count in counts)))).one()
    return {part.name: number for part, number in zip(wanted, row, strict=True)}


async def count_notes(tx: Tx, ids: Ids) -> int:
    """Return how many notes staff wrote to each other in this person's cases."""
    notes = select(func.count()).where(said(ids), interactions.c.visibility != "customer")
    return int((await tx.execute(notes.select_from(interactions))).scalar_one())


async def last_wanted_at(tx: Tx, ids: Ids) -> datetime | None:
    """Return when this person's file was last asked for; one that could not be made does not count."""
    failed = select(jobs.c.ref).where(jobs.c.kind == "make_file", jobs.c.state == "failed", jobs.c.ref == files.c.id)
    asked = files.c.customer_id.in_(ids) & (files.c.kind == "mydata")
    statement = select(files.c.wanted_at).where(asked, ~failed.exists()).order_by(files.c.wanted_at.desc()).limit(1)
    at: datetime | None = (await tx.execute(statement)).scalar_one_or_none()
    return at
