"""How much somebody has written of late."""

from datetime import datetime

from sqlalchemy import bindparam, func, select

from domain.interactions import Kind
from domain.people import ActorKind
from storage.database import Tx
from storage.tables import interactions

_NO_MESSAGES = [kind.value for kind in (Kind.TAP, Kind.REACTION, Kind.MEMBERSHIP)]
_NEWEST = (
    select(
        interactions.c.id,
        interactions.c.at,
        interactions.c.author_kind,
        interactions.c.kind,
        interactions.c.media_group_id,
        interactions.c.version_of,
    )
    .where(interactions.c.customer_id == bindparam("customer_id"))
    .order_by(interactions.c.id.desc())
    .limit(bindparam("limit"))
    .subquery()
)
_RECENT = select(
    func.count(_NEWEST.c.media_group_id.distinct()) + func.count().filter(_NEWEST.c.media_group_id.is_(None))
).where(
    _NEWEST.c.at > bindparam("since"),
    _NEWEST.c.author_kind == ActorKind.CUSTOMER.value,
    _NEWEST.c.kind.not_in(_NO_MESSAGES),
    _NEWEST.c.version_of.is_(None),
)


async def count_recent(tx: Tx, *, customer_id: int, since: datetime, limit: int) -> int:
    """Return how many messages a customer wrote after ``since``, an album as one, among the newest ``limit`` things.

    Reads no more rows than ``limit``, however much was ever said.
    """
    values = {"customer_id": customer_id, "since": since, "limit": limit}
    return int((await tx.execute(_RECENT, values)).scalar_one())
