"""``/v1/purchases``: what was bought, which earns points and tiers, and money given back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Calling
from console.api.pages import no_cursor, page_of, read_cursor
from console.api.points import EntryOut, entry_out
from console.api.problems import not_found
from console.api.routes import CHANGES, Cursor, IdempotencyKey, Limit, care_router, described
from console.api.shapes import (
    BranchCode,
    Code,
    Currency,
    Minor,
    Moment,
    Page,
    Reason,
    Shape,
    SourceKey,
    branch_codes,
    branch_of,
    customer_of,
    name_of,
    number_of,
    words,
)
from domain.api_keys import Scope
from domain.outcomes import Refusal
from domain.people import Actor
from domain.purchases import Refund
from services import purchases
from services.work import Work
from storage import api_lists as rows
from storage.api_lists import PurchaseRow

router = care_router("purchases")

PurchaseId = Annotated[str, Path(alias="id", max_length=64, description="A purchase's id.", examples=["pur_12"])]


class Item(Shape):
    """One thing bought."""

    name: Annotated[str, words(200)]
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    amount_minor: Minor | None = None
    sku: Annotated[str, words(64)] | None = None


class NewPurchase(Shape):
    """A sale."""

    customer: Code = Field(description="The customer's public code.", examples=["7K3M9QX2AB"])
    source_key: SourceKey = Field(
        description="The key of the sale where it was made; the same sale told twice is one.",
        examples=["till-3/2026-11-22/0815"],
    )
    amount_minor: Minor = Field(examples=[12800])
    currency: Currency = Field(examples=["CNY"])
    bought_at: Moment | None = Field(None, description="Default: now.")
    cost_minor: Minor | None = Field(None, description="What it cost you, for reports.")
    items: Annotated[list[Item], Field(max_length=200)] | None = None
    channel: Annotated[str, words(32)] | None = Field(None, examples=["shop"])
    branch: BranchCode | None = None


class NewRefund(Shape):
    """Money given back; points it earned are taken back."""

    source_key: SourceKey = Field(examples=["till-3/2026-11-23/0007"])
    amount_minor: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000_000)] | None = Field(
        None, description="Default: all that is left."
    )
    reason: Reason | None = None


class RefundOut(BaseModel):
    """Money given back."""

    id: str
    source_key: str
    at: datetime
    amount_minor: int
    reason: str | None


class PurchaseOut(BaseModel):
    """A sale."""

    id: str
    customer: str
    source_key: str
    bought_at: datetime
    amount_minor: int
    currency: str
    cost_minor: int | None
    refunded_minor: int
    items: Any
    channel: str | None
    branch: str | None
    noted_at: datetime


class WholePurchaseOut(PurchaseOut):
    """A sale with what was given back of it."""

    refunds: list[RefundOut]


class RecordedOut(BaseModel):
    """A sale, and what it brought."""

    purchase: PurchaseOut
    entry: EntryOut | None = Field(description="The points earned; null when none were.")
    tier: str = Field(description="The customer's tier now.")
    tier_before: str | None = Field(description="The tier before, when this purchase changed it.")
    repeated: bool = Field(description="This sale was told before; nothing new was booked.")


class RefundedOut(BaseModel):
    """What is left of a sale after money was given back."""

    purchase: PurchaseOut
    refund: RefundOut
    entries: list[EntryOut] = Field(description="The points taken back.")
    repeated: bool = Field(description="This refund was told before; nothing new was booked.")


_PURCHASE: dict[str, Any] = {
    "id": "pur_12",
    "customer": "7K3M9QX2AB",
    "source_key": "till-3/2026-11-22/0815",
    "bought_at": "2026-11-22T06:30:00Z",
    "amount_minor": 12800,
    "currency": "CNY",
    "cost_minor": None,
    "refunded_minor": 0,
    "items": [{"name": "Oolong 250 g", "quantity": 1, "amount_minor": 12800, "sku": None}],
    "channel": "shop",
    "branch": "store12",
    "noted_at": "2026-11-22T06:30:02Z",
}
_EARNED: dict[str, Any] = {
    "id": "ent_31",
    "kind": "earn",
    "points": 128,
    "at": "2026-11-22T06:30:02Z",
    "rule": "purchase",
    "reason": None,
    "purchase": "pur_12",
    "reverses": None,
}


def purchase_out(row: PurchaseRow, branches: dict[int, str]) -> PurchaseOut:
    """Return a purchase as the API shows it."""
    return PurchaseOut(**_fields(row, branches))


def _fields(row: PurchaseRow, branches: dict[int, str]) -> dict[str, Any]:
    return {
        "id": name_of("pur", row.id),
        "customer": row.customer,
        "source_key": row.source_key,
        "bought_at": row.bought_at,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "cost_minor": row.cost_minor,
        "refunded_minor": row.refunded_minor,
        "items": row.items,
        "channel": row.channel,
        "branch": branches.get(row.branch_id) if row.branch_id is not None else None,
        "noted_at": row.noted_at,
    }


def _refund_out(refund: Refund) -> RefundOut:
    return RefundOut(
        id=name_of("ref", refund.id),
        source_key=refund.source_key,
        at=refund.at,
        amount_minor=refund.amount_minor,
        reason=refund.reason,
    )


async def _shown(work: Work, purchase_id: int) -> tuple[PurchaseRow, PurchaseOut]:
    row = await rows.get_purchase(work.tx, purchase_id)
    assert row is not None
    return row, purchase_out(row, await branch_codes(work))


@router.post(
    "/purchases",
    summary="Tell of a purchase",
    **described(
        Scope.PURCHASES_WRITE,
        returns=RecordedOut,
        status=201,
        says="Recorded; points and tier are reckoned.",
        also=CHANGES,
        example={
            "purchase": _PURCHASE,
            "entry": _EARNED,
            "tier": "silver",
            "tier_before": None,
            "repeated": False,
        },
    ),
)
async def record_purchase(wish: NewPurchase, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """It earns points by the shop's rules, may lift the tier, and the customer is told as they wish."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, wish.customer)
        branch_id = await branch_of(work, wish.branch)
        for found in (customer_id, branch_id):
            if isinstance(found, Answer):
                return found
        assert isinstance(customer_id, int)
        done = await purchases.record_purchase(
            work,
            customer_id,
            source_key=wish.source_key,
            bought_at=wish.bought_at,
            amount_minor=wish.amount_minor,
            currency=wish.currency,
            by=by,
            cost_minor=wish.cost_minor,
            items=[item.model_dump() for item in wish.items] if wish.items is not None else None,
            channel=wish.channel,
            branch_id=branch_id if isinstance(branch_id, int) else None,
        )
        if isinstance(done, Refusal):
            return done
        row, shape = await _shown(work, done.purchase.id)
        change = done.tier_change
        body = RecordedOut(
            purchase=shape,
            entry=entry_out(done.entry) if done.entry else None,
            tier=await rows.get_tier(work.tx, row.customer_id),
            tier_before=change.before if change else None,
            repeated=done.repeated,
        )
        return answer(body, status=201, customer_id=row.customer_id, location=f"/v1/purchases/{shape.id}")

    return await call.change(act, idempotency_key=idempotency_key)


@router.get(
    "/purchases",
    summary="List purchases",
    **described(
        Scope.PURCHASES_READ,
        returns=Page[PurchaseOut],
        says="The one told last first.",
        also=(404,),
        example={"items": [_PURCHASE], "next": None},
    ),
)
async def list_purchases(
    call: Calling,
    customer: Annotated[Code | None, Query(description="Only this customer's, by public code.")] = None,
    since: Annotated[Moment | None, Query(description="Bought from then on.")] = None,
    until: Annotated[Moment | None, Query(description="Bought before then.")] = None,
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
        found = await rows.list_purchases(
            work.tx, customer_id=customer_id, since=since, until=until, before_id=before_id, limit=limit + 1
        )
        branches = await branch_codes(work)
        return page_of([(row.id, purchase_out(row, branches)) for row in found], limit)

    return await call.read(ask)


@router.get(
    "/purchases/{id}",
    summary="Show a purchase",
    **described(
        Scope.PURCHASES_READ,
        returns=WholePurchaseOut,
        says="With what was given back of it.",
        also=(404,),
        example=_PURCHASE | {"refunds": []},
    ),
)
async def show_purchase(purchase: PurchaseId, call: Calling) -> Response:
    """One sale."""

    async def ask(work: Work) -> Answer:
        number = number_of("pur", purchase)
        row = await rows.get_purchase(work.tx, number) if number is not None else None
        if row is None:
            return not_found("purchase")
        refunds = [_refund_out(each) for each in await rows.list_refunds(work.tx, row.id)]
        return answer(WholePurchaseOut(**_fields(row, await branch_codes(work)), refunds=refunds))

    return await call.read(ask)


@router.post(
    "/purchases/{id}/refunds",
    summary="Tell of money given back",
    **described(
        Scope.PURCHASES_WRITE,
        returns=RefundedOut,
        status=201,
        says="Recorded; points it earned are taken back.",
        also=CHANGES,
        example={
            "purchase": _PURCHASE | {"refunded_minor": 12800},
            "refund": {
                "id": "ref_3",
                "source_key": "till-3/2026-11-23/0007",
                "at": "2026-11-23T01:10:00Z",
                "amount_minor": 12800,
                "reason": "Stale",
            },
            "entries": [_EARNED | {"id": "ent_32", "kind": "reversal", "points": -128, "reverses": "ent_31"}],
            "repeated": False,
        },
    ),
)
async def refund_purchase(
    purchase: PurchaseId, wish: NewRefund, call: Calling, idempotency_key: IdempotencyKey
) -> Response:
    """In part or whole; never more than was paid."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        number = number_of("pur", purchase)
        if number is None or await rows.get_purchase(work.tx, number) is None:
            return not_found("purchase")
        done = await purchases.record_refund(
            work,
            purchase_id=number,
            source_key=wish.source_key,
            by=by,
            amount_minor=wish.amount_minor,
            reason=wish.reason,
        )
        if isinstance(done, Refusal):
            return done
        row, shape = await _shown(work, number)
        body = RefundedOut(
            purchase=shape,
            refund=_refund_out(done.refund),
            entries=[entry_out(entry) for entry in done.entries],
            repeated=done.repeated,
        )
        return answer(body, status=201, customer_id=row.customer_id)

    return await call.change(act, idempotency_key=idempotency_key)
