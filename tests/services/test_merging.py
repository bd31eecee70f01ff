"""Merging duplicates: everything moves, nothing is said twice, and no no becomes a yes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, or_, select, update

from domain.cases import CaseKind
from domain.dialogues import Dialogue, DialogueName
from domain.outcomes import Refusal
from domain.people import SYSTEM, Birthday, Consent, ConsentClass, Role
from services import points, records
from services.cases import open_case
from services.customers import set_consent
from services.merging import merge_customers
from services.work import Person, Work
from storage import deliveries, tables
from storage.audit import list_of_subject
from storage.cases import get_case
from storage.database import Database
from storage.merging import DECISIONS, is_referred_to, list_references
from storage.people import list_consents, load_contacts
from storage.search import search_interactions
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, Working, arrive, hear
from tests.services.test_records import hire, make, refused
from tests.services.traces import insert, shop

ACCOUNT = ["point_accounts"]
"""The duplicate's empty account stays: whoever waits for it finds where its points went."""


async def merge(work: Work, keep: int, duplicate: int) -> None:
    """Merge two records that can be merged."""
    done = await merge_customers(work, keep_id=keep, duplicate_id=duplicate, by=SYSTEM, reason="one person")
    assert done is None, done


def test_every_reference_to_a_customer_has_a_decision() -> None:
    """A table added later without one fails here; so does a decision about none."""
    assert set(DECISIONS) == set(list_references())


async def counted(database: Database, customer_id: int) -> dict[str, int]:
    """Return how many rows of each table are a customer's."""
    found = {}
    async with database.read() as tx:
        for name, columns in list_references().items():
            table = tables.metadata.tables[name]
            his = or_(*(table.c[column] == customer_id for column in columns))
            found[name] = (await tx.execute(select(func.count()).select_from(table).where(his))).scalar_one()
    return found


async def test_everything_moves(database: Database, working: Working) -> None:
    """Whatever table a person left traces in, the kept record has them all, and the duplicate none."""
    ann, bob = await shop(working)
    keep, duplicate = ann.customer.id, bob.customer.id
    before = [await counted(database, one) for one in (keep, duplicate)]
    assert not [name for name in DECISIONS if name not in ("erasures", "customers") and not before[1][name]]
    async with working() as work:
        await merge(work, keep, duplicate)
    async with database.read() as tx:
        assert await is_referred_to(tx, duplicate) == ACCOUNT
        emptied = (await tx.execute(select(tables.customers).where(tables.customers.c.id == duplicate))).one()
    after = await counted(database, keep)
    joined = {name: before[0][name] + before[1][name] - after[name] for name in after}
    once = {name: count for name, count in joined.items() if count > 0}
    # One consent a class, one delivery and wish an occasion, one account; the tie between the two counted for both.
    assert once == {"campaign_optouts": 1, "consents": 1, "deliveries": 1, "point_accounts": 1, "referrals": 1}
    assert emptied.merged_into == keep
    kept = {name: value for name, value in emptied._mapping.items() if "bobsecret" in str(value).lower()}
    assert set(kept) == {"source_key"}


async def test_empty_fields_are_filled_and_others_stay(working: Working) -> None:
    """What only the duplicate knew is taken over, what both said stays as it was, and the audit has both."""
    async with working() as work:
        ben = await hire(work, "Ben", Role.AGENT, 5)
        keep = await make(work, "Ann Lee", phone="13800138000", preferences="tea", tags={"vip"})
    async with working(later=timedelta(days=-30)) as work:
        duplicate = await make(
            work,
            "Annie",
            phone="+886912345678",
            preferences="coffee",
            birthday=Birthday(8, 15, None, True),
            owner_id=ben.id,
            source_key="crm:9",
            tags={"vip", "regular"},
            zone="Asia/Taipei",
            zone_source="staff",
        )
        other = await records.read_record(work, duplicate)
        assert other is not None
    async with working() as work:
        await merge(work, keep, duplicate)
        record = await records.read_record(work, duplicate)
        assert await records.find_customer(work, code=other.code) == keep
        assert await records.find_customer(work, source_key="crm:9") == keep
        assert await records.find_customer(work, phone="+886912345678") is None
        (row,) = [one for one in await list_of_subject(work.tx, "customer", keep) if one.action == "customer.merge"]
    assert record is not None
    assert (record.id, record.name, record.phone, record.preferences) == (keep, "Ann Lee", "+8613800138000", "tea")
    assert (record.birthday, record.owner_id) == (Birthday(8, 15, None, True), ben.id)
    assert (record.zone, record.zone_source) == ("Asia/Taipei", "staff")  # outweighs the number's
    assert record.tags == ("regular", "vip")
    assert record.created_at == work.now - timedelta(days=30)
    assert row.before is not None
    assert row.before["conflicts"] == {"name": "Annie", "preferences": "coffee", "phone": "+886912345678"}
    assert row.after is not None
    assert row.after["reason"] == "one person"
    assert "birthday" in row.after["filled"]


async def test_a_later_yes_does_not_turn_a_no_and_a_no_counts_from_either(working: Working) -> None:
    """Each class for itself; a changed answer has its audit row."""
    care, offers, surveys = ConsentClass.CARE, ConsentClass.OFFERS, ConsentClass.SURVEYS
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        bob = await arrive(work, chat_id=BOB_CHAT, name="Bob")
        await set_consent(work, ann, care, given=False)
        await set_consent(work, ann, offers, given=True)
    async with working(later=timedelta(days=1)) as work:
        await set_consent(work, bob, care, given=True)
        await set_consent(work, bob, offers, given=False)
        await set_consent(work, bob, surveys, given=True)
        await merge(work, ann.customer.id, bob.customer.id)
        stands = await list_consents(work.tx, ann.customer.id)
        rows = await list_of_subject(work.tx, "customer", ann.customer.id)
    assert stands == {care: Consent(care, False), offers: Consent(offers, False), surveys: Consent(surveys, True)}
    merged = [row.action for row in rows if row.actor_kind == "system" and row.action.startswith("consent.")]
    assert sorted(merged) == ["consent.offers", "consent.surveys"]


async def test_points_and_debts_of_both_are_one_account(working: Working) -> None:
    """The balance is the sum, and the ledger of the duplicate is the kept record's."""
    async with working() as work:
        keep, duplicate = await make(work), await make(work, "Annie")
        for whose, amount in ((keep, 100), (duplicate, 250)):
            done = await points.earn(work, whose, points=amount, source_key=f"k{whose}", by=SYSTEM)
            assert not isinstance(done, Refusal)
        await merge(work, keep, duplicate)
        assert (await points.balance_of(work, keep)).available == 350
        assert (await points.balance_of(work, duplicate)).available in (0, 350)
        spent = await points.spend(work, keep, points=300, source_key="s1", by=SYSTEM)
        assert not isinstance(spent, Refusal)
        assert {entry.customer_id for entry in await points.list_history(work, keep)} == {keep}


async def test_a_conversation_goes_on_and_words_are_found(working: Working, database: Database) -> None:
    """Bob's dialogue and case are there after the merge, under the kept name, and search finds his words."""
    async with working() as work:
        keep = await make(work, "Robert Lee")
        bob = await arrive(work, chat_id=BOB_CHAT, name="Bob")
        said = await hear(work, bob, "the zipper broke", message_id=3)
        case = await open_case(work, bob, kind=CaseKind.COMPLAINT, interaction_ids=[said])
        bob.enter(work, Dialogue(bob.contact.id, DialogueName.FEEDBACK, "words", work.now, {"key": 7}))
        await merge(work, keep, bob.customer.id)
    async with working() as work:
        known = (await load_contacts(work.tx, bot_id=BOT, chat_ids=[BOB_CHAT]))[BOB_CHAT]
        (found,) = await search_interactions(work.tx, "zipper", limit=5)
        owner = (await work.tx.execute(select(tables.cases.c.customer_id).where(tables.cases.c.id == case.id))).scalar()
        author = await work.tx.execute(select(tables.interactions.c.author_id).where(tables.interactions.c.id == said))
        later = await hear(work, Person(known.contact, known.customer), "and the button", message_id=4)
    assert (known.customer.id, known.customer.name) == (keep, "Robert Lee")
    assert known.dialogue is not None
    assert known.dialogue.data == {"key": 7}
    assert (found.customer, found.interaction_id) == ("Robert Lee", said)
    assert (owner, author.scalar()) == (keep, keep)
    async with database.read() as tx:
        whose = select(tables.interactions.c.customer_id).where(tables.interactions.c.id == later)
        assert (await tx.execute(whose)).scalar() == keep


@pytest.mark.parametrize(
    ("mine", "his", "left"),
    [
        ("planned", "planned", {"planned": 1}),
        ("planned", "sent", {"sent": 1}),
        ("sent", "planned", {"sent": 1}),
        ("sent", "sent", {"sent": 2}),
    ],
)
async def test_nobody_is_congratulated_twice(
    working: Working, database: Database, mine: str, his: str, left: dict[str, int]
) -> None:
    """Of one occasion's deliveries the one that went out stays; what really went out is never forgotten."""
    async with working() as work:
        keep, duplicate = await make(work), await make(work, "Annie")
        for whose, state in ((keep, mine), (duplicate, his)):
            plan = {"campaign": "birthday", "occasion": "2026", "customer_id": whose, "occasion_on": "2026-12-01"}
            times = dict.fromkeys(("due_at", "late_after_at", "planned_at"), work.now)
            await deliveries.insert_planned(work.tx, [{**plan, **times, "zone": "UTC"}], renewable=("late",))
            of = tables.deliveries.c.customer_id == whose
            await work.tx.execute(update(tables.deliveries).where(of).values(state=state))
        ids = (await work.tx.execute(select(tables.deliveries.c.id).order_by(tables.deliveries.c.id))).scalars().all()
        notice: dict[str, Any] = {"kind": "earned", "key": "n", "ready_at": work.now, "stale_at": work.now}
        await insert(work.tx, tables.notices, customer_id=duplicate, delivery_id=ids[1], **notice)
        await merge(work, keep, duplicate)
    async with database.read() as tx:
        rows = list(await tx.execute(select(tables.deliveries)))
    assert {row.customer_id for row in rows} == {keep}
    assert {state: [row.state for row in rows].count(state) for state in {row.state for row in rows}} == left
    assert [row.occasion for row in rows].count("2026") == 1


@pytest.mark.parametrize("states", [("sent", "skipped"), ("skipped", "sent")])
async def test_a_survey_that_never_went_out_is_no_obstacle(
    working: Working, database: Database, states: tuple[str, str]
) -> None:
    """Both were asked in one wave and one message was dropped: each response still knows what became of its own."""
    async with working() as work:
        records = await make(work), await make(work, "Annie")
        for whose, state in zip(records, states, strict=True):
            plan = {"campaign": "survey:pulse", "occasion": "hand-1", "customer_id": whose, "state": state}
            times = dict.fromkeys(("due_at", "late_after_at", "planned_at"), work.now)
            await insert(work.tx, tables.deliveries, **plan, **times, occasion_on="2026-12-01", zone="UTC")
            of = tables.deliveries.c.customer_id == whose
            sent = (await work.tx.execute(select(tables.deliveries.c.id).where(of))).scalar_one()
            asked = {"survey": "pulse", "version": 1, "occasion": f"hand-1:{whose}", "asked_at": work.now}
            await insert(work.tx, tables.survey_responses, customer_id=whose, delivery_id=sent, **asked)
        await merge(work, *records)
    async with database.read() as tx:
        of = tables.deliveries.c.id == tables.survey_responses.c.delivery_id
        kept = select(tables.deliveries.c.state).join(tables.survey_responses, of)
        assert tuple((await tx.execute(kept.order_by(tables.survey_responses.c.id))).scalars()) == states


async def test_of_two_messages_that_wait_one_goes(working: Working, database: Database) -> None:
    """Both records stood in one campaign, and both messages wait in the outbox: the person gets one."""
    async with working() as work:
        records = await make(work), await make(work, "Annie")
        for whose in records:
            plan = {"campaign": "tea", "occasion": "once", "customer_id": whose, "state": "queued", "version": 1}
            times = dict.fromkeys(("due_at", "late_after_at", "planned_at", "queued_at"), work.now)
            await insert(work.tx, tables.deliveries, **plan, **times, occasion_on="2026-12-01", zone="UTC")
            of = tables.deliveries.c.customer_id == whose
            waits = (await work.tx.execute(select(tables.deliveries.c.id).where(of))).scalar_one()
            row = {"bot_id": BOT, "lane": 3, "chat_key": f"c{whose}", "target_kind": "contact", "target_ref": whose}
            said = {"purpose": "campaign", "on_unknown": "list", "action": "send", "customer_id": whose}
            await insert(work.tx, tables.outbox, **row, **said, delivery_id=waits, created_at=work.now)
        await merge(work, *records)
    async with database.read() as tx:
        states = (await tx.execute(select(tables.outbox.c.state).order_by(tables.outbox.c.id))).scalars().all()
        left = (await tx.execute(select(tables.deliveries.c.state))).scalars().all()
    assert (sorted(states), left) == (["dropped", "queued"], ["queued"])


async def test_nobody_brought_themself(working: Working, database: Database) -> None:
    """A referral between the two is void; of two who brought the person, the rewarded one stays."""
    async with working() as work:
        keep, duplicate, cat, dan = [await make(work, name) for name in ("Ann", "Annie", "Cat", "Dan")]
        for referrer, referred, rewarded in (
            (keep, duplicate, None),
            (duplicate, cat, None),
            (dan, keep, work.now),
        ):
            pair = {"referrer_id": referrer, "referred_id": referred}
            await insert(work.tx, tables.referrals, **pair, at=work.now, rewarded_at=rewarded)
        await merge(work, keep, duplicate)
    async with database.read() as tx:
        rows = list(await tx.execute(select(tables.referrals).order_by(tables.referrals.c.referred_id)))
    assert [(row.referrer_id, row.referred_id, row.void_reason) for row in rows] == [
        (dan, keep, None),
        (keep, cat, None),
    ]
    async with working() as work:
        await merge(work, keep, dan)
        void = select(tables.referrals.c.void_reason).where(tables.referrals.c.referred_id == keep)
        assert (await work.tx.execute(void)).scalar() == "self"


async def test_what_cannot_be_merged_is_refused(working: Working) -> None:
    """With itself, with nobody, merged or forgotten records either way round, and by who may not; no cycle comes."""
    async with working() as work:
        ben, sue = await hire(work, "Ben", Role.AGENT, 5), await hire(work, "Sue", Role.SUPERVISOR, 6)
        ann, annie, gone = await make(work), await make(work, "Annie"), await make(work, "Gone")
        await work.tx.execute(update(tables.customers).where(tables.customers.c.id == gone).values(erased_at=work.now))

        async def tried(keep: int, duplicate: int, by: Any = sue) -> str:
            return refused(await merge_customers(work, keep_id=keep, duplicate_id=duplicate, by=by))

        assert await tried(ann, annie, ben) == "desk.refused.not_allowed"
        assert await tried(ann, ann) == "record.refused.same"
        assert await tried(ann, 999) == "record.refused.unknown"
        assert await tried(999, ann) == "record.refused.unknown"
        assert await tried(ann, gone) == "record.refused.erased"
        assert await tried(gone, ann) == "record.refused.erased"
        assert await merge_customers(work, keep_id=ann, duplicate_id=annie, by=sue) is None
        assert await tried(annie, ann) == "record.refused.merged"
        assert await tried(ann, annie) == "record.refused.merged"


async def test_a_chain_of_merges_leads_to_the_last(working: Working) -> None:
    """C into B into A: both old codes lead to A, and a write to C is a write to A."""
    async with working() as work:
        a, b, c = await make(work, "A"), await make(work, "B"), await make(work, "C")
        await merge(work, b, c)
        await merge(work, a, b)
        assert [await records.resolve(work, one) for one in (a, b, c)] == [a, a, a]
        assert await records.change_record(work, c, by=SYSTEM, call_name="Al") is None
        record = await records.read_record(work, a)
        straight = select(tables.customers.c.merged_into).where(tables.customers.c.id == c)
        assert (await work.tx.execute(straight)).scalar() == a
    assert record is not None
    assert record.call_name == "Al"


async def test_words_said_during_a_merge_are_not_lost(working: Working, database: Database) -> None:
    """Ann writes, and staff note and tag, while her record is merged: all of it is the kept record's."""
    async with working() as work:
        keep = await make(work)
        bob = await arrive(work, chat_id=BOB_CHAT, name="Bob")
    started = asyncio.Event()

    async def merging() -> None:
        async with working() as work:
            await merge(work, keep, bob.customer.id)
            started.set()
            for _ in range(30):  # so that all the others come to wait
                await work.tx.execute(select(1))

    async def writing(nth: int) -> None:
        await started.wait()
        async with working() as work:
            known = (await load_contacts(work.tx, bot_id=BOT, chat_ids=[BOB_CHAT]))[BOB_CHAT]
            await hear(work, Person(known.contact, known.customer), f"word {nth}", message_id=50 + nth)

    async def noting(nth: int) -> None:
        async with working() as work:
            done = await records.add_note(work, bob.customer.id, f"note {nth}", by=SYSTEM)
            assert isinstance(done, int)
            await records.add_tag(work, bob.customer.id, f"tag {nth}", by=SYSTEM)

    await asyncio.gather(merging(), *(writing(nth) for nth in range(3)), *(noting(nth) for nth in range(3)))
    async with database.read() as tx:
        assert await is_referred_to(tx, bob.customer.id) == ACCOUNT
        said = select(func.count()).select_from(tables.interactions).where(tables.interactions.c.customer_id == keep)
        tags = select(func.count()).select_from(tables.customer_tags).where(tables.customer_tags.c.customer_id == keep)
        assert ((await tx.execute(said)).scalar(), (await tx.execute(tags)).scalar()) == (6, 3)


async def test_staff_who_hold_a_case_finish_before_its_customer_is_merged(working: Working) -> None:
    """A merge that comes while a case is worked on waits for it, holding nothing that the work still needs."""
    async with working() as work:
        keep = await make(work)
        bob = await arrive(work, chat_id=BOB_CHAT, name="Bob")
        said = await hear(work, bob, "do you have tea", message_id=7)
        case = await open_case(work, bob, kind=CaseKind.QUESTION, interaction_ids=[said])
    held = asyncio.Event()

    async def answering() -> None:
        async with working() as work:
            assert await get_case(work.tx, case.id) is not None
            held.set()
            for _ in range(30):  # so that the merge comes to wait
                await work.tx.execute(select(1))
            assert isinstance(await records.add_note(work, bob.customer.id, "he likes tea", by=SYSTEM), int)

    async def merging() -> None:
        await held.wait()
        async with working() as work:
            await merge(work, keep, bob.customer.id)

    await asyncio.gather(answering(), merging())
    async with working() as work:
        moved = await get_case(work.tx, case.id)
        assert moved is not None
        assert moved.customer_id == keep
