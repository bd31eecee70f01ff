"""Responses to surveys and their answers; an answer that is changed stays, beside the one that stands."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from domain.surveys.answers import Answer
from domain.surveys.definition import QuestionKind
from storage.database import Tx
from storage.tables import survey_answers, survey_responses

OPEN, FINISHED, STOPPED, EXPIRED = "open", "finished", "stopped", "expired"


@dataclass(frozen=True, slots=True)
class Response:
    """One person's run through one survey; ``member_id`` is whom it is credited to.

    ``step`` is a question gone back to, ``picked`` what is chosen so far of the one it stands at.
    """

    id: int
    survey: str
    version: int
    occasion: str
    customer_id: int
    case_id: int | None
    member_id: int | None
    asked_at: datetime
    score: int | None
    text: str
    answered_at: datetime | None
    finished_at: datetime | None
    state: str
    step: str | None
    picked: list[str] | None
    cause: str
    campaign: str | None
    language: str
    tier: str
    purchase_id: int | None
    delivery_id: int | None
    opened_case_id: int | None
    low_at: datetime | None
    remind_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Return whether nothing more is to be answered: it ended, or its time is over."""
        return self.state != OPEN or (self.expires_at is not None and now >= self.expires_at)


_COLUMNS = tuple(survey_responses.c[name] for name in Response.__slots__)


async def insert_response(
    tx: Tx, *, survey: str, version: int, occasion: str, customer_id: int, now: datetime, **values: Any
) -> int | None:
    """Keep that somebody is asked; ``None`` when they were asked on this occasion before."""
    insert = tx.insert(survey_responses).values(
        survey=survey, version=version, occasion=occasion, customer_id=customer_id, asked_at=now, **values
    )
    insert = insert.on_conflict_do_nothing(index_elements=["survey", "occasion"])
    return (await tx.execute(insert.returning(survey_responses.c.id))).scalar()


async def get_response(tx: Tx, response_id: int) -> Response | None:
    """Return one response."""
    row = (await tx.execute(select(*_COLUMNS).where(survey_responses.c.id == response_id))).first()
    return Response(**row._mapping) if row else None


async def lock_response(tx: Tx, response_id: int) -> Response | None:
    """Return one response, which others who want to change it wait for; lock its case before."""
    statement = select(*_COLUMNS).where(survey_responses.c.id == response_id)
    row = (await tx.execute(statement.with_for_update() if tx.for_update else statement)).first()
    return Response(**row._mapping) if row else None


async def list_open(tx: Tx, customer_id: int) -> list[Response]:
    """Return the responses of a customer that are not ended, newest first."""
    mine = (survey_responses.c.customer_id == customer_id, survey_responses.c.state == OPEN)
    statement = select(*_COLUMNS).where(*mine).order_by(survey_responses.c.id.desc())
    return [Response(**row._mapping) for row in await tx.execute(statement)]


async def change_response(tx: Tx, response_id: int, **values: Any) -> None:
    """Change columns of one response."""
    await tx.execute(update(survey_responses).where(survey_responses.c.id == response_id).values(**values))


_STANDS = survey_answers.c.replaced_at.is_(None)


async def list_answers(tx: Tx, response_id: int) -> dict[str, Answer]:
    """Return the answers of a response that stand, by question, whether they lie on the path now taken or not."""
    return (await list_answers_of(tx, [response_id])).get(response_id, {})


async def list_answers_of(tx: Tx, response_ids: Sequence[int]) -> dict[int, dict[str, Answer]]:
    """Return the standing answers of several responses, by response and question."""
    mine = survey_answers.c.response_id.in_(bindparam("ids", expanding=True))
    statement = select(survey_answers).where(mine, _STANDS).order_by(survey_answers.c.id)
    found: dict[int, dict[str, Answer]] = defaultdict(dict)
    for row in await tx.execute(statement, {"ids": list(response_ids)}):
        found[row.response_id][row.question] = _answer(row)
    return dict(found)


async def list_counted_of(tx: Tx, response_ids: Sequence[int]) -> dict[int, dict[str, Answer]]:
    """Return of several responses the standing answers that lie on the way taken, by response and question."""
    mine = survey_answers.c.response_id.in_(bindparam("ids", expanding=True))
    statement = select(survey_answers).where(mine, _STANDS, survey_answers.c.counts).order_by(survey_answers.c.id)
    found: dict[int, dict[str, Answer]] = defaultdict(dict)
    for row in await tx.execute(statement, {"ids": list(response_ids)}):
        found[row.response_id][row.question] = _answer(row)
    return dict(found)


def _answer(row: Any) -> Answer:
    return Answer(
        question=row.question,
        kind=QuestionKind(row.kind),
        answered_at=row.answered_at,
        number=row.number,
        choices=tuple(row.choices or ()),
        text=row.text,
        on=date.fromisoformat(row.on_date) if row.on_date else None,
        interaction_id=row.interaction_id,
        skipped=row.skipped,
    )


async def is_counted(tx: Tx, response_id: int, question: str) -> bool:
    """Return whether the standing answer to a question lies on the path now taken."""
    mine = (survey_answers.c.response_id == response_id, survey_answers.c.question == question, _STANDS)
    return bool((await tx.execute(select(survey_answers.c.counts).where(*mine))).scalar())


async def put_answer(tx: Tx, response_id: int, answer: Answer, *, counts: bool = True) -> None:
    """Keep an answer; the one that stood there before stays, as one that was replaced."""
    before = (survey_answers.c.response_id == response_id, survey_answers.c.question == answer.question, _STANDS)
    await tx.execute(update(survey_answers).where(*before).values(replaced_at=answer.answered_at, counts=False))
    insert = tx.insert(survey_answers).values(
        response_id=response_id,
        question=answer.question,
        kind=answer.kind.value,
        number=answer.number,
        choices=list(answer.choices) or None,
        text=answer.text,
        on_date=answer.on.isoformat() if answer.on else None,
        interaction_id=answer.interaction_id,
        skipped=answer.skipped,
        counts=counts,
        answered_at=answer.answered_at,
    )
    await tx.execute(insert)


async def set_counts(tx: Tx, response_id: int, on_path: Iterable[str]) -> None:
    """Let just the standing answers to these questions count: the others lie off the path now taken."""
    keys = sorted(on_path)
    mine = (survey_answers.c.response_id == response_id, _STANDS)
    off = survey_answers.c.question.not_in(keys)
    on = survey_answers.c.question.in_(keys)
    await tx.execute(update(survey_answers).where(*mine, survey_answers.c.counts, off).values(counts=False))
    await tx.execute(update(survey_answers).where(*mine, survey_answers.c.counts.is_(False), on).values(counts=True))
