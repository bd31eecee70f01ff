"""The book of campaigns at the command line: checked, added, shown, copied; a fault is a line, and nothing is kept."""

import tomllib
from pathlib import Path

import pytest

from tests.bot.test_cli import Shop

MOON = """
key = "moon"
consent = "care"
fallback = "en"
title.en = "Mid-Autumn"
[when]
occasion = "holiday"
holiday = "mid_autumn"
[text]
en = "Happy Mid-Autumn, {{ name }}!"
"""


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation without campaigns."""
    return Shop(tmp_path, sqlite_url, capsys)


def paper(shop: Shop, text: str = MOON, name: str = "moon.toml") -> Path:
    """Return the path of a file with this text."""
    path = shop.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_campaign_is_added_changed_shown_and_copied(shop: Shop) -> None:
    """What is shown can be kept as a file, and says the same when it is added again."""
    path = paper(shop)
    assert shop.run("campaign", "list")[1].startswith("no campaigns; ")
    added = "added moon, version 1, as a draft; `carebot campaign start moon` lets it run\n"
    assert shop.run("campaign", "add", path) == (0, added, "")
    again = "moon says the same as version 1; nothing was added; it is draft\n"
    assert shop.run("campaign", "add", path) == (0, again, "")
    paper(shop, MOON.replace("Happy", "A happy"))
    assert shop.run("campaign", "add", path)[1].startswith("moon is now version 2; it is draft; ")
    first = shop.run("campaign", "show", "moon", "--version", "1")[1]
    assert tomllib.loads(first)["text"]["en"] == "Happy Mid-Autumn, {{ name }}!"
    paper(shop, shop.run("campaign", "show", "moon")[1], "shown.toml")
    assert "says the same as version 2" in shop.run("campaign", "add", shop.folder / "shown.toml")[1]
    assert shop.run("campaign", "copy", "moon", "lantern")[0] == 0
    assert [line.split("\t")[:3] for line in shop.run("campaign", "list")[1].splitlines()] == [
        ["lantern", "draft", "1"],
        ["moon", "draft", "2"],
    ]


def test_several_files_are_checked_at_once(shop: Shop) -> None:
    """Good ones, one named twice, a twin, a bad one, none at all: all are told, nothing is stored."""
    good, twin = paper(shop), paper(shop, name="twin.toml")
    typo = paper(shop, MOON.replace("mid_autumn", "mid_autum"), "typo.toml")
    gone, folder = shop.folder / "gone.toml", shop.folder
    status, out, err = shop.run("campaign", "check", good, twin, typo, gone, folder, good)
    assert status == 2
    assert out == f"{good}: campaign moon can be added\n"
    lines = err.splitlines()
    assert lines[0] == f"carebot: {twin}: key: moon is the key of {good} too; change one"
    assert lines[1].startswith(f"carebot: {typo}: when.holiday: ")
    assert lines[2:] == [
        f"carebot: {gone}: there is no such file; look at its name and folder",
        f"carebot: {folder}: cannot be read: is a directory; name a TOML file",
    ]
    assert shop.run("campaign", "list")[1].startswith("no campaigns; ")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"key = 'moon'\ntitle.en = 'T\xff'\n", "line 2, byte 14: not UTF-8; save the file as UTF-8"),
        (b"#" * 300_000, "the file is longer than 256 KiB; a campaign is far shorter"),
    ],
)
def test_a_file_that_is_no_text_is_refused(shop: Shop, raw: bytes, why: str) -> None:
    """With the place."""
    path = shop.folder / "moon.toml"
    path.write_bytes(raw)
    assert shop.run("campaign", "add", path) == (2, "", f"carebot: {path}: {why}\n")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("show", "sun"), "there is no campaign sun; `carebot campaign list` shows them"),
        (("dry-run", "sun"), "there is no campaign sun; `carebot campaign list` shows them"),
        (("preview", "sun", "--as", "1"), "there is no campaign sun; `carebot campaign list` shows them"),
        (("show", "moon", "--version", "7"), "campaign moon has no version 7"),
        (("copy", "moon", "moon"), "there is a campaign moon already; choose another key"),
    ],
)
def test_what_is_not_there_is_one_line(shop: Shop, command: tuple[str, ...], why: str) -> None:
    """With its mend."""
    shop.run("campaign", "add", paper(shop))
    assert shop.run("campaign", *command) == (2, "", f"carebot: {why}\n")
