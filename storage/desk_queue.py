"""What waits for a staff group: how much it is, which words they are, and what is no longer worth saying."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import distinct, func, literal_column, or_, select, update

from domain.outgoing import Action, Purpose, TargetKind
from storage.database import Tx
from storage.outbox import COLUMNS, OutboxRow, mark_settled, row_of
from storage.tables import interactions, outbox, topics

_QUEUED = outbox.c.state == literal_column("'queued'")  # literals, so that SQLite may use the partial indexes
_OPEN = outbox.c.state.in_([literal_column("'queued'"), literal_column("'sending'")])
_CARRYING = 5
"""Among so many rows before a part of joined words is the one that carried it."""


async def join_queued(tx: Tx, coalesce_key: str, join: Callable[[dict[str, Any]], dict[str, Any] | None]) -> int | None:
    """Let ``join`` add to the body of the row still queued under ``coalesce_key``; returns that row's id.

    ``None`` when none is queued, or when ``join`` gave none back: nothing more is then added to that row.
    """
    found = select(outbox.c.id, outbox.c.body).where(outbox.c.coalesce_key == coalesce_key, _QUEUED)
    row = (await tx.execute(found.with_for_update() if tx.for_update else found)).first()
    if row is None:
        return None
    joined = join(row.body) if row.body is not None else None
    values = {"coalesce_key": None} if joined is None else {"body": joined}
    await tx.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
    return None if joined is None else int(row.id)


async def end_joining(tx: Tx, coalesce_key: str) -> None:
    """Let nothing more be added to what is queued under ``coalesce_key``: something else comes after it."""
    await tx.execute(update(outbox).where(outbox.c.coalesce_key == coalesce_key, _QUEUED).values(coalesce_key=None))


async def drop_same(tx: Tx, coalesce_key: str, body: dict[str, Any], *, now: datetime) -> None:
    """Give up the row still queued under ``coalesce_key`` when it says just what ``body`` does."""
    found = select(outbox.c.id, outbox.c.body).where(outbox.c.coalesce_key == coalesce_key, _QUEUED)
    row = (await tx.execute(found.with_for_update() if tx.for_update else found)).first()
    if row is not None and all((row.body or {}).get(name) == body.get(name) for name in ("content", "buttons")):
        mark_settled(tx, row_id=row.id, state="dropped", now=now, error="said already")


async def list_waiting_words(tx: Tx, *, customer_id: int, case_id: int, chat_key: str) -> set[int]:
    """Return the interactions of a case that are still on their way to ``chat_key``."""
    statement = select(outbox.c.interaction_id, outbox.c.body).where(
        outbox.c.customer_id == customer_id,
        outbox.c.case_id == case_id,
        outbox.c.chat_key == chat_key,
        _OPEN,
        outbox.c.purpose == Purpose.CUSTOMER_WORDS.value,
    )
    waiting: set[int] = set()
    for row in await tx.execute(statement):
        waiting |= {item["interaction_id"] for item in (row.body or {}).get("extra", {}).get("items", ())}
        if row.interaction_id is not None:
            waiting.add(row.interaction_id)
    return waiting


async def find_sent_carrying(tx: Tx, *, interaction_id: int, chat_id: int) -> OutboxRow | None:
    """Return the delivered row that carried an interaction into ``chat_id`` among other words joined with it."""
    author = select(interactions.c.customer_id).where(interactions.c.id == interaction_id).scalar_subquery()
    statement = (
        select(*COLUMNS)
        .where(
            outbox.c.customer_id == author,
            outbox.c.sent_chat_id == chat_id,
            outbox.c.interaction_id < interaction_id,
            outbox.c.action == Action.SEND.value,
            outbox.c.purpose == Purpose.CUSTOMER_WORDS.value,
            outbox.c.message_id.is_not(None),
        )
        .order_by(outbox.c.interaction_id.desc())
        .limit(_CARRYING)
    )
    for row in map(row_of, await tx.execute(statement)):
        if any(item["interaction_id"] == interaction_id for item in (row.body or {}).get("extra", {}).get("items", ())):
            return row
    return None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages wait for a staff group, and for how many cases a view must be made before."""

    messages: int
    unshown_cases: int


async def count_waiting(tx: Tx, *, bot_id: int, group_id: int) -> Waiting:
    """Return what waits for a staff group, but for reactions, which no limit holds back, and cards of new views."""
    unshown = when((topics.c.card_message_id.is_(None), outbox.c.case_id))
    of_case = outbox.c.target_kind.in_([TargetKind.CASE.value, TargetKind.CARD.value])
    statement = (
        select(func.count(), func.count(distinct(when((of_case, unshown)))))
        .select_from(
            outbox.outerjoin(topics, (topics.c.case_id == outbox.c.case_id) & (topics.c.staff_group_id == group_id))
        )
        .where(
            outbox.c.bot_id == bot_id,
            outbox.c.lane.in_(range(4)),
            outbox.c.chat_key == f"g{group_id}",
            _OPEN,
            outbox.c.action != Action.REACT.value,
            or_(outbox.c.target_kind != TargetKind.CARD.value, topics.c.card_message_id.is_not(None)),
        )
    )
    messages, unshown_cases = (await tx.execute(statement)).one()
    return Waiting(messages, unshown_cases)


async def list_queued(tx: Tx, *, bot_id: int, group_id: int, purposes: Sequence[Purpose]) -> list[OutboxRow]:
    """Return what is queued for a staff group for these reasons, oldest first."""
    statement = select(*COLUMNS).where(
        outbox.c.bot_id == bot_id,
        outbox.c.lane.in_(range(4)),
        outbox.c.chat_key == f"g{group_id}",
        _OPEN,
        _QUEUED,
        outbox.c.purpose.in_([purpose.value for purpose in purposes]),
    )
    rows = await tx.execute(statement.order_by(outbox.c.id).with_for_update() if tx.for_update else statement)
    return [row_of(row) for row in rows]


async def drop_of_group(
    tx: Tx, *, bot_id: int, group_id: int, now: datetime, error: str, case_id: int | None = None
) -> None:
    """Give up what is queued for a staff group, or what of it is about one case."""
    statement = update(outbox).where(
        outbox.c.bot_id == bot_id, outbox.c.lane.in_(range(4)), outbox.c.chat_key == f"g{group_id}", _OPEN, _QUEUED
    )
    if case_id is not None:
        statement = statement.where(outbox.c.case_id == case_id)
    await tx.execute(statement.values(state="dropped", settled_at=now, error=error))


async def list_words_not_copied(tx: Tx, *, bot_id: int, group_id: int, limit: int) -> list[int]:
    """Return the interactions that wait for a staff group and were copied to no private chat, oldest first."""
    queued = await list_queued(tx, bot_id=bot_id, group_id=group_id, purposes=[Purpose.CUSTOMER_WORDS])
    ids = [
        item["interaction_id"]
        for row in queued
        for item in (row.body or {}).get("extra", {}).get("items") or [{"interaction_id": row.interaction_id}]
    ][:limit]
    private = outbox.c.target_kind == TargetKind.MEMBER.value
    copied = await tx.execute(select(outbox.c.interaction_id).where(outbox.c.interaction_id.in_(ids), private))
    known = set(copied.scalars())
    return [interaction_id for interaction_id in ids if interaction_id is not None and interaction_id not in known]
