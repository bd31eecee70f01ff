"""The win-back list at the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from domain.people import SYSTEM
from domain.rules import Rules
from services.customers import meet
from services.records import change_record
from services.work import Work
from storage.database import Tx, open_database
from tests.bot.test_cli import NOW, Shop
from tests.services.sales import buys
from texts import Texts


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


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine."""
    return Shop(tmp_path, database_url, capsys)


async def _left(tx: Tx) -> None:
    work = Work(tx, NOW, 42, Rules(), Texts())
    for nth, (name, yuan, reason) in enumerate((("Bob \x1b[31m", 40, "rival"), ("Ann", 1200, "service"))):
        person = await meet(work, chat_id=nth + 1, name=name, username=None, language_code="en")
        await buys(work, person.customer.id, yuan, f"s{nth}")
        assert await change_record(work, person.customer.id, by=SYSTEM, lost_reason=reason) is None


def test_the_list_says_who_why_and_what_first(shop: Shop) -> None:
    """Mia sees Ann before Bob, why each left, and which campaign answers; no name steers her terminal."""
    in_transaction(shop.url, _left)
    status, out, err = shop.run("campaign", "winback")
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    head, ann, bob, *rest = [line for line in out.splitlines() if line.strip()]
    assert head.split("  ")[0] == "customer"
    assert [word in ann for word in ("Ann", "¥1,200", "our fault (service)", "winback_fault")] == [True] * 4
    assert [word in bob for word in ("Bob", "¥40", "another shop (rival)", "winback_rival")] == [True] * 4
    assert rest == [
        "our fault: 1 person, ¥1,200 a year; `carebot campaign dry-run winback_fault` tries the answer",
        "another shop: 1 person, ¥40 a year; `carebot campaign dry-run winback_rival` tries the answer",
    ]


def test_one_cause_can_be_asked_for(shop: Shop) -> None:
    """Only those who went to another shop."""
    in_transaction(shop.url, _left)
    out = shop.run("campaign", "winback", "--why", "rival")[1]
    assert "Bob" in out
    assert "Ann" not in out


def test_an_empty_list_and_an_unknown_cause_are_said_so(shop: Shop) -> None:
    """Nobody has left; nobody knows the cause `weather`."""
    in_transaction(shop.url, _nothing)
    assert shop.run("campaign", "winback")[1] == (
        "nobody to win back: none is marked as lost, and all have bought within 180 days\n"
    )
    assert shop.run("campaign", "winback", "--why", "rival")[1] == "nobody to win back of those: another shop\n"
    status, out, err = shop.run("campaign", "winback", "--why", "weather")
    assert (status, out) == (2, "")
    assert err == "carebot: --why: unknown cause 'weather'; choose among fault, price, rival, natural, quiet\n"


async def _nothing(tx: Tx) -> None:
    """Leave the database as it is."""
