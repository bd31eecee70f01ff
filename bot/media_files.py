"""The media folder, kept to what the database still wants."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from bot.jobs import media_path
from storage.database import Database
from storage.retention import list_kept_files

_NAME = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 200
_GRACE_S = 3600.0
"""A file this young may belong to a row that is not committed yet."""


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
