"""Two programs on one PostgreSQL: each update handled once, in order, by whichever lives."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from string import ascii_uppercase

import aiohttp
import pytest
from aiohttp import web

from tests.e2e.program import Program
from tests.e2e.town import Resident, Town, open_town

GUESTS, WORDS = 12, 8


class Gate:
    """What stands before the replicas at a business: brings each update to one that answers, in turn."""

    def __init__(self, ports: list[int]) -> None:
        self._turns = itertools.cycle(ports)
        self._count = len(ports)
        self._session: aiohttp.ClientSession | None = None

    async def forward(self, request: web.Request) -> web.Response:
        """Pass an update on; a replica that is away is left out."""
        assert self._session is not None
        body = await request.read()
        for port in itertools.islice(self._turns, self._count):
            try:
                url = f"http://127.0.0.1:{port}{request.path}"
                async with self._session.post(url, data=body, headers=request.headers) as answer:
                    return web.Response(status=answer.status)
            except aiohttp.ClientError:
                continue
        return web.Response(status=502)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[int]:
        """Stand open, at the port given."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self.forward)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        async with aiohttp.ClientSession() as self._session:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield int(runner.addresses[0][1])
            await runner.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def town(postgresql_database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A town on PostgreSQL with an open desk."""
    async with open_town(postgresql_database_url, tmp_path) as opened:
        opened.opens_desk()
        yield opened
        print(opened.output())  # shown when the test failed


async def _two_replicas(town: Town, gate_port: int, ports: list[int]) -> tuple[Program, Program]:
    """Start two replicas; the first leads."""
    url = f"http://127.0.0.1:{gate_port}"
    programs = []
    for port in ports:
        webhook = {"public_url": url, "listen_port": port, "secret_token": "of_both"}
        programs.append(await town.starts(telegram={"mode": "webhook", "webhook": webhook}))
        await town.until(lambda: "webhook_set" in programs[-1].output(), "a replica to listen")
        await town.until(lambda: "leading" in programs[0].output(), "the first replica to lead")
    assert "leading" not in programs[1].output()
    return programs[0], programs[1]


async def test_two_replicas_keep_order_and_take_over(town: Town) -> None:
    """A crowd talks to two replicas, the leader is killed in the middle: nothing doubled, lost or out of order."""
    guests = [town.person(f"Guest {letter}") for letter in ascii_uppercase[:GUESTS]]
    ports = [_free_port(), _free_port()]
    async with Gate(ports).opened() as gate_port:
        leader, other = await _two_replicas(town, gate_port, ports)
        for guest in guests:
            guest.says("/complaint")
        _say(guests, range(WORDS // 2))
        await town.until(lambda: town.world.call_counts.get("sendMessage", 0) > GUESTS // 2, "some replies")
        await leader.kill()
        killed_at = asyncio.get_running_loop().time()
        _say(guests, range(WORDS // 2, WORDS))
        await town.until(lambda: "leading" in other.output(), "the other replica to lead")
        assert asyncio.get_running_loop().time() - killed_at < 10
        for guest in guests:
            await guest.taps("c:done")
            await guest.taps("c:skip")
            await guest.taps("c:send")
        await town.settled(30)

    said = await town.rows("interactions", direction="in", kind="text")
    for guest in guests:
        words = [row.text for row in said if row.text.startswith(f"{guest.name} word")]
        assert words == [f"{guest.name} word {nth}" for nth in range(WORDS)]
    assert {row.state for row in await town.rows("inbox")} == {"done"}
    assert {row.state for row in await town.rows("outbox")} <= {"sent", "dropped"}
    assert len(await town.rows("cases")) == GUESTS
    for guest in guests:
        await _relayed_in_order(town, guest)


def _say(guests: list[Resident], numbers: range) -> None:
    for nth in numbers:
        for guest in guests:
            guest.says(f"{guest.name} word {nth}")


async def _relayed_in_order(town: Town, guest: Resident) -> None:
    topic = await town.topic(f"· {guest.name}")
    lines = [line for m in town.in_group(topic) for line in (m["text"] or "").splitlines()]  # quick words join
    told = [line for line in lines if line.startswith(f"{guest.name} word") and " / " not in line]
    first_told = list(dict.fromkeys(told))
    assert first_told == [f"{guest.name} word {nth}" for nth in range(WORDS)]
    assert len(told) - len(first_told) <= 1, "only what was under way when the leader died may come twice"
