"""Deliveries: one planned campaign message to one person, frozen, unique by campaign, occasion and customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, or_, select

from domain.people import Consent, ConsentClass
from storage.database import Tx
from storage.planned_for import hold_records
from storage.tables import campaigns, consents, customers, deliveries

_PLANNED: ColumnElement[str] = literal_column("'planned'")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One frozen row."""

    id: int
    campaign: str
    occasion: str
    customer_id: int
    occasion_on: str
    zone: str
    due_at: datetime
    late_after_at: datetime
    state: str
    reason: str | None
    consent: str
    variant: str | None = None
    version: int | None = None
    params: dict[str, Any] | None = None
    recalls: int = 0


_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)


async def insert_planned(tx: Tx, rows: Sequence[dict[str, Any]], *, renewable: Sequence[str]) -> int:
    """Freeze deliveries and return how many; one that exists already changes nothing.

    Only one that was skipped for a ``renewable`` reason, and so was never queued, is planned again.
    """
    if not rows:
        return 0
    await hold_records(tx, customers.c.id.in_(sorted({row["customer_id"] for row in rows})))
    planned = [{"state": "planned", "reason": None, "settled_at": None, **row} for row in rows]
    insert = tx.insert(deliveries).values(planned)
    fields = ("occasion_on", "zone", "due_at", "late_after_at", "state", "reason", "planned_at", "settled_at")
    statement = insert.on_conflict_do_update(
        index_elements=["campaign", "occasion", "customer_id"],
        set_={name: insert.excluded[name] for name in fields},
        where=and_(deliveries.c.state == "skipped", or_(*(deliveries.c.reason == reason for reason in renewable))),
    )
    return len((await tx.execute(statement.returning(deliveries.c.id))).all())


async def insert_queued(
    tx: Tx,
    *,
    campaign: str,
    occasion: str,
    customer_id: int,
    consent: str,
    on: date,
    zone: str,
    late_after_at: datetime,
    now: datetime,
) -> int:
    """Keep a delivery that is handed to the outbox at once; returns its id. Raises when there is such a one already."""
    statement = deliveries.insert().values(
        campaign=campaign,
        occasion=occasion,
        customer_id=customer_id,
        occasion_on=on.isoformat(),
        zone=zone,
        due_at=now,
        late_after_at=late_after_at,
        state="queued",
        consent=consent,
        planned_at=now,
        queued_at=now,
    )
    return int((await tx.execute(statement.returning(deliveries.c.id))).scalar_one())


async def list_due(tx: Tx, *, campaign: str, now: datetime, limit: int) -> list[Delivery]:
    """Return planned deliveries of a campaign that are due, soonest first."""
    statement = (
        select(*_COLUMNS)
        .where(deliveries.c.state == _PLANNED, deliveries.c.campaign == campaign, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    rows = await tx.execute(statement.with_for_update(skip_locked=True) if tx.for_update else statement)
    return [Delivery(*row) for row in rows]


async def list_deliveries(tx: Tx, ids: Sequence[int]) -> dict[int, Delivery]:
    """Return deliveries by their ids."""
    statement = select(*_COLUMNS).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    return {row.id: Delivery(*row) for row in await tx.execute(statement, {"ids": list(ids)})}


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery on its way, with its person's consent to that class and where its campaign stands, if it has one."""

    delivery: Delivery
    consent: Consent | None
    campaign_state: str | None


_ON_THE_WAY = (
    select(*_COLUMNS, consents.c.given, consents.c.until_at, campaigns.c.state.label("campaign_state"))
    .select_from(
        deliveries.outerjoin(
            consents,
            and_(consents.c.customer_id == deliveries.c.customer_id, consents.c.kind == deliveries.c.consent),
        ).outerjoin(campaigns, campaigns.c.key == deliveries.c.campaign)
    )
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
)


async def list_on_the_way(tx: Tx, ids: Sequence[int]) -> dict[int, Planned]:
    """Return by their ids deliveries that are about to be sent, with what may have changed since they were queued."""
    found = {}
    for row in await tx.execute(_ON_THE_WAY, {"ids": list(ids)}):
        delivery = Delivery(*row[: len(_COLUMNS)])
        kind = ConsentClass(delivery.consent)
        consent = None if row.given is None else Consent(kind, row.given, row.until_at)
        found[delivery.id] = Planned(delivery, consent, row.campaign_state)
    return found


def postpone_delivery(tx: Tx, delivery_id: int, *, due_at: datetime) -> None:
    """Let a planned delivery wait until ``due_at``."""
    tx.change(deliveries, delivery_id, due_at=due_at)


def set_delivery_state(
    tx: Tx, delivery_id: int, *, state: str, reason: str | None = None, now: datetime | None = None
) -> None:
    """Record a delivery's new state with the next bulk write."""
    tx.change(deliveries, delivery_id, state=state, reason=reason, settled_at=now)


def mark_queued(tx: Tx, delivery_id: int, *, now: datetime) -> None:
    """Record with the next bulk write that a delivery was handed to the outbox, from when it counts in the budget."""
    tx.change(deliveries, delivery_id, state="queued", reason=None, settled_at=None, queued_at=now)
