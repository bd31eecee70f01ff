"""Deliveries: one planned campaign message to one person, frozen, unique by campaign, occasion and customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, or_, select

from storage.database import Tx
from storage.people import LUNAR, SOLAR
from storage.tables import consents, contact_points, customers, deliveries

_PLANNED: ColumnElement[str] = literal_column("'planned'")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer who may have a birthday on one of the asked days."""

    customer_id: int
    zone: str | None
    birth_month: int
    birth_day: int
    lunar: bool
    leap: bool


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


_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)


def _born_on(lunar: bool, month: int, day: int) -> ColumnElement[bool]:
    return and_(
        customers.c.birth_month == month,
        customers.c.birth_day == day,
        customers.c.birth_calendar == (LUNAR if lunar else SOLAR),
    )


async def list_birthday_candidates(
    tx: Tx,
    *,
    bot_id: int,
    births: Sequence[tuple[bool, int, int]],
    occasions_on: Sequence[str],
    campaign: str,
    consent: str,
    now: datetime,
    renewable: Sequence[str],
    after_id: int,
    limit: int,
) -> list[Candidate]:
    """Return customers with one of the ``(lunar, month, day)`` births whose ``consent`` allows it, after ``after_id``.

    Whoever has a delivery of the campaign for one of ``occasions_on`` is left out, unless it was skipped for a
    ``renewable`` reason. Only people with a contact point of this bot count; whether they can be reached is asked
    when the message is due.
    """
    born = or_(*(_born_on(*birth) for birth in births))
    in_touch = select(contact_points.c.id).where(
        contact_points.c.customer_id == customers.c.id, contact_points.c.bot_id == bot_id
    )
    willing = select(consents.c.kind).where(
        consents.c.customer_id == customers.c.id,
        consents.c.kind == consent,
        or_(consents.c.given, consents.c.until_at <= now),
    )
    settled = select(deliveries.c.id).where(
        deliveries.c.customer_id == customers.c.id,
        deliveries.c.campaign == campaign,
        deliveries.c.occasion_on.in_(list(occasions_on)),
        or_(deliveries.c.state != "skipped", deliveries.c.reason.not_in(renewable)),
    )
    statement = (
        select(
            customers.c.id,
            customers.c.zone,
            customers.c.birth_month,
            customers.c.birth_day,
            customers.c.birth_calendar == LUNAR,
            customers.c.birth_leap,
        )
        .where(
            born,
            customers.c.id > after_id,
            customers.c.erased_at.is_(None),
            customers.c.merged_into.is_(None),
            in_touch.exists(),
            willing.exists(),
            ~settled.exists(),
        )
        .order_by(customers.c.id)
        .limit(limit)
    )
    return [Candidate(*row) for row in await tx.execute(statement)]


async def insert_planned(tx: Tx, rows: Sequence[dict[str, Any]], *, renewable: Sequence[str]) -> int:
    """Freeze deliveries and return how many; one that exists already changes nothing.

    Only one that was skipped for a ``renewable`` reason, and so was never queued, is planned again.
    """
    if not rows:
        return 0
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
