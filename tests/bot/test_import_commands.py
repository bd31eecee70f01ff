"""``carebot import`` as an operator uses it: one clear line for what cannot be read, a report for what can."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from bot.commands.imports_told import Told
from services.imports import Head, Outcome, Result, Survey
from tests.bot.test_cli import Shop


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on SQLite."""
    return Shop(tmp_path, sqlite_url, capsys)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (None, [], "cannot be read: no such file or directory"),
        ("folder", [], "is a folder; name the file in it"),
        (b"", [], "the file is empty; its first line names the columns"),
        (b"\n\n", [], "the file holds nothing but empty lines"),
        (b"\x7fELF\x02\x01\x01\x00\x00", [], "this is not a text file"),
        ("id,name\n1,王".encode("gb18030"), ["--encoding", "utf-8"], "line 2: the text is not utf-8"),
        (b"id,name", ["--encoding", "klingon"], "--encoding: there is no encoding klingon"),
        (b"id,name", ["--column", "x=y"], "--column: “x=y” is not COLUMN=HEADER"),
        (b"id,name", ["--column", "phone=Tel"], "--column: there is no column Tel among id, name"),
        (b"id,name,Name", [], "line 1: name and Name are both the name; choose one with --column name=HEADER"),
        ("編號,姓名".encode("big5"), [], "such as big5"),
        (b"id,customer,bought_at,amount,branch", [], "this is a file of purchases; use `carebot import purchases`"),
        ("编号,客户,消费日期,金额".encode(), [], "this is a file of purchases; use `carebot import purchases`"),
        (b"id,customer,points,reason", [], "this is a file of points; use `carebot import points`"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    shop: Shop, content: bytes | str | None, options: list[str], says: str
) -> None:
    """Exit status 2, the file and the mend named, no traceback, nothing stored."""
    source = shop.folder / "guests.csv"
    if isinstance(content, bytes):
        source.write_bytes(content)
    elif content:
        source.mkdir()
    status, out, err = shop.run("import", "customers", source, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "guests.csv" in err
    assert says in err


@pytest.mark.parametrize(
    ("head", "options"),
    [("id,name,phone,points,reason", []), ("id,name,bought_at,amount", ["--column", "name=name"])],
)
def test_a_list_of_customers_may_tell_more_of_them(shop: Shop, head: str, options: list[str]) -> None:
    """Columns of other kinds beside a telephone number, or a name meant to be one, are left out as ever."""
    source = shop.folder / "guests.csv"
    source.write_text(head + "\n", encoding="utf-8")
    assert shop.run("import", "customers", source, *options)[0] == 0


def test_a_file_of_a_head_line_alone_is_no_fault(shop: Shop) -> None:
    """A till that sold nothing today exports just that."""
    source = shop.folder / "guests.csv"
    source.write_text("id,name\n", encoding="utf-8")
    status, out, err = shop.run("import", "customers", source)
    assert (status, out) == (0, "new: 0, changed: 0, same: 0, bad lines: 0\n")
    assert err == "there is no line below the head line; nothing to import\n"


def test_what_a_trial_would_do_stands_line_by_line_beside_the_file(shop: Shop) -> None:
    """And no spreadsheet executes what a stranger wrote into a cell."""
    source = shop.folder / "guests.csv"
    source.write_text('id,name,phone,consent,shoe\n1,Ann,=cmd|x,yes,\n2,"=1+1",,,\n', encoding="utf-8")
    status, out, err = shop.run("import", "customers", source, "--dry-run")
    assert (status, out) == (1, "would be new: 1, would be changed: 0, same: 0, bad lines: 1\n")
    assert err.splitlines()[:2] == [
        "ignored columns: shoe",
        "left out: consent; consent is asked by the bot, never imported",
    ]
    assert [row["would be"] for row in rows(Path(f"{source}.dry-run.csv"))] == ["bad", "new"]
    assert rows(Path(f"{source}.errors.csv"))[0]["value"] == "'=cmd|x"
    assert shop.run("import", "customers", source, "--dry-run")[1] == out


@pytest.fixture
def sealed(shop: Shop) -> Path:
    """A file beside which no other can be made: a folder stands there already."""
    source = shop.folder / "guests.csv"
    source.write_text("id,name\n1,Ann\n2,\n", encoding="utf-8")
    (shop.folder / "guests.csv.errors.csv").mkdir()
    return source


def test_a_report_that_cannot_be_written_stops_no_import(shop: Shop, sealed: Path) -> None:
    """It is told instead."""
    status, out, err = shop.run("import", "customers", sealed)
    assert (status, out) == (1, "new: 1, changed: 0, same: 0, bad lines: 1\n")
    assert err.splitlines()[-1].endswith("guests.csv.errors.csv could not be written: is a directory")


def test_points_come_in_by_the_command_line(shop: Shop) -> None:
    """Whoever is not known yet is a bad line with the mend."""
    people, points = shop.folder / "people.csv", shop.folder / "points.csv"
    people.write_text("id,name\nA1,Ann\n", encoding="utf-8")
    points.write_text("id,customer,saldo\n1,A1,100\n2,B2,100\n", encoding="utf-8")
    assert shop.run("import", "customers", people)[0] == 0
    status, out, err = shop.run("import", "points", points, "--column", "points=saldo")
    assert (status, out) == (1, "new: 1, changed: 0, same: 0, bad lines: 1\n")
    assert err.splitlines()[0] == (
        'line 3, customer: "B2" is no customer; import customers first, or write the id, member code or phone of one'
    )


def bad(line: int) -> Outcome:
    """A line that is bad."""
    return Outcome(line, Result.BAD, "is empty", "name")


def test_what_was_told_but_not_stored_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether somebody else was faster in the same moment, or the program ended before the commit."""
    found, head = Survey("", "utf-8", 100), Head(2, ())
    told = Told(tmp_path / "guests.csv", dry_run=False)
    told.begin(found, head, 0)
    told.tell([bad(3)], bytes_done=10, counts=Counter(bad=1))
    told.tell([bad(5), bad(6)], bytes_done=20, counts=Counter(bad=3))
    told.take_back()
    told.tell([bad(5)], bytes_done=20, counts=Counter(bad=2))
    told.tell([bad(9)], bytes_done=30, counts=Counter(bad=3))
    told.end()
    later = Told(tmp_path / "guests.csv", dry_run=False)
    later.begin(found, head, 7)
    later.tell([bad(9)], bytes_done=30, counts=Counter(bad=3))
    later.end()
    later.report(Counter(bad=3))
    assert [row["line"] for row in rows(tmp_path / "guests.csv.errors.csv")] == ["3", "5", "9"]
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "goes on behind line 7, where it was stopped",
        "line 3, name",
        "line 5, name",
        "line 9, name",
        "all of them",
    ]
