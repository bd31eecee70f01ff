"""A town of its own for every conversation."""

import pytest

from storage.database import Database
from tests.handlers.harness import Chat, Town


@pytest.fixture
def town(database: Database) -> Town:
    """A business with its own database."""
    return Town(database)


@pytest.fixture
def ann(town: Town) -> Chat:
    """Ann, a customer."""
    return town.chat(111, "Ann")


@pytest.fixture
def cy(town: Town) -> Chat:
    """Cy, a stranger to Ann's cases."""
    return town.chat(333, "Cy")
