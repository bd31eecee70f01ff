"""Whom unasked messages are planned for: people on record and in touch, whose record is not just being merged."""

from sqlalchemy import ColumnElement, exists, func, select

from storage.database import Tx
from storage.tables import contact_points, customers


def in_touch(bot_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a customer who can be planned for: on record, with a contact point of this bot."""
    point = exists().where(contact_points.c.customer_id == customers.c.id, contact_points.c.bot_id == bot_id)
    return customers.c.erased_at.is_(None), customers.c.merged_into.is_(None), point


async def hold_records(tx: Tx, *whose: ColumnElement[bool]) -> None:
    """Let no record be merged before the end of this transaction; whoever is merging some is waited for first.

    Rows that refer to a record wait for such a one, too, but only once they are written: each of the two would then
    wait for the other, where rows of the record that goes move to the one that stays.
    """
    if tx.for_update:
        his = select(customers.c.id).where(*whose).order_by(customers.c.id)
        held = his.with_for_update(read=True, key_share=True).subquery()
        await tx.execute(select(func.count()).select_from(held))
