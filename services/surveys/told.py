"""What other systems are told of surveys: figures and keys, never a word that somebody wrote."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from domain.cases import Case
from domain.surveys.answers import Answer
from domain.surveys.definition import Question, QuestionKind, Survey
from domain.surveys.flow import walk
from domain.surveys.lows import score_question
from services import webhooks
from services.work import Work
from storage import responses as rows
from storage.confidential import load_confided
from storage.responses import Response

Value = int | float | list[str] | str | None
"""An answer as other systems see it: a number, the keys of what was chosen, a date; ``None`` for words and pictures."""


def value_of(question: Question, answer: Answer) -> Value:
    """Return an answer as other systems see it; a number with the decimals that people wrote."""
    if answer.skipped:
        return None
    if answer.number is not None:
        return float(Decimal(answer.number).scaleb(-question.decimals)) if question.decimals else answer.number
    if question.kind in (QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE):
        return list(answer.choices)
    return answer.on.isoformat() if answer.on is not None else None


def values_of(questions: Iterable[Question], answers: Mapping[str, Answer]) -> dict[str, Value]:
    """Return what was answered to these questions without words, what was skipped left out."""
    told = {question.key: value_of(question, answers[question.key]) for question in questions}
    return {key: value for key, value in told.items() if value is not None}


async def tell_finished(work: Work, response: Response, survey: Survey) -> None:
    """Tell other systems that somebody came to the end of a survey: the score, and each answer without words."""
    if await _is_kept_back(work, response):
        return
    answers = await rows.list_answers(work.tx, response.id)
    scored = score_question(survey)
    data = _head(response) | {
        "score": response.score,
        "score_by": scored.key if scored is not None else None,
        "answers": values_of(walk(survey, answers).passed, answers),
    }
    await webhooks.emit(work, "survey.finished", customer_id=response.customer_id, data=data)


async def tell_low(work: Work, response: Response, question: Question, answer: Answer, case: Case | None) -> None:
    """Tell other systems of a low answer, and of the case in which it is put right."""
    if (case is not None and case.confidential) or await _is_kept_back(work, response):
        return
    data = _head(response) | {
        "question": question.key,
        "kind": question.kind.value,
        "value": value_of(question, answer),
        "aspect": question.aspect.value if question.aspect is not None else None,
        "case": case.public_number if case is not None else None,
    }
    await webhooks.emit(work, "survey.low", customer_id=response.customer_id, data=data)


def _head(response: Response) -> dict[str, Any]:
    return {
        "response_id": response.id,
        "survey": response.survey,
        "version": response.version,
        "cause": response.cause,
        "purchase_id": response.purchase_id,
    }


async def _is_kept_back(work: Work, response: Response) -> bool:
    """Return whether a response hangs on a case that only some may know of."""
    behind = (response.case_id, response.opened_case_id)
    return bool(await load_confided(work.tx, [case_id for case_id in behind if case_id is not None]))
