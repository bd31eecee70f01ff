"""What every test of the API may ask for."""

from collections.abc import AsyncIterator

import pytest

from domain.rules import Rules
from storage.database import Database, open_database
from tests.console.shop import Shop, Till
from texts import Texts


@pytest.fixture(scope="session")
def words() -> Texts:
    """The bot's words in every language."""
    return Texts()


@pytest.fixture
def shop(database: Database, words: Texts) -> Shop:
    """A shop, on each engine."""
    return Shop(database, Rules(), words)


@pytest.fixture
async def till(shop: Shop) -> Till:
    """A system that may do everything, on each engine."""
    return await shop.key()


@pytest.fixture
async def corner_shop(sqlite_url: str, words: Texts) -> AsyncIterator[Shop]:
    """A shop on SQLite alone, for what no engine decides."""
    database = open_database(sqlite_url)
    yield Shop(database, Rules(), words)
    await database.close()


@pytest.fixture
async def corner_till(corner_shop: Shop) -> Till:
    """A system that may do everything, on SQLite alone."""
    return await corner_shop.key()
