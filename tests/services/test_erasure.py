"""Whoever asks to be forgotten is forgotten everywhere, and nobody else is."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, String, Table, select, text

from domain.cases import CaseKind
from domain.dialogues import Dialogue, DialogueName
from domain.errors import NotFound
from domain.interactions import Content, Kind, MediaRef, Visibility
from domain.outcomes import Refusal
from domain.outgoing import to_chat, to_staff_group
from domain.people import SYSTEM, Actor, ActorKind, Birthday, ConsentClass, Role
from services import cases, customers
from services.erasure import erase_customer, replay_erasures
from services.seeding import seed
from services.speech import record_heard, say_html, tell
from services.work import Person, Work
from storage import feedback as feedback_rows
from storage import jobs, outbox, tables
from storage.database import Database
from storage.deliveries import insert_planned
from storage.erasure import STEPS
from storage.inbox import claim_updates, insert_updates, mark_done, mark_failed
from storage.interactions import Origin
from storage.search import search_interactions
from storage.staff import load_staff
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, MORNING, Working, arrive, hear

GROUP = -100500


def test_every_table_has_a_decision() -> None:
    """A new table cannot come in without saying what erasure does to it."""
    for table in tables.metadata.sorted_tables:
        assert table.info.get("erasure") in (tables.DELETED, tables.EMPTIED, tables.NOBODYS), table.name
    assert set(STEPS) == {table.name for table in tables.MAY_BE_ONE_CUSTOMERS}


async def live(work: Work, *, chat_id: int, word: str) -> Person:
    """Let a person leave ``word`` in every place there is."""
    tx = work.tx
    updates = [(chat_id * 10 + i, chat_id, json.dumps({"text": f"{word} {i}"})) for i in range(3)]
    updates.append((chat_id * 10 + 5, GROUP, json.dumps({"reply_to_message": {"text": word}})))
    await insert_updates(tx, bot_id=BOT, updates=updates, now=work.now)
    ids = [update.id for update in await claim_updates(tx, bot_id=BOT, now=work.now, limit=100)]
    person = await arrive(work, chat_id=chat_id, name=word)
    await mark_done(tx, ids=ids[1:], now=work.now)
    await mark_failed(tx, inbox_id=ids[0], error="ValueError", now=work.now, next_try_at=None)
    await customers.set_birthday(work, person, Birthday(3, 5, 1990))
    await customers.set_zone(work, person, "Asia/Taipei")
    await customers.note_source(work, person, f"s-{word}")
    await customers.set_consent(work, person, ConsentClass.CARE, given=True)
    said = await hear(work, person, f"my {word} broke 退款{word}", message_id=1)
    photo = MediaRef(f"file-{word}", f"unique-{word}", 10, "image/jpeg", f"{word}.jpg")
    shown = await record_heard(
        work,
        author=person.actor,
        content=Content(Kind.PHOTO, word, ({"type": "url", "url": word},), photo, word, {"place": word}),
        origin=Origin(chat_id, 2),
        customer_id=person.customer.id,
    )
    case = await cases.open_case(
        work, person, kind=CaseKind.COMPLAINT, interaction_ids=[said, shown], order_ref=f"{word}-7"
    )
    member = next(iter((await load_staff(tx, bot_id=BOT)).members.values()))
    await record_heard(
        work,
        author=cases.actor_of(member),
        content=Content(Kind.TEXT, f"note about {word}"),
        origin=Origin(GROUP, 9),
        customer_id=None,
        case_id=case.id,
        visibility=Visibility.INTERNAL,
    )
    await say_html(work, person, f"dear {word}")
    await tell(work, to_chat(chat_id), word, dedupe_key=f"apology:{ids[0]}")
    feedback_id = await feedback_rows.insert_feedback(
        tx, customer_id=person.customer.id, kind="praise", stars=5, now=work.now
    )
    await feedback_rows.change_feedback(tx, feedback_id, text=word)
    group = next(iter((await load_staff(tx, bot_id=BOT)).groups.values()))
    await tell(work, to_staff_group(group.id), f"praise {word}", dedupe_key=f"feedback:{feedback_id}")
    person.enter(work, Dialogue(person.contact.id, DialogueName.DRAFT, "words", work.now, {"words": word}))
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
    await insert_planned(tx, [plan], renewable=("late",))
    await tx.flush()
    return person


async def shop(working: Working) -> tuple[Person, Person]:
    """Ann and Bob, who both left their words everywhere."""
    async with working() as work:
        await seed(
            work, groups=[(GROUP, "Desk", None)], members=[(7, "Ben", Role.AGENT, None), (8, "Ada", Role.ADMIN, None)]
        )
        return (
            await live(work, chat_id=ANN_CHAT, word="annsecret"),
            await live(work, chat_id=BOB_CHAT, word="bobsecret"),
        )


async def places(database: Database, word: str) -> dict[str, int]:
    """Return how often ``word`` stands in each text or JSON column of the database."""
    found: dict[str, int] = {}
    async with database.read() as tx:
        for table in tables.metadata.sorted_tables:
            for column in _worded(table):
                for value in (await tx.execute(select(column))).scalars():
                    if word in json.dumps(value, ensure_ascii=False).lower():
                        name = f"{table.name}.{column.name}"
                        found[name] = found.get(name, 0) + 1
        words = (await tx.execute(text("SELECT CAST(words AS TEXT) FROM search_words"))).scalars().all()
        found["search_words"] = sum(word in row for row in words)
    return {name: count for name, count in found.items() if count}


def _worded(table: Table) -> list[Any]:
    return [column for column in table.columns if isinstance(column.type, String | JSON)]


async def test_no_word_of_the_forgotten_remains_and_all_of_others_do(database: Database, working: Working) -> None:
    """Ann is forgotten in every text and JSON column there is; Bob's words all stand where they stood."""
    ann, _bob = await shop(working)
    before = await places(database, "bobsecret")
    assert {"inbox.payload", "outbox.body", "cases.summary", "feedback.text", "media.name", "search_words"} <= set(
        before
    )
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
        ben, ada = cases.actor_of(staff["Ben"]), cases.actor_of(staff["Ada"])
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


async def test_a_person_who_writes_again_is_new(working: Working, database: Database) -> None:
    """After being forgotten the same chat makes a new record, without any memory."""
    ann, _bob = await shop(working)
    async with working() as work:
        await erase_customer(work, ann.customer.id, by=ann.actor)
    async with working() as work:
        again = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert again.customer.id != ann.customer.id
