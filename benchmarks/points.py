"""How fast points are earned and spent beside raw commits, and what a long history costs.

``python -m benchmarks.points``: interleaved rounds on SQLite with synchronous FULL, medians beside the goals.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.points import Entry
from domain.rules import Rules
from services import points
from services.customers import meet
from services.work import Work
from storage.database import Database, open_database
from storage.migrate import migrate
from texts import Texts

FEW, MANY = 10, 10_000
_ONE_BY_ONE = 200
_IN_GROUPS, _GROUP = 1000, 50
_LOOKS = 300
_OPEN = 5
_NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Till:
    """A shop's ledger that is measured."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.texts = Texts(("en",))
        self.keys = 0

    async def work(self, act: Callable[[Work], Awaitable[None]]) -> None:
        """Do something in a transaction."""
        async with self.database.write() as tx:
            await act(Work(tx, _NOW, 42, Rules(), self.texts))

    async def customer(self) -> int:
        """Return a new customer."""
        ids: list[int] = []

        async def arrive(work: Work) -> None:
            self.keys += 1
            person = await meet(work, chat_id=self.keys, name="Ann", username=None, language_code="en")
            ids.append(person.customer.id)

        await self.work(arrive)
        return ids[0]

    async def earn(self, work: Work, customer_id: int, *, count: int = 10) -> Entry:
        """Give points under a new key."""
        self.keys += 1
        return _booked(await points.earn(work, customer_id, points=count, source_key=f"k{self.keys}", by=SYSTEM))

    async def spend(self, work: Work, customer_id: int, *, count: int = 10) -> Entry:
        """Spend points under a new key."""
        self.keys += 1
        return _booked(await points.spend(work, customer_id, points=count, source_key=f"k{self.keys}", by=SYSTEM))

    async def account(self, entries: int) -> int:
        """Return a customer with so many entries and a few open lots, as after years of buying and redeeming."""
        customer_id = await self.customer()
        for at in range(0, entries - _OPEN - 1, 500):
            await self.work(partial(self._live, customer_id=customer_id, entries=min(500, entries - _OPEN - 1 - at)))

        async def newest(work: Work) -> None:
            for _ in range(_OPEN):
                await self.earn(work, customer_id)

        await self.work(newest)
        return customer_id

    async def _live(self, work: Work, customer_id: int, entries: int) -> None:
        for _ in range(entries // 2):
            await self.earn(work, customer_id)
            await self.spend(work, customer_id)

    async def rate(self, act: Callable[[Work, int], Awaitable[Entry]], *, group: int) -> float:
        """Return how many a second are booked on one account, so many in each transaction."""
        customer_id = await self.customer()
        await self.work(lambda work: _nothing(self.earn(work, customer_id, count=1_000_000)))
        count = _ONE_BY_ONE if group == 1 else _IN_GROUPS
        began = time.perf_counter()
        for _ in range(count // group):

            async def several(work: Work) -> None:
                for _ in range(group):
                    await act(work, customer_id)

            await self.work(several)
        return count / (time.perf_counter() - began)

    async def look(self, few: int, many: int) -> tuple[float, float]:
        """Return the median seconds a balance of each account takes; they take turns, so that noise hits both."""
        seconds: dict[int, list[float]] = {few: [], many: []}
        async with self.database.read() as tx:
            work = Work(tx, _NOW + timedelta(days=1), 42, Rules(), self.texts)
            for _ in range(_LOOKS):
                for customer_id, taken in seconds.items():
                    began = time.perf_counter()
                    await points.balance_of(work, customer_id)
                    taken.append(time.perf_counter() - began)
        return median(seconds[few]), median(seconds[many])


def _booked(result: Entry | Refusal) -> Entry:
    assert isinstance(result, Entry), result
    return result


async def _nothing(doing: Awaitable[Entry]) -> None:
    await doing


def raw_commits(path: Path) -> float:
    """Return one-row commits a second of bare ``sqlite3``, as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, points INTEGER)")
    began = time.perf_counter()
    for nth in range(_ONE_BY_ONE):
        connection.execute("INSERT INTO bare (points) VALUES (?)", (nth,))
    seconds = time.perf_counter() - began
    connection.close()
    return _ONE_BY_ONE / seconds


async def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return the samples of every figure."""
    database = open_database(f"sqlite+aiosqlite:///{folder / 'points.db'}")
    samples: dict[str, list[float]] = defaultdict(list)
    try:
        await migrate(database)
        till = Till(database)
        few, many = await till.account(FEW), await till.account(MANY)
        for nth in range(rounds):
            samples["raw"].append(raw_commits(folder / "bare.db"))
            samples["earn"].append(await till.rate(till.earn, group=1))
            samples["spend"].append(await till.rate(till.spend, group=1))
            samples["earn in groups"].append(await till.rate(till.earn, group=_GROUP))
            samples["spend in groups"].append(await till.rate(till.spend, group=_GROUP))
            for name, seconds in zip(("few", "many"), await till.look(few, many), strict=True):
                samples[name].append(seconds)
            print(f"round {nth + 1}/{rounds}", file=sys.stderr)
    finally:
        await database.close()
    return samples


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.points", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples = asyncio.run(measure(Path(name), given.rounds))
    figures = {name: median(values) for name, values in samples.items()}
    raw = figures["raw"]
    table = Table("goal", "wanted", "figure", title="Points", title_justify="left")
    for what in ("earn", "spend"):
        ratio = f"{figures[what] / raw:.2f} ({figures[what]:,.0f}/s; raw {raw:,.0f}/s)"
        table.add_row(f"L1 {what}, a commit each: ledger / raw one-row commit", "≥ 0.2", ratio)
    for what in ("earn in groups", "spend in groups"):
        ratio = f"{figures[what] / raw:.2f} ({figures[what]:,.0f}/s)"
        table.add_row(f"L1 {what} of {_GROUP}: ledger / raw one-row commit", "≥ 0.3", ratio)
    ratio = f"{figures['many'] / figures['few']:.2f} ({1000 * figures['many']:.2f} ms)"
    table.add_row(f"L2 balance of {MANY:,} entries / of {FEW}", "≤ 1.5", ratio)
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
