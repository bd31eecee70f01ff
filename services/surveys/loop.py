"""What comes of answers: a low one is put right by somebody at once, a high one is thanked for with a link to share.

A low answer acts when it is given and not at the end, see ``docs/adr/0047-low-answers-act-at-once.md``.
"""

from dataclasses import replace

from domain.cases import Case
from domain.interactions import Content
from domain.loyalty import Occasion
from domain.outgoing import Button, Rows
from domain.surveys import lows
from domain.surveys.answers import Answer
from domain.surveys.definition import Question, Survey
from domain.surveys.flow import walk
from domain.surveys.lows import low_among, score_question
from services import cards, cases, desk
from services.bans import is_banned
from services.case_door import living_case, moment_for
from services.earning import reward_occasion
from services.referrals import is_offered
from services.surveys import told
from services.surveys.loop_cases import SAID, Low, Made, make_good, notice_low
from services.surveys.loop_words import judged, title_of
from services.work import Person, Work
from storage import cases as case_rows
from storage import responses as rows
from storage import staff as staff_rows
from storage import survey_loop as loop_rows
from storage.audit import add_audit
from storage.interactions import assign_case, get_interaction
from storage.responses import Response


def is_low(work: Work, question: Question, number: int | None) -> bool:
    """Return whether an answer is low by the business's rules."""
    return lows.is_low(work.rules.surveys.loop, question, number)


async def on_answer(
    work: Work, person: Person, *, response: Response, survey: Survey, question: Question, answer: Answer
) -> Made | None:
    """Let an answer that was just kept have its consequences; returns what the customer is promised, if anything.

    The response is locked by whoever kept the answer. The first low answer of a response opens a case, or goes into
    the one it belongs to; what is answered afterwards is seen there.
    """
    low_before = response.low_at is not None
    response = await _keep_low(work, person, response, survey)
    number = None if answer.skipped else answer.number
    made = None
    if number is not None and is_low(work, question, number):
        made = await _on_low(work, person, Low(response, survey, question, number))
        case = made.case if made is not None else await _case_opened(work, response)
        await told.tell_low(work, response, question, answer, case)
    elif response.opened_case_id is not None:
        await _show_answer(work, person, response, survey, question, changed=low_before and response.low_at is None)
    elif response.case_id is not None:
        await _show_score(work, person, response, survey, question, number)
    if made is None and question.kind in SAID and answer.interaction_id is not None and not answer.skipped:
        await _bring(work, person, response, answer.interaction_id)
    return made


async def _keep_low(work: Work, person: Person, response: Response, survey: Survey) -> Response:
    """Keep since when an answer of this response is low, and no longer when none is; marketing is held by it."""
    answers = await rows.list_answers(work.tx, response.id)
    found = low_among(work.rules.surveys.loop, survey, answers, walk(survey, answers).passed)
    if bool(found) == (response.low_at is not None):
        return response
    low_at = work.now if found else None
    await rows.change_response(work.tx, response.id, low_at=low_at)
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action="survey.low" if found else "survey.not_low",
        subject=("survey_response", response.id),
        customer_id=person.customer.id,
        after={"survey": response.survey, "questions": [question.key for question in found]},
    )
    return replace(response, low_at=low_at)


async def _on_low(work: Work, person: Person, low: Low) -> Made | None:
    if not (low.survey.acts and work.rules.surveys.loop.enabled) or is_banned(person, work.now):
        return None
    if low.response.opened_case_id is None:
        return await make_good(work, person, low)
    case = await _case_opened(work, low.response)
    if case is not None:
        await cards.show_card(work, case)
        owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id else None
        await notice_low(work, person, low, case, "survey_loop.desk.more", member=owner, at=work.now)
    return None


async def _case_opened(work: Work, response: Response) -> Case | None:
    return await _case(work, response.opened_case_id) if response.opened_case_id is not None else None


async def _case(work: Work, case_id: int) -> Case | None:
    case = await case_rows.get_case(work.tx, case_id)
    return await living_case(work, case) if case is not None else None


async def _show_answer(
    work: Work, person: Person, response: Response, survey: Survey, question: Question, *, changed: bool
) -> None:
    """Show a further answer on the card of the case that puts the low one right; say so when none is low any more."""
    case = await _case_opened(work, response)
    if case is None:
        return
    await cards.show_card(work, case)
    if changed:
        language = await cards.language_of_case(work, case)
        title = title_of(survey, work, language)
        await desk.notice_case(work, case, "survey_loop.desk.changed", name=person.customer.called, title=title)


async def _show_score(
    work: Work, person: Person, response: Response, survey: Survey, question: Question, number: int | None
) -> None:
    """Show an answer on the card of the case it is about; the score of the whole is told besides, once."""
    case = await _case(work, response.case_id or 0)
    if case is None:
        return
    await cards.show_card(work, case)
    if number is None or question != score_question(survey):
        return
    credited = await staff_rows.get_member(work.tx, response.member_id) if response.member_id else None
    await desk.notice_case(
        work,
        case,
        "survey_loop.desk.scored",
        dedupe_key=f"scored:{response.id}:{number}",
        name=person.customer.called,
        score=judged(work, question, number, await cards.language_of_case(work, case)),
        member=credited.name if credited else "–",
    )


async def _bring(work: Work, person: Person, response: Response, interaction_id: int) -> None:
    said = await get_interaction(work.tx, interaction_id)
    if said is not None:
        await on_words(work, person, response, interaction_id=said.id, content=said.content)


async def on_words(work: Work, person: Person, response: Response, *, interaction_id: int, content: Content) -> None:
    """Pass on words said in answer to a survey to the case it is about, or that it opened; twice is once.

    After a low answer they count as their customer's words in that case, which is open again.
    """
    case_id = response.opened_case_id or response.case_id
    case = await _case(work, case_id) if case_id is not None else None
    said = await get_interaction(work.tx, interaction_id)
    if case is None or said is None or said.case_id == case.id or is_banned(person, work.now):
        return
    if case.live and response.opened_case_id is not None:
        await cases.hear_words(
            work, person, case=case, interaction_id=interaction_id, content=content, acknowledge=False
        )
    else:
        await assign_case(work.tx, ids=[interaction_id], case_id=case.id)
        await desk.pass_on(work, case, interaction_id=interaction_id, content=content)
    await cards.show_card(work, await case_rows.get_case(work.tx, case.id) or case)


def made_html(work: Work, person: Person, made: Made) -> str:
    """Return what the customer reads (Telegram HTML) when a low answer is put right: who gets in touch, and by when."""
    values = {"number": made.case.public_number, "name": made.name or work.rules.business_name}
    if made.promised_at is None:
        return work.texts.say("survey_loop.made.known", person.language, **values)
    key = f"survey_loop.made.{made.how}" if made.name else f"survey_loop.made.{made.how}_unnamed"
    return work.texts.say(key, person.language, moment=moment_for(work, person, made.promised_at), **values)


async def on_finished(work: Work, person: Person, response: Response, survey: Survey) -> None:
    """Let other systems know of a survey that was answered to its end, and let it earn its points, once an occasion."""
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action="survey.finish",
        subject=("survey_response", response.id),
        customer_id=person.customer.id,
        after={
            "survey": response.survey,
            "score": response.score,
            "member_id": response.member_id,
            "case_id": response.case_id,
        },
    )
    await told.tell_finished(work, response, survey)
    answers = await rows.list_answers(work.tx, response.id)
    if all(answer.skipped for answer in answers.values()):
        return
    ref = f"{response.survey}:{response.occasion}"
    await reward_occasion(work, person.customer.id, Occasion.SURVEY, ref=ref, by=person.actor)


async def thanks_extra(work: Work, person: Person, survey: Survey, score: int | None) -> tuple[str, Rows]:
    """Return what is said and offered to a promoter beside the thanks: the link to bring a friend.

    Nothing when bringing somebody is worth nothing, or when something of this person's is still to be put right.
    """
    if not (lows.is_promoter(work.rules.surveys.loop, survey, score) and is_offered(work)):
        return "", ()
    if is_banned(person, work.now) or await loop_rows.list_live_opened(work.tx, person.customer.id):
        return "", ()
    label = work.texts.button("points.button.refer", person.language)
    return work.texts.say("survey_loop.refer", person.language), ((Button(label, data="c:refer"),),)
