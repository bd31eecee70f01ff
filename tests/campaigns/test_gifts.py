"""A gift inside a greeting, from the plan to the words that go out."""

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.rewards import change_reward
from storage.database import Database
from tests.campaigns.outgoing import Shop
from tests.campaigns.planner import PAPER
from tests.services.loyalty import on_the_shelf

GIFT = '[gift]\nreward = "coffee"\n[text]\nen = "Hello {{ name }}: {{ voucher }}, good until {{ voucher_until }}"'


@pytest.fixture
async def shop(database: Database) -> Shop:
    """A shop with coffee on the shelf."""
    opened = Shop(database)
    async with opened.town.work() as work:
        await on_the_shelf(work)
    return opened


async def test_the_greeting_brings_the_voucher(shop: Shop) -> None:
    """Ann reads her code in groups of four, as it is typed at the till; it is hers, and it can be used."""
    ann = await shop.knows("Ann")
    await shop.starts("hello", more="personal = true", parts=GIFT, text=False)
    await shop.feeds()
    [voucher] = await shop.town.rows("vouchers")
    assert (voucher.customer_id, voucher.state) == (ann, "issued")
    [words] = await shop.sends()
    code = f"{voucher.code[:4]}-{voucher.code[4:8]}-{voucher.code[8:]}"
    assert words.startswith(f"Hello Ann: {code}, good until ")
    [row] = await shop.town.rows("outbox", purpose="campaign")
    assert row.body["extra"]["protect"] is True


async def test_a_gift_outlives_a_pause(shop: Shop) -> None:
    """The message was taken back and goes after the pause: with the same code, given once."""
    await shop.knows("Ann")
    await shop.starts("hello", parts=GIFT, text=False)
    await shop.feeds()
    [first] = await shop.town.rows("vouchers")
    await shop.pauses("hello")
    async with shop.town.work() as work:
        assert not isinstance(await change_reward(work, "coffee", by=SYSTEM, active=False), Refusal)
    await shop.resumes("hello")
    await shop.feeds()
    [words] = await shop.sends()
    assert first.code[:4] in words
    assert len(await shop.town.rows("vouchers")) == 1


async def test_without_a_gift_left_nothing_goes(shop: Shop) -> None:
    """Two cups for three people: the third is left out, for that reason."""
    for name in ("Ann", "Bob", "Cy"):
        await shop.knows(name)
    async with shop.town.work() as work:
        await change_reward(work, "coffee", by=SYSTEM, restock=2)
    await shop.starts("hello", parts=GIFT, text=False)
    await shop.feeds()
    assert [(row.state, row.reason) for row in await shop.rows()] == [("queued", None)] * 2 + [("skipped", "no_gift")]
    assert len(await shop.sends()) == 2


async def test_words_that_fit_no_earlier_gift_hold_nobody_up(shop: Shop) -> None:
    """Ann got her coffee before a pause in which the gift became points: these words do not fit her; others go."""
    await shop.knows("Ann")
    await shop.starts("hello", parts=GIFT, text=False)
    await shop.feeds()
    await shop.pauses("hello")
    bob = await shop.knows("Bob")
    other = '[gift]\npoints = 100000\n[text]\nen = "Hello {{ name }}: {{ gift_points }} points"'
    paper = PAPER.format(key="hello", when='occasion = "date"', more="", parts=other)
    async with shop.town.work() as work:
        assert not isinstance(await add_campaign(work, read_toml(paper, name="hello.toml"), by=SYSTEM), Refusal)
    await shop.resumes("hello")
    await shop.starts("bobs", parts=other, text=False)
    await shop.feeds()
    [first, *_] = await shop.rows()
    assert (first.campaign, first.state, first.reason) == ("hello", "skipped", "fault")
    assert await shop.sends() == ["Hello Ann: 100,000 points", "Hello Bob: 100,000 points"]
    assert [row.points for row in await shop.town.rows("point_entries", customer_id=bob)] == [100_000]
