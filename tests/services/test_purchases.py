"""Purchases: recorded once, with their points and tier; refunded to the last point."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from domain.errors import NotFound
from domain.loyalty import Clawback, EarningRules, LoyaltyRules, Occasion
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.points import EntryKind
from domain.rules import Rules
from services import points
from services.customers import meet
from services.erasure import erase_customer
from services.merging import merge_customers
from services.purchases import Recorded, Refunded, list_purchases, record_refund
from services.referrals import note_referral
from services.webhooks import add_endpoint
from services.work import Work
from storage.audit import list_of_subject
from storage.people import get_customer
from storage.purchases import list_refunds
from storage.tiers import list_changes
from tests.services.loyalty import hire, spendable
from tests.services.sales import brings_back, buys, events, guest, lots_of, notices_of, refused, sale
from tests.services.shop import MORNING, Working

DAY = timedelta(days=1)


def rules(*, enabled: bool = True, clawback: Clawback = Clawback.ZERO, **earning: Any) -> Rules:
    """Return rules with these rules of earning."""
    return Rules(loyalty=LoyaltyRules(enabled=enabled, clawback=clawback, earning=EarningRules(**earning)))


async def test_a_purchase_brings_points_and_a_tier_and_everybody_hears(working: Working) -> None:
    """Ann buys for 600: points with their working, the next tier, two notices, three events, and who wrote it."""
    async with working() as work:
        ann = await guest(work)
        await add_endpoint(work, url="https://till.example.com/hook", kinds=[], allow_private=False, by=SYSTEM)
        done = await buys(work, ann, 600, "till-1", items=[{"name": "coat", "count": 1}], cost_minor=25_000)
        assert done.entry is not None
        assert done.tier_change is not None
        assert (done.entry.points, done.entry.rule, done.entry.purchase_id) == (600, "purchase", done.purchase.id)
    async with working() as work:
        entry = (await points.list_history(work, ann))[0]
        assert entry.working["lines"][0]["figures"]["amount"] == "600"
        assert await spendable(work, ann) == 600
        customer = await get_customer(work.tx, ann)
        assert customer is not None
        assert customer.tier == "regular"
        assert [(c.before, c.after, c.cause, c.spend_minor) for c in await list_changes(work.tx, ann)] == [
            ("new", "regular", "upgrade", 60_000)
        ]
        assert await notices_of(work, ann) == [
            ("earned", {"points": 600, "rule": "purchase"}),
            ("tier_up", {"before": "new", "after": "regular"}),
        ]
        told = [kind for kind, data in await events(work) if data["customer"] == customer.code]
        assert told == ["purchase.recorded", "points.changed", "tier.changed"]
        (row,) = await list_of_subject(work.tx, "purchase", done.purchase.id)
        assert (row.action, row.actor_kind) == ("purchase.recorded", "system")
        (kept,) = await list_purchases(work, ann, limit=5)
        assert (kept.items, kept.cost_minor) == ([{"name": "coat", "count": 1}], 25_000)


async def test_points_come_at_the_tier_before_the_purchase(working: Working) -> None:
    """The purchase that makes Ann gold earns as before; the next one earns half more."""
    async with working() as work:
        ann = await guest(work)
        first, second = await buys(work, ann, 5000, "a"), await buys(work, ann, 100, "b")
        assert first.entry is not None
        assert second.entry is not None
        assert (first.entry.points, second.entry.points) == (5000, 150)


async def test_the_same_sale_told_again_changes_nothing(working: Working) -> None:
    """A till that repeats itself gets its first answer, also when it says less, and after a merge."""
    async with working() as work:
        ann = await guest(work)
        first = await buys(work, ann, 600, "till-1", channel="shop")
    async with working(later=DAY) as work:
        again = await buys(work, ann, 600, " till-1 ", bought_at=MORNING)
        assert again.repeated
        assert (again.purchase, again.entry) == (first.purchase, first.entry)
        assert again.tier_change is None
        keep = await guest(work, "Anna", 1002)
        assert await merge_customers(work, keep_id=keep, duplicate_id=ann, by=SYSTEM, reason="twins") is None
        for whose in (ann, keep):
            assert (await buys(work, whose, 600, "till-1", bought_at=MORNING)).repeated
        assert await spendable(work, keep) == 600
        assert len(await list_purchases(work, keep, limit=5)) == 1


async def test_a_sale_told_again_without_its_moment_is_the_one_on_record(working: Working) -> None:
    """A till that never says when it sold may repeat itself the next day; another amount is another sale."""
    async with working() as work:
        ann = await guest(work)
        first = await buys(work, ann, 600, "till-1", bought_at=None)
        assert first.purchase.bought_at == MORNING
    async with working(later=DAY) as work:
        again = await buys(work, ann, 600, "till-1", bought_at=None)
        assert again.repeated
        assert again.purchase == first.purchase
        assert refused(await sale(work, ann, 601, "till-1", bought_at=None)) == "purchase.refused.key_taken"
        assert await spendable(work, ann) == 600


async def test_another_sale_under_the_same_key_is_refused(working: Working) -> None:
    """Two receipts with one number are a mistake that somebody must look at."""
    others: list[dict[str, Any]] = [
        {"amount_minor": 60_001},
        {"bought_at": MORNING - timedelta(seconds=1)},
        {"currency": "TWD"},
        {"channel": "web"},
        {"items": []},
    ]
    async with working() as work:
        ann, bob = await guest(work), await guest(work, "Bob", 1002)
        await buys(work, ann, 600, "till-1", channel="shop", items=["coat"])
        for other in others:
            assert refused(await sale(work, ann, 600, "till-1", **other)) == "purchase.refused.key_taken", other
        assert refused(await sale(work, bob, 600, "till-1")) == "purchase.refused.key_taken"
        assert await spendable(work, bob) == 0


async def test_a_foreign_currency_is_recorded_and_earns_nothing(working: Working) -> None:
    """A thousand dollars are no thousand yuan; the answer says so."""
    async with working() as work:
        ann = await guest(work)
        done = await buys(work, ann, 10_000, "a", currency="USD")
        assert (done.foreign, done.entry, done.tier_change) == (True, None, None)
        assert [each.currency for each in await list_purchases(work, ann, limit=5)] == ["USD"]
        back = await brings_back(work, done, "r")
        assert (back.entries, back.purchase.left_minor) == ((), 0)


async def test_without_loyalty_purchases_are_still_recorded(working: Working) -> None:
    """No points, no tier, no notice."""
    async with working(rules=rules(enabled=False)) as work:
        ann = await guest(work)
        done = await buys(work, ann, 600, "a")
        assert (done.foreign, done.entry, done.tier_change) == (False, None, None)
        assert await notices_of(work, ann) == []
        assert len(await list_purchases(work, ann, limit=5)) == 1


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"amount_minor": 0}, "amount"),
    ({"amount_minor": -5}, "amount"),
    ({"amount_minor": 10**12 + 1}, "amount"),
    ({"currency": "RMB"}, "currency"),
    ({"cost_minor": -1}, "cost"),
    ({"key": "  "}, "key"),
    ({"key": "k" * 201}, "key"),
    ({"channel": "c" * 33}, "channel"),
    ({"bought_at": MORNING + 2 * DAY}, "moment"),
    ({"bought_at": datetime(1969, 1, 1, tzinfo=UTC)}, "moment"),
]


async def test_what_cannot_be_is_refused(working: Working) -> None:
    """Nothing of it is kept."""
    async with working() as work:
        ann = await guest(work)
        for wish, why in IMPOSSIBLE:
            assert refused(await sale(work, ann, 5, **{"key": "a", **wish})) == f"purchase.refused.{why}", wish
        assert await list_purchases(work, ann, limit=5) == []


async def test_who_may_record_purchases(working: Working) -> None:
    """Ben may, Mia and customers may not; nobody may for somebody unknown or forgotten."""
    async with working() as work:
        ann = await guest(work)
        ben, mia = await hire(work, 22, "Ben", Role.AGENT), await hire(work, 44, "Mia", Role.MARKETER)
        bought = await buys(work, ann, 5, "a", by=ben)
        for by in (mia, Actor(ActorKind.CUSTOMER, ann)):
            assert refused(await sale(work, ann, 5, "b", by=by)) == "desk.refused.not_allowed"
            back = await record_refund(work, purchase_id=bought.purchase.id, source_key="r", by=by)
            assert refused(back) == "desk.refused.not_allowed"
        with pytest.raises(NotFound):
            await sale(work, 999_999, 5, "b")
        await erase_customer(work, ann, by=SYSTEM)
        assert refused(await sale(work, ann, 5, "b")) == "purchase.refused.forgotten"


async def test_points_of_a_purchase_count_from_when_it_was_made(working: Working) -> None:
    """Told a day late, they are pending and good for as long as if it had been told at once."""
    strict = rules(pending_for=14 * DAY, expire_after=100 * DAY)
    async with working(rules=strict) as work:
        ann = await guest(work)
        await buys(work, ann, 50, "a", bought_at=MORNING - DAY)
        assert await lots_of(work, ann) == [(50, MORNING + 13 * DAY, MORNING + 113 * DAY)]
        assert await spendable(work, ann) == 0
        assert (await notices_of(work, ann))[0][1]["available_at"] == (MORNING + 13 * DAY).isoformat()
    async with working(later=13 * DAY, rules=strict) as work:
        assert await spendable(work, ann) == 50


async def test_a_history_is_recorded_without_a_word(working: Working) -> None:
    """What was bought long ago is no news; without ``earns`` it brings no points, but counts to the tier."""
    async with working(rules=rules(occasions={Occasion.FIRST_PURCHASE: 10})) as work:
        ann = await guest(work)
        silent = await buys(work, ann, 600, "a", earns=False)
        late = await buys(work, ann, 2000, "b", bought_at=MORNING - 30 * DAY)
        assert silent.entry is None
        assert late.entry is not None
        assert late.tier_change is not None
        assert late.tier_change.after == "silver"
        assert await notices_of(work, ann) == []


async def test_refunds_take_back_every_point_and_no_more(working: Working) -> None:
    """In any number of parts of any size; the balance in between is what the rest of the purchase is worth."""
    chance = Random(7)
    async with working(rules=rules(milli_points_per_unit=1_333)) as work:
        ann = await guest(work)
        for nth in range(5):
            amount = chance.randrange(2, 90_000)
            done = await buys(work, ann, 0, f"p{nth}", amount_minor=amount)
            earned = done.entry.points if done.entry else 0
            left = amount
            while left:
                part = chance.randrange(1, left + 1)
                back = await brings_back(work, done, f"p{nth}-{left}", part)
                left -= part
                assert back.purchase.left_minor == left
                assert await spendable(work, ann) == earned - earned * (amount - left) // amount
            assert await spendable(work, ann) == 0


async def test_a_refund_is_recorded_once_and_never_beyond_the_purchase(working: Working) -> None:
    """The same again gets its first answer; more than is left, or another sum under the key, is refused."""
    async with working() as work:
        ann = await guest(work)
        done = await buys(work, ann, 100, "a")
        number = done.purchase.id
        first = await brings_back(work, done, "r1", 4_000)
        assert [(entry.kind, entry.points) for entry in first.entries] == [(EntryKind.REVERSAL, -40)]
        again = await brings_back(work, done, "r1", 4_000)
        assert again.repeated
        assert (again.refund, again.entries) == (first.refund, first.entries)
        more = await record_refund(work, purchase_id=number, source_key="r2", by=SYSTEM, amount_minor=6_001)
        assert more == Refusal("purchase.refused.too_much", {"left": "60.00 CNY"})
        other = await record_refund(work, purchase_id=number, source_key="r1", by=SYSTEM, amount_minor=1)
        assert refused(other) == "purchase.refused.key_taken"
        for amount in (0, -1):
            nothing = await record_refund(work, purchase_id=number, source_key="r2", by=SYSTEM, amount_minor=amount)
            assert refused(nothing) == "purchase.refused.too_much"
        await brings_back(work, done, "r2")
        assert (await brings_back(work, done, "r2")).repeated
        gone = await record_refund(work, purchase_id=number, source_key="r3", by=SYSTEM)
        assert refused(gone) == "purchase.refused.refunded"
        assert refused(await record_refund(work, purchase_id=10**9, source_key="r4", by=SYSTEM)) == (
            "purchase.refused.unknown"
        )
        second = await buys(work, ann, 1, "b")
        stolen = await record_refund(work, purchase_id=second.purchase.id, source_key="r1", by=SYSTEM)
        assert refused(stolen) == "purchase.refused.key_taken"
        assert [refund.amount_minor for refund in await list_refunds(work.tx, number)] == [4_000, 6_000]
        (recorded, *refunds) = await list_of_subject(work.tx, "purchase", number)
        assert (recorded.action, [row.action for row in refunds]) == ("purchase.recorded", ["purchase.refunded"] * 2)


@pytest.mark.parametrize(("clawback", "left", "owed"), [(Clawback.ZERO, 0, 0), (Clawback.NEGATIVE, 0, 80)])
async def test_points_spent_already_are_forgiven_or_owed(
    clawback: Clawback, left: int, owed: int, working: Working
) -> None:
    """By the policy of the house."""
    async with working(rules=rules(clawback=clawback)) as work:
        ann = await guest(work)
        done = await buys(work, ann, 100, "a")
        await points.spend(work, ann, points=80, source_key="s", by=SYSTEM)
        await brings_back(work, done, "r")
        balance = await points.balance_of(work, ann)
        assert (balance.spendable, balance.owed) == (left, owed)


async def test_the_first_purchase_is_rewarded_once_in_a_lifetime(working: Working) -> None:
    """Its points go back with it; who brings it back and buys again gets none a second time."""
    async with working(rules=rules(occasions={Occasion.FIRST_PURCHASE: 50})) as work:
        ann = await guest(work)
        done = await buys(work, ann, 100, "a")
        assert await spendable(work, ann) == 150
        assert [data["rule"] for _, data in await notices_of(work, ann)] == ["purchase", "first_purchase"]
        half = await brings_back(work, done, "r1", 5_000)
        assert [entry.points for entry in half.entries] == [-50, -25]
        await brings_back(work, done, "r2")
        assert await spendable(work, ann) == 0
        await buys(work, ann, 100, "b")
        await buys(work, ann, 100, "c")
        assert await spendable(work, ann) == 200


async def test_who_was_brought_and_buys_first_rewards_both(working: Working) -> None:
    """Cy comes by Ann's link: the first purchase gives both their points, the second nobody."""
    async with working(rules=rules(occasions={Occasion.REFERRER: 50, Occasion.REFERRED: 20})) as work:
        ann = await meet(work, chat_id=1, name="Ann", username=None, language_code="en")
        cy = await meet(work, chat_id=2, name="Cy", username=None, language_code="en")
        await note_referral(work, cy, f"r-{ann.customer.code}")
        await buys(work, cy.customer.id, 10, "a")
        await buys(work, cy.customer.id, 10, "b")
        assert (await spendable(work, ann.customer.id), await spendable(work, cy.customer.id)) == (50, 40)


async def test_purchases_are_listed_latest_first_page_by_page(working: Working) -> None:
    """By when they were made, whenever they were told of."""
    async with working() as work:
        ann = await guest(work)
        for nth, days in enumerate((3, 1, 2, 2)):
            await buys(work, ann, 10 + nth, str(nth), bought_at=MORNING - days * DAY)
        page = await list_purchases(work, ann, limit=2)
        rest = await list_purchases(work, ann, before=page[-1].id, limit=9)
        assert [each.source_key for each in page + rest] == ["1", "3", "2", "0"]


async def _at_once(working: Working, told: Rules, *deeds: Callable[[Work], Awaitable[Any]]) -> list[Any]:
    async def do(deed: Callable[[Work], Awaitable[Any]]) -> Any:
        async with working(rules=told) as work:
            return await deed(work)

    return list(await asyncio.gather(*(do(deed) for deed in deeds)))


async def test_two_tills_tell_of_one_sale_at_once(working: Working) -> None:
    """One is the first, the others repeat it, and it earns once."""
    async with working() as work:
        ann = await guest(work)
    done: list[Recorded] = await _at_once(working, Rules(), *[lambda work: buys(work, ann, 600, "till-1")] * 4)
    assert sorted(each.repeated for each in done) == [False, True, True, True]
    assert len({each.purchase.id for each in done}) == 1
    async with working() as work:
        assert await spendable(work, ann) == 600
        assert len(await list_changes(work.tx, ann)) == 1


async def test_many_sales_at_once_have_one_first_and_keep_the_cap(working: Working) -> None:
    """One first purchase, one way up, and not a point above the cap of the day."""
    capped = rules(day_cap=450, occasions={Occasion.FIRST_PURCHASE: 50})
    async with working(rules=capped) as work:
        ann = await guest(work)
    sales = [lambda work, nth=nth: buys(work, ann, 100, f"till-{nth}") for nth in range(6)]
    await _at_once(working, capped, *sales)
    async with working(rules=capped) as work:
        history = await points.list_history(work, ann, limit=20)
        assert [entry.rule for entry in history].count("first_purchase") == 1
        assert await spendable(work, ann) == 450
        assert [change.after for change in await list_changes(work.tx, ann)] == ["regular"]


async def test_refunds_at_once_never_give_back_more_than_was_paid(working: Working) -> None:
    """Of three refunds of forty in a hundred, two are recorded."""
    async with working() as work:
        ann = await guest(work)
        number = (await buys(work, ann, 100, "a")).purchase.id

    def refund(key: str) -> Callable[[Work], Awaitable[Any]]:
        return lambda work: record_refund(work, purchase_id=number, source_key=key, by=SYSTEM, amount_minor=4_000)

    done = await _at_once(working, Rules(), refund("x"), refund("y"), refund("z"), refund("x"))
    kept = {each.refund.id for each in done if isinstance(each, Refunded)}
    assert len(kept) == 2
    async with working() as work:
        assert await spendable(work, ann) == 20
        (purchase,) = await list_purchases(work, ann, limit=5)
        assert replace(purchase, refunded_minor=0).left_minor - purchase.left_minor == 8_000
