"""``carebot dead`` and ``carebot unknown``: what could not be handled, and what nobody knows the arrival of."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.common import printable, run, say_error, store, work_of
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.delivery import assume_delivered, retry_unknown
from services.work import Work
from storage.audit import add_audit
from storage.inbox import get_dead, list_dead, replay_dead
from storage.outbox import list_unknown

_ALL = 1_000_000


def _print(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(printable(str(value)) for value in row))
        return
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    Console().print(table)


def dead_list(file: Path | None, limit: int) -> None:
    """Print the newest dead letters."""
    run(_dead_list(file, limit))


async def _dead_list(file: Path | None, limit: int) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        dead = await list_dead(tx, limit=limit)
        zone = settings.business.time_zone
    if not dead:
        print("no dead letters")
        return
    rows = [
        (d.id, f"{d.received_at.astimezone(zone):%Y-%m-%d %H:%M:%S}", d.chat_id, d.attempts, d.error or "")
        for d in dead
    ]
    _print(("id", "received", "chat", "tries", "error"), rows)


def dead_show(file: Path | None, inbox_id: int, *, payload: bool) -> None:
    """Print one dead letter; what the person said only when asked for."""
    run(_dead_show(file, inbox_id, payload))


async def _dead_show(file: Path | None, inbox_id: int, payload: bool) -> None:
    async with store(file) as (_settings, database), database.read() as tx:
        dead = await get_dead(tx, inbox_id=inbox_id)
    if dead is None:
        raise NotFound(f"there is no dead letter {inbox_id}; `carebot dead list` shows them")
    print(f"id {dead.id}, update {dead.update_id}, chat {dead.chat_id}")
    print(f"received {dead.received_at.isoformat(timespec='seconds')}, tried {dead.attempts} times")
    print(f"error: {printable(dead.error or 'none')}")
    if payload:
        print(printable(dead.payload) if dead.payload else "the update's words are gone (retention or erasure)")
    elif dead.payload:
        print("add --payload to see the raw update, which holds the person's words")


def dead_replay(file: Path | None, inbox_id: int | None, *, everything: bool) -> None:
    """Put one dead letter, or all of them, back in the queue; the running program handles them."""
    if (inbox_id is None) != everything:
        raise BadInput("name one dead letter by its id, or give --all")
    run(_dead_replay(file, inbox_id))


async def _dead_replay(file: Path | None, inbox_id: int | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        wanted = [inbox_id] if inbox_id is not None else [dead.id for dead in await list_dead(tx, limit=_ALL)]
        done = [each for each in sorted(wanted) if await replay_dead(tx, inbox_id=each)]
        for each in done:
            add_audit(tx, at=work.now, actor=SYSTEM, action="inbox.replay", subject=("inbox", each))
    if inbox_id is not None and not done:
        raise NotFound(f"{inbox_id} is no dead letter that can be replayed; `carebot dead list` shows them")
    print(f"{len(done)} back in the queue; the running carebot takes {'it' if len(done) == 1 else 'them'} up")


def unknown_list(file: Path | None, limit: int) -> None:
    """Print what nobody knows the arrival of."""
    run(_unknown_list(file, limit))


async def _unknown_list(file: Path | None, limit: int) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        found = await list_unknown(tx, limit=limit)
        zone = settings.business.time_zone
    if not found:
        print("no unknown deliveries")
        return
    rows = [
        (
            row.id,
            f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            row.purpose.value,
            row.chat_key,
            row.error or "",
        )
        for row in found
    ]
    _print(("id", "made", "purpose", "to", "why"), rows)


def unknown_retry(file: Path | None, row_id: int | None, *, everything: bool) -> None:
    """Send one, or all, again."""
    _decide(file, row_id, everything, retry_unknown, "queued again")


def unknown_assume(file: Path | None, row_id: int | None, *, everything: bool) -> None:
    """Take one, or all, for delivered."""
    _decide(file, row_id, everything, assume_delivered, "taken for delivered")


def _decide(
    file: Path | None,
    row_id: int | None,
    everything: bool,
    decide: Callable[[Work, int], Awaitable[Refusal | None]],
    done: str,
) -> None:
    if (row_id is None) != everything:
        raise BadInput("name one delivery by its id, or give --all")
    count, refusals = run(_decide_each(file, row_id, decide))
    for line in refusals:
        say_error(line)
    if row_id is not None and refusals:
        raise NotFound("`carebot unknown list` shows what can be decided")
    print(f"{count} {done}")


async def _decide_each(
    file: Path | None, row_id: int | None, decide: Callable[[Work, int], Awaitable[Refusal | None]]
) -> tuple[int, list[str]]:
    count, refusals = 0, []
    async with store(file) as (settings, database), database.write() as tx:
        work = work_of(settings, tx)
        found = [row_id] if row_id is not None else [r.id for r in await list_unknown(tx, limit=_ALL)]
        for each in found:
            refusal = await decide(work, each)
            if refusal is None:
                count += 1
            else:
                refusals.append(f"{each}: {work.texts.button(refusal.key, 'en', **refusal.values)}")
    return count, refusals
