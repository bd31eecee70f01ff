"""What was earned by rules: on a day, for an occasion; and whose birthday is still to be rewarded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, or_, select

from domain.people import Birthday
from domain.points import EntryKind
from storage.columns import Id
from storage.database import Tx
from storage.people import LUNAR, SOLAR, birthday_of
from storage.tables import customers, point_entries, purchases

_AHEAD = timedelta(days=1)
"""More than any till's clock may be ahead of ours: an entry is not booked so long before the day it counts to."""
_TAKEN = point_entries.alias("taken")


async def sum_earned(tx: Tx, customer_id: int, *, rules: Sequence[str], since: datetime, until: datetime) -> int:
    """Return the points a customer earned by ``rules`` from ``since`` until just before ``until``, net of refunds.

    What a purchase earned counts for when it was made, whenever it was told of.
    """
    taken = (
        select(func.sum(_TAKEN.c.points - _TAKEN.c.forgiven))
        .where(_TAKEN.c.reverses_id == point_entries.c.id, _TAKEN.c.kind == EntryKind.REVERSAL.value)
        .correlate(point_entries)
        .scalar_subquery()
    )
    at = func.coalesce(purchases.c.bought_at, point_entries.c.at)
    earned = (
        select(cast(func.coalesce(func.sum(point_entries.c.points + func.coalesce(taken, 0)), 0), Id))
        .select_from(point_entries.outerjoin(purchases, purchases.c.id == point_entries.c.purchase_id))
        .where(
            point_entries.c.customer_id == customer_id,
            point_entries.c.kind == EntryKind.EARN.value,
            point_entries.c.rule.in_(rules),
            point_entries.c.at >= since - _AHEAD,  # so that not the whole ledger of a customer is read
            at >= since,
            at < until,
        )
    )
    points: int = (await tx.execute(earned)).scalar_one()
    return points


async def was_given(tx: Tx, customer_id: int, *, rule: str, ref: str) -> bool:
    """Return whether a customer, or a duplicate merged into this record, has points by ``rule`` for ``ref`` already."""
    given = select(point_entries.c.id).where(
        point_entries.c.customer_id == customer_id,
        point_entries.c.rule == rule,
        point_entries.c.source_key.endswith(f":{ref}", autoescape=True),
    )
    return (await tx.execute(given.limit(1))).first() is not None


@dataclass(frozen=True, slots=True)
class Born:
    """A customer who may keep a birthday on some day."""

    customer_id: int
    zone: str | None
    birthday: Birthday


async def list_unrewarded_births(
    tx: Tx,
    *,
    births: Sequence[tuple[bool, int, int]],
    solar_year: int,
    lunar_year: int | None,
    rule: str,
    after_id: int,
    limit: int,
) -> list[Born]:
    """Return customers with one of the ``(lunar, month, day)`` births who got no points by ``rule`` in that year."""
    born = [_born(lunar, month, day, lunar_year if lunar else solar_year, rule) for lunar, month, day in births]
    query = (
        select(
            customers.c.id,
            customers.c.zone,
            customers.c.birth_month,
            customers.c.birth_day,
            customers.c.birth_year,
            customers.c.birth_calendar,
            customers.c.birth_leap,
        )
        .where(
            or_(*born), customers.c.id > after_id, customers.c.merged_into.is_(None), customers.c.erased_at.is_(None)
        )
        .order_by(customers.c.id)
        .limit(limit)
    )
    return [_row(row) for row in await tx.execute(query)]


def _born(lunar: bool, month: int, day: int, year: int | None, rule: str) -> ColumnElement[bool]:
    key = literal(f"{rule}:") + cast(customers.c.id, Text) + literal(f":{year}")
    given = select(point_entries.c.id).where(point_entries.c.source_key == key).exists()
    calendar = LUNAR if lunar else SOLAR
    return and_(
        customers.c.birth_month == month, customers.c.birth_day == day, customers.c.birth_calendar == calendar, ~given
    )


def _row(row: Any) -> Born:
    birthday = birthday_of(row)
    assert birthday is not None
    return Born(row.id, row.zone, birthday)
