"""Counts of a survey's responses and answers, grouped by the database: what is read grows with the kinds of answers.

Everything is by when a response was asked. An answer counts when it stands, lies on the path taken and was not skipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Null,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domain.instants import to_ms
from storage.database import Tx
from storage.tables import cases, customers, deliveries, survey_answers, survey_responses

_R, _A, _D = survey_responses.c, survey_answers.c, deliveries.c
_REFUSED = ("failed", "skipped", "unknown")
_STANDS = and_(_A.replaced_at.is_(None), _A.counts)


class By(StrEnum):
    """What counts can be told apart by, besides the version."""

    TIER = "tier"
    STAFF = "staff"
    LANGUAGE = "language"
    CAMPAIGN = "campaign"
    CASE_ASPECT = "case_aspect"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose eyes it is for: complaints about staff count only for who supervises, never for whom they are about."""

    supervises: bool
    member_id: int | None = None

    @property
    def sees_all(self) -> bool:
        """Whether nothing is kept from them: who runs the program is no member of staff."""
        return self.supervises and self.member_id is None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which responses are meant: of one survey, asked from ``since_at`` until before ``until_at``, as one may see."""

    survey: str
    reader: Reader
    since_at: datetime | None = None
    until_at: datetime | None = None


class Arrival(StrEnum):
    """What became of the message that asked."""

    ARRIVED = "arrived"
    UNDER_WAY = "under_way"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ResponseCount:
    """How many responses are alike: asked in which of the spans (from 0), and of which ``part`` of a split."""

    span: int
    part: str | int | None
    version: int
    state: str
    started: bool
    arrival: str
    count: int


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many answers are alike, as :class:`ResponseCount` has it; ``chosen`` is the JSON list of what was chosen."""

    span: int
    part: str | int | None
    version: int
    question: str
    skipped: bool
    number: int | None
    chosen: str | None
    count: int


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """How many unfinished responses went no further than this answer; ``number`` is known where the way forks."""

    version: int
    state: str
    question: str
    skipped: bool
    number: int | None
    chosen: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Words:
    """One free answer with who gave it, to what, and the score of the same response."""

    id: int
    response_id: int
    question: str
    text: str
    answered_at: datetime
    customer_id: int
    name: str
    score: int | None
    case_id: int | None
    case_number: int | None


def responses_within(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a response is among those meant, and is to be seen."""
    conditions: list[ColumnElement[bool]] = [_R.survey == scope.survey]
    if scope.since_at is not None:
        conditions.append(_R.asked_at >= scope.since_at)
    if scope.until_at is not None:
        conditions.append(_R.asked_at < scope.until_at)
    if scope.reader.sees_all:
        return and_(*conditions)
    return and_(*conditions, *(_open_to(column, scope.reader) for column in (_R.case_id, _R.opened_case_id)))


def _open_to(case_id: ColumnElement[Any], reader: Reader) -> ColumnElement[bool]:
    """Return whether a response hangs on no case, or on one that this reader may know of."""
    hidden: ColumnElement[bool] = cases.c.confidential
    if reader.supervises:
        hidden = and_(hidden, cases.c.about_member_id == reader.member_id)
    found = select(literal(1)).where(cases.c.id == case_id, hidden).correlate(survey_responses).exists()
    return or_(case_id.is_(None), ~found)


def _part(by: By | None) -> ColumnElement[Any]:
    match by:
        case By.TIER:
            return _R.tier
        case By.STAFF:
            return _R.member_id
        case By.LANGUAGE:
            return _R.language
        case By.CAMPAIGN:
            return func.coalesce(_R.campaign, _R.cause)
        case By.CASE_ASPECT:
            return select(cases.c.aspect).where(cases.c.id == _R.case_id).correlate(survey_responses).scalar_subquery()
    return null()


async def get_span(tx: Tx, survey: str) -> tuple[datetime, datetime] | None:
    """Return when the first and the last response of a survey were asked; ``None`` without any."""
    first = select(_R.asked_at).where(_R.survey == survey).order_by(_R.asked_at).limit(1)
    last = select(_R.asked_at).where(_R.survey == survey).order_by(_R.asked_at.desc()).limit(1)
    begins_at, ends_at = (await tx.execute(first)).scalar(), (await tx.execute(last)).scalar()
    return (begins_at, ends_at) if begins_at is not None and ends_at is not None else None


def _spans(tx: Tx, scope: Scope, borders: Sequence[datetime]) -> list[tuple[Scope, ColumnElement[int]]]:
    """Return what to ask the database for, and which span a row then lies in: between one border and the next.

    SQLite sorts what it groups, so it is asked span by span; PostgreSQL hashes, and would read all answers each time.
    """
    if tx.dialect == "sqlite":
        pairs = enumerate(pairwise(borders))
        return [(replace(scope, since_at=since, until_at=until), literal(nth)) for nth, (since, until) in pairs]
    inner = cast([to_ms(border) for border in borders[1:-1]], ARRAY(BigInteger))
    span = func.width_bucket(type_coerce(_R.asked_at, BigInteger), inner) if len(borders) > 2 else literal(0)
    return [(replace(scope, since_at=borders[0], until_at=borders[-1]), span)]


async def count_responses(
    tx: Tx, scope: Scope, *, borders: Sequence[datetime], by: By | None = None
) -> list[ResponseCount]:
    """Return how many responses there are by state and what became of their messages, between each two borders.

    What was asked in a conversation, answered or ended by hand has arrived, whatever its delivery says.
    """
    arrival = case(
        (or_(_R.answered_at.is_not(None), _R.state.in_(("finished", "stopped"))), Arrival.ARRIVED.value),
        (or_(_R.delivery_id.is_(None), _D.state == "sent"), Arrival.ARRIVED.value),
        (_D.state.in_(_REFUSED), Arrival.REFUSED.value),
        else_=Arrival.UNDER_WAY.value,
    )
    found = []
    for within, span in _spans(tx, scope, borders):
        alike = {
            "span": span,
            "part": _part(by),
            "version": _R.version,
            "state": _R.state,
            "started": _R.answered_at.is_not(None),
            "arrival": arrival,
        }
        statement = _counted(alike).select_from(survey_responses.outerjoin(deliveries, _D.id == _R.delivery_id))
        for row in await tx.execute(statement.where(responses_within(within))):
            found.append(ResponseCount(**{**row._mapping, "started": bool(row.started)}))
    return found


def _counted(alike: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """Return a count of rows that are alike in these columns; constants are not grouped by."""
    columns = [column.label(name) for name, column in alike.items()]
    varying = {name: column for name, column in alike.items() if not isinstance(column, BindParameter | Null)}
    grouped = (column if isinstance(column, Column) else name for name, column in varying.items())
    return select(*columns, func.count().label("count")).group_by(*grouped)


async def count_answers(
    tx: Tx, scope: Scope, *, borders: Sequence[datetime], versions: Sequence[int], by: By | None = None
) -> list[AnswerCount]:
    """Return how many answers there are by question and what they say, between each two borders.

    What was skipped is told apart.
    """
    found: list[AnswerCount] = []
    for within, span in _spans(tx, scope, borders):
        for some in ([version] for version in versions) if tx.dialect == "sqlite" else (list(versions),):
            alike = {
                "span": span,
                "part": _part(by),
                "version": literal(some[0]) if len(some) == 1 else _R.version,
                "question": _A.question,
                "skipped": _A.skipped,
                "number": _A.number,
                "chosen": cast(_A.choices, Text),
            }
            statement = _counted(alike).select_from(survey_responses.join(survey_answers, _A.response_id == _R.id))
            statement = statement.where(responses_within(within), _R.version.in_(some), _STANDS)
            found.extend(AnswerCount(**row._mapping) for row in await tx.execute(statement))
    return found


async def count_last_answers(
    tx: Tx, scope: Scope, *, places: Mapping[tuple[int, str], int], forks: Sequence[tuple[int, str]]
) -> list[LastAnswer]:
    """Return after which answer unfinished responses went no further; those without any answer are not among them.

    ``places`` says where each question of each version stands, ``forks`` on which answers it depends what comes next.
    """
    if not places:
        return []
    furthest = (
        select(_R.id, _R.version, _R.state, func.max(_place(_R.version, _A.question, places)).label("place"))
        .select_from(survey_responses.join(survey_answers, _A.response_id == _R.id))
        .where(responses_within(scope), _R.state != "finished", _STANDS)
        # In the order of the index on asked_at, so that nothing has to be sorted.
        .group_by(_R.asked_at, _R.id)
        .cte("furthest")
    )
    far = furthest.c
    forking = tuple_(far.version, _A.question).in_(list(forks)) if forks else literal(False)
    alike = {
        "version": far.version,
        "state": far.state,
        "question": _A.question,
        "skipped": _A.skipped,
        "number": case((forking, _A.number), else_=null()),
        "chosen": case((forking, cast(_A.choices, Text)), else_=null()),
    }
    last = (
        select(*(column.label(name) for name, column in alike.items()))
        .select_from(furthest.join(survey_answers, _A.response_id == far.id))
        .where(_STANDS, _place(far.version, _A.question, places) == far.place)
        .subquery()
    )
    statement = select(*last.c, func.count().label("count")).group_by(*last.c)
    return [LastAnswer(**row._mapping) for row in await tx.execute(statement)]


def _place(
    version: ColumnElement[int], question: ColumnElement[str], places: Mapping[tuple[int, str], int]
) -> ColumnElement[int]:
    """Return where a question stands in its version; one that the version does not have stands before all."""
    return case(*((and_(version == of, question == key), nth) for (of, key), nth in places.items()), else_=-1)


async def list_words(tx: Tx, scope: Scope, *, question: str | None, limit: int, before_id: int | None) -> list[Words]:
    """Return free words people answered with, the newest first, before answer ``before_id``."""
    statement: Select[Any] = (
        select(
            _A.id,
            _A.response_id,
            _A.question,
            _A.text,
            _A.answered_at,
            _R.customer_id,
            customers.c.name,
            _R.score,
            cases.c.id.label("case_id"),
            cases.c.number.label("case_number"),
        )
        .select_from(
            survey_answers.join(survey_responses, _A.response_id == _R.id)
            .join(customers, customers.c.id == _R.customer_id)
            .outerjoin(cases, cases.c.id == func.coalesce(_R.case_id, _R.opened_case_id))
        )
        .where(responses_within(scope), _STANDS, _A.text != "", ~_A.skipped)
        .order_by(_A.id.desc())
        .limit(limit)
    )
    if question is not None:
        statement = statement.where(_A.question == question)
    if before_id is not None:
        statement = statement.where(_A.id < before_id)
    return [Words(**row._mapping) for row in await tx.execute(statement)]
