"""Tiers over the months: kept for a while, warned of, reviewed, lowered to what the spending justifies."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.loyalty import LoyaltyRules, Tier, TierRules
from domain.people import SYSTEM
from domain.rules import Rules
from services.erasure import erase_customer
from services.merging import merge_customers
from services.tiers import TierProgress, progress_of, reckon_tier, review_tiers, warn_of_reviews
from services.webhooks import add_endpoint
from services.work import Work
from storage.audit import list_of_subject
from storage.people import change_customer
from storage.tiers import list_changes
from tests.services.sales import brings_back, buys, events, guest, notices_of
from tests.services.shop import MORNING, Working

DAY = timedelta(days=1)


def rules(**tiering: Any) -> Rules:
    """Return rules with these rules of tiers."""
    return Rules(loyalty=LoyaltyRules(tiering=TierRules(**tiering)))


async def told(work: Work, customer_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the notices about tiers."""
    return [notice for notice in await notices_of(work, customer_id) if notice[0].startswith("tier")]


async def all_reviewed(work: Work) -> int:
    """Review until nothing is due, as the tick does."""
    done = 0
    while some := await review_tiers(work, limit=1):
        done += some
        assert done < 10, "a review that does not end"
    return done


async def test_spending_is_counted_within_the_window_less_refunds(working: Working) -> None:
    """Old purchases, other currencies and what was brought back do not count."""
    async with working() as work:
        ann = await guest(work)
        await buys(work, ann, 9000, "old", bought_at=MORNING - 365 * DAY)
        await buys(work, ann, 300, "young", bought_at=MORNING - 364 * DAY)
        await buys(work, ann, 9000, "abroad", currency="USD")
        done = await buys(work, ann, 190, "new")
        await brings_back(work, done, "r", 4_000)
        assert await progress_of(work, ann) == TierProgress("new", "regular", 45_000, 5_000, None)


async def test_a_refund_leaves_the_tier_until_its_review(working: Working) -> None:
    """Ann brings her coat back: she stays gold for the time promised, is warned, then falls to what is left."""
    async with working() as work:
        ann = await guest(work)
        await add_endpoint(
            work, url="https://till.example.com/hook", kinds=["tier.changed"], allow_private=False, by=SYSTEM
        )
        done = await buys(work, ann, 5600, "coat")
        await brings_back(work, done, "r", 500_000)
        assert (await progress_of(work, ann)).tier == "gold"
    async with working(later=75 * DAY) as work:
        assert await warn_of_reviews(work, limit=5) == 0
        assert await all_reviewed(work) == 0
    for expected in (1, 0):
        async with working(
            later=76 * DAY,
        ) as work:
            assert await warn_of_reviews(work, limit=5) == expected
    async with working(later=90 * DAY) as work:
        assert await all_reviewed(work) == 1
        review_at = MORNING + 180 * DAY
        assert await progress_of(work, ann) == TierProgress("regular", "silver", 60_000, 140_000, review_at)
        assert (await told(work, ann))[1:] == [
            (
                "tier_review",
                {
                    "tier": "gold",
                    "review_at": (MORNING + 90 * DAY).isoformat(),
                    "missing_minor": 440_000,
                    "would_be": "regular",
                },
            ),
            ("tier_down", {"before": "gold", "after": "regular"}),
        ]
        assert [(c.before, c.after, c.cause) for c in await list_changes(work.tx, ann)] == [
            ("new", "gold", "upgrade"),
            ("gold", "regular", "review"),
        ]
        assert [data["after"] for _, data in await events(work)] == ["gold", "regular"]
        actions = [row.action for row in await list_of_subject(work.tx, "customer", ann)]
        assert actions.count("tier.changed") == 2


async def test_who_still_spends_keeps_the_tier_without_a_word(working: Working) -> None:
    """A review that changes nothing sets the next one; it is on record, and nobody is bothered."""
    async with working() as work:
        ann = await guest(work)
        await buys(work, ann, 600, "a")
    async with working(later=80 * DAY) as work:
        assert await warn_of_reviews(work, limit=5) == 0
    async with working(later=90 * DAY) as work:
        assert await all_reviewed(work) == 1
        progress = await progress_of(work, ann)
        assert (progress.tier, progress.review_at) == ("regular", MORNING + 180 * DAY)
        assert [kind for kind, _ in await told(work, ann)] == ["tier_up"]
        assert [row.action for row in await list_of_subject(work.tx, "customer", ann)][-1] == "tier.kept"


async def test_the_warning_looks_at_what_the_review_will_count(working: Working) -> None:
    """A purchase that will have left the window by then does not help; one made after the warning does."""
    short = rules(window=100 * DAY, keep_for=90 * DAY)
    async with working(rules=short) as work:
        ann, bob = await guest(work), await guest(work, "Bob", 1002)
        await buys(work, ann, 600, "a", bought_at=MORNING - 11 * DAY)
        await buys(work, bob, 600, "b", bought_at=MORNING - 9 * DAY)
    async with working(later=80 * DAY, rules=short) as work:
        assert await warn_of_reviews(work, limit=5) == 1
        assert (await told(work, ann))[-1][1]["missing_minor"] == 50_000
        await buys(work, ann, 500, "c")
    async with working(later=90 * DAY, rules=short) as work:
        assert await all_reviewed(work) == 2
        assert [(await progress_of(work, each)).tier for each in (ann, bob)] == ["regular", "regular"]


async def test_warnings_go_round_so_that_nobody_is_left_out(working: Working) -> None:
    """One customer a look: who was told is not told again, and who brings things back late is found all the same."""
    people, coats = [], []
    async with working() as work:
        for nth, name in enumerate(("Ann", "Bob", "Cy")):
            people.append(await guest(work, name, 1001 + nth))
            coats.append(await buys(work, people[-1], 600, name))
    ann, _, cy = people
    late, looks = 80 * DAY, []
    for nth in range(12):
        async with working(later=late) as work:
            if nth in (0, 5):
                await brings_back(work, coats[2 if nth == 0 else 0], f"r{nth}")
            looks.append(await warn_of_reviews(work, limit=1))
    assert [nth for nth, warned in enumerate(looks) if warned] == [2, 8]
    async with working(later=late) as work:
        for each in (ann, cy):
            assert [kind for kind, _ in await told(work, each)].count("tier_review") == 1


async def test_a_lowered_tier_falls_on_until_it_is_deserved(working: Working) -> None:
    """A year later nothing is in the window any more: silver becomes new, which has no review."""
    async with working() as work:
        ann = await guest(work)
        await buys(work, ann, 2000, "a")
    async with working(later=400 * DAY) as work:
        assert await all_reviewed(work) == 1
        assert await progress_of(work, ann) == TierProgress("new", "regular", 0, 50_000, None)
        assert await all_reviewed(work) == 0


async def test_a_tier_the_settings_no_longer_know_is_put_right_silently(working: Working) -> None:
    """It earns and counts as the lowest; at the next reckoning it becomes what the spend reaches."""
    async with working() as work:
        ann, bob = await guest(work), await guest(work, "Bob", 1002)
        for each in (ann, bob):
            change_customer(work.tx, each, tier="platinum", tier_review_at=MORNING + DAY)
        assert (await progress_of(work, ann)).tier == "new"
        assert await warn_of_reviews(work, limit=5) == 0
        done = await buys(work, ann, 600, "a")
        assert done.entry is not None
        assert done.entry.points == 600
        assert (await progress_of(work, ann)).tier == "regular"
    async with working(later=DAY) as work:
        assert await all_reviewed(work) == 1
        assert (await progress_of(work, bob)).tier == "new"
        assert await told(work, ann) + await told(work, bob) == []


async def test_lower_thresholds_lift_at_the_next_purchase_or_review(working: Working) -> None:
    """A house that grows kinder says so when the time comes."""
    kinder = rules(tiers=(Tier("new", 0), Tier("gold", 10_000)))
    async with working() as work:
        ann = await guest(work)
        await buys(work, ann, 600, "a")
    async with working(later=90 * DAY, rules=kinder) as work:
        assert await all_reviewed(work) == 1
        assert (await progress_of(work, ann)).tier == "gold"


async def test_two_records_together_may_reach_more(working: Working) -> None:
    """Merging adds their spending up, and the history says why the tier rose."""
    async with working() as work:
        ann, anna = await guest(work), await guest(work, "Anna", 1002)
        await buys(work, ann, 300, "a")
        await buys(work, anna, 300, "b")
        await merge_customers(work, keep_id=ann, duplicate_id=anna, by=SYSTEM, reason="one person")
        (change,) = await list_changes(work.tx, ann)
        assert (change.after, change.cause, change.spend_minor) == ("regular", "merge", 60_000)
        assert await reckon_tier(work, anna, by=SYSTEM) is None


async def test_nobody_forgotten_is_reviewed_or_warned(working: Working) -> None:
    """And with loyalty switched off nobody at all."""
    async with working() as work:
        ann, bob = await guest(work), await guest(work, "Bob", 1002)
        for each in (ann, bob):
            await brings_back(work, await buys(work, each, 600, f"s{each}"), f"r{each}")
        await erase_customer(work, ann, by=SYSTEM)
    off = replace(Rules(), loyalty=LoyaltyRules(enabled=False))
    for later in (80 * DAY, 90 * DAY):
        async with working(later=later, rules=off) as work:
            assert await warn_of_reviews(work, limit=5) + await review_tiers(work, limit=5) == 0
    async with working(later=80 * DAY) as work:
        assert await warn_of_reviews(work, limit=5) == 1
    async with working(later=90 * DAY) as work:
        assert await all_reviewed(work) == 1


@pytest.mark.parametrize("before", [timedelta(), 14 * DAY])
async def test_a_house_may_say_nothing_before_a_review(before: timedelta, working: Working) -> None:
    """``notice_before`` of nothing switches the warning off."""
    quiet = rules(notice_before=before)
    async with working(rules=quiet) as work:
        ann = await guest(work)
        await brings_back(work, await buys(work, ann, 600, "a"), "r")
    async with working(later=89 * DAY, rules=quiet) as work:
        assert await warn_of_reviews(work, limit=5) == bool(before)
