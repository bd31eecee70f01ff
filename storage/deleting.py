"""Answers that are to go at the customer's side: where they stand, and which of them went."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from domain.interactions import Direction, Interaction, Visibility
from domain.people import ActorKind
from storage.database import Tx
from storage.tables import audit, interactions, outbox

DELETED = "words.delete"
"""The audit action under which it is kept that words were deleted at the customer's side."""


async def list_answer_rows(tx: Tx, interaction_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Return the ids and states of the rows that carry these words to a customer; locked where needed."""
    statement = (
        select(outbox.c.id, outbox.c.state)
        .where(outbox.c.interaction_id.in_(list(interaction_ids)), outbox.c.purpose == "staff_answer")
        .order_by(outbox.c.id)
    )
    rows = await tx.execute(statement.with_for_update() if tx.for_update else statement)
    return [(row.id, row.state) for row in rows]


async def list_shown_messages(tx: Tx, interaction_ids: Sequence[int], chat_id: int) -> list[int]:
    """Return the ids of the messages in a chat that show these words; an album is several in a row."""
    statement = select(outbox.c.message_id, outbox.c.message_count).where(
        outbox.c.interaction_id.in_(list(interaction_ids)),
        outbox.c.purpose == "staff_answer",
        outbox.c.sent_chat_id == chat_id,
        outbox.c.message_id.is_not(None),
        outbox.c.action.in_(["send", "album"]),
    )
    found = await tx.execute(statement.order_by(outbox.c.message_id))
    return [row.message_id + nth for row in found for nth in range(row.message_count)]


async def list_family(tx: Tx, said: Interaction) -> list[int]:
    """Return the ids of these words, of the other parts of their album, and of every later version of them all."""
    parts = select(interactions.c.id).where(interactions.c.id == said.id)
    if said.content.media_group_id is not None:
        album = (
            interactions.c.case_id == said.case_id,
            interactions.c.media_group_id == said.content.media_group_id,
            interactions.c.visibility == Visibility.CUSTOMER.value,
            interactions.c.version_of.is_(None),
        )
        parts = select(interactions.c.id).where(*album, interactions.c.chat_id == said.chat_id)
    first = list((await tx.execute(parts)).scalars())
    later = select(interactions.c.id).where(
        interactions.c.version_of.in_(first), interactions.c.case_id == said.case_id
    )
    return sorted({*first, *(await tx.execute(later)).scalars()})


async def list_recent_answers(tx: Tx, case_id: int, *, since_at: datetime, limit: int) -> list[tuple[int, int, str]]:
    """Return (id, author, words) of the newest answers that staff gave in a case and that still stand there."""
    gone = select(audit.c.subject_id).where(audit.c.subject_kind == "words", audit.c.action == DELETED)
    statement = (
        select(interactions.c.id, interactions.c.author_id, interactions.c.text)
        .where(
            interactions.c.case_id == case_id,
            interactions.c.author_kind == ActorKind.STAFF.value,
            interactions.c.direction == Direction.OUT.value,
            interactions.c.visibility == Visibility.CUSTOMER.value,
            interactions.c.version_of.is_(None),
            interactions.c.at > since_at,
            interactions.c.id.not_in(gone.where(audit.c.subject_id == interactions.c.id)),
        )
        .order_by(interactions.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.author_id, row.text) for row in await tx.execute(statement)]


async def list_deleted(tx: Tx, interaction_ids: Sequence[int]) -> frozenset[int]:
    """Return which of these words were deleted at the customer's side."""
    if not interaction_ids:
        return frozenset()
    statement = select(audit.c.subject_id).where(
        audit.c.subject_kind == "words", audit.c.subject_id.in_(list(interaction_ids)), audit.c.action == DELETED
    )
    return frozenset((await tx.execute(statement)).scalars())
