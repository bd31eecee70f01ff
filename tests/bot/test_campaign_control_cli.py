"""Campaigns at the command line: started, scheduled, paused, resumed, cancelled; a line that says what is wrong."""

import asyncio
from pathlib import Path

import pytest

from bot.commands.campaign_control import Decision
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.work import Work
from storage.database import open_database
from tests.bot.test_cli import Shop
from tests.services.shop import BOT, MORNING
from tests.services.test_campaign_control import PAPER
from texts import Texts


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation with the campaign moon as a draft."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    opened.live()
    asyncio.run(_keep(sqlite_url))
    return opened


async def _keep(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        work = Work(tx, MORNING, BOT, Rules(languages=("en",)), Texts())
        await add_campaign(work, read_toml(PAPER.format(more=""), name="moon.toml"), by=SYSTEM)
    await database.close()


def test_a_campaign_is_started_paused_resumed_and_cancelled(shop: Shop) -> None:
    """Each says what became of it, and how to go on."""
    assert shop.run("campaign", "start", "moon")[:2] == (
        0,
        "moon runs; the running bot sends it, `carebot campaign watch moon` shows how far it is\n",
    )
    assert shop.run("campaign", "pause", "moon")[0] == 0
    assert shop.run("campaign", "resume", "moon")[:2] == (0, "moon goes on\n")
    assert shop.run("campaign", "unknown", "moon")[:2] == (0, "nothing of moon is of unknown delivery\n")
    assert shop.run("campaign", "cancel", "moon")[:2] == (0, "moon is cancelled; what went out stays\n")


def test_a_campaign_is_scheduled_by_the_clock_of_the_business(shop: Shop) -> None:
    """A local day and time."""
    status, out, _ = shop.run("campaign", "start", "moon", "--at", "2099-12-24 10:00")
    assert (status, out.split(",")[0]) == (0, "moon starts at 2099-12-24 10:00")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("start", "sun"), "there is no campaign sun; `carebot campaign list` shows them"),
        (("start", "moon", "--at", "soon"), '--at soon: not a local day and time; write it as "2026-12-24 10:00"'),
        (("start", "moon", "--at", "2020-01-01 10:00"), "--at 2020-01-01 10:00: is over; leave it out to start now"),
        (("pause", "moon"), "The campaign moon is not running; `carebot campaign list` shows where each stands"),
        (("unknown", "sun"), "there is no campaign sun; `carebot campaign list` shows them"),
        (
            ("unknown", "moon", "--retry", "7"),
            "7: no message of moon of unknown delivery; `carebot campaign unknown moon`",
        ),
        (("unknown", "moon", "--retry-all", "--assume-all"), "--retry-all and --assume-all: choose one of them"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(shop: Shop, command: tuple[str, ...], line: str) -> None:
    """With the way to mend it, and exit status 2."""
    status, out, error = shop.run("campaign", *command)
    assert (status, out) == (2, "")
    assert error.startswith(f"carebot: {line}")
    assert error.count("\n") == 1


def test_no_decision_is_none() -> None:
    """Then the messages are listed."""
    assert Decision() == Decision((), (), False, False)
