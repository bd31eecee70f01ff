"""``/v1/events``: what happened to customers elsewhere; ``/v1/webhook-events``: what other systems were told."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Calling
from console.api.pages import no_cursor, page_of, read_cursor
from console.api.problems import not_found
from console.api.routes import CHANGES, Cursor, Limit, OptionalIdempotencyKey, care_router, described
from console.api.shapes import Code, Moment, Page, Shape, SourceKey, customer_of, name_of
from domain.api_keys import Scope
from domain.outcomes import Refusal
from domain.people import Actor
from domain.webhooks import KINDS, event_name, read_event_name
from services import events, webhooks
from services.work import Work
from storage import events as rows
from storage import webhooks as webhook_rows
from storage.api_lists import list_codes
from storage.events import CustomerEvent

router = care_router("events")

_DATA_LETTERS = 4000
EventKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]


def _small(data: dict[str, Any] | None) -> dict[str, Any] | None:
    if data is not None and len(json.dumps(data)) > _DATA_LETTERS:
        raise ValueError(f"Keep data within {_DATA_LETTERS} letters of JSON")
    return data


class NewEvent(Shape):
    """Something that happened to a customer."""

    customer: Code = Field(examples=["7K3M9QX2AB"])
    name: EventKind = Field(examples=["order.delivered"])
    at: Moment | None = Field(None, description="Default: now.")
    source_key: SourceKey | None = Field(
        None, description="Your key for it; told once. Points that await it become available.", examples=["order-88"]
    )
    data: Annotated[dict[str, Any], AfterValidator(_small)] | None = Field(None, description="Figures and ids.")


class EventOut(BaseModel):
    """Something that happened to a customer."""

    id: str
    customer: str
    name: str
    at: datetime
    source_key: str | None
    data: dict[str, Any] | None


class ToldOut(BaseModel):
    """An event on record."""

    event: EventOut
    repeated: bool = Field(description="It was told before; nothing new was done.")
    released: int = Field(description="How many lots of points awaited it and can be spent now.")


class WebhookEventOut(BaseModel):
    """What other systems were told, and how its deliveries stand."""

    id: str = Field(examples=["evt_12"])
    kind: str
    at: datetime
    open: int
    sent: int
    failed: int


class ReplayOut(BaseModel):
    """How many deliveries were queued."""

    deliveries: int


_EVENT: dict[str, Any] = {
    "id": "ev_9",
    "customer": "7K3M9QX2AB",
    "name": "order.delivered",
    "at": "2026-11-22T06:30:00Z",
    "source_key": "order-88",
    "data": {"parcel": 2},
}
_TOLD: dict[str, Any] = {
    "id": "evt_12",
    "kind": "points.changed",
    "at": "2026-11-22T06:30:00Z",
    "open": 0,
    "sent": 1,
    "failed": 0,
}


def _event_out(event: CustomerEvent, codes: dict[int, str]) -> EventOut:
    return EventOut(
        id=name_of("ev", event.id),
        customer=codes.get(event.customer_id, ""),
        name=event.name,
        at=event.at,
        source_key=event.source_key,
        data=event.data,
    )


@router.post(
    "/events",
    summary="Tell of an event",
    **described(
        Scope.EVENTS_WRITE,
        returns=ToldOut,
        status=201,
        says="On record.",
        also=CHANGES,
        example={"event": _EVENT, "repeated": False, "released": 1},
    ),
)
async def tell_event(wish: NewEvent, call: Calling, idempotency_key: OptionalIdempotencyKey = None) -> Response:
    """A delivery, a booking, a visit: segments can ask for it, and points may await it."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, wish.customer)
        if isinstance(customer_id, Answer):
            return customer_id
        told = await events.record_event(
            work, customer_id, name=wish.name, by=by, at=wish.at, source_key=wish.source_key, data=wish.data
        )
        if isinstance(told, Refusal):
            return told
        codes = await list_codes(work.tx, [told.event.customer_id])
        body = ToldOut(event=_event_out(told.event, codes), repeated=told.repeated, released=told.released)
        return answer(body, status=201, customer_id=customer_id)

    return await call.change(act, idempotency_key=idempotency_key)


@router.get(
    "/events",
    summary="List events",
    **described(
        Scope.EVENTS_READ,
        returns=Page[EventOut],
        says="The one told last first.",
        also=(404,),
        example={"items": [_EVENT], "next": None},
    ),
)
async def list_events(
    call: Calling,
    customer: Annotated[Code | None, Query(description="Only this customer's, by public code.")] = None,
    name: Annotated[EventKind | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Those that meet every filter given."""

    async def ask(work: Work) -> Answer:
        customer_id = await customer_of(work, customer) if customer is not None else None
        if isinstance(customer_id, Answer):
            return customer_id
        try:
            before_id = read_cursor(cursor)
        except ValueError:
            return no_cursor()
        found = await rows.list_events(
            work.tx, customer_id=customer_id, name=name, before_id=before_id, limit=limit + 1
        )
        codes = await list_codes(work.tx, [event.customer_id for event in found])
        return page_of([(event.id, _event_out(event, codes)) for event in found], limit)

    return await call.read(ask)


@router.get(
    "/webhook-events",
    summary="List what other systems were told",
    **described(
        Scope.EVENTS_READ,
        returns=Page[WebhookEventOut],
        says="Newest first; what was told is not shown.",
        example={"items": [_TOLD], "next": None},
    ),
)
async def list_webhook_events(
    call: Calling,
    kind: Annotated[str | None, Query(json_schema_extra={"enum": list(KINDS)}, max_length=32)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Kept for 30 days."""

    async def ask(work: Work) -> Answer:
        try:
            before_id = read_cursor(cursor)
        except ValueError:
            return no_cursor()
        found = await webhook_rows.list_events(work.tx, before_id=before_id, kind=kind, limit=limit + 1)
        shapes = [
            WebhookEventOut(
                id=event_name(each.id), kind=each.kind, at=each.at, open=each.open, sent=each.sent, failed=each.failed
            )
            for each in found
        ]
        return page_of([(each.id, shape) for each, shape in zip(found, shapes, strict=True)], limit)

    return await call.read(ask)


@router.post(
    "/webhook-events/{id}/replay",
    summary="Tell other systems once more",
    **described(Scope.EVENTS_WRITE, returns=ReplayOut, says="Queued.", also=(404, 408, 413), example={"deliveries": 1}),
)
async def replay_webhook_event(
    event: Annotated[str, Path(alias="id", max_length=64, examples=["evt_12"])], call: Calling
) -> Response:
    """To every webhook that wants it, also those added since."""

    async def act(work: Work, by: Actor) -> Answer:
        event_id = read_event_name(event)
        if event_id is None or not await webhook_rows.is_known(work.tx, event_id):
            return not_found("event")
        return answer(ReplayOut(deliveries=await webhooks.replay(work, event_id=event_id, by=by)))

    return await call.change(act)
