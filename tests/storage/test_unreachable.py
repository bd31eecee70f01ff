"""A database that is away: waited for, told apart from faults of updates, and never written to behind its back."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from domain.errors import SettingsError
from storage import leadership
from storage.database import Database, DatabaseFileGone, is_lost_connection, open_database
from storage.leadership import Leader
from storage.opening import missing_file
from storage.tables import inbox


class _Refusal(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("refused")
        self.sqlstate = sqlstate


class _Connection:
    async def execute(self, _statement: Any) -> "_Connection":
        return self

    def scalar(self) -> bool:
        return True


class _Away:
    """A PostgreSQL that fails to answer as often as there are errors, then is there."""

    dialect = "postgresql"

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    @asynccontextmanager
    async def lone_connection(self) -> AsyncIterator[_Connection]:
        if self.errors:
            raise self.errors.pop(0)
        yield _Connection()


def _error(sqlstate: str) -> DBAPIError:
    return DBAPIError("SELECT 1", None, _Refusal(sqlstate))


async def test_the_lead_is_sought_until_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket, no address that answers, still starting up: the program waits instead of ending."""
    monkeypatch.setattr(leadership, "_RETRY_S", 0)
    away = _Away(FileNotFoundError(2, "no socket"), OSError("Multiple exceptions"), _error("57P03"))
    async with Leader(cast("Database", away), 1).leading() as watching:
        assert not watching.done()
    assert away.errors == []


async def test_a_fault_of_ours_is_not_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement the database does not understand ends the program aloud."""
    monkeypatch.setattr(leadership, "_RETRY_S", 0)
    with pytest.raises(DBAPIError):
        async with Leader(cast("Database", _Away(_error("42601"))), 1).leading():
            pass


@pytest.mark.parametrize("sqlstate", ["53100", "57P01", "57P03", "25006", "58030", "08006"])
def test_a_database_out_of_room_or_stopping_is_nobodys_failure(sqlstate: str) -> None:
    """An update met by it is handled later and not counted as hopeless."""
    assert is_lost_connection(_error(sqlstate))
    assert not is_lost_connection(_error("23505"))


async def test_nothing_is_written_to_a_file_that_was_deleted(sqlite_url: str) -> None:
    """What would be gone at the next start is refused, so that Telegram keeps it."""
    database = open_database(sqlite_url)
    try:
        async with database.write() as tx:
            await tx.execute(select(inbox.c.id))
        os.unlink(str(database.sqlite_path))
        with pytest.raises(DatabaseFileGone):
            async with database.write():
                pass
    finally:
        await database.close()


async def test_errors_quote_no_parameters(database: Database) -> None:
    """What people wrote does not get into a log by way of an error."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each engine has its own
        async with database.write() as tx:
            await tx.execute(inbox.insert().values(bot_id=1, update_id=1, chat_id=1, payload="Ann's words"))
    assert "Ann's words" not in str(caught.value)


def test_a_port_that_is_none_is_refused_in_one_line() -> None:
    """The URL is not repeated: it may hold a password."""
    url = "postgresql+asyncpg://u:secret@host:notaport/db"
    assert missing_file(url) is None
    with pytest.raises(SettingsError) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)
