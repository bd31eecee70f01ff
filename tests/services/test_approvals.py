"""Points changed by hand: a reason, a limit, and above it a second person."""

from datetime import timedelta

import pytest

from domain.approvals import Approval, ApprovalState
from domain.cases import CaseKind
from domain.loyalty import LoyaltyRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.points import Entry
from domain.rules import Rules
from services.approvals import change_points, decide, expire_approvals
from services.cases import open_case
from services.work import Work
from storage.approvals import get_approval
from storage.audit import list_of_subject
from storage.database import Database
from storage.staff import insert_missing_group
from storage.tables import notices, outbox, staff_members
from tests.services.loyalty import RULES, at_once, hire, member_with, spendable
from tests.services.shop import BOT, Working, arrive, hear
from texts.catalogue import plain

LATE = "The delivery was late"


class Shop:
    """Ann with 200 points, and who works here."""

    def __init__(self, ann: int, ben: Actor, sue: Actor, ada: Actor) -> None:
        self.ann, self.ben, self.sue, self.ada = ann, ben, sue, ada


@pytest.fixture
async def shop(working: Working) -> Shop:
    """Ben the agent, Sue the supervisor and Ada the admin in a staff group, Ann a customer."""
    async with working() as work:
        await insert_missing_group(work.tx, bot_id=BOT, chat_id=-100, name="Desk", language="en")
        return Shop(
            await member_with(work, 200),
            await hire(work, 22, "Ben", Role.AGENT),
            await hire(work, 33, "Sue", Role.SUPERVISOR),
            await hire(work, 99, "Ada", Role.ADMIN),
        )


async def change(
    work: Work, shop: Shop, amount: int, by: Actor, key: str = "k", reason: str = LATE
) -> Entry | Approval | Refusal:
    """Change Ann's points."""
    return await change_points(work, shop.ann, points=amount, reason=reason, source_key=key, by=by)


async def asked(working: Working, shop: Shop, amount: int = 500, by: Actor | None = None) -> Approval:
    """Return an open question of Ben's."""
    async with working(rules=RULES) as work:
        done = await change(work, shop, amount, by or shop.ben)
        assert isinstance(done, Approval)
        return done


async def told_staff(database: Database) -> list[str]:
    """Return what the staff group was told."""
    async with database.read() as tx:
        rows = (await tx.execute(outbox.select().where(outbox.c.target_kind == "staff_group"))).all()
    return [plain(row.body["content"]["text"]) for row in sorted(rows, key=lambda row: row.id)]


@pytest.mark.parametrize(("amount", "left"), [(100, 300), (-100, 100)])
async def test_within_the_limit_one_person_is_enough(working: Working, shop: Shop, amount: int, left: int) -> None:
    """Ben gives or takes up to his limit, and the ledger names him and his reason."""
    async with working(rules=RULES) as work:
        done = await change(work, shop, amount, shop.ben)
        assert isinstance(done, Entry)
        assert (done.points, done.actor, done.reason) == (amount, shop.ben, LATE)
        assert await spendable(work, shop.ann) == left


async def test_above_it_a_second_person_is_asked(working: Working, shop: Shop, database: Database) -> None:
    """Nothing changes yet; the group reads who asks what and why, with two buttons."""
    approval = await asked(working, shop)
    async with working(rules=RULES) as work:
        assert await spendable(work, shop.ann) == 200
    (said,) = await told_staff(database)
    assert all(words in said for words in ("Ben", "+500", "Ann", LATE))
    async with database.read() as tx:
        row = (await tx.execute(outbox.select().where(outbox.c.target_kind == "staff_group"))).one()
    assert [button["callback_data"] for button in row.body["buttons"][0]] == [
        f"k:agree:{approval.id}",
        f"k:refuse:{approval.id}",
    ]


async def test_a_second_person_agrees(working: Working, shop: Shop, database: Database) -> None:
    """Sue says yes: the points are booked as Ben's change, and who agreed is on record."""
    approval = await asked(working, shop)
    async with working(rules=RULES) as work:
        done = await decide(work, approval.id, agree=True, by=shop.sue)
        assert isinstance(done, Approval)
        assert (done.state, done.decided_by) == (ApprovalState.AGREED, shop.sue.id)
        assert await spendable(work, shop.ann) == 700
        rows = await list_of_subject(work.tx, "approval", approval.id)
        assert [(row.action, row.actor_id) for row in rows] == [
            ("approval.ask", shop.ben.id),
            ("approval.agree", shop.sue.id),
        ]
    assert "Sue agreed: +500" in (await told_staff(database))[-1]


async def test_a_refused_change_is_none(working: Working, shop: Shop, database: Database) -> None:
    """Sue says no, and a yes that comes later is too late."""
    approval = await asked(working, shop)
    async with working(rules=RULES) as work:
        await decide(work, approval.id, agree=False, by=shop.sue)
        late = await decide(work, approval.id, agree=True, by=shop.ada)
        assert late == Refusal("points.refused.decided_by", {"name": "Sue"})
        assert await spendable(work, shop.ann) == 200
    assert "Sue refused +500" in (await told_staff(database))[-1]


async def test_nobody_agrees_to_their_own_question(working: Working, shop: Shop) -> None:
    """Sue asks for more than her limit and cannot say yes herself, but may take it back."""
    approval = await asked(working, shop, 1500, by=shop.sue)
    async with working(rules=RULES) as work:
        refused = await decide(work, approval.id, agree=True, by=shop.sue)
        assert refused == Refusal("points.refused.own_request")
        taken_back = await decide(work, approval.id, agree=False, by=shop.sue)
        assert isinstance(taken_back, Approval)
        assert await spendable(work, shop.ann) == 200


async def test_who_agrees_needs_the_right_and_the_limit(working: Working, shop: Shop) -> None:
    """Not another agent, not Sue above her limit; Ada may."""
    approval = await asked(working, shop, 1500)
    async with working(rules=RULES) as work:
        bo, mia = await hire(work, 55, "Bo", Role.AGENT), await hire(work, 66, "Mia", Role.MARKETER)
        for by in (bo, mia, Actor(ActorKind.STAFF, 0), SYSTEM, Actor(ActorKind.CUSTOMER, shop.ann)):
            assert await decide(work, approval.id, agree=True, by=by) == Refusal("points.refused.not_allowed")
        above = await decide(work, approval.id, agree=True, by=shop.sue)
        assert above == Refusal("points.refused.above_limit", {"limit": 1000})
        assert isinstance(await decide(work, approval.id, agree=True, by=shop.ada), Approval)
        assert await spendable(work, shop.ann) == 1700


async def test_two_taps_at_once_decide_once(working: Working, shop: Shop) -> None:
    """Sue and Ada agree at the same moment: the points come once, and the second is told of the first."""
    approval = await asked(working, shop)
    done = await at_once(
        working,
        *(lambda work, by=by: decide(work, approval.id, agree=True, by=by) for by in (shop.sue, shop.ada) * 2),
    )
    assert sorted(type(each).__name__ for each in done) == ["Approval", "Refusal", "Refusal", "Refusal"]
    async with working(rules=RULES) as work:
        assert await spendable(work, shop.ann) == 700


async def test_a_limit_is_not_got_round_in_small_steps(working: Working, shop: Shop) -> None:
    """Ben's second 60 for Ann within a day is above his 100; the day after it is not."""
    async with working(rules=RULES) as work:
        assert isinstance(await change(work, shop, 60, shop.ben, "one"), Entry)
        assert isinstance(await change(work, shop, 60, shop.ben, "two"), Approval)
        assert isinstance(await change(work, shop, 60, shop.sue, "three"), Entry)
    async with working(rules=RULES, later=timedelta(days=1, seconds=1)) as work:
        assert isinstance(await change(work, shop, 60, shop.ben, "four"), Entry)


async def test_the_same_command_twice_asks_once(working: Working, shop: Shop) -> None:
    """A repeated wish is answered with what came of the first."""
    first = await asked(working, shop)
    async with working(rules=RULES) as work:
        assert await change(work, shop, 500, shop.ben) == first
        booked = await change(work, shop, 10, shop.ben, "small")
        assert await change(work, shop, 10, shop.ben, "small") == booked
        assert await spendable(work, shop.ann) == 210


async def test_nobody_answered_in_time(working: Working, shop: Shop, database: Database) -> None:
    """After three days the question is closed, the group is told, and a yes comes too late."""
    approval = await asked(working, shop)
    async with working(rules=RULES, later=timedelta(days=3)) as work:
        late = await decide(work, approval.id, agree=True, by=shop.sue)
        assert late == Refusal("points.refused.approval_expired")
        assert [await expire_approvals(work, limit=10) for _ in range(2)] == [1, 0]
        closed = await get_approval(work.tx, approval.id)
        assert closed is not None
        assert closed.state is ApprovalState.EXPIRED
    assert "Nobody decided in time" in (await told_staff(database))[-1]


async def test_cases_are_locked_in_the_order_in_which_a_merge_does(working: Working, shop: Shop) -> None:
    """The question about the later case ran out first; still the earlier case is locked first."""
    async with working(rules=RULES) as work:
        person = await arrive(work, chat_id=1003, name="Cy")
        cases = []
        for nth in (1, 2):
            said = await hear(work, person, "late again", message_id=nth)
            cases.append((await open_case(work, person, kind=CaseKind.COMPLAINT, interaction_ids=[said])).id)
    for later, case_id in enumerate(reversed(cases)):
        async with working(rules=RULES, later=timedelta(hours=later)) as work:
            done = await change_points(
                work,
                person.customer.id,
                points=500,
                reason=LATE,
                source_key=f"k{case_id}",
                by=shop.ben,
                case_id=case_id,
            )
            assert isinstance(done, Approval)
    async with working(rules=RULES, later=timedelta(days=4)) as work:
        assert await expire_approvals(work, limit=10) == 2
        locked = [case_id for kind, case_id in work.tx.identity if kind == "case"]
        assert locked == sorted(cases)


async def test_no_change_by_hand_can_look_like_an_approved_one(working: Working, shop: Shop) -> None:
    """Such a key would count to nobody's limit, and take the place of what is agreed to later."""
    async with working(rules=RULES) as work:
        for by in (shop.ben, shop.ada, SYSTEM):
            assert await change(work, shop, 10, by, "approval:1") == Refusal("points.refused.key_taken")
        assert await spendable(work, shop.ann) == 200


async def test_an_admin_alone_needs_nobody_and_it_is_on_record(working: Working, shop: Shop) -> None:
    """In a one-person shop nobody could agree: Ada changes what she likes, marked as done alone."""
    async with working(rules=RULES) as work:
        done = await change(work, shop, 5000, shop.ada)
        assert isinstance(done, Entry)
        rows = await list_of_subject(work.tx, "entry", done.id)
        assert "approval.alone" in [row.action for row in rows]


async def test_where_nobody_could_agree_nobody_is_asked(working: Working, shop: Shop) -> None:
    """Without an admin Sue is told at once that 5000 are too many, instead of waiting for nothing."""
    async with working(rules=RULES) as work:
        await work.tx.execute(staff_members.update().where(staff_members.c.id == shop.ada.id).values(active=False))
        refused = await change(work, shop, 5000, shop.sue)
        assert refused == Refusal("points.refused.nobody_to_agree", {"limit": 1000})


@pytest.mark.parametrize(
    ("amount", "reason", "key"),
    [
        (0, LATE, "points.refused.amount"),
        (1_000_000_001, LATE, "points.refused.amount"),
        (10, "", "points.refused.reason"),
        (10, " .. ", "points.refused.reason"),
        (-201, LATE, "points.refused.not_enough"),
    ],
)
async def test_bad_wishes_change_nothing(working: Working, shop: Shop, amount: int, reason: str, key: str) -> None:
    """Each has its own clear line."""
    async with working(rules=RULES) as work:
        done = await change(work, shop, amount, shop.ada, reason=reason)
        assert isinstance(done, Refusal)
        assert done.key == key
        assert await spendable(work, shop.ann) == 200


async def test_who_may_not_changes_nothing(working: Working, shop: Shop) -> None:
    """Not a marketer, not the customer; and nobody while points are off."""
    async with working(rules=RULES) as work:
        mia = await hire(work, 66, "Mia", Role.MARKETER)
        for by in (mia, Actor(ActorKind.CUSTOMER, shop.ann)):
            assert await change(work, shop, 10, by) == Refusal("points.refused.not_allowed")
    async with working(rules=Rules(loyalty=LoyaltyRules(enabled=False))) as work:
        assert await change(work, shop, 10, shop.ada) == Refusal("points.refused.off")


async def test_what_cannot_be_done_stays_open(working: Working, shop: Shop) -> None:
    """Ben asks for 150 back; before Sue agrees, Ann has spent them: the question stays, to be refused."""
    approval = await asked(working, shop, -150)
    async with working(rules=RULES) as work:
        await change(work, shop, -100, shop.sue, "spent")
        done = await decide(work, approval.id, agree=True, by=shop.ada)
        assert isinstance(done, Refusal)
        assert done.key == "points.refused.not_enough"
        still = await get_approval(work.tx, approval.id)
        assert still is not None
        assert (still.state, still.decided_by) == (ApprovalState.OPEN, None)


async def test_the_customer_will_hear_of_points_given(working: Working, shop: Shop, database: Database) -> None:
    """A gift is noted to be told; what is taken is not."""
    async with working(rules=RULES) as work:
        given = await change(work, shop, 50, shop.ben, "give")
        await change(work, shop, -20, shop.ben, "take")
        assert isinstance(given, Entry)
    async with database.read() as tx:
        rows = (await tx.execute(notices.select())).all()
    assert [(row.kind, row.key) for row in rows] == [("earned", f"earned:{given.id}")]
