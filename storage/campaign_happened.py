"""What happened to people that a campaign waits for and nothing was planned for yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from domain.cases import CaseState
from storage.columns import Instant
from storage.database import Tx
from storage.planned_for import in_touch
from storage.tables import (
    cases,
    customer_events,
    customers,
    deliveries,
    interactions,
    point_lots,
    purchases,
    tier_changes,
    vouchers,
)

_ISSUED: ColumnElement[bool] = literal_column("vouchers.state = 'issued'")  # as the partial indexes have it
_LEFT: ColumnElement[bool] = literal_column("remaining > 0")


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a customer at ``base_at``; ``occasion`` names it, ``params`` are what it says."""

    customer_id: int
    zone: str | None
    occasion: str
    base_at: datetime
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom happenings are looked for: of a campaign, based on an instant from ``since`` to ``until`` (included).

    ``days`` are the business's dates from one end to the other, each with the instant at which the next one begins.
    """

    campaign: str
    bot_id: int
    members: Select[tuple[int]] | None
    since: datetime
    until: datetime
    days: Sequence[tuple[str, datetime]]
    now: datetime
    limit: int


def _within(asked: Asked, at: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(at >= asked.since, at <= asked.until)


def _named(prefix: str, key: ColumnElement[Any]) -> ColumnElement[str]:
    return literal(prefix, String) + cast(key, String)


def _day_of(asked: Asked, prefix: str, at: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the name of an occasion that is one a day of the business: with the date on which an instant falls."""
    *earlier, (last, _) = asked.days
    whens = [(at < literal(ends_at, Instant), literal(f"{prefix}{day}")) for day, ends_at in earlier]
    return case(*whens, else_=literal(f"{prefix}{last}")) if whens else literal(f"{prefix}{last}")


async def _list(
    tx: Tx,
    asked: Asked,
    source: Any,
    *,
    base: ColumnElement[Any],
    occasion: ColumnElement[str],
    where: Sequence[ColumnElement[bool]] = (),
    **params: ColumnElement[Any],
) -> list[Happened]:
    """Return what of ``source``, which names its customers, has no row yet; earliest first."""
    planned = exists().where(
        deliveries.c.campaign == asked.campaign,
        deliveries.c.occasion == occasion,
        deliveries.c.customer_id == customers.c.id,
    )
    found = (
        select(customers.c.id, customers.c.zone, occasion, type_coerce(base, Instant), *params.values())
        .select_from(source)
        .where(_within(asked, base), *where, *in_touch(asked.bot_id), ~planned)
    )
    if asked.members is not None:
        found = found.where(customers.c.id.in_(asked.members))
    rows = await tx.execute(found.order_by(base, customers.c.id).limit(asked.limit))
    return [Happened(row[0], row[1], row[2], row[3], dict(zip(params, row[4:], strict=True))) for row in rows]


async def list_joined(tx: Tx, asked: Asked) -> list[Happened]:
    """Return those who joined."""
    return await _list(tx, asked, customers, base=customers.c.created_at, occasion=literal("joined"))


async def list_bought(tx: Tx, asked: Asked) -> list[Happened]:
    """Return purchases that were not given back whole."""
    return await _list(
        tx,
        asked,
        purchases.join(customers, customers.c.id == purchases.c.customer_id),
        base=purchases.c.bought_at,
        occasion=_named("p:", purchases.c.id),
        where=[purchases.c.refunded_minor < purchases.c.amount_minor],
        purchase_id=purchases.c.id,
    )


async def list_resolved(tx: Tx, asked: Asked) -> list[Happened]:
    """Return resolutions, confirmed or not, of cases that nobody must keep to themselves."""
    ended = [CaseState.RESOLVED.value, CaseState.CLOSED.value]
    return await _list(
        tx,
        asked,
        cases.join(customers, customers.c.id == cases.c.customer_id),
        base=cases.c.resolved_at,
        occasion=_named("case:", cases.c.id) + literal(":") + cast(cases.c.resolutions, String),
        where=[cases.c.state.in_(ended), cases.c.resolutions > 0, cases.c.confidential.is_(False)],
        case_id=cases.c.id,
    )


async def list_events(tx: Tx, asked: Asked, name: str) -> list[Happened]:
    """Return events of one name that other systems told us of."""
    return await _list(
        tx,
        asked,
        customer_events.join(customers, customers.c.id == customer_events.c.customer_id),
        base=customer_events.c.at,
        occasion=_named("e:", customer_events.c.id),
        where=[customer_events.c.name == name],
        event_id=customer_events.c.id,
    )


async def list_tier_changes(tx: Tx, asked: Asked, changes: Sequence[tuple[str, str]]) -> list[Happened]:
    """Return changes of tier of the kinds ``(before, after)``."""
    return await _list(
        tx,
        asked,
        tier_changes.join(customers, customers.c.id == tier_changes.c.customer_id),
        base=tier_changes.c.at,
        occasion=_named("t:", tier_changes.c.id),
        where=[tuple_(tier_changes.c.before, tier_changes.c.after).in_(list(changes))],
        tier=tier_changes.c.after,
    )


async def list_expiring_vouchers(tx: Tx, asked: Asked) -> list[Happened]:
    """Return vouchers not used yet, by when they expire."""
    return await _list(
        tx,
        asked,
        vouchers.join(customers, customers.c.id == vouchers.c.customer_id),
        base=vouchers.c.expires_at,
        occasion=_named("v:", vouchers.c.id),
        where=[_ISSUED],
        voucher_id=vouchers.c.id,
    )


async def list_expiring_points(tx: Tx, asked: Asked) -> list[Happened]:
    """Return who has points that expire, once for each day of the business; how many of them, and the first instant."""
    base = point_lots.c.expires_at
    day = _day_of(asked, "x:", base)
    lots = (
        select(
            point_lots.c.customer_id,
            day.label("occasion"),
            func.min(base).label("first_at"),
            func.sum(point_lots.c.remaining).label("points"),
        )
        .where(_LEFT, point_lots.c.available_at <= asked.now, base >= asked.since, base < asked.days[-1][1])
        .group_by(point_lots.c.customer_id, day)
        .subquery("lots")
    )
    return await _list(
        tx,
        asked,
        lots.join(customers, customers.c.id == lots.c.customer_id),
        base=lots.c.first_at,
        occasion=lots.c.occasion,
        points=cast(lots.c.points, customers.c.id.type),
    )


async def list_silent(tx: Tx, asked: Asked) -> list[Happened]:
    """Return those who last said or bought something within the asked span, by when they did."""
    heard, bought = interactions.c.author_kind == "customer", purchases.c.bought_at
    active = union_all(
        select(purchases.c.customer_id, bought.label("at")).where(_within(asked, bought)),
        select(interactions.c.customer_id, interactions.c.at).where(heard, _within(asked, interactions.c.at)),
    ).subquery("active")
    last = (
        select(active.c.customer_id, func.max(active.c.at).label("last_at"))
        .group_by(active.c.customer_id)
        .subquery("last")
    )
    since = (
        exists().where(purchases.c.customer_id == customers.c.id, bought > asked.until),
        exists().where(interactions.c.customer_id == customers.c.id, heard, interactions.c.at > asked.until),
    )
    return await _list(
        tx,
        asked,
        last.join(customers, customers.c.id == last.c.customer_id),
        base=last.c.last_at,
        occasion=_day_of(asked, "s:", last.c.last_at),
        where=[~again for again in since],
    )


async def list_coming(tx: Tx, asked: Asked, customer_ids: Sequence[int], at: datetime) -> list[Happened]:
    """Return those of these customers, who come to what takes place ``at``."""
    return await _list(
        tx,
        asked,
        customers,
        base=literal(at, Instant),
        occasion=literal("rsvp"),
        where=[customers.c.id.in_(list(customer_ids))],
    )
