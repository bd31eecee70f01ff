"""The media folder, kept to what the database still wants."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.jobs import media_path
from storage.database import Database
from storage.erasure import is_any_erased
from storage.retention import list_kept_files

log = structlog.get_logger("media")

_NAME = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 200
_GRACE_S = 3600.0
"""A file this young may belong to a row that is not committed yet."""
_TIDY_EVERY = timedelta(days=1)
_LOOK_EVERY = timedelta(minutes=10)


async def tidy(database: Database, clock: Clock, folder: Path) -> None:
    """Sweep the folder once a day, and soon after somebody was forgotten, until cancelled."""
    swept_at: datetime | None = None
    while True:
        now = clock.now()
        try:
            if await is_due(database, swept_at, now):
                await sweep(database, folder)
                swept_at = now
        except Exception as error:  # the next look is early enough
            log.warning("media_not_tidied", error=type(error).__name__)
        await clock.wait(asyncio.Event(), now + _LOOK_EVERY)


async def is_due(database: Database, swept_at: datetime | None, now: datetime) -> bool:
    """Return whether to sweep: a day has passed, or somebody's files may have been too young for the last sweep."""
    if swept_at is None or now - swept_at >= _TIDY_EVERY:
        return True
    async with database.read() as tx:
        return await is_any_erased(tx, since_at=swept_at - timedelta(seconds=_GRACE_S))


def delete_files(folder: Path, sha256s: Sequence[str]) -> None:
    """Delete the bytes of files nobody wants any more; one that is gone already is as good as deleted."""
    for sha256 in sha256s:
        with suppress(OSError):
            media_path(folder, sha256).unlink(missing_ok=True)


async def sweep(database: Database, folder: Path) -> int:
    """Delete every file of the folder that no row wants: erased, expired, or left by a crash; returns how many."""
    deleted = 0
    names = _settled_files(folder)
    while part := list(islice(names, _AT_ONCE)):
        async with database.read() as tx:
            kept = await list_kept_files(tx, part)
        unwanted = [name for name in part if name not in kept]
        delete_files(folder, unwanted)
        deleted += len(unwanted)
    return deleted


def _settled_files(folder: Path) -> Iterator[str]:
    """Yield the names of files that are old enough to be known to the database."""
    before = time.time() - _GRACE_S
    for path in folder.glob("??/*"):
        with suppress(OSError):
            if _NAME.fullmatch(path.name) and path.stat().st_mtime < before:
                yield path.name
