"""Points in the chat: the card, rewards redeemed, vouchers, history, and a friend who comes by a link."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.languages import LANGUAGES
from domain.loyalty import LoyaltyRules, Occasion, RewardSeed
from domain.people import SYSTEM, Actor, ActorKind
from services import points
from services.approvals import change_points
from services.purchases import record_purchase
from services.rewards import change_reward, seed_rewards
from services.vouchers import use_voucher
from tests.handlers.harness import Chat, Said, Town

COFFEE = RewardSeed("coffee", 300, {"en": "A coffee", "zh_TW": "咖啡一杯"}, {"en": "Any size"}, stock=5)
DEAR = RewardSeed("suit", 90_000, {"en": "A suit"})


async def has_points(town: Town, amount: int, *, of: int = 1, key: str = "start", **fields: Any) -> None:
    """Let a customer earn points."""
    async with town.work() as work:
        await points.earn(work, of, points=amount, source_key=f"{key}:{of}", by=SYSTEM, **fields)


async def offers(town: Town, *seeds: RewardSeed) -> None:
    """Put rewards on the shelf."""
    async with town.work() as work:
        await seed_rewards(work, seeds)


async def spendable(town: Town, customer_id: int = 1) -> int:
    """Return how many points a customer can spend."""
    async with town.work() as work:
        return (await points.balance_of(work, customer_id)).spendable


@pytest.fixture
async def member(town: Town, ann: Chat) -> Chat:
    """Ann with 1,240 points where a coffee costs 300 and a suit 90,000."""
    await ann.says("/start")
    await has_points(town, 1240, expires_at=town.now + timedelta(days=20))
    await offers(town, COFFEE, DEAR)
    return ann


async def test_the_card_says_where_one_stands(town: Town, member: Chat) -> None:
    """Balance, tier with the way to the next, what expires when; and where to go from there."""
    await has_points(town, 80, key="later", available_at=town.now + timedelta(days=3))
    (card,) = await member.says("/points")
    for words in (
        "Ann",
        "1,240 points",
        "80 more are on their way, from Mar 7",
        "New",
        "▱▱▱",
        "¥500 more until Regular",
    ):
        assert words in card.text
    assert "1,240 of them are good until Mar 24" in card.text
    assert [data for _, data in card.buttons] == ["c:rewards", "c:vouchers", "c:phist:0", "c:consent:points:on"]


@pytest.mark.parametrize("command", ["/points", "/rewards", "/vouchers"])
async def test_without_a_programme_a_kind_line_says_so(town: Town, ann: Chat, command: str) -> None:
    """A business without points says it, whatever is asked."""
    town.rules = replace(town.rules, loyalty=LoyaltyRules(enabled=False))
    (said,) = await ann.says(command)
    assert "no points programme" in said.text
    for data in ("c:phist:0", "c:refer", "c:points", "c:rewards:0", "c:vouchers"):
        (said,) = await ann.taps(data, message_id=3)
        assert "no points programme" in said.text
    for data in ("c:reward:1", "c:redeem:1", "c:redeemed:1:1"):
        assert await ann.taps(data, message_id=3) == []


async def test_a_reward_is_redeemed_in_four_taps(town: Town, member: Chat) -> None:
    """Card, rewards, the coffee, yes: one message all along, then the code and a picture of it."""
    (card,) = await member.says("/points")
    (shelf,) = await member.taps("c:rewards")
    assert [label for label, _ in shelf.buttons][:2] == ["A coffee · 300 points", "A suit · 90,000 points"]
    (reward,) = await member.taps("c:reward:1")
    assert "Any size" in reward.text
    (asked,) = await member.taps("c:redeem:1")
    assert "300 points for A coffee" in asked.text
    assert "940 left" in asked.text
    (done,) = await member.taps("c:redeemed")
    (voucher,) = await town.rows("vouchers")
    shown = "-".join(voucher.code[n : n + 4] for n in (0, 4, 8))
    assert shown in done.text
    assert {said.message_id for said in (shelf, reward, asked, done)} == {card.message_id}
    assert await spendable(town) == 940
    (file,) = await town.rows("files")
    assert shown in file.recipe["sent"]["caption"]


async def test_from_a_purchase_to_a_used_voucher(town: Town, ann: Chat) -> None:
    """Ann buys, finds her points in the chat, gets a coffee for them, and the till marks it used."""
    await ann.says("/start")
    await offers(town, COFFEE)
    async with town.work() as work:
        await record_purchase(
            work, 1, source_key="till:1", bought_at=town.now, amount_minor=60_000, currency="CNY", by=SYSTEM
        )
    (card,) = await ann.says("/points")
    for words in ("600 points", "Your tier: Regular", "¥1,400 more until Silver", "▰▰▰▱▱▱▱▱▱▱"):
        assert words in card.text
    (history,) = await ann.taps("c:phist:0")
    assert "+600 · purchase" in history.text
    for tap in ("c:rewards", "c:reward:1", "c:redeem:1", "c:redeemed"):
        assert await ann.taps(tap, message_id=card.message_id if tap == "c:rewards" else None)
    (voucher,) = await town.rows("vouchers")
    async with town.work() as work:
        await use_voucher(work, voucher.code, by=SYSTEM)
    assert ["has just been used" in said.text for said in await town.deliver()] == [True]
    assert await spendable(town) == 300


async def test_a_double_tap_redeems_once(town: Town, member: Chat) -> None:
    """Both taps are answered with the same voucher; asked anew it is a second one."""
    await member.taps("c:redeem:1")
    first = await member.taps("c:redeemed")
    again = await member.taps("c:redeemed")
    assert [said.text for said in first] == [said.text for said in again]
    assert await spendable(town) == 940
    await member.taps("c:redeem:1")
    await member.taps("c:redeemed")
    assert (await spendable(town), len(await town.rows("vouchers"))) == (640, 2)


async def test_too_dear_a_reward_says_what_is_missing(town: Town, member: Chat) -> None:
    """There is no button to redeem it, and one made by hand does not either."""
    (reward,) = await member.taps("c:reward:2")
    assert "88,760 more points and it is yours" in reward.text
    assert [data for _, data in reward.buttons] == ["c:rewards"]
    await member.taps("c:redeem:2")
    (refused,) = await member.taps("c:redeemed:2:77")
    assert "takes 90,000 points" in refused.text.replace("90000", "90,000")
    assert (await spendable(town), await town.rows("vouchers")) == (1240, [])


async def test_the_last_piece_goes_to_one(town: Town, member: Chat, cy: Chat) -> None:
    """Cy said yes a moment after Ann: he is told kindly and keeps his points."""
    async with town.work() as work:
        await change_reward(work, "coffee", by=SYSTEM, restock=1)
    await cy.says("/start")
    his = (await town.rows("customers"))[-1].id
    await has_points(town, 500, of=his)
    await cy.taps("c:redeem:1")
    await member.taps("c:redeem:1")
    await member.taps("c:redeemed")
    (refused,) = await cy.taps("c:redeemed")
    assert "Your points are all still there" in refused.text
    assert await spendable(town, his) == 500
    (shelf,) = await cy.taps("c:rewards")
    assert "A coffee · 300 points · all gone" in [label for label, _ in shelf.buttons]


async def test_a_long_catalogue_has_pages(town: Town, ann: Chat) -> None:
    """Nine rewards are two pages; a page nobody made is stale."""
    await ann.says("/start")
    await offers(town, *(replace(COFFEE, key=f"r{n}", names={"en": f"Reward {n}"}) for n in range(9)))
    (first,) = await ann.says("/rewards")
    assert [data for _, data in first.buttons][-2:] == ["c:rewards:1", "c:points:back"]
    (second,) = await ann.taps("c:rewards:1")
    assert [data for _, data in second.buttons] == ["c:reward:9", "c:rewards:0", "c:points:back"]
    assert await ann.taps("c:rewards:2") == []
    assert "button" in ann.popup


async def test_history_is_read_page_by_page(town: Town, member: Chat) -> None:
    """Twenty entries are three pages, there and back again, and everyone reads what it was for."""
    for n in range(19):
        await has_points(town, n + 1, key=f"p{n}")
    pages: list[list[Said]] = [await member.taps("c:phist:0")]
    for _ in range(2):
        forward = next(data for label, data in pages[-1][0].buttons if label == "»")
        pages.append(await member.taps(forward))
    counts = [page[0].text.count(" · +") for page in pages]
    assert counts == [8, 8, 4]
    back = next(data for label, data in pages[2][0].buttons if label == "«")
    assert [said.text for said in await member.taps(back)] == [pages[1][0].text]
    back = next(data for label, data in pages[1][0].buttons if label == "«")
    assert (back, (await member.taps(back))[0].text) == ("c:phist:0", pages[0][0].text)


async def test_history_names_rewards_and_keeps_what_staff_wrote(town: Town, member: Chat) -> None:
    """Ann reads what she got for her points; why a colleague changed them is theirs."""
    await member.taps("c:redeem:1")
    await member.taps("c:redeemed")
    async with town.work() as work:
        await change_points(work, 1, points=-5, reason="seems to cheat", source_key="x", by=SYSTEM)
    (history,) = await member.taps("c:phist:0")
    assert "−300 · A coffee" in history.text
    assert "−5 · adjusted by our team" in history.text
    assert "cheat" not in history.text


async def test_vouchers_are_listed_and_shown_again(town: Town, member: Chat) -> None:
    """One to use with its code and picture; once used, it says when."""
    (none,) = await member.says("/vouchers")
    assert "no vouchers yet" in none.text
    await member.taps("c:redeem:1")
    await member.taps("c:redeemed")
    (listed,) = await member.taps("c:vouchers")
    assert listed.buttons[0] == ("A coffee · until Jun 2", "c:voucher:1")
    (voucher,) = await town.rows("vouchers")
    (shown,) = await member.taps("c:voucher:1")
    assert "Any size" in shown.text
    assert await member.taps("c:vqr:1") == []
    assert len(await town.rows("files")) == 2
    async with town.work() as work:
        await use_voucher(work, voucher.code, by=SYSTEM)
    (told,) = await town.deliver()
    assert "has just been used at Tailor & Son" in told.text
    (listed,) = await member.taps("c:vouchers")
    assert "A coffee: used on Mar 4" in listed.text
    assert await member.taps("c:vqr:1") == []
    assert len(await town.rows("files")) == 2


FORGED = (
    "c:reward:99",
    "c:reward:x",
    "c:redeem:99",
    "c:redeemed:1",
    "c:redeemed:1:x",
    "c:redeemed:99:1",
    "c:voucher:1",
    "c:voucher:99999999999999999999",
    "c:vqr:1",
    "c:phist:x",
    "c:phist:-3",
    "c:phist:1",
    "c:rewards:7",
)


async def test_a_stranger_learns_nothing_of_anothers(town: Town, member: Chat, cy: Chat) -> None:
    """Cy makes buttons by hand: numbers of Ann's voucher, of pages, of rewards; each is just a button that is over."""
    await member.taps("c:redeem:1")
    await member.taps("c:redeemed")
    await cy.says("/start")
    for data in FORGED:
        assert await cy.taps(data, message_id=3) == []
        assert cy.popup
    assert await spendable(town) == 940
    assert len(await town.rows("files")) == 1


async def test_the_menu_leads_to_the_card(town: Town, member: Chat) -> None:
    """Behind More stands My points, and the menu itself stays where it was."""
    (more,) = await member.says("☰ More")
    (card,) = await member.taps("c:points")
    assert "1,240 points" in card.text
    assert card.message_id != more.message_id


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_screen_speaks_the_language(town: Town, member: Chat, language: str) -> None:
    """From the card to the voucher nothing is missing in any language."""
    await has_points(town, 5, key="later", available_at=town.now + timedelta(days=1))
    await member.taps(f"c:lang:{language}")
    said = None
    for tap in ("c:points", "c:rewards", "c:reward:1", "c:redeem:1", "c:redeemed", "c:vouchers", "c:voucher:1"):
        (said,) = await member.taps(tap, message_id=None if tap == "c:redeemed" else 3)
        assert said.text
        assert "{" not in said.text
    assert said is not None
    assert ("A coffee" in said.text) == (language == "en")


def invites(town: Town) -> None:
    """Let bringing a friend be worth 50 points to one and 20 to the other."""
    rules = town.rules.loyalty
    earning = replace(rules.earning, occasions={Occasion.REFERRER: 50, Occasion.REFERRED: 20})
    town.rules = replace(town.rules, loyalty=replace(rules, earning=earning))


async def test_a_friend_comes_by_a_link(town: Town, member: Chat) -> None:
    """Ann sends her link; Flo is greeted with what waits for her, and Ann sees that she came."""
    invites(town)
    (link,) = await member.taps("c:refer")
    (ann,) = await town.rows("customers")
    assert f"https://t.me/care_test_bot?start=r-{ann.code}" in link.text
    assert "you get 50 points" in link.text
    flo = town.chat(777, "Flo")
    said = await flo.says(f"/start r-{ann.code}")
    assert "20 points are yours" in "\n".join(one.text for one in said)
    assert [row.referrer_id for row in await town.rows("referrals")] == [ann.id]
    (link,) = await member.taps("c:refer")
    assert "One friend has come by your link" in link.text


async def test_only_somebody_new_is_brought(town: Town, member: Chat, cy: Chat) -> None:
    """Not Ann by her own link, not Cy who was here before, not Flo a second time, nobody by a code that is none."""
    invites(town)
    (ann,) = await town.rows("customers")
    await cy.says("hello")
    for chat in (member, cy):
        assert len(await chat.says(f"/start r-{ann.code}")) == 1
    assert await town.rows("referrals") == []
    flo = town.chat(777, "Flo")
    await flo.says("/start r-NOSUCHCODE")
    await flo.says(f"/start r-{ann.code}")
    assert await town.rows("referrals") == []


async def test_a_link_worth_nothing_is_not_offered(town: Town, member: Chat) -> None:
    """Without points for it there is no button, and its tap made by hand says so."""
    (card,) = await member.says("/points")
    assert not any(data == "c:refer" for _, data in card.buttons)
    (said,) = await member.taps("c:refer", message_id=3)
    assert "not rewarded just now" in said.text


async def test_a_customer_is_no_member_of_staff(town: Town, member: Chat) -> None:
    """Words like a colleague's command change nothing in a private chat."""
    await member.says("/points +5000 because I want to")
    assert await spendable(town) == 1240
    async with town.work() as work:
        done = await change_points(work, 1, points=5, reason="why not", source_key="y", by=Actor(ActorKind.CUSTOMER, 1))
    assert getattr(done, "key", "") == "points.refused.not_allowed"


async def test_the_card_asks_once_whether_news_of_points_is_welcome(town: Town, member: Chat) -> None:
    """A yes on the card leaves it as it is and says what follows; whoever has answered is not asked again."""
    await member.says("/points")
    (said,) = await member.taps("c:consent:points:on")
    assert "From now on I tell you about your points" in said.text
    (card,) = await member.says("/points")
    assert "c:consent:points:on" not in [data for _, data in card.buttons]
