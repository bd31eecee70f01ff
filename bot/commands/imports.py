"""``carebot import customers``, ``purchases`` and ``points``."""

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from bot.clock import Clock
from bot.commands.common import run, say_error, store, work_of
from bot.commands.imports_told import Told
from bot.settings import Settings
from domain.errors import BadInput
from services.imports import Customers, Importer, Known, Points, Purchases, Setting, Source, look_around, run_import
from services.seeding import seed
from services.work import Work
from storage.database import Database, Tx
from texts import Texts


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says: the file, and how it is to be read."""

    kind: str
    path: Path
    encoding: str | None = None
    columns: tuple[str, ...] = ()
    dry_run: bool = False
    no_points: bool = False


def import_file(config: Path | None, given: Given) -> int:
    """Import a CSV file and report; returns the exit status: 1 when a line was bad."""
    told = Told(given.path, dry_run=given.dry_run)
    try:
        counts = run(_import(config, given, told))
    except KeyboardInterrupt:
        told.end()
        say_error("stopped; what was stored stays, and the same command goes on from there")
        return 130
    finally:
        told.end()
    told.report(counts)
    return 1 if counts["bad"] else 0


async def _import(config: Path | None, given: Given, told: Told) -> Counter[str]:
    async with store(config) as (settings, database):
        with _opened(given.path) as file:
            if not given.dry_run:
                await _seed(settings, database)
            setting = Setting(database, _opener(settings), _maker(settings, given), told, dry_run=given.dry_run)
            options = ("no points",) if given.no_points else ()
            source = Source(given.kind, file, given.encoding, given.columns, options)
            before = os.fstat(file.fileno())
            try:
                counts = await run_import(source, setting)
            except BadInput as error:
                raise BadInput(f"{given.path}: {error}") from None
            after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise BadInput(f"{given.path}: was changed while it was read; import it again")
    return counts


async def _seed(settings: Settings, database: Database) -> None:
    async with database.write() as tx:
        branches = [(branch.code, branch.name) for branch in settings.business.branches]
        await seed(work_of(settings, tx), branches=branches)


def _opener(settings: Settings) -> Callable[[Tx], Work]:
    """Return what opens a transaction's work; rules and words are read once, not once a slice."""
    clock, bot_id, rules = Clock(), settings.bot_id, settings.rules()
    texts = Texts(tuple(settings.business.languages))
    return lambda tx: Work(tx, clock.now(), bot_id, rules, texts)


def _maker(settings: Settings, given: Given) -> Callable[[Work], Awaitable[Importer]]:
    kinds: dict[str, Callable[[Known], Importer]] = {
        "customers": Customers,
        "purchases": partial(Purchases, points=not given.no_points),
        "points": Points,
    }

    async def make(work: Work) -> Importer:
        planned = {branch.code: 0 for branch in settings.business.branches} if given.dry_run else {}
        return kinds[given.kind](await look_around(work, more_branches=planned))

    return make


def _opened(path: Path) -> BinaryIO:
    """Open a file that can be read from its beginning more than once. Raises :class:`BadInput`."""
    try:
        file = path.open("rb")
    except IsADirectoryError:
        raise BadInput(f"{path}: is a folder; name the file in it") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {(error.strerror or 'error').lower()}") from None
    if not S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise BadInput(f"{path}: is no file; write it to a file first")
    return file
