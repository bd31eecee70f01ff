"""The heads of the outbox: the row that goes next of each chat and lane, found fast however many wait behind it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from domain.outgoing import Lane
from storage.database import Tx
from storage.outbox import ALL_CAMPAIGNS, COLUMNS, OutboxRow, row_of
from storage.tables import outbox, pauses

_QUEUED: ColumnElement[str] = literal_column("'queued'")  # literals, so that SQLite may use the partial indexes
_SENDING: ColumnElement[str] = literal_column("'sending'")
_NEAR_MORE = 32
"""So many rows more than those wanted are looked at before the queue counts as a deep one."""

_earlier = outbox.alias("earlier")
_next = outbox.alias("next")
_paused = exists().where(
    pauses.c.bot_id == outbox.c.bot_id,
    or_(
        pauses.c.scope == outbox.c.chat_key,
        pauses.c.scope == "*",
        and_(pauses.c.scope == ALL_CAMPAIGNS, outbox.c.lane >= int(Lane.CAMPAIGN)),
    ),
    pauses.c.until_at > bindparam("now"),
)
_DUE = and_(
    outbox.c.bot_id == bindparam("bot_id"),
    outbox.c.state == _QUEUED,
    or_(outbox.c.not_before_at.is_(None), outbox.c.not_before_at <= bindparam("now")),
    ~_paused,
)
_IN_ORDER = (outbox.c.lane, outbox.c.id)
_IS_HEAD = ~exists().where(
    _earlier.c.bot_id == outbox.c.bot_id,
    _earlier.c.lane == outbox.c.lane,
    _earlier.c.chat_key == outbox.c.chat_key,
    _earlier.c.id < outbox.c.id,
    _earlier.c.state.in_([_QUEUED, _SENDING]),
)
_LANE: BindParameter[int] = bindparam("lane")


def _near_heads(*where: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the heads among the first ``near`` due rows, and how many rows those were."""
    near = select(outbox.c.id, _IS_HEAD.label("is_head")).where(_DUE, *where).order_by(*_IN_ORDER)
    rows = near.limit(bindparam("near")).cte("near_rows")
    return (
        select(*COLUMNS, select(func.count()).select_from(rows).scalar_subquery().label("looked_at"))
        .select_from(rows.join(outbox, outbox.c.id == rows.c.id))
        .where(rows.c.is_head, outbox.c.state == _QUEUED)
        .order_by(*_IN_ORDER)
        .limit(bindparam("limit"))
    )


def _first_open(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    """Return the first open row of a lane in the order of chats."""
    opened = (_next.c.bot_id == bindparam("bot_id"), _next.c.lane == _LANE, _next.c.state.in_([_QUEUED, _SENDING]))
    return select(_next.c.id).where(*opened, *where).order_by(_next.c.chat_key, _next.c.id).limit(1).scalar_subquery()


def _far_heads() -> Select[Any]:
    """Return the query that hops from chat to chat: what waits behind a chat's first row is never looked at."""
    first = select(_earlier.c.chat_key, _earlier.c.id).where(_earlier.c.id == _first_open())
    heads = first.cte("heads", recursive=True)
    hop = _first_open(_next.c.chat_key > heads.c.chat_key).correlate(heads)
    behind = select(_earlier.c.chat_key, _earlier.c.id).select_from(heads.join(_earlier, _earlier.c.id == hop))
    ids = select(heads.union_all(behind).c.id)
    return select(*COLUMNS).where(outbox.c.id.in_(ids), _DUE).order_by(*_IN_ORDER).limit(bindparam("limit"))


def _with_locked(statement: Select[Any]) -> dict[bool, Select[Any]]:
    return {False: statement, True: statement.with_for_update(of=outbox, skip_locked=True)}


_UNPAID = tuple(lane for lane in Lane if lane is not Lane.PAID)
_NEAR_HEADS = _with_locked(_near_heads(outbox.c.lane < int(Lane.PAID)))
_NEAR_HEADS_OF_LANE = _with_locked(_near_heads(outbox.c.lane == _LANE))
_FAR_HEADS_OF_LANE = _with_locked(_far_heads())
_ANY_QUEUED: Select[Any] = (
    select(literal_column("1"))
    .where(outbox.c.bot_id == bindparam("bot_id"), outbox.c.lane < int(Lane.PAID), outbox.c.state == _QUEUED)
    .limit(1)
)


async def list_paid_heads(tx: Tx, *, bot_id: int, now: datetime, limit: int) -> list[OutboxRow]:
    """Return the first queued row of each chat that is due at ``now`` of the lane that is paid for."""
    values = {"bot_id": bot_id, "now": now, "limit": limit, "near": limit + _NEAR_MORE, "lane": int(Lane.PAID)}
    return [row_of(row) for row in await _heads_of_lane(tx, values)]


async def list_heads(tx: Tx, *, bot_id: int, now: datetime, limit: int) -> list[OutboxRow]:
    """Return the first queued row of each chat and lane that is due at ``now``, most urgent lane first.

    What is paid for is no part of it.

    On PostgreSQL the rows stay locked until the transaction ends. A row is due when its chat and the token are not
    paused and its own ``not_before_at`` has come; an earlier row of the same chat and lane holds it back.

    Most often the first rows of the queue are heads enough. Where they are not, because many wait for few chats, each
    lane is asked by itself, and a lane of that kind by hopping from chat to chat. Source: docs/adr/0034-deep-queues.md.
    """
    near = limit + _NEAR_MORE
    values = {"bot_id": bot_id, "now": now, "limit": limit, "near": near}
    found = (await tx.execute(_NEAR_HEADS[tx.for_update], values)).all()
    if len(found) < limit and (found[0].looked_at >= near if found else await _any_queued(tx, bot_id)):
        found = []
        for lane in _UNPAID:
            values |= {"lane": int(lane), "limit": limit - len(found)}
            found += await _heads_of_lane(tx, values)
            if len(found) >= limit:
                break
    return [row_of(row) for row in found]


async def _any_queued(tx: Tx, bot_id: int) -> bool:
    return (await tx.execute(_ANY_QUEUED, {"bot_id": bot_id})).first() is not None


async def _heads_of_lane(tx: Tx, values: dict[str, Any]) -> Sequence[Any]:
    rows = (await tx.execute(_NEAR_HEADS_OF_LANE[tx.for_update], values)).all()
    if len(rows) < values["limit"] and (not rows or rows[0].looked_at >= values["near"]):
        return (await tx.execute(_FAR_HEADS_OF_LANE[tx.for_update], values)).all()
    return rows
