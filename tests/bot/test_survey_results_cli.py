"""Survey results at the command line: what a shop owner reads, and one line for what is wrong."""

import asyncio
from pathlib import Path

import pytest

from bot.commands.survey_results import bar
from domain.rules import Rules
from services.work import Work
from storage.database import open_database
from tests.bot.test_cli import NOW, Shop
from tests.services.surveyed import checked
from texts import Texts


async def _ask(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        await checked(Work(tx, NOW, 42, Rules(), Texts()))
    await database.close()


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation whose survey was asked of eleven people."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    asyncio.run(_ask(sqlite_url))
    return opened


def test_results_are_read_at_a_glance(shop: Shop) -> None:
    """Who was reached, the score with its range, each question with bars, the months, and what to beware of."""
    status, out, err = shop.run("survey", "results", "check")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Check (check, version 1)"
    assert lines[1] == ("asked 11, arrived 10, answered 7; 5 finished, 2 stopped, 2 expired, 2 open; 1 not delivered")
    assert lines[2].startswith("response rate: 70% (95%: 40% to 89%; n 10); completion: 71% (")
    assert lines[3] == "score (nps): NPS +14 (95%: -40 to +60; n 7), too few to tell"
    assert "1. nps (nps): Would you recommend us?" in lines
    assert "   answered 7 of 10, skipped 1, left here 1" in lines
    assert f"    9 {'█' * 30} 2 29%" in lines
    assert any("2026-10" in line and "NPS 0 (" in line for line in lines)
    assert "! Only 7 answers: too few to tell. Wait for 30 before you compare or decide." in lines


def test_parts_and_words_are_shown_when_asked_for(shop: Shop) -> None:
    """A table by tier with names, and the newest words with who said them."""
    status, out, _ = shop.run("survey", "results", "check", "--by", "tier", "--words", "1")
    assert status == 0
    assert any("Gold" in line and "NPS +100" in line and "too few to tell" in line for line in out.splitlines())
    assert out.splitlines()[-1] == "2026-11-22 09:00 Ann (words): so so"


def test_a_span_counts_who_was_asked_in_it(shop: Shop) -> None:
    """Of October alone, two."""
    _, out, _ = shop.run("survey", "results", "check", "--until", "2026-10-31")
    assert out.splitlines()[1].startswith("asked 2, arrived 2, answered 2;")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nope",), "carebot: There is no survey “nope”; `carebot survey list` shows them\n"),
        (("check", "--by", "colour"), 'carebot: --by: "colour" is none of period, aspect, tier, staff, '),
        (("check", "--since", "soon"), 'carebot: --since: "soon" is neither; write a date'),
        (("check", "--since", "2026-12-01", "--until", "2026-11-01"), "carebot: --until: lies before --since"),
    ],
)
def test_what_is_wrong_is_one_line(shop: Shop, arguments: tuple[str, ...], line: str) -> None:
    """A survey that is not there, a split nobody knows, a span that is none: status 2 and how to mend it."""
    status, out, err = shop.run("survey", "results", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(line)


def test_a_bar_shows_whatever_is_not_nothing() -> None:
    """The most fills it; one of a thousand is still seen; nothing is nothing."""
    assert (len(bar(1000, 1000)), bar(1, 1000), bar(0, 1000), bar(0, 0)) == (30, "▏", "", "")
    assert bar(500, 1000) == "█" * 15
