"""What every test of a use case may ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.rules import Rules
from services.work import Work
from storage.database import Database
from tests.handlers.staff.desk import Desk, SlowTown
from tests.services.shop import BOT, MORNING, Working
from texts import Texts


@pytest.fixture(scope="session")
def texts() -> Texts:
    """The bot's words in every language."""
    return Texts()


@pytest.fixture
def working(database: Database, texts: Texts) -> Working:
    """Open one transaction's work, some time after the morning, under rules of the test's own."""

    @asynccontextmanager
    async def open_work(*, later: timedelta = timedelta(), rules: Rules | None = None) -> AsyncIterator[Work]:
        async with database.write() as tx:
            yield Work(tx, MORNING + later, BOT, rules or Rules(), texts)

    return open_work


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A forum group with Ben, Sue and Mia."""
    return await Desk(SlowTown(database)).opens()
