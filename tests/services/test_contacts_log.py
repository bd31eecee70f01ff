"""Calls and visits: kept with the case for staff alone, and counted as contact when somebody was spoken to."""

from datetime import timedelta

from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.tasks import Task, TaskKind
from services.call_backs import wish_call
from services.contacts_log import add_contact_words, log_contact
from services.tasks import list_open
from services.work import Work
from storage.cases import get_case
from tests.handlers.staff.desk import BEN, MIA, CaseView, Desk
from tests.services.test_survey_case import ask_staff, person_of


async def called(desk: Desk, view: CaseView, outcome: str, *, by: int = BEN, words: str = "") -> int | Refusal:
    """Let a member of staff log a call."""
    async with desk.town.work() as work:
        staff = await ask_staff(work, by)
        return await log_contact(work, case_id=view.id, by=staff, kind=Kind.CALL, outcome=outcome, words=words)


async def test_a_call_picked_up_is_a_first_answer(desk: Desk) -> None:
    """Ben rings Ann about her new case: he owns it now, and it counts as answered, in words that staff alone read."""
    view = await desk.case_of()
    assert isinstance(await called(desk, view, "picked_up", words="comes in on Friday"), int)
    case = await view.now()
    [ben] = await desk.town.rows("staff_members", user_id=BEN)
    assert (case.first_response_at, case.last_staff_at, case.owner_id) == (desk.town.now, desk.town.now, ben.id)
    [said] = await view.record(kind="call")
    assert (said.visibility, said.text, said.extra) == ("internal", "comes in on Friday", {"outcome": "picked_up"})
    assert [row.kept for row in await desk.town.rows("sla_results", kind="first_response")] == [True]
    assert "contact.call" in [row.action for row in await desk.town.rows("audit", subject_id=view.id)]


async def test_nobody_answering_is_no_answer(desk: Desk) -> None:
    """A call into the void is kept, and the case goes on waiting for its first answer."""
    view = await desk.case_of()
    assert isinstance(await called(desk, view, "no_answer"), int)
    case = await view.now()
    assert (case.first_response_at, case.last_staff_at, case.owner_id) == (None, None, None)
    assert len(await view.record(kind="call")) == 1


async def test_who_may_not_work_on_cases_logs_nothing_and_outcomes_are_not_made_up(desk: Desk) -> None:
    """Mia the marketer is refused; so is an outcome that no button has."""
    view = await desk.case_of()
    assert isinstance(await called(desk, view, "picked_up", by=MIA), Refusal)
    assert await called(desk, view, "met") == Refusal("desk.refused.old_button")
    assert await called(desk, view, "drunk") == Refusal("desk.refused.old_button")
    assert not await view.record(kind="call")


async def test_a_call_picked_up_keeps_the_call_that_was_owed(desk: Desk) -> None:
    """Ann asked to be called; Ben's call ends that wish, and a call nobody picked up does not."""
    view = await desk.case_of()
    async with desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        task, is_new = await wish_call(work, await person_of(work, view), case)
        again, is_new_again = await wish_call(work, await person_of(work, view), case)
    assert (is_new, is_new_again, again.id) == (True, False, task.id)
    assert (task.kind, task.due_at) == (TaskKind.CALL_BACK, case.promised_at)
    desk.town.moves(minutes=10)
    await called(desk, view, "no_answer")
    assert len(await _open(desk)) == 1
    await called(desk, view, "picked_up")
    assert not await _open(desk)


async def _open(desk: Desk) -> list[Task]:
    async with desk.town.work() as work:
        return await list_open(work, None)


async def test_words_are_added_by_who_logged_the_call_alone(desk: Desk) -> None:
    """What was said becomes a newer version of the call; nobody else writes into Ben's log."""
    view = await desk.case_of()
    logged = await called(desk, view, "picked_up")
    assert isinstance(logged, int)
    desk.town.now += timedelta(minutes=1)
    async with desk.town.work() as work:
        assert isinstance(await _add(work, logged, BEN, "wants the blue one"), int)
        assert isinstance(await _add(work, logged, MIA, "my words"), Refusal)
        assert isinstance(await _add(work, view.first_words, BEN, "not a call"), Refusal)
    first, second = await view.record(kind="call")
    assert (first.text, second.text, second.version_of) == ("", "wants the blue one", first.id)


async def _add(work: Work, interaction_id: int, user_id: int, words: str) -> int | Refusal:
    staff = await ask_staff(work, user_id)
    return await add_contact_words(work, interaction_id=interaction_id, by=staff, words=words)
