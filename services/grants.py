"""Points that another system gives a customer, for a reason of its own."""

from datetime import datetime
from types import EllipsisType

from domain.outcomes import Refusal
from domain.people import Actor
from domain.points import Entry
from services import notices, points
from services.work import Work

RULE = "api"


async def grant(
    work: Work,
    customer_id: int,
    *,
    amount: int,
    source_key: str,
    by: Actor,
    reason: str,
    available_at: datetime | None = None,
    awaits: str | None = None,
    expires_at: datetime | EllipsisType | None = ...,
) -> Entry | Refusal:
    """Give points, once a source key, and note it for the customer unless the points still await an event."""
    if not work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    if isinstance(expires_at, datetime) and expires_at <= (available_at or work.now):
        return Refusal("api.refused.expired")
    entry = await points.earn(
        work,
        customer_id,
        points=amount,
        source_key=source_key,
        by=by,
        rule=RULE,
        reason=reason,
        available_at=available_at,
        awaits=awaits,
        expires_at=expires_at,
    )
    if isinstance(entry, Entry) and awaits is None:
        data = {"points": amount, "rule": RULE} | ({"available_at": available_at.isoformat()} if available_at else {})
        await notices.note(work, entry.customer_id, notices.NoticeKind.EARNED, key=f"earned:{entry.id}", data=data)
    return entry
