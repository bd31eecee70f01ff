"""``carebot campaign watch`` and ``results``: how far a campaign is, and what came of it; both only read."""

import asyncio
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

from bot.commands.campaign_book import unknown_campaign
from bot.commands.common import printable, run, store, work_of
from bot.settings import Settings
from domain.campaigns import CampaignState
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns.book import Kept, get_campaign
from services.campaigns.plain_words import title_words
from services.campaigns.progress import Progress as Counted
from services.campaigns.progress import progress
from services.campaigns.progress_words import progress_in_words
from services.campaigns.result_words import lines_of
from services.campaigns.results import results
from services.work import Work
from storage.database import Database
from texts.catalogue import plain

_LANGUAGE = "en"
_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)
_EVERY_S = 1.0
_EVERY_PLAIN_S = 15.0
_SHARE = 20
"""Counting takes at most this part of the time, however much there is to count."""


def watch(file: Path | None, key: str, occasion: str | None, *, once: bool) -> None:
    """Show how far a campaign is until it is over, or until it is interrupted; nothing is changed."""
    try:
        run(_watch(file, key, occasion, once))
    except KeyboardInterrupt:
        print("no longer watching; the campaign goes on")


async def _watch(file: Path | None, key: str, occasion: str | None, once: bool) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    async with store(file) as (settings, database):
        kept, _, lines = await _look(settings, database, key, occasion)
        if not once and kept.state not in _OVER:
            watching = _draw if console.is_terminal else _print
            _, _, lines = await watching(settings, database, key, occasion, console)
    for line in lines:
        console.print(line)


async def _look(
    settings: Settings, database: Database, key: str, occasion: str | None
) -> tuple[Kept, Counted, list[str]]:
    """Return a campaign with its progress, and that in lines. Raises :class:`NotFound`."""
    async with database.read() as tx:
        work = work_of(settings, tx)
        kept = await get_campaign(work, key)
        if kept is None:
            raise unknown_campaign(key)
        found = await progress(work, key, occasion)
        return kept, found, _lines(progress_in_words(work, kept, found, _LANGUAGE))


def _lines(html: str) -> list[str]:
    return [printable(plain(line)) for line in html.split("\n")]


async def _draw(
    settings: Settings, database: Database, key: str, occasion: str | None, console: Console
) -> tuple[Kept, Counted, list[str]]:
    """Draw a bar that moves until the campaign is over."""
    figures = TextColumn("{task.fields[figures]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), figures)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(printable(key), total=None, figures="")
        while True:
            begun = monotonic()
            seen = await _look(settings, database, key, occasion)
            kept, found, _ = seen
            said = _short(settings, kept, found)
            bar.update(task, completed=found.settled, total=found.total or None, figures=said)
            if kept.state in _OVER:
                return seen
            await asyncio.sleep(max(_EVERY_S, (monotonic() - begun) * _SHARE))


def _short(settings: Settings, kept: Kept, found: Counted) -> str:
    """Return the figures beside the bar in a few words."""
    words = [f"{kept.state}", f"sent {found.sent:,}", f"{found.rate_per_s:.1f}/s"]
    if found.failed:
        words.append(f"failed {sum(found.failed.values()):,}")
    if found.unknown:
        words.append(f"unknown {found.unknown:,}")
    if found.finish_at is not None:
        words.append(f"through {found.finish_at.astimezone(settings.business.time_zone):%a %H:%M}")
    return ", ".join(words)


async def _print(
    settings: Settings, database: Database, key: str, occasion: str | None, console: Console
) -> tuple[Kept, Counted, list[str]]:
    """Print a line whenever something changed, for a file or another program to read."""
    before = ""
    while True:
        begun = monotonic()
        seen = await _look(settings, database, key, occasion)
        kept, found, _ = seen
        if kept.state in _OVER:
            return seen
        line = f"{key}: {found.settled:,} of {found.total:,} done; {_short(settings, kept, found)}"
        if line != before:
            console.print(line)
        before = line
        await asyncio.sleep(max(_EVERY_PLAIN_S, (monotonic() - begun) * _SHARE))


def show(file: Path | None, key: str, occasion: str | None) -> None:
    """Print what came of a campaign so far, or of one of its occasions."""
    run(_show(file, key, occasion))


async def _show(file: Path | None, key: str, occasion: str | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        lines = await _told(work, key, occasion)
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for line in lines:
        console.print(line)


async def _told(work: Work, key: str, occasion: str | None) -> list[str]:
    found = await results(work, key, by=SYSTEM, occasion=occasion)
    if isinstance(found, Refusal):
        raise unknown_campaign(key)
    kept = await get_campaign(work, key)
    assert kept is not None
    title = printable(title_words(work, kept.campaign, _LANGUAGE))
    which = f", {printable(occasion)}" if occasion is not None else ""
    head = f"{title} ({found.key}{which}, version {found.version}, {kept.state})"
    return [head, *(printable(plain(line)) for line in lines_of(work, found, _LANGUAGE))]
