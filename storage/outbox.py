"""The outbox: what is to be said, claimed in order by the sender, its fate recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from domain.interactions import Content, Kind, MediaRef
from domain.outgoing import HANDLING, Action, Button, Lane, OnUnknown, Outgoing, Purpose, TargetKind
from storage.database import Tx
from storage.tables import outbox, pauses

_QUEUED: ColumnElement[str] = literal_column("'queued'")  # literals, so that SQLite may use the partial indexes
_SENDING: ColumnElement[str] = literal_column("'sending'")
_UNKNOWN: ColumnElement[str] = literal_column("'unknown'")
_INSERT = {
    "sqlite": sqlite.insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"]),
    "postgresql": postgresql.insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"]),
}


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One stored row, as the sender and the review of unknown deliveries see it."""

    id: int
    lane: Lane
    chat_key: str
    purpose: Purpose
    on_unknown: OnUnknown
    action: Action
    target_kind: TargetKind
    target_ref: int
    body: dict[str, Any] | None
    state: str
    attempts: int
    not_before_at: datetime | None
    customer_id: int | None
    case_id: int | None
    interaction_id: int | None
    delivery_id: int | None
    created_at: datetime
    sent_chat_id: int | None
    message_id: int | None
    error: str | None


COLUMNS = tuple(outbox.c[name] for name in OutboxRow.__slots__)
"""What a query must ask for so that :func:`row_of` can read its rows."""


def row_of(values: Any) -> OutboxRow:
    """Return one row of a query for ``COLUMNS``."""
    row = values._mapping
    return OutboxRow(
        **{
            **{name: row[name] for name in OutboxRow.__slots__},
            "lane": Lane(row["lane"]),
            "purpose": Purpose(row["purpose"]),
            "on_unknown": OnUnknown(row["on_unknown"]),
            "action": Action(row["action"]),
            "target_kind": TargetKind(row["target_kind"]),
        }
    )


def content_to_json(content: Content) -> dict[str, Any]:
    """Return ``content`` as JSON values, leaving out what is empty."""
    media = content.media
    found = {
        "kind": content.kind.value,
        "text": content.text,
        "entities": list(content.entities),
        "file_id": media and media.file_id,
        "extra": content.extra,
    }
    return {name: value for name, value in found.items() if value}


def content_from_json(values: dict[str, Any]) -> Content:
    """Return the content kept as JSON values."""
    file_id = values.get("file_id")
    return Content(
        kind=Kind(values["kind"]),
        text=values.get("text", ""),
        entities=tuple(values.get("entities", ())),
        media=MediaRef(file_id, "") if file_id else None,
        extra=values.get("extra", {}),
    )


def buttons_to_json(rows: tuple[tuple[Button, ...], ...]) -> list[list[dict[str, str]]]:
    """Return inline buttons in the form in which Telegram wants them."""
    return [
        [{"text": b.text, "url": b.url} if b.url else {"text": b.text, "callback_data": b.data or ""} for b in row]
        for row in rows
    ]


def _body(message: Outgoing) -> dict[str, Any]:
    found = {
        "content": content_to_json(message.content),
        "html": message.html,
        "buttons": buttons_to_json(message.buttons),
        "keyboard": [list(row) for row in message.keyboard],
        "force_reply": message.force_reply,
        "message_id": message.message_id,
        "reply_to": message.reply_to,
        "extra": message.extra,
    }
    return {name: value for name, value in found.items() if value}


async def add_outgoing(tx: Tx, message: Outgoing, *, bot_id: int, now: datetime) -> int:
    """Queue one message and return its row id; it is written with the transaction's next bulk write.

    A second row under the same ``dedupe_key`` changes nothing.
    """
    handling = HANDLING[message.purpose]
    row_id = await tx.new_id(outbox)
    tx.later(
        _INSERT[tx.dialect],
        id=row_id,
        bot_id=bot_id,
        lane=int(handling.lane if message.lane is None else message.lane),
        chat_key=message.target.chat_key,
        purpose=message.purpose.value,
        on_unknown=handling.on_unknown.value,
        action=message.action.value,
        target_kind=message.target.kind.value,
        target_ref=message.target.ref,
        body=_body(message),
        not_before_at=message.not_before_at,
        dedupe_key=message.dedupe_key,
        coalesce_key=message.coalesce_key,
        customer_id=message.customer_id,
        case_id=message.case_id,
        interaction_id=message.interaction_id,
        delivery_id=message.delivery_id,
        created_at=now,
    )
    return row_id


async def merge_queued(tx: Tx, coalesce_key: str, merge: Callable[[dict[str, Any]], dict[str, Any]]) -> int | None:
    """Let ``merge`` rewrite the body of the row still queued under ``coalesce_key``, in its place in the order.

    Returns that row's id, or ``None`` when none is queued.
    """
    statement = select(outbox.c.id, outbox.c.body).where(
        outbox.c.coalesce_key == coalesce_key, outbox.c.state == _QUEUED
    )
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    if row is None:
        return None
    await tx.execute(update(outbox).where(outbox.c.id == row.id).values(body=merge(row.body)))
    return int(row.id)


async def drop_queued(tx: Tx, coalesce_key: str, *, now: datetime, error: str) -> None:
    """Give up the row still queued under ``coalesce_key``, if there is one."""
    row_id = await merge_queued(tx, coalesce_key, lambda body: body)
    if row_id is not None:
        mark_settled(tx, row_id=row_id, state="dropped", now=now, error=error)


async def queue_or_replace(tx: Tx, message: Outgoing, *, bot_id: int, now: datetime) -> int:
    """Queue ``message``, or put its words in the row still queued under its ``coalesce_key``."""
    assert message.coalesce_key
    merged = await merge_queued(tx, message.coalesce_key, lambda _old: _body(message))
    return merged if merged is not None else await add_outgoing(tx, message, bot_id=bot_id, now=now)


_SENDING_NOW = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="sending", claimed_at=bindparam("at"), attempts=outbox.c.attempts + 1)
)


async def mark_sending(tx: Tx, *, ids: Sequence[int], now: datetime) -> None:
    """Record that the calls for these rows are about to be made."""
    await tx.execute(_SENDING_NOW, {"ids": list(ids), "at": now})


_POSTPONE = update(outbox).where(outbox.c.id == bindparam("row_id")).values(not_before_at=bindparam("at"))
_REQUEUE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(state="queued", not_before_at=bindparam("at"), error=bindparam("why"))
)
_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        state="sent",
        settled_at=bindparam("at"),
        sent_chat_id=bindparam("chat"),
        message_id=bindparam("message"),
        message_count=bindparam("count"),
        error=None,
    )
)
_SETTLED = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(state=bindparam("to"), settled_at=bindparam("at"), error=bindparam("why"))
)


def postpone(tx: Tx, *, row_id: int, until_at: datetime) -> None:
    """Let a queued row wait until ``until_at``."""
    tx.later(_POSTPONE, row_id=row_id, at=until_at)


def requeue(tx: Tx, *, row_id: int, not_before_at: datetime | None, error: str | None) -> None:
    """Put a row that was surely not delivered, or is of the kind that is resent, back in its place."""
    tx.later(_REQUEUE, row_id=row_id, at=not_before_at, why=error)


def mark_sent(
    tx: Tx, *, row_id: int, now: datetime, chat_id: int | None, message_id: int | None, count: int = 1
) -> None:
    """Record a delivery and where it can be found (``count`` messages from ``message_id`` on)."""
    tx.later(_SENT, row_id=row_id, at=now, chat=chat_id, message=message_id, count=count)


def mark_settled(tx: Tx, *, row_id: int, state: str, now: datetime, error: str) -> None:
    """Record another end: ``failed``, ``unknown`` or ``dropped`` (no longer worth saying)."""
    tx.later(_SETTLED, row_id=row_id, to=state, at=now, why=error)


async def list_left_sending(tx: Tx, *, bot_id: int, claimed_before: datetime, limit: int = 500) -> list[OutboxRow]:
    """Return rows claimed until ``claimed_before`` and not settled since: if nobody is at it, their fate is unknown."""
    statement = (
        select(*COLUMNS)
        .where(outbox.c.state == _SENDING, outbox.c.bot_id == bot_id, outbox.c.claimed_at <= claimed_before)
        .order_by(outbox.c.id)
        .limit(limit)
    )
    rows = await tx.execute(statement.with_for_update(skip_locked=True) if tx.for_update else statement)
    return [row_of(row) for row in rows]


async def turn_into_send(tx: Tx, *, row_id: int) -> None:
    """Let words that were to replace a message that is gone be said as a message of their own."""
    await tx.execute(
        update(outbox).where(outbox.c.id == row_id).values(action=Action.SEND.value, state="queued", not_before_at=None)
    )


async def get_row(tx: Tx, row_id: int, *, hold: bool = False) -> OutboxRow | None:
    """Return one row; ``hold``: which nobody else changes before the end of the transaction."""
    found = select(*COLUMNS).where(outbox.c.id == row_id)
    row = (await tx.execute(found.with_for_update() if hold and tx.for_update else found)).first()
    return row_of(row) if row else None


async def find_sent(tx: Tx, *, bot_id: int, chat_id: int, message_id: int) -> OutboxRow | None:
    """Return the row whose message (or album of messages) stands at ``message_id`` in ``chat_id``."""
    statement = (
        select(*COLUMNS)
        .where(
            outbox.c.bot_id == bot_id,
            outbox.c.sent_chat_id == chat_id,
            outbox.c.message_id <= message_id,
            outbox.c.message_id + outbox.c.message_count > message_id,
        )
        .order_by(outbox.c.message_id.desc(), outbox.c.id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    return row_of(row) if row else None


async def find_sent_of_interaction(tx: Tx, *, interaction_id: int, chat_id: int) -> OutboxRow | None:
    """Return the delivered row that carried an interaction into ``chat_id``."""
    statement = (
        select(*COLUMNS)
        .where(
            outbox.c.interaction_id == interaction_id,
            outbox.c.sent_chat_id == chat_id,
            outbox.c.action.in_([Action.SEND.value, Action.ALBUM.value]),
            outbox.c.message_id.is_not(None),
        )
        .order_by(outbox.c.id)
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    return row_of(row) if row else None


async def list_unknown(tx: Tx, *, limit: int) -> list[OutboxRow]:
    """Return the oldest rows of unknown delivery, about which a person is to decide."""
    rows = await tx.execute(select(*COLUMNS).where(outbox.c.state == _UNKNOWN).order_by(outbox.c.id).limit(limit))
    return [row_of(row) for row in rows]


ALL_CAMPAIGNS = "campaigns"
"""The scope of a pause of everything that is said to many at leisure."""


async def set_pause(tx: Tx, *, bot_id: int, scope: str, until_at: datetime, reason: str) -> None:
    """Keep a chat (its ``chat_key``), ``ALL_CAMPAIGNS`` or the whole token (``*``) silent until ``until_at``.

    It survives a restart. One that lasts longer already stays.
    """
    insert = tx.insert(pauses).values(bot_id=bot_id, scope=scope, until_at=until_at, reason=reason)
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=["bot_id", "scope"],
            set_={"until_at": until_at, "reason": reason},
            where=pauses.c.until_at < until_at,
        )
    )


async def end_pause(tx: Tx, *, bot_id: int, scope: str, now: datetime) -> None:
    """Let a chat that was kept silent be written to again from now on."""
    his = and_(pauses.c.bot_id == bot_id, pauses.c.scope == scope)
    await tx.execute(update(pauses).where(his).values(until_at=now, reason="ended"))


async def clear_pauses(tx: Tx, *, bot_id: int, now: datetime) -> None:
    """Forget pauses that have passed."""
    await tx.execute(pauses.delete().where(and_(pauses.c.bot_id == bot_id, pauses.c.until_at <= now)))
