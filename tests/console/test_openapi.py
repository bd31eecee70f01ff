"""The API does what its description says, whatever is thrown at it: over real HTTP, with a valid key and real data."""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from bot.api_server import serve
from console.api.application import describe
from console.api.problems import PROBLEM
from domain.loyalty import RewardSeed
from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys import SurveyState
from services import rewards, webhooks
from services.campaigns.book import add_campaign
from services.campaigns.document import read_values
from services.surveys import answering
from services.surveys.asking import ask
from services.surveys.book import get_survey, seed_shipped, switch_survey
from storage.database import open_database
from tests.console.shop import Shop
from tests.console.test_campaigns import PAPER
from tests.engines import ENGINES, TEMPLATE, administer, postgresql_url
from tests.services.shop import arrive
from texts import Texts

SCHEMA = schemathesis.openapi.from_dict(describe())
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)}
EXAMPLES = {"sqlite": 6, "postgresql": 2}
"""How many requests of each sort an operation gets; more with ``FUZZ_TIMES`` in the environment."""
_KNOWN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Served:
    """A served API, with what is there to be asked for."""

    engine: str
    url: str
    key: str
    known: dict[str, tuple[str, ...]]


async def _stock(shop: Shop) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Fill the shop with something of everything; returns a key and the ids that are there."""
    async with shop.working() as work:
        await rewards.seed_rewards(work, [RewardSeed("tea_tin", 1, {"en": "A tin of tea"}, stock=10_000)])
        url = "https://93.184.216.34/hooks"  # nobody sends here: what is told waits
        await webhooks.add_endpoint(work, url=url, kinds=(), allow_private=False, by=SYSTEM)
        await seed_shipped(work)
        await add_campaign(work, read_values(PAPER, name="paper"), by=SYSTEM)
        await switch_survey(work, "relationship", SurveyState.ON, by=SYSTEM)
        kept = await get_survey(work, "relationship")
        assert kept is not None
        person = await arrive(work, chat_id=1001, name="Dan")
        response_id = await ask(work, person, kept, occasion="hand-1:1", cause="hand", unasked=False)
        assert response_id is not None
        await answering.answer(work, person, response_id=response_id, question="nps", value=9, replacing=None)
    till = await shop.key(per_minute=100_000)
    codes = [await till.customer(name, phone="13800138000", tags=["tea"]) for name in ("Ann", "Bob", "Cy")]
    bought, vouchers = [], []
    for number, code in enumerate(codes):
        sale = {"customer": code, "source_key": f"s{number}", "amount_minor": 90_000_000, "currency": "CNY"}
        bought.append((await till.post("/purchases", sale))["purchase"]["id"])
        vouchers += [(await till.post("/vouchers", {"customer": code, "reward": "tea_tin"}))["code"] for _ in range(5)]
        await till.post("/events", {"customer": code, "name": "visit"})
    known = {
        "customers": tuple(codes),
        "purchases": tuple(bought),
        "vouchers": tuple(vouchers),
        "webhook-events": ("evt_1",),
        "surveys": ("relationship", "after_case", "pulse"),
        "campaigns": (str(PAPER["key"]),),
    }
    return till.key, known


def _serving(engine: str, url: str, port: int) -> Iterator[Served]:
    """Serve the API in a thread with a loop of its own, as the program does in its one loop."""
    ready, ended = threading.Event(), asyncio.Event()
    found: list[Any] = []
    loop = asyncio.new_event_loop()

    async def live() -> None:
        database = open_database(url)
        shop = Shop(database, Rules(), Texts(("en", "zh_CN", "zh_TW")))
        try:
            found.extend(await _stock(shop))
            serving = asyncio.create_task(serve(shop.api, host="127.0.0.1", port=port))
            found.append(shop)
            await asyncio.sleep(0)  # it listens from its first step on
            ready.set()
            await ended.wait()
            serving.cancel()
            await asyncio.wait({serving})
        finally:
            ready.set()
            await database.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()))
    thread.start()
    try:
        assert ready.wait(30)
        assert len(found) == 3
        yield Served(engine, f"http://127.0.0.1:{port}", found[0], found[1])
        assert found[2].faults == []
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()


@pytest.fixture(scope="module", params=ENGINES)
def served(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The API over HTTP on each engine."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("served") / "carebot.db"
        shutil.copyfile(sqlite_template, path)
        url = f"sqlite+aiosqlite:///{path}"
    else:
        server, name = request.getfixturevalue("postgresql_server"), f"t{uuid4().hex}"
        asyncio.run(administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
        url = postgresql_url(server, name)
    yield from _serving(request.param, url, _free_port())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


CHECKS = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    schemathesis.checks.not_a_server_error,
)


def _aim(case: Any, served: Served, chance: Random) -> None:
    """Let most cases speak of somebody who is there, so that they get beyond "unknown"."""
    family = case.operation.path.split("/")[2]
    for name in case.path_parameters or {}:
        if chance.random() < _KNOWN_SHARE:
            case.path_parameters[name] = chance.choice(served.known[family])
    if isinstance(case.body, dict):
        for name in {"customer", "duplicate"} & case.body.keys():
            if chance.random() < _KNOWN_SHARE:
                case.body[name] = chance.choice(served.known["customers"])
        if "reward" in case.body and chance.random() < _KNOWN_SHARE:
            case.body["reward"] = "tea_tin"
        if "currency" in case.body and chance.random() < _KNOWN_SHARE:
            case.body["currency"] = "CNY"


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_keeps_to_its_description(served: Served, label: str) -> None:
    """No error of ours, no undocumented answer: for well-formed and for malformed requests alike."""
    chance = Random(label)
    with requests.Session() as session:

        def ask(case: Any) -> None:
            _aim(case, served, chance)
            headers = {"Authorization": f"Bearer {served.key}"}
            response = case.call(base_url=served.url, session=session, headers=headers)
            case.validate_response(response, checks=CHECKS)
            if response.status_code >= 400:
                assert response.headers["content-type"] == [PROBLEM]

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = OPERATIONS[label].as_strategy(generation_mode=mode)
            settled = settings(
                max_examples=EXAMPLES[served.engine] * int(os.environ.get("FUZZ_TIMES", "1")),
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            )
            settled(given(case=strategy)(ask))()


def test_the_description_is_whole() -> None:
    """Each operation says what it is, its scope, its examples, and every problem it may answer with."""
    described = describe()
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            at = f"{method} {path}"
            assert operation["summary"], at
            assert operation["description"], at
            [requirement] = operation["security"]
            assert len(requirement["key"]) == 1, at
            answers = operation["responses"]
            assert {"401", "403", "422", "429", "500", "503"} <= answers.keys(), at
            if "requestBody" in operation:
                assert {"400", "413", "415"} <= answers.keys(), at
            for status, answer in answers.items():
                [(mime, content)] = answer["content"].items()
                assert mime == (PROBLEM if int(status) >= 400 else "application/json"), f"{at} {status}"
                assert "example" in content, f"{at} {status}"
