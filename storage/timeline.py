"""Everything that happened with one customer, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from storage.columns import Instant
from storage.confidential import in_the_open
from storage.database import Tx
from storage.tables import (
    audit,
    cases,
    customer_events,
    deliveries,
    feedback,
    interactions,
    point_entries,
    purchases,
    refunds,
    survey_responses,
    tier_changes,
    vouchers,
)


class TimelineKind(IntEnum):
    """What happened; of two things at one instant the one with the greater number is told first."""

    SAID = 1
    CASE_OPENED = 2
    CASE_RESOLVED = 3
    CASE_CLOSED = 4
    PURCHASE = 5
    REFUND = 6
    POINTS = 7
    TIER = 8
    VOUCHER_ISSUED = 9
    VOUCHER_USED = 10
    FEEDBACK = 11
    CONSENT = 12
    DELIVERY = 13
    MERGE = 14
    EVENT = 15
    SURVEY = 16


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One thing that happened; what ``label``, ``text``, ``number`` and ``extra`` hold, its branch below says.

    ``internal`` is a note that the customer never sees.
    """

    at: datetime
    kind: int
    id: int
    label: str | None
    text: str | None
    number: int | None
    extra: str | None
    actor_kind: str | None
    actor_id: int | None
    internal: bool


Position = tuple[datetime, int, int]
"""When, kind and id of the row a page ended with."""


def _branch(
    kind: TimelineKind,
    whose: ColumnElement[Any],
    at: ColumnElement[Any],
    row_id: ColumnElement[Any],
    *where: ColumnElement[bool],
    before: bool,
    label: Any = None,
    text: Any = None,
    number: Any = None,
    extra: Any = None,
    actor: tuple[Any, Any] = (None, None),
    internal: Any = None,
) -> Any:
    """Return one table's newest rows in the shape that all share, at most as many as the page holds."""
    code = literal_column(str(kind.value), Integer)
    columns = (
        at.label("at"),
        code.label("kind"),
        row_id.label("id"),
        cast(label if label is not None else null(), String).label("label"),
        cast(text if text is not None else null(), Text).label("text"),
        cast(number if number is not None else null(), BigInteger).label("number"),
        cast(extra if extra is not None else null(), String).label("extra"),
        cast(actor[0] if actor[0] is not None else null(), String).label("actor_kind"),
        cast(actor[1] if actor[1] is not None else null(), BigInteger).label("actor_id"),
        (internal if internal is not None else literal_column("0", Integer)).label("internal"),
    )
    statement = select(*columns).where(whose == bindparam("customer_id"), *where)
    if before:
        statement = statement.where(_older(at, code, row_id))
    newest = statement.order_by(at.desc(), row_id.desc()).limit(bindparam("most", type_=Integer)).subquery()
    return select(newest)


def _older(at: Any, kind: Any, row_id: Any) -> ColumnElement[bool]:
    when = bindparam("at", type_=Instant)
    what, which = bindparam("kind", type_=Integer), bindparam("id", type_=BigInteger)
    return and_(at <= when, or_(at < when, kind < what, and_(kind == what, row_id < which)))


def timeline_query(*, before: bool) -> Select[Any]:
    """Return the statement of a page, newest first; parameters ``customer_id``, ``most``, and where a page goes on
    (``before``) ``at``, ``kind`` and ``id``.
    """
    everything = union_all(*_branches(before)).subquery("timeline")
    return (
        select(everything)
        .order_by(everything.c.at.desc(), everything.c.kind.desc(), everything.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )


def _branches(before: bool) -> Sequence[Any]:
    return (
        *_said(before),
        *_of_cases(before),
        *_of_purchases(before),
        *_of_loyalty(before),
        *_of_vouchers(before),
        *_of_care(before),
        *_of_audit(before),
    )


def _said(before: bool) -> Sequence[Any]:
    """What was said, notes too, but in no confidential case: the kind of message, the words, the case, in or out."""
    said = interactions.c
    words = _branch(
        TimelineKind.SAID,
        said.customer_id,
        said.at,
        said.id,
        in_the_open(said.case_id),
        before=before,
        label=said.kind,
        text=said.text,
        number=said.case_id,
        extra=said.direction,
        actor=(said.author_kind, said.author_id),
        internal=case((said.visibility == "internal", 1), else_=0),
    )
    given = feedback.c
    stars = _branch(
        TimelineKind.FEEDBACK,
        given.customer_id,
        given.at,
        given.id,
        before=before,
        label=given.kind,
        text=given.text,
        number=given.stars,
        extra=given.aspect,
    )
    return (words, stars)


def _of_cases(before: bool) -> Sequence[Any]:
    """Cases opened, resolved and closed: the kind, the summary and the public number."""
    c = cases.c
    moments = (
        (TimelineKind.CASE_OPENED, c.opened_at),
        (TimelineKind.CASE_RESOLVED, c.resolved_at),
        (TimelineKind.CASE_CLOSED, c.closed_at),
    )
    return [
        _branch(
            kind,
            c.customer_id,
            at,
            c.id,
            at.is_not(None),
            c.confidential.is_(False),
            before=before,
            label=c.kind,
            text=c.summary,
            number=c.number,
        )
        for kind, at in moments
    ]


def _of_purchases(before: bool) -> Sequence[Any]:
    """Purchases and refunds: the channel or the reason, the amount in minor units, the currency."""
    bought, back = purchases.c, refunds.c
    purchase = _branch(
        TimelineKind.PURCHASE,
        bought.customer_id,
        bought.bought_at,
        bought.id,
        before=before,
        label=bought.channel,
        number=bought.amount_minor,
        extra=bought.currency,
    )
    refund = _branch(
        TimelineKind.REFUND,
        bought.customer_id,
        back.at,
        back.id,
        bought.id == back.purchase_id,
        before=before,
        text=back.reason,
        number=back.amount_minor,
        extra=bought.currency,
    )
    return (purchase, refund)


def _of_loyalty(before: bool) -> Sequence[Any]:
    """Points (kind, reason, signed points, rule) and tiers (after, cause, before)."""
    entry, change = point_entries.c, tier_changes.c
    return (
        _branch(
            TimelineKind.POINTS,
            entry.customer_id,
            entry.at,
            entry.id,
            before=before,
            label=entry.kind,
            text=entry.reason,
            number=entry.points,
            extra=entry.rule,
            actor=(entry.actor_kind, entry.actor_id),
        ),
        _branch(
            TimelineKind.TIER,
            change.customer_id,
            change.at,
            change.id,
            before=before,
            label=change.after,
            text=change.cause,
            number=change.spend_minor,
            extra=change.before,
            actor=(change.actor_kind, change.actor_id),
        ),
    )


def _of_vouchers(before: bool) -> Sequence[Any]:
    """Vouchers issued and used: the state now, what they cost in points."""
    voucher = vouchers.c
    return (
        _branch(
            TimelineKind.VOUCHER_ISSUED,
            voucher.customer_id,
            voucher.issued_at,
            voucher.id,
            before=before,
            label=voucher.state,
            number=voucher.points,
        ),
        _branch(
            TimelineKind.VOUCHER_USED,
            voucher.customer_id,
            voucher.used_at,
            voucher.id,
            voucher.used_at.is_not(None),
            before=before,
            label=voucher.state,
            number=voucher.points,
            actor=(voucher.used_by_kind, voucher.used_by_id),
        ),
    )


def _of_care(before: bool) -> Sequence[Any]:
    """What went out unasked and what became of it; events told by other systems; surveys answered: score, state."""
    out, event, given = deliveries.c, customer_events.c, survey_responses.c
    settled = func.coalesce(out.queued_at, out.settled_at, out.planned_at, type_=Instant)
    delivery = _branch(
        TimelineKind.DELIVERY,
        out.customer_id,
        settled,
        out.id,
        out.state != "planned",
        before=before,
        label=out.campaign,
        text=out.reason,
        extra=out.state,
    )
    survey = _branch(
        TimelineKind.SURVEY,
        given.customer_id,
        given.answered_at,
        given.id,
        given.answered_at.is_not(None),
        in_the_open(given.case_id),
        in_the_open(given.opened_case_id),
        before=before,
        label=given.survey,
        number=given.score,
        extra=given.state,
    )
    return (
        delivery,
        _branch(TimelineKind.EVENT, event.customer_id, event.at, event.id, before=before, label=event.name),
        survey,
    )


def _of_audit(before: bool) -> Sequence[Any]:
    """Consent given (1) or taken back (0); merges, with the duplicate's code."""
    log = audit.c
    actor = (log.actor_kind, log.actor_id)
    consent = _branch(
        TimelineKind.CONSENT,
        log.customer_id,
        log.at,
        log.id,
        log.action.like("consent.%"),
        before=before,
        label=log.action,
        number=case((log.after["given"].as_boolean(), 1), else_=0),
        actor=actor,
    )
    merge = _branch(
        TimelineKind.MERGE,
        log.customer_id,
        log.at,
        log.id,
        log.action == "customer.merge",
        before=before,
        label=log.action,
        text=log.before["duplicate"].as_string(),
        actor=actor,
    )
    return (consent, merge)


_FIRST, _FURTHER = timeline_query(before=False), timeline_query(before=True)


async def list_rows(tx: Tx, customer_id: int, *, before: Position | None, limit: int) -> list[TimelineRow]:
    """Return up to ``limit`` things that happened with a customer, newest first, older than ``before``."""
    parameters: dict[str, Any] = {"customer_id": customer_id, "most": limit}
    if before is not None:
        parameters |= dict(zip(("at", "kind", "id"), before, strict=True))
    rows = await tx.execute(_FURTHER if before else _FIRST, parameters)
    return [TimelineRow(**{**row._mapping, "internal": bool(row.internal)}) for row in rows]
