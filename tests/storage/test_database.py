"""The ground everything stands on: durable, one writer a file, keys handed out once, instants never naive."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from domain.errors import SettingsError, StorageError
from storage.database import Database, open_database
from storage.opening import make_file, opened
from storage.people import add_contact, add_customer
from storage.tables import counters, customers, pauses

NOW = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)


async def pragma(database: Database, name: str, *, writer: bool) -> object:
    """Return a SQLite setting as a connection of ours has it."""
    async with database.write() if writer else database.read() as tx:
        return (await tx.execute(text(f"PRAGMA {name}"))).scalar()


@pytest.mark.parametrize("writer", [True, False], ids=["writer", "reader"])
async def test_sqlite_is_durable_and_checks_foreign_keys(sqlite_url: str, writer: bool) -> None:
    """WAL, every commit on the disk, and no row that points nowhere."""
    database = open_database(sqlite_url)
    try:
        assert await pragma(database, "journal_mode", writer=writer) == "wal"
        assert await pragma(database, "synchronous", writer=writer) == 2
        assert await pragma(database, "foreign_keys", writer=writer) == 1
    finally:
        await database.close()


async def test_a_row_that_points_nowhere_is_refused(database: Database) -> None:
    """A contact without its customer cannot be."""
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        async with database.write() as tx:
            await add_contact(tx, customer_id=999, bot_id=1, chat_id=5, username=None, now=NOW)


async def test_no_increment_is_lost_between_writers(database: Database) -> None:
    """Forty transactions read and write the same number; none of them overwrites another."""
    async with database.write() as tx:
        await tx.execute(counters.insert().values(name="x", last=0))

    async def increment() -> None:
        async with database.write() as tx:
            row = select(counters.c.last).where(counters.c.name == "x")
            last = (await tx.execute(row.with_for_update() if tx.for_update else row)).scalar_one()
            await asyncio.sleep(0)
            await tx.execute(counters.update().where(counters.c.name == "x").values(last=last + 1))

    await asyncio.gather(*(increment() for _ in range(40)))
    async with database.read() as tx:
        assert (await tx.execute(select(counters.c.last).where(counters.c.name == "x"))).scalar() == 40


async def test_two_programs_share_one_sqlite_file(sqlite_url: str) -> None:
    """The command line writes while the bot runs: both wait for each other, and nothing is lost."""
    bot, command = open_database(sqlite_url), open_database(sqlite_url)

    async def meet(database: Database, name: str) -> None:
        for i in range(20):
            async with database.write() as tx:
                await add_customer(tx, name=f"{name} {i}", language="en", source=None, branch_id=None, now=NOW)

    try:
        await asyncio.gather(meet(bot, "bot"), meet(command, "command"))
        async with bot.read() as tx:
            rows = (await tx.execute(select(customers.c.id))).scalars().all()
        assert len(set(rows)) == 40
    finally:
        await bot.close()
        await command.close()


async def test_keys_handed_out_in_bulk_are_unique(database: Database) -> None:
    """Many transactions at once, each with more rows than one reservation holds."""

    async def meet_many() -> None:
        async with database.write() as tx:
            for _ in range(70):
                await add_customer(tx, name="x", language="en", source=None, branch_id=None, now=NOW)
                await asyncio.sleep(0)

    await asyncio.gather(*(meet_many() for _ in range(8)))
    async with database.read() as tx:
        ids = (await tx.execute(select(customers.c.id))).scalars().all()
    assert len(ids) == len(set(ids)) == 560


async def test_keys_of_a_rolled_back_transaction_hurt_nobody(database: Database) -> None:
    """A failed batch is followed by one that succeeds."""

    async def fail() -> None:
        async with database.write() as tx:
            await add_customer(tx, name="lost", language="en", source=None, branch_id=None, now=NOW)
            await tx.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.write() as tx:
        await add_customer(tx, name="kept", language="en", source=None, branch_id=None, now=NOW)
    async with database.read() as tx:
        assert (await tx.execute(select(customers.c.name))).scalars().all() == ["kept"]


async def test_a_naive_instant_is_refused(database: Database) -> None:
    """A time without a zone never reaches the database."""
    naive = datetime(2026, 11, 22)  # noqa: DTZ001  # it is the point of the test
    with pytest.raises(StatementError, match="naive"):
        async with database.write() as tx:
            await tx.execute(pauses.insert().values(bot_id=1, scope="*", until_at=naive, reason="x"))


async def test_instants_come_back_in_utc_to_the_millisecond(database: Database) -> None:
    """What is finer than a millisecond is cut off."""
    async with database.write() as tx:
        await tx.execute(pauses.insert().values(bot_id=1, scope="*", until_at=NOW, reason="x"))
    async with database.read() as tx:
        found = (await tx.execute(select(pauses.c.until_at))).scalar_one()
    assert found == NOW.replace(microsecond=123000)
    assert found.tzinfo is UTC


async def test_a_reader_cannot_write_and_never_waits(sqlite_url: str) -> None:
    """While the writer is held a reader reads on; what it tries to write is refused."""
    database = open_database(sqlite_url)
    try:
        async with database.write() as writing:
            await add_customer(writing, name="x", language="en", source=None, branch_id=None, now=NOW)
            await writing.flush()
            async with database.read() as reading:
                assert (await reading.execute(select(customers.c.id))).all() == []
        with pytest.raises(Exception, match="readonly"):
            async with database.read() as reading:
                await reading.execute(counters.insert().values(name="x", last=0))
    finally:
        await database.close()


def test_another_database_is_told_in_one_line() -> None:
    """The line names the key and what to write."""
    with pytest.raises(SettingsError, match=r"storage\.url"):
        open_database("mysql://root:hunter2@db/x")


async def test_a_database_that_cannot_be_reached_is_told_without_its_password(unused_port: int) -> None:
    """One line, and no secret in it."""
    url = f"postgresql+asyncpg://root:hunter2@127.0.0.1:{unused_port}/x"
    with pytest.raises(StorageError, match=r"storage\.url") as caught:
        async with opened(url):
            pass
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """A picture under the database's name is not overwritten."""
    (tmp_path / "x.db").write_bytes(b"GIF89a" * 500)
    with pytest.raises(StorageError, match="file is not a database"):
        async with opened(f"sqlite+aiosqlite:///{tmp_path}/x.db"):
            pass


async def test_a_missing_file_is_told_and_not_made(tmp_path: Path) -> None:
    """Reading commands make no empty database."""
    with pytest.raises(StorageError, match="carebot migrate"):
        async with opened(f"sqlite+aiosqlite:///{tmp_path}/x.db"):
            pass
    assert os.listdir(tmp_path) == []


def test_a_new_file_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    """The database of people's words starts with narrow rights, in a folder made for it."""
    make_file(f"sqlite+aiosqlite:///{tmp_path}/deep/x.db")
    assert (tmp_path / "deep" / "x.db").stat().st_mode & 0o777 == 0o600
