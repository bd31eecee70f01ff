"""Deliveries: one planned campaign message to one person, frozen, unique by campaign, occasion and customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select

from storage.database import Tx
from storage.tables import consents, contact_points, customers, deliveries

_PLANNED: ColumnElement[str] = literal_column("'planned'")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer who may have a birthday on one of the asked days."""

    customer_id: int
    zone: str | None
    birth_month: int
    birth_day: int


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


_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)


async def list_birthday_candidates(
    tx: Tx, *, bot_id: int, days: Sequence[tuple[int, int]], consent: str, after_id: int, limit: int
) -> list[Candidate]:
    """Return customers born on one of the ``(month, day)`` days who said yes to ``consent``, by id after ``after_id``.

    Only people with a contact point of this bot count; reachability is asked again when the message is due.
    """
    born = or_(*(and_(customers.c.birth_month == month, customers.c.birth_day == day) for month, day in days))
    statement = (
        select(customers.c.id, customers.c.zone, customers.c.birth_month, customers.c.birth_day)
        .where(
            born,
            customers.c.id > after_id,
            customers.c.erased_at.is_(None),
            select(contact_points.c.id)
            .where(contact_points.c.customer_id == customers.c.id, contact_points.c.bot_id == bot_id)
            .exists(),
            select(consents.c.kind)
            .where(consents.c.customer_id == customers.c.id, consents.c.kind == consent, consents.c.given)
            .exists(),
        )
        .order_by(customers.c.id)
        .limit(limit)
    )
    return [Candidate(*row) for row in await tx.execute(statement)]


async def insert_planned(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Freeze deliveries; one that exists already changes nothing."""
    if rows:
        statement = tx.insert(deliveries).on_conflict_do_nothing(index_elements=["campaign", "occasion", "customer_id"])
        await tx.execute(statement, [{"state": "planned", **row} for row in rows])


async def list_due(tx: Tx, *, now: datetime, limit: int) -> list[Delivery]:
    """Return planned deliveries that are due, soonest first."""
    statement = (
        select(*_COLUMNS)
        .where(deliveries.c.state == _PLANNED, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    rows = await tx.execute(statement.with_for_update(skip_locked=True) if tx.for_update else statement)
    return [Delivery(*row) for row in rows]


async def get_delivery(tx: Tx, delivery_id: int) -> Delivery | None:
    """Return one delivery."""
    row = (await tx.execute(select(*_COLUMNS).where(deliveries.c.id == delivery_id))).first()
    return Delivery(*row) if row else None


def set_delivery_state(
    tx: Tx, delivery_id: int, *, state: str, reason: str | None = None, now: datetime | None = None
) -> None:
    """Record a delivery's new state with the next bulk write."""
    tx.change(deliveries, delivery_id, state=state, reason=reason, settled_at=now)


async def count_by_state(tx: Tx, *, campaign: str) -> dict[str, int]:
    """Return how many deliveries of a campaign stand in each state."""
    statement = (
        select(deliveries.c.state, func.count()).where(deliveries.c.campaign == campaign).group_by(deliveries.c.state)
    )
    return dict(await tx.execute(statement))
