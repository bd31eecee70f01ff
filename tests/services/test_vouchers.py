"""Vouchers: used once, told of, returned with every lot's own expiry, and over after their last day."""

from datetime import timedelta

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.rewards import Voucher, VoucherState
from services import points
from services.merging import join_records
from services.rewards import list_rewards
from services.vouchers import (
    expire_vouchers,
    find_voucher,
    list_vouchers,
    own_voucher,
    return_voucher,
    use_voucher,
)
from services.work import Work
from storage.audit import list_of_subject
from storage.database import Database
from storage.people import add_customer
from storage.tables import api_keys, outbox, webhook_events
from storage.webhooks import insert_endpoint
from tests.services.loyalty import RULES, at_once, hire, member_with, on_the_shelf, redeemed, spendable
from tests.services.shop import BOB_CHAT, Working
from texts.catalogue import plain


async def issued(work: Work) -> tuple[Voucher, Actor]:
    """Return a voucher of Ann's, and Ben who may mark it used."""
    voucher = await redeemed(work, await member_with(work, 300), await on_the_shelf(work))
    return voucher, await hire(work, 22, "Ben", Role.AGENT)


async def told(database: Database) -> list[str]:
    """Return all words queued, as people read them."""
    async with database.read() as tx:
        rows = (await tx.execute(outbox.select().order_by(outbox.c.id))).all()
    return [plain(row.body["content"].get("text", "")) for row in rows]


async def test_a_voucher_works_once(working: Working) -> None:
    """Ben marks it used; Sue, who comes later, is told when and by whom."""
    async with working() as work:
        voucher, ben = await issued(work)
        sue = await hire(work, 33, "Sue", Role.SUPERVISOR)
        used = await use_voucher(work, voucher.code, by=ben)
        assert isinstance(used, Voucher)
        assert (used.state, used.used_at, used.used_by) == (VoucherState.USED, work.now, ben)
        at = work.now
    async with working(later=timedelta(hours=2)) as work:
        refused = await use_voucher(work, voucher.code, by=sue)
        assert refused == Refusal("points.refused.voucher_used_by", {"moment": at, "name": "Ben"})
        actions = [(row.action, row.actor_id) for row in await list_of_subject(work.tx, "voucher", voucher.id)]
        assert actions[1:] == [("voucher.use", ben.id)]


async def test_of_two_who_use_it_at_once_one_is_refused(working: Working) -> None:
    """Ben and Sue scan the same screen at the same moment, and each knows who was first."""
    async with working() as work:
        voucher, ben = await issued(work)
        sue = await hire(work, 33, "Sue", Role.SUPERVISOR)

    def uses(by: Actor) -> object:
        return lambda work: use_voucher(work, voucher.code, by=by)

    done = await at_once(working, *(uses(by) for by in (ben, sue, ben, sue)))  # type: ignore[arg-type]
    (used,) = [each for each in done if isinstance(each, Voucher)]
    refused = [each for each in done if isinstance(each, Refusal)]
    first = "Ben" if used.used_by == ben else "Sue"
    assert [(each.key, each.values["name"]) for each in refused] == [("points.refused.voucher_used_by", first)] * 3


async def test_the_customer_is_told_that_it_was_used(working: Working, database: Database) -> None:
    """From whatever edge it was marked, Ann reads it once."""
    async with working() as work:
        voucher, ben = await issued(work)
        await use_voucher(work, voucher.code, by=ben)
        await use_voucher(work, voucher.code, by=ben)
    said = [text for text in await told(database) if "has just been used" in text]
    assert len(said) == 1
    assert voucher.shown_code in said[0]


@pytest.mark.parametrize("spelling", ["{0}-{1}-{2}", "{0} {1} {2}", "{0}{1}{2}"])
async def test_a_code_is_found_however_it_is_written(working: Working, spelling: str) -> None:
    """Small letters, gaps, dashes and full width are all the same code."""
    async with working() as work:
        voucher, _ = await issued(work)
        written = spelling.format(*(voucher.code[n : n + 4] for n in (0, 4, 8))).lower()
        wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in written)
        assert await find_voucher(work, written) == await find_voucher(work, wide) == voucher


async def test_each_refusal_has_its_own_words(working: Working) -> None:
    """Unknown, returned and expired are three different things."""
    async with working() as work:
        voucher, ben = await issued(work)
        other = await redeemed(
            work, await member_with(work, 300, chat_id=BOB_CHAT, name="Bob"), await on_the_shelf(work)
        )
        await return_voucher(work, other.code, by=ben, reason="a slip")
        for code, key in (("", "no_voucher"), ("NOSUCHCODE22", "no_voucher"), (other.code, "voucher_returned")):
            done = await use_voucher(work, code, by=ben)
            assert isinstance(done, Refusal)
            assert done.key == f"points.refused.{key}"
    async with working(later=timedelta(days=91)) as work:
        done = await use_voucher(work, voucher.code, by=ben)
        assert isinstance(done, Refusal)
        assert (done.key, str(done.values["day"])) == ("points.refused.voucher_expired", "2027-02-20")


async def test_it_is_good_until_its_last_moment(working: Working) -> None:
    """One millisecond before midnight it still works, whether or not the clock has ticked."""
    async with working() as work:
        voucher, ben = await issued(work)
        last = voucher.expires_at - work.now - timedelta(milliseconds=1)
    async with working(later=last) as work:
        assert isinstance(await use_voucher(work, voucher.code, by=ben), Voucher)


async def test_only_who_may_marks_it_used(working: Working) -> None:
    """A marketer may not, nor may Ann herself; an API key may and is named afterwards."""
    async with working() as work:
        voucher, ben = await issued(work)
        mia = await hire(work, 44, "Mia", Role.MARKETER)
        for by in (mia, Actor(ActorKind.CUSTOMER, voucher.customer_id)):
            assert await use_voucher(work, voucher.code, by=by) == Refusal("points.refused.not_allowed")
        insert = api_keys.insert().values(
            name="Till 1", prefix="abc", key_hash="0", scopes=[], per_minute=60, created_at=work.now
        )
        key_id = (await work.tx.execute(insert.returning(api_keys.c.id))).scalar_one()
        assert isinstance(await use_voucher(work, voucher.code, by=Actor(ActorKind.API, key_id)), Voucher)
        refused = await use_voucher(work, voucher.code, by=ben)
        assert isinstance(refused, Refusal)
        assert refused.values["name"] == "Till 1"


async def test_points_come_back_with_each_lots_own_expiry(working: Working) -> None:
    """A voucher paid from two lots: returned, each lot has its points again and ends when it would have."""
    async with working() as work:
        ann, coffee = await member_with(work, 0), await on_the_shelf(work)
        for days, amount in ((10, 100), (20, 400)):
            ends_at = work.now + timedelta(days=days)
            await points.earn(work, ann, points=amount, source_key=f"lot:{days}", by=SYSTEM, expires_at=ends_at)
        before = await points.balance_of(work, ann)
        voucher = await redeemed(work, ann, coffee)
        ben = await hire(work, 22, "Ben", Role.AGENT)
        done = await return_voucher(work, voucher.code, by=ben, reason="The machine is broken")
        assert isinstance(done, Voucher)
        assert done.state is VoucherState.RETURNED
        assert await points.balance_of(work, ann) == before
        assert [reward.stock for reward in await list_rewards(work)] == [5]
        again = await return_voucher(work, voucher.code, by=ben, reason="The machine is broken")
        assert again == Refusal("points.refused.voucher_returned")
        assert await spendable(work, ann) == 500


async def test_used_or_returned_but_never_both(working: Working) -> None:
    """One colleague marks it used while another takes it back: one of them is refused."""
    async with working() as work:
        voucher, ben = await issued(work)
    done = await at_once(
        working,
        lambda work: use_voucher(work, voucher.code, by=ben),
        lambda work: return_voucher(work, voucher.code, by=ben, reason="a slip"),
    )
    (kept,) = [each for each in done if isinstance(each, Voucher)]
    async with working() as work:
        back = 300 if kept.state is VoucherState.RETURNED else 0
        assert await spendable(work, voucher.customer_id) == back


async def test_a_voucher_is_used_while_its_holder_is_merged(working: Working) -> None:
    """Whoever comes first, the other waits: used once, and the kept record holds it."""
    async with working() as work:
        voucher, ben = await issued(work)
        bob = await member_with(work, 0, chat_id=BOB_CHAT, name="Bob")
    await at_once(
        working,
        lambda work: join_records(work, keep_id=bob, duplicate_id=voucher.customer_id, by=SYSTEM),
        lambda work: use_voucher(work, voucher.code, by=ben),
        lambda work: use_voucher(work, voucher.code, by=ben),
    )
    async with working() as work:
        (used,) = await list_vouchers(work, bob)
        assert (used.id, used.state) == (voucher.id, VoucherState.USED)


async def test_vouchers_expire_while_their_holders_are_merged(working: Working) -> None:
    """The tick locks accounts in the order in which a merge does, so that both come to their end."""
    async with working() as work:
        voucher, _ = await issued(work)
        bob = await member_with(work, 300, chat_id=BOB_CHAT, name="Bob")
        (coffee,) = await list_rewards(work)
        await redeemed(work, bob, coffee)
    late = timedelta(days=92)
    await at_once(
        lambda **how: working(later=late, **how),
        lambda work: expire_vouchers(work, limit=10),
        lambda work: join_records(work, keep_id=bob, duplicate_id=voucher.customer_id, by=SYSTEM),
    )
    async with working(later=late) as work:
        assert [each.state for each in await list_vouchers(work, bob)] == [VoucherState.EXPIRED] * 2


async def test_a_return_needs_a_reason(working: Working) -> None:
    """Without one nothing changes."""
    async with working() as work:
        voucher, ben = await issued(work)
        assert await return_voucher(work, voucher.code, by=ben, reason=" . ") == Refusal("points.refused.reason")
        assert await find_voucher(work, voucher.code) == voucher


async def test_what_was_not_used_in_time_expires_and_stays_paid(working: Working) -> None:
    """The tick notes it once; the points are not returned."""
    async with working() as work:
        voucher, _ = await issued(work)
    done = []
    for days in (90, 91, 92):
        async with working(later=timedelta(days=days)) as work:
            done.append(await expire_vouchers(work, limit=10))
    assert done == [0, 1, 0]
    async with working(later=timedelta(days=92)) as work:
        (listed,) = await list_vouchers(work, voucher.customer_id)
        assert listed.state is VoucherState.EXPIRED
        assert await spendable(work, voucher.customer_id) == 0


async def test_a_voucher_is_known_to_its_holder_alone(working: Working) -> None:
    """Bob asks for Ann's voucher by its number and learns nothing."""
    async with working() as work:
        voucher, _ = await issued(work)
        bob = await member_with(work, 0, chat_id=BOB_CHAT, name="Bob")
        assert await own_voucher(work, voucher.id, customer_id=bob) is None
        assert await own_voucher(work, voucher.id, customer_id=voucher.customer_id) == voucher


async def test_other_systems_hear_of_it(working: Working, database: Database) -> None:
    """Issued and used are events, without the code that is worth something."""
    async with working() as work:
        await insert_endpoint(
            work.tx, url="https://till.example/", secret="s", kinds=(), allow_private=False, now=work.now
        )
        voucher, ben = await issued(work)
        await use_voucher(work, voucher.code, by=ben)
    async with database.read() as tx:
        events = (await tx.execute(webhook_events.select().order_by(webhook_events.c.id))).all()
    vouchers = [event for event in events if event.kind.startswith("voucher.")]
    assert [event.kind for event in vouchers] == ["voucher.issued", "voucher.used"]
    assert all(event.data["voucher_id"] == voucher.id for event in vouchers)
    assert not any(voucher.code in str(event.data) for event in vouchers)


async def test_who_has_no_chat_is_told_nothing(working: Working, database: Database) -> None:
    """A customer known by record alone can have a voucher from the till all the same."""
    async with working(rules=RULES) as work:
        paper = await add_customer(work.tx, name="Pia", language="en", source=None, branch_id=None, now=work.now)
        await points.earn(work, paper.id, points=300, source_key="start", by=SYSTEM)
        voucher = await redeemed(work, paper.id, await on_the_shelf(work))
        assert isinstance(await use_voucher(work, voucher.code, by=SYSTEM), Voucher)
    assert await told(database) == []
