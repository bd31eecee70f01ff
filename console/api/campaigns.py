"""``/v1/campaigns``: what goes out by itself: added, started, paused, cancelled, watched, and what came of it."""

from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.campaign_shapes import (
    AddedOut,
    CampaignOut,
    CampaignResultsOut,
    CampaignsOut,
    NewCampaign,
    NoteOut,
    ProgressOut,
    Resume,
    Start,
    WholeCampaignOut,
    added_out,
    campaign_fields,
    progress_out,
    results_out,
    whole_campaign_out,
)
from console.api.door import Calling
from console.api.problems import invalid, not_found
from console.api.routes import CHANGES, IdempotencyKey, care_router, described
from domain.api_keys import Scope
from domain.campaigns import CampaignState
from domain.errors import BadCampaign
from domain.outcomes import Refusal
from domain.people import Actor
from services.campaigns import book, control
from services.campaigns.document import read_values
from services.campaigns.progress import progress
from services.campaigns.result_words import warned
from services.campaigns.results import results
from services.work import Work

router = care_router("campaigns")

CampaignKey = Annotated[
    str, Path(alias="key", max_length=24, description="The campaign's key.", examples=["mid_autumn"])
]
Occasion = Annotated[
    str | None, Query(max_length=32, description="One of its occasions only.", examples=["2026-09-25"])
]

_CAMPAIGN: dict[str, Any] = {
    "key": "mid_autumn",
    "title": {"en": "Mid-Autumn"},
    "state": "running",
    "pause_reason": None,
    "version": 1,
    "shipped": True,
    "launch_at": None,
    "launched_at": "2026-09-20T06:30:00Z",
    "ended_at": None,
    "winner": None,
    "changed_at": "2026-09-20T06:30:00Z",
}
_WHOLE = _CAMPAIGN | {"document": {"key": "mid_autumn", "title": {"en": "Mid-Autumn"}}}
_PROGRESS: dict[str, Any] = {
    "total": 1000,
    "planned": 300,
    "held": {"budget": 12},
    "queued": 20,
    "sending": 2,
    "sent": 600,
    "skipped": {"no_consent": 60, "holdout": 10},
    "failed": {"blocked": 8},
    "unknown": 0,
    "blocked": 8,
    "answered": 90,
    "clicked": 40,
    "rate_per_s": 29.6,
    "planning": False,
    "paused_until": None,
    "finish_at": "2026-09-25T02:10:00Z",
}
_SHARE: dict[str, Any] = {"value": 0.15, "low": 0.124, "high": 0.181, "n": 600}
_GROUP: dict[str, Any] = {
    "key": "",
    "meant": 690,
    "reached": 600,
    "shares": {"answers": _SHARE},
    "points_used": 1200,
    "spent_minor": 880000,
}
_RESULTS: dict[str, Any] = {
    "key": "mid_autumn",
    "version": 1,
    "occasion": None,
    "attribution_s": 604800,
    "first_at": "2026-09-25T02:00:00Z",
    "open_until": "2026-10-02T02:10:00Z",
    "measure": "answers",
    "all": _GROUP,
    "variants": [_GROUP | {"key": "a"}],
    "held_out": None,
    "finding": "alone",
    "best": None,
    "winner": None,
    "differences": [],
    "uplifts": {},
    "currency": "CNY",
    "cost": {"total_minor": 3000, "messages_minor": 3000, "gifts_minor": 0, "hours_minor": 0, "stars": 0},
    "gain": None,
    "warnings": [{"code": "campaign_results.warn.open", "detail": "Still counting until 2026-10-02."}],
}


@router.get(
    "/campaigns",
    summary="List campaigns",
    **described(Scope.CAMPAIGNS_READ, returns=CampaignsOut, says="By key.", example={"items": [_CAMPAIGN]}),
)
async def list_campaigns(
    call: Calling, state: Annotated[CampaignState | None, Query(description="Only those that stand so.")] = None
) -> Response:
    """Those that came with carebot and the shop's own."""

    async def ask(work: Work) -> Answer:
        found = await book.list_campaigns(work, state=state)
        return answer(CampaignsOut(items=[CampaignOut(**campaign_fields(kept)) for kept in found]))

    return await call.read(ask)


@router.get(
    "/campaigns/{key}",
    summary="Show a campaign",
    **described(Scope.CAMPAIGNS_READ, returns=WholeCampaignOut, says="With its document.", also=(404,), example=_WHOLE),
)
async def show_campaign(
    key: CampaignKey,
    call: Calling,
    version: Annotated[int | None, Query(ge=1, le=10**6, description="An older one.")] = None,
) -> Response:
    """As it is sent now, or in an older version."""

    async def ask(work: Work) -> Answer:
        kept = await book.get_campaign(work, key, version=version)
        return not_found("campaign") if kept is None else answer(whole_campaign_out(kept))

    return await call.read(ask)


@router.get(
    "/campaigns/{key}/progress",
    summary="Show how far a campaign is",
    **described(Scope.CAMPAIGNS_READ, returns=ProgressOut, says="Counted now.", also=(404,), example=_PROGRESS),
)
async def show_progress(key: CampaignKey, call: Calling, occasion: Occasion = None) -> Response:
    """Every delivery by what became of it, and when all that are planned will be through."""

    async def ask(work: Work) -> Answer:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        return answer(progress_out(await progress(work, key, occasion)))

    return await call.read(ask)


@router.get(
    "/campaigns/{key}/results",
    summary="Show what came of a campaign",
    **described(
        Scope.CAMPAIGNS_READ,
        returns=CampaignResultsOut,
        says="With how sure every figure is, and what to beware of.",
        also=(404,),
        example=_RESULTS,
    ),
)
async def show_results(key: CampaignKey, call: Calling, occasion: Occasion = None) -> Response:
    """The same figures as `carebot campaign results`; nothing confidential is counted."""

    async def ask(work: Work) -> Answer | Refusal:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        found = await results(work, key, by=call.actor, occasion=occasion)
        if isinstance(found, Refusal):
            return found
        notes = [NoteOut(code=one.key, detail=warned(work, call.language, one)) for one in found.warnings]
        return answer(results_out(found, notes))

    return await call.read(ask)


@router.post(
    "/campaigns",
    summary="Add a campaign",
    **described(
        Scope.CAMPAIGNS_WRITE,
        returns=AddedOut,
        status=201,
        says="Kept as a draft, or as the next version of its campaign.",
        also=CHANGES,
        example=_WHOLE | {"is_new": True, "is_new_version": True, "warnings": []},
    ),
)
async def add_campaign(wish: NewCampaign, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Nothing goes out before it is started; one that runs must be paused first."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        try:
            document = read_values(wish.document, name="document")
            if document.picture is not None or any(variant.picture for variant in document.variants):
                return _unusable("picture: is added with the file, by `carebot campaign add`")
            added = await book.add_campaign(work, document, by=by)
        except BadCampaign as error:
            return _unusable(*(fault.removeprefix("document: ") for fault in error.faults))
        return added if isinstance(added, Refusal) else answer(added_out(added), status=201)

    return await call.change(act, idempotency_key=idempotency_key)


def _unusable(*faults: str) -> Answer:
    return invalid([{"loc": ("body", "document"), "type": "campaign", "msg": fault} for fault in faults])


_CHANGED: dict[str, Any] = {"returns": CampaignOut, "also": CHANGES, "example": _CAMPAIGN}


@router.post(
    "/campaigns/{key}/start",
    summary="Start a campaign",
    **described(Scope.CAMPAIGNS_WRITE, says="It runs, or will from the instant given.", **_CHANGED),
)
async def start_campaign(key: CampaignKey, wish: Start, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """A second look, where the shop wants one, and a yes to the cost of paid broadcast are asked for as ever."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        return _told(await control.launch(work, key, at=wish.at, by=by, paid_yes=wish.paid_yes))

    return await call.change(act, idempotency_key=idempotency_key)


@router.post(
    "/campaigns/{key}/pause",
    summary="Pause a campaign",
    **described(Scope.CAMPAIGNS_WRITE, says="What waited to go out was taken back.", **_CHANGED),
)
async def pause_campaign(key: CampaignKey, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """What is being sent this very moment ends; nobody else is told."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        return _told(await control.pause(work, key, by=by))

    return await call.change(act, idempotency_key=idempotency_key)


@router.post(
    "/campaigns/{key}/resume",
    summary="Resume a campaign",
    **described(Scope.CAMPAIGNS_WRITE, says="It goes on.", **_CHANGED),
)
async def resume_campaign(
    key: CampaignKey, call: Calling, idempotency_key: IdempotencyKey, wish: Resume | None = None
) -> Response:
    """Who is late by now is left out. A yes to the cost is asked for anew where it was changed meanwhile."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        paid_yes = wish is not None and wish.paid_yes
        return _told(await control.resume(work, key, by=by, paid_yes=paid_yes))

    return await call.change(act, idempotency_key=idempotency_key)


@router.post(
    "/campaigns/{key}/cancel",
    summary="Cancel a campaign",
    **described(Scope.CAMPAIGNS_WRITE, says="It is over; who was not told yet is not told.", **_CHANGED),
)
async def cancel_campaign(key: CampaignKey, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """For good: what was sent stays sent, and counts."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        if await book.get_campaign(work, key) is None:
            return not_found("campaign")
        return _told(await control.cancel(work, key, by=by))

    return await call.change(act, idempotency_key=idempotency_key)


def _told(done: book.Kept | Refusal) -> Answer | Refusal:
    return done if isinstance(done, Refusal) else answer(CampaignOut(**campaign_fields(done)))
