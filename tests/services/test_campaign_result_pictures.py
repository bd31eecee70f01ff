"""The picture of a campaign's results says what the results say, in the reader's language."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys.intervals import wilson
from services.campaigns.result_pictures import recipe_of
from services.campaigns.results import results
from storage.database import Database
from tests.services.campaigned import DAY, NOON, ONE, TWO, Outing


@pytest.fixture
def outing(database: Database) -> Outing:
    """A shop on each engine."""
    return Outing(database)


async def _recipe(outing: Outing, language: str = "en") -> dict[str, Any]:
    async with outing.work() as work:
        found = await results(work, "autumn", by=SYSTEM)
        assert not isinstance(found, Refusal)
        return recipe_of(work, found, language)


async def test_bars_are_the_shares_with_their_intervals(outing: Outing) -> None:
    """15 of 100 answered a, 40 of 100 b: b is marked as the best, and the foot names it."""
    await outing.keeps(TWO.format(learning='decide_after = "2d"'))
    people = await outing.people(200)
    await outing.plans(people[:100], variant="a")
    await outing.plans(people[100:], variant="b")
    await outing.taps([*people[:15], *people[100:140]], "answer")
    recipe = await _recipe(outing)
    low, high = wilson(40, 100)
    [a, b] = recipe["variants"]["bars"]
    assert (a["label"], a["value"], a["best"]) == ("a", 0.15, False)
    assert b == {"label": "b", "best": True, "value": 0.4, "low": low, "high": high}
    assert recipe["shares"]["bars"][0]["value"] == 55 / 200
    assert "b" in recipe["notes"][0]
    assert recipe["uplifts"]["bars"] == []


async def test_more_purchases_are_good_and_compared_with_those_left_out(outing: Outing) -> None:
    """30 of 50 meant buy, none of 50 left out: the bar is sure and to the good; one message alone has no bars."""
    await outing.keeps(ONE)
    people = await outing.people(100)
    await outing.plans(people[:50])
    await outing.plans(people[50:], "skipped", reason="holdout")
    await outing.buys(people[:30])
    outing.now = NOON + 30 * DAY
    recipe = await _recipe(outing, "zh_TW")
    [bought] = recipe["uplifts"]["bars"]
    assert (bought["value"], bought["sure"], bought["good"]) == (0.6, True, True)
    assert 0 < bought["low"] < 0.6 < bought["high"]
    assert recipe["variants"]["bars"] == []
    assert recipe["title"] == "秋天的問候"


async def test_more_complaints_are_not_good(outing: Outing) -> None:
    """What is unwelcome is not painted as a success, however sure it is."""
    await outing.keeps(ONE)
    people = await outing.people(100)
    await outing.plans(people[:50])
    await outing.plans(people[50:], "skipped", reason="holdout")
    cases = [
        {"number": nth, "customer_id": one, "kind": "complaint", "state": "new", "opened_at": NOON + timedelta(hours=1)}
        for nth, one in enumerate(people[:25], 1)
    ]
    await outing.puts("cases", cases)
    outing.now = NOON + 30 * DAY
    [complained] = (await _recipe(outing))["uplifts"]["bars"]
    assert (complained["value"], complained["sure"], complained["good"]) == (0.5, True, False)


async def test_when_nobody_was_reached_there_is_no_share(outing: Outing) -> None:
    """A dash, not zero per cent."""
    await outing.keeps(ONE)
    recipe = await _recipe(outing)
    assert recipe["value"] == "–"
