"""Rows for review, in slices by id: bounded memory, and no reading transaction that lasts."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from storage.database import Database
from storage.tables import cases, contact_points, customers, feedback, interactions, media, outbox, staff_members

_SLICE = 1000


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` until just before ``until``; ``None`` is open."""

    since: datetime | None = None
    until: datetime | None = None


_HIS_CHAT = (
    select(contact_points.c.chat_id)
    .where(contact_points.c.customer_id == interactions.c.customer_id, contact_points.c.bot_id == interactions.c.bot_id)
    .order_by(contact_points.c.id)
    .limit(1)
    .scalar_subquery()
)
_TRAVELLED = (
    select(outbox.c.state)
    .where(outbox.c.interaction_id == interactions.c.id)
    .order_by(outbox.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
INTERACTIONS = (
    select(
        interactions.c.at,
        interactions.c.direction,
        customers.c.name.label("customer"),
        _HIS_CHAT.label("chat_id"),
        interactions.c.kind,
        interactions.c.text,
        interactions.c.update_id,
        interactions.c.id,
        interactions.c.customer_id,
        interactions.c.author_kind.label("author"),
        staff_members.c.name.label("author_name"),
        interactions.c.visibility,
        cases.c.number.label("case"),
        interactions.c.version_of,
        interactions.c.reply_to,
        interactions.c.message_id,
        media.c.mime.label("file_type"),
        media.c.name.label("file_name"),
        _TRAVELLED.label("delivery"),
    )
    .select_from(interactions)
    .outerjoin(customers, customers.c.id == interactions.c.customer_id)
    .outerjoin(cases, cases.c.id == interactions.c.case_id)
    .outerjoin(media, media.c.id == interactions.c.media_id)
    .outerjoin(
        staff_members, (staff_members.c.id == interactions.c.author_id) & (interactions.c.author_kind == "staff")
    )
)
CASES = (
    select(
        cases.c.number.label("case"),
        cases.c.id,
        customers.c.name.label("customer"),
        cases.c.customer_id,
        contact_points.c.chat_id,
        cases.c.kind,
        cases.c.state,
        cases.c.aspect,
        cases.c.order_ref,
        cases.c.summary,
        staff_members.c.name.label("owner"),
        cases.c.opened_at,
        cases.c.first_response_due_at,
        cases.c.first_response_at,
        cases.c.promised_at,
        cases.c.promise_renewals,
        cases.c.resolved_at,
        cases.c.closed_at,
        cases.c.last_customer_at,
        cases.c.last_staff_at,
    )
    .select_from(cases)
    .outerjoin(customers, customers.c.id == cases.c.customer_id)
    .outerjoin(contact_points, contact_points.c.id == cases.c.contact_point_id)
    .outerjoin(staff_members, staff_members.c.id == cases.c.owner_id)
)
FEEDBACK = (
    select(
        feedback.c.at,
        feedback.c.id,
        customers.c.name.label("customer"),
        feedback.c.customer_id,
        feedback.c.kind,
        feedback.c.stars,
        feedback.c.aspect,
        feedback.c.text,
        cases.c.number.label("case"),
        feedback.c.finished_at,
    )
    .select_from(feedback)
    .outerjoin(customers, customers.c.id == feedback.c.customer_id)
    .outerjoin(cases, cases.c.id == feedback.c.case_id)
)
_KINDS: dict[str, tuple[Select[Any], Any, Any]] = {
    "interactions": (INTERACTIONS, interactions.c.id, interactions.c.at),
    "cases": (CASES, cases.c.id, cases.c.opened_at),
    "feedback": (FEEDBACK, feedback.c.id, feedback.c.at),
}


def columns_of(kind: str) -> list[str]:
    """Return the names of the columns of an export."""
    return list(_KINDS[kind][0].selected_columns.keys())


async def stream_rows(
    database: Database, kind: str, period: Period, *, confidential: bool = False, size: int = _SLICE
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """Yield slices of ``interactions``, ``cases`` or ``feedback`` in the order in which they came about.

    Confidential cases and what was said in them are left out unless ``confidential`` wants them.
    """
    base, key, at = _KINDS[kind]
    if not confidential:
        base = base.where(or_(cases.c.id.is_(None), cases.c.confidential.is_(False)))
    if period.since is not None:
        base = base.where(at >= period.since)
    if period.until is not None:
        base = base.where(at < period.until)
    place = list(base.selected_columns.keys()).index("id")
    last = 0
    while True:
        async with database.read() as tx:
            rows = (await tx.execute(base.where(key > last).order_by(key).limit(size))).all()
        if not rows:
            return
        yield rows
        last = rows[-1][place]
