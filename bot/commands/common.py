"""What several commands need: settings, an opened database, and one transaction's work."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bot.clock import Clock
from bot.settings import Settings
from bot.settings_file import load_settings
from services.work import Work
from storage.database import Database, Tx
from storage.opening import opened
from texts import Texts

_T = TypeVar("_T")


def run(work: Coroutine[None, None, _T]) -> _T:
    """Run a command's work to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def store(file: Path | None) -> AsyncIterator[tuple[Settings, Database]]:
    """The settings and their database, opened and checked."""
    settings = load_settings(file)
    async with opened(settings.storage.url) as database:
        yield settings, database


def work_of(settings: Settings, tx: Tx) -> Work:
    """Return one transaction's work as the services want it."""
    languages = tuple(settings.business.languages)
    return Work(tx, Clock().now(), settings.bot_id, settings.rules(), Texts(languages))


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below each other on a terminal, and with tabs between their cells to anything else."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console  # takes a while to load, and most commands print no table
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def printable(text: str) -> str:
    """Return people's words in one line, without anything that could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\u200d" else " " for c in text)


def say_error(line: str) -> None:
    """Write one line to standard error."""
    print(line, file=sys.stderr)
