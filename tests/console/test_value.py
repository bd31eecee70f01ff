"""Purchases, points, vouchers and events over the API, as a till and a web shop use them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.loyalty import RewardSeed
from services import rewards
from tests.console.shop import Shop, Till
from tests.services.shop import MORNING

GIFT = {"points": 500, "reason": "Brought a friend"}


def sale(customer: str, key: str = "till-3/0815", **fields: Any) -> dict[str, Any]:
    """Return a sale of 128.00."""
    return {"customer": customer, "source_key": key, "amount_minor": 12800, "currency": "CNY", **fields}


@pytest.fixture
async def stocked(shop: Shop) -> None:
    """One tea tin is on the shelf."""
    async with shop.working() as work:
        await rewards.seed_rewards(work, [RewardSeed("tea_tin", 300, {"en": "A tin of tea"}, stock=1)])


async def test_a_purchase_earns_once_however_often_it_is_told(till: Till) -> None:
    """Two tills, or a till and an import, that tell of the same sale book it once."""
    ann = await till.customer()
    first = await till.post("/purchases", sale(ann, items=[{"name": "Oolong", "quantity": 2}]))
    assert first["entry"]["points"] == 128
    assert first["entry"]["purchase"] == first["purchase"]["id"]
    assert (first["tier"], first["repeated"]) == ("new", False)
    again = await till.post("/purchases", sale(ann, items=[{"name": "Oolong", "quantity": 2}]))
    assert (again["repeated"], again["purchase"]["id"]) == (True, first["purchase"]["id"])
    other = await till.ask("POST", "/purchases", sale(ann, amount_minor=1), once="x")
    assert (other.status_code, other.json()["code"]) == (409, "purchase.refused.key_taken")
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 128


async def test_the_same_sale_told_twice_at_once_is_one(till: Till, shop: Shop) -> None:
    """Different requests, one sale: nobody gets an error, one purchase is on record."""
    ann = await till.customer()
    answers = await asyncio.gather(*(till.post("/purchases", sale(ann)) for _ in range(6)))
    assert len({answer["purchase"]["id"] for answer in answers}) == 1
    assert [answer["repeated"] for answer in answers].count(False) == 1
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 128


async def test_the_same_sale_told_for_two_customers_at_once_is_one_ones(till: Till) -> None:
    """One of two is refused, never an error of ours."""
    ann, bob = await till.customer("Ann"), await till.customer("Bob")
    answers = await asyncio.gather(*(till.ask("POST", "/purchases", sale(code), once=code) for code in (ann, bob)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_purchase_lifts_the_tier(till: Till) -> None:
    """The answer tells the cashier."""
    ann = await till.customer()
    done = await till.post("/purchases", sale(ann, amount_minor=600_000))
    assert (done["tier_before"], done["tier"]) == ("new", "gold")
    balance = await till.get(f"/customers/{ann}/points")
    assert (balance["tier"]["key"], balance["tier"]["next"]) == ("gold", "diamond")


async def test_a_refund_takes_points_back_and_is_never_more_than_was_paid(till: Till) -> None:
    """In parts, each once."""
    ann = await till.customer()
    bought = (await till.post("/purchases", sale(ann)))["purchase"]["id"]
    half = {"source_key": "back-1", "amount_minor": 6400}
    done = await till.post(f"/purchases/{bought}/refunds", half)
    assert done["purchase"]["refunded_minor"] == 6400
    assert [entry["points"] for entry in done["entries"]] == [-64]
    assert (await till.post(f"/purchases/{bought}/refunds", half))["repeated"] is True
    more = await till.ask("POST", f"/purchases/{bought}/refunds", {"source_key": "b2", "amount_minor": 6401}, once="y")
    assert (more.status_code, more.json()["code"]) == (409, "purchase.refused.too_much")
    await till.post(f"/purchases/{bought}/refunds", {"source_key": "back-3", "reason": "Stale tea"})
    shown = await till.get(f"/purchases/{bought}")
    assert [refund["amount_minor"] for refund in shown["refunds"]] == [6400, 6400]
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 0


async def test_purchases_are_listed_by_customer_and_by_date(till: Till) -> None:
    """The one told last first."""
    ann, bob = await till.customer("Ann"), await till.customer("Bob")
    for number, (code, days) in enumerate([(ann, 3), (bob, 2), (ann, 1)]):
        at = (MORNING - timedelta(days=days)).isoformat()
        await till.post("/purchases", sale(code, f"sale-{number}", bought_at=at))
    keys = [item["source_key"] for item in (await till.get("/purchases", customer=ann))["items"]]
    assert keys == ["sale-2", "sale-0"]
    since = (MORNING - timedelta(days=2, hours=1)).isoformat()
    keys = [item["source_key"] for item in (await till.get("/purchases", since=since, limit=1))["items"]]
    assert keys == ["sale-2"]
    assert (await till.ask("GET", "/purchases/ent_1")).status_code == 404
    assert (await till.ask("GET", "/purchases", params={"customer": "NOBODY"})).status_code == 404


async def test_points_are_given_taken_and_corrected(till: Till) -> None:
    """Each with its line in the account, newest first."""
    ann = await till.customer()
    await till.post(f"/customers/{ann}/points/earn", GIFT)
    await till.post(f"/customers/{ann}/points/spend", {"points": 120})
    await till.post(f"/customers/{ann}/points/adjust", {"points": -80, "reason": "Counted twice"})
    balance = await till.get(f"/customers/{ann}/points")
    assert (balance["spendable"], balance["pending"], balance["owed"]) == (300, 0, 0)
    page = await till.get(f"/customers/{ann}/points/entries", limit=2)
    rest = await till.get(f"/customers/{ann}/points/entries", cursor=page["next"])
    assert [entry["points"] for entry in page["items"] + rest["items"]] == [-80, -120, 500]
    past = GIFT | {"expires_at": MORNING.isoformat()}
    expired = await till.ask("POST", f"/customers/{ann}/points/earn", past, once="late")
    assert (expired.status_code, expired.json()["code"]) == (422, "api.refused.expired")
    nothing = await till.ask(
        "POST", f"/customers/{ann}/points/adjust", {"points": 0, "reason": "None at all"}, once="0"
    )
    assert (nothing.status_code, nothing.json()["code"]) == (422, "points.refused.amount")


async def test_eight_tills_cannot_spend_more_than_there_is(till: Till) -> None:
    """Five payments of 100 out of 500 are taken, three are refused."""
    ann = await till.customer()
    await till.post(f"/customers/{ann}/points/earn", GIFT)
    path = f"/customers/{ann}/points/spend"
    answers = await asyncio.gather(*(till.ask("POST", path, {"points": 100}, once=f"p{n}") for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 3
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 0


async def test_points_wait_for_an_event_that_another_system_tells(till: Till) -> None:
    """Pending until the parcel is delivered, spendable then; the event told twice changes nothing."""
    ann = await till.customer()
    await till.post(f"/customers/{ann}/points/earn", GIFT | {"awaits": "order-88"})
    balance = await till.get(f"/customers/{ann}/points")
    assert (balance["spendable"], balance["pending"]) == (0, 500)
    assert balance["lots"][0]["available_at"] is None
    event = {"customer": ann, "name": "order.delivered", "source_key": "order-88", "data": {"parcel": 2}}
    told = await till.post("/events", event)
    assert (told["released"], told["repeated"], told["event"]["data"]) == (1, False, {"parcel": 2})
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 500
    assert (await till.post("/events", event))["repeated"] is True
    other = await till.ask("POST", "/events", event | {"name": "order.lost"})
    assert (other.status_code, other.json()["code"]) == (409, "api.refused.event_key_taken")
    assert [item["name"] for item in (await till.get("/events", customer=ann))["items"]] == ["order.delivered"]


@pytest.mark.usefixtures("stocked")
async def test_the_last_piece_goes_to_one_of_two(till: Till) -> None:
    """The other is refused and keeps the points."""
    codes = [await till.customer(name) for name in ("Ann", "Bob")]
    for code in codes:
        await till.post(f"/customers/{code}/points/earn", GIFT)
    answers = await asyncio.gather(
        *(till.ask("POST", "/vouchers", {"customer": code, "reward": "tea_tin"}, once=code) for code in codes)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    left = [(await till.get(f"/customers/{code}/points"))["spendable"] for code in codes]
    assert sorted(left) == [200, 500]
    [reward] = (await till.get("/rewards"))["items"]
    assert (reward["stock"], reward["open"]) == (0, False)


@pytest.mark.usefixtures("stocked")
async def test_a_voucher_is_used_once_or_returned(till: Till) -> None:
    """By its code, however it is typed; the second cashier is told when it was used."""
    ann = await till.customer()
    await till.post(f"/customers/{ann}/points/earn", GIFT)
    code = (await till.post("/vouchers", {"customer": ann, "reward": "tea_tin"}))["code"]
    typed = f"{code[:4]}-{code[4:]}".lower()
    returned = await till.post(f"/vouchers/{typed}/return", {"reason": "Changed her mind"})
    assert returned["state"] == "returned"
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 500
    code = (await till.post("/vouchers", {"customer": ann, "reward": "tea_tin"}))["code"]
    answers = await asyncio.gather(*(till.ask("POST", f"/vouchers/{code}/use", {}, once=f"u{n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers if answer.status_code == 409} == {
        "points.refused.voucher_used_by"
    }
    assert (await till.get(f"/vouchers/{code}"))["state"] == "used"
    assert (await till.ask("GET", "/vouchers/NOSUCHVOUCHER")).status_code == 404
    unknown = await till.ask("POST", "/vouchers", {"customer": ann, "reward": "gold_bar"}, once="g")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "reward.unknown")


async def test_refusals_are_worded_in_the_askers_language(corner_till: Till) -> None:
    """A cashier reads them on the till's screen; the code stays the same."""
    ann = await corner_till.customer()
    path = f"/customers/{ann}/points/spend"
    asked = [
        await corner_till.ask("POST", path, {"points": 5}, once=language, headers={"Accept-Language": language})
        for language in ("en", "zh-TW,en;q=0.5", "fr")
    ]
    assert len({answer.json()["code"] for answer in asked}) == 1
    english, chinese, french = [answer.json()["detail"] for answer in asked]
    assert english == french != chinese


async def test_after_each_change_the_sender_is_woken(corner_shop: Shop, corner_till: Till) -> None:
    """Words and webhooks leave at once; questions wake nobody."""
    ann = await corner_till.customer()
    before = corner_shop.commits
    await corner_till.get(f"/customers/{ann}")
    assert corner_shop.commits == before
    await corner_till.post("/purchases", sale(ann))
    assert corner_shop.commits == before + 1
