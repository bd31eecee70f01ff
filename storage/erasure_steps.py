"""The places a customer's words can be, one step a table: emptied or deleted as ``storage.tables`` decides."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)

from storage.database import Tx
from storage.erasure_campaigns import erase_optouts
from storage.erasure_casework import (
    erase_bans,
    erase_case_tags,
    erase_escalations,
    erase_survey_answers,
    erase_survey_responses,
    erase_tasks,
)
from storage.search import forget_words
from storage.tables import (
    api_answers,
    approvals,
    audit,
    cases,
    consents,
    contact_points,
    customer_events,
    customer_tags,
    customers,
    deliveries,
    dialogues,
    feedback,
    files,
    inbox,
    interactions,
    link_codes,
    media,
    notices,
    outbox,
    point_entries,
    point_lots,
    purchases,
    referrals,
    refunds,
    staff_groups,
    staff_members,
    vouchers,
    webhook_deliveries,
    webhook_events,
)

_OPEN = ("queued", "sending")
_ERASED = "erased"


def _erased_key(row_id: ColumnElement[Any]) -> ColumnElement[str]:
    """Return what stands for a key that came from outside: unique still, and nobody's."""
    return literal("erased:") + cast(row_id, Text)


def _his(column: ColumnElement[Any], customer_id: int, *, of: Any) -> ColumnElement[bool]:
    """Return the condition that ``column`` names a row of table ``of`` that is this customer's."""
    return column.in_(select(of.c.id).where(of.c.customer_id == customer_id))


def _said(customer_id: int) -> ColumnElement[bool]:
    """Return the condition for interactions with the customer, and what staff noted in their cases."""
    return or_(interactions.c.customer_id == customer_id, _his(interactions.c.case_id, customer_id, of=cases))


def shown_files(customer_id: int) -> Any:
    """Return the query of the files of these conversations."""
    return select(interactions.c.media_id).where(_said(customer_id), interactions.c.media_id.is_not(None))


async def _erase_inbox(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty the customer's updates, open ones too, and handled ones of staff's chats, which quote people."""
    chats = select(contact_points.c.chat_id).where(contact_points.c.customer_id == customer_id)
    await tx.execute(
        update(inbox)
        .where(inbox.c.chat_id.in_(chats))
        .values(payload=None, error=None, state="done", next_try_at=None, done_at=now, chat_id=0)
    )
    quoting = inbox.c.chat_id.in_(select(staff_groups.c.chat_id).union(select(staff_members.c.user_id)))
    await tx.execute(
        update(inbox).where(quoting, inbox.c.state == "done", inbox.c.payload.is_not(None)).values(payload=None)
    )


def _names_besides(tx: Tx, customer_id: int) -> ColumnElement[bool]:
    """Return the condition for notices that name this customer beside the one whose they are: two may be one person."""
    key = outbox.c.dedupe_key
    named = key.like(f"link:%:{customer_id}:%")
    # By the range SQLite finds them in the index; PostgreSQL may sort such keys another way.
    return and_(key >= "link:", key < "link;", named) if tx.dialect == "sqlite" else named


async def _erase_outbox(tx: Tx, customer_id: int, now: datetime) -> None:
    contacts = select(contact_points.c.id, contact_points.c.chat_id).where(contact_points.c.customer_id == customer_id)
    contact, chat = contacts.subquery("contact"), contacts.subquery("chat")
    told = (
        select(literal("feedback:") + cast(feedback.c.id, Text)).where(feedback.c.customer_id == customer_id),
        select(literal("c") + cast(contact.c.id, Text)),
        select(literal("x") + cast(chat.c.chat_id, Text)),
    )
    his = or_(
        outbox.c.customer_id == customer_id,
        _his(outbox.c.case_id, customer_id, of=cases),
        outbox.c.interaction_id.in_(select(interactions.c.id).where(_said(customer_id))),
        outbox.c.dedupe_key.in_(told[0]),
        _names_besides(tx, customer_id),
        outbox.c.chat_key.in_(told[1]),
        outbox.c.chat_key.in_(told[2]),
    )
    await tx.execute(
        update(outbox).where(his, outbox.c.state.in_(_OPEN)).values(state="dropped", settled_at=now, not_before_at=None)
    )
    bare = outbox.c.target_kind == "chat"
    empty = dict.fromkeys(("error", "sent_chat_id", "coalesce_key", "dedupe_key"))
    nobody = {"target_ref": case((bare, 0), else_=outbox.c.target_ref)}
    nobody["chat_key"] = case((bare, "x0"), else_=outbox.c.chat_key)
    await tx.execute(update(outbox).where(his).values(body=null(), **nobody, **empty))


async def _erase_interactions(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Empty what was said with the customer, and what staff noted in their cases, out of the search index too."""
    said = _said(customer_id)
    await forget_words(tx, select(interactions.c.id).where(said))
    empty = dict.fromkeys(("media_id", "media_group_id", "chat_id", "message_id"))
    await tx.execute(update(interactions).where(said).values(text="", entities=null(), extra=null(), **empty))


async def _erase_feedback(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(update(feedback).where(feedback.c.customer_id == customer_id).values(text=""))


_EMPTY_CASE = {"summary": "", "order_ref": None, "contact_point_id": None, "priority_why": null()}
_CLOSED = {"state": "closed", "ended_as": "erased", "sla_look_at": None, "held_until_at": None}


async def _erase_cases(tx: Tx, customer_id: int, now: datetime) -> None:
    his = cases.c.customer_id == customer_id
    await tx.execute(update(cases).where(his).values(**_EMPTY_CASE))
    await tx.execute(update(cases).where(his, cases.c.closed_at.is_(None)).values(**_CLOSED, closed_at=now))


async def _erase_deliveries(tx: Tx, customer_id: int, now: datetime) -> None:
    his = deliveries.c.customer_id == customer_id
    open_ = deliveries.c.state.in_(["planned", "queued"])
    await tx.execute(update(deliveries).where(his, open_).values(state="skipped", settled_at=now))
    await tx.execute(update(deliveries).where(his).values(occasion_on="", zone="", reason="erased", params=null()))


async def _erase_audit(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(update(audit).where(audit.c.customer_id == customer_id).values(before=null(), after=null()))


async def _erase_dialogues(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(dialogues).where(_his(dialogues.c.contact_point_id, customer_id, of=contact_points)))


async def _erase_consents(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(consents).where(consents.c.customer_id == customer_id))


async def _erase_contacts(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(contact_points).where(contact_points.c.customer_id == customer_id))


async def _erase_purchases(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Keep the sums and days, for the books."""
    empty = {"items": null(), "channel": None, "source_key": _erased_key(purchases.c.id)}
    await tx.execute(update(purchases).where(purchases.c.customer_id == customer_id).values(**empty))


async def _erase_refunds(tx: Tx, customer_id: int, _now: datetime) -> None:
    his = _his(refunds.c.purchase_id, customer_id, of=purchases)
    await tx.execute(update(refunds).where(his).values(reason=None, source_key=_erased_key(refunds.c.id)))


async def _erase_entries(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Keep what the ledger adds up; why, and by which key from outside, goes."""
    empty = {"working": null(), "reason": None, "source_key": _erased_key(point_entries.c.id)}
    await tx.execute(update(point_entries).where(point_entries.c.customer_id == customer_id).values(**empty))


async def _erase_lots(tx: Tx, customer_id: int, _now: datetime) -> None:
    awaiting = (point_lots.c.customer_id == customer_id, point_lots.c.awaits.is_not(None))
    await tx.execute(update(point_lots).where(*awaiting).values(awaits=_ERASED))


async def _erase_vouchers(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Take the codes away; one not used yet is void. No code anybody can type looks like what stands for it."""
    his = vouchers.c.customer_id == customer_id
    await tx.execute(update(vouchers).where(his, vouchers.c.state == "issued").values(state="void"))
    await tx.execute(update(vouchers).where(his).values(code=literal("-") + cast(vouchers.c.id, Text)))


async def _erase_referrals(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Forget who brought whom, and the code of theirs by which others came."""
    brought = select(referrals.c.referred_id).where(referrals.c.referrer_id == customer_id)
    by_link = (customers.c.id.in_(brought), customers.c.source.like("r-%"))
    await tx.execute(update(customers).where(*by_link).values(source=None))
    either = or_(referrals.c.referrer_id == customer_id, referrals.c.referred_id == customer_id)
    await tx.execute(delete(referrals).where(either))


async def _erase_tags(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(customer_tags).where(customer_tags.c.customer_id == customer_id))


async def _erase_link_codes(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(link_codes).where(link_codes.c.customer_id == customer_id))


async def _erase_events(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Keep that something happened; what, was named elsewhere and may be anything."""
    his = customer_events.c.customer_id == customer_id
    await tx.execute(update(customer_events).where(his).values(name=_ERASED, source_key=None, data=null()))


async def _erase_notices(tx: Tx, customer_id: int, _now: datetime) -> None:
    his = notices.c.customer_id == customer_id
    await tx.execute(update(notices).where(his, notices.c.state == "waiting").values(state="dropped", reason=_ERASED))
    await tx.execute(update(notices).where(his).values(data=null(), key=_erased_key(notices.c.id)))


async def _erase_approvals(tx: Tx, customer_id: int, now: datetime) -> None:
    his = approvals.c.customer_id == customer_id
    await tx.execute(update(approvals).where(his, approvals.c.state == "open").values(state="expired", decided_at=now))
    await tx.execute(update(approvals).where(his).values(asked=null()))


async def _erase_files(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(files).where(files.c.customer_id == customer_id))


async def _erase_answers(tx: Tx, customer_id: int, _now: datetime) -> None:
    await tx.execute(delete(api_answers).where(api_answers.c.customer_id == customer_id))


async def _erase_webhooks(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty what other systems were to be told, and tell no more of it."""
    his = webhook_events.c.customer_id == customer_id
    unsaid = (webhook_deliveries.c.state == "open", _his(webhook_deliveries.c.event_id, customer_id, of=webhook_events))
    await tx.execute(update(webhook_deliveries).where(*unsaid).values(state="failed", error=_ERASED, settled_at=now))
    await tx.execute(update(webhook_events).where(his).values(data=null()))


async def _erase_customer(tx: Tx, customer_id: int, now: datetime) -> None:
    """Empty the record itself; its public code becomes one that nobody can have or type."""
    empty = dict.fromkeys(_OF_PERSON)
    record = {"name": "", "code": f"-{customer_id}", "custom": null(), "birth_calendar": "solar", "birth_leap": False}
    await tx.execute(update(customers).where(customers.c.id == customer_id).values(erased_at=now, **record, **empty))


_OF_PERSON = (
    *("zone", "zone_source", "call_name", "phone", "phone_proved_at", "birth_month", "birth_day", "birth_year"),
    *("preferences", "owner_id", "tier_review_at", "lost_reason", "source", "source_key", "branch_id"),
)


async def _erase_media(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Delete the files of these conversations that no other conversation shows as well."""
    elsewhere = select(interactions.c.id).where(
        interactions.c.media_id == media.c.id, not_(func.coalesce(_said(customer_id), false()))
    )
    await tx.execute(delete(media).where(media.c.id.in_(shown_files(customer_id)), ~elsewhere.exists()))


STEPS: dict[str, Callable[[Tx, int, datetime], Awaitable[None]]] = {
    "inbox": _erase_inbox,
    "outbox": _erase_outbox,
    "media": _erase_media,
    "interactions": _erase_interactions,
    "feedback": _erase_feedback,
    "case_tags": erase_case_tags,
    "escalations": erase_escalations,
    "tasks": erase_tasks,
    "survey_answers": erase_survey_answers,
    "survey_responses": erase_survey_responses,
    "bans": erase_bans,
    "cases": _erase_cases,
    "deliveries": _erase_deliveries,
    "campaign_optouts": erase_optouts,
    "audit": _erase_audit,
    "dialogues": _erase_dialogues,
    "consents": _erase_consents,
    "approvals": _erase_approvals,
    "files": _erase_files,
    "notices": _erase_notices,
    "refunds": _erase_refunds,
    "purchases": _erase_purchases,
    "point_entries": _erase_entries,
    "point_lots": _erase_lots,
    "vouchers": _erase_vouchers,
    "referrals": _erase_referrals,
    "customer_tags": _erase_tags,
    "customer_events": _erase_events,
    "link_codes": _erase_link_codes,
    "api_answers": _erase_answers,
    "webhook_events": _erase_webhooks,
    "contact_points": _erase_contacts,
    "customers": _erase_customer,
}
"""One step for each table whose rows may be one customer's, in an order in which each still finds its rows."""
