"""How surveys, their results and responses go in and out of the API."""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, StringConstraints, TypeAdapter, ValidationError

from console.api.shapes import Moment, Shape, name_of
from domain.instants import local_instant
from domain.surveys import Question, QuestionKind, Survey
from domain.surveys.answers import Answer
from domain.surveys.flow import walk
from domain.surveys.results import QuestionResult, Results
from domain.surveys.scores import Estimate
from services.document_parts import MOST_SEED
from services.surveys.book import Kept
from services.surveys.document import canonical_of
from services.surveys.told import value_of
from services.surveys.waves import Wave
from storage.survey_rows import ResponseRow

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1971, 2199
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_WORDED = (QuestionKind.TEXT, QuestionKind.PHOTO)


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value) and _FIRST_YEAR <= int(value[:4]) <= _LAST_YEAR:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("Write a date such as 2026-12-01")


def _day_or_moment(value: Any) -> date | datetime:
    try:
        return _day(value)
    except ValueError:
        pass
    try:
        return _MOMENT.validate_python(value)
    except ValidationError:
        mend = "Write a local date such as 2026-11-22, or an instant such as 2026-11-22T14:30:00+08:00"
        raise ValueError(mend) from None


Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]
DayOrMoment = Annotated[
    Any,
    PlainValidator(_day_or_moment, json_schema_input_type=str),
    Field(json_schema_extra={"type": "string", "example": "2026-11-22"}),
]
"""A local date of the business, or an instant."""


def instant_of(given: date | datetime | None, zone: ZoneInfo, *, days: int = 0) -> datetime | None:
    """Return the instant that is meant: of a date its local midnight, ``days`` later."""
    if given is None or isinstance(given, datetime):
        return given
    return local_instant(datetime.combine(given + timedelta(days=days), time()), zone)


class NewWave(Shape):
    """Whom to ask, and when."""

    segment: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = (
        Field(None, description="Who is meant; null: everybody.", examples=["tier = gold"])
    )
    sample: Annotated[float, Field(strict=True, ge=0.001, le=1)] = Field(
        1.0, description="The share of them that is asked, in thousandths.", examples=[0.2]
    )
    seed: Annotated[str, StringConstraints(max_length=MOST_SEED, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        "", description="Another seed chooses others for the sample."
    )
    on: Day | None = Field(
        None,
        description="The local day on which people are asked; null: as soon as they may be.",
        json_schema_extra={"format": "date"},
        examples=["2026-12-01"],
    )
    at: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        None, description="The local time of day.", examples=["10:00"]
    )


class SurveyOut(BaseModel):
    """A survey as it is asked now."""

    key: str
    title: dict[str, str] = Field(description="By language.")
    state: str = Field(description="on, off (asks nobody anew) or closed (takes no answers either).")
    version: int
    shipped: bool = Field(description="It came with carebot.")
    changed_at: datetime


class SurveysOut(BaseModel):
    """All surveys."""

    items: list[SurveyOut]


class WholeSurveyOut(SurveyOut):
    """A survey with all it asks."""

    document: dict[str, Any] = Field(
        description="Its questions, texts and times, as in its file; what is default is left out."
    )


class EstimateOut(BaseModel):
    """A figure with how sure it is."""

    value: float | None = Field(description="Null without any answer.")
    low: float | None = Field(description="The true value lies from here …")
    high: float | None = Field(description="… to here, 95 times in 100; null when too little was answered.")
    n: int = Field(description="How many answers.")
    method: str = Field(description="How the interval was reckoned.")


class QuestionOut(BaseModel):
    """What came of one question."""

    key: str
    kind: str
    text: dict[str, str] = Field(description="By language.")
    asked: int = Field(description="Responses that came to it.")
    answered: int
    skipped: int
    left_here: int = Field(description="Responses that ended here without an answer.")
    counts: dict[str, int] = Field(description="How often each answer was given, by step, option or range.")
    estimate: EstimateOut | None = Field(description="Null for a kind that makes no figure.")
    too_few: bool = Field(description="Too few answers to say anything.")


class PointOut(BaseModel):
    """The score of one local month."""

    month: str = Field(examples=["2026-11"])
    asked: int
    score: EstimateOut
    too_few: bool


class PartOut(BaseModel):
    """One part of the whole."""

    key: str
    label: str
    asked: int
    response_rate: EstimateOut
    score: EstimateOut
    too_few: bool


class WarningOut(BaseModel):
    """What to beware of."""

    code: str
    detail: str


class ResultsOut(BaseModel):
    """What a survey came to, by when it was asked."""

    key: str
    version: int
    since: datetime | None
    until: datetime | None
    asked: int
    delivered: int
    undelivered: int = Field(description="Messages that were refused; they count nowhere else.")
    started: int
    finished: int
    stopped: int
    expired: int
    open: int
    response_rate: EstimateOut
    completion: EstimateOut
    score_by: str | None
    score_kind: str | None
    score: EstimateOut
    too_few: bool
    questions: list[QuestionOut]
    trend: list[PointOut]
    by: str | None
    parts: list[PartOut]
    warnings: list[WarningOut]


class AnswerOut(BaseModel):
    """One answer that counts."""

    question: str
    kind: str
    at: datetime
    skipped: bool
    value: int | float | str | list[str] | None = Field(
        description="A number, the keys of what was chosen, or a date; null for words and pictures."
    )
    words: str | None = Field(description="Only for keys with the scope `surveys:words`.")


class ResponseOut(BaseModel):
    """One person's run through a survey."""

    id: str = Field(examples=["res_12"])
    version: int
    customer: str
    cause: str = Field(description="case, purchase, event, schedule or hand.")
    state: str = Field(description="open, finished, stopped or expired.")
    asked_at: datetime
    answered_at: datetime | None = Field(description="When the first answer came.")
    ended_at: datetime | None
    score: int | None
    low: bool = Field(description="An answer was low.")
    language: str
    tier: str = Field(description="When asked.")
    purchase: str | None
    case: str | None = Field(description="The case it is about.")
    opened_case: str | None = Field(description="The case in which a low answer is put right.")
    answers: list[AnswerOut]


class WaveOut(BaseModel):
    """One asking of many people; the running bot plans and sends it."""

    id: str = Field(examples=["wav_3"])
    survey: str
    cause: str = Field(description="schedule or hand.")
    segment: str | None
    sample: float
    seed: str
    on: date | None
    at: str | None
    created_at: datetime
    planned_at: datetime | None = Field(description="When everybody had been planned.")
    stopped_at: datetime | None


def survey_fields(kept: Kept) -> dict[str, Any]:
    """Return what every listing says of a survey."""
    return {
        "key": kept.key,
        "title": dict(kept.survey.title),
        "state": kept.state.value,
        "version": kept.version,
        "shipped": kept.shipped,
        "changed_at": kept.changed_at,
    }


def whole_survey_out(kept: Kept) -> WholeSurveyOut:
    """Return a survey with its document."""
    return WholeSurveyOut(**survey_fields(kept), document=json.loads(canonical_of(kept.survey)))


def _estimate_out(found: Estimate) -> EstimateOut:
    return EstimateOut(value=found.value, low=found.low, high=found.high, n=found.n, method=str(found.method))


def results_out(found: Results, warnings: Sequence[WarningOut]) -> ResultsOut:
    """Return results as the API shows them; ``warnings`` are theirs, in words."""
    plain = "key version since until asked delivered undelivered started finished stopped expired open score_by too_few"
    return ResultsOut(
        **{name: getattr(found, name) for name in plain.split()},
        response_rate=_estimate_out(found.response_rate),
        completion=_estimate_out(found.completion),
        score_kind=found.score_kind.value if found.score_kind is not None else None,
        score=_estimate_out(found.score),
        questions=[_question_out(one) for one in found.questions],
        trend=[
            PointOut(month=one.label, asked=one.asked, score=_estimate_out(one.score), too_few=one.too_few)
            for one in found.trend
        ],
        by=found.split.value if found.split is not None else None,
        parts=[
            PartOut(
                key=one.key,
                label=one.label,
                asked=one.asked,
                response_rate=_estimate_out(one.response_rate),
                score=_estimate_out(one.score),
                too_few=one.too_few,
            )
            for one in found.splits
        ],
        warnings=list(warnings),
    )


def _question_out(one: QuestionResult) -> QuestionOut:
    return QuestionOut(
        key=one.key,
        kind=one.kind.value,
        text=dict(one.words),
        asked=one.asked,
        answered=one.answered,
        skipped=one.skipped,
        left_here=one.left_here,
        counts=dict(one.distribution),
        estimate=_estimate_out(one.estimate) if one.estimate is not None else None,
        too_few=one.too_few,
    )


def response_out(row: ResponseRow, survey: Survey | None, answers: dict[str, Answer], *, words: bool) -> ResponseOut:
    """Return a response with the answers that lie on its way, in its order; what people wrote only with ``words``."""
    passed = walk(survey, answers).passed if survey is not None else ()
    return ResponseOut(
        id=name_of("res", row.id),
        version=row.version,
        customer=row.customer,
        cause=row.cause,
        state=row.state,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        score=row.score,
        low=row.low_at is not None,
        language=row.language,
        tier=row.tier,
        purchase=name_of("pur", row.purchase_id) if row.purchase_id is not None else None,
        case=_case_name(row.case_number),
        opened_case=_case_name(row.opened_case_number),
        answers=[_answer_out(question, answers[question.key], words=words) for question in passed],
    )


def _case_name(number: int | None) -> str | None:
    return f"C-{number}" if number is not None else None


def _answer_out(question: Question, answer: Answer, *, words: bool) -> AnswerOut:
    return AnswerOut(
        question=question.key,
        kind=question.kind.value,
        at=answer.answered_at,
        skipped=answer.skipped,
        value=value_of(question, answer),
        words=answer.text if words and question.kind in _WORDED and not answer.skipped else None,
    )


def wave_out(wave: Wave) -> WaveOut:
    """Return a wave as the API shows it."""
    return WaveOut(
        id=name_of("wav", wave.id),
        survey=wave.survey,
        cause=wave.cause,
        segment=wave.segment,
        sample=wave.sample_permille / 1000,
        seed=wave.seed,
        on=wave.on,
        at=wave.at.isoformat("minutes") if wave.at is not None else None,
        created_at=wave.created_at,
        planned_at=wave.planned_at,
        stopped_at=wave.stopped_at,
    )
