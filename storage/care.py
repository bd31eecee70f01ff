"""Notices that wait to be told, and the facts on which unasked messages depend."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, exists, func, or_, select

from domain.cases import LIVE, CaseKind
from domain.contact import LOW_STARS, Facts
from domain.instants import zone_named
from domain.people import Consent, ConsentClass, Reach
from storage.database import Tx
from storage.tables import cases, consents, contact_points, customers, deliveries, feedback, notices, purchases, refunds

_SLICE = 1000


async def insert_notice(
    tx: Tx, *, customer_id: int, kind: str, key: str, data: dict[str, Any], ready_at: datetime, stale_at: datetime
) -> None:
    """Keep something a customer is to hear of; what has the same ``key`` was noted before and is not told twice."""
    insert = tx.insert(notices).values(
        customer_id=customer_id, kind=kind, key=key, data=data, ready_at=ready_at, stale_at=stale_at
    )
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


_points = (contact_points.c.customer_id == customers.c.id, contact_points.c.bot_id == bindparam("bot_id"))
_complaint = (
    cases.c.customer_id == customers.c.id,
    cases.c.kind == CaseKind.COMPLAINT.value,
    cases.c.state.in_(sorted(LIVE)),
)
_low_score = select(func.max(feedback.c.at)).where(
    feedback.c.customer_id == customers.c.id, feedback.c.stars <= LOW_STARS
)
_refunded = (
    select(func.max(refunds.c.at))
    .join(purchases, purchases.c.id == refunds.c.purchase_id)
    .where(purchases.c.customer_id == customers.c.id)
)
_FACTS = (
    select(
        customers.c.id,
        customers.c.zone,
        or_(customers.c.erased_at.is_not(None), customers.c.merged_into.is_not(None)).label("gone"),
        exists().where(*_points).label("in_touch"),
        exists().where(*_points, contact_points.c.reach == Reach.REACHABLE.value).label("reachable"),
        consents.c.given,
        consents.c.until_at,
        exists().where(*_complaint).label("open_complaint"),
        _low_score.scalar_subquery().label("low_score_at"),
        _refunded.scalar_subquery().label("refund_at"),
    )
    .select_from(
        customers.outerjoin(
            consents, and_(consents.c.customer_id == customers.c.id, consents.c.kind == bindparam("kind"))
        )
    )
    .where(customers.c.id.in_(bindparam("ids", expanding=True)))
)
_TOLD = select(deliveries.c.customer_id, deliveries.c.queued_at).where(
    deliveries.c.customer_id.in_(bindparam("ids", expanding=True)),
    deliveries.c.queued_at > bindparam("since"),
    deliveries.c.state.in_(["queued", "sent", "unknown"]),
)


async def load_facts(
    tx: Tx, customer_ids: Sequence[int], *, bot_id: int, kind: ConsentClass, told_since: datetime, zone: ZoneInfo
) -> dict[int, Facts]:
    """Return what decides whether these customers may be written to, in two queries a thousand of them.

    ``zone`` is for those whose own is not known; one who does not exist is left out.
    """
    found = {}
    for first in range(0, len(customer_ids), _SLICE):
        ids = list(customer_ids[first : first + _SLICE])
        told: dict[int, list[datetime]] = defaultdict(list)
        for row in await tx.execute(_TOLD, {"ids": ids, "since": told_since}):
            told[row.customer_id].append(row.queued_at)
        for row in await tx.execute(_FACTS, {"ids": ids, "bot_id": bot_id, "kind": kind.value}):
            reach = Reach.REACHABLE if row.reachable else Reach.BLOCKED if row.in_touch else None
            found[row.id] = Facts(
                zone=zone_named(row.zone, zone),
                gone=bool(row.gone),
                reach=reach,
                consent=None if row.given is None else Consent(kind, row.given, row.until_at),
                open_complaint=bool(row.open_complaint),
                low_score_at=row.low_score_at,
                refund_at=row.refund_at,
                told_at=tuple(told[row.id]),
            )
    return found
