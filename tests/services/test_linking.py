"""Linking a chat to the record its person has: only by one's own number or a code that was given."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from domain.cases import CaseKind
from domain.errors import NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM, Birthday, Role
from services import records
from services.cases import open_case
from services.erasure import erase_customer
from services.linking import Proved, link_by_code, link_by_contact, link_candidate, make_link_code
from services.merging import merge_customers
from services.seeding import seed
from services.work import Person, Work, person_of_contact
from storage import tables
from storage.database import Database
from storage.people import load_contacts
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, Working, arrive, hear
from tests.services.test_records import hire, make, refused

PHONE = "+8613800138000"
SHARED = PHONE.removeprefix("+")


async def share(work: Work, person: Person, phone: str = SHARED, owner: int | None = None) -> Proved | Refusal:
    """Let a person press the button that shares their number; ``owner`` is whose contact it is."""
    chat = person.contact.chat_id
    return await link_by_contact(
        work, person, phone=phone, contact_user_id=owner or chat, sender_id=chat, forwarded=False
    )


async def told(work: Work) -> list[str]:
    """Return what the staff group was told."""
    rows = await work.tx.execute(select(tables.outbox.c.body).where(tables.outbox.c.target_kind == "staff_group"))
    return [row.body["content"]["text"] for row in rows]


async def code_for(work: Work, customer_id: int) -> str:
    """Return a code that was made for a customer."""
    code = await make_link_code(work, customer_id, by=SYSTEM)
    assert isinstance(code, str)
    return code


async def test_ones_own_number_leads_to_ones_record(working: Working) -> None:
    """Ann, known from the shop, shares her number and is her old self, with what she said in the chat."""
    async with working() as work:
        known = await make(work, "Ann Lee", phone=PHONE, birthday=Birthday(8, 3), source_key="crm:1")
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        said = await hear(work, ann, "hello", message_id=1)
        case = await open_case(work, ann, kind=CaseKind.QUESTION, interaction_ids=[said])
        proved = await share(work, ann)
        assert isinstance(proved, Proved)
        (candidate,) = proved.candidates
        assert (candidate.customer_id, candidate.initial) == (known, "A")
        assert await link_candidate(work, ann, known) is None
        assert (ann.customer.id, ann.customer.name, ann.customer.birthday) == (known, "Ann Lee", Birthday(8, 3))
        assert ann.case_ids == [case.id]
    async with working() as work:
        again = await person_of_contact(work, ann.contact.id)
        record = await records.read_record(work, known)
    assert again is not None
    assert again.customer.id == known
    assert record is not None
    assert (record.phone, record.phone_proved_at is not None) == (PHONE, True)


async def test_somebody_elses_contact_proves_nothing(working: Working) -> None:
    """Cy shares Ann's contact, or one without an owner: nothing is kept and nothing learned."""
    async with working() as work:
        await make(work, "Ann Lee", phone=PHONE)
        cy = await arrive(work, chat_id=333, name="Cy")
        assert refused(await share(work, cy, owner=ANN_CHAT)) == "record.refused.not_own_contact"
        outcome = await link_by_contact(work, cy, phone=SHARED, contact_user_id=None, sender_id=333, forwarded=False)
        assert refused(outcome) == "record.refused.not_own_contact"
        assert refused(await share(work, cy, phone="not a number")) == "record.refused.phone"
        record = await records.read_record(work, cy.customer.id)
    assert record is not None
    assert (record.phone, record.phone_proved_at) == (None, None)


async def test_a_record_is_never_taken_by_asking_for_it(working: Working) -> None:
    """Without a proved number, or with another, no record can be chosen, whatever a forged tap says."""
    async with working() as work:
        known = await make(work, "Ann Lee", phone=PHONE)
        cy = await arrive(work, chat_id=333, name="Cy")
        assert refused(await link_candidate(work, cy, known)) == "record.refused.link_stale"
        await share(work, cy, phone="886912345678")
        assert refused(await link_candidate(work, cy, known)) == "record.refused.link_stale"
        assert refused(await link_candidate(work, cy, 999)) == "record.refused.link_stale"


async def test_a_family_with_one_number_is_asked_by_initials(working: Working) -> None:
    """Two records, two initials; each links once, and the other's is not touched."""
    async with working() as work:
        ann = await make(work, "王小雯", phone=PHONE)
        bob = await make(work, "王大明", phone=PHONE)
        chat = await arrive(work, chat_id=ANN_CHAT, name="Wen")
        proved = await share(work, chat)
        assert isinstance(proved, Proved)
        assert {(one.customer_id, one.initial) for one in proved.candidates} == {(ann, "小"), (bob, "大")}
        assert await link_candidate(work, chat, bob) is None
        assert chat.customer.id == bob
        assert await records.resolve(work, ann) == ann


async def test_a_number_that_tells_nobody_apart_is_for_staff(working: Working) -> None:
    """Two with one initial, or only a record that has a chat: the number is kept, staff are told once."""
    async with working() as work:
        await seed(work, groups=[(-100, "Desk", None)])
        await make(work, "Ann Lee", phone=PHONE)
        await make(work, "Abe Lee", phone=PHONE)
        chat = await arrive(work, chat_id=ANN_CHAT, name="A")
        for _ in range(2):
            assert await share(work, chat) == Proved(known_elsewhere=True)
        (notice,) = await told(work)
        assert chat.customer.code in notice
        record = await records.read_record(work, chat.customer.id)
    assert record is not None
    assert record.phone == PHONE


@pytest.mark.parametrize("which", [0, 1])
async def test_the_notice_to_staff_goes_with_whoever_it_names(working: Working, database: Database, which: int) -> None:
    """It names the one who asks and the one who may be the same; when either is forgotten, its words are."""
    async with working() as work:
        await seed(work, groups=[(-100, "Desk", None)])
        other = await make(work, "Ann Lee", phone=PHONE)
        await make(work, "Abe Lee", phone=PHONE)
        chat = await arrive(work, chat_id=ANN_CHAT, name="Annie")
        assert await share(work, chat) == Proved(known_elsewhere=True)
        assert len(await told(work)) == 1
    async with working() as work:
        await erase_customer(work, (chat.customer.id, other)[which], by=SYSTEM)
    async with database.read() as tx:
        notices = select(tables.outbox.c.body).where(tables.outbox.c.target_kind == "staff_group")
        assert list((await tx.execute(notices)).scalars()) == [None]


async def test_a_number_nobody_has_is_kept(working: Working) -> None:
    """The proved number stays on the person's own record."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert await share(work, ann) == Proved()
        assert ann.customer.phone == PHONE
        assert await records.find_customer(work, phone=PHONE) == ann.customer.id


async def test_a_record_in_use_is_never_taken_over(working: Working) -> None:
    """A second chat with the number, or with a code, gets a kind answer; staff are told, nothing moves."""
    async with working() as work:
        await seed(work, groups=[(-100, "Desk", None)])
        known = await make(work, "Ann Lee", phone=PHONE)
        code = await code_for(work, known)
        ann, bob = await arrive(work, chat_id=ANN_CHAT, name="Ann"), await arrive(work, chat_id=BOB_CHAT, name="Bob")
        await share(work, ann)
        assert await link_candidate(work, ann, known) is None
        own = bob.customer.id
        assert await share(work, bob) == Proved(known_elsewhere=True)
        assert refused(await link_candidate(work, bob, known)) == "record.refused.to_staff"
        assert refused(await link_by_code(work, bob, code)) == "record.refused.to_staff"
        assert bob.customer.id == own
        assert refused(await make_link_code(work, known, by=SYSTEM)) == "record.refused.linked"
        assert len(await told(work)) >= 1


async def test_a_code_links_once(working: Working, database: Database) -> None:
    """The code opens the record to the first chat; only its hash was ever kept."""
    async with working() as work:
        known = await make(work, "Ann Lee", phone=PHONE)
        code = await code_for(work, known)
        ann, bob = await arrive(work, chat_id=ANN_CHAT, name="Ann"), await arrive(work, chat_id=BOB_CHAT, name="Bob")
        assert await link_by_code(work, ann, f" {code.lower()} ") is None
        assert ann.customer.id == known
        assert refused(await link_by_code(work, bob, code)) == "record.refused.link_code"
        assert refused(await link_by_code(work, ann, code)) == "record.refused.link_code"
    async with database.read() as tx:
        (row,) = await tx.execute(select(tables.link_codes))
    assert row.code_hash == sha256(code.encode()).hexdigest()
    assert code not in repr(row)


async def test_old_guessed_and_forgotten_codes_say_the_same(working: Working) -> None:
    """Whoever tries learns nothing: used, expired, unknown, of a forgotten customer, or no code at all."""
    async with working() as work:
        known, gone = await make(work), await make(work, "Gone")
        old, dead = await code_for(work, known), await code_for(work, gone)
        of = tables.customers.c.id == gone
        await work.tx.execute(tables.customers.update().where(of).values(erased_at=work.now))
        cy = await arrive(work, chat_id=333, name="Cy")
        assert refused(await link_by_code(work, cy, dead)) == "record.refused.link_code"
    async with working(later=timedelta(days=7)) as work:
        for code in (old, "2" * 16, "", "x" * 5000, "%' OR 1=1 --", "l-" + old):
            assert refused(await link_by_code(work, cy, code)) == "record.refused.link_code"


async def test_a_code_of_a_merged_record_leads_to_what_became_of_it(working: Working) -> None:
    """A duplicate's code still works after staff merged it."""
    async with working() as work:
        keep, duplicate = await make(work), await make(work, "Annie")
        code = await code_for(work, duplicate)
        assert await merge_customers(work, keep_id=keep, duplicate_id=duplicate, by=SYSTEM) is None
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert await link_by_code(work, ann, code) is None
        assert ann.customer.id == keep


async def test_an_established_record_is_not_merged_by_a_code(working: Working) -> None:
    """Bob, linked to his own record, opens a link made for Ann: two known records are for staff to join."""
    async with working() as work:
        await seed(work, groups=[(-100, "Desk", None)])
        ann, bob = await make(work, "Ann", source_key="crm:1"), await make(work, "Bob", source_key="crm:2")
        chat = await arrive(work, chat_id=BOB_CHAT, name="Bob")
        assert await link_by_code(work, chat, await code_for(work, bob)) is None
        code = await code_for(work, ann)
        assert refused(await link_by_code(work, chat, code)) == "record.refused.to_staff"
        assert chat.customer.id == bob
        assert len(await told(work)) == 1
        again = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert await link_by_code(work, again, code) is None  # the refused try did not use it up


async def test_only_who_may_makes_a_code(working: Working) -> None:
    """Not marketers, not customers; and not for nobody."""
    async with working() as work:
        mia, ben = await hire(work, "Mia", Role.MARKETER, 7), await hire(work, "Ben", Role.AGENT, 5)
        known = await make(work)
        chat = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        assert refused(await make_link_code(work, known, by=mia)) == "desk.refused.not_allowed"
        assert refused(await make_link_code(work, known, by=chat.actor)) == "desk.refused.not_allowed"
        assert isinstance(await make_link_code(work, known, by=ben), str)
        with pytest.raises(NotFound):
            await make_link_code(work, 999, by=ben)


async def test_two_chats_with_one_code_link_only_one(working: Working) -> None:
    """Pressed at the same moment, the code still works once."""
    async with working() as work:
        known = await make(work)
        code = await code_for(work, known)
        for chat, name in ((ANN_CHAT, "Ann"), (BOB_CHAT, "Bob")):
            await arrive(work, chat_id=chat, name=name)

    async def press(chat: int) -> Any:
        async with working() as work:
            found = (await load_contacts(work.tx, bot_id=BOT, chat_ids=[chat]))[chat]
            return await link_by_code(work, Person(found.contact, found.customer), code)

    outcomes = await asyncio.gather(press(ANN_CHAT), press(BOB_CHAT))
    assert sorted(one is None for one in outcomes) == [False, True]
    async with working() as work:
        contacts = select(tables.contact_points.c.id).where(tables.contact_points.c.customer_id == known)
        assert len((await work.tx.execute(contacts)).all()) == 1
