"""What came of a campaign's messages: counted in the database, starting from what happened, not from whom it reached.

A delivery's window begins when its message was sent, or, where none went out, when it was due. What falls into the
windows of several deliveries of one campaign to one person counts for the last of them that had begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    FromClause,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from domain.instants import to_ms
from storage.database import Tx
from storage.tables import (
    campaign_optouts,
    campaign_taps,
    cases,
    consents,
    contact_points,
    deliveries,
    point_entries,
    purchases,
)

HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which deliveries are meant: of a campaign, or of one of its ``occasion`` values, due until ``until``.

    ``versions`` and ``before`` say which are ``compared``: sent in one of these versions, planned before that instant.
    ``since`` is no later than the first of them.
    """

    campaign: str
    occasion: str | None
    since: datetime
    until: datetime
    window: timedelta
    versions: Sequence[int]
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """Which deliveries are counted together: by message, held out or meant to go, reached, compared."""

    variant: str
    held_out: bool
    reached: bool
    compared: bool


@dataclass(frozen=True, slots=True)
class Purchases:
    """Buyers and what they spent, less what was given back; ``margin_minor`` of the purchases whose cost is known."""

    buyers: int
    spent_minor: int
    margin_minor: int
    uncosted_minor: int


def _ms(column: Any) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def _whole(number: int) -> ColumnElement[int]:
    return literal(number, BigInteger)


def _begins(rows: FromClause) -> ColumnElement[int]:
    """Return when a delivery's window begins; one that was only assumed to have arrived was sent when queued."""
    sent_at = case(
        (rows.c.reason == "assumed", func.coalesce(_ms(rows.c.queued_at), _ms(rows.c.settled_at))),
        else_=_ms(rows.c.settled_at),
    )
    return case((rows.c.state == "sent", func.coalesce(sent_at, _ms(rows.c.due_at))), else_=_ms(rows.c.due_at))


def _meant(scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions on a delivery that is counted: its time has come."""
    due = _ms(deliveries.c.due_at) <= _whole(to_ms(scope.until))
    begun = or_(due, deliveries.c.held.is_not(None), deliveries.c.state.not_in(["planned", "skipped"]))
    meant = [deliveries.c.campaign == scope.campaign, begun]
    return meant if scope.occasion is None else [*meant, deliveries.c.occasion == scope.occasion]


def _unit(scope: Scope) -> list[ColumnElement[Any]]:
    held_out = and_(deliveries.c.state == "skipped", deliveries.c.reason == HOLDOUT)
    compared: ColumnElement[bool] = deliveries.c.version.in_(list(scope.versions))
    if scope.before is not None:
        compared = and_(compared, _ms(deliveries.c.planned_at) < _whole(to_ms(scope.before)))
    return [
        func.coalesce(deliveries.c.variant, "").label("variant"),
        case((held_out, 1), else_=0).label("held_out"),
        case((deliveries.c.state == "sent", 1), else_=0).label("reached"),
        case((compared, 1), else_=0).label("compared"),
    ]


def _of(row: Any) -> Unit:
    return Unit(row.variant, bool(row.held_out), bool(row.reached), bool(row.compared))


async def count_units(tx: Tx, scope: Scope) -> dict[Unit, int]:
    """Count the deliveries whose time has come."""
    unit = _unit(scope)
    counted = select(*unit, func.count().label("n")).where(*_meant(scope)).group_by(*unit)
    return {_of(row): row.n for row in await tx.execute(counted)}


async def first_and_last(tx: Tx, scope: Scope) -> tuple[datetime | None, datetime | None]:
    """Return when the first and the last message in the compared versions went out."""
    found = select(func.min(deliveries.c.settled_at), func.max(deliveries.c.settled_at)).where(
        *_meant(scope), deliveries.c.state == "sent", deliveries.c.version.in_(list(scope.versions))
    )
    row = (await tx.execute(found)).one()
    return row[0], row[1]


async def count_gifts(tx: Tx, scope: Scope) -> int:
    """Count the gifts that were given with messages."""
    given = or_(
        deliveries.c.params["voucher"].as_string().is_not(None),
        deliveries.c.params["gift_points"].as_string().is_not(None),
    )
    return int((await tx.execute(select(func.count()).where(*_meant(scope), given))).scalar_one())


async def count_taps(tx: Tx, scope: Scope, kinds: frozenset[str]) -> dict[Unit, int]:
    """Count the deliveries under which one of these things was done within their windows."""
    unit = _unit(scope)
    begins = _begins(deliveries)
    at = _ms(campaign_taps.c.at)
    counted = (
        select(*unit, func.count(deliveries.c.id.distinct()).label("n"))
        .select_from(campaign_taps.join(deliveries, deliveries.c.id == campaign_taps.c.delivery_id))
        .where(
            campaign_taps.c.campaign == scope.campaign,
            campaign_taps.c.kind.in_(sorted(kinds)),
            *_meant(scope),
            at >= begins,
            at < begins + _span(scope.window),
        )
        .group_by(*unit)
    )
    return {_of(row): row.n for row in await tx.execute(counted)}


def _span(window: timedelta) -> ColumnElement[int]:
    return _whole(window // timedelta(milliseconds=1))


def _joined(scope: Scope, facts: FromClause, *values: ColumnElement[Any]) -> Select[Any]:
    """Return a query for deliveries with the facts in their windows: ``facts`` has ``customer_id`` and ``at``."""
    unit = _unit(scope)
    begins = _begins(deliveries)
    later = deliveries.alias("later")
    later_begins = _begins(later)
    overtaken = (
        select(later.c.id)
        .where(
            later.c.customer_id == deliveries.c.customer_id,
            later.c.campaign == scope.campaign,
            later.c.id != deliveries.c.id,
            later_begins <= facts.c.at,
            or_(later_begins > begins, and_(later_begins == begins, later.c.id > deliveries.c.id)),
        )
        .exists()
    )
    return (
        select(*unit, func.count(deliveries.c.id.distinct()).label("n"), *values)
        .select_from(facts.join(deliveries, deliveries.c.customer_id == facts.c.customer_id))
        .where(*_meant(scope), facts.c.at >= begins, facts.c.at < begins + _span(scope.window), not_(overtaken))
        .group_by(*unit)
    )


async def _count(tx: Tx, scope: Scope, facts: Select[Any]) -> dict[Unit, int]:
    return {_of(row): row.n for row in await tx.execute(_joined(scope, facts.subquery("facts")))}


async def count_blocks(tx: Tx, scope: Scope, *, bot_id: int) -> dict[Unit, int]:
    """Count the deliveries within whose windows their person blocked the bot, and has not come back since."""
    facts = select(contact_points.c.customer_id, _ms(contact_points.c.reach_since_at).label("at")).where(
        contact_points.c.bot_id == bot_id,
        contact_points.c.reach == "blocked",
        contact_points.c.reach_since_at >= scope.since,
    )
    return await _count(tx, scope, facts)


async def count_optouts(tx: Tx, scope: Scope, *, topic: str, consent: str) -> dict[Unit, int]:
    """Count the deliveries within whose windows their person opted out of the topic or of the class of messages."""
    topics = select(campaign_optouts.c.customer_id, _ms(campaign_optouts.c.at).label("at")).where(
        campaign_optouts.c.topic == topic, campaign_optouts.c.at >= scope.since
    )
    classes = select(consents.c.customer_id, _ms(consents.c.changed_at)).where(
        consents.c.kind == consent,
        not_(consents.c.given),
        consents.c.until_at.is_(None),
        consents.c.changed_at >= scope.since,
    )
    rows = union_all(topics, classes).subquery("facts")
    return {_of(row): row.n for row in await tx.execute(_joined(scope, rows))}


async def count_complaints(tx: Tx, scope: Scope) -> dict[Unit, int]:
    """Count the deliveries within whose windows their person complained; nothing confidential is counted."""
    facts = select(cases.c.customer_id, _ms(cases.c.opened_at).label("at")).where(
        cases.c.kind == "complaint",
        cases.c.opened_at >= scope.since,
        not_(cases.c.confidential),
        cases.c.merged_into.is_(None),
    )
    return await _count(tx, scope, facts)


async def sum_points(tx: Tx, scope: Scope) -> dict[Unit, tuple[int, int]]:
    """Count the deliveries within whose windows their person used points, and sum these points."""
    facts = (
        select(
            point_entries.c.customer_id,
            _ms(point_entries.c.at).label("at"),
            (-point_entries.c.points).label("points"),
        )
        .where(point_entries.c.kind == "spend", point_entries.c.points < 0, point_entries.c.at >= scope.since)
        .subquery("facts")
    )
    used = _whole_sum(facts.c.points).label("used")
    return {_of(row): (row.n, row.used) for row in await tx.execute(_joined(scope, facts, used))}


async def sum_purchases(tx: Tx, scope: Scope, *, currency: str) -> dict[Unit, Purchases]:
    """Count the deliveries within whose windows their person bought and did not give all back, and sum what."""
    net = purchases.c.amount_minor - purchases.c.refunded_minor
    part = cast(purchases.c.cost_minor, Float) * net / purchases.c.amount_minor  # whole numbers could grow too large
    cost = case((purchases.c.refunded_minor == 0, purchases.c.cost_minor), else_=cast(func.round(part), BigInteger))
    facts = (
        select(
            purchases.c.customer_id,
            _ms(purchases.c.bought_at).label("at"),
            net.label("net"),
            case((purchases.c.cost_minor.is_(None), null()), else_=net - cost).label("margin"),
        )
        .where(
            purchases.c.bought_at >= scope.since,
            purchases.c.currency == currency,
            purchases.c.refunded_minor < purchases.c.amount_minor,
        )
        .subquery("facts")
    )
    spent = _whole_sum(facts.c.net).label("spent")
    margin = _whole_sum(func.coalesce(facts.c.margin, 0)).label("margin")
    uncosted = _whole_sum(case((facts.c.margin.is_(None), facts.c.net), else_=0)).label("uncosted")
    rows = await tx.execute(_joined(scope, facts, spent, margin, uncosted))
    return {_of(row): Purchases(row.n, row.spent, row.margin, row.uncosted) for row in rows}


def _whole_sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a sum as a whole number: PostgreSQL sums such columns as decimals."""
    return func.sum(column).cast(BigInteger)
