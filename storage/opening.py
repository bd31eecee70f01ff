"""Opening a database for one command: reachable, of this program's schema, or one clear line why not."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from domain.errors import SchemaMismatch, StorageError
from storage.database import Database, open_database
from storage.migrate import head_revision


def make_file(url: str) -> None:
    """Make a SQLite file that does not exist yet, with its folder, for no other user of the machine to read.

    Raises :class:`StorageError`.
    """
    if (missing := missing_file(url)) is None:
        return
    try:
        missing.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(missing, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StorageError(f"storage.url: {missing} cannot be made: {(error.strerror or 'error').lower()}") from None


def missing_file(url: str) -> Path | None:
    """Return the SQLite file that does not exist yet, if that is so."""
    if not url.startswith("sqlite"):
        return None
    path = make_url(url).database
    return Path(path) if path and not Path(path).exists() else None


@contextmanager
def clear_errors() -> Iterator[None]:
    """Tell a database's refusal in one line, as a :class:`StorageError`, without statements and values."""
    try:
        yield
    except DBAPIError as error:
        raise StorageError(f"storage.url: the database cannot be used: {_why(error)}") from None


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open an existing database of this program's schema and close it at the end.

    Raises :class:`StorageError` when it cannot be reached and :class:`SchemaMismatch` when it is of another version.
    """
    async with opened_unchecked(url) as database:
        if missing := missing_file(url):
            raise StorageError(f"storage.url: there is no database {missing} yet; run `carebot migrate`")
        found, wanted = await get_revision(database), head_revision()
        if found != wanted:
            mend = "run `carebot migrate`" if found is None or found < wanted else "run the carebot that made it"
            raise SchemaMismatch(f"storage.url: the database has schema {found or 'none'}, not {wanted}; {mend}")
        yield database


@asynccontextmanager
async def opened_unchecked(url: str) -> AsyncIterator[Database]:
    """Open a database, new or old; what cannot be opened is told in one line without its password."""
    database = open_database(url)
    try:
        yield database
    except (DBAPIError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise StorageError(f"storage.url: the database cannot be used: {_why(error)}") from None
    finally:
        await database.close()


async def get_revision(database: Database) -> str | None:
    """Return the schema version without waiting for a writer; ``None`` when the database is empty."""
    try:
        async with database.read() as tx:
            found: str | None = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            return found
    except (ProgrammingError, DBAPIError) as error:
        if "alembic_version" in str(error.orig):
            return None
        raise


def _why(error: DBAPIError | OSError) -> str:
    """Return a driver's reason in one short line; never the statement or its values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).splitlines()[0][:200] if str(cause) else type(cause).__name__
