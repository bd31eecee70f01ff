"""Retention: words whose time is over are emptied in slices, so that the writer is never held for long."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, literal_column, null, select, update

from storage.database import Tx
from storage.tables import inbox, media, outbox

_NEW: ColumnElement[str] = literal_column("'new'")  # literals, so that SQLite may use the partial indexes
_STORED: ColumnElement[str] = literal_column("'stored'")
_REFERENCED: ColumnElement[str] = literal_column("'referenced'")


async def _empty(
    tx: Tx, table: Table, which: ColumnElement[bool], *, oldest: ColumnElement[Any], limit: int, **values: Any
) -> int:
    ids = select(table.c.id).where(which).order_by(oldest).limit(limit)
    if tx.for_update:
        ids = ids.with_for_update(skip_locked=True)
    done = await tx.execute(update(table).where(table.c.id.in_(ids.scalar_subquery())).values(**values))
    return done.rowcount


async def empty_inbox(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget the raw updates that were handled or given up and came in before ``before``; returns how many."""
    which = and_(inbox.c.state != _NEW, inbox.c.payload.is_not(None), inbox.c.received_at < before)
    return await _empty(tx, inbox, which, oldest=inbox.c.received_at, limit=limit, payload=None)


async def empty_outbox(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget the wording of what was settled before ``before``; that it was said, and when, stays.

    Of what went to the private chat of nobody on record, such as the goodbye to someone forgotten, the chat goes too.
    """
    which = and_(outbox.c.settled_at < before, outbox.c.body.is_not(None), outbox.c.state != "unknown")
    bare = and_(outbox.c.target_kind == "chat", outbox.c.target_ref > 0)
    nobody = {
        "chat_key": case((bare, "x0"), else_=outbox.c.chat_key),
        "sent_chat_id": case((bare, None), else_=outbox.c.sent_chat_id),
        "target_ref": case((bare, 0), else_=outbox.c.target_ref),
    }
    return await _empty(tx, outbox, which, oldest=outbox.c.settled_at, limit=limit, body=null(), **nobody)


async def expire_media(tx: Tx, *, before: datetime, limit: int) -> int:
    """Give up the bytes of files kept before ``before``; the sweep of the media folder deletes them."""
    which = and_(media.c.kept_at < before, media.c.state.in_([_STORED, _REFERENCED]))
    return await _empty(tx, media, which, oldest=media.c.kept_at, limit=limit, state="expired", sha256=None)


async def list_kept_files(tx: Tx, sha256s: list[str]) -> set[str]:
    """Return which of these files some row still wants."""
    if not sha256s:
        return set()
    found = select(media.c.sha256).where(media.c.sha256.in_(sha256s), media.c.state == "stored")
    return {str(sha256) for sha256 in (await tx.execute(found)).scalars()}
