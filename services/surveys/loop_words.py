"""What was answered, in words for staff: on the card of a case, in notices, tasks and summaries."""

from collections.abc import Mapping

from domain.cases import Case
from domain.surveys.answers import Answer, written_number
from domain.surveys.definition import SCALES, Question, QuestionKind, Survey
from domain.surveys.flow import walk
from domain.surveys.lows import scale_of, score_question
from services.gathered import shortened
from services.surveys.document import parse_canonical
from services.surveys.question_words import words_in
from services.work import Work
from storage import responses as rows
from storage import survey_loop as loop_rows
from storage.survey_loop import Told
from texts.days import day_in_words, number_in_words

_SHOWN_RESPONSES = 2
_SHOWN_ANSWERS = 8
_QUESTION_LETTERS = 70
_WORDS_LETTERS = 160
_TITLE_LETTERS = 60
_CSAT_MOST = SCALES[QuestionKind.CSAT][1]


def title_of(survey: Survey, work: Work, language: str) -> str:
    """Return the title of a survey as staff read it."""
    return shortened(words_in(work, survey.title, language) or survey.key, _TITLE_LETTERS)


def question_of(question: Question, work: Work, language: str) -> str:
    """Return a question as staff read it, in one short line."""
    text = " ".join(words_in(work, question.text, language).split())
    return shortened(text or question.key, _QUESTION_LETTERS)


def judged(work: Work, question: Question, number: int, language: str) -> str:
    """Return a judgement in plain words: stars for contentment, else the number and the highest there is."""
    if question.kind is QuestionKind.CSAT:
        return "★" * number + "☆" * (_CSAT_MOST - number)
    scale = scale_of(question)
    most = scale[1] if scale else number
    return work.texts.button("survey_loop.of", language, number=number, most=most)


def answer_in_words(work: Work, question: Question, answer: Answer, language: str) -> str:
    """Return one answer in plain words; empty when nothing was answered."""
    if answer.skipped:
        return ""
    if answer.number is not None:
        if scale_of(question) is not None:
            return judged(work, question, answer.number, language)
        return _number(question, answer.number, language)
    if answer.choices:
        return _chosen(work, question, answer.choices, language)
    if answer.on is not None:
        return day_in_words(answer.on, language, today=work.now.astimezone(work.rules.zone).date())
    if question.kind is QuestionKind.PHOTO and answer.interaction_id is not None:
        photo = work.texts.button("desk.kind.photo", language)
        return f"{photo} {shortened(answer.text, _WORDS_LETTERS)}".rstrip()
    return shortened(" ".join(answer.text.split()), _WORDS_LETTERS)


def _number(question: Question, number: int, language: str) -> str:
    return written_number(number, question.decimals) if question.decimals else number_in_words(number, language)


def _chosen(work: Work, question: Question, keys: tuple[str, ...], language: str) -> str:
    labels = {one.key: words_in(work, one.label, language) or one.key for one in question.options}
    return shortened(", ".join(labels.get(key, key) for key in keys), _WORDS_LETTERS)


async def answers_in_words(work: Work, case: Case, language: str) -> list[str]:
    """Return lines for the card of a case (Telegram HTML): what was answered about it, or led to it, newest first.

    Without any it is the newest score of its customer, if there is one that everybody may see.
    """
    found = await loop_rows.list_told(work.tx, case.id, case.customer_id, limit=_SHOWN_RESPONSES)
    behind = [one for one in found if one.behind]
    if not behind:
        return [_score_line(work, one, language) for one in found if one.score is not None]
    answers = await rows.list_answers_of(work.tx, [one.id for one in behind])
    return [line for one in behind for line in _lines(work, one, answers.get(one.id, {}), language)]


def _score_line(work: Work, told: Told, language: str) -> str:
    survey = parse_canonical(told.document)
    question = score_question(survey)
    words = judged(work, question, told.score or 0, language) if question is not None else str(told.score)
    return work.texts.say("survey_loop.card.score", language, score=words, title=title_of(survey, work, language))


def _lines(work: Work, told: Told, answers: Mapping[str, Answer], language: str) -> list[str]:
    survey = parse_canonical(told.document)
    lines = [
        work.texts.say("survey_loop.card.answer", language, question=question_of(one, work, language), answer=words)
        for one in walk(survey, answers).passed
        if (answer := answers.get(one.key)) is not None and (words := answer_in_words(work, one, answer, language))
    ]
    if not lines:
        return []
    moment = work.texts.moment(told.at, language, zone=work.rules.zone, now=work.now)
    title = title_of(survey, work, language)
    return [work.texts.say("survey_loop.card.head", language, title=title, moment=moment), *lines[:_SHOWN_ANSWERS]]
