"""Confidential cases: who may not read of them, what of them still waits to be sent, and whom nobody was shown yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select, update

from domain.cases import LIVE
from storage.database import Tx
from storage.tables import cases, interactions, outbox

_confided = cases.alias("confided")


@dataclass(frozen=True, slots=True)
class ConfidedCase:
    """A confidential case, as far as it matters who may know of it."""

    id: int
    about_member_id: int | None
    confidential: bool = True


async def load_confided(tx: Tx, case_ids: Sequence[int]) -> dict[int, ConfidedCase]:
    """Return those of these cases that are confidential, by id; nothing is locked."""
    if not case_ids:
        return {}
    statement = select(cases.c.id, cases.c.about_member_id).where(
        cases.c.id.in_(sorted(set(case_ids))), cases.c.confidential
    )
    return {row.id: ConfidedCase(row.id, row.about_member_id) for row in await tx.execute(statement)}


def in_the_open(case_id: ColumnElement[int] | ColumnElement[int | None]) -> ColumnElement[bool]:
    """Return the condition that a row is about no confidential case."""
    return ~exists().where(_confided.c.id == case_id, _confided.c.confidential)


async def list_merged_into(tx: Tx, case_id: int) -> list[int]:
    """Return the ids of the duplicates that a case took in, and of theirs, in order; nothing is locked."""
    found: set[int] = set()
    into = {case_id}
    while into:
        statement = select(cases.c.id).where(cases.c.merged_into.in_(sorted(into)))
        into = set((await tx.execute(statement)).scalars()) - found - {case_id}
        found |= into
    return sorted(found)


async def drop_waiting(tx: Tx, *, case_id: int, but: Sequence[str], now: datetime) -> None:
    """Give up what waits to be said about a case in chats of staff, ``but`` in these (by chat key)."""
    staff = or_(outbox.c.chat_key.like("g%"), outbox.c.chat_key.like("m%"))
    await tx.execute(
        update(outbox)
        .where(outbox.c.case_id == case_id, outbox.c.state == "queued", staff, outbox.c.chat_key.not_in(list(but)))
        .values(state="dropped", settled_at=now, error="confidential")
    )


async def list_unshown(tx: Tx, *, limit: int) -> list[int]:
    """Return the ids of live confidential cases whose card went to nobody yet, oldest first."""
    shown = exists().where(
        outbox.c.customer_id == cases.c.customer_id,
        outbox.c.case_id == cases.c.id,
        outbox.c.purpose == "card",
        outbox.c.target_kind == "member",
        outbox.c.state.in_(["queued", "sending", "sent"]),
    )
    live = [state.value for state in LIVE]
    statement = select(cases.c.id).where(cases.c.confidential, cases.c.closed_at.is_(None), cases.c.state.in_(live))
    return list((await tx.execute(statement.where(~shown).order_by(cases.c.id).limit(limit))).scalars())


async def assign_since(tx: Tx, *, customer_id: int, first_id: int, case_id: int) -> None:
    """Record as belonging to a case all that was said with its customer since an interaction and belongs to none."""
    said = (interactions.c.customer_id == customer_id, interactions.c.id >= first_id, interactions.c.case_id.is_(None))
    await tx.execute(update(interactions).where(*said).values(case_id=case_id))
