"""Asking a survey: the first question at once, in one message; asking again, once; where words are waited for."""

from datetime import timedelta
from typing import Any

from domain.cases import Case
from domain.dialogues import Dialogue, DialogueName
from domain.outgoing import Button, Purpose, Rows
from domain.people import Actor, ActorKind, ConsentClass
from domain.surveys.definition import Question, Survey
from domain.surveys.flow import walk
from domain.surveys.occasions import Cause, case_occasion
from services.speech import say_html
from services.surveys.after_case import survey_for_case
from services.surveys.book import Kept, get_survey
from services.surveys.question_words import question_html, question_rows, words_in
from services.work import Person, Work
from storage import people as people_rows
from storage import responses as rows
from storage.responses import Response
from texts.catalogue import safe

AWAITED = timedelta(minutes=10)
"""For so long what is typed is taken for the answer to a question that is answered by a tap."""
_AUTHOR = Actor(ActorKind.CAMPAIGN)


async def ask(
    work: Work,
    person: Person,
    kept: Kept,
    *,
    occasion: str,
    cause: str,
    case: Case | None = None,
    purchase_id: int | None = None,
    campaign: str | None = None,
    delivery_id: int | None = None,
    unasked: bool,
    head: str | None = None,
    replacing: int | None = None,
) -> int | None:
    """Ask the first question of a survey; returns the response's id, ``None`` when asked on this occasion before.

    ``head`` (HTML) stands above the survey's own intro. What is ``unasked`` greets, and can be stopped for good.
    """
    when = kept.survey.when
    response_id = await rows.insert_response(
        work.tx,
        survey=kept.key,
        version=kept.version,
        occasion=occasion,
        customer_id=person.customer.id,
        now=work.now,
        case_id=case.id if case else None,
        member_id=(case.resolver_id or case.owner_id) if case else None,
        cause=cause,
        campaign=campaign,
        language=person.language,
        tier=person.customer.tier,
        purchase_id=purchase_id,
        delivery_id=delivery_id,
        remind_at=work.now + when.remind_after if when.remind_after is not None else None,
        expires_at=work.now + when.expires_after,
    )
    if response_id is None:
        return None
    if unasked:
        head = _greeting(work, person, case)
    intro = words_in(work, kept.survey.intro, person.language)
    parts = [head or "", work.texts.say("survey.intro", person.language, intro=intro) if intro else ""]
    await say_question(
        work,
        person,
        kept.survey,
        kept.survey.questions[0],
        response_id=response_id,
        head="\n\n".join(part for part in parts if part),
        replacing=replacing,
        case_id=case.id if case else None,
        delivery_id=delivery_id,
        unasked=unasked,
    )
    return response_id


def _greeting(work: Work, person: Person, case: Case | None) -> str:
    name = person.customer.called
    hello = work.texts.say("survey.hello" if name else "survey.hello_unnamed", person.language, name=name)
    if case is None:
        return hello
    return f"{hello} {work.texts.say('survey.case_head', person.language, number=case.public_number)}"


async def say_question(
    work: Work,
    person: Person,
    survey: Survey,
    question: Question,
    *,
    response_id: int,
    head: str = "",
    replacing: int | None = None,
    case_id: int | None = None,
    delivery_id: int | None = None,
    unasked: bool = False,
    **waits: Any,
) -> None:
    """Say a question with its buttons, and wait for its answer; ``waits`` is kept with the conversation."""
    html = question_html(work, question, person.language, head=head)
    buttons: Rows = question_rows(work, survey, question, person.language, response_id=response_id)
    if unasked:
        mute = Button(work.texts.button("survey.button.mute", person.language), data=f"c:mute:{ConsentClass.SURVEYS}")
        await say_html(
            work,
            person,
            html,
            purpose=Purpose.SURVEY,
            buttons=(*buttons, (mute,)),
            case_id=case_id,
            dedupe_key=f"survey:{delivery_id}",
            delivery_id=delivery_id,
            author=_AUTHOR,
        )
    else:
        await say_html(work, person, html, buttons=buttons, replacing=replacing, case_id=case_id)
    await_answer(work, person, question, response_id=response_id, **waits)


def await_answer(work: Work, person: Person, question: Question, *, response_id: int, **waits: Any) -> None:
    """Take what is typed next for the answer, unless another conversation runs that has something to lose."""
    running = person.dialogue
    if running is not None and running.name not in (DialogueName.SURVEY, DialogueName.ADD_WORDS):
        return
    due_at = None if question.kind.typed else work.now + AWAITED
    data = {"key": response_id, **waits}
    person.enter(work, Dialogue(person.contact.id, DialogueName.SURVEY, question.key, work.now, data, due_at))


async def remind(work: Work, person: Person, response: Response, *, delivery_id: int) -> bool:
    """Say the question a response stands at again, once; returns whether it did: what is over is not asked again."""
    kept = await get_survey(work, response.survey, version=response.version)
    if kept is None or response.is_over(work.now) or response.customer_id != person.customer.id:
        return False
    found = walk(kept.survey, await rows.list_answers(work.tx, response.id))
    question = kept.survey.question(response.step or "") or found.at
    if question is None:
        return False
    await rows.change_response(work.tx, response.id, remind_at=None)
    hello = _greeting(work, person, None)
    await say_question(
        work,
        person,
        kept.survey,
        question,
        response_id=response.id,
        head=f"{hello} {work.texts.say('survey.remind', person.language)}",
        delivery_id=delivery_id,
        unasked=True,
    )
    return True


async def ask_about_case(work: Work, person: Person, case: Case, *, replacing: int | None = None) -> bool:
    """Thank for the confirmation and ask how it was; returns whether this person was asked, else nothing was said.

    Nobody is asked twice about one resolution, nor who said no to surveys, nor about what nobody has answered.
    """
    desk, surveys = work.rules.desk, work.rules.surveys
    if not (desk.ask_score and surveys.enabled) or (case.last_staff_at is None and case.resolutions == 0):
        return False
    kept = await survey_for_case(work, case)
    if kept is None or not await _may_be_asked(work, person):
        return False
    closed = work.texts.say("case.closed", person.language, number=case.public_number)
    asked = await ask(
        work,
        person,
        kept,
        occasion=case_occasion(case.id, case.resolutions),
        cause=Cause.CASE.value,
        case=case,
        unasked=False,
        head=str(safe(closed)),
        replacing=replacing,
    )
    return asked is not None


async def _may_be_asked(work: Work, person: Person) -> bool:
    """Return whether this person has not said no to surveys: here they speak with us, and a yes is not needed."""
    given = await people_rows.list_consenting(work.tx, [person.customer.id], ConsentClass.SURVEYS)
    consent = given.get(person.customer.id)
    return consent is None or consent.allows(work.now)
