"""``carebot mydata``, ``carebot forget`` and ``carebot erasures``: what a person may ask of us, done by hand."""

import asyncio
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot.commands.common import printable, run, say_error, store, work_of
from bot.media_files import delete_files
from bot.settings import Settings
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.erasure import Losses, erase_customer, foresee_losses, replay_erasures
from services.mydata import recipe_for, write_mydata
from services.records import find_customer
from services.work import Work
from storage.database import Database
from storage.erasure import list_erasures
from storage.records import get_record

_PRINTED_TO = timedelta(seconds=1)
"""How exactly `erasures list` prints a moment."""


async def _find(work: Work, code: str) -> int:
    found = await find_customer(work, code=code)
    if found is None:
        raise NotFound(
            f"there is no customer {printable(code)!r}; give the member number, as their points card shows it"
        )
    return found


def mydata(file: Path | None, code: str, out: Path) -> None:
    """Write everything kept about one customer to ``out``."""
    size = run(_mydata(file, code, out))
    print(f"wrote {out}: {size} bytes; it is about a person, so keep it as you would keep a letter")


async def _mydata(file: Path | None, code: str, out: Path) -> int:
    async with store(file) as (settings, database):
        async with database.write() as tx:
            work = work_of(settings, tx)
            customer_id = await _find(work, code)
            recipe = await recipe_for(work, customer_id, by=SYSTEM)
        async with database.read() as tx:
            content = await write_mydata(recipe, tx)
        try:
            await asyncio.to_thread(_write_for_owner, out, content)
        except OSError as error:
            raise BadInput(f"--out: {out} cannot be written: {(error.strerror or 'error').lower()}") from None
    return len(content)


def _write_for_owner(out: Path, content: bytes) -> None:
    """Write a file that nobody else on this machine may read, not even while it is being written."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT, 0o600)
    with open(descriptor, "wb") as file:
        if out.is_file():
            os.fchmod(descriptor, 0o600)  # one that was there keeps its mode otherwise
            file.truncate()
        file.write(content)


def forget(file: Path | None, code: str, *, yes: bool) -> None:
    """Forget one customer everywhere, after saying what is lost and asking for the code once more."""
    run(_forget(file, code, yes))


async def _forget(file: Path | None, code: str, yes: bool) -> None:
    async with store(file) as (settings, database):
        async with database.read() as tx:
            work = work_of(settings, tx)
            losses = await foresee_losses(work, await _find(work, code))
        if not yes:
            await asyncio.to_thread(_ask, code, losses)
        await _erase(settings, database, code)
    print(f"forgotten: {printable(code)}; sums and days stay in the books, without a person")


def _ask(code: str, losses: Losses) -> None:
    if not sys.stdin.isatty():
        raise BadInput("this cannot be undone, and nobody is there to ask; add --yes to do it all the same")
    say_error(
        f"{printable(code)} loses {losses.points} points and {losses.vouchers} vouchers; cases closed: {losses.cases}"
    )
    say_error("This cannot be undone. Write the member number once more to go on:")
    if input().strip() != code.strip():
        raise BadInput("that was another number; nothing was changed")


async def _erase(settings: Settings, database: Database, code: str) -> None:
    async with database.write() as tx:
        work = work_of(settings, tx)
        unwanted = await erase_customer(work, await _find(work, code), by=SYSTEM)
        assert not isinstance(unwanted, Refusal)
    delete_files(settings.storage.media_folder, unwanted)


def show_erasures(file: Path | None) -> None:
    """Print who was forgotten and when, by number, to be kept beside the backups."""
    run(_show_erasures(file))


async def _show_erasures(file: Path | None) -> None:
    async with store(file) as (_settings, database), database.read() as tx:
        for customer_id, erased_at in await list_erasures(tx):
            print(f"{customer_id}\t{erased_at.isoformat(timespec='seconds')}")


def replay(file: Path | None, also: Path | None) -> None:
    """Forget again whoever a restored backup brought back."""
    more = _listed_in(also) if also else {}
    count, files = run(_replay(file, more))
    print(f"forgotten again: {count}; media files deleted: {files}")


def _listed_in(also: Path) -> dict[int, datetime | None]:
    """Return whom a list that ``carebot erasures list`` printed names, and when each was forgotten, if it says so."""
    try:
        lines = also.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--also: {also} cannot be read: {getattr(error, 'strerror', None) or 'not text'}") from None
    listed: dict[int, datetime | None] = {}
    for at, line in enumerate(lines, start=1):
        first, _, second = (part.strip() for part in line.partition("\t"))
        moment = _moment_in(second)
        if not (first.isascii() and first.isdigit() and len(first) <= 18) or (second and moment is None):
            raise BadInput(f"--also: {also}, line {at}: no number; give what `carebot erasures list` printed")
        listed[int(first)] = moment
    return listed


def _moment_in(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


async def _same_people(work: Work, listed: dict[int, datetime | None]) -> list[int]:
    """Return those listed who were here already when they were forgotten.

    A restored database gives numbers out again: whoever came after that moment is somebody else.
    """
    found = []
    for number, erased_at in listed.items():
        record = await get_record(work.tx, number)
        if record is not None and (erased_at is None or record.created_at <= erased_at + _PRINTED_TO):
            found.append(number)
    return found


async def _replay(file: Path | None, listed: dict[int, datetime | None]) -> tuple[int, int]:
    async with store(file) as (settings, database):
        async with database.read() as tx:
            more = await _same_people(work_of(settings, tx), listed)
        async with database.write() as tx:
            replayed = await replay_erasures(work_of(settings, tx), more=more)
        delete_files(settings.storage.media_folder, replayed.files)
    return replayed.customers, len(replayed.files)
