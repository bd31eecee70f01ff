"""Campaign messages taken back: by a pause, an end, a merge, a campaign that was hung on something else."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import update

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns import control
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.merging import join_records
from storage.database import Database, open_database
from storage.merging import lock_records
from storage.tables import outbox
from tests.campaigns.outgoing import Shop
from tests.campaigns.planner import PAPER, TEXT, someone_waits


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop without quiet hours."""
    return Shop(database)


async def test_a_pause_takes_back_what_waits_and_nobody_is_told_twice(shop: Shop) -> None:
    """Nothing of what was handed over goes in a pause; later each person hears it once, and the log says it once."""
    for name in ("Ann", "Bob"):
        await shop.knows(name)
    await shop.starts("hello")
    await shop.feeds()
    await shop.pauses("hello")
    assert await shop.open_rows() == []
    assert [(row.state, row.recalls, row.queued_at) for row in await shop.rows()] == [("planned", 1, None)] * 2
    assert {row.customer_id for row in await shop.town.rows("interactions", author_kind="campaign")} == {None}
    assert await shop.feeds() == 0
    await shop.resumes("hello")
    assert await shop.feeds() == 2
    assert await shop.sends() == ["Hello Ann", "Hello Bob"]
    mine = [row.text for row in await shop.town.rows("interactions", author_kind="campaign") if row.customer_id]
    assert mine == ["Hello Ann", "Hello Bob"]


async def test_what_comes_back_to_the_queue_in_a_pause_is_taken_back_before_it_is_sent(shop: Shop) -> None:
    """A call under way when the campaign was paused and then refused for now is not made again in the pause."""
    await shop.knows("Ann")
    await shop.starts("hello")
    await shop.feeds()
    [row] = await shop.claims()
    await _set_state(shop, row.id, "sending")
    await shop.pauses("hello")
    await _set_state(shop, row.id, "queued")  # Telegram said: later
    assert await shop.claims() == []
    [frozen] = await shop.rows()
    assert (frozen.state, frozen.recalls) == ("planned", 1)


async def _set_state(shop: Shop, row_id: int, state: str) -> None:
    async with shop.town.work() as work:
        await work.tx.execute(update(outbox).where(outbox.c.id == row_id).values(state=state))


async def test_who_is_late_after_a_pause_is_left_out(shop: Shop) -> None:
    """Yesterday's greeting is none."""
    await shop.knows("Ann")
    await shop.starts("hello")
    await shop.feeds()
    await shop.pauses("hello")
    shop.town.moves(hours=13)
    await shop.resumes("hello")
    await shop.feeds()
    [row] = await shop.rows()
    assert (row.state, row.reason) == ("skipped", "late")


async def test_a_cancelled_campaign_says_nothing_more(shop: Shop) -> None:
    """Whoever was not told yet is skipped, what waited in the outbox too."""
    for name in ("Ann", "Bob"):
        await shop.knows(name)
    await shop.starts("hello")
    await shop.feeds(limit=1)
    async with shop.town.work() as work:
        await control.cancel(work, "hello", by=SYSTEM)
    assert await shop.feeds() == 0
    assert await shop.open_rows() == []
    assert {(row.state, row.reason) for row in await shop.rows()} == {("skipped", "cancelled")}


async def test_a_pause_and_a_merge_do_not_wait_for_each_other(postgresql_database_url: str) -> None:
    """Mia pauses while two records of Ann, who has messages waiting, become one: both are done, and nothing waits."""
    async with AsyncExitStack() as stack:
        shops = [Shop(open_database(postgresql_database_url)) for _ in range(2)]
        for one in shops:
            stack.push_async_callback(one.town.db.close)
        shop, other = shops
        keep, duplicate = await shop.knows("Ann"), await shop.knows("Ann Lee")
        await shop.starts("hello")
        await shop.feeds()
        async with other.town.work() as work:
            await lock_records(work.tx, (keep, duplicate))
            pauses = asyncio.create_task(shop.pauses("hello"))
            await someone_waits(work)
            assert await join_records(work, keep_id=keep, duplicate_id=duplicate, by=SYSTEM) is None
        await pauses
        assert await shop.open_rows() == []
        assert {(row.customer_id, row.state) for row in await shop.rows(campaign="hello")} == {(keep, "planned")}


@pytest.mark.parametrize(
    "when",
    [
        'occasion = "silence"\nsilence = 30',
        'occasion = "voucher_expiring"',
        'occasion = "points_expiring"',
        'occasion = "birthday"',
    ],
)
async def test_what_hung_on_another_occasion_is_left_out(shop: Shop, when: str) -> None:
    """Mia pauses a campaign and hangs it on something else: Ann's old row is skipped, and the other one goes out."""
    await shop.knows("Ann")
    await shop.starts("hello")
    await shop.feeds()
    await shop.pauses("hello")
    paper = PAPER.format(key="hello", when=when, more="", parts=TEXT)
    async with shop.town.work() as work:
        assert not isinstance(await add_campaign(work, read_toml(paper, name="hello.toml"), by=SYSTEM), Refusal)
    await shop.resumes("hello")
    await shop.starts("other")
    await shop.feeds()
    told = {row.campaign: (row.state, row.reason) for row in await shop.rows()}
    assert told == {"hello": ("skipped", "changed"), "other": ("queued", None)}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ('occasion = "date"\non = 2026-09-02', 'occasion = "date"\non = 2026-09-03'),
        ('occasion = "date"\nat = "20:00"', 'occasion = "date"\non = 2026-09-03'),
        ('occasion = "every"\nevery = "month"\nday = 2', 'occasion = "every"\nevery = "month"\nday = 3'),
        ('occasion = "cron"\ncron = "0 10 2 * *"', 'occasion = "cron"\ncron = "0 10 3 * *"'),
        ('occasion = "event"\nevent = "order.sent"\nat = "20:00"', 'occasion = "date"\non = 2026-09-03'),
    ],
)
async def test_who_was_planned_for_another_day_is_told_on_the_new_one_alone(shop: Shop, first: str, then: str) -> None:
    """Mia pauses, moves the day and lets it go on: nobody reads it on the old day and once more on the new one."""
    shop.at(2026, 9, 1, 8)
    ann = await shop.knows("Ann")
    await shop.starts("hello", first)
    await shop.hears_of(ann, "order.sent")
    shop.at(2026, 9, 1, 10)
    await shop.feeds()
    await shop.pauses("hello")
    async with shop.town.work() as work:
        paper = PAPER.format(key="hello", when=then, more="", parts=TEXT)
        assert not isinstance(await add_campaign(work, read_toml(paper, name="x"), by=SYSTEM), Refusal)
    await shop.resumes("hello")
    said = []
    for day in (1, 2, 3, 4):
        shop.at(2026, 9, day, 21)
        await shop.feeds()
        said.append(await shop.sends())
    assert said == [[], [], ["Hello Ann"], []]
    gone = {row.occasion: row.reason for row in await shop.town.rows("deliveries", state="skipped")}
    assert list(gone.values()) == ["changed"]
