"""What happened: each joining, purchase, case, event, silence, tier and expiry is told of once, when it is ready."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from campaigns import planning
from domain.calendars import QuietHours
from domain.campaigns import CampaignState
from domain.loyalty import RewardSeed
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services import segments
from services.campaigns.book import get_campaign
from services.campaigns.templates import render_text
from services.campaigns.variables import context_of, load_values
from services.points import earn
from services.rewards import give, list_rewards, seed_rewards
from storage.database import Database
from storage.people import change_customer
from storage.tables import campaign_taps, cases, deliveries, point_lots, purchases, tier_changes, vouchers
from tests.campaigns.planner import START, Planner
from tests.services.shop import hear


@pytest.fixture
def shop(database: Database) -> Planner:
    """A shop at noon of 1 September 2026, UTC."""
    return Planner(database)


async def test_who_joins_is_welcomed_once_when_the_time_is_ready(shop: Planner) -> None:
    """Three days after, also who joined just before the campaign ran; who joined long before is not."""
    await shop.knows("Old")
    shop.town.moves(days=4)
    early = await shop.knows("Early")
    shop.town.moves(hours=1)
    await shop.runs("welcome", 'occasion = "joined"\nafter = "3d"')
    ann = await shop.knows("Ann")
    shop.town.moves(days=3, seconds=-1)
    await shop.plans()
    assert [row.customer_id for row in await shop.rows()] == [early]
    shop.town.moves(seconds=1)
    for _ in range(3):
        await shop.plans()
    assert [(row.customer_id, row.occasion, row.due_at) for row in await shop.rows()] == [
        (early, "joined", START + timedelta(days=7)),
        (ann, "joined", START + timedelta(days=7, hours=1)),
    ]


async def test_ready_before_the_launch_is_nobodys_and_long_ago_is_let_go(shop: Planner) -> None:
    """What was ready ten days ago, since the program did not run, is not told any more; within a week it is late."""
    ann, bob = await shop.knows("Ann"), await shop.knows("Bob")
    await shop.buys(ann, "before", days=3)
    await shop.runs("thanks", 'occasion = "purchase"\nafter = "2d"')
    await shop.buys(bob, "first")
    shop.town.moves(days=4)
    second = await shop.buys(bob, "second")
    shop.town.moves(days=8)
    await shop.plans()
    assert [(occasion[:2], state, reason) for _, occasion, state, reason in await shop.told()] == [
        ("p:", "skipped", "late")
    ]
    assert (await shop.rows())[0].params == {"purchase_id": second}


async def test_a_time_of_day_and_days_of_the_week_are_the_persons_own(shop: Planner) -> None:
    """Bought on Friday at noon in New York: on Monday at ten there, though it is ready at once."""
    shop.town.rules = replace(shop.town.rules, quiet=QuietHours(time(21), time()))
    ann = await shop.knows("Ann", zone="America/New_York")
    await shop.runs("thanks", 'occasion = "purchase"\nat = "10:00"\nweekdays = ["mon", "tue"]')
    shop.at(2026, 10, 30, 16)
    await shop.buys(ann, "one")
    await shop.plans()
    [row] = await shop.rows()
    assert row.due_at == datetime(2026, 11, 2, 10, tzinfo=ZoneInfo("America/New_York"))
    assert (row.occasion_on, row.zone) == ("2026-10-30", "America/New_York")


async def test_a_purchase_given_back_whole_is_none(shop: Planner) -> None:
    """Nobody is thanked for it."""
    ann = await shop.knows("Ann")
    await shop.runs("thanks", 'occasion = "purchase"')
    await shop.buys(ann, "one")
    async with shop.town.work() as work:
        await work.tx.execute(purchases.update().values(refunded_minor=1000))
    await shop.plans()
    assert await shop.rows() == []


async def test_a_solved_case_is_followed_up_and_a_confidential_or_open_one_is_not(shop: Planner) -> None:
    """Waiting for the customer's word or confirmed alike; solved a second time, it is another occasion."""
    ann = await shop.knows("Ann")
    await shop.runs("follow_up", 'occasion = "case"\nafter = "1d"')
    for number, (state, confidential) in enumerate(
        [("resolved", False), ("closed", False), ("resolved", True), ("open", False)]
    ):
        async with shop.town.work() as work:
            values = {"number": 1000 + number, "kind": "question", "state": state, "confidential": confidential}
            times = {"opened_at": work.now, "resolved_at": work.now, "resolutions": 1}
            await work.tx.execute(cases.insert().values(customer_id=ann, **values, **times))
    shop.town.moves(days=1)
    await shop.plans()
    assert [row.occasion for row in await shop.rows()] == ["case:1:1", "case:2:1"]
    async with shop.town.work() as work:
        await work.tx.execute(cases.update().where(cases.c.id == 1).values(resolutions=2, resolved_at=work.now))
    shop.town.moves(days=1)
    await shop.plans()
    assert [row.occasion for row in await shop.rows()] == ["case:1:1", "case:2:1", "case:1:2"]


async def test_events_are_told_of_by_their_name(shop: Planner) -> None:
    """Each one once, in slices, by whoever comes first."""
    people = [await shop.knows(f"P{nth}") for nth in range(7)]
    await shop.runs("delivered", 'occasion = "event"\nevent = "delivered"')
    for customer_id in people:
        await shop.hears_of(customer_id, "delivered")
        await shop.hears_of(customer_id, "ordered")
    assert await shop.once(planning.plan_happened, limit=3) == 3
    assert await shop.once(planning.plan_happened, limit=3) == 3
    assert await shop.until_done(planning.plan_happened, limit=3) >= 1
    assert [row.customer_id for row in await shop.rows()] == people


async def test_each_campaign_is_looked_at_by_itself(shop: Planner) -> None:
    """In a transaction of its own, all in one round; the next round begins with the first again."""
    ann = await shop.knows("Ann")
    for nth in range(3):
        await shop.runs(f"delivered{nth}", 'occasion = "event"\nevent = "delivered"')
    for _ in range(2):
        await shop.hears_of(ann, "delivered")
        planned = [len(await shop.rows()) for _ in range(6) if await shop.once(planning.plan_happened, limit=3)]
        start = planned[0] - 1
        assert planned == [start + 1, start + 1, start + 2, start + 2, start + 3, start + 3]
        assert await shop.once(planning.plan_happened, limit=3) == 0


async def test_what_changes_between_looking_and_writing_counts(shop: Planner) -> None:
    """Paused or forgotten meanwhile: no row; who looked at the same time finds nothing left to do."""
    ann, bob = await shop.knows("Ann"), await shop.knows("Bob")
    for key in ("delivered", "parcel"):
        await shop.runs(key, 'occasion = "event"\nevent = "delivered"')
    for customer_id in (ann, bob):
        await shop.hears_of(customer_id, "delivered")
    steps = [step for _ in range(2) if (step := await shop.looks()) is not None]
    await shop.turns("parcel", CampaignState.PAUSED)
    async with shop.town.work() as work:
        change_customer(work.tx, bob, erased_at=work.now)
    assert [await shop.once(step) for step in steps] == [1, 0]
    assert [(row.campaign, row.customer_id) for row in await shop.rows()] == [("delivered", ann)]


async def test_another_version_meanwhile_is_looked_at_anew(shop: Planner) -> None:
    """What was reckoned by the one before is never written."""
    ann = await shop.knows("Ann")
    await shop.runs("delivered", 'occasion = "event"\nevent = "delivered"')
    await shop.hears_of(ann, "delivered")
    step = await shop.looks()
    assert step is not None
    await shop.turns("delivered", CampaignState.PAUSED)
    await shop.runs("delivered", 'occasion = "event"\nevent = "delivered"\nafter = "1h"')
    assert await shop.once(step) == 0
    await shop.plans()
    assert await shop.rows() == []


async def test_looking_pauses_whom_a_lost_segment_meant(shop: Planner) -> None:
    """Deleted since: nobody is told by mistake; others go on."""
    ann = await shop.knows("Ann")
    async with shop.town.work() as work:
        await segments.save(work, name="vips", expression='tier = "new"', by=SYSTEM)
    await shop.runs("news", 'occasion = "event"\nevent = "delivered"', more="segment = 'segment(\"vips\")'")
    async with shop.town.work() as work:
        assert await segments.delete(work, "vips", by=SYSTEM) is None
    await shop.runs("others", 'occasion = "event"\nevent = "delivered"')
    await shop.hears_of(ann, "delivered")
    await shop.plans()
    assert [row.campaign for row in await shop.rows()] == ["others"]
    assert await shop.state("news") is CampaignState.PAUSED


async def test_silence_is_broken_by_a_purchase_or_a_word_and_begins_anew(shop: Planner) -> None:
    """Ann bought, Bob wrote, Cy did neither ever: who was active is missed once for each silence."""
    ann, bob, _cy = [await shop.knows(name) for name in ("Ann", "Bob", "Cy")]
    await shop.runs("miss_you", 'occasion = "silence"\nsilence = 30')
    await shop.buys(ann, "one")
    shop.town.moves(days=2)
    async with shop.town.work() as work:
        await hear(work, await shop.person(work, bob), "Thank you!", message_id=5)
    shop.town.moves(days=28)
    await shop.plans()
    assert [(row.customer_id, row.occasion) for row in await shop.rows()] == [(ann, "s:2026-09-01")]
    await shop.buys(ann, "two")
    shop.town.moves(days=2)
    await shop.plans()
    assert [(row.customer_id, row.occasion) for row in await shop.rows()] == [
        (ann, "s:2026-09-01"),
        (bob, "s:2026-09-03"),
    ]
    shop.town.moves(days=29)
    await shop.plans()
    assert [row.occasion for row in await shop.rows(customer_id=ann)] == ["s:2026-09-01", "s:2026-10-01"]


async def test_who_rose_and_who_fell_hear_of_it_apart(shop: Planner) -> None:
    """By the order of the shop's own tiers."""
    ann, bob = await shop.knows("Ann"), await shop.knows("Bob")
    await shop.runs("up", 'occasion = "tier_up"')
    await shop.runs("down", 'occasion = "tier_down"')
    changes = [(ann, "new", "gold"), (bob, "gold", "regular"), (bob, "former", "gold")]
    for customer_id, before, after in changes:
        async with shop.town.work() as work:
            values = {"at": work.now, "cause": "upgrade", "spend_minor": 0, "actor_kind": "system"}
            change = tier_changes.insert().values(customer_id=customer_id, before=before, after=after, **values)
            await work.tx.execute(change)
    await shop.plans()
    assert [(row.campaign, row.customer_id, row.occasion, row.params) for row in await shop.rows()] == [
        ("up", ann, "t:1", {"tier": "gold"}),
        ("down", bob, "t:2", {"tier": "regular"}),
    ]


async def test_points_that_expire_on_one_day_are_told_of_together(shop: Planner) -> None:
    """A week before; what was used up or cannot be spent yet is not counted."""
    ann = await shop.knows("Ann")
    async with shop.town.work() as work:
        for nth in range(5):
            done = await earn(work, ann, points=10, source_key=f"k{nth}", rule="test", by=SYSTEM)
            assert done is not None
    ends = datetime(2026, 10, 1, 15, tzinfo=UTC)
    lots = [
        {"expires_at": ends, "remaining": 10},
        {"expires_at": ends + timedelta(hours=3), "remaining": 4},
        {"expires_at": ends + timedelta(days=1), "remaining": 5},
        {"expires_at": ends, "remaining": 0},
        {"expires_at": ends, "remaining": 10, "available_at": None},
    ]
    async with shop.town.work() as work:
        ids = (await work.tx.execute(select(point_lots.c.id).order_by(point_lots.c.id))).scalars()
        for lot_id, values in zip(ids, lots, strict=True):
            await work.tx.execute(point_lots.update().where(point_lots.c.id == lot_id).values(**values))
    await shop.runs("expiring", 'occasion = "points_expiring"\nlead_days = 7')
    shop.at(2026, 9, 24, 14, 59)
    await shop.plans()
    assert await shop.rows() == []
    shop.at(2026, 9, 25, 15)
    await shop.plans()
    assert [(row.occasion, row.due_at, row.params) for row in await shop.rows()] == [
        ("x:2026-10-01", datetime(2026, 9, 24, 15, tzinfo=UTC), {"points": 14, "expires_at": ends.isoformat()}),
        (
            "x:2026-10-02",
            datetime(2026, 9, 25, 15, tzinfo=UTC),
            {"points": 5, "expires_at": (ends + timedelta(days=1)).isoformat()},
        ),
    ]


async def test_whom_it_is_for_is_asked_when_it_is_ready_and_until_ends_it(shop: Planner) -> None:
    """What happens after the last day is no occasion; what happened on it is told of before the campaign is over."""
    ann, bob = await shop.knows("Ann"), await shop.knows("Bob")
    async with shop.town.work() as work:
        change_customer(work.tx, ann, tier="gold")
        change_customer(work.tx, bob, tier="gold")
    await shop.runs(
        "thanks",
        'occasion = "purchase"\nafter = "10d"\nuntil = 2026-09-02',
        more="segment = 'tier = \"gold\"'",
    )
    shop.at(2026, 9, 2, 20)
    on_time = await shop.buys(ann, "on time")
    await shop.buys(bob, "on time too")
    shop.at(2026, 9, 3, 1)
    await shop.buys(ann, "too late")
    for day in (5, 8, 11):
        shop.at(2026, 9, day, 12)
        await shop.plans()
        assert await shop.once(planning.finish) == 0
    async with shop.town.work() as work:
        change_customer(work.tx, bob, tier="new")
    shop.at(2026, 9, 13, 6)
    await shop.plans()
    assert [(row.customer_id, row.occasion) for row in await shop.rows()] == [(ann, f"p:{on_time}")]
    shop.at(2026, 9, 16, 12)
    await shop.plans()
    assert await shop.once(planning.finish) == 0
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(state="sent"))
    assert await shop.once(planning.finish) == 1
    assert await shop.state("thanks") is CampaignState.FINISHED


@pytest.fixture
async def rewarding(shop: Planner) -> Planner:
    """A shop with a coffee for points."""
    async with shop.town.work() as work:
        await seed_rewards(work, [RewardSeed("coffee", 1, {"en": "Coffee"}, voucher_days=30)])
    return shop


async def test_a_voucher_is_reminded_of_before_it_expires_unless_it_was_used(rewarding: Planner) -> None:
    """Three days before; each by itself."""
    ann = await rewarding.knows("Ann")
    async with rewarding.town.work() as work:
        [coffee] = await list_rewards(work)
        for nth in range(2):
            given = await give(work, ann, coffee.id, source_key=f"g{nth}", by=SYSTEM, reason="thanks")
            assert not isinstance(given, Refusal), given
        await work.tx.execute(vouchers.update().where(vouchers.c.id == 2).values(state="used"))
        expires_at: datetime = (await work.tx.execute(select(func.min(vouchers.c.expires_at)))).scalar_one()
    await rewarding.runs("voucher", 'occasion = "voucher_expiring"\nlead_days = 3')
    rewarding.town.now = expires_at - timedelta(days=3, minutes=1)
    await rewarding.plans()
    assert await rewarding.rows() == []
    rewarding.town.moves(minutes=1)
    await rewarding.plans()
    assert [(row.occasion, row.params) for row in await rewarding.rows()] == [("v:1", {"voucher_id": 1})]


async def said_to(shop: Planner, row: Any, text: str) -> str:
    """Return what a template would say to whom a row is for."""
    async with shop.town.work() as work:
        kept = await get_campaign(work, row.campaign)
        assert kept is not None
        values = (await load_values(work, [row.customer_id], params=[row.params]))[row.customer_id]
        return render_text(text, context_of(work, kept.campaign, values, row.params, "en"))


async def test_who_said_yes_to_an_invitation_is_reminded_the_day_before(shop: Planner) -> None:
    """By their last word; who took it back, only may come, or waits for a place is not."""
    shop.town.rules = replace(shop.town.rules, zone=ZoneInfo("Asia/Shanghai"))
    people = [await shop.knows(name) for name in ("Yes", "No after all", "Perhaps", "Yes after all", "Waits")]
    party = '[invitation]\nat = 2026-09-20T18:00:00\ncapacity = 2\nplace.en = "The shop"'
    await shop.runs("party", 'occasion = "date"', parts=party)
    await shop.runs("party_soon", 'occasion = "rsvp"\ninvitation = "party"\nlead_days = 1')
    await shop.plans()
    said = [(0, "yes"), (1, "yes"), (1, "no"), (2, "maybe"), (3, "no"), (3, "yes"), (4, "yes")]
    for nth, button in said:
        async with shop.town.work() as work:
            values = {"campaign": "party", "kind": "rsvp", "button": button, "at": work.now, "delivery_id": nth + 1}
            await work.tx.execute(campaign_taps.insert().values(customer_id=people[nth], **values))
    shop.at(2026, 9, 19, 9, 59)
    await shop.plans()
    assert await shop.rows(campaign="party_soon") == []
    shop.at(2026, 9, 19, 10)
    await shop.plans()
    rows = await shop.rows(campaign="party_soon")
    assert [(row.customer_id, row.occasion) for row in rows] == [(people[0], "rsvp"), (people[3], "rsvp")]
    assert rows[0].due_at == datetime(2026, 9, 19, 10, tzinfo=UTC)
    assert await said_to(shop, rows[0], "{{ place }}, {{ date }}, {{ time }}") == "The shop, Sep 20, 18:00"
