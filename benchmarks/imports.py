"""How fast a file comes in beside raw inserts of the same rows, and how little memory a long one needs.

``python -m benchmarks.imports``: interleaved rounds, medians beside the goals; the memory figures are of the real
command in a process of its own.
"""

import argparse
import asyncio
import io
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from domain.rules import Rules
from services.imports import (
    Customers,
    Head,
    Importer,
    Known,
    Outcome,
    Purchases,
    Setting,
    Source,
    Survey,
    look_around,
    run_import,
)
from services.work import Work
from storage.database import Tx, open_database
from storage.migrate import migrate
from texts import Texts

ROWS, ROWS_EARNING = 20_000, 1000
FEW, MANY = 10_000, 1_000_000
_SLICE = 1000
_NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
_CONFIG = '[telegram]\ntoken = "42:a-token-of-nobody"\n[storage]\nurl = "sqlite+aiosqlite:///{}"\n'


class Silent:
    """Hears how an import goes and tells nobody."""

    def begin(self, found: Survey, head: Head, lines_done: int) -> None:
        """Nothing."""

    def tell(self, outcomes: Sequence[Outcome], *, bytes_done: int, counts: Any) -> None:
        """Nothing."""

    def take_back(self) -> None:
        """Nothing."""

    def finishing(self) -> None:
        """Nothing."""


def lines_of_people(count: int) -> Iterator[str]:
    """Yield a file of so many customers with all a shop usually knows of them."""
    yield "id,name,phone,language,birthday,tags\n"
    for n in range(count):
        yield f"K{n},王小明 {n},+86138{n % 10**8:08d},zh_CN,19{60 + n % 40}-{1 + n % 12:02d}-{1 + n % 28:02d},vip;tea\n"


def sales(count: int, customers: int, prefix: str) -> str:
    """Return a file of so many purchases of so many customers, over the last months."""
    lines = (
        f"{prefix}{n},K{n * 7919 % customers},2026-{1 + n % 10:02d}-{1 + n % 28:02d} 10:{n % 60:02d},{10 + n % 500}.50,"
        "tea;cup x2\n"
        for n in range(count)
    )
    return "id,customer,bought_at,amount,items\n" + "".join(lines)


async def fresh(path: Path) -> None:
    """Make an empty database at ``path``."""
    database = open_database(f"sqlite+aiosqlite:///{path}")
    await migrate(database)
    await database.close()


async def bring(path: Path, make: Callable[[Known], Importer], text: str, kind: str) -> float:
    """Import a file into a database; returns rows a second."""
    database, texts = open_database(f"sqlite+aiosqlite:///{path}"), Texts()

    def work(tx: Tx) -> Work:
        return Work(tx, _NOW, 42, Rules(), texts)

    async def made(first: Work) -> Importer:
        return make(await look_around(first))

    began = time.perf_counter()
    counts = await run_import(Source(kind, io.BytesIO(text.encode())), Setting(database, work, made, Silent()))
    seconds = time.perf_counter() - began
    await database.close()
    assert counts["bad"] == 0, counts
    return sum(counts.values()) / seconds


def raw_again(done: Path, path: Path, tables: Sequence[str], *, audited: str = "customer.import") -> float:
    """Insert what an import made into the same tables of another database, slice by slice; returns rows a second.

    The first of ``tables`` is counted: the others are what has to be written with it, such as the audit of it.
    """
    source = sqlite3.connect(done)
    only = {"audit": f" WHERE action = '{audited}'"}
    rows = {table: source.execute(f"SELECT * FROM {table}{only.get(table, '')}").fetchall() for table in tables}
    source.close()
    target = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        target.execute(f"PRAGMA {pragma}")
    count = len(rows[tables[0]])
    began = time.perf_counter()
    for at in range(0, count, _SLICE):
        target.execute("BEGIN IMMEDIATE")
        for table in tables:
            each = len(rows[table]) // count
            part = rows[table][at * each : (at + _SLICE) * each]
            marks = ", ".join("?" * len(part[0]))
            target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)
        target.execute("COMMIT")
    seconds = time.perf_counter() - began
    target.close()
    return count / seconds


def peak_mib(folder: Path, count: int) -> tuple[float, float]:
    """Import so many rows by the command; returns its greatest memory (MiB) and rows a second."""
    home = folder / f"memory-{count}"
    home.mkdir()
    (home / "carebot.toml").write_text(_CONFIG.format(home / "x.db"), encoding="utf-8")
    with (home / "people.csv").open("w", encoding="utf-8") as file:
        file.writelines(lines_of_people(count))
    asyncio.run(fresh(home / "x.db"))
    command = [sys.executable, "-m", "bot.cli", "import", "customers", str(home / "people.csv")]
    began, peak = time.perf_counter(), 0.0
    done = subprocess.Popen([*command, "--config", str(home / "carebot.toml")], stdout=subprocess.DEVNULL)
    # Not the usage told at its end: that of a child begins with what its parent had.
    status = Path(f"/proc/{done.pid}/status")
    while done.poll() is None:
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        peak = max(peak, *(int(line.split()[1]) / 1024 for line in lines), 0.0)
        time.sleep(0.2)
    assert done.returncode == 0, "the command failed"
    return peak, count / (time.perf_counter() - began)


@dataclass
class Figures:
    """Rows a second of each round."""

    customers: list[float] = field(default_factory=list)
    customers_raw: list[float] = field(default_factory=list)
    sales: list[float] = field(default_factory=list)
    sales_raw: list[float] = field(default_factory=list)
    sales_with_points: list[float] = field(default_factory=list)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=MANY, help="rows of the long file; 0 leaves the memory out")
    given = parser.parse_args()
    table = Table("goal", "wanted", "figure", title="Imports", title_justify="left")
    with tempfile.TemporaryDirectory() as name:
        figures = Figures()
        for number in range(given.rounds):
            _round(Path(name), number, figures)
        _add_rates(table, figures)
        if given.many:
            few, many = peak_mib(Path(name), FEW), peak_mib(Path(name), given.many)
            more = f"{many[0] - few[0]:+.0f} ({few[0]:.0f} → {many[0]:.0f}; {many[1]:,.0f} rows/s)"
            table.add_row(f"L3 memory, {given.many:,} rows beside {FEW:,}, MiB", "≤ +40", more)
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    return 0


def _add_rates(table: Table, figures: Figures) -> None:
    ours, raw = median(figures.customers), median(figures.customers_raw)
    table.add_row("L3 customers: carebot / raw executemany", "≥ 0.1", f"{ours / raw:.2f}")
    table.add_row("L3 customers, rows a second", "≥ 5,000", f"{ours:,.0f} (raw {raw:,.0f})")
    ours, raw = median(figures.sales), median(figures.sales_raw)
    table.add_row("L3 purchases, no points: carebot / raw executemany", "≥ 0.1", f"{ours / raw:.2f}")
    table.add_row("L3 purchases, no points, rows a second", "≥ 5,000", f"{ours:,.0f} (raw {raw:,.0f})")
    table.add_row("L3 purchases with points, rows a second", "", f"{median(figures.sales_with_points):,.0f}")


def _round(folder: Path, number: int, figures: Figures) -> None:
    done, other = folder / f"{number}.db", folder / f"{number}-raw.db"
    for path in (done, other):
        asyncio.run(fresh(path))
    figures.customers.append(asyncio.run(bring(done, Customers, "".join(lines_of_people(ROWS)), "customers")))
    figures.customers_raw.append(raw_again(done, other, ("customers", "customer_tags", "audit")))
    silent = partial(Purchases, points=False)
    figures.sales.append(asyncio.run(bring(done, silent, sales(ROWS, ROWS, "S"), "purchases")))
    figures.sales_raw.append(raw_again(done, other, ("purchases", "audit"), audited="purchase.recorded"))
    figures.sales_with_points.append(asyncio.run(bring(done, Purchases, sales(ROWS_EARNING, ROWS, "P"), "purchases")))


if __name__ == "__main__":
    sys.exit(main())
