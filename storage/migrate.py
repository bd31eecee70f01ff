"""Bringing a database's schema up to this program's version, and saying which version it has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from domain.errors import SchemaMismatch
from storage.database import Database
from storage.tables import metadata

_VIEWS = "search_words"
"""Tables of the search index, made by hand in the migrations: each engine has its own kind."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    """Return the schema version this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head
    return head


async def _on_connection(database: Database, work: Callable[[Connection], Any]) -> Any:
    async with database.write() as tx:
        return await tx.connection.run_sync(work)


async def current_revision(database: Database) -> str | None:
    """Return the database's schema version, ``None`` when it is empty."""
    found: str | None = await _on_connection(
        database, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )
    return found


async def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the schema to this program's version in one transaction; returns the versions before and after.

    Raises :class:`SchemaMismatch` when the database was made by a newer program.
    """
    before = await current_revision(database)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if before is not None and before not in known:
        raise SchemaMismatch(
            f"storage.url: the database has schema {before}, made by a newer carebot; run that version or newer"
        )
    if before != head_revision():
        await _on_connection(database, lambda connection: command.upgrade(_config(connection), "head"))
    return before, head_revision()


async def differences(database: Database) -> list[Any]:
    """Return how the migrated schema differs from the tables the program knows; empty when they agree."""

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare: Any) -> bool:
        return not (kind == "table" and (name or "").startswith(_VIEWS))

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_object": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    found: list[Any] = await _on_connection(database, compare)
    return found
