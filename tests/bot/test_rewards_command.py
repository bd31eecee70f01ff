"""The catalogue at the command line."""

import asyncio
from pathlib import Path

import pytest

from domain.loyalty import RewardSeed
from domain.rules import Rules
from services.rewards import seed_rewards
from services.work import Work
from storage.database import open_database
from tests.bot.test_cli import NOW, Shop
from texts import Texts


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine with one reward."""
    asyncio.run(_seed(database_url))
    return Shop(tmp_path, database_url, capsys)


async def _seed(url: str) -> None:
    database = open_database(url)
    async with database.write() as tx:
        await seed_rewards(
            Work(tx, NOW, 42, Rules(), Texts()), [RewardSeed("mug", 300, {"en": "A \x1b[31mmug"}, stock=2)]
        )
    await database.close()


def test_the_catalogue_is_shown_in_lines(shop: Shop) -> None:
    """One line a reward, nothing in it that could steer a terminal."""
    status, out, err = shop.run("rewards", "list")
    assert (status, err) == (0, "")
    assert out == "mug\t300\t2\ton\t90\t\t\tA  [31mmug\n"


def test_stock_and_shelf_are_changed(shop: Shop) -> None:
    """Each change says how the reward stands now."""
    told = [
        shop.run("rewards", *words)
        for words in (("stock", "mug", "7"), ("off", "mug"), ("stock", "mug", "endless"), ("on", "mug"))
    ]
    assert told == [
        (0, "mug: on, 7 left\n", ""),
        (0, "mug: off, 7 left\n", ""),
        (0, "mug: off, endless\n", ""),
        (0, "mug: on, endless\n", ""),
    ]


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("stock", "mug", "many"), "write 0 to 1000000000, or endless"),
        (("stock", "mug", "٣"), "write 0 to 1000000000, or endless"),
        (("off", "cup"), "`carebot rewards list` shows them"),
    ],
)
def test_a_bad_wish_is_one_line(shop: Shop, words: tuple[str, ...], mend: str) -> None:
    """It says what is wrong and how to mend it, and changes nothing."""
    status, out, err = shop.run("rewards", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert mend in err
    assert "\t2\ton\t" in shop.run("rewards", "list")[1]
