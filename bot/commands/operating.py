"""``carebot check`` and ``carebot migrate``."""

import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.check import Finding, Level
from bot.check import check as look
from bot.commands.common import run
from bot.settings import Settings
from bot.settings_file import load_settings
from storage.migrate import migrate as bring_forward
from storage.opening import make_file, opened_unchecked

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def check(file: Path | None) -> int:
    """Print what was found, as it is found; returns the exit status: 2 when something is a problem."""
    return run(_check(load_settings(file)))


async def _check(settings: Settings) -> int:
    worst = 0
    async for finding in look(settings):
        _print(finding)
        worst = 2 if finding.level is Level.PROBLEM else worst
    return worst


def _print(finding: Finding) -> None:
    if sys.stdout.isatty():
        Console().print(Text.assemble((f"{finding.level:8}", _COLOURS[finding.level]), finding.text))
    else:
        print(f"{finding.level:8}{finding.text}", flush=True)


def migrate(file: Path | None) -> None:
    """Bring the database to this program's schema and say from where to where."""
    before, after = run(_migrate(load_settings(file)))
    print(f"schema {before or 'none'} -> {after}" if before != after else f"schema {after}: nothing to do")


async def _migrate(settings: Settings) -> tuple[str | None, str]:
    make_file(settings.storage.url)
    async with opened_unchecked(settings.storage.url) as database:
        return await bring_forward(database)
