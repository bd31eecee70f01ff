"""Forgetting a customer in the database: whose records they are, held, looked at, emptied, and kept on a list."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from storage.database import Tx
from storage.erasure_steps import STEPS, shown_files
from storage.search import tidy
from storage.tables import cases, contact_points, customers, erasures, media, vouchers


async def is_known(tx: Tx, customer_id: int) -> bool:
    """Return whether there is, or was, such a customer."""
    return (await tx.execute(select(customers.c.id).where(customers.c.id == customer_id))).first() is not None


async def list_records(tx: Tx, customer_id: int) -> list[int]:
    """Return all records of the person behind one of them, ascending: duplicates merged into it, or it into another."""
    root, above = customer_id, await _merged_into(tx, customer_id)
    seen = {root}
    while above is not None and above not in seen:
        root, above = above, await _merged_into(tx, above)
        seen.add(root)
    found, newest = {root}, [root]
    while newest:
        below = select(customers.c.id).where(customers.c.merged_into.in_(newest), customers.c.id.not_in(found))
        newest = list((await tx.execute(below)).scalars())
        found.update(newest)
    return sorted(found)


async def _merged_into(tx: Tx, customer_id: int) -> int | None:
    found = await tx.execute(select(customers.c.merged_into).where(customers.c.id == customer_id))
    into: int | None = found.scalar_one_or_none()
    return into


async def get_code(tx: Tx, customer_id: int) -> str | None:
    """Return the public code of a customer who was not erased yet."""
    known = (customers.c.id == customer_id, customers.c.erased_at.is_(None))
    code: str | None = (await tx.execute(select(customers.c.code).where(*known))).scalar_one_or_none()
    return code


async def lock_customers(tx: Tx, customer_ids: Sequence[int]) -> None:
    """Make other transactions that speak for these customers wait until this one ends."""
    if tx.for_update:
        his = contact_points.c.customer_id.in_(customer_ids)
        await tx.execute(select(contact_points.c.id).where(his).order_by(contact_points.c.id).with_for_update())


async def lock_cases(tx: Tx, customer_ids: Sequence[int]) -> None:
    """Make other transactions that work on these customers' cases wait; after their chats, before their accounts."""
    if tx.for_update:
        his = cases.c.customer_id.in_(customer_ids)
        await tx.execute(select(cases.c.id).where(his).order_by(cases.c.id).with_for_update())


async def list_open_cases(tx: Tx, customer_id: int) -> list[tuple[int, str]]:
    """Return the ids and states of the customer's cases that are not closed."""
    his = select(cases.c.id, cases.c.state).where(cases.c.customer_id == customer_id, cases.c.closed_at.is_(None))
    return [(row.id, row.state) for row in await tx.execute(his.order_by(cases.c.id))]


async def count_open_cases(tx: Tx, customer_ids: Sequence[int]) -> int:
    """Return how many cases of these records are not done with: neither resolved nor closed."""
    live = (cases.c.customer_id.in_(customer_ids), cases.c.closed_at.is_(None), cases.c.state != "resolved")
    return int((await tx.execute(select(func.count()).select_from(cases).where(*live))).scalar_one())


async def count_vouchers(tx: Tx, customer_ids: Sequence[int], *, now: datetime) -> int:
    """Return how many vouchers of these records could still be used."""
    good = (vouchers.c.customer_id.in_(customer_ids), vouchers.c.state == "issued", vouchers.c.expires_at > now)
    return int((await tx.execute(select(func.count()).select_from(vouchers).where(*good))).scalar_one())


async def list_case_ids(tx: Tx, customer_id: int) -> list[int]:
    """Return the ids of all the customer's cases."""
    his = select(cases.c.id).where(cases.c.customer_id == customer_id).order_by(cases.c.id)
    return list((await tx.execute(his)).scalars())


async def empty_customer(tx: Tx, customer_id: int, *, now: datetime) -> list[str]:
    """Empty or delete everything of a customer; returns the files (by SHA-256) that no row wants any more."""
    held = (
        select(media.c.sha256).where(media.c.id.in_(shown_files(customer_id)), media.c.sha256.is_not(None)).distinct()
    )
    unwanted = [str(sha256) for sha256 in (await tx.execute(held)).scalars()]
    if tx.dialect == "sqlite":
        await tx.execute(text("PRAGMA secure_delete = ON"))  # what is deleted is overwritten with zeros
    for step in STEPS.values():
        await step(tx, customer_id, now)
    await tidy(tx)
    if tx.dialect == "sqlite":
        await tx.execute(text("PRAGMA secure_delete = OFF"))
    insert = tx.insert(erasures).values(customer_id=customer_id, erased_at=now)
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["customer_id"]))
    wanted = select(media.c.sha256).where(media.c.sha256.in_(unwanted)) if unwanted else None
    kept = set((await tx.execute(wanted)).scalars()) if wanted is not None else set()
    return [sha256 for sha256 in unwanted if sha256 not in kept]


async def is_any_erased(tx: Tx, *, since_at: datetime) -> bool:
    """Return whether anybody was forgotten at or after an instant."""
    found = select(erasures.c.customer_id).where(erasures.c.erased_at >= since_at).limit(1)
    return (await tx.execute(found)).first() is not None


async def list_erasures(tx: Tx) -> list[tuple[int, datetime]]:
    """Return who was forgotten and when, oldest first."""
    found = await tx.execute(select(erasures).order_by(erasures.c.erased_at, erasures.c.customer_id))
    return [(row.customer_id, row.erased_at) for row in found]


async def list_unerased(tx: Tx) -> list[int]:
    """Return customers whose erasure is on record but who stand here with their name: a backup was restored."""
    back = select(erasures.c.customer_id).join(customers, customers.c.id == erasures.c.customer_id)
    return list((await tx.execute(back.where(customers.c.erased_at.is_(None)))).scalars())
