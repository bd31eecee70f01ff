"""What every story of the staff group may ask for."""

import pytest

from storage.database import Database
from tests.handlers.staff.desk import Desk, SlowTown


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A forum group with Ben, Sue and Mia."""
    return await Desk(SlowTown(database)).opens()


@pytest.fixture
async def plain_desk(database: Database) -> Desk:
    """A group without topics, with Ben, Sue and Mia."""
    return await Desk(SlowTown(database)).opens(forum=False)
