"""The catalogue of rewards and its vouchers. What two people may want at once is changed by one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, update

from domain.people import Actor, ActorKind
from domain.rewards import Reward, Voucher, VoucherState
from storage.database import Tx
from storage.tables import api_keys, files, point_entries, rewards, staff_members, vouchers

_ISSUED: ColumnElement[str] = literal_column("'issued'")  # a literal, so that SQLite may use the partial index
PICTURE = "reward_picture"
"""The kind under which pictures of the catalogue stand among the files; they stay as long as their reward."""
_VOUCHER = (
    vouchers.c.id,
    vouchers.c.code,
    vouchers.c.reward_id,
    vouchers.c.customer_id,
    vouchers.c.entry_id,
    vouchers.c.points,
    vouchers.c.state,
    vouchers.c.issued_at,
    vouchers.c.expires_at,
    vouchers.c.used_at,
    vouchers.c.used_by_kind,
    vouchers.c.used_by_id,
    vouchers.c.branch_id,
)


def _reward(row: Any) -> Reward:
    return Reward(
        row.id,
        row.key,
        row.price_points,
        row.stock,
        row.valid_from_at,
        row.valid_until_at,
        row.voucher_days,
        dict(row.texts.get("names", {})),
        dict(row.texts.get("terms", {})),
        row.picture_id,
        row.active,
    )


def _voucher(row: Any) -> Voucher:
    by = Actor(ActorKind(row.used_by_kind), row.used_by_id) if row.used_by_kind else None
    return Voucher(
        row.id,
        row.code,
        row.reward_id,
        row.customer_id,
        row.entry_id,
        row.points,
        VoucherState(row.state),
        row.issued_at,
        row.expires_at,
        row.used_at,
        by,
        row.branch_id,
    )


async def insert_missing_reward(tx: Tx, *, key: str, **values: Any) -> int | None:
    """Insert a reward unless one with this key ever existed; returns its id if it did."""
    statement = tx.insert(rewards).values(key=key, **values).on_conflict_do_nothing(index_elements=["key"])
    return (await tx.execute(statement.returning(rewards.c.id))).scalar()


async def insert_picture(tx: Tx, *, name: str, mime: str, content: bytes, now: datetime) -> int:
    """Keep a reward's picture among the files."""
    statement = tx.insert(files).values(kind=PICTURE, name=name, mime=mime, content=content, wanted_at=now)
    return int((await tx.execute(statement.returning(files.c.id))).scalar_one())


async def list_rewards(tx: Tx) -> list[Reward]:
    """Return the whole catalogue, the cheapest first."""
    rows = await tx.execute(select(rewards).order_by(rewards.c.price_points, rewards.c.id))
    return [_reward(row) for row in rows]


async def get_reward(tx: Tx, reward_id: int) -> Reward | None:
    """Return one reward."""
    row = (await tx.execute(select(rewards).where(rewards.c.id == reward_id))).first()
    return _reward(row) if row else None


async def get_reward_by_key(tx: Tx, key: str) -> Reward | None:
    """Return the reward with this key."""
    row = (await tx.execute(select(rewards).where(rewards.c.key == key))).first()
    return _reward(row) if row else None


async def change_reward(tx: Tx, reward_id: int, **values: Any) -> None:
    """Change columns of a reward."""
    await tx.execute(update(rewards).where(rewards.c.id == reward_id).values(**values))


async def take_piece(tx: Tx, reward_id: int, *, now: datetime) -> bool:
    """Take one piece of a reward that is on offer at ``now``; returns whether there was one.

    One statement asks and takes, so no piece is given to two people.
    """
    on_offer = and_(
        rewards.c.active,
        or_(rewards.c.stock.is_(None), rewards.c.stock > 0),
        or_(rewards.c.valid_from_at.is_(None), rewards.c.valid_from_at <= now),
        or_(rewards.c.valid_until_at.is_(None), rewards.c.valid_until_at > now),
    )
    statement = update(rewards).where(rewards.c.id == reward_id, on_offer).values(stock=rewards.c.stock - 1)
    return (await tx.execute(statement)).rowcount == 1


async def put_back_piece(tx: Tx, reward_id: int) -> None:
    """Add one piece to a reward that can run out."""
    statement = update(rewards).where(rewards.c.id == reward_id, rewards.c.stock.is_not(None))
    await tx.execute(statement.values(stock=rewards.c.stock + 1))


async def insert_voucher(
    tx: Tx,
    *,
    code: str,
    reward_id: int,
    customer_id: int,
    entry_id: int,
    points: int,
    issued_at: datetime,
    expires_at: datetime,
) -> Voucher | None:
    """Insert a new voucher; ``None`` when its code is taken."""
    statement = tx.insert(vouchers).values(
        code=code,
        reward_id=reward_id,
        customer_id=customer_id,
        entry_id=entry_id,
        points=points,
        state=VoucherState.ISSUED.value,
        issued_at=issued_at,
        expires_at=expires_at,
    )
    row = (await tx.execute(statement.on_conflict_do_nothing(index_elements=["code"]).returning(*_VOUCHER))).first()
    return _voucher(row) if row else None


async def get_voucher(tx: Tx, voucher_id: int) -> Voucher | None:
    """Return one voucher."""
    row = (await tx.execute(select(*_VOUCHER).where(vouchers.c.id == voucher_id))).first()
    return _voucher(row) if row else None


async def get_voucher_by_code(tx: Tx, code: str) -> Voucher | None:
    """Return the voucher with this code, as it is kept."""
    row = (await tx.execute(select(*_VOUCHER).where(vouchers.c.code == code))).first()
    return _voucher(row) if row else None


async def get_voucher_of_key(tx: Tx, source_key: str, *, customer_id: int) -> Voucher | None:
    """Return the voucher whose points were spent under this source key."""
    joined = vouchers.join(point_entries, point_entries.c.id == vouchers.c.entry_id)
    statement = select(*_VOUCHER).select_from(joined)
    statement = statement.where(vouchers.c.customer_id == customer_id, point_entries.c.source_key == source_key)
    row = (await tx.execute(statement)).first()
    return _voucher(row) if row else None


async def list_vouchers(tx: Tx, customer_id: int, *, limit: int) -> list[Voucher]:
    """Return a customer's vouchers, those not used yet before all others, the newest first."""
    statement = select(*_VOUCHER).where(vouchers.c.customer_id == customer_id)
    statement = statement.order_by((vouchers.c.state == _ISSUED).desc(), vouchers.c.id.desc())
    rows = await tx.execute(statement.limit(limit))
    return [_voucher(row) for row in rows]


async def count_open_vouchers(tx: Tx, customer_id: int, *, now: datetime) -> int:
    """Return how many vouchers a customer can still use."""
    statement = select(func.count()).where(
        vouchers.c.customer_id == customer_id, vouchers.c.state == _ISSUED, vouchers.c.expires_at > now
    )
    return int((await tx.execute(statement)).scalar_one())


async def list_rewards_of_entries(tx: Tx, entry_ids: Sequence[int], *, customer_id: int) -> dict[int, Reward]:
    """Return what a customer's points were spent on, by ledger entry."""
    joined = vouchers.join(rewards, rewards.c.id == vouchers.c.reward_id)
    statement = select(vouchers.c.entry_id, *rewards.c).select_from(joined)
    rows = await tx.execute(
        statement.where(vouchers.c.customer_id == customer_id, vouchers.c.entry_id.in_(list(entry_ids)))
    )
    return {row.entry_id: _reward(row) for row in rows}


async def mark_used(tx: Tx, voucher_id: int, *, by: Actor, branch_id: int | None, now: datetime) -> bool:
    """Mark a voucher used that can be used at ``now``; returns whether it could."""
    statement = (
        update(vouchers)
        .where(vouchers.c.id == voucher_id, vouchers.c.state == _ISSUED, vouchers.c.expires_at > now)
        .values(
            state=VoucherState.USED.value,
            used_at=now,
            used_by_kind=by.kind.value,
            used_by_id=by.id,
            branch_id=branch_id,
        )
    )
    return (await tx.execute(statement)).rowcount == 1


async def mark_returned(tx: Tx, voucher_id: int, *, now: datetime) -> bool:
    """Mark a voucher returned that can still be used at ``now``; returns whether it could."""
    statement = update(vouchers).where(
        vouchers.c.id == voucher_id, vouchers.c.state == _ISSUED, vouchers.c.expires_at > now
    )
    return (await tx.execute(statement.values(state=VoucherState.RETURNED.value))).rowcount == 1


async def list_overdue(tx: Tx, *, now: datetime, limit: int) -> list[Voucher]:
    """Return issued vouchers that are over at ``now``, those that ended first before all others."""
    due = select(*_VOUCHER).where(vouchers.c.state == _ISSUED, vouchers.c.expires_at <= now)
    return [_voucher(row) for row in await tx.execute(due.order_by(vouchers.c.expires_at).limit(limit))]


async def mark_expired(tx: Tx, voucher_ids: Sequence[int], *, now: datetime) -> list[Voucher]:
    """Mark those of these vouchers expired that are still issued and over at ``now``; returns them."""
    over = (vouchers.c.state == _ISSUED, vouchers.c.expires_at <= now)
    statement = update(vouchers).where(vouchers.c.id.in_(voucher_ids), *over)
    rows = await tx.execute(statement.values(state=VoucherState.EXPIRED.value).returning(*_VOUCHER))
    return sorted((_voucher(row) for row in rows), key=lambda voucher: voucher.id)


async def get_name(tx: Tx, by: Actor | None) -> str | None:
    """Return the name of the member of staff or the API key that did something; ``None`` for all others."""
    if by is None or by.id is None or by.kind not in (ActorKind.STAFF, ActorKind.API):
        return None
    table = staff_members if by.kind is ActorKind.STAFF else api_keys
    return (await tx.execute(select(table.c.name).where(table.c.id == by.id))).scalar()


async def newer_page(tx: Tx, customer_id: int, *, before_id: int, size: int) -> int:
    """Return where the page of newer ledger entries begins: an id all of its entries are below, 0 for the newest."""
    newer = select(point_entries.c.id).where(
        point_entries.c.customer_id == customer_id, point_entries.c.id >= before_id
    )
    ids = list((await tx.execute(newer.order_by(point_entries.c.id).limit(size + 1))).scalars())
    return int(ids[size - 1]) + 1 if len(ids) > size else 0


async def mark_issued(tx: Tx, voucher_id: int) -> None:
    """Take back, in the same transaction, that a voucher was returned."""
    await tx.execute(update(vouchers).where(vouchers.c.id == voucher_id).values(state=VoucherState.ISSUED.value))
