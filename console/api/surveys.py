"""``/v1/surveys``: what is asked, what was answered, and asking many people at once."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Calling
from console.api.pages import no_cursor, page_of, read_cursor
from console.api.problems import invalid, not_found
from console.api.routes import CHANGES, Cursor, IdempotencyKey, Limit, care_router, described
from console.api.shapes import Code, Page, customer_of
from console.api.survey_shapes import (
    DayOrMoment,
    NewWave,
    ResponseOut,
    ResultsOut,
    SurveyOut,
    SurveysOut,
    WarningOut,
    WaveOut,
    WholeSurveyOut,
    instant_of,
    response_out,
    results_out,
    survey_fields,
    wave_out,
    whole_survey_out,
)
from domain.api_keys import Scope
from domain.outcomes import Refusal
from domain.people import Actor
from domain.segments import SegmentError
from domain.surveys.results import Split
from services import segments
from services.surveys import book, waves
from services.surveys.result_words import warned
from services.surveys.results import results
from services.work import Work
from storage import survey_rows
from storage.responses import list_answers_of
from storage.survey_results import Reader
from storage.survey_results import Scope as Meant

router = care_router("surveys")

SurveyKey = Annotated[str, Path(alias="key", max_length=24, description="The survey's key.", examples=["after_case"])]
Since = Annotated[DayOrMoment | None, Query(description="Asked from this local date, or instant, on.")]
Until = Annotated[
    DayOrMoment | None, Query(description="Asked until the end of this local date, or before this instant.")
]

_SURVEY: dict[str, Any] = {
    "key": "after_case",
    "title": {"en": "After a case"},
    "state": "on",
    "version": 2,
    "shipped": True,
    "changed_at": "2026-11-22T06:30:00Z",
}
_SHARE: dict[str, Any] = {"value": 0.75, "low": 0.662, "high": 0.821, "n": 112, "method": "wilson"}
_RESULTS: dict[str, Any] = {
    "key": "after_case",
    "version": 2,
    "since": "2026-10-01T00:00:00Z",
    "until": None,
    "asked": 240,
    "delivered": 236,
    "undelivered": 3,
    "started": 112,
    "finished": 96,
    "stopped": 4,
    "expired": 12,
    "open": 128,
    "response_rate": {"value": 0.475, "low": 0.412, "high": 0.538, "n": 236, "method": "wilson"},
    "completion": {"value": 0.857, "low": 0.781, "high": 0.91, "n": 112, "method": "wilson"},
    "score_by": "csat",
    "score_kind": "csat",
    "score": _SHARE,
    "too_few": False,
    "questions": [
        {
            "key": "csat",
            "kind": "csat",
            "text": {"en": "How content are you with how we handled it?"},
            "asked": 236,
            "answered": 112,
            "skipped": 0,
            "left_here": 12,
            "counts": {"1": 6, "2": 8, "3": 14, "4": 30, "5": 54},
            "estimate": _SHARE,
            "too_few": False,
        }
    ],
    "trend": [{"month": "2026-11", "asked": 240, "score": _SHARE, "too_few": False}],
    "by": None,
    "parts": [],
    "warnings": [{"code": "survey_results.warn.open", "detail": "128 are still open."}],
}
_RESPONSE: dict[str, Any] = {
    "id": "res_12",
    "version": 2,
    "customer": "7K3M9QX2AB",
    "cause": "case",
    "state": "finished",
    "asked_at": "2026-11-22T06:30:00Z",
    "answered_at": "2026-11-22T06:31:00Z",
    "ended_at": "2026-11-22T06:32:00Z",
    "score": 2,
    "low": True,
    "language": "zh_TW",
    "tier": "silver",
    "purchase": None,
    "case": "C-1042",
    "opened_case": "C-1042",
    "answers": [
        {"question": "csat", "kind": "csat", "at": "2026-11-22T06:31:00Z", "skipped": False, "value": 2, "words": None}
    ],
}
_WAVE: dict[str, Any] = {
    "id": "wav_3",
    "survey": "satisfaction",
    "cause": "hand",
    "segment": "tier = gold",
    "sample": 0.2,
    "seed": "",
    "on": "2026-12-01",
    "at": "10:00",
    "created_at": "2026-11-22T06:30:00Z",
    "planned_at": None,
    "stopped_at": None,
}


@router.get(
    "/surveys",
    summary="List surveys",
    **described(Scope.SURVEYS_READ, returns=SurveysOut, says="By key.", example={"items": [_SURVEY]}),
)
async def list_surveys(call: Calling) -> Response:
    """Those that came with carebot and the shop's own, as they are asked now."""

    async def ask(work: Work) -> Answer:
        found = await book.list_surveys(work)
        return answer(SurveysOut(items=[SurveyOut(**survey_fields(kept)) for kept in found]))

    return await call.read(ask)


@router.get(
    "/surveys/{key}",
    summary="Show a survey",
    **described(
        Scope.SURVEYS_READ,
        returns=WholeSurveyOut,
        says="With its questions and texts.",
        also=(404,),
        example=_SURVEY | {"document": {"key": "after_case", "questions": [], "title": _SURVEY["title"]}},
    ),
)
async def show_survey(
    key: SurveyKey,
    call: Calling,
    version: Annotated[int | None, Query(ge=1, le=10**6, description="An older one.")] = None,
) -> Response:
    """As it is asked now, or in an older version."""

    async def ask(work: Work) -> Answer:
        kept = await book.get_survey(work, key, version=version)
        return not_found("survey") if kept is None else answer(whole_survey_out(kept))

    return await call.read(ask)


@router.get(
    "/surveys/{key}/results",
    summary="Show what a survey came to",
    **described(
        Scope.SURVEYS_READ,
        returns=ResultsOut,
        says="With how sure every figure is, and what to beware of.",
        also=(404,),
        example=_RESULTS,
    ),
)
async def show_results(
    key: SurveyKey,
    call: Calling,
    since: Since = None,
    until: Until = None,
    by: Annotated[Split | None, Query(description="Tell the figures apart by this.")] = None,
) -> Response:
    """The same figures as `carebot survey results`; nothing confidential is counted."""

    async def ask(work: Work) -> Answer | Refusal:
        if await book.get_survey(work, key) is None:
            return not_found("survey")
        span = _span(work, since, until)
        if isinstance(span, Answer):
            return span
        found = await results(work, key, by=call.actor, since=span[0], until=span[1], split=by)
        if isinstance(found, Refusal):
            return found
        warnings = [WarningOut(code=one.key, detail=warned(work, call.language, one)) for one in found.warnings]
        return answer(results_out(found, warnings))

    return await call.read(ask)


def _span(
    work: Work, since: date | datetime | None, until: date | datetime | None
) -> tuple[datetime | None, datetime | None] | Answer:
    """Return the span meant, or that nothing can lie in it."""
    begins_at, ends_at = instant_of(since, work.rules.zone), instant_of(until, work.rules.zone, days=1)
    if begins_at is not None and ends_at is not None and begins_at >= ends_at:
        return invalid([{"loc": ("query", "until"), "type": "span", "msg": "Name a time after since"}])
    return begins_at, ends_at


@router.get(
    "/surveys/{key}/responses",
    summary="List responses",
    **described(
        Scope.SURVEYS_READ,
        returns=Page[ResponseOut],
        says="The one asked last first.",
        also=(404,),
        example={"items": [_RESPONSE], "next": None},
    ),
)
async def list_responses(
    key: SurveyKey,
    call: Calling,
    customer: Annotated[Code | None, Query(description="Only this customer's, by public code.")] = None,
    state: Annotated[Literal["open", "finished", "stopped", "expired"] | None, Query()] = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Those that meet every filter given, with the answers that count.

    What people wrote is shown to keys with the scope `surveys:words` only; nothing confidential to any.
    """

    async def ask(work: Work) -> Answer:
        if await book.get_survey(work, key) is None:
            return not_found("survey")
        span = _span(work, since, until)
        customer_id = await customer_of(work, customer) if customer is not None else None
        for found in (span, customer_id):
            if isinstance(found, Answer):
                return found
        assert isinstance(span, tuple)
        assert not isinstance(customer_id, Answer)
        try:
            before_id = read_cursor(cursor)
        except ValueError:
            return no_cursor()
        meant = Meant(key, Reader(supervises=False), *span)
        listed = await survey_rows.list_responses(
            work.tx, meant, customer_id=customer_id, state=state, before_id=before_id, limit=limit + 1
        )
        versions = {kept.version: kept.survey for kept in await book.list_versions(work, key)}
        answers = await list_answers_of(work.tx, [row.id for row in listed])
        words = Scope.SURVEYS_WORDS in call.key.scopes
        shapes = [response_out(row, versions.get(row.version), answers.get(row.id, {}), words=words) for row in listed]
        return page_of([(row.id, shape) for row, shape in zip(listed, shapes, strict=True)], limit)

    return await call.read(ask)


@router.get(
    "/surveys/{key}/waves",
    summary="List a survey's waves",
    **described(
        Scope.SURVEYS_READ,
        returns=Page[WaveOut],
        says="Newest first.",
        also=(404,),
        example={"items": [_WAVE], "next": None},
    ),
)
async def list_waves(key: SurveyKey, call: Calling, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Each asking of many people, by schedule or by hand."""

    async def ask(work: Work) -> Answer:
        if await book.get_survey(work, key) is None:
            return not_found("survey")
        try:
            before_id = read_cursor(cursor)
        except ValueError:
            return no_cursor()
        found = [wave for wave in await waves.list_waves(work, key) if before_id is None or wave.id < before_id]
        return page_of([(wave.id, wave_out(wave)) for wave in found[: limit + 1]], limit)

    return await call.read(ask)


@router.post(
    "/surveys/{key}/waves",
    summary="Ask many people at once",
    **described(
        Scope.SURVEYS_WRITE,
        returns=WaveOut,
        status=201,
        says="Made; the running bot plans and sends it.",
        also=CHANGES,
        example=_WAVE,
    ),
)
async def send_wave(key: SurveyKey, wish: NewWave, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Everybody or a segment, or a sample of them. Consent, quiet hours and the contact budget hold as ever."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        if await book.get_survey(work, key) is None:
            return not_found("survey")
        try:
            made = await waves.send_wave(
                work,
                key,
                segment=wish.segment,
                sample_permille=round(wish.sample * 1000),
                seed=wish.seed,
                at=time.fromisoformat(wish.at) if wish.at is not None else None,
                on=wish.on,
                late_after=None,
                by=by,
            )
        except SegmentError as error:
            mend = segments.explain_error(work, error, call.language)
            return invalid([{"loc": ("body", "segment"), "type": "segment", "msg": mend}])
        return made if isinstance(made, Refusal) else answer(wave_out(made), status=201)

    return await call.change(act, idempotency_key=idempotency_key)
