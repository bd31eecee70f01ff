"""Causes of complaints: named, planned, and told to those who complained."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from campaigns.changes import feed
from domain.cases import Case, CaseKind
from domain.outcomes import Refusal
from domain.people import ConsentClass, Role, StaffMember
from services import causes
from services.cases import confirm_solved, open_case
from services.customers import set_consent
from services.erasure import erase_customer
from services.seeding import seed
from services.work import Person, Work, person_of_contact
from storage.cases import get_case
from storage.causes import Cause, find_cause
from storage.database import Database
from storage.staff import load_staff
from tests.handlers.harness import Said, Town

BEN, SUE = 7, 8
SEAMS = "Seams come open"


class Shop:
    """A shop with Ben, an agent, and Sue, a supervisor."""

    def __init__(self, database: Database) -> None:
        self.town = Town(database)

    async def opens(self) -> "Shop":
        """Hire the two."""
        async with self.town.work() as work:
            await seed(work, members=[(BEN, "Ben", Role.AGENT, None), (SUE, "Sue", Role.SUPERVISOR, None)])
        return self

    async def member(self, work: Work, user_id: int) -> StaffMember:
        """Return one of them."""
        return (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)

    async def complains(self, name: str, *, cause: str | None = SEAMS, wants: bool = True) -> tuple[int, int]:
        """Let somebody complain, and Ben name the cause; returns the contact point and the case."""
        chat = self.town.chat(self.town.next_message_id() + 5000, name)
        await chat.says("/start")
        async with self.town.work() as work:
            contact_id = (await self.town.rows("contact_points", chat_id=chat.id))[0].id
            person = await self.person(work, contact_id)
            await set_consent(work, person, ConsentClass.CARE, given=wants)
            case = await open_case(work, person, kind=CaseKind.COMPLAINT, interaction_ids=[], summary="It broke")
            if cause:
                ben = await self.member(work, BEN)
                assert isinstance(await causes.name_cause(work, case_id=case.id, by=ben, name=cause), Case)
        await self.town.deliver()
        return contact_id, case.id

    async def person(self, work: Work, contact_id: int) -> Person:
        """Return a customer."""
        person = await person_of_contact(work, contact_id)
        assert person is not None
        return person

    async def solved(self, contact_id: int, case_id: int) -> None:
        """Let a customer say that all is well again."""
        async with self.town.work() as work:
            case = await get_case(work.tx, case_id)
            assert case is not None
            await confirm_solved(work, await self.person(work, contact_id), case=case)
        await self.town.deliver()

    async def changes(self, note: str = "we sew every seam twice now", *, cause_name: str = SEAMS) -> int | Refusal:
        """Let Sue say what has changed."""
        async with self.town.work() as work:
            cause = await find_cause(work.tx, cause_name)
            assert cause is not None
            return await causes.tell_change(work, cause_id=cause.id, by=await self.member(work, SUE), note=note)

    async def news(self) -> list[Said]:
        """Ask what is due; returns what is said."""
        async with self.town.work() as work:
            await feed(work, limit=100)
        return [said for said in await self.town.deliver() if "🌱" in said.text]


async def test_one_name_is_one_cause(database: Database) -> None:
    """Named twice, with other capital letters and gaps, it is counted under one heading."""
    shop = await Shop(database).opens()
    await shop.complains("Ann")
    await shop.complains("Bob", cause="  seams COME open ")
    await shop.complains("Cy", cause="Late")
    async with shop.town.work() as work:
        top = await causes.top_causes(work)
    assert [(one.cause.name, one.count, one.live) for one in top] == [(SEAMS, 2, 2), ("Late", 1, 1)]


async def test_a_supervisor_says_who_does_what_until_when(database: Database) -> None:
    """A cause gets an action, an owner and a day, audited; an agent may not set them."""
    shop = await Shop(database).opens()
    await shop.complains("Ann")
    async with shop.town.work() as work:
        cause = await find_cause(work.tx, SEAMS)
        assert cause is not None
        ben, sue = await shop.member(work, BEN), await shop.member(work, SUE)
        plan = partial(causes.plan_cause, work, cause_id=cause.id, action="Sew twice", due_on=date(2026, 5, 1))
        assert isinstance(await plan(by=ben), Refusal)
        planned = await plan(by=sue, owner_id=ben.id)
        assert isinstance(planned, Cause)
        assert (planned.action, planned.owner_id, planned.due_on) == ("Sew twice", ben.id, "2026-05-01")
    assert [row.action for row in await shop.town.rows("audit", subject_kind="cause")] == ["cause.add", "cause.plan"]


async def test_those_who_complained_hear_what_changed_once(database: Database) -> None:
    """Ann's case is solved: she hears it, once; who complained of something else hears nothing."""
    shop = await Shop(database).opens()
    ann = await shop.complains("Ann")
    bob = await shop.complains("Bob", cause="Late")
    await shop.solved(*ann)
    await shop.solved(*bob)
    assert await shop.changes() == 1
    news = await shop.news()
    assert [said.target[1] for said in news] == [ann[0]]
    assert "we sew every seam twice now" in news[0].text
    assert await shop.news() == []
    assert isinstance(await shop.changes(), Refusal)


async def test_of_two_news_for_one_person_the_second_is_asked_about_after_the_first(database: Database) -> None:
    """Ann's seam and her parcel are better now, and one message a week is enough: she hears of the other later."""
    shop = await Shop(database).opens()
    shop.town.rules = replace(
        shop.town.rules, contact=replace(shop.town.rules.contact, budget=1, budget_for=timedelta(days=7), unbudgeted=())
    )
    ann = await shop.complains("Ann")
    async with shop.town.work() as work:
        person = await shop.person(work, ann[0])
        case = await open_case(work, person, kind=CaseKind.COMPLAINT, interaction_ids=[], summary="It came late")
        ben = await shop.member(work, BEN)
        assert isinstance(await causes.name_cause(work, case_id=case.id, by=ben, name="Late"), Case)
    await shop.town.deliver()
    await shop.solved(*ann)
    await shop.solved(ann[0], case.id)
    assert await shop.changes() == 1
    assert await shop.changes(cause_name="Late") == 1
    assert [len(await shop.news()) for _ in range(3)] == [1, 0, 0]
    shop.town.moves(days=8)
    assert len(await shop.news()) == 1


async def test_the_news_waits_while_a_complaint_is_open_and_for_the_morning(database: Database) -> None:
    """Whoever still waits for an answer is not told how well we do; afterwards they are."""
    shop = await Shop(database).opens()
    ann = await shop.complains("Ann")
    assert await shop.changes() == 1
    assert await shop.news() == []
    await shop.solved(*ann)
    shop.town.moves(hours=10)
    assert await shop.news() == []
    shop.town.moves(hours=11)
    assert len(await shop.news()) == 1


async def test_who_wants_no_care_or_is_forgotten_hears_nothing(database: Database) -> None:
    """A no stays a no; the delivery says why it was skipped."""
    shop = await Shop(database).opens()
    ann = await shop.complains("Ann", wants=False)
    bob = await shop.complains("Bob")
    await shop.solved(*ann)
    await shop.solved(*bob)
    async with shop.town.work() as work:
        person = await shop.person(work, bob[0])
        await erase_customer(work, person.customer.id, by=person.actor)
    assert await shop.changes() == 1
    assert await shop.news() == []
    rows = await shop.town.rows("deliveries", campaign="changed")
    assert [(row.state, row.reason) for row in rows] == [("skipped", "no_consent")]


async def test_old_news_is_no_news(database: Database) -> None:
    """What could not be told within two weeks is not told any more."""
    shop = await Shop(database).opens()
    await shop.complains("Ann")
    await shop.changes()
    shop.town.now += causes.TOLD_FOR + timedelta(days=1)
    assert await shop.news() == []
    assert [row.state for row in await shop.town.rows("deliveries", campaign="changed")] == ["skipped"]
