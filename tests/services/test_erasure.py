"""Whoever asks to be forgotten is forgotten everywhere, and nobody else is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.errors import NotFound
from domain.interactions import Content, Kind, MediaRef
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind
from services import case_door, points
from services.erasure import erase_customer, foresee_losses, replay_erasures
from services.rewards import redeem
from services.speech import record_heard
from storage import jobs, outbox, people, tables
from storage.cases import get_case
from storage.database import Database
from storage.erasure import list_case_ids
from storage.erasure_steps import STEPS
from storage.interactions import Origin
from storage.search import search_interactions
from storage.staff import load_staff
from tests.services.loyalty import COFFEE, at_once, member_with, on_the_shelf
from tests.services.shop import ANN_CHAT, BOT, MORNING, Working, arrive
from tests.services.traces import live, places, shop, worded


def test_every_table_has_a_decision() -> None:
    """A new table cannot come in without saying what erasure does to it."""
    decisions = (tables.DELETED, tables.EMPTIED, tables.KEPT, tables.NOBODYS)
    for table in tables.metadata.sorted_tables:
        assert table.info.get("erasure") in decisions, table.name
    assert set(STEPS) == {table.name for table in tables.MAY_BE_ONE_CUSTOMERS}


OURS = {
    "api_answers": "request_hash",
    "approvals": "kind state",
    "audit": "actor_kind action subject_kind before",
    "bans": "by_kind",
    "campaign_optouts": "topic",
    "campaign_taps": "campaign kind button",
    "cases": "kind state aspect priority sla_told sla_clocks ended_as",
    "consents": "kind",
    "contact_points": "reach",
    "customers": "code language zone zone_source birth_calendar tier",
    "deliveries": "campaign occasion occasion_on zone state reason consent variant held",
    "dialogues": "name step",
    "escalations": "cause by_kind told ended_as",
    "feedback": "kind aspect",
    "files": "kind mime",
    "inbox": "state error",
    "interactions": "author_kind direction visibility kind",
    "media": "mime state sha256",
    "notices": "kind state reason",
    "outbox": "chat_key purpose on_unknown action target_kind state dedupe_key error",
    "point_entries": "kind rule actor_kind",
    "purchases": "currency",
    "referrals": "void_reason",
    "sla_results": "kind priority tier",
    "survey_answers": "question kind choices on_date",
    "survey_responses": "survey occasion state step picked cause campaign language tier",
    "tasks": "kind key by_kind",
    "tier_changes": "before after cause actor_kind",
    "vouchers": "state used_by_kind",
    "webhook_events": "kind",
}
"""Columns whose words are the program's own or of another kind, and cannot be what a person said or is called."""


def _named() -> set[str]:
    found = (table for table in tables.metadata.sorted_tables if table.info["erasure"] != tables.NOBODYS)
    return {f"{table.name}.{column.name}" for table in found for column in worded(table)}


async def test_no_word_of_the_forgotten_remains_and_all_of_others_do(database: Database, working: Working) -> None:
    """Ann is forgotten in every text and JSON column there is; Bob's words all stand where they stood."""
    ann, _bob = await shop(working)
    before = await places(database, "bobsecret")
    ours = {f"{table}.{column}" for table, columns in OURS.items() for column in columns.split()}
    assert _named() - set(before) == ours
    async with working() as work:
        assert not isinstance(await erase_customer(work, ann.customer.id, by=ann.actor), Refusal)
    assert await places(database, "annsecret") == {}
    after = await places(database, "bobsecret")
    # Handled updates of the staff group quote people, and are emptied whoever they quote.
    before["inbox.payload"] -= 1
    assert after == before


def bytes_of(path: str) -> bytes:
    """Return a file's bytes."""
    return Path(path).read_bytes()


async def test_the_file_itself_holds_no_word_of_the_forgotten(working: Working, database: Database) -> None:
    """On SQLite what was deleted is overwritten, in the search index too."""
    if database.sqlite_path is None:
        return
    ann, _bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    await database.close()
    raw = bytes_of(database.sqlite_path)
    assert b"annsecret" not in raw
    assert b"bobsecret" in raw


async def test_nothing_is_said_to_the_forgotten_any_more(database: Database, working: Working) -> None:
    """Words still waiting to be sent are dropped, her case is closed, her birthday is nobody's."""
    ann, bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    async with database.read() as tx:
        queued = select(tables.outbox.c.chat_key).where(tables.outbox.c.state == "queued")
        keys = set((await tx.execute(queued)).scalars())
        states = dict((await tx.execute(select(tables.cases.c.customer_id, tables.cases.c.state))).all())
        plans = dict((await tx.execute(select(tables.deliveries.c.customer_id, tables.deliveries.c.state))).all())
        assert await outbox.find_sent(tx, bot_id=BOT, chat_id=ANN_CHAT, message_id=1) is None
    assert f"c{ann.contact.id}" not in keys
    assert f"x{ANN_CHAT}" not in keys
    assert states == {ann.customer.id: "closed", bob.customer.id: "new"}
    assert plans == {ann.customer.id: "skipped", bob.customer.id: "planned"}


async def test_search_finds_others_only(database: Database, working: Working) -> None:
    """The same words said by Bob are still found."""
    ann, bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    async with database.read() as tx:
        assert {hit.customer for hit in await search_interactions(tx, "退款", limit=10)} == {bob.customer.name}
        assert await search_interactions(tx, "annsecret", limit=10) == []


async def test_files_nobody_shows_any_more_are_handed_back(database: Database, working: Working) -> None:
    """Ann's own photo goes; the one that Bob sent too stays."""
    ann, bob = await shop(working)
    async with working() as work:
        for sha256, unique in (("a" * 64, "unique-annsecret"), ("b" * 64, "unique-bobsecret")):
            found = select(tables.media.c.id).where(tables.media.c.file_unique_id == unique)
            media_id = (await work.tx.execute(found)).scalar_one()
            await jobs.set_media_state(work.tx, media_id, state="stored", sha256=sha256)
        meme = Content(Kind.PHOTO, media=MediaRef("file-bobsecret", "unique-bobsecret"))
        await record_heard(
            work, author=ann.actor, content=meme, origin=Origin(ANN_CHAT, 77), customer_id=ann.customer.id
        )
    async with working() as work:
        assert await erase_customer(work, ann.customer.id, by=ann.actor) == ["a" * 64]
    async with database.read() as tx:
        kept = (await tx.execute(select(tables.media.c.sha256))).scalars().all()
    assert kept == ["b" * 64]
    assert bob.customer.id


async def test_only_the_customer_or_an_admin_may_erase(working: Working) -> None:
    """Bob cannot erase Ann, nor can an agent; an admin can."""
    ann, bob = await shop(working)
    async with working() as work:
        staff = {member.name: member for member in (await load_staff(work.tx, bot_id=BOT)).members.values()}
        ben, ada = case_door.actor_of(staff["Ben"]), case_door.actor_of(staff["Ada"])
        for stranger in (bob.actor, ben, Actor(ActorKind.STAFF, 999), Actor(ActorKind.CAMPAIGN)):
            assert isinstance(await erase_customer(work, ann.customer.id, by=stranger), Refusal)
        assert not isinstance(await erase_customer(work, ann.customer.id, by=ada), Refusal)


async def test_a_customer_who_never_was_is_an_error(working: Working) -> None:
    """An id out of thin air erases nothing."""
    async with working() as work:
        with pytest.raises(NotFound):
            await erase_customer(work, 999, by=SYSTEM)


async def test_that_it_was_erased_is_on_record_without_words(database: Database, working: Working) -> None:
    """Who did it and when stays; the rows themselves stay as evidence that something was said."""
    ann, _bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    async with database.read() as tx:
        last = (await tx.execute(select(tables.audit).where(tables.audit.c.action == "customer.erase"))).one()
        said = select(tables.interactions.c.id).where(tables.interactions.c.customer_id == ann.customer.id)
        count = len((await tx.execute(said)).all())
    assert (last.actor_kind, last.subject_id, last.at) == ("customer", ann.customer.id, MORNING)
    assert count == 4


async def test_a_restored_backup_forgets_again(database: Database, working: Working) -> None:
    """Whoever was forgotten and came back with a backup is forgotten once more."""
    ann, _bob = await shop(working)
    async with working() as work:
        await work.tx.execute(tables.erasures.insert().values(customer_id=ann.customer.id, erased_at=MORNING))
    async with working() as work:
        await replay_erasures(work)
    assert await places(database, "annsecret") == {}


async def test_the_books_keep_sums_and_days_without_a_person(database: Database, working: Working) -> None:
    """What was bought and booked still adds up; the record is a number without name, code or birthday."""
    ann, _bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    his = ann.customer.id
    async with database.read() as tx:
        sale = (await tx.execute(select(tables.purchases).where(tables.purchases.c.customer_id == his))).one()
        entry = (
            await tx.execute(select(tables.point_entries).where(tables.point_entries.c.customer_id == his))
        ).first()
        voucher = (await tx.execute(select(tables.vouchers).where(tables.vouchers.c.customer_id == his))).one()
        record = (await tx.execute(select(tables.customers).where(tables.customers.c.id == his))).one()
        left = set((await tx.execute(select(tables.referrals.c.id))).scalars())
    assert entry is not None
    assert (sale.amount_minor, sale.refunded_minor, sale.bought_at) == (12_300, 300, MORNING)
    assert (sale.source_key, entry.source_key) == (f"erased:{sale.id}", f"erased:{entry.id}")
    assert (entry.points, entry.reason, entry.working) == (123, None, None)
    assert (voucher.state, voucher.code) == ("void", f"-{voucher.id}")
    assert record.code == f"-{his}"
    assert (record.phone, record.birth_month, record.owner_id, record.zone, record.lost_reason) == (None,) * 5
    assert left == set()


async def test_the_ledger_of_the_forgotten_adds_up_to_nothing(working: Working) -> None:
    """Points there, pending and owed are all booked out, so that nothing can be spent and every check still holds."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        his, day = ann.customer.id, timedelta(days=1)
        await points.earn(work, his, points=100, source_key="sale:1", by=SYSTEM)
        await points.earn(work, his, points=50, source_key="sale:2", by=SYSTEM, available_at=work.now + day)
        await points.earn(work, his, points=25, source_key="sale:3", by=SYSTEM, awaits="delivered")
        await points.spend(work, his, points=40, source_key="tea", by=ann.actor)
    async with working(later=timedelta(hours=1)) as work:
        assert (await foresee_losses(work, his)).points == 60 + 50 + 25
        assert not isinstance(await erase_customer(work, his, by=ann.actor), Refusal)
    async with working(later=timedelta(days=2)) as work:
        balance = await points.balance_of(work, his)
        assert (balance.available, balance.pending, balance.owed) == (0, 0, 0)
        assert (await points.check_accounts(work, after_id=0)).faults == ()
        assert isinstance(await points.earn(work, his, points=5, source_key="late", by=SYSTEM), Refusal)
        assert sum(entry.points for entry in await points.list_history(work, his, limit=20)) == 0


async def test_forgetting_and_redeeming_at_once_leave_no_voucher_to_use(database: Database, working: Working) -> None:
    """Whoever is first, nothing of hers can be used afterwards, and the books add up."""
    for nth in range(6):
        async with working() as work:
            his = await member_with(work, 300, chat_id=3000 + nth, name=f"Ann{nth}")
            reward = await on_the_shelf(work, replace(COFFEE, key=f"coffee{nth}", stock=1))
        by = Actor(ActorKind.CUSTOMER, his)
        await at_once(
            working,
            partial(redeem, customer_id=his, reward_id=reward.id, source_key=f"tap:{nth}", by=by),
            partial(erase_customer, customer_id=his, by=by),
        )
    async with database.read() as tx:
        states = set((await tx.execute(select(tables.vouchers.c.state))).scalars())
        names = set((await tx.execute(select(tables.customers.c.name))).scalars())
    assert states <= {"void"}
    assert names == {""}
    async with working() as work:
        assert (await points.check_accounts(work, after_id=0)).faults == ()


async def test_staff_who_hold_a_case_finish_before_its_customer_is_forgotten(working: Working) -> None:
    """Points that are given in a case while its customer is forgotten wait for nothing that erasure holds."""
    ann, _bob = await shop(working)
    held = asyncio.Event()
    async with working() as work:
        (case_id, *_) = await list_case_ids(work.tx, ann.customer.id)

    async def giving() -> None:
        async with working() as work:
            await get_case(work.tx, case_id)
            held.set()
            for _ in range(60):  # so that the erasure comes to wait
                await work.tx.execute(select(1))
            his = ann.customer.id
            given = await points.earn(work, his, points=5, source_key="late", by=SYSTEM, case_id=case_id)
            assert not isinstance(given, Refusal)

    async def forgetting() -> None:
        await held.wait()
        async with working() as work:
            await erase_customer(work, ann.customer.id, by=SYSTEM)

    await asyncio.gather(giving(), forgetting())
    async with working() as work:
        assert (await points.balance_of(work, ann.customer.id)).points == 0


async def test_whom_she_brought_no_longer_names_her(database: Database, working: Working) -> None:
    """The code in the link by which Bob came was hers; it goes with her, as the note of who brought whom does."""
    ann, bob = await shop(working)
    async with working() as work:
        people.change_customer(work.tx, bob.customer.id, source=f"r-{ann.customer.code}")
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    found = await places(database, ann.customer.code.lower())
    assert set(found) <= {"webhook_events.data"}  # what tells other systems whom to forget


async def test_other_systems_are_told_once_whom_to_forget(database: Database, working: Working) -> None:
    """They hear the code alone; what they had not yet been told of her, they are not told any more."""
    ann, bob = await shop(working)
    for _ in range(2):
        async with working() as work:
            await erase_customer(work, ann.customer.id, by=ann.actor)
    events = tables.webhook_events.join(tables.webhook_deliveries)
    said = select(tables.webhook_events, tables.webhook_deliveries.c.state).select_from(events)
    async with database.read() as tx:
        rows = (await tx.execute(said.order_by(tables.webhook_events.c.id))).all()
    hers = [(row.kind, row.data, row.state) for row in rows if row.customer_id != bob.customer.id]
    assert hers[0] == ("customer.changed", None, "failed")
    assert {(kind, data["code"], state) for kind, data, state in hers[1:]} == {
        ("customer.erased", ann.customer.code, "open")
    }
    assert len({row.id for row in rows if row.kind == "customer.erased"}) == 1


async def test_duplicates_merged_into_one_are_forgotten_with_it(database: Database, working: Working) -> None:
    """Whichever record of the same person is named, all of them go, and nobody else's."""
    ann, _bob = await shop(working)
    async with working() as work:
        double = await live(work, chat_id=2001, word="anndouble")
        third = await live(work, chat_id=2002, word="annthird")
        people.change_customer(work.tx, third.customer.id, merged_into=double.customer.id)
        people.change_customer(work.tx, double.customer.id, merged_into=ann.customer.id)
    async with working() as work:
        assert not isinstance(await erase_customer(work, double.customer.id, by=ann.actor), Refusal)
    for word in ("annsecret", "anndouble", "annthird"):
        assert await places(database, word) == {}
    async with database.read() as tx:
        erased = (await tx.execute(select(tables.erasures.c.customer_id))).scalars().all()
    assert sorted(erased) == sorted(person.customer.id for person in (ann, double, third))


async def test_a_person_who_writes_again_is_new(working: Working, database: Database) -> None:
    """After being forgotten the same chat makes a new record, without any memory."""
    ann, _bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    async with working() as work:
        again = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert again.customer.id != ann.customer.id
