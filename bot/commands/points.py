"""``carebot points show`` and ``carebot points verify``: one customer's account, and whether all of them add up."""

import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from bot.commands.common import printable, run, store, work_of
from domain.errors import NotFound
from domain.points import Balance, Entry, Lot
from services.points import balance_of, check_accounts, count_accounts, list_history
from services.records import find_customer
from services.work import Work

_ENTRIES = 20


def show(file: Path | None, who: str) -> None:
    """Print a customer's balance, open lots and newest entries."""
    run(_show(file, who))


async def _show(file: Path | None, who: str) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        work = work_of(settings, tx)
        customer_id = await _find(work, who)
        if customer_id is None:
            raise NotFound(f"there is no customer {printable(who)!r}; give a member number, or an id")
        balance = await balance_of(work, customer_id)
        entries = await list_history(work, customer_id, limit=_ENTRIES)
        zone = settings.business.time_zone
    for line in [*_balance_lines(balance, zone), *_entry_lines(entries, zone)]:
        print(line)


async def _find(work: Work, who: str) -> int | None:
    found = await find_customer(work, code=who)
    if found is None and who.isascii() and who.isdigit() and len(who) <= 18:
        found = await find_customer(work, id=int(who))
    return found


def _balance_lines(balance: Balance, zone: ZoneInfo) -> list[str]:
    lines = [f"balance {balance.points}, pending {balance.pending}, owed {balance.owed}"]
    return lines + [_lot_line(lot, zone) for lot in balance.lots]


def _lot_line(lot: Lot, zone: ZoneInfo) -> str:
    if lot.awaits is not None:
        since = f"await {printable(lot.awaits)}"
    else:
        since = f"available {_moment(lot.available_at, zone)}" if lot.available_at else "never available"
    until = f"expire {_moment(lot.expires_at, zone)}" if lot.expires_at else "never expire"
    return f"lot {lot.id}: {lot.remaining} of {lot.points} left, {since}, {until}"


def _entry_lines(entries: list[Entry], zone: ZoneInfo) -> list[str]:
    return [
        "\t".join(
            (
                str(entry.id),
                _moment(entry.at, zone),
                entry.kind.value,
                f"{entry.points:+}",
                printable(entry.rule or entry.reason or ""),
            )
        )
        for entry in entries
    ]


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def verify(file: Path | None) -> int:
    """Reckon every account again from its entries and report; returns the exit status: 1 when something differs."""
    return run(_verify(file))


async def _verify(file: Path | None) -> int:
    accounts = entries = differences = 0
    after_id: int | None = 0
    async with store(file) as (settings, database):
        async with database.read() as tx:
            total = await count_accounts(work_of(settings, tx))
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("accounts", total=total)
            while after_id is not None:
                async with database.read() as tx:
                    checked = await check_accounts(work_of(settings, tx), after_id=after_id)
                for fault in checked.faults:
                    print(f"customer {fault.customer_id}, {fault.what}")
                accounts, entries = accounts + checked.accounts, entries + checked.entries
                differences += len(checked.faults)
                after_id = checked.last_id
                progress.advance(task, checked.accounts)
    verdict = f"{differences} differences" if differences else "everything adds up"
    print(f"accounts: {accounts}, entries: {entries}: {verdict}")
    return 1 if differences else 0
