"""Whose own day it is: people by their birthday, by when they joined, by a date on their record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, not_, null, or_, select, true, union_all

from storage.database import Tx
from storage.people import LUNAR, SOLAR
from storage.planned_for import in_touch
from storage.segments_sql import CustomValue
from storage.tables import consents, customers, deliveries

_WANTS_CONSENT = ("no_consent", "snoozed")


_CAMPAIGN: ColumnElement[Any] = func.coalesce(deliveries.c.campaign, "")
"""The campaign, in no index: else SQLite would walk through all its rows to find those of some customers."""


@dataclass(frozen=True, slots=True)
class Born:
    """Somebody who may have a day of their own on one of the asked dates; ``field`` is what the record says."""

    customer_id: int
    zone: str | None
    birth_month: int | None
    birth_day: int | None
    lunar: bool
    leap: bool
    joined_at: datetime
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose day may be one of some days (ISO): conditions on a customer by the days they stand for, to have a row.

    ``among`` are conditions each of which finds its people quickly.
    """

    days: Sequence[tuple[Sequence[str], ColumnElement[bool]]]
    among: Sequence[ColumnElement[bool]]


def by_birth(births: Mapping[str, Sequence[tuple[bool, int, int]]]) -> Wanted:
    """Want those with one of the ``(lunar, month, day)`` births that are kept on each of the days."""
    found = {on: [_of_birth(one) for one in some] for on, some in births.items()}
    return Wanted(
        [([on], or_(*whose)) for on, whose in found.items()], [one for whose in found.values() for one in whose]
    )


def _of_birth(birth: tuple[bool, int, int]) -> ColumnElement[bool]:
    lunar, month, day = birth
    return and_(
        customers.c.birth_month == month,
        customers.c.birth_day == day,
        customers.c.birth_calendar == (LUNAR if lunar else SOLAR),
    )


def by_joining(days: Sequence[str], spans: Sequence[tuple[datetime, datetime]]) -> Wanted:
    """Want those who joined in one of the spans, the end of each not included; each has one of the days at most."""
    joined = customers.c.created_at
    return Wanted([(days, true())], [and_(joined >= first, joined < last) for first, last in spans])


def by_field(field: str, days: Mapping[str, Sequence[str]], *, yearly: bool) -> Wanted:
    """Want those whose field is one of the dates that are kept on each of the days; ``yearly``: of whichever year."""
    value: ColumnElement[Any] = CustomValue(customers.c.custom, field, "text")
    if yearly:
        value = func.substr(value, 6)
    named = {on: [date[5:] if yearly else date for date in dates] for on, dates in days.items()}
    return Wanted(
        [([on], value.in_(dates)) for on, dates in named.items()],
        [value.in_([date for dates in named.values() for date in dates])],
    )


def among(customer_ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that finds just these customers."""
    return customers.c.id.in_(list(customer_ids))


async def first_joined(tx: Tx) -> datetime | None:
    """Return when the first customer on record joined."""
    found: datetime | None = (await tx.execute(select(func.min(customers.c.created_at)))).scalar_one()
    return found


async def list_dated(
    tx: Tx,
    wanted: Wanted,
    *,
    bot_id: int,
    campaign: str,
    consent: str,
    members: Select[tuple[int]] | None,
    renewable: Sequence[str],
    now: datetime,
    field: str | None,
    after_id: int,
    limit: int,
) -> list[Born]:
    """Return those who are wanted and have no row for their day yet, by id after ``after_id``.

    One skipped for a ``renewable`` reason is found again, if it wanted a consent once that is there.
    """
    his_answer = (consents.c.customer_id == customers.c.id, consents.c.kind == consent)
    given = or_(consents.c.given, consents.c.until_at <= now)
    willing = exists().where(*his_answer, given).correlate(customers)  # two levels deep it is not done by itself
    again = and_(
        deliveries.c.state == "skipped",
        deliveries.c.reason.in_(list(renewable)),
        deliveries.c.queued_at.is_(None),
        or_(deliveries.c.reason.not_in(_WANTS_CONSENT), willing),
    )
    candidates = union_all(*(select(customers.c.id).where(one, customers.c.id > after_id) for one in wanted.among))
    theirs = or_(*(and_(whose, ~_settled(campaign, days, again)) for days, whose in wanted.days))
    found = select(
        customers.c.id,
        customers.c.zone,
        customers.c.birth_month,
        customers.c.birth_day,
        customers.c.birth_calendar == LUNAR,
        customers.c.birth_leap,
        customers.c.created_at,
        CustomValue(customers.c.custom, field, "text") if field is not None else null(),
    ).where(customers.c.id.in_(candidates), *in_touch(bot_id), theirs)
    if members is not None:
        found = found.where(customers.c.id.in_(members))
    return [Born(*row) for row in await tx.execute(found.order_by(customers.c.id).limit(limit))]


def _settled(campaign: str, days: Sequence[str], again: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        deliveries.c.customer_id == customers.c.id,
        deliveries.c.campaign == campaign,
        deliveries.c.occasion_on.in_(list(days)),
        not_(again),
    )


async def list_frozen(
    tx: Tx, campaign: str, customer_ids: Sequence[int], *, renewable: Sequence[str]
) -> dict[tuple[int, str], bool]:
    """Return the rows of a campaign that these customers have, by customer and occasion: whether one may be renewed.

    It may when it was skipped for a ``renewable`` reason before it was ever handed over.
    """
    again = and_(
        deliveries.c.state == "skipped", deliveries.c.reason.in_(list(renewable)), deliveries.c.queued_at.is_(None)
    )
    his = (deliveries.c.customer_id.in_(sorted(set(customer_ids))), _CAMPAIGN.in_([campaign]))
    found = select(deliveries.c.customer_id, deliveries.c.occasion, case((again, True), else_=False).label("again"))
    return {(row.customer_id, row.occasion): bool(row.again) for row in await tx.execute(found.where(*his))}
