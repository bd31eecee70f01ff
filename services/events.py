"""Events of customers: what happened elsewhere (a delivery, a booking, a visit), told by another system."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.outcomes import Refusal
from domain.people import Actor, Permission
from services import points_upkeep
from services.permits import may
from services.records import resolve
from services.work import Work
from storage import events as rows
from storage.audit import add_audit
from storage.events import CustomerEvent

AWAITED = "event:"
"""What stands before an event's source key in the name of what points await."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event on record; ``released`` lots of points were waiting for it."""

    event: CustomerEvent
    repeated: bool = False
    released: int = 0


async def record_event(
    work: Work,
    customer_id: int,
    *,
    name: str,
    by: Actor,
    at: datetime | None = None,
    source_key: str | None = None,
    data: dict[str, Any] | None = None,
) -> Told | Refusal:
    """Keep that something happened to a customer, once for each ``source_key``; points that await it become available.

    The same key with another customer or name is refused. Raises :class:`NotFound`.
    """
    if not await may(work, by, Permission.EDIT_CUSTOMERS):
        return Refusal("desk.refused.not_allowed")
    customer_id = await resolve(work, customer_id)
    event = await rows.insert_event(
        work.tx, customer_id=customer_id, name=name, at=at or work.now, source_key=source_key, data=data
    )
    if event is None:
        assert source_key is not None
        known = await rows.get_by_key(work.tx, source_key)
        if known is None or (await resolve(work, known.customer_id), known.name) != (customer_id, name):
            return Refusal("api.refused.event_key_taken")
        return Told(known, repeated=True)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="event.recorded",
        subject=("event", event.id),
        customer_id=customer_id,
        after={"name": name, "source_key": source_key},
    )
    released = await points_upkeep.release(work, f"{AWAITED}{source_key}") if source_key else 0
    return Told(event, released=released)
