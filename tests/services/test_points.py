"""The points ledger: who may do what, each wish once, and an account that is merged, forgotten or out of time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import NotFound
from domain.loyalty import Clawback, EarningRules, LoyaltyRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.points import MOST_POINTS, Entry, EntryKind
from domain.rules import Rules
from services import points
from services.seeding import seed
from services.webhooks import add_endpoint
from services.work import Work
from storage import people as people_rows
from storage.audit import list_of_subject
from storage.staff import load_staff
from storage.webhooks import list_events
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, MORNING, Working, arrive

DAY = timedelta(days=1)
OWING = replace(Rules(), loyalty=LoyaltyRules(clawback=Clawback.NEGATIVE))
NOT_ALLOWED = Refusal("desk.refused.not_allowed")
KEY_TAKEN = Refusal("points.refused.key_taken")
BEN, CY = 7, 8


@pytest.fixture
async def ann(working: Working) -> int:
    """Ann's id, with a hundred points."""
    async with working() as work:
        person = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await earned(work, person.customer.id, 100, "first")
    return person.customer.id


@pytest.fixture
async def bob(working: Working) -> int:
    """Bob's id; he has nothing."""
    async with working() as work:
        person = await arrive(work, chat_id=BOB_CHAT, name="Bob")
    return person.customer.id


async def earned(work: Work, customer_id: int, count: int, key: str) -> Entry:
    """Give points that last as long as the rules say."""
    entry = await points.earn(work, customer_id, points=count, source_key=key, by=SYSTEM)
    assert isinstance(entry, Entry)
    return entry


async def spent(work: Work, customer_id: int, count: int, key: str) -> Entry:
    """Spend points that are there."""
    entry = await points.spend(work, customer_id, points=count, source_key=key, by=SYSTEM)
    assert isinstance(entry, Entry)
    return entry


async def member(work: Work, user_id: int, role: Role) -> Actor:
    """Return a member of staff who acts."""
    await seed(work, groups=[], members=[(user_id, "Somebody", role, None)], branches=[])
    return Actor(ActorKind.STAFF, (await load_staff(work.tx, bot_id=BOT)).member(user_id).id)


async def test_an_agent_changes_points_and_a_viewer_does_not(working: Working, ann: int) -> None:
    """What Ben may do by hand, Cy, who only looks, may not; a customer changes nothing by hand."""
    async with working() as work:
        ben, cy = await member(work, BEN, Role.AGENT), await member(work, CY, Role.VIEWER)
        assert isinstance(await adjusted(work, ann, ben), Entry)
        for by in (cy, Actor(ActorKind.CUSTOMER, ann), Actor(ActorKind.CAMPAIGN)):
            assert await adjusted(work, ann, by) == NOT_ALLOWED
        assert (await points.balance_of(work, ann)).points == 105


async def adjusted(work: Work, customer_id: int, by: Actor) -> Entry | Refusal:
    """Wish for five points more."""
    return await points.adjust(work, customer_id, points=5, source_key=f"gift {by}", by=by, reason="sorry")


async def test_nobody_spends_anothers_points(working: Working, ann: int, bob: int) -> None:
    """Bob cannot redeem with what Ann has; she can."""
    async with working() as work:
        as_bob, as_ann = Actor(ActorKind.CUSTOMER, bob), Actor(ActorKind.CUSTOMER, ann)
        assert await points.spend(work, ann, points=10, source_key="bob's", by=as_bob) == NOT_ALLOWED
        assert isinstance(await points.spend(work, ann, points=10, source_key="ann's", by=as_ann), Entry)


async def test_what_cannot_be_is_refused_and_nothing_is_written(working: Working, ann: int, bob: int) -> None:
    """Amounts that are none, no reason, too few points, entries of others."""
    async with working() as work:
        before = await points.list_history(work, ann)
        of_ann = before[0].id
        wishes = [
            (points.earn(work, ann, points=0, source_key="k", by=SYSTEM), "amount"),
            (points.spend(work, ann, points=-5, source_key="k", by=SYSTEM), "amount"),
            (points.earn(work, ann, points=MOST_POINTS + 1, source_key="k", by=SYSTEM), "amount"),
            (points.adjust(work, ann, points=0, source_key="k", by=SYSTEM, reason="why"), "amount"),
            (points.adjust(work, ann, points=5, source_key="k", by=SYSTEM, reason=" "), "reason"),
            (points.spend(work, ann, points=101, source_key="k", by=SYSTEM), "not_enough"),
            (points.adjust(work, ann, points=-101, source_key="k", by=SYSTEM, reason="why"), "not_enough"),
            (points.give_back(work, of_ann, source_key="k", by=SYSTEM), "no_such_spend"),
            (points.give_back(work, 10**9, source_key="k", by=SYSTEM), "no_such_spend"),
            (points.take_back(work, bob, points=5, source_key="k", by=SYSTEM, of_entry_id=of_ann), "no_such_entry"),
        ]
        for wish, why in wishes:
            result = await wish
            assert isinstance(result, Refusal)
            assert result.key == f"points.refused.{why}"
            assert work.texts.say(result.key, "en", **result.values)
        assert await points.list_history(work, ann) == before
        assert await points.list_history(work, bob) == []


async def test_the_same_key_is_booked_once(working: Working, ann: int, bob: int) -> None:
    """The same wish gets its first answer, in whatever transaction; another wish under the key is refused."""
    async with working() as work:
        spend = await spent(work, ann, 60, "voucher 1")
    async with working(later=DAY) as work:
        assert await spent(work, ann, 60, "voucher 1") == spend
        assert await points.spend(work, ann, points=61, source_key="voucher 1", by=SYSTEM) == KEY_TAKEN
        assert await points.earn(work, ann, points=60, source_key="voucher 1", by=SYSTEM) == KEY_TAKEN
        assert await points.earn(work, bob, points=100, source_key="first", by=SYSTEM) == KEY_TAKEN
        assert (await points.balance_of(work, ann)).points == 40


async def test_a_spend_is_returned_once_whatever_the_key(working: Working, ann: int) -> None:
    """Two returns of one voucher give one answer; a key that is taken is refused."""
    async with working() as work:
        spend = await spent(work, ann, 60, "voucher 1")
        first = await points.give_back(work, spend.id, source_key="return 1", by=SYSTEM)
        assert await points.give_back(work, spend.id, source_key="return 2", by=SYSTEM) == first
        assert await points.give_back(work, spend.id, source_key="first", by=SYSTEM) == KEY_TAKEN
        assert (await points.balance_of(work, ann)).points == 100


async def test_a_redemption_gives_no_points_of_a_refunded_purchase_back(working: Working, ann: int) -> None:
    """Buy, redeem, be refunded, return the reward: Ann has no more than before she bought."""
    async with working() as work:
        spend = await spent(work, ann, 100, "voucher 1")
        earning = (await points.list_history(work, ann))[-1]
        refund = await points.take_back(work, ann, points=100, source_key="refund", by=SYSTEM, of_entry_id=earning.id)
        assert isinstance(refund, Entry)
        assert (refund.points, refund.forgiven) == (0, 100)
        await points.give_back(work, spend.id, source_key="return", by=SYSTEM)
        assert (await points.balance_of(work, ann)).points == 0


async def test_what_is_owed_is_paid_by_what_comes(working: Working, ann: int) -> None:
    """Where customers may owe points, the next ones earned pay first."""
    async with working(rules=OWING) as work:
        await spent(work, ann, 100, "voucher 1")
        await points.take_back(work, ann, points=30, source_key="refund", by=SYSTEM)
        assert (await points.balance_of(work, ann)).points == -30
        short = await points.spend(work, ann, points=1, source_key="voucher 2", by=SYSTEM)
        assert short == Refusal("points.refused.not_enough", {"needed": 1, "available": 0})
        await earned(work, ann, 50, "second")
        balance = await points.balance_of(work, ann)
    assert (balance.points, balance.owed) == (20, 0)


async def test_awaited_points_last_from_their_release(working: Working, ann: int) -> None:
    """They last as long as the rules said when they were earned, counted from when the event happened."""
    lasting = replace(Rules(), loyalty=LoyaltyRules(earning=EarningRules(expire_after=10 * DAY)))
    async with working(rules=lasting) as work:
        await points.earn(work, ann, points=7, source_key="a", by=SYSTEM, awaits="order 5")
        await points.earn(work, ann, points=8, source_key="b", by=SYSTEM, awaits="order 5", expires_at=None)
        assert (await points.balance_of(work, ann)).pending == 15
    async with working(later=5 * DAY) as work:
        assert await points.release(work, "order 5") == 2
        assert await points.release(work, "order 5") == 0
        lots = (await points.balance_of(work, ann)).lots
    assert [(lot.remaining, lot.expires_at) for lot in lots] == [
        (7, MORNING + 15 * DAY),
        (100, MORNING + 365 * DAY),
        (8, None),
    ]


async def test_a_clock_that_goes_back_brings_no_points_back(working: Working, ann: int) -> None:
    """What was expired when the account was last written stays so; entries never go back in time."""
    async with working() as work:
        await points.earn(work, ann, points=5, source_key="a", by=SYSTEM, expires_at=MORNING + DAY)
    async with working(later=2 * DAY) as work:
        await spent(work, ann, 10, "later")
    async with working() as work:
        assert (await points.balance_of(work, ann)).points == 90
        assert (await earned(work, ann, 1, "b")).at == MORNING + 2 * DAY


async def test_a_merged_record_is_followed_and_a_forgotten_one_refused(working: Working, ann: int, bob: int) -> None:
    """What still names the duplicate is booked on the record that was kept; once forgotten, nothing is."""
    async with working() as work:
        await points.join_accounts(work, from_id=ann, to_id=bob, by=SYSTEM)
        people_rows.change_customer(work.tx, ann, merged_into=bob)
        assert (await earned(work, ann, 5, "late")).customer_id == bob
        assert (await points.balance_of(work, bob)).points == 105
        await points.forfeit_all(work, bob, by=SYSTEM)
        people_rows.change_customer(work.tx, bob, erased_at=work.now)
        forgotten = await points.earn(work, ann, points=5, source_key="too late", by=SYSTEM)
        assert forgotten == Refusal("points.refused.forgotten")
        assert sum(entry.points for entry in await points.list_history(work, bob)) == 0


async def test_an_unknown_customer_is_named(working: Working) -> None:
    """Nobody's points are an error with a line of its own."""
    async with working() as work:
        with pytest.raises(NotFound, match="no customer 4711"):
            await points.earn(work, 4711, points=5, source_key="k", by=SYSTEM)
        assert (await points.balance_of(work, 4711)).points == 0


async def test_every_entry_has_an_author_and_is_told(working: Working, ann: int) -> None:
    """Ben's correction is audited with his reason, and other systems hear of it without his words."""
    async with working() as work:
        await add_endpoint(work, url="https://example.com/", kinds=["points.changed"], allow_private=False, by=SYSTEM)
        ben = await member(work, BEN, Role.AGENT)
        entry = await points.adjust(work, ann, points=-5, source_key="k", by=ben, reason="typed twice")
        assert isinstance(entry, Entry)
        audited = await list_of_subject(work.tx, "entry", entry.id)
        events = await list_events(work.tx, before_id=None, kind="points.changed", limit=10)
    assert [(row.action, row.actor_id) for row in audited] == [("ledger.adjust", ben.id)]
    assert (audited[0].after or {})["reason"] == "typed twice"
    assert entry.kind is EntryKind.ADJUST
    assert len(events) == 1
    assert "typed" not in str(events[0])
