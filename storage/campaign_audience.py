"""Whom a campaign is for now, walked through in slices."""

from sqlalchemy import Select, select

from storage.database import Tx
from storage.planned_for import in_touch
from storage.tables import customers


def _meant(members: Select[tuple[int]] | None, bot_id: int) -> Select[tuple[int]]:
    found = select(customers.c.id).where(*in_touch(bot_id))
    return found if members is None else found.where(customers.c.id.in_(members))


async def list_audience(
    tx: Tx, members: Select[tuple[int]] | None, *, bot_id: int, after_id: int, limit: int
) -> list[int]:
    """Return the next people in the order of their ids, after one of them."""
    found = _meant(members, bot_id).where(customers.c.id > after_id).order_by(customers.c.id).limit(limit)
    return list((await tx.execute(found)).scalars())
