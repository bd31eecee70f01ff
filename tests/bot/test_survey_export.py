"""Responses to a survey as files: a row each, nothing a spreadsheet would execute, and one line for what is wrong."""

import asyncio
import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from domain.rules import Rules
from services.work import Work
from storage.database import open_database
from storage.tables import cases, staff_members, survey_answers, survey_responses
from tests.bot.test_cli import NOW, Shop
from tests.services.shop import arrive
from tests.services.surveyed import Answered, Asked, checked, keep
from texts import Texts

_EVIL = '=HYPERLINK("x")'


async def _ask(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        await checked(Work(tx, NOW, 42, Rules(), Texts()))
        await tx.flush()
        await tx.execute(update(survey_answers).where(survey_answers.c.text == "so so").values(text=_EVIL))
    await database.close()


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation whose survey was asked of some people; one wrote what a spreadsheet would run."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    asyncio.run(_ask(sqlite_url))
    return opened


def test_csv_has_a_row_a_response_and_executes_nothing(shop: Shop, tmp_path: Path) -> None:
    """Each question is a column, what was chosen stands by its keys, and a formula is only words."""
    out = tmp_path / "check.csv"
    status, _, err = shop.run("survey", "export", "check", "--out", str(out))
    assert (status, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert list(rows[0])[-3:] == ["nps", "why", "words"]
    assert [row["response"] for row in rows] == sorted((row["response"] for row in rows), key=int, reverse=True)
    assert f"'{_EVIL}" in [row["words"] for row in rows]
    scored = [int(row["nps"]) for row in rows if row["nps"]]
    assert len(scored) == 7


def test_json_is_one_object_a_line(shop: Shop) -> None:
    """What nobody answered is left out."""
    _, out, _ = shop.run("survey", "export", "check", "--format", "json")
    told = [json.loads(line) for line in out.splitlines()]
    assert len([one for one in told if "nps" in one]) == 7
    assert all(one["asked_at"].endswith("+00:00") for one in told)


def test_xlsx_holds_words_as_words(shop: Shop, tmp_path: Path) -> None:
    """A spreadsheet with the same rows, and no formula in it."""
    out = tmp_path / "check.xlsx"
    status, _, err = shop.run("survey", "export", "check", "--format", "xlsx", "--out", str(out))
    assert (status, err) == (0, "")
    with zipfile.ZipFile(out) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in sheet


_NEXT = """
key = "check"
title = { en = "Check", zh_CN = "Check", zh_TW = "Check" }
[[questions]]
key = "paid"
kind = "number"
decimals = 2
text = { en = "Paid?", zh_CN = "Paid?", zh_TW = "Paid?" }
[[questions]]
key = "state"
kind = "text"
text = { en = "State?", zh_CN = "State?", zh_TW = "State?" }
"""


async def _ask_next(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        work = Work(tx, NOW, 42, Rules(), Texts())
        await keep(work, _NEXT)
        asked, bob = Answered(work), await arrive(work, chat_id=2, name="+Bob")
        member = {"user_id": 9, "role": "agent", "name": "Ben"}
        ben = (await tx.execute(insert(staff_members).values(**member))).inserted_primary_key
        assert ben is not None
        columns = {"campaign": "tea", "member_id": ben[0], "tier": "gold"}
        response_id = await asked.asks(bob, Asked({"state": "old"}, version=2, columns=columns))
        await asked.answers(response_id, "paid", 1250)
    await database.close()


def test_all_versions_stand_in_one_table(shop: Shop, tmp_path: Path, sqlite_url: str) -> None:
    """The newest questions come first; one called like a column keeps its own; decimals are its version's."""
    asyncio.run(_ask_next(sqlite_url))
    out = tmp_path / "check.csv"
    shop.run("survey", "export", "check", "--out", str(out))
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert list(rows[0])[-5:] == ["paid", "answer_state", "nps", "why", "words"]
    newest = {name: rows[0][name] for name in ("name", "state", "answer_state", "paid", "member", "campaign", "tier")}
    assert newest == {
        **{"name": "'+Bob", "state": "finished", "answer_state": "old", "paid": "12.5"},
        **{"member": "Ben", "campaign": "tea", "tier": "gold"},
    }
    assert {row["name"] for row in rows[1:]} == {"Ann"}


def test_what_has_to_do_with_a_complaint_about_staff_is_left_out(shop: Shop, sqlite_url: str) -> None:
    """A response about a confidential case, or that opened one, is only written when asked for."""
    asyncio.run(_confide(sqlite_url))
    alone, all_of_them = (
        shop.run("survey", "export", "check", "--format", "json", *more)[1].splitlines()
        for more in ((), ("--confidential",))
    )
    assert (len(alone), len(all_of_them)) == (10, 12)


async def _confide(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        row = {"customer_id": 1, "contact_point_id": 1, "kind": "complaint", "state": "open", "opened_at": NOW}
        made = insert(cases).values(number=7, confidential=True, **row)
        case_id = (await tx.execute(made.returning(cases.c.id))).scalar_one()
        for response_id, column in ((1, "case_id"), (2, "opened_case_id")):
            changed = update(survey_responses).where(survey_responses.c.id == response_id)
            await tx.execute(changed.values({column: case_id}))
    await database.close()


def test_what_is_wrong_is_told_in_one_line(shop: Shop, tmp_path: Path) -> None:
    """A format nobody knows, a spreadsheet without a file, an unknown survey, a folder that is not there."""
    for line, *options in (
        ("--format: there is no pdf; write one of csv, xlsx, json", "check", "--format", "pdf"),
        ("--format xlsx: a spreadsheet needs a file; write --out survey.xlsx too", "check", "--format", "xlsx"),
        ("there is no survey chekc; `carebot survey list` shows them", "chekc"),
        (f"--out: {tmp_path}/no/x.csv cannot be written", "check", "--out", f"{tmp_path}/no/x.csv"),
    ):
        status, _, err = shop.run("survey", "export", *options)
        assert status != 0
        assert line in err
        assert len(err.splitlines()) == 1
