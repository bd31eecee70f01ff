"""The traces a person leaves: the same word in every text and JSON column there is."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, String, Table, select, text

from domain.cases import CaseKind
from domain.dialogues import Dialogue, DialogueName
from domain.interactions import Content, Kind, MediaRef, Visibility
from domain.outgoing import to_chat, to_staff_group
from domain.people import Birthday, ConsentClass, Role, StaffMember
from services import case_door, cases, customers
from services.seeding import seed
from services.speech import record_heard, say_html, tell
from services.work import Person, Work
from storage import feedback as feedback_rows
from storage import tables
from storage.database import Database, Tx
from storage.deliveries import insert_planned
from storage.inbox import claim_updates, insert_updates, mark_done, mark_failed
from storage.interactions import Origin
from storage.staff import load_staff
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, Working, arrive, hear

GROUP = -100500


async def live(work: Work, *, chat_id: int, word: str) -> Person:
    """Let a person leave ``word`` in every place there is."""
    ids = await _write_in(work, chat_id, word)
    person = await arrive(work, chat_id=chat_id, name=word)
    await mark_done(work.tx, ids=ids[1:], now=work.now)
    await mark_failed(work.tx, inbox_id=ids[0], error="ValueError", now=work.now, next_try_at=None)
    await customers.set_birthday(work, person, Birthday(3, 5, 1990))
    await customers.set_zone(work, person, "Asia/Taipei")
    await customers.note_source(work, person, f"s-{word}")
    await customers.set_consent(work, person, ConsentClass.CARE, given=True)
    staff = await load_staff(work.tx, bot_id=BOT)
    member = next(iter(staff.members.values()))
    case_id = await _complain(work, person, word, member)
    await say_html(work, person, f"dear {word}")
    await tell(work, to_chat(chat_id), word, dedupe_key=f"apology:{ids[0]}")
    feedback_id = await feedback_rows.insert_feedback(
        work.tx, customer_id=person.customer.id, kind="praise", stars=5, now=work.now
    )
    await feedback_rows.change_feedback(work.tx, feedback_id, text=word)
    group = next(iter(staff.groups.values()))
    await tell(work, to_staff_group(group.id), f"praise {word}", dedupe_key=f"feedback:{feedback_id}")
    person.enter(work, Dialogue(person.contact.id, DialogueName.DRAFT, "words", work.now, {"words": word}))
    await _plan(work, person, word)
    await _leave_record(work, person, word, member)
    await _leave_loyalty(work, person, word, member, case_id)
    await _leave_casework(work, person, word, member, case_id)
    await work.tx.flush()
    return person


async def _write_in(work: Work, chat_id: int, word: str) -> list[int]:
    updates = [(chat_id * 10 + i, chat_id, json.dumps({"text": f"{word} {i}"})) for i in range(3)]
    updates.append((chat_id * 10 + 5, GROUP, json.dumps({"reply_to_message": {"text": word}})))
    await insert_updates(work.tx, bot_id=BOT, updates=updates, now=work.now)
    return [update.id for update in await claim_updates(work.tx, bot_id=BOT, now=work.now, limit=100)]


async def _complain(work: Work, person: Person, word: str, member: StaffMember) -> int:
    said = await hear(work, person, f"my {word} broke 退款{word}", message_id=1)
    photo = MediaRef(f"file-{word}", f"unique-{word}", 10, "image/jpeg", f"{word}.jpg")
    shown = await record_heard(
        work,
        author=person.actor,
        content=Content(Kind.PHOTO, word, ({"type": "url", "url": word},), photo, word, {"place": word}),
        origin=Origin(person.contact.chat_id, 2),
        customer_id=person.customer.id,
    )
    case = await cases.open_case(
        work, person, kind=CaseKind.COMPLAINT, interaction_ids=[said, shown], order_ref=f"{word}-7"
    )
    await record_heard(
        work,
        author=case_door.actor_of(member),
        content=Content(Kind.TEXT, f"note about {word}"),
        origin=Origin(GROUP, 9),
        customer_id=None,
        case_id=case.id,
        visibility=Visibility.INTERNAL,
    )
    return case.id


async def _plan(work: Work, person: Person, word: str) -> None:
    plan = {
        "campaign": "birthday",
        "occasion": "2027",
        "customer_id": person.customer.id,
        "occasion_on": "2027-03-05",
        "zone": "Asia/Taipei",
        "due_at": work.now + timedelta(days=100),
        "late_after_at": work.now + timedelta(days=101),
        "planned_at": work.now,
    }
    await insert_planned(work.tx, [plan], renewable=("late",))
    his = {"customer_id": person.customer.id}
    of = select(tables.deliveries.c.id).where(tables.deliveries.c.customer_id == person.customer.id)
    delivery_id = (await work.tx.execute(of.limit(1))).scalar_one()
    work.tx.change(tables.deliveries, delivery_id, params={"item": word})
    tap = {"delivery_id": delivery_id, "campaign": "birthday", "kind": "answer", "button": "thanks", "at": work.now}
    await insert(work.tx, tables.campaign_taps, **his, **tap)
    await insert(work.tx, tables.campaign_optouts, **his, topic="mid_autumn", at=work.now)


async def insert(tx: Tx, table: Table, **values: Any) -> int:
    """Insert one row and return its key, or 0 for a table without one."""
    done = await tx.execute(table.insert().values(**values))
    return int(done.inserted_primary_key[0] or 0) if done.inserted_primary_key else 0


async def _leave_record(work: Work, person: Person, word: str, member: StaffMember) -> None:
    """Leave what staff and other systems know of a person."""
    tx, now, his = work.tx, work.now, {"customer_id": person.customer.id}
    tx.change(
        tables.customers,
        person.customer.id,
        call_name=word,
        phone=f"+86{word}",
        phone_proved_at=now,
        preferences=word,
        custom={"allergy": word},
        owner_id=member.id,
        lost_at=now,
        lost_reason=word,
        source_key=word,
        tier_review_at=now,
    )
    await insert(tx, tables.customer_tags, **his, tag=word, at=now)
    await insert(tx, tables.customer_events, **his, name=word, at=now, source_key=word, data={"what": word})
    code = {"code_hash": word, "created_at": now, "expires_at": now + timedelta(days=7)}
    await insert(tx, tables.link_codes, **his, **code)
    made = {"kind": "statement", "recipe": {"of": word}, "name": f"{word}.png", "mime": "image/png", "dedupe_key": word}
    await insert(tx, tables.files, **his, **made, content=word.encode(), wanted_at=now)
    notice = {"kind": "earned", "key": word, "data": {"rule": word}, "ready_at": now, "stale_at": now}
    await insert(tx, tables.notices, **his, **notice)
    asked = {"kind": "points", "asked": {"reason": word}, "asked_by": member.id, "asked_at": now}
    await insert(tx, tables.approvals, **his, **asked, expires_at=now + timedelta(days=3))
    key = {"name": "till", "prefix": f"k{person.customer.id}", "key_hash": f"h{person.customer.id}"}
    key_id = await insert(tx, tables.api_keys, **key, scopes=[], per_minute=60, created_at=now)
    answer = {"idempotency_key": word, "request_hash": "0" * 64, "status": 200, "answer": {"name": word}}
    await insert(tx, tables.api_answers, **his, **answer, api_key_id=key_id, at=now)
    endpoint = {"url": "https://till.example/hook", "secret": "s", "kinds": [], "created_at": now}
    endpoint_id = await insert(tx, tables.webhook_endpoints, **endpoint)
    event_id = await insert(tx, tables.webhook_events, **his, kind="customer.changed", at=now, data={"name": word})
    await insert(tx, tables.webhook_deliveries, event_id=event_id, endpoint_id=endpoint_id, queued_at=now, due_at=now)


async def _leave_casework(work: Work, person: Person, word: str, member: StaffMember, case_id: int) -> None:
    """Leave what staff did about a case: a tag, an escalation, a task, a survey's answer, a ban."""
    tx, now, his = work.tx, work.now, {"customer_id": person.customer.id}
    author = {"by_kind": "staff", "by_id": member.id}
    tx.change(
        tables.cases,
        case_id,
        priority_why=[{"kind": "keyword", "words": word, "priority": "high"}],
        resolver_id=member.id,
    )
    await insert(tx, tables.case_tags, case_id=case_id, tag=word, at=now)
    clock = {"kind": "first_response", "started_at": now, "due_at": now, "ended_at": now, "kept": True, "worked_s": 60}
    await insert(tx, tables.sla_results, case_id=case_id, **clock, priority="high", tier="new", member_id=member.id)
    rung = {"level": 2, "cause": "hand", "reason": word, "at": now, "told": [member.id], "answer_due_at": now}
    await insert(tx, tables.escalations, case_id=case_id, **rung, **author)
    due = {
        "kind": "promise",
        "text": word,
        "why": {"said": word},
        "key": f"t{case_id}",
        "created_at": now,
        "due_at": now,
    }
    await insert(tx, tables.tasks, **his, case_id=case_id, **due, **author, outcome=word)
    asked = {"survey": "after_case", "version": 1, "occasion": f"case:{case_id}:1", "asked_at": now, "score": 4}
    response_id = await insert(tx, tables.survey_responses, **his, case_id=case_id, **asked, text=word, answered_at=now)
    said = {"question": "words", "kind": "text", "text": word, "on_date": "2026-11-22", "answered_at": now}
    await insert(tx, tables.survey_answers, response_id=response_id, **said)
    await insert(tx, tables.bans, **his, reason=word, **author, at=now, until_at=now + timedelta(days=1))


async def _leave_loyalty(work: Work, person: Person, word: str, member: StaffMember, case_id: int) -> None:
    """Leave a purchase partly given back, points with their lot, and a voucher."""
    tx, now, his = work.tx, work.now, {"customer_id": person.customer.id}
    sale = {"source_key": word, "bought_at": now, "amount_minor": 12_300, "currency": "CNY", "noted_at": now}
    bought = {"items": [{"name": word}], "channel": word, "refunded_minor": 300}
    purchase_id = await insert(tx, tables.purchases, **his, **sale, **bought)
    refund = {"source_key": word, "at": now, "amount_minor": 300, "reason": word}
    await insert(tx, tables.refunds, purchase_id=purchase_id, **refund)
    await insert(tx, tables.point_accounts, **his, settled_at=now)
    author = {"actor_kind": "staff", "actor_id": member.id}
    earned = {"kind": "earn", "points": 123, "at": now, "source_key": word, "reason": word, "working": [word]}
    entry_id = await insert(tx, tables.point_entries, **his, **earned, **author, case_id=case_id)
    await insert(tx, tables.point_lots, **his, entry_id=entry_id, points=123, remaining=0, awaits=word)
    change = {"before": "new", "after": "silver", "cause": "upgrade", "spend_minor": 12_000}
    await insert(tx, tables.tier_changes, **his, at=now, **change, actor_kind="system")
    key = f"r{person.customer.id}"
    tea = {"key": key, "price_points": 100, "voucher_days": 90, "texts": {"en": {"name": "Tea"}}}
    reward_id = await insert(tx, tables.rewards, **tea)
    issued = {"state": "issued", "issued_at": now, "expires_at": now + timedelta(days=90)}
    ids = {"reward_id": reward_id, "entry_id": entry_id, "points": 100}
    await insert(tx, tables.vouchers, **his, **ids, **issued, code=word.upper())


async def shop(working: Working) -> tuple[Person, Person]:
    """Ann and Bob, who both left their words everywhere; Bob came because Ann told him."""
    async with working() as work:
        await seed(
            work, groups=[(GROUP, "Desk", None)], members=[(7, "Ben", Role.AGENT, None), (8, "Ada", Role.ADMIN, None)]
        )
        ann = await live(work, chat_id=ANN_CHAT, word="annsecret")
        bob = await live(work, chat_id=BOB_CHAT, word="bobsecret")
        pair = {"referrer_id": ann.customer.id, "referred_id": bob.customer.id}
        await insert(work.tx, tables.referrals, **pair, at=work.now)
        return ann, bob


async def places(database: Database, word: str) -> dict[str, int]:
    """Return how often ``word`` stands in each text or JSON column of the database."""
    found: dict[str, int] = {}
    async with database.read() as tx:
        for table in tables.metadata.sorted_tables:
            for column in worded(table):
                for value in (await tx.execute(select(column))).scalars():
                    if word in json.dumps(value, ensure_ascii=False).lower():
                        name = f"{table.name}.{column.name}"
                        found[name] = found.get(name, 0) + 1
        words = (await tx.execute(text("SELECT CAST(words AS TEXT) FROM search_words"))).scalars().all()
        found["search_words"] = sum(word in row for row in words)
    return {name: count for name, count in found.items() if count}


def worded(table: Table) -> list[Any]:
    """Return the columns of a table in which words can stand."""
    return [column for column in table.columns if isinstance(column.type, String | JSON)]
