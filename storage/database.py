"""The database: one writer a SQLite file, ordinary transactions on PostgreSQL, the same code above both.

A :class:`Tx` is one transaction. Rows to insert or update may be *added* to it: they are written in bulk, one
statement a table, before the next query and at the end. Keys of bulk tables are handed out before the rows are
written, so that rows can point at each other without a round trip.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Executable, Insert, Table, Update, bindparam, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from domain.errors import SettingsError, StorageError
from storage import tables, writer_connection

_BULK = (
    tables.customers,
    tables.contact_points,
    tables.media,
    tables.interactions,
    tables.outbox,
    tables.purchases,
    tables.point_entries,
    tables.point_lots,
)
_WRITE_ORDER = {table.name: i for i, table in enumerate(tables.metadata.sorted_tables)}
_CHUNK = 32
_CHUNK_ALONE = 1000
"""How many keys are fetched at once: a few from PostgreSQL's sequences, many where nobody else hands them out."""
_RESERVE = {
    True: text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"),
    False: text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"),
}
_TRANSIENT_SQLSTATES = {"40001", "40P01", "55P03"}
_READERS = 4


class Tx:
    """One transaction on one connection. Query functions take it and never commit."""

    def __init__(self, connection: AsyncConnection, *, writes: bool, ids: dict[str, list[int]] | None = None) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.writes = writes
        self.identity: dict[tuple[str, int], Any] = {}
        self._inserts: dict[Table, list[dict[str, Any]]] = {}
        self._updates: dict[Table, dict[int, dict[str, Any]]] = {}
        self._later: dict[int, tuple[Executable, list[dict[str, Any]]]] = {}
        self.reserved = False
        self._ids = ids if ids is not None else {}

    @property
    def for_update(self) -> bool:
        """Whether read rows need ``FOR UPDATE``: on SQLite the whole transaction holds the writer already."""
        return self.writes and self.dialect == "postgresql"

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement after writing what was added before it."""
        if self._inserts or self._updates or self._later:
            await self.flush()
        result: CursorResult[*tuple[Any, ...]] = await self.connection.execute(statement, parameters)
        return result

    def insert(self, table: Table) -> Any:
        """Return the dialect's INSERT, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        return postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)

    def add(self, table: Table, **row: Any) -> None:
        """Let ``row`` be inserted with the next bulk write; rows of one table must name the same columns."""
        self._inserts.setdefault(table, []).append(row)

    def change(self, table: Table, row_id: int, **values: Any) -> None:
        """Let row ``row_id`` be updated with the next bulk write; later values win."""
        self._updates.setdefault(table, {}).setdefault(row_id, {}).update(values)

    def later(self, statement: Executable, **parameters: Any) -> None:
        """Let a statement made once at import run with the next bulk write, together with its other parameters."""
        self._later.setdefault(id(statement), (statement, []))[1].append(parameters)

    async def new_id(self, table: Table) -> int:
        """Hand out the next key of a bulk table for a row that this transaction will add."""
        ready = self._ids.get(table.name)
        if not ready:
            await self._reserve_ids()
            ready = self._ids[table.name]
        return ready.pop()

    async def _reserve_ids(self) -> None:
        if self.dialect == "postgresql":
            columns = ", ".join(
                f"array(SELECT nextval(pg_get_serial_sequence('{t.name}', 'id')) FROM generate_series(1, {_CHUNK}))"
                for t in _BULK
            )
            row = (await self.connection.execute(text(f"SELECT {columns}"))).one()
            self._ids.update({t.name: sorted(ids, reverse=True) for t, ids in zip(_BULK, row, strict=True)})
            return
        self.reserved = True
        rows = (await self.connection.execute(text("SELECT name, seq FROM sqlite_sequence"))).all()
        ends = {row.name: row.seq for row in rows}
        for table in [table for table in _BULK if not self._ids.get(table.name)]:
            first = ends.get(table.name, 0) + 1
            last = first + _CHUNK_ALONE - 1
            self._ids[table.name] = list(range(last, first - 1, -1))
            # Written down, so that a command beside the running program takes none of them.
            known = table.name in ends
            await self.connection.execute(_RESERVE[known], {"name": table.name, "last": last})

    async def flush(self) -> None:
        """Write all added rows and changes, one statement a table (and set of changed columns)."""
        inserts, self._inserts = self._inserts, {}
        updates, self._updates = self._updates, {}
        later, self._later = self._later, {}
        for table in sorted(inserts, key=lambda t: _WRITE_ORDER[t.name]):
            await self.connection.execute(_insert_into(table), inserts[table])
        for table, rows in updates.items():
            groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
            for row_id, values in rows.items():
                groups.setdefault(tuple(sorted(values)), []).append({"b_id": row_id, **values})
            for names, group in groups.items():
                await self.connection.execute(_update_of(table, names), group)
        for late, parameters in later.values():
            await self.connection.execute(late, parameters)


@cache
def _insert_into(table: Table) -> Insert:
    return table.insert()


@cache
def _update_of(table: Table, names: tuple[str, ...]) -> Update:
    key = table.primary_key.columns.values()[0]
    return table.update().where(key == bindparam("b_id")).values({name: bindparam(name) for name in names})


def _file_at(path: str | None) -> tuple[int, int] | None:
    try:
        found = os.stat(path) if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


class DatabaseFileGone(StorageError):
    """The SQLite file we have open is no longer the one at its path."""


class Database:
    """One database, opened. ``write()`` and ``read()`` give transactions."""

    def __init__(self, url: str, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.url = url
        self._writer = writer
        self._reader = reader
        self._ids: dict[str, list[int]] | None = {} if writer.dialect.name == "sqlite" else None
        self._one_writer = asyncio.Lock()
        self._kept: AsyncConnection | None = None
        self._file: tuple[int, int] | None = None

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._writer.dialect.name

    @property
    def sqlite_path(self) -> str | None:
        """The database file, when there is one."""
        return make_url(self.url).database if self.dialect == "sqlite" else None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that may write; committed at the end, rolled back on any exception."""
        async with self._writing_connection() as connection:
            tx = Tx(connection, writes=True, ids=self._ids)
            try:
                async with connection.begin():
                    yield tx
                    await tx.flush()
            except BaseException:
                if self._ids and tx.reserved:  # the reservation was rolled back with the rest
                    self._ids.clear()
                raise

    @asynccontextmanager
    async def _writing_connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one writing transaction; on SQLite always the same one, for one at a time."""
        if self.dialect != "sqlite":
            async with self._writer.connect() as connection:
                yield connection
            return
        async with self._one_writer:
            if self._kept is None or self._kept.closed or self._kept.invalidated:
                self._kept = await self._writer.connect()
                self._file = _file_at(self.sqlite_path)
            elif _file_at(self.sqlite_path) != self._file:  # what is written now would be gone with the program
                raise DatabaseFileGone("storage.url: the database file was deleted or replaced; restart carebot")
            try:
                yield self._kept
            finally:
                if self._kept.in_transaction():  # neither committed nor rolled back: begin with a new one
                    await self._kept.close()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A transaction that only reads, on its own connection, and never waits for the writer."""
        async with self._reader.connect() as connection, connection.begin():
            yield Tx(connection, writes=False)

    @asynccontextmanager
    async def lone_connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, committing each statement by itself, such as one that holds a lock."""
        async with self._writer.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close every connection."""
        if self._kept is not None:
            await self._kept.close()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def is_transient(error: BaseException) -> bool:
    """Return whether the database asks to try again (deadlock, busy), so that it is nobody's failure."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _TRANSIENT_SQLSTATES:
        return True
    return isinstance(error, OperationalError) and "locked" in str(error.orig)


_UNAVAILABLE = ("unable to open", "disk I/O error", "disk is full", "readonly database")
_UNAVAILABLE_SQLSTATES = ("08", "25006", "53", "57P", "58")
"""No connection, read-only after a failover, out of room, starting up or shutting down, trouble with its disk."""


def is_lost_connection(error: BaseException) -> bool:
    """Return whether the database cannot be used right now: away, its disk full, its file out of reach."""
    if isinstance(error, OperationalError) and any(words in str(error.orig) for words in _UNAVAILABLE):
        return True
    if isinstance(error, DBAPIError):
        if str(getattr(error.orig, "sqlstate", None) or "").startswith(_UNAVAILABLE_SQLSTATES):
            return True
        return error.connection_invalidated or isinstance(error.orig, ConnectionError)
    return isinstance(error, (ConnectionError, TimeoutError, PoolTimeout))


def is_unreachable(error: BaseException) -> bool:
    """Return whether connecting failed because the database is away; also without its socket, or at any of its
    addresses.
    """
    return isinstance(error, OSError) or is_lost_connection(error)


def open_database(url: str) -> Database:
    """Open the database at ``url``; nothing is connected before the first transaction.

    Raises :class:`SettingsError` for a URL of another kind than ``sqlite+aiosqlite:`` or ``postgresql+asyncpg:``.
    """
    try:
        name = make_url(url).drivername
    except (ArgumentError, ValueError):  # the latter of a port that is none
        name = ""
    if name == "sqlite+aiosqlite":
        return Database(url, _sqlite_engine(url, writes=True), _sqlite_engine(url, writes=False))
    if name == "postgresql+asyncpg":
        engine = create_async_engine(url, pool_size=8, max_overflow=4, pool_pre_ping=True, hide_parameters=True)
        return Database(url, engine, engine)
    raise SettingsError(
        "storage.url: not a database carebot knows; write sqlite+aiosqlite:///carebot.db or postgresql+asyncpg://…"
    )


def _sqlite_engine(url: str, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        pool_timeout=600,
        hide_parameters=True,  # an error must not quote people
        connect_args={
            "isolation_level": None,
            "timeout": 60,
            **({"async_creator_fn": writer_connection.connect} if writes else {}),
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in _pragmas(writes):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pragmas(writes: bool) -> Sequence[str]:
    common = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
    # The writer waits for another program's lock asleep, see its connection; a reader hardly ever waits.
    return (*common, "busy_timeout=0") if writes else (*common, "busy_timeout=60000", "query_only=ON")


async def wait_until_reachable(database: Database, *, seconds: float) -> None:
    """Try to connect for up to ``seconds``; raises the last error when the database stays away."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        try:
            async with database.read() as tx:
                await tx.execute(text("SELECT 1"))
            return
        except Exception as error:
            if not is_unreachable(error) or loop.time() > end:
                raise
            await asyncio.sleep(0.2)
