"""Segments at the command line: one line that is right, or one that says what is wrong, with a caret."""

from pathlib import Path

import pytest

from tests.bot.test_cli import Shop


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation in which Ann has spoken."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    opened.live()
    return opened


def test_an_expression_is_checked_and_read_back(shop: Shop) -> None:
    """The canonical form, then the meaning in every language of the business."""
    status, out, _ = shop.run("segments", "check", "TIER = New AND language=en")
    assert status == 0
    assert out.splitlines()[0] == "tier = new and language = en"
    assert out.splitlines()[1].startswith("customers whose tier is")
    assert out.splitlines()[2].endswith("的客户")


def test_a_fault_is_shown_under_its_place(shop: Shop) -> None:
    """Three lines on standard error, and exit status 2."""
    status, out, err = shop.run("segments", "check", "teir = gold")
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        "carebot: segment, column 1: there is no field `teir`; did you mean `tier`?",
        "carebot:   teir = gold",
        "carebot:   ^^^^",
    ]


def test_a_preview_counts_and_names(shop: Shop) -> None:
    """How many, then some of them by number and name."""
    status, out, _ = shop.run("segments", "preview", "last_heard < 99y")
    assert status == 0
    assert out.splitlines()[1:] == ["1 customer", "1\tAnn"]


def test_segments_are_saved_shown_and_deleted(shop: Shop) -> None:
    """A taken name needs --replace; what is not there is one clear line."""
    assert shop.run("segments", "list")[1].startswith("no segments saved")
    assert shop.run("segments", "save", "regulars", "purchases > 3") == (0, "saved regulars: purchases > 3\n", "")
    status, _, err = shop.run("segments", "save", "regulars", "lost")
    assert (status, err.count("\n"), "--replace" in err) == (2, 1, True)
    assert shop.run("segments", "save", "regulars", "lost", "--replace")[0] == 0
    assert shop.run("segments", "list")[1] == "regulars\tlost\n"
    assert "marked as lost" in shop.run("segments", "show", "regulars")[1]
    assert shop.run("segments", "delete", "regulars")[0] == 0
    assert shop.run("segments", "delete", "regulars")[0] == 2
    assert shop.run("segments", "show", "regulars")[0] == 2
