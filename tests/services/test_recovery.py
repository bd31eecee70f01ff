"""Making it good: points or a voucher from the case, once, within one's limit, and the customer hears of it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.approvals import Approval
from domain.loyalty import Clawback
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, Actor, ActorKind, Role, StaffMember
from domain.points import Entry
from domain.rewards import Voucher
from services import points, recovery
from services.approvals import decide
from storage.approvals import get_approval
from storage.cases import get_case
from storage.members import list_members
from storage.tables import rewards
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from tests.services.loyalty import COFFEE, RULES, on_the_shelf, spendable

ADA = 66
CAKE = replace(COFFEE, key="cake", price_points=80, names={"en": "A cake"}, terms={}, stock=1)


@pytest.fixture
async def case(desk: Desk) -> CaseView:
    """Ann's complaint; Ben may give 100 points alone, Sue 1,000. A cake is 80 points, a coffee 300."""
    desk.town.rules = replace(desk.town.rules, loyalty=RULES.loyalty)
    async with desk.town.work() as work:
        await on_the_shelf(work)
        await on_the_shelf(work, CAKE)
    return await desk.case_of()


async def who(case: CaseView, user_id: int) -> StaffMember:
    """Return a member of staff."""
    async with case.desk.town.db.read() as tx:
        return next(one for one in await list_members(tx) if one.user_id == user_id)


async def gives(case: CaseView, amount: int, *, by: int = BEN, key: str = "k") -> Entry | Approval | Refusal:
    """Give Ann points."""
    member = await who(case, by)
    async with case.desk.town.work() as work:
        return await recovery.give_points(
            work, case_id=case.id, by=member, points=amount, reason="", source_key=f"recovery:{key}"
        )


async def gives_voucher(case: CaseView, reward: str, *, by: int = BEN, key: str = "k") -> Voucher | Approval | Refusal:
    """Give Ann a voucher."""
    member = await who(case, by)
    async with case.desk.town.work() as work:
        return await recovery.give_voucher(
            work, case_id=case.id, by=member, reward_key=reward, reason="", source_key=f"recovery:{key}"
        )


async def told_ann(case: CaseView) -> list[str]:
    """Deliver what is queued; returns what Ann reads."""
    said = await case.desk.town.deliver()
    return [one.text for one in said if one.target[0] is TargetKind.CONTACT]


async def holds(case: CaseView) -> tuple[int, int, int]:
    """Return Ann's spendable points, her vouchers, and how much does not add up in the ledger."""
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        faults = (await points.check_accounts(work, after_id=0)).faults
        return await spendable(work, found.customer_id), len(await case.desk.town.rows("vouchers")), len(faults)


async def test_points_are_given_and_said_warmly(case: CaseView) -> None:
    """Ann reads of them at once, in the record of her case, and not a second time as a notice."""
    done = await gives(case, 50)
    assert isinstance(done, Entry)
    assert "C-1001" in (done.reason or "")
    (said,) = await told_ann(case)
    assert said.startswith("💛 Ann, we are sorry")
    assert "50 points" in said
    assert await case.desk.town.rows("notices") == []
    assert (await case.record(direction="out"))[-1].text == said
    (audited,) = await case.desk.town.rows("audit", action="case.recover")
    assert (audited.subject_id, audited.after) == (case.id, {"points": 50, "reason": "Making C-1001 good (Complaint)"})
    assert await holds(case) == (50, 0, 0)


async def test_a_voucher_costs_nothing_and_the_ledger_adds_up(case: CaseView) -> None:
    """Ann has the cake and the points she had; she reads the code, and the shelf has one less."""
    done = await gives_voucher(case, "cake")
    assert isinstance(done, Voucher)
    told = await told_ann(case)
    assert any(done.shown_code in text and "A cake" in text for text in told)
    assert await holds(case) == (0, 1, 0)
    sold_out = await gives_voucher(case, "cake", key="other")
    assert isinstance(sold_out, Refusal)
    assert sold_out.key == "points.refused.sold_out"
    assert await holds(case) == (0, 1, 0)


@pytest.mark.parametrize("give", [lambda case: gives(case, 90), lambda case: gives_voucher(case, "cake")])
async def test_two_taps_at_once_give_once(case: CaseView, give: Any) -> None:
    """Ben's thumb is quick: the same message tapped twice gives once, asks nobody, and says it once."""
    many = await asyncio.gather(give(case), give(case), give(case))
    assert len({one.id for one in many}) == 1
    assert await case.desk.town.rows("approvals") == []
    assert len(await case.desk.town.rows("audit", action="case.recover")) == 1
    assert len([text for text in await told_ann(case) if "sorry" in text]) == 1
    assert (await holds(case))[2] == 0


async def test_above_the_limit_a_second_person_taps(case: CaseView) -> None:
    """Ben asks for a coffee, 300 points' worth: Ann hears nothing before Sue has agreed."""
    asked = await gives_voucher(case, "coffee")
    assert isinstance(asked, Approval)
    assert await holds(case) == (0, 0, 0)
    assert await told_ann(case) == []
    sue = Actor(ActorKind.STAFF, (await who(case, SUE)).id)
    async with case.desk.town.work() as work:
        assert isinstance(await decide(work, asked.id, agree=True, by=sue), Approval)
    assert any("A coffee" in text for text in await told_ann(case))
    assert await holds(case) == (0, 1, 0)
    assert await gives_voucher(case, "coffee") == await _approval(case)


async def _approval(case: CaseView) -> Any:
    async with case.desk.town.db.read() as tx:
        return await get_approval(tx, 1)


async def test_what_was_agreed_to_but_is_gone_stays_open(case: CaseView) -> None:
    """The last coffee went to somebody else: Sue is told so, nothing is booked, and the question stays."""
    asked = await gives_voucher(case, "coffee")
    assert isinstance(asked, Approval)
    async with case.desk.town.work() as work:
        await work.tx.execute(rewards.update().values(stock=0))
    sue = Actor(ActorKind.STAFF, (await who(case, SUE)).id)
    async with case.desk.town.work() as work:
        refused = await decide(work, asked.id, agree=True, by=sue)
    assert isinstance(refused, Refusal)
    assert refused.key == "points.refused.sold_out"
    assert [row.state for row in await case.desk.town.rows("approvals")] == ["open"]
    assert await case.desk.town.rows("point_entries") == []


async def test_vouchers_and_points_share_one_limit(case: CaseView) -> None:
    """A cake for 80 and 30 points more are above Ben's 100 for a day: somebody else is asked."""
    assert isinstance(await gives_voucher(case, "cake"), Voucher)
    assert isinstance(await gives(case, 30, key="more"), Approval)


async def test_an_admin_alone_is_marked(case: CaseView) -> None:
    """Nobody else could agree: Ada may, and the audit says that it was one person."""
    await case.desk.town.hires(ADA, "Ada", Role.ADMIN)
    assert isinstance(await gives(case, 5000, by=ADA), Entry)
    assert len(await case.desk.town.rows("audit", action="approval.alone")) == 1


async def test_whoever_owes_points_gets_points_instead(case: CaseView) -> None:
    """A voucher's points would pay Ann's debt: it is refused, and nothing is booked."""
    rules = replace(RULES.loyalty, clawback=Clawback.NEGATIVE)
    case.desk.town.rules = replace(case.desk.town.rules, loyalty=rules)
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        await points.take_back(work, found.customer_id, points=50, source_key="refund", by=SYSTEM)
    refused = await gives_voucher(case, "cake")
    assert isinstance(refused, Refusal)
    assert refused.key == "recovery.refused.owes"
    assert len(await case.desk.town.rows("point_entries")) == 1


async def test_in_two_taps(case: CaseView) -> None:
    """Ben opens the choice, taps 50, and it is done; his own amount he writes with its reason."""
    offered = await case.desk.taps(BEN, f"k:recover:{case.id}")
    choice = next(one for one in offered.staff if one.buttons)
    assert [words for words, _ in choice.buttons] == [
        "✨ 20 points",
        "✨ 50 points",
        "✨ 100 points",
        "✏️ Another amount",
        "🎟 A cake",
        "👥 A coffee",
    ]
    heard = await case.desk.taps(BEN, f"k:recover:{case.id}:p:50", choice.message_id)
    assert "Ann has +50 points from us" in heard.told_staff
    asked = await case.desk.taps(BEN, f"k:recover:{case.id}:own", choice.message_id)
    prompt = next(one for one in asked.staff if one.body.get("force_reply"))
    await case.writes(BEN, "40 sorry for the wait", reply_to=prompt.message_id)
    await case.writes(BEN, "/recover nonsense")
    assert await holds(case) == (90, 0, 0)


async def test_a_stranger_to_points_cannot(case: CaseView) -> None:
    """Mia runs campaigns: she gives nothing away here."""
    refused = await gives(case, 10, by=44)
    assert isinstance(refused, Refusal)
    assert refused.key == "desk.refused.not_allowed"
    assert await holds(case) == (0, 0, 0)
