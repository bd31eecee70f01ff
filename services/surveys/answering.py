"""Answering a survey: each answer is kept as it comes, judged by the way through the survey, and followed at once.

Where somebody stands is in the database: the answers that stand, and the question gone back to. So a restart, another
replica or a week's pause changes nothing, and a button of a question that was passed changes nothing either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.dialogues import DialogueName
from domain.outcomes import Refusal
from domain.outgoing import Purpose, to_contact
from domain.surveys import Question, QuestionKind, Survey, SurveyState
from domain.surveys.answers import Answer, chosen_answer, tapped_answer
from domain.surveys.flow import Walk, walk
from services.dialogues import PATIENCE, begin
from services.gathered import shortened
from services.speech import say_html, tell
from services.surveys import loop
from services.surveys.asking import say_question
from services.surveys.book import get_survey
from services.surveys.question_words import question_html, question_rows, words_in
from services.work import Person, Work
from storage import cases as case_rows
from storage import responses as rows
from storage.responses import Response
from texts.catalogue import safe

STALE = Refusal("tap.stale")
LENGTHENED = (QuestionKind.TEXT, QuestionKind.PHOTO)
"""Kinds whose answer goes on with what is sent right after it."""
_MOST_IN_POP_UP = 120


@dataclass(frozen=True, slots=True)
class Step:
    """What came of an answer: the question asked next, ``None`` when the survey is over."""

    response_id: int
    question: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A response that can be answered now, locked: where it stands in which survey, and what was answered."""

    response: Response
    survey: Survey
    answers: Mapping[str, Answer]
    walk: Walk
    at: Question

    @property
    def before(self) -> Question | None:
        """The question before the one it stands at, on the way taken."""
        keys = [question.key for question in self.walk.passed]
        place = keys.index(self.at.key) if self.at.key in keys else len(keys)
        return self.walk.passed[place - 1] if place else None


async def lock_own(work: Work, person: Person, response_id: int) -> Response | None:
    """Return this person's response locked, its cases first: the order in which everybody locks."""
    seen = await rows.get_response(work.tx, response_id)
    if seen is None or seen.customer_id != person.customer.id:
        return None
    for case_id in sorted({case_id for case_id in (seen.case_id, seen.opened_case_id) if case_id is not None}):
        await case_rows.get_case(work.tx, case_id)
    response = await rows.lock_response(work.tx, response_id)
    return response if response is not None and response.customer_id == person.customer.id else None


async def open_run(work: Work, person: Person, response_id: int) -> Run | Refusal:
    """Return this person's response as it stands, locked (its cases first); another's is as unknown as none."""
    response = await lock_own(work, person, response_id)
    kept = await get_survey(work, response.survey, version=response.version) if response is not None else None
    if response is None or kept is None:
        return STALE
    if response.state == rows.OPEN and kept.state is SurveyState.CLOSED:
        return Refusal("survey.over.closed")
    if response.is_over(work.now):
        return Refusal(f"survey.over.{rows.EXPIRED if response.state == rows.OPEN else response.state}")
    answers = await rows.list_answers(work.tx, response_id)
    found = walk(kept.survey, answers)
    at = kept.survey.question(response.step) if response.step in found.keys else found.at
    if at is None:  # all was answered, and yet it is open: a newer program ends it with the next deed
        return Refusal("survey.over.finished")
    return Run(response, kept.survey, answers, found, at)


async def _run_at(work: Work, person: Person, response_id: int, question: str) -> Run | Refusal:
    """Return the run if it stands at this question; what was passed says where it stands, and changes nothing."""
    run = await open_run(work, person, response_id)
    if isinstance(run, Refusal) or run.at.key == question:
        return run
    if run.survey.question(question) is None:
        return STALE
    now = shortened(words_in(work, run.at.text, person.language), _MOST_IN_POP_UP)
    return Refusal("survey.elsewhere", {"question": now})


async def question_at(work: Work, person: Person, response_id: int, nth: int) -> Question | Refusal:
    """Return the ``nth`` question (from 0) of the version somebody answers, as buttons name it."""
    response = await rows.get_response(work.tx, response_id)
    if response is None or response.customer_id != person.customer.id:
        return STALE
    kept = await get_survey(work, response.survey, version=response.version)
    if kept is None or not 0 <= nth < len(kept.survey.questions):
        return STALE
    return kept.survey.questions[nth]


async def answer(
    work: Work, person: Person, *, response_id: int, question: str, value: object, replacing: int | None
) -> Step | Refusal:
    """Keep what was tapped: a number of the scale, or the key of an option; then ask on."""
    run = await _run_at(work, person, response_id, question)
    if isinstance(run, Refusal):
        return run
    given = tapped_answer(run.at, value, at=work.now)
    if given is None:
        return Refusal("survey.refused.value")
    return await keep(work, person, run, given, replacing=replacing)


async def pick(
    work: Work, person: Person, *, response_id: int, question: str, option: str, replacing: int | None
) -> Step | Refusal:
    """Choose one of several options, or take the choice back; nothing is answered before :func:`done`."""
    run = await _run_at(work, person, response_id, question)
    if isinstance(run, Refusal):
        return run
    if run.at.kind is not QuestionKind.MULTI_CHOICE or option not in [one.key for one in run.at.options]:
        return Refusal("survey.refused.value")
    before = run.response.picked if run.response.picked is not None else list(_standing(run).choices)
    picked = [one for one in before if one != option] if option in before else [*before, option]
    await rows.change_response(work.tx, response_id, picked=picked)
    html = question_html(work, run.at, person.language)
    buttons = question_rows(work, run.survey, run.at, person.language, response_id=response_id, picked=picked)
    target = to_contact(person.contact.id)
    await tell(
        work,
        target,
        html,
        purpose=Purpose.CONVERSATION,
        buttons=buttons,
        replacing=replacing,
        customer_id=person.customer.id,
    )
    return Step(response_id, run.at.key)


def _standing(run: Run) -> Answer:
    """Return the answer that stands to the question gone back to, an empty one when there is none."""
    return run.answers.get(run.at.key) or Answer(run.at.key, run.at.kind, run.response.asked_at)


async def done(work: Work, person: Person, *, response_id: int, question: str, replacing: int | None) -> Step | Refusal:
    """Keep what was picked of several options as the answer."""
    run = await _run_at(work, person, response_id, question)
    if isinstance(run, Refusal):
        return run
    picked = run.response.picked if run.response.picked is not None else list(_standing(run).choices)
    given = chosen_answer(run.at, picked, at=work.now)
    if given is None:
        return Refusal("survey.refused.none_picked")
    return await keep(work, person, run, given, replacing=replacing)


async def skip(work: Work, person: Person, *, response_id: int, question: str, replacing: int | None) -> Step | Refusal:
    """Leave a question without an answer; a required one is not left."""
    run = await _run_at(work, person, response_id, question)
    if isinstance(run, Refusal):
        return run
    if run.at.required:
        return Refusal("survey.refused.required")
    return await keep(work, person, run, Answer(run.at.key, run.at.kind, work.now, skipped=True), replacing=replacing)


async def back(work: Work, person: Person, *, response_id: int, question: str, replacing: int | None) -> Step | Refusal:
    """Go one question back; its answer stands until another is given."""
    run = await _run_at(work, person, response_id, question)
    if isinstance(run, Refusal):
        return run
    before = run.before
    if before is None:
        return Refusal("survey.refused.first")
    await rows.change_response(work.tx, response_id, step=before.key, picked=None)
    await say_question(work, person, run.survey, before, response_id=response_id, replacing=replacing)
    return Step(response_id, before.key)


async def stop(work: Work, person: Person, *, response_id: int, replacing: int | None) -> Step | Refusal:
    """End a survey here; what was answered counts."""
    run = await open_run(work, person, response_id)
    if isinstance(run, Refusal):
        return run
    over: dict[str, Any] = {"state": rows.STOPPED, "ended_at": work.now, "step": None, "picked": None}
    await rows.change_response(work.tx, response_id, remind_at=None, **over)
    _leave(work, person, response_id)
    answered = any(not one.skipped for key, one in run.answers.items() if key in run.walk.keys)
    key = "survey.stopped" if answered else "survey.stopped_empty"
    await say_html(
        work,
        person,
        work.texts.say(key, person.language),
        replacing=replacing,
        case_id=run.response.case_id,
    )
    return Step(response_id, None)


async def resume(work: Work, person: Person) -> Step | Refusal:
    """Ask again where the newest survey stands that is not over."""
    for response in await rows.list_open(work.tx, person.customer.id):
        run = await open_run(work, person, response.id)
        if not isinstance(run, Refusal):
            head = work.texts.say("survey.resumed", person.language)
            await say_question(work, person, run.survey, run.at, response_id=response.id, head=head)
            return Step(response.id, run.at.key)
    return Refusal("survey.none_open")


def _leave(work: Work, person: Person, response_id: int) -> None:
    running = person.dialogue
    if running is not None and running.data.get("key") == response_id and running.name is DialogueName.SURVEY:
        person.leave(work)


async def keep(work: Work, person: Person, run: Run, given: Answer, *, replacing: int | None, head: str = "") -> Step:
    """Keep an answer with its consequences, and say below ``head`` (HTML) what follows: a question, or the thanks."""
    await rows.put_answer(work.tx, run.response.id, given)
    answers = {**run.answers, given.question: given}
    found = walk(run.survey, answers)
    await rows.set_counts(work.tx, run.response.id, found.keys)
    values: dict[str, Any] = {"step": None, "picked": None, "score": _score(run.survey, answers, found)}
    if run.response.answered_at is None and not given.skipped:
        values["answered_at"] = work.now
    if found.at is None:
        over = {"state": rows.FINISHED, "finished_at": work.now, "ended_at": work.now, "remind_at": None}
        values |= over
    await rows.change_response(work.tx, run.response.id, **values)
    response = replace(run.response, **values)
    made = await loop.on_answer(work, person, response=response, survey=run.survey, question=run.at, answer=given)
    head = loop.made_html(work, person, made) if made is not None else head
    more: dict[str, Any] = {"more": given.question} if given.kind in LENGTHENED and not given.skipped else {}
    if found.at is None:
        await _thank(work, person, response, run.survey, head=head, replacing=replacing, more=more)
        return Step(response.id, None)
    await say_question(
        work,
        person,
        run.survey,
        found.at,
        response_id=response.id,
        head=head,
        replacing=replacing,
        case_id=response.case_id,
        **more,
    )
    return Step(response.id, found.at.key)


def _score(survey: Survey, answers: Mapping[str, Answer], found: Walk) -> int | None:
    """Return the answer to the question by which the survey is scored, as long as it lies on the way taken."""
    scoring = answers.get(survey.score_by or "")
    return scoring.number if scoring is not None and scoring.question in found.keys else None


async def _thank(
    work: Work,
    person: Person,
    response: Response,
    survey: Survey,
    *,
    head: str,
    replacing: int | None,
    more: dict[str, Any],
) -> None:
    """Thank by the score, with what a promoter is offered besides; words that follow still belong to the answer."""
    await loop.on_finished(work, person, response, survey)
    thanks = survey.thanks_for(response.score)
    own = words_in(work, thanks.text, person.language) if thanks else ""
    key = "survey.intro" if own else "survey.thanks"
    said = work.texts.say(key, person.language, intro=own)
    extra, buttons = await loop.thanks_extra(work, person, survey, response.score)
    html = "\n\n".join(part for part in (head, said, extra) if part)
    await say_html(work, person, str(safe(html)), buttons=buttons, replacing=replacing, case_id=response.case_id)
    _leave(work, person, response.id)
    if more and person.dialogue is None:
        wait_for_more(work, person, response.id, more["more"])


def wait_for_more(work: Work, person: Person, response_id: int, question: str) -> None:
    """Take what is written in the next minutes as more of a text just given."""
    begin(work, person, DialogueName.SURVEY, "", key=response_id, waits=PATIENCE, more=question)
