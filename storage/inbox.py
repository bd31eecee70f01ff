"""The inbox: updates stored before Telegram may forget them, handled in order a chat, dead-lettered when hopeless."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Tx
from storage.tables import inbox

_NEW: ColumnElement[str] = literal_column("'new'")  # a literal, so that SQLite may use the partial indexes
_DEAD: ColumnElement[str] = literal_column("'dead'")
_INSERT = {
    "sqlite": sqlite.insert(inbox).on_conflict_do_nothing(index_elements=["bot_id", "update_id"]),
    "postgresql": postgresql.insert(inbox).on_conflict_do_nothing(index_elements=["bot_id", "update_id"]),
}


@dataclass(frozen=True, slots=True)
class InboxUpdate:
    """One stored update; ``payload`` is the raw JSON text."""

    id: int
    update_id: int
    chat_id: int
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadUpdate:
    """One update that was given up; the error names a type and a place, never a person's words."""

    id: int
    update_id: int
    chat_id: int
    received_at: datetime
    attempts: int
    error: str
    payload: str | None


async def insert_updates(tx: Tx, *, bot_id: int, updates: Sequence[tuple[int, int, str]], now: datetime) -> None:
    """Store ``(update_id, chat_id, payload)`` rows; one that is stored already changes nothing."""
    rows = [
        {"bot_id": bot_id, "update_id": update_id, "chat_id": chat_id, "payload": payload, "received_at": now}
        for update_id, chat_id, payload in updates
    ]
    if rows:
        await tx.execute(_INSERT[tx.dialect], rows)


_other = inbox.alias("other")
_COLUMNS = (inbox.c.id, inbox.c.update_id, inbox.c.chat_id, inbox.c.payload, inbox.c.attempts)
_POSTPONED_CHAT = exists().where(
    _other.c.bot_id == inbox.c.bot_id,
    _other.c.chat_id == inbox.c.chat_id,
    _other.c.state == _NEW,
    _other.c.next_try_at.is_not(None),
    _other.c.next_try_at > bindparam("now"),
)
_EARLIER_IN_CHAT = exists().where(
    _other.c.bot_id == inbox.c.bot_id,
    _other.c.chat_id == inbox.c.chat_id,
    _other.c.state == _NEW,
    _other.c.id < inbox.c.id,
)
_QUEUE = (
    select(*_COLUMNS)
    .where(inbox.c.bot_id == bindparam("bot_id"), inbox.c.state == _NEW, ~_POSTPONED_CHAT)
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)
_HEADS = (
    select(inbox.c.chat_id)
    .where(
        inbox.c.bot_id == bindparam("bot_id"),
        inbox.c.state == _NEW,
        or_(inbox.c.next_try_at.is_(None), inbox.c.next_try_at <= bindparam("now")),
        ~_EARLIER_IN_CHAT,
    )
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OF_CHATS = (
    select(*_COLUMNS)
    .where(
        inbox.c.bot_id == bindparam("bot_id"),
        inbox.c.state == _NEW,
        inbox.c.chat_id.in_(bindparam("chats", expanding=True)),
    )
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)


async def claim_updates(tx: Tx, *, bot_id: int, now: datetime, limit: int) -> list[InboxUpdate]:
    """Claim up to ``limit`` updates in arrival order; a chat whose first update waits for its next try gives none.

    What is claimed is the chat: on PostgreSQL its first open row is locked until this transaction ends, so no
    other replica handles a later update of the same chat meanwhile. On SQLite the transaction holds the writer.
    """
    parameters: dict[str, Any] = {"bot_id": bot_id, "now": now, "limit": limit}
    if tx.dialect == "postgresql":
        chats = (await tx.execute(_HEADS, parameters)).scalars().all()
        if not chats:
            return []
        rows = await tx.execute(_OF_CHATS, {"bot_id": bot_id, "chats": chats, "limit": limit})
    else:
        rows = await tx.execute(_QUEUE, parameters)
    return [InboxUpdate(*row) for row in rows]


_DONE = (
    update(inbox)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="done", done_at=bindparam("at"), error=None)
)


async def mark_done(tx: Tx, *, ids: Sequence[int], now: datetime) -> None:
    """Record that the updates were handled."""
    await tx.execute(_DONE, {"ids": list(ids), "at": now})


async def mark_failed(tx: Tx, *, inbox_id: int, error: str, now: datetime, next_try_at: datetime | None) -> None:
    """Count a failed try; without ``next_try_at`` the update is given up and goes to the dead letters.

    One that another replica handled meanwhile stays done.
    """
    await tx.execute(
        update(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.state == _NEW)
        .values(
            attempts=inbox.c.attempts + 1,
            error=error,
            next_try_at=next_try_at,
            state="new" if next_try_at else "dead",
            done_at=None if next_try_at else now,
        )
    )


_DEAD_COLUMNS = tuple(inbox.c[name] for name in DeadUpdate.__slots__)


async def list_dead(tx: Tx, *, limit: int) -> list[DeadUpdate]:
    """Return the newest dead letters."""
    rows = await tx.execute(
        select(*_DEAD_COLUMNS).where(inbox.c.state == _DEAD).order_by(inbox.c.id.desc()).limit(limit)
    )
    return [DeadUpdate(*row) for row in rows]


async def get_dead(tx: Tx, *, inbox_id: int) -> DeadUpdate | None:
    """Return one dead letter."""
    row = (await tx.execute(select(*_DEAD_COLUMNS).where(inbox.c.state == _DEAD, inbox.c.id == inbox_id))).first()
    return DeadUpdate(*row) if row else None


async def replay_dead(tx: Tx, *, inbox_id: int) -> bool:
    """Put a dead letter back in the queue with fresh tries; False when it is none, or its words are gone."""
    done = await tx.execute(
        update(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.state == _DEAD, inbox.c.payload.is_not(None))
        .values(state="new", attempts=0, next_try_at=None, done_at=None)
    )
    return done.rowcount == 1
