"""The media folder holds what the database wants, and nothing else for long."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.jobs import media_path
from bot.media_files import delete_files, is_due, sweep
from domain.instants import from_ms
from storage.database import Database
from storage.tables import erasures, media

KEPT, LOST, FRESH = "a" * 64, "b" * 64, "c" * 64
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = 1_700_000_000


def put(folder: Path, sha256: str, *, at: float | None = LONG_AGO) -> Path:
    """Put a file in its place, written long ago or just now."""
    path = media_path(folder, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    if at:
        os.utime(path, (at, at))
    return path


async def test_what_no_row_wants_is_swept_away(database: Database, tmp_path: Path) -> None:
    """What a row wants stays, and so does what is too young to be judged, and what is not ours."""
    async with database.write() as tx:
        await tx.execute(
            media.insert().values(
                bot_id=1, file_unique_id="u", file_id="f", state="stored", sha256=KEPT, kept_at=from_ms(0)
            )
        )
    kept, lost, fresh = put(tmp_path, KEPT), put(tmp_path, LOST), put(tmp_path, FRESH, at=None)
    foreign = tmp_path / "aa" / "readme.txt"
    foreign.write_text("x")
    assert await sweep(database, tmp_path) == 1
    assert [path.exists() for path in (kept, lost, fresh, foreign)] == [True, False, True, True]


async def test_a_folder_that_is_not_there_is_swept(database: Database, tmp_path: Path) -> None:
    """Before the first photo there is no folder."""
    assert await sweep(database, tmp_path / "media") == 0


async def test_files_of_the_forgotten_do_not_wait_for_the_daily_sweep(database: Database) -> None:
    """Somebody was forgotten since shortly before the last sweep, whose files were perhaps too young for it."""
    day = timedelta(days=1)
    assert await is_due(database, None, NOON)
    assert await is_due(database, NOON - day, NOON)
    assert not await is_due(database, NOON - day / 2, NOON)
    async with database.write() as tx:
        await tx.execute(erasures.insert().values(customer_id=1, erased_at=NOON - day / 2 - timedelta(minutes=50)))
    assert await is_due(database, NOON - day / 2, NOON)
    assert not await is_due(database, NOON - day / 4, NOON)


def test_deleting_what_is_gone_is_no_error(tmp_path: Path) -> None:
    """The file of an erased customer may be gone already."""
    path = put(tmp_path, LOST)
    delete_files(tmp_path, [LOST, KEPT])
    delete_files(tmp_path, [LOST])
    assert not path.exists()
