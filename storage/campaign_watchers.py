"""Who watches a campaign in a chat: the message that is edited, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from storage.database import Tx
from storage.tables import campaign_watchers, outbox

_KEYS = ["campaign", "kind", "target_kind", "target_ref"]
PROGRESS, RESULTS = "progress", "results"


@dataclass(frozen=True, slots=True)
class Watcher:
    """One chat that watches a campaign; ``said`` are the figures its message shows since ``told_at``.

    Or one that waits for results: then ``said`` says who asked, at ``told_at``.
    """

    id: int
    campaign: str
    target_kind: str
    target_ref: int
    outbox_id: int | None
    said: dict[str, Any] | None
    told_at: datetime


_COLUMNS = tuple(campaign_watchers.c[name] for name in Watcher.__slots__)


async def put_watcher(
    tx: Tx,
    *,
    kind: str = PROGRESS,
    campaign: str,
    target_kind: str,
    target_ref: int,
    outbox_id: int | None,
    said: dict[str, Any] | None,
    now: datetime,
) -> None:
    """Let a chat watch a campaign by a message just queued; an older message of it there is left as it is.

    Without ``outbox_id`` that is still to be said. Or let it wait for results; asked again, it waits once.
    """
    values = {"outbox_id": outbox_id, "said": said, "told_at": now, "ended_at": None}
    insert = tx.insert(campaign_watchers).values(
        campaign=campaign, kind=kind, target_kind=target_kind, target_ref=target_ref, **values
    )
    await tx.execute(insert.on_conflict_do_update(index_elements=_KEYS, set_=values))


async def list_watchers(
    tx: Tx, *, told_before: datetime, kind: str = PROGRESS, said: bool | None = None
) -> list[Watcher]:
    """Return those who still watch, or wait, and were told nothing since ``told_before``.

    ``said``: only those to whom something was said already, or nothing yet.
    """
    found = select(*_COLUMNS).where(
        campaign_watchers.c.ended_at.is_(None),
        campaign_watchers.c.kind == kind,
        campaign_watchers.c.told_at <= told_before,
    )
    if said is not None:
        found = found.where(
            campaign_watchers.c.outbox_id.is_not(None) if said else campaign_watchers.c.outbox_id.is_(None)
        )
    return [Watcher(*row) for row in await tx.execute(found.order_by(campaign_watchers.c.id))]


async def lock_watchers(tx: Tx, ids: Sequence[int]) -> list[Watcher]:
    """Return those of these who still watch, locked."""
    found = select(*_COLUMNS).where(campaign_watchers.c.id.in_(list(ids)), campaign_watchers.c.ended_at.is_(None))
    found = found.order_by(campaign_watchers.c.id)
    return [Watcher(*row) for row in await tx.execute(found.with_for_update() if tx.for_update else found)]


async def change_watcher(tx: Tx, watcher_id: int, **values: Any) -> None:
    """Change columns of one who watches."""
    await tx.execute(update(campaign_watchers).where(campaign_watchers.c.id == watcher_id).values(**values))


async def end_watcher(tx: Tx, *, campaign: str, target_kind: str, target_ref: int, now: datetime) -> bool:
    """Let a chat watch a campaign no longer; returns whether it did."""
    ended = update(campaign_watchers).where(
        campaign_watchers.c.campaign == campaign,
        campaign_watchers.c.kind == PROGRESS,
        campaign_watchers.c.target_kind == target_kind,
        campaign_watchers.c.target_ref == target_ref,
        campaign_watchers.c.ended_at.is_(None),
    )
    return bool((await tx.execute(ended.values(ended_at=now))).rowcount)


async def said_as(tx: Tx, outbox_id: int) -> tuple[str, int | None] | None:
    """Return the state of the row that said it first, and the id of its message."""
    found = select(outbox.c.state, outbox.c.message_id).where(outbox.c.id == outbox_id)
    row = (await tx.execute(found)).first()
    return (row.state, row.message_id) if row else None
