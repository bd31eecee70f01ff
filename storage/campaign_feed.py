"""Campaign messages on their way: who is due, what is handed over, taken back, given up, and how it goes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, union_all, update

from domain.outgoing import Lane
from storage.database import Tx
from storage.deliveries import Delivery
from storage.outbox import COLUMNS, OutboxRow, row_of
from storage.planned_for import in_touch
from storage.tables import campaign_runs, campaigns, customers, deliveries, interactions, outbox

_PLANNED: ColumnElement[str] = literal_column("'planned'")  # literals, so that SQLite may use the partial indexes
_QUEUED: ColumnElement[str] = literal_column("'queued'")
_UNKNOWN: ColumnElement[str] = literal_column("'unknown'")
_COLUMNS = tuple(deliveries.c[name] for name in Delivery.__slots__)
_CAMPAIGN: ColumnElement[str] = func.coalesce(deliveries.c.campaign, "")
"""The campaign, in no index: else SQLite would walk through all its rows to find those of a hundred customers."""
_LANES = (int(Lane.CAMPAIGN), int(Lane.PAID))
_SAID = ("queued", "sent", "unknown")
_ENDS = ("sent", "failed", "unknown")
_WORDED: ColumnElement[bool] = literal_column("(outbox.body IS NOT NULL)")  # as the partial indexes have them
_SKIPPED: ColumnElement[bool] = literal_column("(deliveries.state <> 'planned' AND deliveries.state = 'skipped')")


async def hold_running(tx: Tx, keys: Sequence[str]) -> frozenset[str]:
    """Return which of these campaigns run, and keep them running until the end of this transaction."""
    found = select(campaigns.c.key).where(campaigns.c.key.in_(list(keys)), campaigns.c.state == "running")
    locked = found.with_for_update(read=True) if tx.for_update else found
    return frozenset((await tx.execute(locked)).scalars())


async def list_due_people(tx: Tx, priorities: Mapping[str, int], *, now: datetime, limit: int) -> list[int]:
    """Return up to ``limit`` customers with something due of these campaigns, by their ``priorities``, then soonest.

    One campaign after another is asked, so that what waits in those that do not run is never looked at.
    """
    parts = []
    for key in sorted(await _list_due(tx, priorities, now=now)):
        due = select(deliveries.c.customer_id, deliveries.c.campaign, deliveries.c.due_at, deliveries.c.id)
        due = due.where(deliveries.c.state == _PLANNED, deliveries.c.campaign == key, deliveries.c.due_at <= now)
        part = due.order_by(deliveries.c.due_at, deliveries.c.id).limit(limit).subquery()
        parts.append(select(part))
    if not parts:
        return []
    rows = (await tx.execute(union_all(*parts))).all()
    rows = sorted(rows, key=lambda row: (-priorities[row.campaign], row.due_at, row.id))
    return list(dict.fromkeys(row.customer_id for row in rows))[:limit]


async def _list_due(tx: Tx, priorities: Mapping[str, int], *, now: datetime) -> list[str]:
    """Return those of these campaigns for which anything is due, mostly none: one look at an index a campaign says it.

    A campaign that is looked at without anything due costs no statement of its own.
    """
    first = (
        select(func.min(deliveries.c.due_at))
        .where(deliveries.c.state == _PLANNED, deliveries.c.campaign == campaigns.c.key)
        .correlate(campaigns)
        .scalar_subquery()
    )
    found = select(campaigns.c.key).where(campaigns.c.key.in_(list(priorities)), first <= now)
    return list((await tx.execute(found)).scalars())


async def list_due_of(
    tx: Tx, customer_ids: Sequence[int], keys: Sequence[str], *, now: datetime
) -> dict[int, list[Delivery]]:
    """Return everything these customers are due for of these campaigns, by customer, locked."""
    statement = (
        select(*_COLUMNS)
        .where(
            deliveries.c.customer_id.in_(list(customer_ids)),
            deliveries.c.state == "planned",
            _CAMPAIGN.in_(list(keys)),
            deliveries.c.due_at <= now,
        )
        .order_by(deliveries.c.id)
    )
    found: dict[int, list[Delivery]] = defaultdict(list)
    for row in await tx.execute(statement.with_for_update() if tx.for_update else statement):
        found[row.customer_id].append(Delivery(*row))
    return found


async def count_ready(tx: Tx, *, bot_id: int, lane: int, soon: datetime) -> int:
    """Return how many messages of a lane wait in the outbox; one that is to wait beyond ``soon`` is none of them."""
    ready = or_(outbox.c.not_before_at.is_(None), outbox.c.not_before_at <= soon)
    counted = select(func.count()).where(
        outbox.c.bot_id == bot_id, outbox.c.lane == lane, outbox.c.state == _QUEUED, ready
    )
    return int((await tx.execute(counted)).scalar_one())


async def list_said(tx: Tx, customer_ids: Sequence[int], keys: Sequence[str]) -> set[tuple[str, str, int]]:
    """Return what these customers were told of these campaigns, or are about to be: campaign, occasion, customer."""
    found = select(deliveries.c.campaign, deliveries.c.occasion, deliveries.c.customer_id).where(
        deliveries.c.customer_id.in_(list(customer_ids)),
        _CAMPAIGN.in_(list(keys)),
        deliveries.c.state.in_(_SAID),
    )
    return {(row.campaign, row.occasion, row.customer_id) for row in await tx.execute(found)}


def hand_over(tx: Tx, delivery_id: int, *, version: int, params: dict[str, Any] | None, now: datetime) -> None:
    """Record with the next bulk write that a message was handed to the outbox, in which version of its campaign."""
    tx.change(
        deliveries,
        delivery_id,
        state="queued",
        reason=None,
        settled_at=None,
        queued_at=now,
        held=None,
        version=version,
        params=params,
    )


def end_alone(tx: Tx, delivery_id: int, *, version: int, params: dict[str, Any] | None, now: datetime) -> None:
    """Record with the next bulk write that a task was made and nothing is said; it counts in no budget."""
    tx.change(
        deliveries,
        delivery_id,
        state="sent",
        reason=None,
        settled_at=now,
        held=None,
        version=version,
        params=params,
    )


def hold(tx: Tx, delivery_id: int, *, reason: str, until: datetime) -> None:
    """Let a planned message wait, with the next bulk write, and say why."""
    tx.change(deliveries, delivery_id, due_at=until, held=reason)


def skip(tx: Tx, delivery_id: int, *, reason: str, now: datetime) -> None:
    """Record with the next bulk write that a message does not go, and why."""
    tx.change(deliveries, delivery_id, state="skipped", reason=reason, settled_at=now, held=None)


async def take_back(tx: Tx, *, bot_id: int, campaign: str, now: datetime) -> int:
    """Take the messages of a campaign that wait in the outbox back out of it, planned again; returns how many.

    What is being sent just now is left to its end.
    """
    his = select(deliveries.c.id).where(deliveries.c.id == outbox.c.delivery_id, deliveries.c.campaign == campaign)
    waiting = (
        select(outbox.c.id, outbox.c.delivery_id, outbox.c.interaction_id)
        .where(outbox.c.bot_id == bot_id, outbox.c.lane.in_(_LANES), outbox.c.state == _QUEUED, his.exists())
        .order_by(outbox.c.id)
    )
    rows = (await tx.execute(waiting.with_for_update(of=outbox) if tx.for_update else waiting)).all()
    await take_rows_back(tx, [(row.id, row.delivery_id, row.interaction_id) for row in rows], now=now)
    return len(rows)


async def take_rows_back(tx: Tx, waiting: Sequence[tuple[int, int | None, int | None]], *, now: datetime) -> None:
    """Take queued rows, each with its delivery and interaction, out of the outbox: their messages are planned again.

    The words that were recorded are nobody's then. A further message to the same person is a row with a key of its own,
    by the number of ``recalls``.
    """
    if not waiting:
        return
    row_ids, delivery_ids, said = ([one for one in column if one is not None] for column in zip(*waiting, strict=True))
    dropped = {"state": "dropped", "settled_at": now, "error": "taken back", "interaction_id": None}
    await tx.execute(update(outbox).where(outbox.c.id.in_(row_ids)).values(**dropped))
    nobodys = update(interactions).where(interactions.c.id.in_(said))
    await tx.execute(nobodys.values(customer_id=None, chat_id=None, text=""))
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(delivery_ids))
        .values(state="planned", queued_at=None, settled_at=None, reason=None, recalls=deliveries.c.recalls + 1)
    )


async def skip_planned(tx: Tx, campaign: str, *, reason: str, now: datetime, limit: int) -> int:
    """Give up to ``limit`` planned messages of a campaign up; returns how many."""
    some = (
        select(deliveries.c.id)
        .where(deliveries.c.state == _PLANNED, deliveries.c.campaign == campaign)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    ids = (some.with_for_update() if tx.for_update else some).subquery()
    given_up = (
        update(deliveries)
        .where(deliveries.c.id.in_(select(ids.c.id)))
        .values(state="skipped", reason=reason, settled_at=now, held=None)
    )
    return (await tx.execute(given_up)).rowcount


async def count_audience(tx: Tx, members: Select[tuple[int]] | None, *, bot_id: int) -> int:
    """Return how many customers could be planned for: on record, in touch with this bot, among ``members`` if given."""
    found = select(func.count()).select_from(customers).where(*in_touch(bot_id))
    if members is not None:
        found = found.where(customers.c.id.in_(members))
    return int((await tx.execute(found)).scalar_one())


async def stop_runs(tx: Tx, campaign: str, *, now: datetime) -> None:
    """Let nobody else be planned in the runs of a campaign."""
    open_ = and_(
        campaign_runs.c.campaign == campaign, campaign_runs.c.planned_at.is_(None), campaign_runs.c.stopped_at.is_(None)
    )
    await tx.execute(update(campaign_runs).where(open_).values(stopped_at=now))


@dataclass(frozen=True, slots=True)
class Ended:
    """How one of the last messages of a campaign ended."""

    campaign: str
    at: datetime
    state: str
    reason: str | None


async def list_ended(tx: Tx, campaigns_since: Mapping[str, datetime], *, limit: int) -> dict[str, list[Ended]]:
    """Return how the last messages of these campaigns ended, each since an instant of its own, newest first.

    Of all messages, those of whatever kind, no more than the last ``limit`` are looked at: it costs the same however
    many there were. Whose text could not be written is among them.
    """
    if not campaigns_since:
        return {}
    first = min(campaigns_since.values())
    recent = (
        select(outbox.c.delivery_id, outbox.c.settled_at)
        .where(_WORDED, outbox.c.settled_at > first, outbox.c.state.in_(_ENDS))
        .order_by(outbox.c.settled_at.desc())
        .limit(limit)
        .subquery()
    )
    sent = (
        select(deliveries.c.campaign, recent.c.settled_at, deliveries.c.state, deliveries.c.reason)
        .select_from(recent.join(deliveries, deliveries.c.id == recent.c.delivery_id))
        .where(deliveries.c.campaign.in_(list(campaigns_since)), deliveries.c.state.in_(_ENDS))
    )
    unwritten = select(deliveries.c.campaign, deliveries.c.settled_at, deliveries.c.state, deliveries.c.reason).where(
        deliveries.c.campaign.in_(list(campaigns_since)),
        _SKIPPED,
        deliveries.c.reason == "fault",
        deliveries.c.settled_at > first,
    )
    found: dict[str, list[Ended]] = defaultdict(list)
    newest = unwritten.order_by(deliveries.c.settled_at.desc()).limit(limit)
    for row in (*await tx.execute(sent), *await tx.execute(newest)):
        if row.settled_at > campaigns_since[row.campaign]:
            found[row.campaign].append(Ended(*row))
    return {key: sorted(ended, key=lambda one: one.at, reverse=True) for key, ended in found.items()}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of which nobody knows whether it arrived, and whose it is."""

    row: OutboxRow
    customer_id: int
    name: str
    occasion: str


async def list_unknown(tx: Tx, campaign: str, *, limit: int) -> list[Unknown]:
    """Return the oldest messages of a campaign of unknown delivery."""
    found = (
        select(*COLUMNS, deliveries.c.occasion, customers.c.name)
        .select_from(
            outbox.join(deliveries, deliveries.c.id == outbox.c.delivery_id).join(
                customers, customers.c.id == deliveries.c.customer_id
            )
        )
        .where(outbox.c.state == _UNKNOWN, deliveries.c.campaign == campaign)
        .order_by(outbox.c.id)
        .limit(limit)
    )
    rows = await tx.execute(found)
    return [Unknown(row_of(row), row.customer_id, row.name, row.occasion) for row in rows]


async def skip_queued_of(tx: Tx, customer_id: int, campaigns: Sequence[str], *, reason: str, now: datetime) -> None:
    """Skip what of these campaigns still waits in the outbox for one person; what is being sent ends."""
    his = select(deliveries.c.id).where(
        deliveries.c.customer_id == customer_id,
        deliveries.c.campaign.in_(list(campaigns)),
        deliveries.c.state == "queued",
    )
    waiting = update(outbox).where(outbox.c.delivery_id.in_(his), outbox.c.state == "queued")
    dropped = waiting.values(state="dropped", settled_at=now, error=reason).returning(outbox.c.delivery_id)
    ids = list((await tx.execute(dropped)).scalars())
    over = {"state": "skipped", "reason": reason, "settled_at": now, "queued_at": None}
    await tx.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**over))
