"""Handing campaign messages over: judged when due, in turn, never twice, stopped when ill."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns import delivery
from domain.campaigns import CampaignRules, CampaignState, PauseReason
from domain.outgoing import Lane
from domain.people import SYSTEM, Birthday, ConsentClass, Role
from services import customers
from services.campaigns import control
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.delivery import after_failed
from storage.campaign_optouts import add_optout
from storage.database import Database, open_database
from storage.outbox import mark_settled
from tests.campaigns.outgoing import AT_ONCE, Shop, sent
from tests.campaigns.planner import PAPER, TEXT


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop without quiet hours."""
    return Shop(database)


async def test_who_is_due_is_told_once(shop: Shop) -> None:
    """Ann reads the message with the way to fewer of them; another feed has nothing to do."""
    ann = await shop.knows("Ann")
    kept = await shop.starts("hello")
    assert await shop.feeds() == 1
    assert await shop.feeds() == 0
    [row] = await shop.open_rows()
    assert (row.lane, row.on_unknown, row.dedupe_key) == (Lane.CAMPAIGN, "list", f"campaign:{row.delivery_id}:0")
    assert await shop.sends() == ["Hello Ann"]
    assert row.body["buttons"][-1][0]["callback_data"] == f"c:cm:{row.delivery_id}"
    [said] = await shop.town.rows("interactions", author_kind="campaign")
    assert (said.customer_id, said.text) == (ann, "Hello Ann")
    [frozen] = await shop.rows()
    assert (frozen.state, frozen.version, frozen.held) == ("sent", kept.version, None)


async def test_no_more_than_a_few_seconds_worth_waits_ready(database: Database) -> None:
    """What is handed over can hardly be taken back: no more than may go in the next moments."""
    shop = Shop(database, campaigns=CampaignRules(ahead_s=2, per_second=3))
    for nth in range(9):
        await shop.knows(f"Ann{nth}")
    await shop.starts("hello")
    assert await shop.feeds(limit=4) == 6
    assert len(await shop.open_rows()) == 6
    await shop.sends()
    assert await shop.feeds(limit=4) == 3


async def test_one_person_hears_one_thing_a_minute_the_weightiest_first(shop: Shop) -> None:
    """Three campaigns are due for Ann at once: one goes, the others wait their turn."""
    await shop.knows("Ann")
    for key, priority in (("low", 2), ("high", 9), ("middle", 5)):
        await shop.starts(key, more=f"priority = {priority}", parts=f'[text]\nen = "{key}"', text=False)
    assert await shop.feeds() == 1
    assert await shop.sends() == ["high"]
    assert {row.held for row in await shop.rows(state="planned")} == {"turn"}
    shop.town.moves(seconds=59)
    assert await shop.feeds() == 0
    shop.town.moves(seconds=1)
    await shop.feeds()
    assert await shop.sends() == ["middle"]


async def test_what_cannot_be_written_lets_the_next_go_at_once(shop: Shop) -> None:
    """A text that grows too long for Ann is skipped with the reason, and keeps nobody waiting."""
    await shop.knows("A" * 60)
    await shop.starts("long", more="priority = 9", parts=f'[text]\nen = "Hi {"{{ name }} " * 200}"', text=False)
    await shop.starts("hello")
    await shop.feeds()
    assert {row.campaign: (row.state, row.reason) for row in await shop.rows()} == {
        "long": ("skipped", "fault"),
        "hello": ("queued", None),
    }


@pytest.mark.parametrize("reason", ["no_consent", "opted_out", "snoozed"])
async def test_each_reason_is_kept(shop: Shop, reason: str) -> None:
    """Who does not want it is skipped with that reason; who asked for a pause waits, if there is time."""
    ann = await shop.knows("Ann")
    async with shop.town.work() as work:
        person = await shop.person(work, ann)
        if reason == "no_consent":
            await customers.set_consent(work, person, ConsentClass.CARE, given=False)
        elif reason == "opted_out":
            await add_optout(work.tx, ann, "hello", now=work.now)
        else:
            until = work.now + timedelta(hours=2)
            await customers.set_consent(work, person, ConsentClass.CARE, given=False, until_at=until)
    await shop.starts("hello")
    await shop.feeds()
    [row] = await shop.rows()
    if reason == "snoozed":
        assert (row.state, row.held, row.due_at) == ("planned", reason, shop.town.now + timedelta(hours=2))
        shop.town.moves(hours=2)
        await shop.feeds()
        assert await shop.sends() == ["Hello Ann"]
    else:
        assert (row.state, row.reason) == ("skipped", reason)


async def test_two_campaigns_greet_for_one_day_once(shop: Shop) -> None:
    """A birthday message of the shop's own takes the place of the shipped one."""
    shop.at(2026, 9, 1, 8)
    await shop.knows("Ann", Birthday(9, 1))
    for key, priority in (("own", 9), ("other", 5)):
        await shop.starts(key, 'occasion = "birthday"', more=f"priority = {priority}")
    shop.at(2026, 9, 1, 10)
    await shop.feeds()
    shop.town.moves(minutes=2)
    await shop.feeds()
    assert [(row.campaign, row.state, row.reason) for row in sorted(await shop.rows(), key=lambda r: r.campaign)] == [
        ("other", "skipped", "greeted"),
        ("own", "queued", None),
    ]


async def test_a_birthday_corrected_meanwhile_is_not_kept(shop: Shop) -> None:
    """What was planned for the wrong day is skipped as changed."""
    shop.at(2026, 9, 1, 8)
    ann = await shop.knows("Ann", Birthday(9, 1))
    await shop.starts("own", 'occasion = "birthday"')
    await shop.plans()
    async with shop.town.work() as work:
        await customers.set_birthday(work, await shop.person(work, ann), Birthday(10, 1))
    shop.at(2026, 9, 1, 10)
    await shop.until_done(delivery.feed, limit=50)
    [row] = await shop.rows()
    assert (row.state, row.reason) == ("skipped", "changed")


async def test_offers_wait_until_a_solemn_day_is_over(database: Database) -> None:
    """On Qingming nobody is sold anything; care without cheer may go."""
    shop = Shop(database)
    shop.at(2027, 4, 5, 9)  # Qingming
    ann = await shop.knows("Ann")
    async with shop.town.work() as work:
        await customers.set_consent(work, await shop.person(work, ann), ConsentClass.OFFERS, given=True)
    paper = PAPER.replace('consent = "care"', 'consent = "offers"')
    when = f'{AT_ONCE}\nat = "10:00"\nlate_after = "2d"'
    async with shop.town.work() as work:
        document = read_toml(paper.format(key="sale", when=when, more="", parts=TEXT), name="sale.toml")
        await add_campaign(work, document, by=SYSTEM)
        await control.launch(work, "sale", by=SYSTEM)
    shop.at(2027, 4, 5, 10)
    await shop.feeds()
    [row] = await shop.rows()
    shop.at(2027, 4, 6, 10)
    assert (row.state, row.held, row.due_at) == ("planned", "solemn", shop.town.now)
    await shop.feeds()
    assert await shop.sends() == ["Hello Ann"]


@pytest.mark.parametrize(("why", "paused"), [("blocked", "blocked"), ("refused: bad", "errors"), (None, None)])
async def test_a_campaign_that_goes_ill_stops_itself(database: Database, why: str | None, paused: str | None) -> None:
    """When too many had blocked us, or Telegram refuses too many, it pauses and Mia hears of it; resumed it goes on."""
    shop = Shop(database, campaigns=CampaignRules(stop_least=4))
    await shop.town.hires(77, "Mia", Role.MARKETER)
    for nth in range(6):
        await shop.knows(f"Ann{nth}")
    await shop.starts("hello")
    await shop.feeds()
    for row in (await shop.claims())[:4]:
        async with shop.town.work() as work:
            if why is None:
                await sent(work, row)
            else:
                mark_settled(work.tx, row_id=row.id, state="failed", now=work.now + timedelta(seconds=1), error=why)
                await after_failed(work, row, why)
    shop.town.moves(seconds=2)
    assert await shop.once(delivery.watch_faults) == (paused is not None)
    assert await shop.state("hello") is (CampaignState.PAUSED if paused else CampaignState.RUNNING)
    told = await shop.town.rows("outbox", purpose="member_notice")
    assert len(told) == (paused is not None)
    if paused:
        assert PauseReason(paused) in PauseReason
        await shop.resumes("hello")
        assert await shop.once(delivery.watch_faults) == 0


async def test_paid_messages_have_a_lane_and_say_so(database: Database) -> None:
    """What somebody agreed to pay for goes by itself; without the setting it goes like everything else."""
    rules = CampaignRules(paid_broadcast=True)
    shop = Shop(database, campaigns=rules)
    await shop.knows("Ann")
    await shop.starts("hello", more="paid = true\npersonal = true")
    await shop.feeds()
    [row] = await shop.open_rows()
    assert (row.lane, row.body["extra"]) == (Lane.PAID, {"paid": True, "protect": True})
    shop.town.rules = replace(shop.town.rules, campaigns=replace(rules, paid_broadcast=False))
    assert await shop.claims() == []
    await shop.feeds()
    [row] = await shop.open_rows()
    assert (row.lane, row.body["extra"]) == (Lane.CAMPAIGN, {"protect": True})
    assert await shop.sends() == ["Hello Ann"]


async def test_a_task_alone_says_nothing(shop: Shop) -> None:
    """Staff ring up; the customer reads no message, and none counts in the budget."""
    ann = await shop.knows("Ann")
    await shop.town.hires(78, "Ben")
    await shop.starts("ring", parts='[task]\ntitle.en = "Ring them"\nalone = true')
    await shop.feeds()
    assert await shop.open_rows() == []
    [row] = await shop.rows()
    assert (row.state, row.queued_at) == ("sent", None)
    assert [task.customer_id for task in await shop.town.rows("tasks")] == [ann]


async def test_what_somebody_asked_for_needs_no_yes(shop: Shop) -> None:
    """A service message, such as a reminder of an appointment, goes to who said yes to nothing."""
    ann = await shop.knows("Ann")
    async with shop.town.work() as work:
        await customers.set_consent(work, await shop.person(work, ann), ConsentClass.CARE, given=False)
    paper = PAPER.replace('consent = "care"', 'consent = "service"').format(
        key="due", when=AT_ONCE, more="", parts=TEXT
    )
    async with shop.town.work() as work:
        await add_campaign(work, read_toml(paper, name="due.toml"), by=SYSTEM)
        await control.launch(work, "due", by=SYSTEM)
    await shop.feeds()
    assert await shop.sends() == ["Hello Ann"]


async def test_two_replicas_greet_nobody_twice(postgresql_database_url: str) -> None:
    """Two programs that both believe to lead hand each message over once."""
    async with AsyncExitStack() as stack:
        shops = []
        for _ in range(2):
            database = open_database(postgresql_database_url)
            stack.push_async_callback(database.close)
            shops.append(Shop(database))
        for nth in range(60):
            await shops[0].knows(f"Ann{nth}")
        await shops[0].starts("one", more="priority = 9")
        await shops[0].starts("two")
        await shops[0].plans()
        await asyncio.gather(*(one.until_done(delivery.feed, limit=7) for one in shops))
        rows = await shops[0].open_rows()
        assert len(rows) == len({row.customer_id for row in rows}) == 60
        assert {row.state for row in await shops[0].rows(campaign="two")} == {"planned"}
