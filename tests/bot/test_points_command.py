"""Points at the command line: one account shown, all of them reckoned again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from domain.people import SYSTEM
from domain.points import Entry
from domain.rules import Rules
from services import points
from services.customers import meet
from services.work import Work
from storage.database import Tx, open_database
from storage.tables import customers, point_entries, point_lots, point_uses
from tests.bot.test_cli import NOW, Shop
from texts import Texts

ANN, BOB = 1, 2


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine; Ann redeemed some of her points, Bob will have some when his order comes."""
    in_transaction(database_url, _open)
    return Shop(tmp_path, database_url, capsys)


def in_transaction(url: str, act: Callable[[Tx], Awaitable[None]]) -> None:
    """Do something to the database."""

    async def run() -> None:
        database = open_database(url)
        try:
            async with database.write() as tx:
                await act(tx)
        finally:
            await database.close()

    asyncio.run(run())


async def _open(tx: Tx) -> None:
    work = Work(tx, NOW, 42, Rules(), Texts())
    for nth, name in enumerate(("Ann", "Bob")):
        await meet(work, chat_id=nth + 1, name=name, username=None, language_code="en")
    await tx.execute(update(customers).where(customers.c.id == ANN).values(code="ANN2345678"))
    soon = NOW + timedelta(days=10_000)
    first = await points.earn(work, ANN, points=30, source_key="a", by=SYSTEM, expires_at=soon, reason="a \x1b[31mgift")
    second = await points.earn(work, ANN, points=50, source_key="b", by=SYSTEM, expires_at=None)
    spent = await points.spend(work, ANN, points=40, source_key="c", by=SYSTEM)
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert isinstance(spent, Entry)
    await points.earn(work, BOB, points=7, source_key="d", by=SYSTEM, awaits="order:5")


def test_one_account_is_shown_by_code_or_id(shop: Shop) -> None:
    """Balance, lots and newest entries; nothing in them that could steer a terminal."""
    status, out, err = shop.run("points", "show", "ann2-345678")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "balance 40, pending 0, owed 0"
    assert lines[1].endswith("40 of 50 left, available 2026-11-22 09:00:00, never expire")
    assert [line.split("\t")[2:] for line in lines[2:]] == [
        ["spend", "-40", ""],
        ["earn", "+50", ""],
        ["earn", "+30", "a  [31mgift"],
    ]
    assert shop.run("points", "show", str(ANN))[1] == out
    assert "7 of 7 left, await order:5, never expire" in shop.run("points", "show", str(BOB))[1]


def test_an_unknown_customer_is_one_line(shop: Shop) -> None:
    """It says what to give instead."""
    status, out, err = shop.run("points", "show", "nobody")
    assert (status, out) == (2, "")
    assert err == "carebot: there is no customer 'nobody'; give a member number, or an id\n"


def test_accounts_in_order_add_up(shop: Shop) -> None:
    """Nothing differs, and the status says so."""
    assert shop.run("points", "verify") == (0, "accounts: 2, entries: 4: everything adds up\n", "")


async def _lose_a_use(tx: Tx) -> None:
    await tx.execute(delete(point_uses).where(point_uses.c.points == 10))


async def _swell_a_lot(tx: Tx) -> None:
    await tx.execute(update(point_lots).where(point_lots.c.points == 50).values(remaining=50))


async def _owe(tx: Tx) -> None:
    await tx.execute(update(point_entries).where(point_entries.c.points == -40).values(uncovered=3))


async def _steal(tx: Tx) -> None:
    await tx.execute(update(point_lots).where(point_lots.c.points == 50).values(customer_id=BOB))


async def _turn_around(tx: Tx) -> None:
    await tx.execute(update(point_entries).where(point_entries.c.points == -40).values(points=40))


async def _double_a_lot(tx: Tx) -> None:
    row = {"entry_id": 1, "customer_id": ANN, "points": 1, "remaining": 1, "available_at": NOW}
    entry = point_entries.select().where(point_entries.c.points == 50)
    row["entry_id"] = (await tx.execute(entry)).one().id
    await tx.execute(insert(point_lots), row)


async def _expire_before(tx: Tx) -> None:
    await tx.execute(update(point_lots).where(point_lots.c.points == 30).values(expires_at=NOW - timedelta(days=1)))


async def _merge_away(tx: Tx) -> None:
    await tx.execute(update(customers).where(customers.c.id == ANN).values(merged_into=BOB))


async def _give_back_too_much(tx: Tx) -> None:
    use = (await tx.execute(point_uses.select().where(point_uses.c.points == 10))).one()
    await tx.execute(insert(point_uses), {"lot_id": use.lot_id, "entry_id": use.entry_id, "points": -15})


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_lose_a_use, "40 are kept as remaining, its uses leave 50"),
        (_swell_a_lot, "50 are kept as remaining, its uses leave 40"),
        (_owe, "3 are kept as owed, its uses leave 0"),
        (_steal, "it belongs to another customer"),
        (_turn_around, "40 points do not fit its kind"),
        (_double_a_lot, "it made 2 lots instead of 1"),
        (_expire_before, "30 points were spent before they were available, or after they expired"),
        (_merge_away, "40 points stand with a merged or forgotten record"),
        (_give_back_too_much, "more came back to a lot than was taken, by -5"),
    ],
)
def test_whatever_was_spoiled_is_found(shop: Shop, spoil: Callable[[Tx], Awaitable[None]], found: str) -> None:
    """A line names the customer and what differs; the status is 1."""
    in_transaction(shop.url, spoil)
    status, out, err = shop.run("points", "verify")
    assert (status, err) == (1, "")
    assert any(found in line and line.startswith("customer ") for line in out.splitlines())
    assert out.splitlines()[-1].endswith(" differences")
