"""``/v1/customers/{code}/points``: the balance, its history, and points given and taken."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Call, Calling
from console.api.pages import no_cursor, page_of, read_cursor
from console.api.routes import CHANGES, Cursor, CustomerCode, IdempotencyKey, Limit, care_router, described
from console.api.shapes import (
    Moment,
    Page,
    Points,
    Reason,
    Shape,
    SignedPoints,
    SourceKey,
    customer_of,
    name_of,
)
from domain.api_keys import Scope
from domain.outcomes import Refusal
from domain.people import Actor
from domain.points import Entry
from services import approvals, grants, points, tiers
from services.events import AWAITED
from services.work import Work

router = care_router("points")


class LotOut(BaseModel):
    """Points that were earned together and expire together."""

    points: int = Field(description="What is left of them.")
    available_at: datetime | None = Field(description="Pending until then; null: until the event they await.")
    expires_at: datetime | None = Field(description="Not spendable from then on; null: never.")


class TierOut(BaseModel):
    """The tier, and how far the next one is."""

    key: str
    next: str | None = Field(description="The next tier; null at the top.")
    spent_minor: int = Field(description="Spent within the window that counts.")
    missing_minor: int = Field(description="Still to be spent for the next tier.")
    review_at: datetime | None = Field(description="The tier is kept until then, whatever is spent.")


class BalanceOut(BaseModel):
    """What a customer has right now; whether points are expired is judged at this instant."""

    customer: str
    spendable: int
    available: int
    pending: int
    owed: int
    lots: list[LotOut] = Field(description="Those with points left, the one that expires first standing first.")
    tier: TierOut


class EntryOut(BaseModel):
    """One line of the account; lines are only ever added."""

    id: str = Field(examples=["ent_31"])
    kind: str = Field(description="earn, adjust, spend, return, reversal, expire, forfeit or forgive.")
    points: int = Field(description="Signed.")
    at: datetime
    rule: str | None
    reason: str | None
    purchase: str | None = Field(examples=["pur_12"])
    reverses: str | None = Field(description="The entry taken back or returned.")


class Earn(Shape):
    """Points for a customer."""

    points: Points
    reason: Reason = Field(examples=["Brought a friend to the tasting"])
    source_key: SourceKey | None = Field(
        None, description="Your key for this; the same key is never booked twice. Default: the Idempotency-Key."
    )
    available_at: Moment | None = Field(None, description="Pending until then.")
    awaits: SourceKey | None = Field(
        None, description="Pending until an event with this `source_key` is told at `/v1/events`."
    )
    expires_at: Moment | None = Field(None, description="Default: as the shop's rules say.")

    @model_validator(mode="after")
    def _one_wait(self) -> "Earn":
        if self.available_at is not None and self.awaits is not None:
            raise ValueError("Give available_at or awaits, not both")
        return self


class Spend(Shape):
    """Points a customer pays with."""

    points: Points
    reason: Reason | None = None
    source_key: SourceKey | None = None


class Adjust(Shape):
    """A change by hand."""

    points: SignedPoints = Field(description="Signed; not 0.", examples=[-20])
    reason: Reason
    source_key: SourceKey | None = None


_BALANCE: dict[str, Any] = {
    "customer": "7K3M9QX2AB",
    "spendable": 120,
    "available": 120,
    "pending": 30,
    "owed": 0,
    "lots": [
        {"points": 120, "available_at": "2026-03-01T10:00:00Z", "expires_at": "2027-03-01T10:00:00Z"},
        {"points": 30, "available_at": "2026-12-06T09:00:00Z", "expires_at": "2027-12-06T09:00:00Z"},
    ],
    "tier": {"key": "silver", "next": "gold", "spent_minor": 310000, "missing_minor": 190000, "review_at": None},
}
_ENTRY: dict[str, Any] = {
    "id": "ent_31",
    "kind": "earn",
    "points": 50,
    "at": "2026-11-22T06:30:00Z",
    "rule": "api",
    "reason": "Brought a friend to the tasting",
    "purchase": None,
    "reverses": None,
}


def entry_out(entry: Entry) -> EntryOut:
    """Return an entry as the API shows it."""
    return EntryOut(
        id=name_of("ent", entry.id),
        kind=entry.kind.value,
        points=entry.points,
        at=entry.at,
        rule=entry.rule,
        reason=entry.reason,
        purchase=name_of("pur", entry.purchase_id) if entry.purchase_id is not None else None,
        reverses=name_of("ent", entry.reverses_id) if entry.reverses_id is not None else None,
    )


@router.get(
    "/customers/{code}/points",
    summary="Show the balance",
    **described(Scope.POINTS_READ, returns=BalanceOut, says="What there is now.", also=(404,), example=_BALANCE),
)
async def show_balance(code: CustomerCode, call: Calling) -> Response:
    """What a customer can spend, what is pending, what expires when, and the tier."""

    async def ask(work: Work) -> Answer:
        customer_id = await customer_of(work, code)
        return customer_id if isinstance(customer_id, Answer) else answer(await _balance(work, customer_id, code))

    return await call.read(ask)


async def _balance(work: Work, customer_id: int, code: str) -> BalanceOut:
    balance = await points.balance_of(work, customer_id)
    tier = await tiers.progress_of(work, customer_id)
    return BalanceOut(
        customer=code,
        spendable=balance.spendable,
        available=balance.available,
        pending=balance.pending,
        owed=balance.owed,
        lots=[
            LotOut(points=lot.remaining, available_at=lot.available_at, expires_at=lot.expires_at)
            for lot in balance.lots
        ],
        tier=TierOut(
            key=tier.tier,
            next=tier.next_tier,
            spent_minor=tier.spent_minor,
            missing_minor=tier.missing_minor,
            review_at=tier.review_at,
        ),
    )


@router.get(
    "/customers/{code}/points/entries",
    summary="List the account's entries",
    **described(
        Scope.POINTS_READ,
        returns=Page[EntryOut],
        says="Newest first.",
        also=(404,),
        example={"items": [_ENTRY], "next": None},
    ),
)
async def list_entries(code: CustomerCode, call: Calling, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Every change of a customer's points."""

    async def ask(work: Work) -> Answer:
        customer_id = await customer_of(work, code)
        if isinstance(customer_id, Answer):
            return customer_id
        try:
            before = read_cursor(cursor)
        except ValueError:
            return no_cursor()
        entries = await points.list_history(work, customer_id, before_id=before, limit=limit + 1)
        return page_of([(entry.id, entry_out(entry)) for entry in entries], limit)

    return await call.read(ask)


def _key(by: Actor, given: str | None, idempotency_key: str) -> str:
    """Return under which key a change is booked; one key's cannot meet another's, nor the program's own."""
    return f"api:{by.id}:{given or idempotency_key}"


async def _book(call: Call, code: str, idempotency_key: str, act: Any) -> Response:
    async def change(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, code)
        if isinstance(customer_id, Answer):
            return customer_id
        entry = await act(work, customer_id, by)
        if not isinstance(entry, Entry):
            return entry  # type: ignore[no-any-return]  # a refusal
        return answer(entry_out(entry), status=201, customer_id=customer_id)

    return await call.change(change, idempotency_key=idempotency_key)


@router.post(
    "/customers/{code}/points/earn",
    summary="Give points",
    **described(
        Scope.POINTS_WRITE, returns=EntryOut, status=201, says="What was booked.", also=CHANGES, example=_ENTRY
    ),
)
async def earn_points(code: CustomerCode, wish: Earn, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Points for something that was no purchase; purchases earn by themselves."""

    async def act(work: Work, customer_id: int, by: Actor) -> Entry | Refusal:
        return await grants.grant(
            work,
            customer_id,
            amount=wish.points,
            source_key=_key(by, wish.source_key, idempotency_key),
            by=by,
            reason=wish.reason.strip(),
            available_at=wish.available_at,
            awaits=f"{AWAITED}{wish.awaits}" if wish.awaits else None,
            expires_at=wish.expires_at or ...,
        )

    return await _book(call, code, idempotency_key, act)


@router.post(
    "/customers/{code}/points/spend",
    summary="Take points in payment",
    **described(
        Scope.POINTS_WRITE,
        returns=EntryOut,
        status=201,
        says="What was booked.",
        also=CHANGES,
        example=_ENTRY | {"kind": "spend", "points": -50, "rule": None, "reason": "Paid at till 3"},
    ),
)
async def spend_points(code: CustomerCode, wish: Spend, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Those that expire first go first; 409 `points.refused.not_enough` when there are not so many."""

    async def act(work: Work, customer_id: int, by: Actor) -> Entry | Refusal:
        key = _key(by, wish.source_key, idempotency_key)
        return await points.spend(work, customer_id, points=wish.points, source_key=key, by=by, reason=wish.reason)

    return await _book(call, code, idempotency_key, act)


@router.post(
    "/customers/{code}/points/adjust",
    summary="Change points by hand",
    **described(
        Scope.POINTS_WRITE,
        returns=EntryOut,
        status=201,
        says="What was booked.",
        also=CHANGES,
        example=_ENTRY | {"kind": "adjust", "points": -20, "rule": None, "reason": "Counted twice in May"},
    ),
)
async def adjust_points(code: CustomerCode, wish: Adjust, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """A correction, with its reason."""

    async def act(work: Work, customer_id: int, by: Actor) -> Any:
        key = _key(by, wish.source_key, idempotency_key)
        return await approvals.change_points(
            work, customer_id, points=wish.points, reason=wish.reason, source_key=key, by=by
        )

    return await _book(call, code, idempotency_key, act)
