"""``carebot export`` and ``carebot search``."""

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.common import printable, run, store
from domain.errors import BadInput
from domain.words import query_phrases
from services.review import excerpt, export_csv, read_period
from storage.search import Found, search_interactions

_BOM = "\ufeff"


def export(
    file: Path | None,
    kind: str,
    since: str | None,
    until: str | None,
    out: Path | None,
    bom: bool,
    confidential: bool = False,
) -> None:
    """Write one kind of rows as CSV to ``out``, or to standard output; ``confidential`` cases too if wanted."""
    run(_export(file, kind, since, until, out, bom, confidential))


async def _export(
    file: Path | None, kind: str, since: str | None, until: str | None, out: Path | None, bom: bool, confidential: bool
) -> None:
    async with store(file) as (settings, database):
        period = read_period(since, until, zone=settings.business.time_zone)
        target = _opened_for_writing(out) if out else sys.stdout.buffer
        try:
            if bom:
                target.write(_BOM.encode())
            async for piece in export_csv(database, kind, period, confidential=confidential):
                await asyncio.to_thread(target.write, piece.encode())
            target.flush()
        finally:
            if out:
                target.close()


def _opened_for_writing(out: Path) -> BinaryIO:
    try:
        return out.open("wb")
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be written: {(error.strerror or 'error').lower()}") from None


def search(file: Path | None, query: str, limit: int) -> None:
    """Print the newest interactions that hold every word of ``query``."""
    run(_search(file, query, limit))


async def _search(file: Path | None, query: str, limit: int) -> None:
    if not query_phrases(query):
        raise BadInput("there is no word in the search; write what to look for, such as: carebot search coat")
    async with store(file) as (settings, database):
        async with database.read() as tx:
            hits = await search_interactions(tx, query, limit=limit)
        if not hits:
            print(f"nothing found for {printable(query)}")
            return
        zone = settings.business.time_zone
        rows = [
            (f"{hit.at.astimezone(zone):%Y-%m-%d %H:%M}", _who(hit), _case(hit), _words(hit, query)) for hit in hits
        ]
    if not sys.stdout.isatty():
        for when, who, case, words in rows:
            print(f"{when}\t{case}\t{who}\t{words.plain}")
        return
    table = Table("when", "case", "who", "words", box=None, header_style="bold")
    for when, who, case, words in rows:
        table.add_row(when, case, Text(who), words)
    Console().print(table)


def _who(hit: Found) -> str:
    name = printable(hit.customer) or "(forgotten)"
    return name if hit.author == "customer" else f"{hit.author} → {name}"


def _case(hit: Found) -> str:
    return f"C-{hit.case_number}" if hit.case_number is not None else "-"


def _words(hit: Found, query: str) -> Text:
    before, found, after = excerpt(hit.text, query)
    return Text.assemble(before, (found, "bold yellow"), after)
