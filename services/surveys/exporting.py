"""Everything answered to a survey as rows: one a response, each question a column, safe for a spreadsheet."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.surveys import Question, QuestionKind
from domain.surveys.answers import Answer
from services.surveys.book import Kept
from storage import responses as response_rows
from storage.database import Database
from storage.export import Period
from storage.survey_results import Reader, Scope
from storage.survey_rows import ResponseRow, list_responses

_SLICE = 500
_HEAD = (
    *("response", "customer", "name", "asked_at", "answered_at", "ended_at", "state", "cause", "campaign", "version"),
    *("language", "tier", "case", "opened_case", "member", "score", "low_at"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the columns are: ``columns`` their names, ``keys`` the questions behind the head, and each as asked."""

    survey: str
    columns: list[str]
    keys: list[str]
    questions: Mapping[tuple[int, str], Question]


def sheet_of(versions: list[Kept]) -> Sheet:
    """Return the columns of a survey: those of the response, then its questions as asked now, then those of old.

    A question called like a column of the response has ``answer_`` before its key.
    """
    newest_first = sorted(versions, key=lambda one: one.version, reverse=True)
    questions = {(kept.version, one.key): one for kept in newest_first for one in kept.survey.questions}
    keys = list(dict.fromkeys(key for _, key in questions))
    columns = [*_HEAD, *(key for key in keys if key not in _HEAD)]
    named = []
    for key in keys:
        name = key
        while key in _HEAD and name in columns:
            name = f"answer_{name}"
        columns.append(name)
        named.append(name)
    return Sheet(versions[0].key, [*_HEAD, *named], keys, questions)


async def stream_responses(
    database: Database, sheet: Sheet, period: Period, *, confidential: bool
) -> AsyncIterator[list[list[Any]]]:
    """Yield slices of rows, the response asked last first, each slice in a transaction of its own.

    Confidential cases' responses are left out unless ``confidential`` wants them. Only answers that stand and lie on
    the way taken are told; what was skipped is empty.
    """
    scope = Scope(sheet.survey, Reader(supervises=confidential), period.since, period.until)
    before_id: int | None = None
    while True:
        async with database.read() as tx:
            found = await list_responses(tx, scope, customer_id=None, state=None, before_id=before_id, limit=_SLICE)
            answers = await response_rows.list_counted_of(tx, [one.id for one in found])
        if not found:
            return
        yield [_row(one, answers.get(one.id, {}), sheet) for one in found]
        before_id = found[-1].id


def _row(one: ResponseRow, answers: dict[str, Answer], sheet: Sheet) -> list[Any]:
    head = [
        *(one.id, one.customer, one.name, one.asked_at, one.answered_at, one.ended_at, one.state, one.cause),
        *(one.campaign, one.version, one.language or None, one.tier or None),
        *(_case(one.case_number), _case(one.opened_case_number), one.member, one.score, one.low_at),
    ]
    return [*head, *(_value(sheet.questions.get((one.version, key)), answers.get(key)) for key in sheet.keys)]


def _case(number: int | None) -> str | None:
    return None if number is None else f"C-{number}"


def _value(question: Question | None, answer: Answer | None) -> Any:
    """Return an answer as a cell: a number, the keys of what was chosen, a date, or the words."""
    if answer is None or answer.skipped:
        return None
    if answer.number is not None:
        decimals = question.decimals if question is not None else 0
        return float(Decimal(answer.number).scaleb(-decimals)) if decimals else answer.number
    if answer.choices:
        return " ".join(answer.choices)
    if answer.on is not None:
        return answer.on.isoformat()
    return answer.text or ("photo" if answer.kind is QuestionKind.PHOTO else None)
