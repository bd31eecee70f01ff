"""``/v1/rewards`` and ``/v1/vouchers``: points given for something, which is then used by its code."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from console.api.answers import Answer, answer
from console.api.door import Calling
from console.api.problems import not_found
from console.api.routes import CHANGES, IdempotencyKey, care_router, described
from console.api.shapes import (
    BranchCode,
    Code,
    Reason,
    Shape,
    branch_codes,
    branch_of,
    customer_of,
    name_of,
    words,
)
from domain.api_keys import Scope
from domain.outcomes import Refusal
from domain.people import Actor
from domain.rewards import Reward, Voucher
from services import rewards, vouchers
from services.work import Work
from storage.api_lists import list_codes

router = care_router("vouchers")

VoucherCode = Annotated[
    str, Path(alias="code", max_length=64, description="As printed or scanned.", examples=["W7QK-2M4P-X9TB"])
]


class RewardOut(BaseModel):
    """Something points can be given for."""

    key: str
    price_points: int
    stock: int | None = Field(description="How many are left; null: never runs out.")
    valid_from_at: datetime | None
    valid_until_at: datetime | None
    voucher_days: int
    names: dict[str, str] = Field(description="By language.")
    terms: dict[str, str]
    open: bool = Field(description="Can be had now.")


class RewardsOut(BaseModel):
    """The catalogue."""

    items: list[RewardOut]


class VoucherOut(BaseModel):
    """A reward paid for with points, used once."""

    id: str
    code: str
    customer: str
    reward: str = Field(description="The reward's key.")
    points: int
    state: str = Field(description="issued, used, returned, expired or void.")
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    branch: str | None = Field(description="Where it was used.")


class Redeem(Shape):
    """Points for a reward."""

    customer: Code = Field(examples=["7K3M9QX2AB"])
    reward: Annotated[str, words(32)] = Field(description="The reward's key.", examples=["tea_tin"])


class Use(Shape):
    """Where a voucher is used."""

    branch: BranchCode | None = None


class Return(Shape):
    """Why a voucher is returned."""

    reason: Reason


_REWARD: dict[str, Any] = {
    "key": "tea_tin",
    "price_points": 300,
    "stock": 12,
    "valid_from_at": None,
    "valid_until_at": None,
    "voucher_days": 90,
    "names": {"en": "A tin of tea"},
    "terms": {},
    "open": True,
}
_VOUCHER: dict[str, Any] = {
    "id": "vou_5",
    "code": "W7QK2M4PX9TB",
    "customer": "7K3M9QX2AB",
    "reward": "tea_tin",
    "points": 300,
    "state": "issued",
    "issued_at": "2026-11-22T06:30:00Z",
    "expires_at": "2027-02-20T16:00:00Z",
    "used_at": None,
    "branch": None,
}


@router.get(
    "/rewards",
    summary="List the rewards",
    **described(Scope.VOUCHERS_READ, returns=RewardsOut, says="Cheapest first.", example={"items": [_REWARD]}),
)
async def list_rewards(call: Calling) -> Response:
    """The whole catalogue, also what cannot be had now."""

    async def ask(work: Work) -> Answer:
        return answer(RewardsOut(items=[_reward_out(work, reward) for reward in await rewards.list_rewards(work)]))

    return await call.read(ask)


def _reward_out(work: Work, reward: Reward) -> RewardOut:
    return RewardOut(
        key=reward.key,
        price_points=reward.price_points,
        stock=reward.stock,
        valid_from_at=reward.valid_from_at,
        valid_until_at=reward.valid_until_at,
        voucher_days=reward.voucher_days,
        names=reward.names,
        terms=reward.terms,
        open=reward.is_open(work.now) and not reward.sold_out,
    )


async def _shown(work: Work, voucher: Voucher, *, status: int = 200) -> Answer:
    reward = await rewards.find_reward(work, voucher.reward_id)
    codes = await list_codes(work.tx, [voucher.customer_id])
    branches = await branch_codes(work)
    body = VoucherOut(
        id=name_of("vou", voucher.id),
        code=voucher.code,
        customer=codes[voucher.customer_id],
        reward=reward.key if reward else "",
        points=voucher.points,
        state=voucher.standing(work.now).value,
        issued_at=voucher.issued_at,
        expires_at=voucher.expires_at,
        used_at=voucher.used_at,
        branch=branches.get(voucher.branch_id) if voucher.branch_id is not None else None,
    )
    location = f"/v1/vouchers/{voucher.code}" if status == 201 else None
    return answer(body, status=status, customer_id=voucher.customer_id, location=location)


@router.post(
    "/vouchers",
    summary="Redeem points for a reward",
    **described(
        Scope.VOUCHERS_WRITE,
        returns=VoucherOut,
        status=201,
        says="The voucher; the customer is sent it too.",
        also=CHANGES,
        example=_VOUCHER,
    ),
)
async def redeem_reward(wish: Redeem, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Of two who want the last piece one gets it."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        customer_id = await customer_of(work, wish.customer)
        if isinstance(customer_id, Answer):
            return customer_id
        reward = next((each for each in await rewards.list_rewards(work) if each.key == wish.reward), None)
        if reward is None:
            return not_found("reward")
        key = f"api:{by.id}:{idempotency_key}"
        done = await rewards.redeem(work, customer_id, reward.id, source_key=key, by=by)
        return done if isinstance(done, Refusal) else await _shown(work, done, status=201)

    return await call.change(act, idempotency_key=idempotency_key)


@router.get(
    "/vouchers/{code}",
    summary="Show a voucher",
    **described(Scope.VOUCHERS_READ, returns=VoucherOut, says="As it stands now.", also=(404,), example=_VOUCHER),
)
async def show_voucher(code: VoucherCode, call: Calling) -> Response:
    """By its code, however it was typed."""

    async def ask(work: Work) -> Answer:
        voucher = await vouchers.find_voucher(work, code)
        return await _shown(work, voucher) if voucher is not None else not_found("voucher")

    return await call.read(ask)


@router.post(
    "/vouchers/{code}/use",
    summary="Mark a voucher used",
    **described(
        Scope.VOUCHERS_WRITE,
        returns=VoucherOut,
        says="Used, now.",
        also=CHANGES,
        example=_VOUCHER | {"state": "used", "used_at": "2026-11-25T03:12:00Z", "branch": "store12"},
    ),
)
async def use_voucher(code: VoucherCode, wish: Use, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """Once; 409 tells when it was used before."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        branch_id = await branch_of(work, wish.branch)
        if isinstance(branch_id, Answer):
            return branch_id
        done = await vouchers.use_voucher(work, code, by=by, branch_id=branch_id)
        return done if isinstance(done, Refusal) else await _shown(work, done)

    return await call.change(act, idempotency_key=idempotency_key)


@router.post(
    "/vouchers/{code}/return",
    summary="Return a voucher",
    **described(
        Scope.VOUCHERS_WRITE,
        returns=VoucherOut,
        says="Returned; its points are back with the expiry they had.",
        also=CHANGES,
        example=_VOUCHER | {"state": "returned"},
    ),
)
async def return_voucher(code: VoucherCode, wish: Return, call: Calling, idempotency_key: IdempotencyKey) -> Response:
    """One that was not used."""

    async def act(work: Work, by: Actor) -> Answer | Refusal:
        done = await vouchers.return_voucher(work, code, by=by, reason=wish.reason)
        return done if isinstance(done, Refusal) else await _shown(work, done)

    return await call.change(act, idempotency_key=idempotency_key)
