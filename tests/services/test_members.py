"""Members of staff: away and back, handed over in one step, added and removed."""

from datetime import timedelta

import pytest

from domain.cases import CaseState
from domain.desk import Assigning, DeskRules
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, Actor, Role
from domain.rules import Rules
from domain.tasks import TaskKind
from services.case_door import actor_of
from services.members import (
    HandedOver,
    add_member,
    find_member,
    hand_over,
    note_username,
    remove_member,
    set_absent,
    set_present,
)
from services.tasks import add_task
from storage.tables import customers
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from tests.services.test_ownership import ZOE, take, to_member, who

ADA = 99


async def as_actor(desk: Desk, user_id: int) -> Actor:
    """Return a member of staff as the author of a change."""
    return actor_of(await who(desk, user_id))


async def hand_all(desk: Desk, giver: int, successor: int, by: int) -> HandedOver | Refusal:
    """Hand everything over in a transaction of its own."""
    one, other = await who(desk, giver), await who(desk, successor)
    async with desk.town.work() as work:
        return await hand_over(work, from_id=one.id, to_id=other.id, by=await as_actor(desk, by))


async def ben_is_busy(desk: Desk) -> list[CaseView]:
    """Give Ben two live cases, a solved one, a customer to look after, and a promise to keep."""
    cases = [await desk.case_of(100 + nth, f"Ann{nth}") for nth in range(3)]
    for case in cases:
        await take(case, BEN)
    await cases[2].writes(BEN, "/resolve")
    ben = await who(desk, BEN)
    async with desk.town.work() as work:
        customer_id = (await cases[0].now()).customer_id
        await work.tx.execute(customers.update().where(customers.c.id == customer_id).values(owner_id=ben.id))
        await add_task(
            work,
            kind=TaskKind.CALL_BACK,
            owner_id=ben.id,
            due_at=work.now + timedelta(days=1),
            text="ring Ann",
            by=actor_of(ben),
            customer_id=customer_id,
        )
    return cases


async def test_everything_is_handed_over_in_one_step(desk: Desk) -> None:
    """Cases not closed, customers and tasks; each with its author on record, and one summary for staff."""
    cases = await ben_is_busy(desk)
    sue = await who(desk, SUE)
    assert await hand_all(desk, BEN, SUE, SUE) == HandedOver(3, 1, 1)
    assert {(await case.now()).owner_id for case in cases} == {sue.id}
    assert [row.owner_id for row in await desk.town.rows("tasks")] == [sue.id]
    assert [row.owner_id for row in await desk.town.rows("customers") if row.owner_id] == [sue.id]
    rows = await desk.town.rows("audit", actor_id=sue.id)
    assert [row.action for row in rows if "handover" in row.action].count("case.handover") == 3
    assert {"customer.handover", "member.handover"} <= {row.action for row in rows}
    told = [one.text for one in await desk.town.deliver() if one.target[0] is TargetKind.STAFF_GROUP]
    assert told == ["🤝 Handed over from Ben to Sue: cases: 3, customers: 1, tasks: 1."]


async def test_a_handover_is_told_once_without_what_there_was_none_of(desk: Desk) -> None:
    """A second one finds nothing, and only whoever asked hears so."""
    case = await desk.case_of()
    await case.writes(BEN, "/take")
    told = (await desk.writes(SUE, "/handover Ben Sue")).told_staff
    assert told.count("Handed over from Ben to Sue: cases: 1.") == 1
    assert "From Ben to Sue" not in told
    again = (await desk.writes(SUE, "/handover Ben Sue")).told_staff
    assert "There was nothing to hand over." in again
    assert "🤝" not in again


async def test_nothing_is_handed_over_when_it_cannot_all_be(desk: Desk) -> None:
    """To Mia, who works on no cases; by Ben, for somebody else's: not a single case moves."""
    await desk.town.hires(ZOE, "Zoe")
    cases = await ben_is_busy(desk)
    mia = await who(desk, 44)
    async with desk.town.work() as work:
        ben = await who(desk, BEN)
        refused = await hand_over(work, from_id=ben.id, to_id=mia.id, by=actor_of(ben))
    assert isinstance(refused, Refusal)
    assert refused.key == "casework.refused.not_theirs_to_work"
    foreign = await hand_all(desk, BEN, SUE, ZOE)
    assert isinstance(foreign, Refusal)
    assert foreign.key == "casework.refused.not_yours"
    assert {(await case.now()).owner_id for case in cases} == {(await who(desk, BEN)).id}
    assert isinstance(await hand_all(desk, BEN, ZOE, BEN), HandedOver)  # what is one's own may be handed on


async def test_a_removed_person_leaves_nothing_behind(desk: Desk) -> None:
    """Removed and handed over in the same step: Ben is out, all that was his is Sue's."""
    cases = await ben_is_busy(desk)
    await desk.town.hires(ADA, "Ada", Role.ADMIN)
    ben, sue = await who(desk, BEN), await who(desk, SUE)
    async with desk.town.work() as work:
        done = await remove_member(work, ben.id, successor_id=sue.id, by=await as_actor(desk, ADA))
    assert done == HandedOver(3, 1, 1)
    assert not (await who(desk, BEN)).active
    assert {(await case.now()).owner_id for case in cases} == {sue.id}


async def test_without_a_successor_cases_go_in_turn_or_to_nobody(desk: Desk) -> None:
    """The shop gives in turn: live cases are Zoe's at once; what is solved waits for nobody."""
    cases = await ben_is_busy(desk)
    await desk.town.hires(ZOE, "Zoe")
    desk.town.rules = Rules(desk=DeskRules(assigning=Assigning.ROUND_ROBIN))
    async with desk.town.work() as work:
        await remove_member(work, (await who(desk, BEN)).id, successor_id=None, by=SYSTEM)
    zoe = await who(desk, ZOE)
    assert [(await case.now()).owner_id for case in cases] == [zoe.id, zoe.id, None]
    assert [row.owner_id for row in await desk.town.rows("tasks")] == [None]


async def test_only_admins_remove_and_the_last_one_stays(desk: Desk) -> None:
    """Sue may not; and Ada cannot lock everybody out by removing herself."""
    await desk.town.hires(ADA, "Ada", Role.ADMIN)
    ada = await who(desk, ADA)
    async with desk.town.work() as work:
        by_sue = await remove_member(work, ada.id, successor_id=None, by=await as_actor(desk, SUE))
        by_ada = await remove_member(work, ada.id, successor_id=None, by=actor_of(ada))
    assert [one.key for one in (by_sue, by_ada) if isinstance(one, Refusal)] == [
        "desk.refused.not_allowed",
        "casework.refused.last_admin",
    ]


async def test_who_came_back_is_the_same_person(desk: Desk) -> None:
    """Hired again after leaving: the same record with the new role, present at once."""
    ben = await who(desk, BEN)
    async with desk.town.work() as work:
        await remove_member(work, ben.id, successor_id=None, by=SYSTEM)
        again = await add_member(work, user_id=BEN, name="Benjamin", role=Role.SUPERVISOR, by=SYSTEM)
        twice = await add_member(work, user_id=BEN, name="Ben", role=Role.AGENT, by=SYSTEM)
    assert not isinstance(again, Refusal)
    assert (again.id, again.name, again.role, again.active) == (ben.id, "Benjamin", Role.SUPERVISOR, True)
    assert isinstance(twice, Refusal)


async def test_supervisors_see_who_waits_for_somebody_absent(desk: Desk) -> None:
    """Without turns, Ben's open case is shown to Sue with one tap to give it on; what waits for Ann is not."""
    waiting, answered = await desk.case_of(100), await desk.case_of(101)
    for case in (waiting, answered):
        await take(case, BEN)
    await answered.writes(BEN, "Please send us a picture")
    ben, sue = await who(desk, BEN), await who(desk, SUE)
    async with desk.town.work() as work:
        await set_absent(work, ben.id, until=None, by=actor_of(ben))
    said = await desk.town.deliver()
    (told,) = to_member(said, sue)
    number = (await waiting.now()).public_number
    assert told == f"💤 Ben is away, and one case waits for an answer: {number}."
    (message,) = [one for one in said if one.target == (TargetKind.MEMBER, sue.id)]
    assert message.data("k:handover") == f"k:handover:0:{ben.id}"
    assert (await waiting.now()).owner_id == ben.id


async def test_with_turns_an_absent_persons_customers_do_not_wait(desk: Desk) -> None:
    """New and open cases are given on at once, those that wait for the customer stay."""
    await desk.town.hires(ZOE, "Zoe")
    waiting, answered = await desk.case_of(100), await desk.case_of(101)
    for case in (waiting, answered):
        await take(case, BEN)
    await answered.writes(BEN, "Please send us a picture")
    desk.town.rules = Rules(desk=DeskRules(assigning=Assigning.ROUND_ROBIN))
    ben, zoe = await who(desk, BEN), await who(desk, ZOE)
    async with desk.town.work() as work:
        await set_absent(work, ben.id, until=None, by=actor_of(ben))
    assert [(await case.now()).owner_id for case in (waiting, answered)] == [zoe.id, ben.id]


async def test_an_absence_with_a_date_ends_by_itself(desk: Desk) -> None:
    """Away until tomorrow: back tomorrow, without anybody saying so. Yesterday is no return date."""
    ben = await who(desk, BEN)
    async with desk.town.work() as work:
        refused = await set_absent(work, ben.id, until=work.now, by=actor_of(ben))
        done = await set_absent(work, ben.id, until=work.now + timedelta(days=1), by=actor_of(ben))
        away = await set_present(work, (await who(desk, SUE)).id, by=await as_actor(desk, SUE))
    assert isinstance(refused, Refusal)
    assert isinstance(away, Refusal)
    assert not isinstance(done, Refusal)
    assert [done.present(desk.town.now + timedelta(hours=hours)) for hours in (0, 23, 24)] == [False, False, True]


async def test_nobody_sends_a_colleague_on_holiday(desk: Desk) -> None:
    """Ben may not say that Sue is away; Sue may say so of Ben, and the record says who said it."""
    ben, sue = await who(desk, BEN), await who(desk, SUE)
    async with desk.town.work() as work:
        refused = await set_absent(work, sue.id, until=None, by=actor_of(ben))
        await set_absent(work, ben.id, until=None, by=actor_of(sue))
    assert isinstance(refused, Refusal)
    (row,) = await desk.town.rows("audit", action="member.away")
    assert (row.actor_id, row.subject_id) == (sue.id, ben.id)


async def test_leaving_the_group_asks_and_changes_nothing(desk: Desk) -> None:
    """Ben left the group: Sue is asked with one tap whether to hand over; his case stays his until she says so."""
    case = await desk.case_of()
    await take(case, BEN)
    membership = {
        "chat": desk.chat(),
        "from": desk.user(BEN),
        "date": 1,
        "old_chat_member": {"status": "member", "user": desk.user(BEN)},
        "new_chat_member": {"status": "left", "user": desk.user(BEN)},
    }
    said = await desk.town.update(chat_member=membership)
    ben, sue = await who(desk, BEN), await who(desk, SUE)
    assert ["Ben left the group" in text for text in to_member(said, sue)] == [True]
    assert to_member(said, ben) == []
    assert (await case.now()).owner_id == ben.id
    assert (await case.now()).state is CaseState.OPEN
    assert (await who(desk, BEN)).active


@pytest.mark.parametrize("words", ["Ben", "ben", "@ben", "@Ben_T", "22", "  @BEN_t "])
async def test_colleagues_are_found_as_people_call_them(desk: Desk, words: str) -> None:
    """By name, Telegram name or id, in any case; two of the same name are not guessed between."""
    async with desk.town.work() as work:
        ben = await who(desk, BEN)
        await note_username(work, ben, "ben_t")
        found = await find_member(work, words)
        assert found is not None
        assert found.id == ben.id
        await add_member(work, user_id=500, name="Ben", role=Role.AGENT, by=SYSTEM)
        assert (await find_member(work, "ben")) is None
        assert await find_member(work, "") is None
