"""``/v1/customers``: records made, found, read, changed, linked and merged."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Calling
from console.api.pages import no_cursor, page_of, read_cursor
from console.api.problems import invalid
from console.api.records import EXAMPLE, CustomerChange, CustomerOut, Fields, NewCustomer, Phone, Tag, customer_out
from console.api.routes import CHANGES, Cursor, CustomerCode, Limit, OptionalIdempotencyKey, care_router, described
from console.api.shapes import Code, Moment, Page, Reason, Shape, branch_codes, branch_of, customer_of
from domain.api_keys import Scope
from domain.errors import BadInput
from domain.outcomes import Refusal
from domain.people import Actor
from domain.phones import read_phone
from domain.records import tag_of
from services import linking, merging, records, timeline
from services.timeline import TimelineItem
from services.work import Work
from storage.api_lists import list_customers as load_customers

router = care_router("customers")

LINK_PREFIX = "l-"


class LinkOut(BaseModel):
    """A one-time code by which this customer's Telegram is joined to this record."""

    start: str = Field(description="What stands behind `?start=` in the link.", examples=["l-Zk3…"])
    link: str | None = Field(description="The whole link, when the bot's name is known.")
    expires_at: datetime


class Merge(Shape):
    """Another record of the same person."""

    duplicate: Code = Field(description="The public code of the record that ends.", examples=["QX27K3M9AB"])
    reason: Reason


class TimelineOut(BaseModel):
    """One thing that happened with a customer."""

    at: datetime
    kind: str = Field(
        description="said, case_opened, case_resolved, case_closed, purchase, refund, points, tier, voucher_issued, "
        "voucher_used, feedback, survey, consent, delivery, merge or event."
    )
    label: str | None = Field(description="Its kind in its own family, such as the ledger entry's; a survey's key.")
    text: str | None = Field(description="Words; the title of a survey.")
    number: int | None = Field(description="A figure: points, amount in minor units, stars, case number, score.")
    extra: str | None = Field(description="What else is told: currency, direction, state, tier before.")
    by: str | None = Field(description="customer, staff, system, campaign or api.")


_HAPPENED: dict[str, Any] = {
    "at": "2026-11-22T06:30:02Z",
    "kind": "points",
    "label": "earn",
    "text": None,
    "number": 128,
    "extra": "purchase",
    "by": "api",
}


def _whole(fields: Fields) -> dict[str, Any]:
    """Return the fields that were given, as the record's own."""
    given: dict[str, Any] = {name: getattr(fields, name) for name in fields.model_fields_set}
    if fields.birthday is not None:
        given["birthday"] = fields.birthday.value()
    if "tags" in given:
        given["tags"] = set(fields.tags or ())
    if "custom" in given:
        given["custom"] = fields.custom or {}
    return given


async def _with_branch(work: Work, given: dict[str, Any]) -> Answer | None:
    """Put a branch's id in the place of its code."""
    if "branch" in given:
        branch = await branch_of(work, given.pop("branch"))
        if isinstance(branch, Answer):
            return branch
        given["branch_id"] = branch
    return None


async def _shown(work: Work, customer_id: int, *, status: int = 200) -> Answer:
    record = await records.read_record(work, customer_id)
    assert record is not None
    location = f"/v1/customers/{record.code}" if status == 201 else None
    shape = customer_out(record, await branch_codes(work))
    return answer(shape, status=status, customer_id=record.id, location=location)


@router.post(
    "/customers",
    summary="Add a customer",
    **described(Scope.CUSTOMERS_WRITE, returns=CustomerOut, status=201, says="Added.", also=CHANGES, example=EXAMPLE),
)
async def add_customer(fields: NewCustomer, call: Calling, idempotency_key: OptionalIdempotencyKey = None) -> Response:
    """Somebody who has not written yet. Give your own `source_key`, so that nobody is added twice."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        given = {name: value for name, value in _whole(fields).items() if value is not None}
        if (unknown := await _with_branch(work, given)) is not None:
            return unknown
        made = await records.create_customer(work, by=by, **given)
        return made if isinstance(made, Refusal) else await _shown(work, made, status=201)

    return await call.change(act, idempotency_key=idempotency_key)


@router.get(
    "/customers",
    summary="List customers",
    **described(
        Scope.CUSTOMERS_READ,
        returns=Page[CustomerOut],
        says="Oldest first.",
        example={"items": [EXAMPLE], "next": None},
    ),
)
async def list_customers(
    call: Calling,
    phone: Annotated[Phone | None, Query(description="In any spelling.")] = None,
    tag: Annotated[Tag | None, Query()] = None,
    tier: Annotated[str | None, Query(max_length=32, pattern=r"^[!-~]+$")] = None,
    updated_since: Annotated[Moment | None, Query(description="Made or changed from then on.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Those who meet every filter given."""

    async def ask(work: Work) -> Answer:
        try:
            after_id = read_cursor(cursor) or 0
        except ValueError:
            return no_cursor()
        number = read_phone(phone, region=work.rules.record.phone_region) if phone is not None else None
        if phone is not None and number is None:
            fault = {"loc": ("query", "phone"), "type": "phone", "msg": "Write a whole number, such as +8613800138000"}
            return invalid([fault])
        found = await load_customers(
            work.tx,
            phone=number,
            tag=(tag_of(tag) or "") if tag is not None else None,
            tier=tier,
            updated_since=updated_since,
            after_id=after_id,
            limit=limit + 1,
        )
        branches = await branch_codes(work)
        return page_of([(record.id, customer_out(record, branches)) for record in found], limit)

    return await call.read(ask)


@router.get(
    "/customers/{code}",
    summary="Show a customer",
    **described(Scope.CUSTOMERS_READ, returns=CustomerOut, says="The record.", also=(404,), example=EXAMPLE),
)
async def show_customer(code: CustomerCode, call: Calling) -> Response:
    """By public code. The code of a record that was merged into another leads to that one."""

    async def ask(work: Work) -> Answer:
        customer_id = await customer_of(work, code)
        return customer_id if isinstance(customer_id, Answer) else await _shown(work, customer_id)

    return await call.read(ask)


@router.patch(
    "/customers/{code}",
    summary="Change a customer",
    **described(
        Scope.CUSTOMERS_WRITE, returns=CustomerOut, says="The record as it is now.", also=CHANGES, example=EXAMPLE
    ),
)
async def change_customer(code: CustomerCode, fields: CustomerChange, call: Calling) -> Response:
    """Only the fields given are changed; null empties one; `tags` are all of them."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, code)
        if isinstance(customer_id, Answer):
            return customer_id
        given = _whole(fields)
        if (unknown := await _with_branch(work, given)) is not None:
            return unknown
        refusal = await records.change_record(work, customer_id, by=by, **given)
        return refusal or await _shown(work, customer_id)

    return await call.change(act)


@router.get(
    "/customers/{code}/timeline",
    summary="Show what happened with a customer",
    **described(
        Scope.CUSTOMERS_READ,
        returns=Page[TimelineOut],
        says="Newest first.",
        also=(404,),
        example={"items": [_HAPPENED], "next": None},
    ),
)
async def show_timeline(code: CustomerCode, call: Calling, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Everything on record but the notes that staff keep among themselves; a page may hold fewer than its limit."""

    async def ask(work: Work) -> Answer:
        customer_id = await customer_of(work, code)
        if isinstance(customer_id, Answer):
            return customer_id
        try:
            found = await timeline.list_timeline(work, customer_id, before=cursor, limit=limit)
        except BadInput:
            return no_cursor()
        items = [_happened(item).model_dump(mode="json") for item in found if not item.internal]
        return Answer(200, {"items": items, "next": found[-1].cursor if len(found) == limit else None})

    return await call.read(ask)


def _happened(item: TimelineItem) -> TimelineOut:
    return TimelineOut(
        at=item.at,
        kind=item.kind.name.lower(),
        label=item.label,
        text=item.text,
        number=item.number,
        extra=item.extra,
        by=item.actor_kind,
    )


@router.post(
    "/customers/{code}/link-code",
    summary="Make a code that joins a customer's Telegram to this record",
    **described(
        Scope.CUSTOMERS_WRITE,
        returns=LinkOut,
        status=201,
        says="The code, shown only now; an older one ends.",
        also=(404, 408, 409, 413),
        example={
            "start": "l-Zk3qP0aXw7",
            "link": "https://t.me/willow_lane_bot?start=l-Zk3qP0aXw7",
            "expires_at": "2026-11-29T06:30:00Z",
        },
    ),
)
async def make_link_code(code: CustomerCode, call: Calling) -> Response:
    """For a receipt or a letter: whoever opens the link first is this customer."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, code)
        if isinstance(customer_id, Answer):
            return customer_id
        made = await linking.make_link_code(work, customer_id, by=by)
        if isinstance(made, Refusal):
            return made
        start = f"{LINK_PREFIX}{made}"
        link = f"https://t.me/{call.door.bot_name}?start={start}" if call.door.bot_name else None
        expires_at = work.now + work.rules.record.link_code_for
        return answer(LinkOut(start=start, link=link, expires_at=expires_at), status=201)

    return await call.change(act)


@router.post(
    "/customers/{code}/merge",
    summary="Merge a duplicate into a customer",
    **described(
        Scope.CUSTOMERS_WRITE, returns=CustomerOut, says="The record that stays.", also=CHANGES, example=EXAMPLE
    ),
)
async def merge_customer(
    code: CustomerCode, wish: Merge, call: Calling, idempotency_key: OptionalIdempotencyKey = None
) -> Response:
    """Everything of the duplicate moves here; its code leads here from now on. This cannot be undone."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        keep_id, duplicate_id = await customer_of(work, code), await customer_of(work, wish.duplicate)
        for found in (keep_id, duplicate_id):
            if isinstance(found, Answer):
                return found
        assert isinstance(keep_id, int)
        assert isinstance(duplicate_id, int)
        refusal = await merging.merge_customers(
            work, keep_id=keep_id, duplicate_id=duplicate_id, by=by, reason=wish.reason
        )
        return refusal or await _shown(work, keep_id)

    return await call.change(act, idempotency_key=idempotency_key)
