"""Campaigns over the API: added, started once however often asked, watched, told by webhook when they are over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.api_keys import Scope
from domain.people import SYSTEM
from services import webhooks
from services.campaigns.book import get_campaign, seed_shipped
from services.campaigns.results import results
from storage import webhooks as webhook_rows
from tests.console.shop import Shop, Till
from tests.services.campaigned import NOON, Outing

PAPER: dict[str, Any] = {
    "key": "autumn",
    "title": {"en": "Autumn", "zh_CN": "秋天", "zh_TW": "秋天"},
    "when": {"occasion": "date", "on": "2026-12-01", "at": "10:00"},
    "text": {"en": "Good day {{ name }}!", "zh_CN": "{{ name }}，您好！", "zh_TW": "{{ name }}，您好！"},
}


async def added(till: Till, once: str = "add", **more: Any) -> dict[str, Any]:
    """Add the campaign; returns it as the API told it."""
    answer = await till.ask("POST", "/campaigns", {"document": PAPER | more}, once=once)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_campaign_is_added_started_paused_and_cancelled(shop: Shop, till: Till) -> None:
    """A draft first; then each step, asked for twice with its key, is done once and answered the same."""
    draft = await added(till)
    assert (draft["state"], draft["version"], draft["is_new"]) == ("draft", 1, True)
    assert draft["document"]["when"]["on"] == "2026-12-01"
    steps = {"start": "running", "pause": "paused", "resume": "running", "cancel": "cancelled"}
    for step, state in steps.items():
        body: dict[str, Any] | None = {} if step == "start" else None
        path = f"/campaigns/autumn/{step}"
        first, second = [await till.ask("POST", path, body, once=step) for _ in range(2)]
        assert (first.status_code, first.json()["state"]) == (200, state), first.text
        assert second.text == first.text
        assert second.headers["idempotent-replayed"] == "true"
    async with shop.working() as work:
        kept = await get_campaign(work, "autumn")
    assert kept is not None
    assert kept.ended_at == shop.now
    over = await till.ask("POST", "/campaigns/autumn/pause", once="again")
    assert (over.status_code, over.json()["code"]) == (409, "campaign_control.refused.not_running")


async def test_one_start_of_many_wins(shop: Shop, till: Till) -> None:
    """Four impatient systems, each with a key of its own: one starts it, the others hear that it runs."""
    await added(till)
    answers = await asyncio.gather(
        *(till.ask("POST", "/campaigns/autumn/start", {}, once=f"start-{nth}") for nth in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_start_may_be_set_for_later(corner_shop: Shop, corner_till: Till) -> None:
    """An instant ahead makes it scheduled; one gone by lets it run now."""
    await added(corner_till)
    later = (corner_shop.now + timedelta(days=2)).isoformat()
    answer = await corner_till.ask("POST", "/campaigns/autumn/start", {"at": later}, once="a")
    assert (answer.status_code, answer.json()["state"]) == (200, "scheduled")
    assert answer.json()["launch_at"].startswith("2026-11-24T09:00:00")


async def test_the_same_document_again_adds_nothing(corner_till: Till) -> None:
    """Other words are the next version; the same ones are none."""
    await added(corner_till)
    again = await added(corner_till, once="again")
    assert (again["version"], again["is_new_version"]) == (1, False)
    other = await added(corner_till, once="other", priority=7)
    assert (other["version"], other["is_new_version"], other["is_new"]) == (2, True, False)


@pytest.mark.parametrize(
    ("document", "mend"),
    [
        ({**PAPER, "when": {"occasion": "fullmoon"}}, "when.occasion"),
        ({**PAPER, "text": {**PAPER["text"], "en": "Hello {{ nmae }}"}}, "nmae"),
        ({**PAPER, "picture": "moon.png"}, "picture"),
        ({"key": "autumn"}, "title"),
        ({}, "key"),
    ],
    ids=["occasion", "variable", "picture", "parts", "nothing"],
)
async def test_a_document_that_cannot_be_is_told_line_by_line(
    corner_till: Till, document: dict[str, Any], mend: str
) -> None:
    """422 with each fault and its mend; nothing is kept."""
    answer = await corner_till.ask("POST", "/campaigns", {"document": document}, once="x")
    assert answer.status_code == 422
    assert any(mend in error["mend"] for error in answer.json()["errors"]), answer.text
    assert (await corner_till.get("/campaigns"))["items"] == []


async def test_all_campaigns_are_listed_and_shown_whole(corner_shop: Shop, corner_till: Till) -> None:
    """Those that came with carebot and the shop's own, by key, also by where they stand."""
    async with corner_shop.working() as work:
        await seed_shipped(work)
    await added(corner_till)
    listed = (await corner_till.get("/campaigns"))["items"]
    assert [one["key"] for one in listed] == sorted(one["key"] for one in listed)
    assert {one["key"]: (one["state"], one["shipped"]) for one in listed}["autumn"] == ("draft", False)
    assert "autumn" in [one["key"] for one in (await corner_till.get("/campaigns", state="draft"))["items"]]
    whole = await corner_till.get("/campaigns/autumn")
    assert whole["document"]["key"] == "autumn"
    for path in ("/campaigns/nobody", "/campaigns/autumn?version=9", "/campaigns/nobody/progress"):
        missing = await corner_till.ask("GET", path)
        assert (missing.status_code, missing.json()["code"]) == (404, "campaign.unknown")
    for step in ("start", "cancel"):
        missing = await corner_till.ask("POST", f"/campaigns/nobody/{step}", {} if step == "start" else None, once=step)
        assert missing.status_code == 404


async def test_progress_and_results_are_those_of_the_shop(shop: Shop, till: Till) -> None:
    """The very figures that staff see, with their intervals and warnings."""
    outing = Outing(shop.database)
    await outing.keeps()
    people = await outing.people(4)
    await outing.plans(people[:2])
    await outing.plans(people[2:3], "skipped", reason="no_consent")
    await outing.plans(people[3:], "queued")
    await outing.taps(people[:1], "answer")
    shop.now = NOON + timedelta(days=1)
    told = await till.get("/campaigns/autumn/progress")
    assert (told["sent"], told["queued"], told["skipped"], told["answered"]) == (2, 1, {"no_consent": 1}, 1)
    assert (told["total"], told["failed"]) == (4, {})
    found = await till.get("/campaigns/autumn/results")
    async with shop.working() as work:
        ours = await results(work, "autumn", by=SYSTEM)
    assert found["all"]["shares"]["answers"]["low"] == ours.all.shares["answers"].low  # type: ignore[union-attr, index]
    assert (found["all"]["meant"], found["all"]["reached"], found["finding"]) == (4, 2, "alone")
    assert [one["code"] for one in found["warnings"]] == [one.key for one in ours.warnings]  # type: ignore[union-attr]
    none = await till.get("/campaigns/autumn/progress", occasion="2027")
    assert none["total"] == 0


async def test_each_scope_opens_its_own_door(corner_shop: Shop) -> None:
    """Reading starts nothing, and writing reads nothing."""
    reader, writer = [await corner_shop.key(scope) for scope in (Scope.CAMPAIGNS_READ, Scope.CAMPAIGNS_WRITE)]
    await added(writer)
    assert (await reader.ask("POST", "/campaigns", {"document": PAPER}, once="a")).status_code == 403
    assert (await reader.ask("POST", "/campaigns/autumn/start", {}, once="b")).status_code == 403
    assert (await writer.ask("GET", "/campaigns/autumn")).status_code == 403
    assert (await reader.ask("GET", "/campaigns/autumn/progress")).status_code == 200


async def test_other_systems_hear_when_a_campaign_is_over(shop: Shop, till: Till) -> None:
    """Its figures, no person and no word."""
    async with shop.working() as work:
        url = "https://93.184.216.34/hooks"  # nobody sends here: what is told waits
        await webhooks.add_endpoint(work, url=url, kinds=("campaign.finished",), allow_private=False, by=SYSTEM)
    outing = Outing(shop.database)
    await outing.keeps()
    people = await outing.people(3)
    await outing.plans(people[:1])
    await outing.plans(people[1:], "planned")
    assert (await till.ask("POST", "/campaigns/autumn/cancel", once="end")).status_code == 200
    async with shop.working() as work:
        [endpoint] = await webhook_rows.list_active(work.tx)
        [due] = await webhook_rows.list_due(work.tx, endpoint.id, now=work.now, limit=10)
    assert due.event.data == {
        "campaign": "autumn",
        "state": "cancelled",
        "total": 3,
        "sent": 1,
        "skipped": 2,
        "failed": 0,
        "unknown": 0,
        "answered": 0,
        "clicked": 0,
    }
