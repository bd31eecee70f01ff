"""What comes with a campaign's message: a voucher or points for this one person, given once; a task for staff."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.desk import DeskRules, Hours
from domain.loyalty import Clawback, LoyaltyRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, MemberReach, Role
from domain.rewards import VoucherState
from domain.rules import Rules
from services import points
from services.campaigns.answers import Pressed, press
from services.campaigns.follow_up import make_task
from services.campaigns.gifts import give_gift
from services.rewards import change_reward
from services.vouchers import list_vouchers
from services.work import Work
from storage.deliveries import list_deliveries
from storage.tables import customers, deliveries, outbox, tasks
from tests.services.campaign_guests import guest, keep
from tests.services.campaign_office import hire
from tests.services.loyalty import COFFEE, on_the_shelf, spendable
from tests.services.shop import ANN_CHAT, BOB_CHAT, Working

CUP = '[gift]\nreward = "coffee"\ncost_minor = 300'
TEA = '[gift]\nreward = "tea"'
FIFTY = "[gift]\npoints = 50"
REDEEM = '[[buttons]]\nkey = "look"\nkind = "redeem"\nlabel.en = "Have a look"\nref = "coffee"'
CALL = '[task]\ntitle.en = "Ring {{ name }}"\nwithin = "4h"'
WORKING = Rules(desk=DeskRules(hours=Hours(week=(((time(9), time(19)),),) * 5 + ((), ()))))
OWING = Rules(loyalty=LoyaltyRules(clawback=Clawback.NEGATIVE))


async def told_staff(work: Work) -> int:
    """Count how often staff were told that a gift cannot be had."""
    bodies = (await work.tx.execute(select(outbox.c.body).where(outbox.c.customer_id.is_(None)))).scalars()
    return sum("the gift cannot be had any more" in str(body) for body in bodies)


async def test_a_voucher_is_given_once_and_to_one_person(working: Working) -> None:
    """Asked twice for the same message, Ann has one coffee, paid for by us; the words name its last good day."""
    async with working() as work:
        await on_the_shelf(work)
        kept = await keep(work, CUP)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        given = [await give_gift(work, kept, delivery=hers, person=ann) for _ in range(2)]
        [voucher] = await list_vouchers(work, ann.customer.id)
        until = (voucher.expires_at - timedelta(milliseconds=1)).astimezone(work.rules.zone).date()
        said: dict[str, Any] = {"voucher": voucher.code, "voucher_until": until.isoformat(), "voucher_id": voucher.id}
        assert given == [said, said]
        assert (voucher.state, await spendable(work, ann.customer.id)) == (VoucherState.ISSUED, 0)


async def test_points_are_given_once(working: Working) -> None:
    """Fifty points, however often it is tried."""
    async with working() as work:
        kept = await keep(work, FIFTY)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        assert [await give_gift(work, kept, delivery=hers, person=ann) for _ in range(2)] == [{"gift_points": 50}] * 2
        assert await spendable(work, ann.customer.id) == 50


async def test_what_ran_out_is_told_to_staff_once(working: Working) -> None:
    """The last cup went to Ann: Bob gets nothing, nor does the next; Mia hears of it once."""
    async with working() as work:
        mia = await hire(work, 44, "Mia", Role.MARKETER, reach=MemberReach.REACHABLE)
        await on_the_shelf(work)
        await change_reward(work, "coffee", by=SYSTEM, restock=1)
        kept = await keep(work, CUP)
        people = [await guest(work, kept, chat_id=1001 + nth, name=f"Guest {nth}") for nth in range(3)]
        given = [await give_gift(work, kept, delivery=one[1], person=one[0]) for one in people]
        assert [one is not None for one in given] == [True, False, False]
        assert (mia.active, await told_staff(work)) == (True, 1)


async def test_one_who_owes_points_is_no_end_of_the_gift(working: Working) -> None:
    """Ann owes points and gets none, which is nobody's news; when the cups really run out, Mia hears of it."""
    async with working(rules=OWING) as work:
        await hire(work, 44, "Mia", Role.MARKETER, reach=MemberReach.REACHABLE)
        await on_the_shelf(work)
        kept = await keep(work, CUP)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        await points.take_back(work, ann.customer.id, points=50, source_key="refund", by=SYSTEM)
        assert await give_gift(work, kept, delivery=hers, person=ann) is None
        assert await told_staff(work) == 0
        await change_reward(work, "coffee", by=SYSTEM, active=False)
        bob, his = await guest(work, kept, chat_id=BOB_CHAT, name="Bob")
        assert await give_gift(work, kept, delivery=his, person=bob) is None
        assert await told_staff(work) == 1


@pytest.mark.parametrize("first", [CUP, FIFTY])
async def test_what_was_given_stays_given(working: Working, first: str) -> None:
    """The message was taken back, and the campaign gives tea from now on: Ann keeps the first gift, and gets no tea."""
    async with working() as work:
        await on_the_shelf(work)
        await on_the_shelf(work, replace(COFFEE, key="tea"))
        kept = await keep(work, first)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        given = await give_gift(work, kept, delivery=hers, person=ann)
        await work.tx.execute(update(deliveries).values(recalls=1, state="planned"))
        again = (await list_deliveries(work.tx, [hers.id]))[hers.id]
        assert given is not None
        assert await give_gift(work, await keep(work, TEA), delivery=again, person=ann) == given
        assert len(await list_vouchers(work, ann.customer.id)) == (first == CUP)


async def test_a_button_leads_to_what_points_can_buy(working: Working) -> None:
    """Ann sees the reward while it is there; when it is gone the button says so."""
    async with working() as work:
        reward = await on_the_shelf(work)
        ann, hers = await guest(work, await keep(work, REDEEM), chat_id=ANN_CHAT, name="Ann")
        shown = await press(work, ann, delivery_id=hers.id, button="look")
        assert isinstance(shown, Pressed)
        assert [button.data for row in shown.buttons for button in row] == [f"c:reward:{reward.id}"]
        await change_reward(work, "coffee", by=SYSTEM, active=False)
        gone = await press(work, ann, delivery_id=hers.id, button="look")
        assert gone == Refusal("campaign_tap.refused.no_reward")


async def test_a_task_comes_once_to_whose_customer_it_is(working: Working) -> None:
    """Ben looks after Ann: he is to ring her, within four working hours of Friday afternoon, which ends on Monday."""
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    async with working(rules=WORKING) as work:
        work.now = friday
        ben = await hire(work, 22, "Ben", Role.AGENT)
        kept = await keep(work, CALL)
        ann, hers = await guest(work, kept, chat_id=ANN_CHAT, name="Ann")
        await work.tx.execute(update(customers).values(owner_id=ben.id))
        ann = replace(ann, customer=replace(ann.customer, owner_id=ben.id))
        for _ in range(2):
            await make_task(work, kept, delivery=hers, person=ann)
        [task] = (await work.tx.execute(select(tasks))).all()
        assert (task.owner_id, task.text, task.customer_id) == (ben.id, "Ring Ann", ann.customer.id)
        assert task.due_at == datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
