"""Case scores: asked once a resolution, the first one counts, a low one is made good the same working day."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.cases import CaseState, Priority
from domain.contact import Hold
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import ConsentClass, StaffMember
from services.cases import confirm_solved
from services.casework import resolve_case
from services.contact import may_contact
from services.customers import set_consent
from services.scores import ask_silent, last_score
from services.scoring import Scored, add_words, score_case
from services.work import Person, Work, person_of_contact
from storage.cases import get_case
from storage.staff import load_staff
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, CY, SUE, CaseView, Desk
from tests.services.shop import hear


async def person_of(work: Work, view: CaseView) -> Person:
    """Return the customer of a case in their chat."""
    case = await get_case(work.tx, view.id)
    assert case is not None
    assert case.contact_point_id is not None
    person = await person_of_contact(work, case.contact_point_id)
    assert person is not None
    return person


async def ask_staff(work: Work, user_id: int) -> StaffMember:
    """Return a member of staff by their Telegram id."""
    return (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)


async def resolved(desk: Desk, view: CaseView, by: int = BEN) -> None:
    """Let a member of staff call the case solved."""
    async with desk.town.work() as work:
        assert not isinstance(await resolve_case(work, case_id=view.id, by=await ask_staff(work, by)), Refusal)
    await desk.town.deliver()


async def confirmed(desk: Desk, view: CaseView) -> list[Said]:
    """Let the customer confirm; returns what they read."""
    async with desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        await confirm_solved(work, await person_of(work, view), case=case)
    return [said for said in await desk.town.deliver() if said.target[0] is TargetKind.CONTACT]


async def scored(desk: Desk, view: CaseView, score: int, *, nth: int = 0) -> Scored | Refusal:
    """Let the customer press one of the five buttons of the ``nth`` question."""
    response = (await desk.town.rows("survey_responses"))[nth]
    async with desk.town.work() as work:
        return await score_case(work, await person_of(work, view), response_id=response.id, score=score)


async def test_a_confirmed_case_is_asked_about_once_and_credited_to_the_resolver(desk: Desk) -> None:
    """Ann confirms that Ben's answer helped: five buttons come with the thanks, and the row stands before any tap."""
    view = await desk.case_of()
    await resolved(desk, view)
    said = await confirmed(desk, view)
    assert [words for words, data in said[-1].buttons if data.startswith("c:score:")][4].startswith("5")
    [row] = await desk.town.rows("survey_responses")
    [ben] = await desk.town.rows("staff_members", user_id=BEN)
    assert (row.survey, row.occasion, row.member_id, row.score) == ("csat", f"case:{view.id}:1", ben.id, None)


async def test_what_nobody_answered_is_not_asked_about(desk: Desk) -> None:
    """Ann closes her own case before anybody spoke: there is nothing to score."""
    view = await desk.case_of()
    said = await confirmed(desk, view)
    assert not any(data.startswith("c:score:") for one in said for _, data in one.buttons)
    assert not await desk.town.rows("survey_responses")


async def test_who_said_no_to_surveys_is_thanked_and_not_asked(desk: Desk) -> None:
    """A no to surveys holds for the score too, when it is confirmed and when it is not."""
    view = await desk.case_of()
    async with desk.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.SURVEYS, given=False)
    await resolved(desk, view)
    desk.town.moves(days=2)
    async with desk.town.work() as work:
        while await ask_silent(work, limit=10):
            pass
    assert not await desk.town.rows("survey_responses")
    await confirmed(desk, view)
    assert not await desk.town.rows("survey_responses")


async def test_second_tap_keeps_the_first_score(desk: Desk) -> None:
    """Ann taps 5 and then 1: she is counted once, and nothing is reopened."""
    view = await desk.case_of()
    await resolved(desk, view)
    await confirmed(desk, view)
    assert isinstance(await scored(desk, view, 5), Scored)
    assert isinstance(await scored(desk, view, 1), Refusal)
    [row] = await desk.town.rows("survey_responses")
    assert row.score == 5
    assert (await view.now()).state is CaseState.CLOSED
    async with desk.town.work() as work:
        assert await last_score(work, row.customer_id) == 5


async def test_a_low_score_is_made_good_by_a_named_person_the_same_day(desk: Desk) -> None:
    """Ann gives 1: her case is open again and presses, Sue has it as a task for today, and no marketing goes out."""
    view = await desk.case_of()
    await resolved(desk, view)
    await confirmed(desk, view)
    done = await scored(desk, view, 1)
    assert isinstance(done, Scored)
    case = await view.now()
    assert (case.state, case.reopens, case.priority) == (CaseState.OPEN, 1, Priority.HIGH)
    [sue] = await desk.town.rows("staff_members", user_id=SUE)
    [task] = await desk.town.rows("tasks")
    assert (done.name, done.promised_at) == ("Sue", task.due_at)
    assert (task.kind, task.owner_id, task.due_at.date()) == ("promise", sue.id, desk.town.now.date())
    assert [row.cause for row in await desk.town.rows("escalations")] == ["low_score"]
    async with desk.town.work() as work:
        verdict = await may_contact(work, case.customer_id, ConsentClass.OFFERS)
    assert verdict.why in (Hold.NO_CONSENT, Hold.OPEN_CASE, Hold.LOW_SCORE)


async def test_a_low_score_holds_marketing_back_after_the_case_is_solved_again(desk: Desk) -> None:
    """Even when her case is closed, whoever gave 2 stars is left in peace for a while."""
    view = await desk.case_of()
    async with desk.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.OFFERS, given=True)
    await resolved(desk, view)
    await confirmed(desk, view)
    await scored(desk, view, 2)
    await resolved(desk, view)
    await confirmed(desk, view)
    async with desk.town.work() as work:
        verdict = await may_contact(work, (await view.now()).customer_id, ConsentClass.OFFERS)
    assert verdict.why is Hold.LOW_SCORE
    assert [row.occasion for row in await desk.town.rows("survey_responses")] == [
        f"case:{view.id}:1",
        f"case:{view.id}:2",
    ]


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_forged_scores_and_others_questions_are_refused(desk: Desk, score: int) -> None:
    """A score that no button has counts nothing; nor does Cy's tap on Ann's question."""
    view, other = await desk.case_of(), await desk.case_of(CY, "Cy")
    await resolved(desk, view)
    await confirmed(desk, view)
    assert await scored(desk, view, score) == Refusal("tap.stale")
    assert await scored(desk, other, 5) == Refusal("tap.stale")
    assert [row.score for row in await desk.town.rows("survey_responses")] == [None]


async def test_words_after_a_low_score_are_kept_with_it_and_go_into_the_case(desk: Desk) -> None:
    """What Ann says went wrong stands with her score, and staff read it in the topic."""
    view = await desk.case_of()
    await resolved(desk, view)
    await confirmed(desk, view)
    await scored(desk, view, 1)
    await desk.town.deliver()
    async with desk.town.work() as work:
        person = await person_of(work, view)
        said = await hear(work, person, "Nobody rang me", message_id=900)
        assert await add_words(work, person, interaction_id=said, content=Content(Kind.TEXT, "Nobody rang me"))
    [row] = await desk.town.rows("survey_responses")
    assert row.text == "Nobody rang me"
    assert "Nobody rang me" in "\n".join(one.text for one in await desk.town.deliver())


async def test_who_stays_silent_is_asked_a_day_later_if_they_want_surveys(desk: Desk) -> None:
    """Ann says nothing after the resolution: a day later she is asked once, as an unasked message with its delivery."""
    desk.town.rules = replace(desk.town.rules, desk=replace(desk.town.rules.desk, ask_score_after=timedelta(hours=24)))
    view = await desk.case_of()
    async with desk.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.SURVEYS, given=True)
    await resolved(desk, view)
    desk.town.moves(hours=23)
    async with desk.town.work() as work:
        assert await ask_silent(work, limit=10) == 0
    desk.town.moves(hours=1)
    for _ in range(3):
        async with desk.town.work() as work:
            await ask_silent(work, limit=10)
    asked = [one for one in await desk.town.deliver() if any("c:score:" in data for _, data in one.buttons)]
    assert len(asked) == 1
    [delivery] = await desk.town.rows("deliveries", campaign="csat")
    assert (delivery.state, delivery.consent) == ("queued", "surveys")
    await confirmed(desk, view)
    assert len(await desk.town.rows("survey_responses")) == 1


async def test_of_two_taps_at_once_one_counts(desk: Desk) -> None:
    """Ann's thumbs press 1 and 5 in the same moment: one score is kept, and what follows from it happens once."""
    view = await desk.case_of()
    await resolved(desk, view)
    await confirmed(desk, view)
    done = await asyncio.gather(scored(desk, view, 1), scored(desk, view, 5), scored(desk, view, 1))
    assert sum(isinstance(one, Scored) for one in done) == 1
    [row] = await desk.town.rows("survey_responses")
    low = row.score == 1
    assert len(await desk.town.rows("tasks")) == len(await desk.town.rows("escalations")) == int(low)
    assert (await view.now()).reopens == int(low)
