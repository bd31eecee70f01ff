"""Sending surveys at the command line: tried out dry, sent, looked at, stopped; one line that says what is wrong."""

import asyncio
from pathlib import Path

import pytest

from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys import SurveyState
from services.surveys import book
from services.surveys.document import read_toml
from services.work import Work
from storage.database import open_database
from tests.bot.test_cli import Shop
from tests.services.one_question import ONE_QUESTION
from tests.services.shop import BOT, MORNING
from texts import Texts


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation in which Ann has spoken, with one survey that is on and one that is off."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    opened.live()
    asyncio.run(_keep_surveys(sqlite_url))
    return opened


async def _keep_surveys(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        work = Work(tx, MORNING, BOT, Rules(languages=("en",)), Texts())
        for key, state in (("pulse", SurveyState.ON), ("asleep", SurveyState.OFF)):
            document = read_toml(ONE_QUESTION.format(key=key), name=f"{key}.toml")
            await book.add_survey(work, document, by=SYSTEM, state=state)
    await database.close()


def test_a_dry_run_counts_and_stores_nothing(shop: Shop) -> None:
    """How many are meant, how many could be asked, and why not the others; then there is still no wave."""
    status, out, _ = shop.run("survey", "send", "pulse", "--dry-run")
    assert (status, out.splitlines()) == (
        0,
        [
            "meant: 1",
            "in the sample: 1",
            "could be asked now: 0",
            "held back: 1 (without a yes to surveys)",
            "nothing was stored",
        ],
    )
    assert shop.run("survey", "waves") == (0, "no waves yet; `carebot survey send KEY` makes one\n", "")


def test_a_wave_is_sent_listed_and_stopped(shop: Shop) -> None:
    """It says of whom and when; it waits for its day; stopped once, it cannot be stopped again."""
    wished = ("--segment", "LANGUAGE=en", "--sample", "0.2", "--on", "2099-12-01", "--at", "18:00")
    status, out, _ = shop.run("survey", "send", "pulse", *wished)
    assert status == 0
    wave = "pulse, language = en, sample 20 %, on 2099-12-01, at 18:00 local time"
    assert out.startswith(f"wave 1: {wave}; ")
    assert shop.run("survey", "waves", "pulse")[1] == f"1\t{wave}\twaits for its day\tasked 0, waiting 0\n"
    assert shop.run("survey", "stop-wave", "1") == (0, f"stopped wave 1: {wave}; what went out stays\n", "")
    assert "\tstopped\t" in shop.run("survey", "waves")[1]
    assert shop.run("survey", "stop-wave", "1")[::2] == (2, "carebot: Number 1 was stopped already\n")
    assert shop.run("survey", "stop-wave", "7")[2].endswith("; `carebot survey waves` shows them\n")


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        (("nope",), "There is no survey nope; `carebot survey list` shows them"),
        (("asleep",), "The survey asleep is off, so nobody would be asked; `carebot survey on asleep` switches it on"),
        (("pulse", "--sample", "0"), "--sample: a share above 0 and at most 1, with at most three digits, such as 0.2"),
        (
            ("pulse", "--sample", "much"),
            "--sample: a share above 0 and at most 1, with at most three digits, such as 0.2",
        ),
        (("pulse", "--on", "tomorrow"), "--on: not a day; write year-month-day, such as 2026-12-24"),
        (("pulse", "--on", "2020-01-01"), "2020-01-01 is over. Choose today or a later day"),
        (("pulse", "--at", "25:00"), "--at: not a time of day; write hours and minutes, such as 10:00"),
    ],
)
def test_what_cannot_be_sent_is_one_line_with_the_mend(shop: Shop, wish: tuple[str, ...], line: str) -> None:
    """On standard error, with exit status 2, and nothing is stored."""
    assert shop.run("survey", "send", *wish) == (2, "", f"carebot: {line}\n")
    assert shop.run("survey", "waves")[1].startswith("no waves yet")


def test_a_segment_that_cannot_be_read_is_shown_with_its_place(shop: Shop) -> None:
    """As everywhere: the fault, the expression, a caret."""
    status, _, err = shop.run("survey", "send", "pulse", "--segment", "teir = gold", "--dry-run")
    assert (status, err.count("\n"), "did you mean `tier`?" in err) == (2, 3, True)
