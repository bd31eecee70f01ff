"""The schema that the migrations make is the schema that the program knows."""

from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import SchemaMismatch
from storage.database import Database, open_database
from storage.migrate import current_revision, differences, head_revision, migrate


async def test_replayed_migrations_make_the_tables_the_program_knows(database: Database) -> None:
    """Nothing stands in the metadata that no migration makes, and the other way round."""
    assert await differences(database) == []


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    """A migrated database is left as it is."""
    assert await migrate(database) == (head_revision(), head_revision())


async def test_an_empty_database_is_brought_to_the_head(tmp_path: Path) -> None:
    """A new file gets the whole schema, and says which it had before: none."""
    fresh = open_database(f"sqlite+aiosqlite:///{tmp_path}/fresh.db")
    try:
        assert await current_revision(fresh) is None
        assert await migrate(fresh) == (None, head_revision())
        assert await current_revision(fresh) == head_revision()
    finally:
        await fresh.close()


async def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    """An older program never works on a schema it does not know."""
    async with database.write() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match="9999"):
        await migrate(database)
