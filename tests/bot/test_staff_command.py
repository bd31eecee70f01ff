"""``carebot staff``: who works here, at the command line."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.people import Role
from storage.database import open_database
from storage.staff import insert_missing_member
from storage.tables import audit, customers, staff_members
from tests.bot.test_cli import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation with Ada the admin, Ben and Sue; Ben looks after one customer."""
    asyncio.run(_seed(database_url))
    return Shop(tmp_path, database_url, capsys)


async def _seed(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        for user_id, name, role in ((1, "Ada", Role.ADMIN), (2, "Ben", Role.AGENT), (3, "Sue", Role.SUPERVISOR)):
            await insert_missing_member(tx, user_id=user_id, name=name, role=role, language=None)
        ben = (await tx.execute(select(staff_members.c.id).where(staff_members.c.user_id == 2))).scalar_one()
        row = {"name": "Ann", "language": "en", "created_at": NOW, "code": "K7M2P9QRST", "owner_id": ben}
        await tx.execute(customers.insert().values(**row))
    await database.close()


async def _rows(url: str) -> tuple[list[str], set[int | None]]:
    database = open_database(url)
    async with database.read() as tx:
        actions = list((await tx.execute(select(audit.c.action).order_by(audit.c.id))).scalars())
        owners = set((await tx.execute(select(customers.c.owner_id))).scalars())
    await database.close()
    return actions, owners


def test_who_works_here_is_listed(shop: Shop) -> None:
    """One line each: user id, name, role, what is theirs, whether they are here."""
    status, out, err = shop.run("staff", "list")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "1\tAda\tadmin\tcases 0, customers 0, tasks 0\there",
        "2\tBen\tagent\tcases 0, customers 1, tasks 0\there",
        "3\tSue\tsupervisor\tcases 0, customers 0, tasks 0\there",
    ]


def test_somebody_comes_goes_away_and_is_back(shop: Shop) -> None:
    """Each command says how it stands now."""
    told = [
        shop.run("staff", *words)
        for words in (
            ("add", "4", "Zoe", "--role", "agent", "--language", "zh_TW"),
            ("away", "zoe"),
            ("back", "@Zoe"),
            ("remove", "4"),
            ("add", "4", "Zoe", "--role", "viewer"),
        )
    ]
    assert told == [
        (0, "Zoe (4) works here as agent\n", ""),
        (0, "Zoe is away\n", ""),
        (0, "Zoe is here\n", ""),
        (0, "Zoe works here no more; to nobody: cases 0, customers 0, tasks 0\n", ""),
        (0, "Zoe (4) works here as viewer\n", ""),
    ]


def test_a_removed_person_hands_over_in_the_same_step(shop: Shop, database_url: str) -> None:
    """Without a successor it is asked for; with one the customer is Sue's, on record."""
    status, out, err = shop.run("staff", "remove", "Ben")
    assert (status, out) == (2, "")
    assert "Ben still has cases 0, customers 1, tasks 0; say --to WHO" in err
    assert shop.run("staff", "remove", "Ben", "--to", "Sue")[:2] == (
        0,
        "Ben works here no more; to Sue: cases 0, customers 1, tasks 0\n",
    )
    actions, owners = asyncio.run(_rows(database_url))
    assert actions == ["member.remove", "customer.handover", "member.handover"]
    assert len(owners) == 1
    assert None not in owners
    assert "removed" in shop.run("staff", "list", "--all")[1]


def test_everything_is_handed_over(shop: Shop) -> None:
    """Ben's customer is Ada's."""
    assert shop.run("staff", "handover", "Ben", "Ada") == (0, "to Ada: cases 0, customers 1, tasks 0\n", "")


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("away", "Tom"), "look with: carebot staff list"),
        (("away", "Ben", "--until", "soonish"), "write it like 3d, tomorrow or 2026-12-24"),
        (("away", "Ben", "--until", "2020-01-01"), "That moment has passed"),
        (("back", "Ben"), "Ben is not away"),
        (("add", "0", "Zoe"), "is no Telegram user id"),
        (("add", "2", "Ben"), "Ben works here already, as agent"),
        (("add", "9", "\x1b[31m", "--role", "boss"), "no such role"),
        (("add", "9", " "), "1 to 64 letters"),
        (("add", "9", "Zoe", "--language", "xx"), "no such language"),
        (("remove", "Ada"), "Ada is the last admin"),
        (("handover", "Ben", "Ben"), "two different people"),
        (("remove", "Ben", "--to", "Ben"), "does not work on such cases"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(shop: Shop, database_url: str, words: tuple[str, ...], mend: str) -> None:
    """Exit status 2, one line with the mend in it, and nothing was changed."""
    status, out, err = shop.run("staff", *words)
    assert (status, out) == (2, "")
    assert mend in err
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err
    assert asyncio.run(_rows(database_url))[0] == []
