"""One-time codes that link a chat to a record; of a code only its hash is kept."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import exists, or_, select, update

from storage.database import Tx
from storage.tables import contact_points, customers, link_codes


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A code that was made for a customer."""

    id: int
    customer_id: int
    expires_at: datetime
    used_at: datetime | None


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


async def insert_code(tx: Tx, *, code: str, customer_id: int, expires_at: datetime, now: datetime) -> int:
    """Keep the hash of a new code; returns its id."""
    values = {"customer_id": customer_id, "code_hash": _hash(code), "created_at": now, "expires_at": expires_at}
    return int((await tx.execute(link_codes.insert().values(**values).returning(link_codes.c.id))).scalar_one())


async def get_code(tx: Tx, code: str) -> LinkCode | None:
    """Return what is known of a code; in a writing transaction it stays locked until the end."""
    columns = (link_codes.c[name] for name in LinkCode.__slots__)
    statement = select(*columns).where(link_codes.c.code_hash == _hash(code))
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    return LinkCode(*row) if row else None


async def mark_used(tx: Tx, code_id: int, *, now: datetime) -> None:
    """Record that a code has done its work."""
    await tx.execute(update(link_codes).where(link_codes.c.id == code_id).values(used_at=now))


async def is_linked(tx: Tx, customer_id: int) -> bool:
    """Return whether a record has a chat."""
    found = select(contact_points.c.id).where(contact_points.c.customer_id == customer_id).limit(1)
    return (await tx.execute(found)).first() is not None


async def is_established(tx: Tx, customer_id: int) -> bool:
    """Return whether a record is more than what one chat made: imported, or with a duplicate merged into it."""
    duplicate = customers.alias("duplicate")
    merged = exists().where(duplicate.c.merged_into == customers.c.id)
    known = or_(customers.c.source_key.is_not(None), merged)
    return (await tx.execute(select(customers.c.id).where(customers.c.id == customer_id, known))).first() is not None
