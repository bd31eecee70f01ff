"""Customers, their contact points, consents and running dialogues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import randbits
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from domain.codes import CUSTOMER_SIGNS, spell
from domain.dialogues import Dialogue, DialogueName
from domain.people import Birthday, Consent, ConsentClass, ContactPoint, Customer, Reach
from storage.database import Tx
from storage.tables import branches, consents, contact_points, customers, dialogues

SOLAR, LUNAR = "solar", "lunar"
"""The calendars of ``customers.birth_calendar``."""
_IDLE = "idle"


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact point with its customer and the dialogue it is in."""

    contact: ContactPoint
    customer: Customer
    dialogue: Dialogue | None
    notice_version: int | None


_CONTACT = (
    contact_points.c.id.label("contact_id"),
    contact_points.c.bot_id,
    contact_points.c.chat_id,
    contact_points.c.username,
    contact_points.c.reach,
    contact_points.c.notice_version,
    contact_points.c.banned_until_at,
    contact_points.c.slowed_at,
)
_CUSTOMER = (
    customers.c.id.label("customer_id"),
    customers.c.name,
    customers.c.language,
    customers.c.zone,
    customers.c.birth_month,
    customers.c.birth_day,
    customers.c.birth_year,
    customers.c.birth_calendar,
    customers.c.birth_leap,
    customers.c.source,
    customers.c.branch_id,
    customers.c.code,
    customers.c.tier,
    customers.c.call_name,
    customers.c.phone,
    customers.c.owner_id,
)
_DIALOGUE = (
    dialogues.c.name.label("dialogue"),
    dialogues.c.step,
    dialogues.c.data,
    dialogues.c.updated_at,
    dialogues.c.due_at,
)
_KNOWN = select(*_CONTACT, *_CUSTOMER, *_DIALOGUE).select_from(
    contact_points.join(customers, customers.c.id == contact_points.c.customer_id).outerjoin(
        dialogues, dialogues.c.contact_point_id == contact_points.c.id
    )
)
_IN_DIALOGUE = select(*_CONTACT, *_CUSTOMER, *_DIALOGUE).select_from(
    dialogues.join(contact_points, contact_points.c.id == dialogues.c.contact_point_id).join(
        customers, customers.c.id == contact_points.c.customer_id
    )
)
_BOT_ID: ColumnElement[Any] = func.coalesce(contact_points.c.bot_id, 0)
"""The bot, in no index: else SQLite would walk through all its contacts to find the few in a dialogue."""


def birthday_of(row: Any) -> Birthday | None:
    """Return the birthday a row of ``customers`` holds."""
    if not row.birth_month:
        return None
    lunar = row.birth_calendar == LUNAR
    return Birthday(row.birth_month, row.birth_day, row.birth_year, lunar, lunar and row.birth_leap)


def birthday_columns(birthday: Birthday | None) -> dict[str, Any]:
    """Return the columns of ``customers`` that hold a birthday."""
    kept = birthday or Birthday(0, 0)
    return {
        "birth_month": kept.month or None,
        "birth_day": kept.day or None,
        "birth_year": kept.year,
        "birth_calendar": LUNAR if kept.lunar else SOLAR,
        "birth_leap": kept.leap,
    }


def _customer(row: Any) -> Customer:
    return Customer(
        row.customer_id,
        row.name,
        row.language,
        row.zone,
        birthday_of(row),
        row.source,
        row.branch_id,
        row.code,
        row.tier,
        row.call_name,
        row.phone,
        row.owner_id,
    )


def _known(row: Any) -> KnownContact:
    contact = ContactPoint(
        row.contact_id,
        row.customer_id,
        row.bot_id,
        row.chat_id,
        row.username,
        Reach(row.reach),
        row.banned_until_at,
        row.slowed_at,
    )
    dialogue = None
    if row.dialogue not in (None, _IDLE):
        dialogue = Dialogue(
            row.contact_id, DialogueName(row.dialogue), row.step, row.updated_at, dict(row.data), row.due_at
        )
    return KnownContact(contact, _customer(row), dialogue, row.notice_version)


_OF_CHATS = _KNOWN.where(
    contact_points.c.bot_id == bindparam("bot_id"),
    contact_points.c.chat_id.in_(bindparam("chats", expanding=True)),
)


# A tick that opens what somebody has gathered waits for whoever handles that person's next words, and the reverse.
# Locked first and read by a statement of its own: a row waited for shows who it belongs to now, not before the wait.
_LOCK_CHATS = (
    select(contact_points.c.id)
    .where(
        contact_points.c.bot_id == bindparam("bot_id"),
        contact_points.c.chat_id.in_(bindparam("chats", expanding=True)),
    )
    .order_by(contact_points.c.id)
    .with_for_update()
)


async def load_contacts(tx: Tx, *, bot_id: int, chat_ids: Sequence[int]) -> dict[int, KnownContact]:
    """Return what is known of the people behind these private chats, by chat id."""
    if not chat_ids:
        return {}
    chats = {"bot_id": bot_id, "chats": list(chat_ids)}
    if tx.for_update:
        await tx.execute(_LOCK_CHATS, chats)
    rows = await tx.execute(_OF_CHATS, chats)
    return {row.chat_id: _known(row) for row in rows}


async def list_chat_ids(tx: Tx, contact_point_ids: Sequence[int]) -> dict[int, int]:
    """Return the Telegram chats of these contact points, by contact point."""
    if not contact_point_ids:
        return {}
    rows = await tx.execute(_CHAT_IDS, {"ids": list(contact_point_ids)})
    return {row.id: row.chat_id for row in rows}


_CHAT_IDS = select(contact_points.c.id, contact_points.c.chat_id).where(
    contact_points.c.id.in_(bindparam("ids", expanding=True))
)


async def get_contact(tx: Tx, contact_point_id: int) -> KnownContact | None:
    """Return one contact point with its customer."""
    row = (await tx.execute(_KNOWN.where(contact_points.c.id == contact_point_id))).first()
    return _known(row) if row else None


async def list_contacts_of_customers(tx: Tx, customer_ids: Sequence[int]) -> dict[int, KnownContact]:
    """Return each customer's contact point used last, reachable ones first, by customer."""
    statement = _KNOWN.where(customers.c.id.in_(bindparam("ids", expanding=True))).order_by(
        contact_points.c.reach, contact_points.c.id
    )
    rows = await tx.execute(statement, {"ids": list(customer_ids)})
    return {row.customer_id: _known(row) for row in rows}  # "reachable" sorts after "blocked", and the last one stays


async def get_customer(tx: Tx, customer_id: int) -> Customer | None:
    """Return one customer."""
    row = (await tx.execute(select(*_CUSTOMER).where(customers.c.id == customer_id))).first()
    return _customer(row) if row else None


async def add_customer(
    tx: Tx, *, name: str, language: str, source: str | None, branch_id: int | None, now: datetime
) -> Customer:
    """Add a new customer with the next bulk write."""
    code = spell(randbits(64), CUSTOMER_SIGNS)
    customer = Customer(await tx.new_id(customers), name, language, None, None, source, branch_id, code)
    tx.add(
        customers,
        id=customer.id,
        code=code,
        name=name,
        language=language,
        source=source,
        branch_id=branch_id,
        created_at=now,
    )
    return customer


async def add_contact(
    tx: Tx, *, customer_id: int, bot_id: int, chat_id: int, username: str | None, now: datetime
) -> ContactPoint:
    """Add a reachable contact point with the next bulk write."""
    contact = ContactPoint(await tx.new_id(contact_points), customer_id, bot_id, chat_id, username, Reach.REACHABLE)
    tx.add(
        contact_points,
        id=contact.id,
        customer_id=customer_id,
        bot_id=bot_id,
        chat_id=chat_id,
        username=username,
        reach=Reach.REACHABLE.value,
        reach_since_at=now,
    )
    return contact


def change_customer(tx: Tx, customer_id: int, **values: Any) -> None:
    """Change columns of a customer with the next bulk write."""
    tx.change(customers, customer_id, **values)


def change_contact(tx: Tx, contact_point_id: int, **values: Any) -> None:
    """Change columns of a contact point with the next bulk write."""
    tx.change(contact_points, contact_point_id, **values)


async def get_branch_id(tx: Tx, code: str) -> int | None:
    """Return the branch with this code."""
    value: int | None = (await tx.execute(select(branches.c.id).where(branches.c.code == code))).scalar()
    return value


async def list_branch_codes(tx: Tx) -> dict[str, int]:
    """Return the ids of all branches by code."""
    return {row.code: row.id for row in await tx.execute(select(branches.c.code, branches.c.id))}


async def insert_missing_branches(tx: Tx, seeds: Sequence[tuple[str, str]]) -> None:
    """Insert ``(code, name)`` branches that do not exist yet."""
    for code, name in seeds:
        statement = tx.insert(branches).values(code=code, name=name)
        await tx.execute(statement.on_conflict_do_nothing(index_elements=["code"]))


async def list_consents(tx: Tx, customer_id: int) -> dict[ConsentClass, Consent]:
    """Return the answers a customer has given, by class."""
    rows = await tx.execute(
        select(consents.c.kind, consents.c.given, consents.c.until_at).where(consents.c.customer_id == customer_id)
    )
    return {ConsentClass(r.kind): Consent(ConsentClass(r.kind), r.given, r.until_at) for r in rows}


async def list_consenting(tx: Tx, customer_ids: Sequence[int], kind: ConsentClass) -> dict[int, Consent]:
    """Return the answers these customers have given for one class, by customer."""
    statement = select(consents.c.customer_id, consents.c.given, consents.c.until_at).where(
        consents.c.customer_id.in_(bindparam("ids", expanding=True)), consents.c.kind == kind.value
    )
    rows = await tx.execute(statement, {"ids": list(customer_ids)})
    return {row.customer_id: Consent(kind, row.given, row.until_at) for row in rows}


async def set_consent(tx: Tx, *, customer_id: int, consent: Consent, notice_version: int, now: datetime) -> None:
    """Keep a customer's newest answer for one class."""
    values = {
        "given": consent.given,
        "until_at": consent.until_at,
        "notice_version": notice_version,
        "changed_at": now,
    }
    insert = tx.insert(consents).values(customer_id=customer_id, kind=consent.kind.value, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=["customer_id", "kind"], set_=values))


def _save_dialogue(insert: Any) -> Any:
    fields = ("name", "step", "data", "updated_at", "due_at")
    return insert.on_conflict_do_update(
        index_elements=["contact_point_id"], set_={name: insert.excluded[name] for name in fields}
    )


_SAVE_DIALOGUE = {
    "sqlite": _save_dialogue(sqlite.insert(dialogues)),
    "postgresql": _save_dialogue(postgresql.insert(dialogues)),
}


def save_dialogue(tx: Tx, dialogue: Dialogue) -> None:
    """Keep where a conversation stands, with the next bulk write."""
    tx.later(
        _SAVE_DIALOGUE[tx.dialect],
        contact_point_id=dialogue.contact_point_id,
        name=dialogue.name.value,
        step=dialogue.step,
        data=dialogue.data,
        updated_at=dialogue.updated_at,
        due_at=dialogue.due_at,
    )


def end_dialogue(tx: Tx, *, contact_point_id: int, now: datetime) -> None:
    """Forget where a conversation stood, with the next bulk write."""
    tx.later(
        _SAVE_DIALOGUE[tx.dialect],
        contact_point_id=contact_point_id,
        name=_IDLE,
        step="",
        data={},
        updated_at=now,
        due_at=None,
    )


async def list_due_dialogues(tx: Tx, *, bot_id: int, now: datetime, limit: int) -> list[KnownContact]:
    """Return contacts whose gathered words have waited long enough."""
    statement = (
        _IN_DIALOGUE.where(dialogues.c.due_at <= now, _BOT_ID.in_([bot_id])).order_by(dialogues.c.due_at).limit(limit)
    )
    if tx.for_update:
        statement = statement.with_for_update(skip_locked=True, of=contact_points)
    return [_known(row) for row in await tx.execute(statement)]
