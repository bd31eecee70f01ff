"""How the program starts, refuses to start, and outlives what it stands on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import open_database
from tests.e2e.town import Town, open_town


async def test_a_second_program_on_the_same_file_is_refused(lone_town: Town) -> None:
    """Two programs on one SQLite file would both send: the second says so in one line and ends."""
    first = await lone_town.starts()
    second = lone_town.program()
    await second.start()
    assert await second.ended() == 2
    (line,) = second.output().splitlines()
    assert "another carebot is running" in line
    await first.stop()


async def test_a_token_nobody_knows_ends_the_program_with_one_line(lone_town: Town) -> None:
    """Telegram does not know the token: the line names the key, never the token."""
    program = lone_town.program(telegram={"token": "7001001:WRONG-token"})
    await program.start()
    assert await program.ended() == 2
    (line,) = program.output().splitlines()
    assert "telegram.token" in line
    assert "WRONG" not in line


async def test_telegram_out_of_reach_keeps_nobody_from_starting_or_stopping(lone_town: Town, unused_port: int) -> None:
    """Without a network the program waits for one, and still ends when told to."""
    program = lone_town.program(telegram={"api_base_url": f"http://127.0.0.1:{unused_port}"})
    await program.start()
    await lone_town.until(lambda: "polling_failed" in program.output(), "a first try")
    assert await program.stop() < 5


@pytest.fixture
async def postgresql_town(postgresql_database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A town on PostgreSQL."""
    async with open_town(postgresql_database_url, tmp_path) as opened:
        yield opened
        print(opened.output())  # shown when the test failed


async def test_a_database_that_drops_every_connection_is_found_again(postgresql_town: Town) -> None:
    """PostgreSQL is restarted under the program: it connects anew, leads again, and serves Ann once."""
    town = postgresql_town
    ann = town.person("Ann")
    program = await town.starts()
    ann.starts()
    await ann.hears("Tailor")
    await town.settled()
    operator = open_database(town.url)
    async with operator.write() as tx:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        await tx.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    await operator.close()
    ann.says("/help")
    await ann.hears("", after=ann.heard()[-1]["id"])
    assert program.running
    assert len(ann.heard()) == 2
