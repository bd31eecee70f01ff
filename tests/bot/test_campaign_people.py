"""Campaigns among people, at the command line: made by answers, approved, looked ahead at."""

import sys
from pathlib import Path

import pytest
from rich.prompt import Prompt

from tests.bot.test_cli import Shop

FILE = """
key = "tea"
fallback = "en"
title.en = "Tea"
text.en = "Dear {{ name }}, tea!"
[when]
occasion = "date"
on = 2027-02-10
"""


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on SQLite."""
    return Shop(tmp_path, sqlite_url, capsys)


def _answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let somebody sit at the terminal; returns the questions as they are asked."""
    asked: list[str] = []
    given = iter(answers)

    def ask(question: str, **_: object) -> str:
        asked.append(question)
        return next(given)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Prompt, "ask", ask)
    return asked


def test_a_campaign_is_made_by_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it hangs on, for whom, when, what it says: a draft, shown back in plain words."""
    asked = _answering(monkeypatch, "holiday", "mid_autumn", "2", "9:30", "Dear [name], moon!", "", "")
    status, out, err = shop.run("campaign", "new")
    assert (status, err) == (0, "")
    assert out.startswith("mid_autumn is a draft\n")
    assert "at 09:30" in out
    assert "tier is at least Silver" in out
    assert "en: Dear [name], moon!" in out
    assert "mid_autumn" in asked[1]
    assert shop.run("campaign", "list")[1].startswith("mid_autumn\tdraft\t4\tyou")


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        (("moon",), "moon: a campaign cannot be made by asking for that; choose birthday, holiday,"),
        (("holiday", "moon"), "moon: not one of the answers; Which holiday"),
        (("every", ""), "nothing: not one of the answers; How often"),
        (("birthday", "99"), "99: not one of the numbers; write such as 1, 3"),
    ],
)
def test_a_wrong_answer_is_one_line(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], line: str
) -> None:
    """With exit status 2."""
    _answering(monkeypatch, *answers)
    status, _, err = shop.run("campaign", "new")
    assert status == 2
    assert err.startswith(f"carebot: {line}")
    assert len(err.splitlines()) == 1


def test_nobody_at_the_terminal_is_told_the_other_way(shop: Shop) -> None:
    """No question waits for an answer that cannot come."""
    status, _, err = shop.run("campaign", "new")
    assert status == 2
    assert "write a file for `carebot campaign add FILE`" in err


def test_asking_and_approving_say_what_came_of_it(shop: Shop) -> None:
    """Without anybody who may approve it says so; an unknown key is one line."""
    path = shop.folder / "tea.toml"
    path.write_text(FILE, encoding="utf-8")
    assert shop.run("campaign", "add", path)[0] == 0
    assert shop.run("campaign", "ask", "tea")[1].startswith("nobody here may approve campaigns")
    assert shop.run("campaign", "approve", "tea")[1] == "tea, version 1, is approved\n"
    assert shop.run("campaign", "approve", "tea") == (2, "", "carebot: It is approved already.\n")
    assert shop.run("campaign", "send-back", "tea", "--reason", "which shop?")[1] == "tea, version 1, is sent back\n"
    assert shop.run("campaign", "ask", "moon") == (2, "", "carebot: There is no such campaign any more.\n")


def test_the_calendar_is_printed_and_drawn(shop: Shop) -> None:
    """The holidays and the draft on its day, in a language; as a PNG; what is no month is one line."""
    path = shop.folder / "tea.toml"
    path.write_text(FILE, encoding="utf-8")
    shop.run("campaign", "add", path)
    status, out, err = shop.run("campaign", "calendar", "--month", "2027-02")
    assert (status, err) == (0, "")
    assert out.startswith("February 2027\n")
    assert "  Wed 10 · ✏ Tea 10:00\n" in out
    assert "2027年2月" in shop.run("campaign", "calendar", "--month", "2027-02", "--language", "zh_CN")[1]
    picture = shop.folder / "month.png"
    assert shop.run("campaign", "calendar", "--month", "2027-02", "--picture", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    wrong = shop.run("campaign", "calendar", "--month", "02/2027")
    assert wrong == (2, "", "carebot: --month: 02/2027 is none; write it as 2027-02\n")
    assert shop.run("campaign", "calendar", "--language", "fr")[0] == 2
    assert shop.run("campaign", "calendar", "--picture", shop.folder / "no" / "month.png")[0] == 2
