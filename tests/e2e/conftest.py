"""A town for each test, with a forum for its staff group, Ben and Sue at the desk, and Ann as a customer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.people import Role
from tests.e2e.town import Resident, Town, open_town

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For a test in which the engine does not matter."""


@dataclass(frozen=True, slots=True)
class People:
    """Who lives in the town."""

    ann: Resident
    ben: Resident
    sue: Resident


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A town with an open desk, on each engine."""
    async with open_town(database_url, tmp_path) as opened:
        opened.opens_desk()
        yield opened
        print(opened.output())  # shown when the test failed


@pytest.fixture
async def lone_town(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A town without a desk yet, where the engine does not matter."""
    async with open_town(sqlite_url, tmp_path) as opened:
        yield opened
        print(opened.output())  # shown when the test failed


@pytest.fixture
def people(town: Town) -> People:
    """Ann, a customer; Ben, an agent; Sue, a supervisor."""
    return People(town.person("Ann"), town.hires("Ben"), town.hires("Sue", Role.SUPERVISOR))
