"""Nothing that creates value happens twice, on either engine, whoever asks how often."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services import api_keys, grants
from storage.tables import api_answers, point_entries
from tests.console.shop import Shop, Till

GIFT = {"points": 50, "reason": "Brought a friend"}


async def entries(shop: Shop) -> int:
    """Return how many entries all accounts have."""
    async with shop.working() as work:
        found: int = (await work.tx.execute(select(func.count()).select_from(point_entries))).scalar_one()
        return found


async def test_the_same_key_gets_the_same_answer(shop: Shop, till: Till) -> None:
    """A till that asks again because the answer got lost hears it again, and points are booked once."""
    ann = await till.customer()
    path = f"/customers/{ann}/points/earn"
    first = await till.ask("POST", path, GIFT, once="receipt-1")
    shop.later(timedelta(hours=30))
    again = await till.ask("POST", path, {"reason": "Brought a friend", "points": 50}, once="receipt-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await entries(shop) == 1


async def test_the_same_key_with_another_wish_is_refused(shop: Shop, till: Till) -> None:
    """A key used for something else is a fault of the caller, told aloud."""
    ann, bob = await till.customer("Ann"), await till.customer("Bob")
    await till.post(f"/customers/{ann}/points/earn", GIFT, once="receipt-1")
    for path, body in (
        (f"/customers/{ann}/points/earn", GIFT | {"points": 51}),
        (f"/customers/{bob}/points/earn", GIFT),
    ):
        other = await till.ask("POST", path, body, once="receipt-1")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_request")
    assert await entries(shop) == 1


async def test_many_at_once_with_one_key_book_once(shop: Shop, till: Till) -> None:
    """Impatient taps: every one of eight gets the one answer."""
    ann = await till.customer()
    path = f"/customers/{ann}/points/earn"
    answers = await asyncio.gather(*(till.ask("POST", path, GIFT, once="receipt-1") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert await entries(shop) == 1


async def test_another_system_may_use_the_same_words_as_key(shop: Shop, till: Till) -> None:
    """Keys of two systems never meet."""
    other = await shop.key()
    ann = await till.customer()
    first = await till.post(f"/customers/{ann}/points/earn", GIFT, once="1")
    second = await other.post(f"/customers/{ann}/points/earn", GIFT, once="1")
    assert first["id"] != second["id"]


async def test_a_refusal_is_answered_the_same_too(shop: Shop, till: Till) -> None:
    """What could not be done then is not done by a late repeat either; a new key tries anew."""
    ann = await till.customer()
    wish = {"points": 50}
    first = await till.ask("POST", f"/customers/{ann}/points/spend", wish, once="pay-1")
    assert (first.status_code, first.json()["code"]) == (409, "points.refused.not_enough")
    assert first.json()["values"] == {"needed": 50, "available": 0}
    await till.post(f"/customers/{ann}/points/earn", GIFT)
    again = await till.ask("POST", f"/customers/{ann}/points/spend", wish, once="pay-1")
    assert (again.status_code, again.json()) == (409, first.json())
    assert again.headers["content-type"] == "application/problem+json"
    assert (await till.post(f"/customers/{ann}/points/spend", wish, once="pay-2"))["points"] == -50


async def test_effect_and_answer_stand_or_fall_together(
    shop: Shop, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the two leaves neither: the repeat does it, once."""
    ann = await till.customer()
    honest = api_keys.keep_answer

    async def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory while serving Ann")

    monkeypatch.setattr(api_keys, "keep_answer", crash)
    failed = await till.ask("POST", f"/customers/{ann}/points/earn", GIFT, once="receipt-1")
    assert (failed.status_code, failed.json()["code"]) == (500, "server.failed")
    assert "Ann" not in failed.text
    assert await entries(shop) == 0
    monkeypatch.setattr(api_keys, "keep_answer", honest)
    await till.post(f"/customers/{ann}/points/earn", GIFT, once="receipt-1")
    assert await entries(shop) == 1


async def test_a_bad_request_uses_no_key_up(corner_shop: Shop, corner_till: Till) -> None:
    """Whoever mends a request may send it under the same key."""
    ann = await corner_till.customer()
    path = f"/customers/{ann}/points/earn"
    assert (await corner_till.ask("POST", path, GIFT | {"points": "50"}, once="receipt-1")).status_code == 422
    await corner_till.post(path, GIFT, once="receipt-1")


async def test_what_creates_value_wants_a_key(corner_shop: Shop, corner_till: Till) -> None:
    """Without an Idempotency-Key nothing is booked, and the answer says what to send."""
    ann = await corner_till.customer()
    refused = await corner_till.ask("POST", f"/customers/{ann}/points/earn", GIFT)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "header/Idempotency-Key", "mend": "Send this header"}]
    assert await entries(corner_shop) == 0


async def test_answers_are_kept_for_more_than_a_day_and_not_for_ever(corner_shop: Shop, corner_till: Till) -> None:
    """They hold people's data: after two days they go."""
    ann = await corner_till.customer()
    await corner_till.post(f"/customers/{ann}/points/earn", GIFT, once="receipt-1")
    for hours, left in ((30, 2), (20, 0)):
        corner_shop.later(timedelta(hours=hours))
        async with corner_shop.working() as work:
            await api_keys.forget_answers(work, limit=100)
            count = (await work.tx.execute(select(func.count()).select_from(api_answers))).scalar_one()
        assert count == left


async def test_points_of_one_source_key_are_booked_once_whatever_the_request_is_called(till: Till, shop: Shop) -> None:
    """A caller that lost its Idempotency-Key still has its own key for the thing."""
    ann = await till.customer()
    wish = GIFT | {"source_key": "friend-7"}
    first = await till.post(f"/customers/{ann}/points/earn", wish, once="a")
    assert await till.post(f"/customers/{ann}/points/earn", wish, once="b") == first
    other = await till.ask("POST", f"/customers/{ann}/points/earn", wish | {"points": 7}, once="c")
    assert (other.status_code, other.json()["code"]) == (409, "points.refused.key_taken")
    assert await entries(shop) == 1
    assert first["rule"] == grants.RULE
