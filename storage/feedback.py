"""Feedback: ratings, suggestions and praise that need no answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from storage.database import Tx
from storage.tables import feedback, feedback_words


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """One piece of feedback; ``text`` is everything said in words, in order."""

    id: int
    at: datetime
    customer_id: int
    kind: str
    stars: int | None
    aspect: str | None
    text: str
    case_id: int | None
    finished_at: datetime | None


async def insert_feedback(tx: Tx, *, customer_id: int, kind: str, stars: int | None, now: datetime) -> int:
    """Store feedback at its first tap, so that what follows can only add to it; returns its id."""
    statement = feedback.insert().values(customer_id=customer_id, kind=kind, stars=stars, at=now, text="")
    return int((await tx.execute(statement.returning(feedback.c.id))).scalar_one())


async def get_feedback(tx: Tx, feedback_id: int) -> FeedbackRow | None:
    """Return one piece of feedback."""
    row = (await tx.execute(select(feedback).where(feedback.c.id == feedback_id))).first()
    return FeedbackRow(**row._mapping) if row else None


async def change_feedback(tx: Tx, feedback_id: int, **values: Any) -> None:
    """Change columns of one piece of feedback."""
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(**values))


async def add_words(tx: Tx, *, feedback_id: int, interaction_id: int) -> None:
    """Record that an interaction belongs to this feedback."""
    statement = tx.insert(feedback_words).values(feedback_id=feedback_id, interaction_id=interaction_id)
    await tx.execute(statement.on_conflict_do_nothing())


async def list_words(tx: Tx, feedback_id: int) -> list[int]:
    """Return the ids of the interactions that belong to this feedback, in order."""
    statement = select(feedback_words.c.interaction_id).where(feedback_words.c.feedback_id == feedback_id)
    return list((await tx.execute(statement.order_by(feedback_words.c.interaction_id))).scalars())
