"""Tasks: promises kept in sight, outcomes that say something, reminders once and by day."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from domain.desk import Hours
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, Role, StaffMember
from domain.tasks import Task, TaskKind, says_something
from services import task_watch, task_words, tasks, visit_plan
from services.cases import confirm_solved
from services.check_back import answer_check, ask_whether_it_holds
from storage.cases import get_case
from storage.tables import cases
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from tests.services.test_survey_case import ask_staff, person_of, resolved

EVE = 66


async def planned(
    desk: Desk, view: CaseView, kind: TaskKind = TaskKind.PROMISE, *, by: int = BEN, text: str = "ring", **span: float
) -> Task:
    """Let a member of staff plan something; it is due after a span."""
    async with desk.town.work() as work:
        made = await tasks.plan_task(
            work,
            case_id=view.id,
            by=await ask_staff(work, by),
            kind=kind,
            due_at=work.now + timedelta(**span),
            text=text,
        )
    assert isinstance(made, Task)
    return made


async def ticked(desk: Desk) -> list[Said]:
    """Ask both ticks until nothing is due; returns what was said."""
    for tick in (task_watch.send_progress, task_watch.remind_due):
        for _ in range(5):
            async with desk.town.work() as work:
                if not await tick(work, limit=10):
                    break
    return await desk.town.deliver()


def to_customer(said: list[Said]) -> list[str]:
    """Return what customers read."""
    return [one.text for one in said if one.target[0] is TargetKind.CONTACT]


def to_member(said: list[Said], member_id: int) -> list[str]:
    """Return what one member of staff reads in private."""
    return [one.text for one in said if one.target == (TargetKind.MEMBER, member_id)]


async def member(desk: Desk, user_id: int) -> StaffMember:
    """Return a member of staff."""
    async with desk.town.work() as work:
        return await ask_staff(work, user_id)


async def test_the_customer_hears_before_a_promised_time_passes(desk: Desk) -> None:
    """Ben promised Ann a call in two hours and has not rung: she is told so once, before the time, not after."""
    view = await desk.case_of()
    task = await planned(desk, view, hours=2)
    assert task.word_at is not None
    assert not to_customer(await ticked(desk))
    desk.town.now = task.word_at
    [words] = to_customer(await ticked(desk))
    assert "not done yet" in words
    desk.town.moves(hours=1)
    assert not to_customer(await ticked(desk))


async def test_a_promise_kept_in_time_needs_no_progress_note(desk: Desk) -> None:
    """Ben rang: Ann hears nothing more of it."""
    view = await desk.case_of()
    task = await planned(desk, view, hours=2)
    async with desk.town.work() as work:
        ben = await ask_staff(work, BEN)
        assert isinstance(await tasks.finish_task(work, task_id=task.id, by=ben, outcome="rang, she is glad"), Task)
    desk.town.moves(hours=3)
    assert not await ticked(desk)


async def test_the_owner_is_reminded_once_and_who_supervises_hears_of_what_is_late(desk: Desk) -> None:
    """Half an hour before, Ben is told by private message and in the topic; when it is late, Sue is too; each once."""
    view = await desk.case_of()
    await planned(desk, view, TaskKind.OTHER, hours=3)
    ben, sue = await member(desk, BEN), await member(desk, SUE)
    desk.town.moves(hours=2)
    assert not await ticked(desk)
    desk.town.moves(minutes=30)
    near = await ticked(desk)
    assert len(to_member(near, ben.id)) == 1
    assert not to_member(near, sue.id)
    assert [one for one in near if one.target == (TargetKind.CASE, view.id)]
    assert not await ticked(desk)
    desk.town.moves(minutes=31)
    late = await ticked(desk)
    assert len(to_member(late, ben.id)) == 1
    [told] = to_member(late, sue.id)
    assert "Ben" in told
    desk.town.moves(days=1)
    assert not await ticked(desk)


async def test_nobody_is_reminded_at_night(desk: Desk) -> None:
    """What falls due after closing is told of before it, by the working time that is left; at night nobody is told."""
    open_hours = Hours(week=(((time(9), time(18)),),) * 7)
    desk.town.rules = replace(desk.town.rules, desk=replace(desk.town.rules.desk, hours=open_hours))
    view = await desk.case_of()
    desk.town.now = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
    await planned(desk, view, TaskKind.OTHER, hours=4)
    assert not await ticked(desk)
    desk.town.moves(minutes=30)
    assert to_member(await ticked(desk), (await member(desk, BEN)).id)
    desk.town.now = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    assert not await ticked(desk)
    desk.town.now = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert to_member(await ticked(desk), (await member(desk, SUE)).id)


async def test_a_visit_is_not_done_before_somebody_says_what_came_of_it(desk: Desk) -> None:
    """“ok” is no outcome; a few words are, and the visit stands in the record of the customer."""
    view = await desk.case_of()
    task = await planned(desk, view, TaskKind.VISIT, days=1)
    async with desk.town.work() as work:
        ben = await ask_staff(work, BEN)
        for empty in ("", "ok", "....", "aaaa"):
            done = await tasks.finish_task(work, task_id=task.id, by=ben, outcome=empty)
            assert done == Refusal("aftercare.refused.outcome")
        assert isinstance(await tasks.finish_task(work, task_id=task.id, by=ben, outcome="measured, fits"), Task)
    [row] = await desk.town.rows("tasks")
    assert (row.outcome, row.done_by) == ("measured, fits", ben.id)
    [said] = await view.record(kind="visit")
    assert (said.visibility, said.text) == ("internal", "measured, fits")


def test_two_chinese_letters_say_something() -> None:
    """Chinese says in two letters what English says in four."""
    assert says_something("见了")
    assert not says_something("好")
    assert not says_something("哈哈")


async def test_others_tasks_are_changed_by_who_supervises_alone(desk: Desk) -> None:
    """Eve may not finish Ben's promise; Sue may give it to her, and then Eve may."""
    await desk.town.hires(EVE, "Eve", Role.AGENT)
    view = await desk.case_of()
    task = await planned(desk, view, hours=5)
    async with desk.town.work() as work:
        eve, sue = await ask_staff(work, EVE), await ask_staff(work, SUE)
        refused = await tasks.finish_task(work, task_id=task.id, by=eve, outcome="rang her up")
        assert refused == Refusal("aftercare.refused.others", {"name": "Ben"})
        assert isinstance(await tasks.give_task(work, task_id=task.id, to_id=eve.id, by=sue), Task)
        assert isinstance(await tasks.finish_task(work, task_id=task.id, by=eve, outcome="rang her up"), Task)
        assert await tasks.finish_task(work, task_id=task.id, by=eve, outcome="once more") == Refusal(
            "aftercare.refused.over"
        )


async def test_what_the_customer_was_told_cannot_be_dropped_and_moves_aloud(desk: Desk) -> None:
    """Once Ann knows the time, Ben can only keep the promise or put it off, and she hears the new time."""
    view = await desk.case_of()
    task = await planned(desk, view, hours=5, text="ring that difficult lady")
    async with desk.town.work() as work:
        ben = await ask_staff(work, BEN)
        assert isinstance(await tasks.tell_promise(work, task_id=task.id, by=ben), Task)
        assert await tasks.drop_task(work, task_id=task.id, by=ben) == Refusal("aftercare.refused.promised")
        later = work.now + timedelta(days=1)
        assert isinstance(await tasks.postpone_task(work, task_id=task.id, by=ben, due_at=later), Task)
    told, moved = to_customer(await desk.town.deliver())
    assert "17:00" in told
    assert "tomorrow 12:00" in moved
    assert "difficult" not in told + moved


async def test_tasks_move_with_a_handover_and_end_with_their_case(desk: Desk) -> None:
    """Sue takes over what Ben had; when Ann says that all is solved, the promise is moot and the visit is not."""
    view = await desk.case_of()
    await planned(desk, view, hours=5)
    await planned(desk, view, TaskKind.VISIT, days=2)
    ben, sue = await member(desk, BEN), await member(desk, SUE)
    async with desk.town.work() as work:
        assert await tasks.move_tasks(work, ben.id, sue.id, SYSTEM) == 2
        assert not await tasks.list_open(work, ben.id)
    await resolved(desk, view)
    async with desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        await confirm_solved(work, await person_of(work, view), case=case)
        assert [task.kind for task in await tasks.list_open(work, sue.id)] == [TaskKind.VISIT]


async def test_the_same_reason_makes_one_task(desk: Desk) -> None:
    """A key that made a task makes no second one."""
    async with desk.town.work() as work:
        due = work.now + timedelta(days=1)
        first = await tasks.add_task(work, kind="rhythm", owner_id=None, due_at=due, text="a", by=SYSTEM, key="k")
        second = await tasks.add_task(work, kind="rhythm", owner_id=None, due_at=due, text="b", by=SYSTEM, key="k")
    assert first is not None
    assert second is None


async def test_a_confidential_case_stays_out_of_the_lists_of_those_who_may_not_see_it(desk: Desk) -> None:
    """A task about a complaint about Ben is seen by Sue and not by Eve; nor does Eve see the visit in the plan."""
    await desk.town.hires(EVE, "Eve", Role.AGENT)
    view = await desk.case_of()
    await planned(desk, view, TaskKind.VISIT, hours=2)
    async with desk.town.work() as work:
        ben, sue, eve = [await ask_staff(work, one) for one in (BEN, SUE, EVE)]
        work.tx.change(cases, view.id, confidential=True, about_member_id=ben.id)
        await work.tx.flush()
        found = await tasks.list_open(work, None)
        assert len(await task_words.visible(work, found, sue)) == 1
        assert not await task_words.visible(work, found, eve)
        assert not (await visit_plan.week_of(work, eve)).of
        [(name, visits)] = (await visit_plan.week_of(work, sue)).of
    assert (name, len(visits)) == ("Ben", 1)


async def test_a_check_back_asks_and_reopens_when_it_does_not_hold(desk: Desk) -> None:
    """A week after the end Ben taps *ask now*; Ann says “not quite”, and her case is open again beyond its window."""
    view = await desk.case_of()
    await resolved(desk, view)
    task = await planned(desk, view, TaskKind.CHECK_BACK, days=14)
    async with desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        await confirm_solved(work, await person_of(work, view), case=case)
    await desk.town.deliver()
    desk.town.moves(days=14)
    async with desk.town.work() as work:
        ben = await ask_staff(work, BEN)
        assert isinstance(await ask_whether_it_holds(work, task_id=task.id, by=ben), Task)
        again = await ask_whether_it_holds(work, task_id=task.id, by=ben)
        assert again == Refusal("aftercare.refused.asked_already")
    [asked] = [one for one in await desk.town.deliver() if one.target[0] is TargetKind.CONTACT]
    assert [data for _, data in asked.buttons] == [f"c:cback:{task.id}:yes", f"c:cback:{task.id}:no"]
    async with desk.town.work() as work:
        person = await person_of(work, view)
        assert isinstance(await answer_check(work, person, task_id=task.id, holds=False), Task)
        assert await answer_check(work, person, task_id=task.id, holds=True) == Refusal("tap.stale")
    assert (await view.now()).live
