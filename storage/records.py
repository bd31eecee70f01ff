"""The customer record: found, locked, read whole, changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import randbits
from typing import Any

from sqlalchemy import delete, func, or_, select

from domain.codes import CUSTOMER_SIGNS, read_code, spell
from domain.people import Birthday
from storage.database import Tx
from storage.people import birthday_columns, birthday_of
from storage.tables import branches, contact_points, customer_tags, customers


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one row says of a customer, and their tags. ``owner_id`` is a member of staff."""

    id: int
    code: str
    name: str
    call_name: str | None
    language: str
    zone: str | None
    zone_source: str | None
    phone: str | None
    phone_proved_at: datetime | None
    birthday: Birthday | None
    preferences: str | None
    owner_id: int | None
    branch_id: int | None
    tier: str
    tier_since_at: datetime | None
    tier_review_at: datetime | None
    lost_at: datetime | None
    lost_reason: str | None
    source: str | None
    source_key: str | None
    merged_into: int | None
    created_at: datetime
    erased_at: datetime | None
    custom: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """How this person is addressed."""
        return (self.call_name or self.name).strip()


_OWN = tuple(name for name in Record.__slots__ if name not in ("birthday", "custom", "tags"))


async def get_record(tx: Tx, customer_id: int) -> Record | None:
    """Return one record as it stands; in a writing transaction its row stays locked until the end."""
    statement = select(customers).where(customers.c.id == customer_id)
    if tx.for_update:
        statement = statement.with_for_update(key_share=True)
    row = (await tx.execute(statement)).first()
    if row is None:
        return None
    own = {name: getattr(row, name) for name in _OWN}
    tags = tuple(await list_tags(tx, customer_id))
    return Record(**own, birthday=birthday_of(row), custom=dict(row.custom or {}), tags=tags)


async def list_tags(tx: Tx, customer_id: int) -> list[str]:
    """Return a customer's tags, in the order of their letters."""
    statement = select(customer_tags.c.tag).where(customer_tags.c.customer_id == customer_id)
    return sorted((await tx.execute(statement)).scalars())


async def list_tags_in_use(tx: Tx, *, limit: int) -> list[str]:
    """Return the tags most customers have, in the order of their letters."""
    used = select(customer_tags.c.tag).group_by(customer_tags.c.tag)
    most = used.order_by(func.count().desc(), customer_tags.c.tag).limit(limit)
    return sorted((await tx.execute(most)).scalars())


async def insert_tag(tx: Tx, customer_id: int, tag: str, *, now: datetime) -> bool:
    """Add a tag; returns whether it was not there."""
    statement = tx.insert(customer_tags).values(customer_id=customer_id, tag=tag, at=now)
    return (await tx.execute(statement.on_conflict_do_nothing())).rowcount == 1


async def delete_tag(tx: Tx, customer_id: int, tag: str) -> bool:
    """Take a tag away; returns whether it was there."""
    his = (customer_tags.c.customer_id == customer_id, customer_tags.c.tag == tag)
    return (await tx.execute(delete(customer_tags).where(*his))).rowcount == 1


async def insert_record(tx: Tx, *, now: datetime, **values: Any) -> int:
    """Insert a record and return its id."""
    customer_id = await tx.new_id(customers)
    values = {"code": spell(randbits(64), CUSTOMER_SIGNS), "created_at": now, **values}
    await tx.execute(customers.insert().values(id=customer_id, **values))
    return customer_id


def change_record(tx: Tx, customer_id: int, **values: Any) -> None:
    """Change columns of a record with the next bulk write; ``birthday`` stands for its columns."""
    if "birthday" in values:
        values |= birthday_columns(values.pop("birthday"))
    if values:
        tx.change(customers, customer_id, **values)


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a record: merged into another, erased, or neither."""

    id: int
    merged_into: int | None
    erased: bool


async def get_standing(tx: Tx, customer_id: int) -> Standing | None:
    """Return what became of a record.

    In a writing transaction it stays as it is until the end: a merge that runs meanwhile waits for us, or we for it.
    """
    statement = select(customers.c.id, customers.c.merged_into, customers.c.erased_at).where(
        customers.c.id == customer_id
    )
    if tx.for_update:
        statement = statement.with_for_update(read=True, key_share=True)
    row = (await tx.execute(statement)).first()
    return Standing(row.id, row.merged_into, row.erased_at is not None) if row else None


async def find_by_code(tx: Tx, code: str) -> int | None:
    """Return the record with this public code, however it was typed; it may have been merged into another."""
    return await _first_id(tx, customers.c.code == (read_code(code) or "-"))


async def find_by_source_key(tx: Tx, source_key: str) -> int | None:
    """Return the record imported under this key; it may have been merged into another."""
    return await _first_id(tx, customers.c.source_key == source_key)


async def _first_id(tx: Tx, condition: Any) -> int | None:
    found: int | None = (await tx.execute(select(customers.c.id).where(condition))).scalar()
    return found


async def list_by_phone(tx: Tx, phone: str) -> list[int]:
    """Return the living records with this number (E.164), oldest first: a family may share one."""
    living = (customers.c.phone == phone, customers.c.merged_into.is_(None), customers.c.erased_at.is_(None))
    return list((await tx.execute(select(customers.c.id).where(*living).order_by(customers.c.id))).scalars())


async def list_named(tx: Tx, text: str, *, limit: int) -> list[int]:
    """Return living records whose name, form of address or Telegram name holds ``text``, newest first."""
    part = f"%{_escaped(text.casefold().removeprefix('@'))}%"
    in_chat = select(contact_points.c.id).where(
        contact_points.c.customer_id == customers.c.id, func.lower(contact_points.c.username).like(part, escape="\\")
    )
    named = or_(
        func.lower(customers.c.name).like(part, escape="\\"),
        func.lower(customers.c.call_name).like(part, escape="\\"),
        in_chat.exists(),
    )
    living = (named, customers.c.merged_into.is_(None), customers.c.erased_at.is_(None))
    return list(
        (await tx.execute(select(customers.c.id).where(*living).order_by(customers.c.id.desc()).limit(limit))).scalars()
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def is_branch(tx: Tx, branch_id: int) -> bool:
    """Return whether there is such a branch."""
    return (await tx.execute(select(branches.c.id).where(branches.c.id == branch_id))).first() is not None


async def list_contacts(tx: Tx, customer_id: int) -> Sequence[Any]:
    """Return ``(id, bot_id, chat_id, username, reach, reach_since_at)`` of a customer's contact points."""
    columns = (contact_points.c[name] for name in ("id", "bot_id", "chat_id", "username", "reach", "reach_since_at"))
    statement = select(*columns).where(contact_points.c.customer_id == customer_id).order_by(contact_points.c.id)
    return list(await tx.execute(statement))
