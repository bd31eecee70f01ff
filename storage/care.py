"""Notices that wait to be told, and the facts on which unasked messages depend."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, or_, select

from domain.cases import LIVE, CaseKind
from domain.contact import LOW_STARS, Facts
from domain.instants import zone_named
from domain.people import Consent, ConsentClass, Reach
from domain.points import EntryKind
from storage.database import Tx
from storage.tables import (
    cases,
    consents,
    contact_points,
    counters,
    customers,
    deliveries,
    feedback,
    notices,
    point_entries,
    point_lots,
    purchases,
    refunds,
    survey_responses,
)

_SLICE = 1000


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice that waits to be told."""

    id: int
    customer_id: int
    kind: str
    key: str
    data: dict[str, Any]
    stale_at: datetime


_NOTICE = tuple(notices.c[name] for name in NoticeRow.__slots__)
_WAITING: ColumnElement[str] = literal_column("'waiting'")  # a literal, so that SQLite may use the partial index


async def insert_notices(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Keep things customers are to hear of; what has the same ``key`` was noted before and is not told twice."""
    if rows:
        await tx.execute(tx.insert(notices).on_conflict_do_nothing(index_elements=["key"]), list(rows))


async def list_known_keys(tx: Tx, keys: Sequence[str]) -> frozenset[str]:
    """Return which of these keys were noted before."""
    known = select(notices.c.key).where(notices.c.key.in_(bindparam("keys", expanding=True)))
    return frozenset((await tx.execute(known, {"keys": list(keys)})).scalars())


async def list_ready(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Return customers with notices that are ready, longest first."""
    ready = select(notices.c.customer_id).where(notices.c.state == _WAITING, notices.c.ready_at <= now)
    found = await tx.execute(ready.order_by(notices.c.ready_at, notices.c.id).limit(limit))
    return list(dict.fromkeys(found.scalars()))


async def list_waiting(tx: Tx, customer_ids: Sequence[int], *, ready_by: datetime) -> list[NoticeRow]:
    """Return these customers' notices that are ready at ``ready_by``, oldest first, locked."""
    waiting = select(*_NOTICE).where(
        notices.c.customer_id.in_(customer_ids), notices.c.state == _WAITING, notices.c.ready_at <= ready_by
    )
    rows = await tx.execute(waiting.order_by(notices.c.id).with_for_update() if tx.for_update else waiting)
    return sorted((NoticeRow(*row) for row in rows), key=lambda row: row.id)


def postpone_notice(tx: Tx, notice_id: int, *, ready_at: datetime) -> None:
    """Let a notice wait until ``ready_at``."""
    tx.change(notices, notice_id, ready_at=ready_at)


def drop_notice(tx: Tx, notice_id: int, *, reason: str) -> None:
    """Give up a notice."""
    tx.change(notices, notice_id, state="dropped", reason=reason)


def mark_told(tx: Tx, notice_id: int, *, delivery_id: int) -> None:
    """Record which message told a notice."""
    tx.change(notices, notice_id, state="told", delivery_id=delivery_id)


_points = (contact_points.c.customer_id == customers.c.id, contact_points.c.bot_id == bindparam("bot_id"))
_live_case = (cases.c.customer_id == customers.c.id, cases.c.state.in_(sorted(LIVE)))
_complaint = (*_live_case, cases.c.kind == CaseKind.COMPLAINT.value)
_low_score = select(func.max(feedback.c.at)).where(
    feedback.c.customer_id == customers.c.id, feedback.c.stars <= LOW_STARS
)
_low_answer = select(func.max(survey_responses.c.low_at)).where(survey_responses.c.customer_id == customers.c.id)
_refunded = (
    select(func.max(refunds.c.at))
    .join(purchases, purchases.c.id == refunds.c.purchase_id)
    .where(purchases.c.customer_id == customers.c.id)
)
_banned_until = select(func.max(contact_points.c.banned_until_at)).where(*_points)
_FACTS = (
    select(
        customers.c.id,
        customers.c.zone,
        or_(customers.c.erased_at.is_not(None), customers.c.merged_into.is_not(None)).label("gone"),
        exists().where(*_points).label("in_touch"),
        exists().where(*_points, contact_points.c.reach == Reach.REACHABLE.value).label("reachable"),
        consents.c.given,
        consents.c.until_at,
        _banned_until.scalar_subquery().label("banned_until_at"),
        exists().where(*_complaint).label("open_complaint"),
        exists().where(*_live_case).label("open_case"),
        _low_score.scalar_subquery().label("low_stars_at"),
        _low_answer.scalar_subquery().label("low_answer_at"),
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
                banned_until_at=row.banned_until_at,
                open_complaint=bool(row.open_complaint),
                open_case=bool(row.open_case),
                low_score_at=max((at for at in (row.low_stars_at, row.low_answer_at) if at), default=None),
                refund_at=row.refund_at,
                told_at=tuple(told[row.id]),
            )
    return found


async def sum_taken_back(tx: Tx, entry_ids: Sequence[int]) -> dict[int, int]:
    """Return how many points of these entries were taken back since, by entry."""
    back = point_entries.c.reverses_id
    statement = (
        select(back, func.sum(-point_entries.c.points))
        .where(back.in_(bindparam("ids", expanding=True)), point_entries.c.kind == EntryKind.REVERSAL.value)
        .group_by(back)
    )
    return {int(entry_id): int(points) for entry_id, points in await tx.execute(statement, {"ids": list(entry_ids)})}


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of a customer's account; ``of`` is the kind of the entry it reverses, if any."""

    at: datetime
    kind: EntryKind
    points: int
    of: EntryKind | None


async def list_movements(tx: Tx, customer_id: int, *, since: datetime, until: datetime) -> list[Movement]:
    """Return a customer's entries from ``since`` until just before ``until``."""
    reversed_ = point_entries.alias("reversed")
    statement = (
        select(point_entries.c.at, point_entries.c.kind, point_entries.c.points, reversed_.c.kind.label("of"))
        .select_from(point_entries.outerjoin(reversed_, reversed_.c.id == point_entries.c.reverses_id))
        .where(point_entries.c.customer_id == customer_id, point_entries.c.at >= since, point_entries.c.at < until)
    )
    return [
        Movement(row.at, EntryKind(row.kind), row.points, EntryKind(row.of) if row.of else None)
        for row in await tx.execute(statement)
    ]


async def get_cursor(tx: Tx, name: str) -> int:
    """Return how far a walk that goes on over many ticks has come; 0 at its start."""
    last = (await tx.execute(select(counters.c.last).where(counters.c.name == name))).scalar_one_or_none()
    return int(last or 0)


async def set_cursor(tx: Tx, name: str, last: int) -> None:
    """Keep how far a walk has come."""
    insert = tx.insert(counters).values(name=name, last=last)
    await tx.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"last": last}))


@dataclass(frozen=True, slots=True)
class ExpiringLot:
    """Points of a customer that expire; ``wanted``: the customer wants to hear of points, if perhaps not now."""

    id: int
    customer_id: int
    expires_at: datetime
    wanted: bool


_wants_points = exists().where(
    consents.c.customer_id == point_lots.c.customer_id,
    consents.c.kind == ConsentClass.POINTS.value,
    or_(consents.c.given, consents.c.until_at.is_not(None)),
)
_LEFT: ColumnElement[bool] = literal_column("remaining > 0")  # as the partial index has it


async def list_expiring_lots(
    tx: Tx, *, after: tuple[datetime, int], until: datetime, now: datetime, limit: int
) -> list[ExpiringLot]:
    """Return spendable lots that expire by ``until``, soonest first, from just behind ``after`` (instant, lot) on."""
    after_at, after_id = after
    statement = (
        select(point_lots.c.id, point_lots.c.customer_id, point_lots.c.expires_at, _wants_points.label("wanted"))
        .where(
            _LEFT,
            point_lots.c.available_at <= now,
            point_lots.c.expires_at <= until,
            or_(
                point_lots.c.expires_at > after_at,
                and_(point_lots.c.expires_at == after_at, point_lots.c.id > after_id),
            ),
        )
        .order_by(point_lots.c.expires_at, point_lots.c.id)
        .limit(limit)
    )
    return [ExpiringLot(*row) for row in await tx.execute(statement)]


@dataclass(frozen=True, slots=True)
class Reader:
    """A customer who wants to hear of points; ``moved``: something happened on the account in the asked span."""

    customer_id: int
    zone: str | None
    moved: bool


async def list_readers(
    tx: Tx, *, after_id: int, since: datetime, until: datetime, now: datetime, limit: int
) -> list[Reader]:
    """Return customers who want to hear of points, by id after ``after_id``."""
    moved = exists().where(
        point_entries.c.customer_id == customers.c.id, point_entries.c.at >= since, point_entries.c.at < until
    )
    statement = (
        select(customers.c.id, customers.c.zone, moved.label("moved"))
        .select_from(consents.join(customers, customers.c.id == consents.c.customer_id))
        .where(
            consents.c.customer_id > after_id,
            consents.c.kind == ConsentClass.POINTS.value,
            or_(consents.c.given, consents.c.until_at <= now),
        )
        .order_by(consents.c.customer_id)
        .limit(limit)
    )
    return [Reader(*row) for row in await tx.execute(statement)]
