"""The points ledger: accounts, entries, lots and uses. Entries and uses are only ever added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.people import Actor, ActorKind
from domain.points import Account, Debt, Entry, EntryKind, Forgiven, Lot, Taking, Use, WrittenOff
from storage.columns import Id, Instant
from storage.database import Tx
from storage.tables import customers, point_accounts, point_entries, point_lots, point_uses


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose account it is: ``merged_into`` another record, or ``erased``. ``is_new`` until the account was written."""

    customer_id: int
    account: Account
    merged_into: int | None = None
    erased: bool = False
    is_new: bool = False


_ENTRY = tuple(
    point_entries.c[name]
    for name in (
        "id",
        "customer_id",
        "kind",
        "points",
        "at",
        "source_key",
        "rule",
        "working",
        "reason",
        "actor_kind",
        "actor_id",
        "purchase_id",
        "reverses_id",
        "case_id",
        "uncovered",
        "forgiven",
    )
)
_LOT = tuple(
    point_lots.c[name] for name in ("id", "entry_id", "points", "remaining", "available_at", "expires_at", "awaits")
)
_WHOSE: BindParameter[int] = bindparam("whose", type_=Id)
_NO_INSTANT = cast(null(), Instant)
# Written out, not bound: only so do the engines see that the partial index holds all such rows.
_IS_OPEN = point_lots.c.remaining > literal_column("0")
_IS_OWED = point_entries.c.uncovered > literal_column("0")
_HOLDER = (
    select(
        literal("holder").label("what"),
        customers.c.id.label("id"),
        customers.c.merged_into.label("entry_id"),
        literal(0).label("points"),
        literal(0).label("remaining"),
        point_accounts.c.settled_at.label("available_at"),
        customers.c.erased_at.label("expires_at"),
        cast(null(), point_lots.c.awaits.type).label("awaits"),
    )
    .select_from(customers.outerjoin(point_accounts, point_accounts.c.customer_id == customers.c.id))
    .where(customers.c.id == _WHOSE)
)
_DEBTS = select(
    literal("debt"),
    point_entries.c.id,
    point_entries.c.reverses_id,
    point_entries.c.points,
    point_entries.c.uncovered,
    point_entries.c.at,
    _NO_INSTANT,
    cast(null(), point_lots.c.awaits.type),
).where(point_entries.c.customer_id == _WHOSE, _IS_OWED)
_OPEN_LOTS = select(literal("lot"), *_LOT).where(point_lots.c.customer_id == _WHOSE, _IS_OPEN)
_WITHOUT_LOTS: CompoundSelect[Any] = union_all(_HOLDER, _DEBTS)
WITH_LOTS: CompoundSelect[Any] = union_all(_HOLDER, _DEBTS, _OPEN_LOTS)
"""An account with everything open and owed, of the customer ``whose``."""


def _lot(row: Any) -> Lot:
    return Lot(row.id, row.entry_id, row.points, row.remaining, row.available_at, row.expires_at, row.awaits)


def _entry(row: Any) -> Entry:
    return Entry(
        row.id,
        row.customer_id,
        EntryKind(row.kind),
        row.points,
        row.at,
        row.source_key,
        Actor(ActorKind(row.actor_kind), row.actor_id),
        row.rule,
        row.working,
        row.reason,
        row.purchase_id,
        row.reverses_id,
        row.case_id,
        row.uncovered,
        row.forgiven,
    )


async def lock_account(tx: Tx, customer_id: int, *, now: datetime) -> None:
    """Make other transactions that write this account wait until this one ends; nothing for an unknown customer.

    On SQLite the whole transaction holds the writer already.
    """
    if not tx.for_update:
        return
    # What is written will name the customer, which waits for whoever merges or forgets them: wait before, not after.
    whose = select(customers.c.id).where(customers.c.id == customer_id)
    await tx.execute(whose.with_for_update(read=True, key_share=True))
    lock = select(point_accounts.c.customer_id).where(point_accounts.c.customer_id == customer_id).with_for_update()
    if (await tx.execute(lock)).first() is None:
        await open_account(tx, customer_id, now=now)
        await tx.execute(lock)


async def open_account(tx: Tx, customer_id: int, *, now: datetime) -> None:
    """Make the account's row unless it is there, or there is no such customer."""
    whose = select(customers.c.id, literal(now, Instant)).where(customers.c.id == customer_id)
    insert = tx.insert(point_accounts).from_select(["customer_id", "settled_at"], whose)
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["customer_id"]))


async def load_holder(tx: Tx, customer_id: int, *, now: datetime, lots: bool = True) -> Holder | None:
    """Return an account with its debts and open lots, in one statement; ``None`` when there is no such customer.

    Entries and lots that were settled long ago are not read. Without ``lots`` they are left out.
    """
    rows = (await tx.execute(WITH_LOTS if lots else _WITHOUT_LOTS, {"whose": customer_id})).all()
    holder = next((row for row in rows if row.what == "holder"), None)
    if holder is None:
        return None
    account = Account(
        holder.available_at or now,
        tuple(_lot(row) for row in rows if row.what == "lot"),
        tuple(Debt(row.id, row.remaining, row.available_at, row.entry_id) for row in rows if row.what == "debt"),
    )
    return Holder(
        customer_id,
        account,
        merged_into=holder.entry_id,
        erased=holder.expires_at is not None,
        is_new=holder.available_at is None,
    )


async def list_open_lots(tx: Tx, customer_id: int) -> tuple[Lot, ...]:
    """Return the lots with points left."""
    open_lots = select(*_LOT).where(point_lots.c.customer_id == customer_id, _IS_OPEN)
    return tuple(_lot(row) for row in await tx.execute(open_lots))


async def list_lots_of(tx: Tx, entry_ids: Iterable[int]) -> tuple[Lot, ...]:
    """Return the lots these entries made, empty ones too."""
    return tuple(_lot(row) for row in await tx.execute(select(*_LOT).where(point_lots.c.entry_id.in_(entry_ids))))


async def list_lots(tx: Tx, lot_ids: Iterable[int]) -> tuple[Lot, ...]:
    """Return these lots, empty ones too."""
    return tuple(_lot(row) for row in await tx.execute(select(*_LOT).where(point_lots.c.id.in_(lot_ids))))


async def insert_entry(tx: Tx, entry: Entry) -> int | None:
    """Add an entry (its ``id`` is not looked at) and return its key; ``None`` when the source key is taken.

    When another transaction is adding the same key, this waits for its end. Keys grow within an account.
    """
    row = {
        "customer_id": entry.customer_id,
        "kind": entry.kind.value,
        "points": entry.points,
        "uncovered": entry.uncovered,
        "forgiven": entry.forgiven,
        "at": entry.at,
        "source_key": entry.source_key,
        "rule": entry.rule,
        "working": entry.working,
        "reason": entry.reason,
        "actor_kind": entry.actor.kind.value,
        "actor_id": entry.actor.id,
        "purchase_id": entry.purchase_id,
        "reverses_id": entry.reverses_id,
        "case_id": entry.case_id,
    }
    added: int | None = (await tx.execute(_entry_insert(tx.dialect), row)).scalar()
    return added


@cache
def _entry_insert(dialect: str) -> Any:
    insert = postgresql.insert(point_entries) if dialect == "postgresql" else sqlite.insert(point_entries)
    return insert.on_conflict_do_nothing(index_elements=["source_key"]).returning(point_entries.c.id)


_LOT_INSERT = point_lots.insert().returning(point_lots.c.id)


async def insert_lot(tx: Tx, lot: Lot, *, customer_id: int, lasts_s: int | None) -> int:
    """Add a lot (its ``id`` is not looked at) and return its key."""
    row = {
        "entry_id": lot.entry_id,
        "customer_id": customer_id,
        "points": lot.points,
        "remaining": lot.remaining,
        "available_at": lot.available_at,
        "awaits": lot.awaits,
        "expires_at": lot.expires_at,
        "lasts_s": lasts_s,
    }
    added: int = (await tx.execute(_LOT_INSERT, row)).scalar_one()
    return added


def save_account(tx: Tx, customer_id: int, before: Account, after: Account, uses: Sequence[Use]) -> None:
    """Write the uses that led from ``before`` to ``after``, and what they changed, with the next bulk write."""
    for use in uses:
        tx.add(point_uses, lot_id=use.lot_id, entry_id=use.entry_id, points=use.points)
    left = {lot.id: lot.remaining for lot in before.lots}
    for lot in after.lots:
        if left.get(lot.id) != lot.remaining:
            tx.change(point_lots, lot.id, remaining=lot.remaining)
    owed = {debt.entry_id: debt.owed for debt in before.debts}
    for debt in after.debts:
        if owed.get(debt.entry_id) != debt.owed:
            tx.change(point_entries, debt.entry_id, uncovered=debt.owed)
    if after.settled_at != before.settled_at:
        tx.change(point_accounts, customer_id, settled_at=after.settled_at)


async def get_entry(tx: Tx, entry_id: int) -> Entry | None:
    """Return one entry."""
    row = (await tx.execute(select(*_ENTRY).where(point_entries.c.id == entry_id))).first()
    return _entry(row) if row else None


async def get_entry_by_key(tx: Tx, source_key: str) -> Entry | None:
    """Return the entry booked under this key."""
    row = (await tx.execute(select(*_ENTRY).where(point_entries.c.source_key == source_key))).first()
    return _entry(row) if row else None


async def get_return_of(tx: Tx, entry_id: int) -> Entry | None:
    """Return the entry that gave a spend back, if one did."""
    returns = select(*_ENTRY).where(
        point_entries.c.reverses_id == entry_id, point_entries.c.kind == EntryKind.RETURN.value
    )
    row = (await tx.execute(returns.order_by(point_entries.c.id).limit(1))).first()
    return _entry(row) if row else None


async def list_entries(tx: Tx, customer_id: int, *, before_id: int | None, limit: int) -> list[Entry]:
    """Return a customer's entries, newest first, from just before ``before_id`` on."""
    query = select(*_ENTRY).where(point_entries.c.customer_id == customer_id)
    if before_id is not None:
        query = query.where(point_entries.c.id < before_id)
    return [_entry(row) for row in await tx.execute(query.order_by(point_entries.c.id.desc()).limit(limit))]


async def list_takings(tx: Tx, entry_id: int) -> tuple[Taking, ...]:
    """Return what an entry took of each lot."""
    points = func.sum(point_uses.c.points)
    query = select(point_uses.c.lot_id, cast(points, Id).label("points")).where(point_uses.c.entry_id == entry_id)
    rows = await tx.execute(query.group_by(point_uses.c.lot_id).having(points > 0).order_by(point_uses.c.lot_id))
    return tuple(Taking(row.lot_id, row.points) for row in rows)


_UNDONE = point_entries.alias("undone")


async def list_written_off(tx: Tx, own_entry_id: int) -> list[WrittenOff]:
    """Return what expiry entries took of an earning entry's lot and have not given back, oldest first."""
    expired = point_entries.c.kind == EntryKind.EXPIRE.value
    restored = (point_entries.c.kind == EntryKind.RETURN.value) & (_UNDONE.c.kind == EntryKind.EXPIRE.value)
    expiry = func.coalesce(_UNDONE.c.id, point_entries.c.id)
    points = func.sum(point_uses.c.points)
    taken = (
        select(expiry.label("entry_id"), point_uses.c.lot_id, cast(points, Id).label("points"))
        .select_from(point_lots.join(point_uses, point_uses.c.lot_id == point_lots.c.id))
        .join(point_entries, point_entries.c.id == point_uses.c.entry_id)
        .outerjoin(_UNDONE, _UNDONE.c.id == point_entries.c.reverses_id)
        .where(point_lots.c.entry_id == own_entry_id, expired | restored)
        .group_by(expiry, point_uses.c.lot_id)
        .having(points > 0)
        .order_by(expiry)
    )
    return [WrittenOff(row.entry_id, row.lot_id, row.points) for row in await tx.execute(taken)]


async def list_forgiven(tx: Tx, own_entry_ids: Iterable[int]) -> list[Forgiven]:
    """Return what was asked back of these earning entries, was not there, and has not been caught up with."""
    points = func.sum(point_entries.c.forgiven)
    query = (
        select(point_entries.c.reverses_id, cast(points, Id).label("points"))
        .where(point_entries.c.reverses_id.in_(own_entry_ids), point_entries.c.forgiven != 0)
        .group_by(point_entries.c.reverses_id)
        .having(points > 0)
    )
    return [Forgiven(row.reverses_id, row.points) for row in await tx.execute(query)]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A lot that waits for an event, and how long it is good from then on (``None``: as its expiry says)."""

    customer_id: int
    lot_id: int
    entry_id: int
    expires_at: datetime | None
    lasts_s: int | None


def _awaiting(awaits: str) -> Select[Any]:
    columns = (point_lots.c.entry_id, point_lots.c.expires_at, point_lots.c.lasts_s)
    whose = (point_lots.c.customer_id, point_lots.c.id.label("lot_id"))
    return (
        select(*whose, *columns)
        .where(point_lots.c.awaits == awaits)
        .order_by(point_lots.c.customer_id, point_lots.c.id)
    )


async def list_awaiting(tx: Tx, awaits: str, *, customer_id: int | None = None) -> list[Awaiting]:
    """Return the lots that wait for this event, of one customer or of all."""
    query = _awaiting(awaits)
    if customer_id is not None:
        query = query.where(point_lots.c.customer_id == customer_id)
    return [Awaiting(**row._mapping) for row in await tx.execute(query)]


async def list_with_expired(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Return whose lots hold points that expired until ``now``, in the order of ids, for up to ``limit`` such lots."""
    expired = (
        select(point_lots.c.customer_id)
        .where(_IS_OPEN, point_lots.c.expires_at <= now)
        .order_by(point_lots.c.expires_at)
        .limit(limit)
    )
    return sorted(set((await tx.execute(expired)).scalars()))


def end_wait(tx: Tx, lot_id: int, *, available_at: datetime | None, expires_at: datetime | None) -> None:
    """Let a lot wait no longer; with ``available_at`` empty it never becomes available."""
    tx.change(point_lots, lot_id, awaits=None, lasts_s=None, available_at=available_at, expires_at=expires_at)


async def move_account(tx: Tx, *, from_id: int, to_id: int) -> tuple[int, int]:
    """Let entries and lots of one customer be another's; returns how many of each."""
    moved = []
    for table in (point_entries, point_lots):
        result = await tx.execute(update(table).where(table.c.customer_id == from_id).values(customer_id=to_id))
        moved.append(result.rowcount)
    return moved[0], moved[1]
