"""A world with one bot, and a real ``telegram.Bot`` at either door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from simulator import SimulatorRequest, World
from simulator.http import serve

TOKEN = "123456:TEST-token"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world with one bot and nobody else."""
    world = World()
    world.add_bot(TOKEN)
    yield world
    world.close()


@pytest.fixture
async def bot(world: World) -> Bot:
    """The bot as a program holds it, at the door inside the process."""
    request = SimulatorRequest(world, read_timeout=2.0)
    return Bot(TOKEN, request=request, get_updates_request=request)


@pytest.fixture
async def base_url(world: World) -> AsyncIterator[str]:
    """The address at which the world is served."""
    async with serve(world) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["in-process", "http"])
async def any_bot(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Bot]:
    """The bot at each of the two doors in turn."""
    if request.param == "in-process":
        inside = SimulatorRequest(world, read_timeout=2.0)
        yield Bot(TOKEN, request=inside, get_updates_request=inside)
        return
    async with serve(world) as port:
        base = f"http://127.0.0.1:{port}"
        bot = Bot(
            TOKEN,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=HTTPXRequest(read_timeout=2.0),
            get_updates_request=HTTPXRequest(read_timeout=2.0),
        )
        async with bot:
            yield bot


@pytest.fixture
def ann(world: World) -> int:
    """Ann, a customer who has started the bot; the update is taken away."""
    person: int = world.add_person("Ann", username="ann_b")["id"]
    world.start(person)
    world.bot().queue.clear()
    return person


@pytest.fixture
def ben(world: World) -> int:
    """Ben, who works here."""
    person: int = world.add_person("Ben", "Miller")["id"]
    return person


@dataclass(frozen=True)
class Desk:
    """A forum supergroup with Ben and the bot, both administrators."""

    id: int
    ben: int


@pytest.fixture
def desk(world: World, ben: int) -> Desk:
    """The staff group; what its making told the bot is taken away."""
    group = world.add_group("Desk", forum=True)["id"]
    world.join_group(group, ben, status="creator")
    world.join_group(group, TOKEN, status="administrator")
    world.bot().queue.clear()
    return Desk(group, ben)
