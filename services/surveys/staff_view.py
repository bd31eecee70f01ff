"""Surveys as staff see them in the chat: the list, the results of one in words, its picture, what was written."""

from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Target
from domain.people import StaffMember
from domain.surveys import SurveyState
from domain.surveys.results import QuestionResult, Results
from services.case_door import actor_of
from services.files import order_staff_file
from services.gathered import shortened
from services.surveys import book
from services.surveys.book import Kept
from services.surveys.pictures import recipe_of
from services.surveys.question_words import words_in
from services.surveys.result_words import figure, percent, warned
from services.surveys.results import results, words_of
from services.work import Work
from texts.catalogue import safe

MOST_LISTED = 20
_MOST_QUESTIONS = 12
_MOST_WORDS = 8
_WORD_LETTERS = 300


async def find_by_id(work: Work, survey_id: int) -> Kept | None:
    """Return the survey behind a button."""
    return next((kept for kept in await book.list_surveys(work) if kept.id == survey_id), None)


async def list_lines(work: Work, *, by: StaffMember, language: str) -> list[tuple[Kept, str]] | Refusal:
    """Return the surveys, those that are on first, each with its line (HTML): whether it is on, how many, the score."""
    if (refusal := why_not(Deed.SURVEYS, by)) is not None:
        return refusal
    surveys = sorted(await book.list_surveys(work), key=lambda kept: (kept.state is not SurveyState.ON, kept.key))
    return [(kept, await _line(work, kept, by, language)) for kept in surveys[:MOST_LISTED]]


async def _line(work: Work, kept: Kept, by: StaffMember, language: str) -> str:
    found = await results(work, kept.key, by=actor_of(by))
    title = words_in(work, kept.survey.title, language)
    state = work.texts.button(f"survey_staff.state.{kept.state}", language)
    if isinstance(found, Refusal) or not found.started:
        return work.texts.say("survey_staff.line_empty", language, title=title, state=state)
    return work.texts.say(
        "survey_staff.line",
        language,
        title=title,
        state=state,
        started=found.started,
        rate=percent(found.response_rate.value or 0),
        score=_score(work, found, language),
    )


def _score(work: Work, found: Results, language: str) -> str:
    if found.score_by is None:
        return "–"
    return figure(work, language, found.score_kind, found.score, too_few=found.too_few)


async def results_in_words(work: Work, kept: Kept, *, by: StaffMember, language: str) -> tuple[Results, str] | Refusal:
    """Return the results of a survey with their words (HTML), questions one by one, and what to beware of."""
    if (refusal := why_not(Deed.SURVEYS, by)) is not None:
        return refusal
    found = await results(work, kept.key, by=actor_of(by))
    if isinstance(found, Refusal):
        return found
    texts = work.texts
    lines = [
        texts.say(
            "survey_staff.head",
            language,
            title=words_in(work, kept.survey.title, language),
            state=texts.button(f"survey_staff.state.{kept.state}", language),
            score=_score(work, found, language),
        ),
        texts.say(
            "survey_staff.funnel",
            language,
            delivered=found.delivered,
            started=found.started,
            finished=found.finished,
            rate=percent(found.response_rate.value or 0),
        ),
        *(_question(work, one, language) for one in found.questions[:_MOST_QUESTIONS]),
        *(texts.say("survey_staff.warning", language, words=warned(work, language, one)) for one in found.warnings),
    ]
    return found, "\n".join(lines)


def _question(work: Work, one: QuestionResult, language: str) -> str:
    values = {"question": words_in(work, one.words, language), "answered": one.answered, "left": one.left_here}
    if one.estimate is None or one.estimate.value is None:
        return work.texts.say("survey_staff.question_plain", language, **values)
    return work.texts.say("survey_staff.question", language, figure=_figure(work, one, language), **values)


def _figure(work: Work, one: QuestionResult, language: str) -> str:
    assert one.estimate is not None
    return figure(work, language, one.kind, one.estimate, too_few=one.too_few)


async def order_picture(
    work: Work, kept: Kept, found: Results, *, by: StaffMember, target: Target, language: str
) -> bool:
    """Let the picture of the results be drawn and sent; returns whether there is anything to draw yet."""
    if not found.started:
        return False
    minute = int(work.now.timestamp() // 60)
    await order_staff_file(
        work,
        target,
        kind="survey",
        recipe=recipe_of(work, found, language),
        name=f"{kept.key}.png",
        mime="image/png",
        caption=work.texts.say("survey_staff.caption", language, title=words_in(work, kept.survey.title, language)),
        dedupe_key=f"survey:{kept.id}:{target.chat_key}:{by.id}:{minute}",
    )
    return True


async def newest_words(
    work: Work, kept: Kept, *, by: StaffMember, language: str
) -> tuple[str, dict[int, str]] | Refusal:
    """Return what was written last in answer to a survey (HTML), who and which score; and its cases: id, number."""
    if (refusal := why_not(Deed.SURVEYS, by)) is not None:
        return refusal
    found = await words_of(work, kept.key, by=actor_of(by), limit=_MOST_WORDS)
    if isinstance(found, Refusal):
        return found
    if not found:
        return work.texts.say("survey_staff.no_words", language), {}
    zone, now = work.rules.zone, work.now
    lines = []
    for said in found:
        values = {
            "name": said.name,
            "moment": work.texts.moment(said.at, language, zone=zone, now=now),
            "score": "–" if said.score is None else said.score,
            "words": shortened(said.text, _WORD_LETTERS),
        }
        key = "survey_staff.word_case" if said.case_number else "survey_staff.word"
        lines.append(work.texts.say(key, language, number=said.case_number, **values))
    cases = {said.case_id: said.case_number for said in found if said.case_id and said.case_number}
    return work.texts.say("survey_staff.words", language, lines=safe("\n\n".join(lines))), cases
