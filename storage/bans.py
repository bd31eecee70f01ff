"""Bans: whose words are kept and passed on to nobody, until when, why, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from domain.interactions import Interaction
from domain.people import Actor, ActorKind
from storage.database import Tx
from storage.interactions import list_by_ids
from storage.tables import bans, cases, contact_points, customers, interactions, outbox


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban of a customer; it is in force until ``until_at``, unless it was lifted before."""

    id: int
    customer_id: int
    name: str
    reason: str
    by: Actor
    at: datetime
    until_at: datetime
    lifted_at: datetime | None


_BANS = select(bans, customers.c.name).join(customers, customers.c.id == bans.c.customer_id)


def _ban(row: Any) -> Ban:
    by = Actor(ActorKind(row.by_kind), row.by_id)
    return Ban(row.id, row.customer_id, row.name, row.reason, by, row.at, row.until_at, row.lifted_at)


async def lock_contacts_of_case(tx: Tx, case_id: int) -> list[int]:
    """Return the contact points of a case's customer, locked: before the case, as a customer's own words lock them."""
    whose = select(cases.c.customer_id).where(cases.c.id == case_id).scalar_subquery()
    return await _lock_contacts(tx, contact_points.c.customer_id == whose)


async def lock_contacts_of(tx: Tx, customer_id: int) -> list[int]:
    """Return the contact points of a customer, locked."""
    return await _lock_contacts(tx, contact_points.c.customer_id == customer_id)


async def _lock_contacts(tx: Tx, whose: Any) -> list[int]:
    statement = select(contact_points.c.id).where(whose).order_by(contact_points.c.id)
    rows = await tx.execute(statement.with_for_update() if tx.for_update else statement)
    return [int(row.id) for row in rows]


async def insert_ban(tx: Tx, *, customer_id: int, reason: str, by: Actor, now: datetime, until_at: datetime) -> int:
    """Insert a ban; returns its id."""
    insert = bans.insert().values(
        customer_id=customer_id, reason=reason, by_kind=by.kind.value, by_id=by.id, at=now, until_at=until_at
    )
    return int((await tx.execute(insert.returning(bans.c.id))).scalar_one())


async def get_ban(tx: Tx, ban_id: int) -> Ban | None:
    """Return one ban, without a lock: its customer's contact points are to be locked first."""
    row = (await tx.execute(_BANS.where(bans.c.id == ban_id))).first()
    return _ban(row) if row else None


async def list_of_customer(tx: Tx, customer_id: int) -> list[Ban]:
    """Return the bans of a customer that nobody has lifted and no look has ended, oldest first."""
    statement = _BANS.where(bans.c.customer_id == customer_id, bans.c.lifted_at.is_(None))
    return [_ban(row) for row in await tx.execute(statement.order_by(bans.c.id))]


async def list_in_force(tx: Tx, *, now: datetime, limit: int) -> list[Ban]:
    """Return the bans in force, the one that ends next first."""
    statement = _BANS.where(bans.c.lifted_at.is_(None), bans.c.until_at > now)
    return [_ban(row) for row in await tx.execute(statement.order_by(bans.c.until_at, bans.c.id).limit(limit))]


async def list_over(tx: Tx, *, now: datetime, limit: int) -> list[Ban]:
    """Return bans whose time has passed and that were not ended yet."""
    statement = _BANS.where(bans.c.lifted_at.is_(None), bans.c.until_at <= now)
    return [_ban(row) for row in await tx.execute(statement.order_by(bans.c.until_at, bans.c.id).limit(limit))]


async def end_ban(tx: Tx, ban_id: int, *, now: datetime) -> bool:
    """Record that a ban has ended; returns whether nobody did so before."""
    statement = update(bans).where(bans.c.id == ban_id, bans.c.lifted_at.is_(None))
    return (await tx.execute(statement.values(lifted_at=now))).rowcount == 1


async def get_last_case_id(tx: Tx, customer_id: int) -> int | None:
    """Return a customer's newest case, one that is not closed before one that is."""
    statement = (
        select(cases.c.id)
        .where(cases.c.customer_id == customer_id)
        .order_by(cases.c.closed_at.is_(None).desc(), cases.c.id.desc())
        .limit(1)
    )
    return (await tx.execute(statement)).scalar()


async def list_said_since(tx: Tx, *, customer_id: int, since: datetime, limit: int) -> list[Interaction]:
    """Return the newest ``limit`` things a customer said or did since an instant, oldest first."""
    newest = (
        select(interactions.c.id)
        .where(
            interactions.c.customer_id == customer_id,
            interactions.c.author_kind == ActorKind.CUSTOMER.value,
            interactions.c.at >= since,
        )
        .order_by(interactions.c.id.desc())
        .limit(limit)
    )
    return await list_by_ids(tx, sorted((await tx.execute(newest)).scalars()))


_SAID_ONCE = select(func.count()).select_from(outbox).where(outbox.c.dedupe_key == bindparam("key"))


async def was_said(tx: Tx, dedupe_key: str) -> bool:
    """Return whether something was queued under this key before."""
    return bool((await tx.execute(_SAID_ONCE, {"key": dedupe_key})).scalar())
