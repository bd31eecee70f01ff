"""``carebot import customers``."""

import csv
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bot.clock import Clock
from bot.commands.common import printable, run, say_error, store, work_of
from bot.settings import Settings
from domain.errors import BadInput
from services.imports import ImportRow, Parsed, Problem, decode, parse_customers, store_customers
from services.review import cell
from services.seeding import seed
from storage.database import Database
from storage.people import list_branch_codes

_SLICE = 500
_SHOWN = 20


def import_customers(file: Path | None, path: Path, *, dry_run: bool, encoding: str | None) -> int:
    """Import a CSV file and report; returns the exit status: 1 when a line was bad."""
    return run(_import(file, path, dry_run, encoding))


async def _import(file: Path | None, path: Path, dry_run: bool, encoding: str | None) -> int:
    async with store(file) as (settings, database):
        if not dry_run:
            async with database.write() as tx:
                branches = [(branch.code, branch.name) for branch in settings.business.branches]
                await seed(work_of(settings, tx), branches=branches)
        async with database.read() as tx:
            codes = await list_branch_codes(tx)
        if dry_run:
            codes = {branch.code: 0 for branch in settings.business.branches} | codes
        today = Clock().now().astimezone(settings.business.time_zone).date()
        try:
            parsed = parse_customers(decode(_read(path), encoding), branches=codes, today=today)
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from None
        counts = await _store(database, settings, parsed.rows, dry_run)
    _report(path, parsed, counts, dry_run)
    return 1 if parsed.problems else 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {(error.strerror or 'error').lower()}") from None


async def _store(database: Database, settings: Settings, rows: list[ImportRow], dry_run: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("customers", total=len(rows))
        for at in range(0, len(rows), _SLICE):
            part = rows[at : at + _SLICE]
            async with database.read() if dry_run else database.write() as tx:
                counts += await store_customers(work_of(settings, tx), part, dry_run=dry_run)
            progress.advance(task, len(part))
    return counts


def _report(path: Path, parsed: Parsed, counts: Counter[str], dry_run: bool) -> None:
    if parsed.unknown_columns:
        say_error(f"ignored columns: {printable(', '.join(parsed.unknown_columns))}")
    for problem in parsed.problems[:_SHOWN]:
        say_error(_line(problem))
    errors = path.with_name(f"{path.name}.errors.csv")
    with suppress(OSError):
        errors.unlink(missing_ok=True)
    if parsed.problems:
        more = len(parsed.problems) - _SHOWN
        say_error(f"{f'… and {more} more; ' if more > 0 else ''}all of them: {_write(errors, parsed.problems)}")
    bad = len({problem.line for problem in parsed.problems})
    would = "would be " if dry_run else ""
    print(f"{would}new: {counts['new']}, {would}changed: {counts['changed']}, same: {counts['same']}, bad lines: {bad}")


def _line(problem: Problem) -> str:
    where = f"line {problem.line}" + (f", {problem.column}" if problem.column else "")
    value = f'"{printable(problem.value)[:40]}" ' if problem.value else ""
    return f"{where}: {value}{problem.text}"


def _write(errors: Path, problems: list[Problem]) -> str:
    try:
        with errors.open("w", encoding="utf-8-sig", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(["line", "column", "value", "problem"])
            writer.writerows([p.line, p.column, cell(p.value), p.text] for p in problems)
    except OSError as error:
        return f"{errors} could not be written: {(error.strerror or 'error').lower()}"
    return str(errors)
