"""The survey about a case: asked once a resolution, credited, and a low answer is made good the same working day."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.surveys import feed, plan_cases
from domain.cases import CaseState, Priority
from domain.contact import Hold
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import ConsentClass, StaffMember
from services.card_words import card_html
from services.cases import confirm_solved
from services.casework import resolve_case
from services.contact import may_contact
from services.customers import set_consent
from services.surveys.answering import Step, answer
from services.surveys.book import seed_shipped
from services.work import Person, Work, person_of_contact
from storage.cases import get_case
from storage.staff import load_staff
from tests.handlers.harness import Said
from tests.handlers.staff.desk import ANN, BEN, CY, SUE, CaseView, Desk


@pytest.fixture
async def asking(desk: Desk) -> Desk:
    """A desk that asks how it was, with the surveys that come with the program."""
    async with desk.town.work() as work:
        await seed_shipped(work)
    return desk


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


async def scored(desk: Desk, view: CaseView, score: int, *, nth: int = 0) -> Step | Refusal:
    """Let the customer press one of the five buttons of the ``nth`` survey."""
    response = (await desk.town.rows("survey_responses"))[nth]
    async with desk.town.work() as work:
        person = await person_of(work, view)
        return await answer(work, person, response_id=response.id, question="csat", value=score, replacing=None)


async def sends(desk: Desk) -> None:
    """Let the ticks that ask about silent cases run until they have nothing to do."""
    for tick in (plan_cases, feed):
        for _ in range(5):
            async with desk.town.work() as work:
                if not await tick(work, limit=10):
                    break


def five(said: Said) -> list[str]:
    """Return the words of the five buttons of contentment under a message."""
    return [words for words, data in said.buttons if data.startswith("c:") and words[:1].isdigit()]


async def test_a_confirmed_case_is_asked_about_once_and_credited_to_the_resolver(asking: Desk) -> None:
    """Ann confirms that Ben's answer helped: five buttons come with the thanks, and the row stands before any tap."""
    view = await asking.case_of()
    await resolved(asking, view)
    said = await confirmed(asking, view)
    assert [words[0] for words in five(said[-1])] == ["1", "2", "3", "4", "5"]
    [row] = await asking.town.rows("survey_responses")
    [ben] = await asking.town.rows("staff_members", user_id=BEN)
    assert (row.survey, row.occasion, row.member_id, row.score) == ("after_case", f"case:{view.id}:1", ben.id, None)


async def test_what_nobody_answered_is_not_asked_about(asking: Desk) -> None:
    """Ann closes her own case before anybody spoke: there is nothing to score."""
    view = await asking.case_of()
    said = await confirmed(asking, view)
    assert not any(five(one) for one in said)
    assert not await asking.town.rows("survey_responses")


async def test_who_said_no_to_surveys_is_thanked_and_not_asked(asking: Desk) -> None:
    """A no to surveys holds for the score too, when it is confirmed and when it is not."""
    view = await asking.case_of()
    async with asking.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.SURVEYS, given=False)
    await resolved(asking, view)
    asking.town.moves(days=2)
    await sends(asking)
    assert not await asking.town.rows("survey_responses")
    await confirmed(asking, view)
    assert not await asking.town.rows("survey_responses")


async def test_an_answer_passed_by_is_not_taken_twice(asking: Desk) -> None:
    """Ann taps 5 and then 1 on the same old buttons: she is counted once, and nothing is reopened."""
    view = await asking.case_of()
    await resolved(asking, view)
    await confirmed(asking, view)
    assert isinstance(await scored(asking, view, 5), Step)
    assert isinstance(await scored(asking, view, 1), Refusal)
    [row] = await asking.town.rows("survey_responses")
    assert row.score == 5
    assert (await view.now()).state is CaseState.CLOSED
    async with asking.town.work() as work:
        assert "★★★★★" in await card_html(work, await view.now(), "en")


async def test_a_low_score_is_made_good_by_a_named_person_the_same_day(asking: Desk) -> None:
    """Ann gives 1: her case is open again and presses, Sue has it as a task for today, and no marketing goes out."""
    view = await asking.case_of()
    await resolved(asking, view)
    await confirmed(asking, view)
    assert isinstance(await scored(asking, view, 1), Step)
    case = await view.now()
    assert (case.state, case.reopens, case.priority) == (CaseState.OPEN, 1, Priority.HIGH)
    [sue] = await asking.town.rows("staff_members", user_id=SUE)
    [task] = await asking.town.rows("tasks")
    assert (task.kind, task.owner_id, task.due_at.date()) == ("promise", sue.id, asking.town.now.date())
    assert case.promised_at == task.due_at
    read = [one.text for one in await asking.town.deliver() if one.target[0] is TargetKind.CONTACT]
    assert any("Sue" in text and f"{task.due_at:%H:%M}" in text for text in read)
    assert [row.cause for row in await asking.town.rows("escalations")] == ["low_score"]
    async with asking.town.work() as work:
        verdict = await may_contact(work, case.customer_id, ConsentClass.OFFERS)
    assert verdict.why in (Hold.NO_CONSENT, Hold.OPEN_CASE, Hold.LOW_SCORE)


async def test_a_low_score_holds_marketing_back_after_the_case_is_solved_again(asking: Desk) -> None:
    """Even when her case is closed, whoever gave 2 is left in peace for a while; then it is asked how we mended it."""
    view = await asking.case_of()
    async with asking.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.OFFERS, given=True)
    await resolved(asking, view)
    await confirmed(asking, view)
    await scored(asking, view, 2)
    await resolved(asking, view)
    await confirmed(asking, view)
    async with asking.town.work() as work:
        verdict = await may_contact(work, (await view.now()).customer_id, ConsentClass.OFFERS)
    assert verdict.why is Hold.LOW_SCORE
    assert [(row.survey, row.occasion) for row in await asking.town.rows("survey_responses")] == [
        ("after_case", f"case:{view.id}:1"),
        ("recovery", f"case:{view.id}:2"),
    ]


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_forged_scores_and_others_questions_are_refused(asking: Desk, score: int) -> None:
    """A score that no button has counts nothing; nor does Cy's tap on Ann's question."""
    view, other = await asking.case_of(), await asking.case_of(CY, "Cy")
    await resolved(asking, view)
    await confirmed(asking, view)
    assert isinstance(await scored(asking, view, score), Refusal)
    assert isinstance(await scored(asking, other, 5), Refusal)
    assert [row.score for row in await asking.town.rows("survey_responses")] == [None]


async def test_words_after_a_low_score_are_kept_with_it_and_go_into_the_case(asking: Desk) -> None:
    """What Ann says went wrong stands among her answers, and staff read it in the topic."""
    view = await asking.case_of()
    await resolved(asking, view)
    await confirmed(asking, view)
    await scored(asking, view, 1)
    await asking.town.deliver()
    said = await asking.town.update(message=asking.town.chat(ANN, "Ann").message(text="Nobody rang me"))
    assert "Nobody rang me" in "\n".join(one.text for one in said)
    kept = [row for row in await asking.town.rows("survey_answers") if row.kind == "text"]
    assert [row.text for row in kept] == ["Nobody rang me"]


async def test_who_stays_silent_is_asked_a_day_later_if_they_want_surveys(asking: Desk) -> None:
    """Ann says nothing after the resolution: a day later she is asked once, as an unasked message with its delivery."""
    rules = asking.town.rules
    asking.town.rules = replace(rules, desk=replace(rules.desk, ask_score_after=timedelta(hours=24)))
    view = await asking.case_of()
    async with asking.town.work() as work:
        await set_consent(work, await person_of(work, view), ConsentClass.SURVEYS, given=True)
    await resolved(asking, view)
    asking.town.moves(hours=23)
    await sends(asking)
    assert not await asking.town.rows("survey_responses")
    asking.town.moves(hours=1)
    await sends(asking)
    asked = [one for one in await asking.town.deliver() if five(one)]
    assert len(asked) == 1
    [delivery] = await asking.town.rows("deliveries", campaign="survey:after_case")
    assert (delivery.state, delivery.consent) == ("queued", "surveys")
    await confirmed(asking, view)
    assert len(await asking.town.rows("survey_responses")) == 1


async def test_of_two_taps_at_once_one_counts(asking: Desk) -> None:
    """Ann's thumbs press 1 and 5 in the same moment: one score is kept, and what follows from it happens once."""
    view = await asking.case_of()
    await resolved(asking, view)
    await confirmed(asking, view)
    done = await asyncio.gather(scored(asking, view, 1), scored(asking, view, 5), scored(asking, view, 1))
    assert sum(isinstance(one, Step) for one in done) == 1
    [row] = await asking.town.rows("survey_responses")
    low = row.score == 1
    assert len(await asking.town.rows("tasks")) == len(await asking.town.rows("escalations")) == int(low)
    assert (await view.now()).reopens == int(low)
