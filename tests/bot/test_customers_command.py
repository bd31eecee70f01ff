"""Customers' records at the command line."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.people import SYSTEM
from domain.rules import Rules
from services import records
from services.linking import link_by_code
from services.work import Work
from storage.database import open_database
from storage.tables import customers
from tests.bot.test_cli import NOW, Shop
from tests.services.shop import arrive
from texts import Texts


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine that knows Ann, twice, and Bob."""
    shop = Shop(tmp_path, database_url, capsys)
    asyncio.run(_seed(database_url))
    return shop


async def _seed(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        work = Work(tx, NOW, 42, Rules(), Texts())
        for name, phone in (("Ann \x1b[31mLee", "+8613800138000"), ("Annie Lee", "+8613800138000"), ("Bob", None)):
            assert isinstance(await records.create_customer(work, by=SYSTEM, name=name, phone=phone), int)
        assert isinstance(await records.add_note(work, 1, "likes tea\nand \x1b[31mcake", by=SYSTEM), int)
    await database.close()


def code_of(shop: Shop, name: str) -> str:
    """Return the code that the command finds under a name."""
    return shop.run("customers", "find", name)[1].split("\t")[0]


def test_customers_are_found_by_name_number_and_code(shop: Shop) -> None:
    """One line each, with nothing in it that could steer a terminal."""
    status, out, err = shop.run("customers", "find", "annie")
    assert (status, err) == (0, "")
    code = out.split("\t")[0]
    assert out == f"{code}\tAnnie Lee\t+86 138 0013 8000\tnew\ten\n"
    assert shop.run("customers", "find", code.lower())[1] == out
    both = shop.run("customers", "find", "138-0013-8000")[1]
    assert both.count("\n") == 2
    assert "\x1b" not in both
    assert shop.run("customers", "find", "%") == (0, "nobody found for %\n", "")


def test_a_record_is_edited_and_shown(shop: Shop) -> None:
    """Every field by its option; what happened stands below, the note among it."""
    code = code_of(shop, "Ann ")
    edit = ("customers", "edit", code, "--call-name", "Annie", "--birthday", "农历八月十五", "--zone", "Taipei")
    more = ("--tag", "VIP", "--lost", "rival", "--branch", "main", "--note", "called today")
    shop.run("import", "customers", _no_customers(shop))  # the branches of the configuration get their rows
    assert shop.run(*edit, *more) == (0, f"changed {code}\n", "")
    status, out, err = shop.run("customers", "show", code)
    assert (status, err) == (0, "")
    shown = dict(line.split(":", 1) for line in out.splitlines() if "\t" not in line and ":" in line)
    assert {name: shown[name].strip() for name in ("called", "birthday", "zone", "tags", "branch")} == {
        "called": "Annie",
        "birthday": "day 15 of the 8th lunar month",
        "zone": "Asia/Taipei (staff)",
        "tags": "vip",
        "branch": "main",
    }
    assert shown["lost"].strip().startswith("rival")
    told = [line.split("\t")[1:] for line in out.splitlines() if "\t" in line]
    assert told == [["said", "note · called today"], ["said", "note · likes tea and  [31mcake"]]
    first = shop.run("customers", "show", code, "--limit", "1")[1].splitlines()
    assert first[-2].endswith("called today")
    place = first[-1].split("--before ")[1]
    assert "cake" in shop.run("customers", "show", code, "--before", place)[1]
    assert shop.run("customers", "edit", code, "--call-name", "", "--untag", "vip")[0] == 0
    assert "called:" not in shop.run("customers", "show", code)[1]


def _no_customers(shop: Shop) -> Path:
    path = shop.folder / "none.csv"
    path.write_text("id,name\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (("--phone", "12345"), "“12345” is no telephone number I know. Write it with its country code"),
        (("--birthday", "soon"), '--birthday: "soon" is not one day; write 1990-08-03 or lunar 8-15'),
        (("--birthday", "八月十五"), '--birthday: "八月十五" is not one day'),
        (("--owner", "7"), "--owner: 7 is no Telegram user id of somebody who works here"),
        (("--branch", "x"), "--branch: there is no x; there are"),
        (("--field", "shoe"), '--field: write NAME=VALUE, not "shoe"'),
        (("--field", "shoe=38"), "no field “shoe”"),
        (("--lost", "bored"), "there are moved, rival"),
        ((), "nothing to change; name a field"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_mend(shop: Shop, options: tuple[str, ...], mend: str) -> None:
    """Nothing is changed, not even the good half."""
    code = code_of(shop, "Ann ")
    good = ("--preferences", "tea") if options else ()
    status, out, err = shop.run("customers", "edit", code, *good, *options)
    assert (status, out) == (2, "")
    assert err.startswith("carebot: ")
    assert mend in err
    assert err.count("\n") == 1
    assert "preferences" not in shop.run("customers", "show", code)[1]


@pytest.mark.parametrize(
    "words", [("show", "NOBODY"), ("link", "x"), ("edit", "x", "--name", "y"), ("merge", "x", "y")]
)
def test_a_code_nobody_has_is_said(shop: Shop, words: tuple[str, ...]) -> None:
    """With how to look for the right one."""
    status, out, err = shop.run("customers", *words)
    assert (status, out) == (2, "")
    assert "look with: carebot customers find NAME" in err
    assert shop.run("customers", "show", code_of(shop, "Ann "), "--before", "x")[0] == 2


def test_duplicates_are_merged(shop: Shop) -> None:
    """Both codes lead to the one that stays; the same again is refused."""
    keep, duplicate = code_of(shop, "Ann "), code_of(shop, "Annie")
    status, out, _ = shop.run("customers", "merge", keep, duplicate, "--reason", "same person")
    assert status == 0
    assert out.startswith(f"merged {duplicate} into {keep}")
    assert f"code:        {keep}" in shop.run("customers", "show", duplicate)[1]
    assert f"merge by system · {duplicate}" in " ".join(shop.run("customers", "show", keep)[1].split("\t"))
    again = shop.run("customers", "merge", keep, duplicate)
    assert again == (2, "", "carebot: These are the same record.\n")


def test_a_link_is_made_that_works_once(shop: Shop) -> None:
    """What is printed is what the chat takes."""
    out = shop.run("customers", "link", code_of(shop, "Bob"))[1]
    code = out.split("start=l-")[1].split()[0]
    assert out.count(code) == 2
    assert asyncio.run(_press(shop.url, code)) == 3


async def _press(url: str, code: str) -> int:
    database = open_database(url)
    async with database.write() as tx:
        work = Work(tx, NOW, 42, Rules(), Texts())
        bob = await arrive(work, chat_id=1002, name="Robert")
        assert await link_by_code(work, bob, code) is None
        found = (await tx.execute(select(customers.c.id).where(customers.c.name == "Bob"))).scalar_one()
        assert bob.customer.id == found
    await database.close()
    return int(found)
