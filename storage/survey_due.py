"""Who is due to be asked: after cases, purchases and events, in waves, again; and what they were asked before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from domain.cases import CaseState
from domain.surveys.occasions import CASE, EVENT, PURCHASE, Cause
from domain.surveys.turns import Asked
from storage.database import Tx
from storage.deliveries import Delivery
from storage.planned_for import hold_records, in_touch
from storage.tables import cases, customer_events, customers, deliveries, purchases, survey_responses

CAMPAIGN = "survey:"
"""What stands before a survey's key in the name of its deliveries' campaign."""

_PLANNED: ColumnElement[str] = literal_column("'planned'")
_OPEN: ColumnElement[bool] = literal_column("state = 'open'")  # as the partial indexes have it
_DELIVERY = tuple(deliveries.c[name] for name in Delivery.__slots__)
_OF_SURVEY: ColumnElement[bool] = literal_column("substr(campaign, 1, 7) = 'survey:'")  # as the partial index has it


async def insert_rows(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Freeze deliveries, planned or skipped at once; one that exists already stays as it is."""
    if rows:
        await hold_records(tx, customers.c.id.in_(sorted({row["customer_id"] for row in rows})))
        unique = ["campaign", "occasion", "customer_id"]
        await tx.execute(tx.insert(deliveries).on_conflict_do_nothing(index_elements=unique), list(rows))


@dataclass(frozen=True, slots=True)
class Person:
    """A customer to be planned for."""

    customer_id: int
    zone: str | None


async def end_of_slice(tx: Tx, *, after_id: int, size: int) -> int | None:
    """Return the id of the last of the ``size`` customers after one; ``None`` when there is none left."""
    ids = select(customers.c.id).where(customers.c.id > after_id).order_by(customers.c.id).limit(size).subquery()
    last = (await tx.execute(select(func.max(ids.c.id)))).scalar_one()
    return int(last) if last is not None else None


async def list_people(
    tx: Tx, *, bot_id: int, members: Select[tuple[int]] | None, after_id: int, until_id: int
) -> list[Person]:
    """Return the people among the customers after one until another; ``members`` is who is meant, else everybody."""
    found = select(customers.c.id, customers.c.zone).where(
        customers.c.id > after_id, customers.c.id <= until_id, *in_touch(bot_id)
    )
    if members is not None:
        among = members.where(customers.c.id > after_id, customers.c.id <= until_id)
        found = found.where(customers.c.id.in_(among))
    return [Person(*row) for row in await tx.execute(found.order_by(customers.c.id))]


async def count_people(tx: Tx, *, bot_id: int, members: Select[tuple[int]] | None) -> int:
    """Return how many people are meant."""
    meant = _meant(bot_id, members).subquery()
    return int((await tx.execute(select(func.count()).select_from(meant))).scalar_one())


async def list_ids(tx: Tx, *, bot_id: int, members: Select[tuple[int]] | None, every: int = 1) -> list[int]:
    """Return who is meant, in the order of ids; of ``every`` so many one, chosen by the id."""
    found = _meant(bot_id, members)
    if every > 1:
        found = found.where(customers.c.id % every == 0)
    return list((await tx.execute(found.order_by(customers.c.id))).scalars())


def _meant(bot_id: int, members: Select[tuple[int]] | None) -> Select[tuple[int]]:
    found = select(customers.c.id).where(*in_touch(bot_id))
    return found if members is None else found.where(customers.c.id.in_(members))


@dataclass(frozen=True, slots=True)
class Silent:
    """A case whose customer has said nothing since it was called solved."""

    case_id: int
    customer_id: int
    zone: str | None
    resolutions: int
    resolved_at: datetime


async def list_silent(
    tx: Tx, *, bot_id: int, surveys: Sequence[str], before: datetime, after: tuple[datetime, int], limit: int
) -> list[Silent]:
    """Return cases of which none of these surveys was asked yet, called solved until ``before``, oldest first.

    They come behind ``after``, the instant at which a case was called solved and its id.
    """
    after_at, after_id = after
    resolved = cases.c.resolved_at
    occasion = literal(CASE, String) + cast(cases.c.id, String) + ":" + cast(cases.c.resolutions, String)
    asked = exists().where(survey_responses.c.survey.in_(surveys), survey_responses.c.occasion == occasion)
    planned = exists().where(
        deliveries.c.campaign.in_([CAMPAIGN + key for key in surveys]),
        deliveries.c.customer_id == cases.c.customer_id,
        deliveries.c.occasion == occasion,
    )
    statement = (
        select(cases.c.id, cases.c.customer_id, customers.c.zone, cases.c.resolutions, cases.c.resolved_at)
        .join(customers, customers.c.id == cases.c.customer_id)
        .where(
            cases.c.state == CaseState.RESOLVED.value,
            cases.c.resolutions > 0,
            resolved <= before,
            or_(resolved > after_at, and_(resolved == after_at, cases.c.id > after_id)),
            cases.c.confidential.is_(False),
            *in_touch(bot_id),
            ~asked,
            ~planned,
        )
        .order_by(cases.c.resolved_at, cases.c.id)
        .limit(limit)
    )
    return [Silent(*row) for row in await tx.execute(statement)]


@dataclass(frozen=True, slots=True)
class Happened:
    """A purchase or an event after which its customer is asked."""

    id: int
    customer_id: int
    zone: str | None
    at: datetime


async def list_purchases(
    tx: Tx,
    *,
    bot_id: int,
    survey: str,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Happened]:
    """Return purchases from ``since`` to ``until`` that nothing was planned after, oldest first."""
    found = select(purchases.c.id, purchases.c.customer_id, customers.c.zone, purchases.c.bought_at).join(
        customers, customers.c.id == purchases.c.customer_id
    )
    found = found.where(purchases.c.bought_at >= since, purchases.c.bought_at <= until)
    found = found.order_by(purchases.c.bought_at, purchases.c.id)
    return await _unplanned(tx, found, purchases.c.id, PURCHASE, bot_id, survey, limit)


async def list_events(
    tx: Tx,
    *,
    bot_id: int,
    survey: str,
    name: str,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Happened]:
    """Return events of a name from ``since`` to ``until`` that nothing was planned after, oldest first."""
    at = customer_events.c.at
    found = select(customer_events.c.id, customer_events.c.customer_id, customers.c.zone, at).join(
        customers, customers.c.id == customer_events.c.customer_id
    )
    found = found.where(customer_events.c.name == name, at >= since, at <= until).order_by(at, customer_events.c.id)
    return await _unplanned(tx, found, customer_events.c.id, EVENT, bot_id, survey, limit)


async def _unplanned(
    tx: Tx,
    found: Select[Any],
    key: ColumnElement[int],
    prefix: str,
    bot_id: int,
    survey: str,
    limit: int,
) -> list[Happened]:
    planned = exists().where(
        deliveries.c.campaign == CAMPAIGN + survey,
        deliveries.c.occasion == literal(prefix, String) + cast(key, String),
        deliveries.c.customer_id == customers.c.id,
    )
    found = found.where(~planned, *in_touch(bot_id)).limit(limit)
    return [Happened(*row) for row in await tx.execute(found)]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A response of which somebody is to be reminded."""

    id: int
    survey: str
    customer_id: int
    zone: str | None
    remind_at: datetime
    expires_at: datetime | None


async def take_unfinished(tx: Tx, *, now: datetime, limit: int) -> list[Unfinished]:
    """Return open responses whose reminder is due, soonest first, and clear when: each is reminded of once."""
    due = (
        select(survey_responses.c.id)
        .where(_OPEN, survey_responses.c.remind_at <= now)
        .order_by(survey_responses.c.remind_at, survey_responses.c.id)
        .limit(limit)
    )
    ids = list((await tx.execute(due.with_for_update(skip_locked=True) if tx.for_update else due)).scalars())
    if not ids:
        return []
    found = (
        select(
            survey_responses.c.id,
            survey_responses.c.survey,
            survey_responses.c.customer_id,
            customers.c.zone,
            survey_responses.c.remind_at,
            survey_responses.c.expires_at,
        )
        .join(customers, customers.c.id == survey_responses.c.customer_id)
        .where(survey_responses.c.id.in_(ids))
        .order_by(survey_responses.c.remind_at, survey_responses.c.id)
    )
    unfinished = [Unfinished(*row) for row in await tx.execute(found)]
    await tx.execute(update(survey_responses).where(survey_responses.c.id.in_(ids)).values(remind_at=None))
    return unfinished


async def expire_responses(tx: Tx, *, now: datetime, limit: int) -> int:
    """End open responses whose time is over; returns how many. Their answers stay."""
    due = (
        select(survey_responses.c.id)
        .where(_OPEN, survey_responses.c.expires_at <= now)
        .order_by(survey_responses.c.expires_at, survey_responses.c.id)
        .limit(limit)
    )
    ids = list((await tx.execute(due.with_for_update(skip_locked=True) if tx.for_update else due)).scalars())
    if ids:
        over = {"state": "expired", "ended_at": now, "remind_at": None}
        await tx.execute(update(survey_responses).where(survey_responses.c.id.in_(ids)).values(**over))
    return len(ids)


async def list_due_customers(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Return customers with askings that are due, those that have waited longest; nothing is locked."""
    due = (
        select(deliveries.c.customer_id)
        .where(deliveries.c.state == _PLANNED, _OF_SURVEY, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    return list(dict.fromkeys((await tx.execute(due)).scalars()))


async def list_due_of(tx: Tx, customer_ids: Sequence[int], *, now: datetime) -> dict[int, list[Delivery]]:
    """Return all askings of these customers that are due, by customer."""
    due = select(*_DELIVERY).where(
        deliveries.c.customer_id.in_(bindparam("ids", expanding=True)),
        deliveries.c.state == "planned",
        _OF_SURVEY,
        deliveries.c.due_at <= bindparam("now", now, deliveries.c.due_at.type),
    )
    found: dict[int, list[Delivery]] = defaultdict(list)
    for row in await tx.execute(due.order_by(deliveries.c.id), {"ids": list(customer_ids)}):
        found[row.customer_id].append(Delivery(*row))
    return found


async def list_asked(
    tx: Tx, pairs: Sequence[tuple[int, str]], *, longest: timedelta, now: datetime
) -> dict[tuple[int, str], Asked]:
    """Return when these customers were last asked their survey, and any that is not about a case, within ``longest``.

    What was never sent, since it was refused or dropped, does not count.
    """
    customer_ids = sorted({customer_id for customer_id, _ in pairs})
    sent = or_(deliveries.c.state.is_(None), deliveries.c.state.not_in(["failed", "skipped"]))
    statement = (
        select(
            survey_responses.c.customer_id,
            survey_responses.c.survey,
            survey_responses.c.cause,
            func.max(survey_responses.c.asked_at).label("asked_at"),
        )
        .select_from(survey_responses.outerjoin(deliveries, deliveries.c.id == survey_responses.c.delivery_id))
        .where(survey_responses.c.customer_id.in_(customer_ids), survey_responses.c.asked_at > now - longest, sent)
        .group_by(survey_responses.c.customer_id, survey_responses.c.survey, survey_responses.c.cause)
    )
    of_survey: dict[tuple[int, str], datetime] = {}
    of_any: dict[int, datetime] = {}
    for customer_id, survey, cause, asked_at in await tx.execute(statement):
        of_survey[customer_id, survey] = max(asked_at, of_survey.get((customer_id, survey), asked_at))
        if cause != Cause.CASE:
            of_any[customer_id] = max(asked_at, of_any.get(customer_id, asked_at))
    return {pair: Asked(of_survey.get(pair), of_any.get(pair[0])) for pair in pairs}


async def list_known(tx: Tx, occasions: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return on which of these occasions (survey, occasion of a response) somebody was asked already."""
    found = select(survey_responses.c.survey, survey_responses.c.occasion).where(
        survey_responses.c.survey.in_(sorted({survey for survey, _ in occasions})),
        survey_responses.c.occasion.in_(sorted({occasion for _, occasion in occasions})),
    )
    asked = {(row.survey, row.occasion) for row in await tx.execute(found)}
    return frozenset(asked & set(occasions))
