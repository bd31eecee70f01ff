"""Where a duplicate's rows go: one decision a table that refers to customers, so that none is forgotten."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, and_, cast, delete, exists, func, literal, null, or_, select, update

from domain.people import Consent, ConsentClass
from domain.records import merged_consent
from storage.database import Tx
from storage.tables import (
    api_answers,
    approvals,
    audit,
    bans,
    campaign_optouts,
    campaign_taps,
    cases,
    consents,
    contact_points,
    customer_events,
    customer_tags,
    customers,
    deliveries,
    feedback,
    files,
    interactions,
    link_codes,
    metadata,
    notices,
    outbox,
    purchases,
    referrals,
    survey_responses,
    tasks,
    tier_changes,
    vouchers,
    webhook_events,
)

Step = Callable[[Tx, int, int, datetime], Awaitable[None]]
"""Takes the transaction, the kept record, the duplicate and the moment."""
_NEVER_OUT = ("planned", "skipped")
_MERGED = "merged"


def _moves(table: Table) -> Step:
    """Return the step that lets every row of a table belong to the kept record."""

    async def move(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
        await tx.execute(update(table).where(table.c.customer_id == duplicate_id).values(customer_id=keep_id))

    return move


async def _left(_tx: Tx, _keep_id: int, _duplicate_id: int, _now: datetime) -> None:
    """Leave a table alone: its rows name no living customer, or the ledger's own service moves them."""


async def _interactions(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
    """Move what was said; the search index follows, since it knows words by their interaction."""
    his = interactions.c.customer_id == duplicate_id
    spoken = and_(his, interactions.c.author_kind == "customer", interactions.c.author_id == duplicate_id)
    await tx.execute(update(interactions).where(spoken).values(author_id=keep_id))
    await tx.execute(update(interactions).where(his).values(customer_id=keep_id))


async def _cases(tx: Tx, keep_id: int, duplicate_id: int, now: datetime) -> None:
    await _moves(cases)(tx, keep_id, duplicate_id, now)
    for kind, row_id in [key for key in tx.identity if key[0] == "case"]:
        if tx.identity[kind, row_id].customer_id == duplicate_id:
            del tx.identity[kind, row_id]


async def _tags(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
    has = select(customer_tags.c.tag).where(customer_tags.c.customer_id == keep_id)
    his = customer_tags.c.customer_id == duplicate_id
    await tx.execute(delete(customer_tags).where(his, customer_tags.c.tag.in_(has)))
    await tx.execute(update(customer_tags).where(his).values(customer_id=keep_id))


async def _optouts(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
    """Let what either did not want to hear of stand."""
    has = select(campaign_optouts.c.topic).where(campaign_optouts.c.customer_id == keep_id)
    his = campaign_optouts.c.customer_id == duplicate_id
    await tx.execute(delete(campaign_optouts).where(his, campaign_optouts.c.topic.in_(has)))
    await tx.execute(update(campaign_optouts).where(his).values(customer_id=keep_id))


async def _consents(tx: Tx, keep_id: int, duplicate_id: int, now: datetime) -> None:
    """Let one answer a class stand: see ``domain.records.merged_consent``."""
    kept, others = await list_answers(tx, keep_id), await list_answers(tx, duplicate_id)
    for kind, other in others.items():
        known = kept.get(kind)
        stands = other if known is None or _outweighs(other, known, now) else known
        if stands is other:
            await tx.execute(delete(consents).where(consents.c.customer_id == keep_id, consents.c.kind == kind))
            his = and_(consents.c.customer_id == duplicate_id, consents.c.kind == kind)
            await tx.execute(update(consents).where(his).values(customer_id=keep_id))
    await tx.execute(delete(consents).where(consents.c.customer_id == duplicate_id))


def _outweighs(other: Any, known: Any, now: datetime) -> bool:
    answers = [Consent(ConsentClass(row.kind), row.given, row.until_at) for row in (known, other)]
    newer = other.changed_at > known.changed_at
    return merged_consent(answers[0], answers[1], newer=newer, now=now) is answers[1]


async def list_answers(tx: Tx, customer_id: int) -> dict[str, Any]:
    """Return the consent rows of a record, by class."""
    rows = await tx.execute(select(consents).where(consents.c.customer_id == customer_id))
    return {row.kind: row for row in rows}


async def _deliveries(tx: Tx, keep_id: int, duplicate_id: int, now: datetime) -> None:
    """Keep one delivery of an occasion: the one that went out; when both did, both, so that both are counted.

    One with a response stays beside the other, too: it says what became of that asking.
    """
    mine, his = deliveries.alias("mine"), deliveries.alias("his")
    both = select(
        mine.c.id,
        mine.c.state,
        his.c.id.label("his_id"),
        his.c.state.label("his_state"),
        exists().where(survey_responses.c.delivery_id == mine.c.id).label("asked"),
        exists().where(survey_responses.c.delivery_id == his.c.id).label("his_asked"),
        his.c.version.is_not(None).label("of_campaign"),
    ).where(
        mine.c.customer_id == keep_id,
        his.c.customer_id == duplicate_id,
        his.c.campaign == mine.c.campaign,
        his.c.occasion == mine.c.occasion,
    )
    for row in list(await tx.execute(both)):
        if row.his_state in _NEVER_OUT and not row.his_asked:
            await _drop_delivery(tx, row.his_id, row.id)
        elif row.state in _NEVER_OUT and not row.asked:
            await _drop_delivery(tx, row.id, row.his_id)
        elif row.of_campaign and row.his_state == "queued" and await _take_back(tx, row.his_id, now):
            await _drop_delivery(tx, row.his_id, row.id)
        else:
            occasion = literal(f"{_MERGED}:") + cast(deliveries.c.id, Text)
            await tx.execute(update(deliveries).where(deliveries.c.id == row.his_id).values(occasion=occasion))
    await tx.execute(update(deliveries).where(deliveries.c.customer_id == duplicate_id).values(customer_id=keep_id))


async def _take_back(tx: Tx, delivery_id: int, now: datetime) -> bool:
    """Take a message of a campaign back that still waits in the outbox; returns whether it did."""
    waiting = update(outbox).where(outbox.c.delivery_id == delivery_id, outbox.c.state == "queued")
    taken = waiting.values(state="dropped", settled_at=now, error="merged").returning(outbox.c.id)
    return (await tx.execute(taken)).first() is not None


async def _drop_delivery(tx: Tx, delivery_id: int, stands_id: int) -> None:
    for table in (notices, outbox, campaign_taps):
        await tx.execute(update(table).where(table.c.delivery_id == delivery_id).values(delivery_id=stands_id))
    await tx.execute(delete(deliveries).where(deliveries.c.id == delivery_id))


async def _referrals(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
    """Keep one answer to who brought this person: the rewarded one, else the first; nobody brings themself."""
    brought = select(referrals).where(referrals.c.referred_id.in_((keep_id, duplicate_id)))
    found = sorted(await tx.execute(brought), key=lambda row: (row.rewarded_at is None, row.at, row.id))
    if len(found) > 1:
        await tx.execute(delete(referrals).where(referrals.c.id.in_([row.id for row in found[1:]])))
    for column in (referrals.c.referrer_id, referrals.c.referred_id):
        await tx.execute(update(referrals).where(column == duplicate_id).values({column.name: keep_id}))
    own = (referrals.c.referrer_id == keep_id, referrals.c.referred_id == keep_id, referrals.c.void_reason.is_(None))
    await tx.execute(update(referrals).where(*own).values(void_reason="self"))


async def _customers(tx: Tx, keep_id: int, duplicate_id: int, _now: datetime) -> None:
    """Point older duplicates at the kept record, and leave of this one only where it went and its public code."""
    await tx.execute(update(customers).where(customers.c.merged_into == duplicate_id).values(merged_into=keep_id))
    empty: dict[str, Any] = dict.fromkeys(_OF_PERSON)
    record = {"name": "", "custom": null(), "birth_calendar": "solar", "birth_leap": False, "merged_into": keep_id}
    await tx.execute(update(customers).where(customers.c.id == duplicate_id).values(**record, **empty))


_OF_PERSON = (
    *("zone", "zone_source", "call_name", "phone", "phone_proved_at", "birth_month", "birth_day", "birth_year"),
    *("preferences", "owner_id", "tier_review_at", "lost_at", "lost_reason", "source", "branch_id"),
)

DECISIONS: dict[str, Step] = {
    "interactions": _interactions,
    "cases": _cases,
    "tasks": _moves(tasks),
    "survey_responses": _moves(survey_responses),
    "bans": _moves(bans),
    "feedback": _moves(feedback),
    "customer_tags": _tags,
    "customer_events": _moves(customer_events),
    "consents": _consents,
    "deliveries": _deliveries,
    "campaign_taps": _moves(campaign_taps),
    "campaign_optouts": _optouts,
    "notices": _moves(notices),
    "purchases": _moves(purchases),
    "point_accounts": _left,
    "point_entries": _left,
    "point_lots": _left,
    "tier_changes": _moves(tier_changes),
    "vouchers": _moves(vouchers),
    "referrals": _referrals,
    "approvals": _moves(approvals),
    "files": _moves(files),
    "api_answers": _moves(api_answers),
    "webhook_events": _moves(webhook_events),
    "link_codes": _moves(link_codes),
    "audit": _moves(audit),
    "outbox": _moves(outbox),
    "erasures": _left,
    "contact_points": _moves(contact_points),
    "customers": _customers,
}
"""One step for each table that refers to customers.

The ledger's (``point_*``) are moved by its own service before; the duplicate's empty account stays, so that whoever
waits for its lock finds where the points went.
"""


def list_references() -> dict[str, list[str]]:
    """Return which columns of which tables refer to a customer."""
    found: dict[str, list[str]] = {}
    for table in metadata.sorted_tables:
        columns = [
            column.name
            for column in table.columns
            if column.name == "customer_id" or any(key.column is customers.c.id for key in column.foreign_keys)
        ]
        if columns:
            found[table.name] = columns
    return found


async def move_everything(tx: Tx, *, keep_id: int, duplicate_id: int, now: datetime) -> None:
    """Let everything of the duplicate belong to the kept record, and empty the duplicate."""
    await tx.flush()
    for step in DECISIONS.values():
        await step(tx, keep_id, duplicate_id, now)


async def lock_records(tx: Tx, customer_ids: Sequence[int]) -> None:
    """Make others wait who speak for these records or write rows of theirs: chats first, then cases, then records.

    Whoever works on a case holds it before its customer: the order in which everybody locks. Last come messages that
    wait: whoever takes those of a campaign back holds them before what was recorded of them.
    """
    if not tx.for_update:
        return
    ids = sorted(customer_ids)
    for table in (contact_points, cases):
        his = select(table.c.id).where(table.c.customer_id.in_(ids)).order_by(table.c.id)
        await tx.execute(his.with_for_update())
    records = select(customers.c.id).where(customers.c.id.in_(ids)).order_by(customers.c.id)
    await tx.execute(records.with_for_update())
    waiting = select(outbox.c.id).where(outbox.c.customer_id.in_(ids), outbox.c.state == "queued")
    await tx.execute(waiting.order_by(outbox.c.id).with_for_update())


async def is_referred_to(tx: Tx, customer_id: int) -> list[str]:
    """Return the tables in which rows still name this record, ``customers`` itself and its erasure left out."""
    found = []
    for name, columns in list_references().items():
        table = metadata.tables[name]
        names = [table.c[column] == customer_id for column in columns]
        if name != "erasures" and (await tx.execute(select(func.count()).where(or_(*names)))).scalar():
            found.append(name)
    return found
