"""Webhook endpoints, the events they are told of, and one delivery for each event and endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, literal, literal_column, or_, select, update

from domain.webhooks import Delivery, Endpoint, Event
from storage.database import Tx
from storage.tables import customers, webhook_deliveries, webhook_endpoints, webhook_events

_OPEN: ColumnElement[str] = literal_column("'open'")  # a literal, so that SQLite may use the partial index
_ENDPOINT = tuple(webhook_endpoints.c[name] for name in Endpoint.__slots__)
_KNOWN_AS = ("webhook_endpoints", 0)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint with how its deliveries stand."""

    endpoint: Endpoint
    open: int
    failed: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class EventState:
    """An event with how many of its deliveries stand how; without its data."""

    id: int
    kind: str
    at: datetime
    open: int
    sent: int
    failed: int


def _endpoint(row: Any) -> Endpoint:
    values = row._asdict()
    return Endpoint(**{name: values[name] for name in Endpoint.__slots__} | {"kinds": tuple(values["kinds"])})


async def list_active(tx: Tx) -> tuple[Endpoint, ...]:
    """Return the endpoints that hear of anything, oldest first; asked once a transaction."""
    known: tuple[Endpoint, ...] | None = tx.identity.get(_KNOWN_AS)
    if known is None:
        active = select(*_ENDPOINT).where(webhook_endpoints.c.active).order_by(webhook_endpoints.c.id)
        known = tx.identity[_KNOWN_AS] = tuple(_endpoint(row) for row in await tx.execute(active))
    return known


async def insert_event(
    tx: Tx, *, kind: str, customer_id: int | None, data: dict[str, Any], endpoint_ids: Sequence[int], now: datetime
) -> int:
    """Add an event with a delivery for each endpoint; the customer's public code is put beside its data."""
    if customer_id is not None and "customer" not in data:
        code = (await tx.execute(select(customers.c.code).where(customers.c.id == customer_id))).scalar()
        data = {"customer": code, **data}
    values = {"kind": kind, "customer_id": customer_id, "at": now, "data": data}
    statement = tx.insert(webhook_events).values(values).returning(webhook_events.c.id)
    event_id: int = (await tx.execute(statement)).scalar_one()
    for endpoint_id in endpoint_ids:
        tx.add(webhook_deliveries, event_id=event_id, endpoint_id=endpoint_id, queued_at=now, due_at=now)
    return event_id


async def insert_endpoint(
    tx: Tx, *, url: str, secret: str, kinds: Sequence[str], allow_private: bool, now: datetime
) -> int:
    """Add an endpoint; returns its id."""
    tx.identity.pop(_KNOWN_AS, None)
    row = {"url": url, "secret": secret, "kinds": list(kinds), "allow_private": allow_private, "created_at": now}
    statement = tx.insert(webhook_endpoints).values(row).returning(webhook_endpoints.c.id)
    return int((await tx.execute(statement)).scalar_one())


async def retire_endpoint(tx: Tx, endpoint_id: int, *, error: str, now: datetime) -> bool:
    """Send no more to an endpoint, and give up what was still to be sent; returns whether it was active."""
    tx.identity.pop(_KNOWN_AS, None)
    active = (webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.active)
    done = await tx.execute(update(webhook_endpoints).where(*active).values(active=False))
    if done.rowcount:
        await _give_up(tx, webhook_deliveries.c.endpoint_id == endpoint_id, error=error, now=now)
    return bool(done.rowcount)


async def _give_up(tx: Tx, which: ColumnElement[bool], *, error: str, now: datetime) -> int:
    still = update(webhook_deliveries).where(webhook_deliveries.c.state == _OPEN, which)
    return (await tx.execute(still.values(state="failed", error=error, settled_at=now))).rowcount


async def give_up_dead(tx: Tx, *, queued_before: datetime, error: str, now: datetime) -> int:
    """Give up what is older than ``queued_before`` at endpoints that have been failing since before then."""
    dead = select(webhook_endpoints.c.id).where(webhook_endpoints.c.failing_since_at < queued_before)
    which = and_(webhook_deliveries.c.queued_at < queued_before, webhook_deliveries.c.endpoint_id.in_(dead))
    return await _give_up(tx, which, error=error, now=now)


async def list_endpoints(tx: Tx) -> list[EndpointState]:
    """Return the active endpoints with how their deliveries stand, oldest first."""
    of_it = webhook_deliveries.c.endpoint_id == webhook_endpoints.c.id
    counts = [
        select(func.count()).where(of_it, webhook_deliveries.c.state == state).scalar_subquery().label(f"n_{state}")
        for state in ("open", "failed")
    ]
    last = (
        select(webhook_deliveries.c.error)
        .where(of_it, webhook_deliveries.c.error.is_not(None))
        .order_by(webhook_deliveries.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = (
        select(*_ENDPOINT, *counts, last.label("last_error"))
        .where(webhook_endpoints.c.active)
        .order_by(webhook_endpoints.c.id)
    )
    return [EndpointState(_endpoint(row), row.n_open, row.n_failed, row.last_error) for row in await tx.execute(found)]


async def list_ready(tx: Tx, *, now: datetime) -> list[tuple[Endpoint, str]]:
    """Return the endpoints to which something can be sent now, each with its secret."""
    due = exists().where(
        webhook_deliveries.c.endpoint_id == webhook_endpoints.c.id,
        webhook_deliveries.c.state == _OPEN,
        webhook_deliveries.c.due_at <= now,
    )
    free = or_(webhook_endpoints.c.not_before_at.is_(None), webhook_endpoints.c.not_before_at <= now)
    found = select(*_ENDPOINT, webhook_endpoints.c.secret).where(webhook_endpoints.c.active, free, due)
    return [(_endpoint(row), row.secret) for row in await tx.execute(found)]


async def list_due(tx: Tx, endpoint_id: int, *, now: datetime, limit: int) -> list[Delivery]:
    """Return what is to be sent to an endpoint now, in the order in which it happened."""
    deliveries, events = webhook_deliveries.c, webhook_events.c
    found = (
        select(deliveries.id, deliveries.attempts, deliveries.queued_at, events.id, events.kind, events.at, events.data)
        .join(webhook_events, events.id == deliveries.event_id)
        .where(deliveries.endpoint_id == endpoint_id, deliveries.state == _OPEN, deliveries.due_at <= now)
        .order_by(deliveries.event_id)
        .limit(limit)
    )
    return [Delivery(row[0], Event(row[3], row[4], row[5], row[6]), row[1], row[2]) for row in await tx.execute(found)]


async def settle(
    tx: Tx, delivery_id: int, *, state: str, now: datetime, status: int | None, error: str | None, due_at: datetime
) -> None:
    """Record a try: ``sent``, ``failed`` for good, or ``open`` and to be tried again at ``due_at``."""
    values = {
        "state": state,
        "attempts": webhook_deliveries.c.attempts + 1,
        "status": status,
        "error": error,
        "due_at": due_at,
        "settled_at": now if state != "open" else None,
    }
    mine = (webhook_deliveries.c.id == delivery_id, webhook_deliveries.c.state == _OPEN)
    await tx.execute(update(webhook_deliveries).where(*mine).values(values))


async def note_health(
    tx: Tx, endpoint_id: int, *, failures: int, failing_since_at: datetime | None, not_before_at: datetime | None
) -> None:
    """Record whether an endpoint answers."""
    values = {"failures": failures, "failing_since_at": failing_since_at, "not_before_at": not_before_at}
    await tx.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(values))


async def replay(tx: Tx, endpoint: Endpoint, which: ColumnElement[bool], *, now: datetime) -> int:
    """Queue events for an endpoint once more, those it never got too; returns how many.

    Events whose customer was forgotten stay untold.
    """
    wanted = [which, webhook_events.c.data.is_not(None)]
    if endpoint.kinds:
        wanted.append(webhook_events.c.kind.in_(endpoint.kinds))
    row = select(webhook_events.c.id, literal(endpoint.id), literal(0), _instant(now), _instant(now)).where(*wanted)
    fresh = {"state": "open", "attempts": 0, "queued_at": now, "due_at": now, "settled_at": None, "error": None}
    names = ["event_id", "endpoint_id", "attempts", "queued_at", "due_at"]
    statement = tx.insert(webhook_deliveries).from_select(names, row)
    done = await tx.execute(
        statement.on_conflict_do_update(index_elements=["event_id", "endpoint_id"], set_=fresh).returning(
            webhook_deliveries.c.id
        )
    )
    return len(done.all())


def _instant(at: datetime) -> ColumnElement[datetime]:
    return literal(at, webhook_deliveries.c.due_at.type)


def is_event(event_id: int) -> ColumnElement[bool]:
    """Return the condition for one event."""
    return webhook_events.c.id == event_id


def is_since(at: datetime) -> ColumnElement[bool]:
    """Return the condition for the events from ``at`` on."""
    return webhook_events.c.at >= at


async def is_known(tx: Tx, event_id: int) -> bool:
    """Return whether there is such an event."""
    return (await tx.execute(select(webhook_events.c.id).where(is_event(event_id)))).first() is not None


async def list_events(tx: Tx, *, before_id: int | None, kind: str | None, limit: int) -> list[EventState]:
    """Return events with how their deliveries stand, newest first."""
    of_it = webhook_deliveries.c.event_id == webhook_events.c.id
    counts = [
        select(func.count()).where(of_it, webhook_deliveries.c.state == state).scalar_subquery().label(f"n_{state}")
        for state in ("open", "sent", "failed")
    ]
    found = select(webhook_events.c.id, webhook_events.c.kind, webhook_events.c.at, *counts)
    if before_id is not None:
        found = found.where(webhook_events.c.id < before_id)
    if kind is not None:
        found = found.where(webhook_events.c.kind == kind)
    return [EventState(*row) for row in await tx.execute(found.order_by(webhook_events.c.id.desc()).limit(limit))]


async def forget_events(tx: Tx, *, before: datetime, limit: int) -> int:
    """Delete events from before ``before`` of which nothing is to be sent any more; returns how many."""
    unsent = exists().where(webhook_deliveries.c.event_id == webhook_events.c.id, webhook_deliveries.c.state == _OPEN)
    old = select(webhook_events.c.id).where(webhook_events.c.at < before, ~unsent)
    ids = list((await tx.execute(old.order_by(webhook_events.c.at).limit(limit))).scalars())
    if ids:
        await tx.execute(delete(webhook_deliveries).where(webhook_deliveries.c.event_id.in_(ids)))
        await tx.execute(delete(webhook_events).where(webhook_events.c.id.in_(ids)))
    return len(ids)
