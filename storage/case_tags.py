"""Tags of cases."""

from datetime import datetime

from sqlalchemy import delete, func, select

from storage.database import Tx
from storage.tables import case_tags


async def list_tags(tx: Tx, case_id: int) -> list[str]:
    """Return the tags of a case by name."""
    statement = select(case_tags.c.tag).where(case_tags.c.case_id == case_id).order_by(case_tags.c.tag)
    return list((await tx.execute(statement)).scalars())


async def list_common_tags(tx: Tx, *, since: datetime, limit: int) -> list[str]:
    """Return the tags put most often since an instant, the commonest first."""
    statement = (
        select(case_tags.c.tag)
        .where(case_tags.c.at >= since)
        .group_by(case_tags.c.tag)
        .order_by(func.count().desc(), case_tags.c.tag)
        .limit(limit)
    )
    return list((await tx.execute(statement)).scalars())


async def add_tag(tx: Tx, *, case_id: int, tag: str, now: datetime) -> bool:
    """Put a tag on a case; returns whether it was not there yet."""
    insert = tx.insert(case_tags).values(case_id=case_id, tag=tag, at=now)
    return (await tx.execute(insert.on_conflict_do_nothing())).rowcount == 1


async def drop_tag(tx: Tx, *, case_id: int, tag: str) -> bool:
    """Take a tag off a case; returns whether it was there."""
    statement = delete(case_tags).where(case_tags.c.case_id == case_id, case_tags.c.tag == tag)
    return (await tx.execute(statement)).rowcount == 1
