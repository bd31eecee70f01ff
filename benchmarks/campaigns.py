"""What planning and handing over a campaign costs, beside the barest insert of as many rows, at several sizes.

``python -m benchmarks.campaigns``: SQLite, everybody is meant; medians beside the goals G5, G6 and G7.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from sqlalchemy import text, update

from campaigns import delivery, planning
from domain.calendars import QuietHours
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns import control
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.work import Work
from storage import campaign_feed, tables
from storage.database import Database, open_database
from storage.migrate import migrate
from texts import Texts

SIZES = (10_000, 100_000, 1_000_000)
_NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_BOT = 7
_SLICE, _FEED, _MESSAGES, _CLAIMS = 5_000, 100, 2_000, 200
_NONE = QuietHours(clock(), clock())
_USUAL = Rules()
_RULES = replace(
    _USUAL,
    quiet=_NONE,
    languages=("en",),
    contact=replace(_USUAL.contact, budget=None),
    campaigns=replace(_USUAL.campaigns, per_second=1_000_000),
)
_PAPER = """
key = "bench"
title.en = "Bench"
when.occasion = "date"
text.en = "Dear {{ name }}, a word from {{ business }}."
[learning]
holdout = 0.1
"""
_BARE = (
    "INSERT INTO bare SELECT NULL, 'bench', 'once', id, '2026-11-23', 'UTC', 1, 2, 'planned', NULL, 'care', 3 "
    "FROM customers WHERE erased_at IS NULL AND merged_into IS NULL"
)


@dataclass(slots=True)
class Figures:
    """What was measured at one size, in seconds but for ``people``."""

    people: int
    bare_s: float
    planned_s: float
    longest_slice_s: float
    claim_p99_s: float
    message_s: float


def fill(path: Path, people: int) -> None:
    """Write people in twelve zones who said yes to care, below the program."""
    at = int(_NOW.timestamp() * 1000)
    zones = ("UTC", "Asia/Shanghai", "Asia/Taipei", "Europe/London", "America/New_York", None)
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(
            "INSERT INTO customers (id, name, language, zone, code, created_at) VALUES (?,?,?,?,?,?)",
            ((nth, "Ann", "en", zones[nth % len(zones)], f"c{nth}", at) for nth in range(1, people + 1)),
        )
        connection.executemany(
            "INSERT INTO contact_points (id, customer_id, bot_id, chat_id, reach, reach_since_at) VALUES (?,?,?,?,?,?)",
            ((nth, nth, _BOT, nth, "reachable", at) for nth in range(1, people + 1)),
        )
        connection.executemany(
            "INSERT INTO consents (customer_id, kind, given, notice_version, changed_at) VALUES (?,'care',1,1,?)",
            ((nth, at) for nth in range(1, people + 1)),
        )
    connection.execute("PRAGMA optimize")
    connection.close()


def bare(path: Path) -> float:
    """Return the seconds of the barest insert of a row a person, without any index."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, a, b, c, d, e, f, g, h, i, j, k)")
    began = time.perf_counter()
    with connection:
        connection.execute(_BARE)
    seconds = time.perf_counter() - began
    connection.execute("DROP TABLE bare")
    connection.commit()
    connection.close()
    return seconds


async def measure(path: Path, people: int) -> Figures:
    """Plan, claim and hand over one campaign for everybody."""
    database = open_database(f"sqlite+aiosqlite:///{path}")
    await migrate(database)
    fill(path, people)
    bare_s = bare(path)
    words = Texts(("en",))
    async with database.write() as tx:
        work = Work(tx, _NOW, _BOT, _RULES, words)
        assert not isinstance(await add_campaign(work, read_toml(_PAPER, name="bench.toml"), by=SYSTEM), Refusal)
        assert not isinstance(await control.launch(work, "bench", by=SYSTEM), Refusal)
        await planning.open_runs(work)
    slices = await _plan(database, words)
    claims = await _claim(database)
    message_s = await _hand_over(database, words)
    await database.close()
    claims.sort()
    return Figures(people, bare_s, sum(slices), max(slices), claims[int(len(claims) * 0.99)], message_s)


async def _plan(database: Database, words: Texts) -> list[float]:
    slices = []
    while True:
        began = time.perf_counter()
        async with database.write() as tx:
            done = await planning.plan_runs(Work(tx, _NOW, _BOT, _RULES, words), limit=_SLICE)
        slices.append(time.perf_counter() - began)
        if not done:
            return slices


async def _claim(database: Database) -> list[float]:
    """Return how long it takes to find a hundred people who are due, time after time."""
    seconds = []
    for _ in range(_CLAIMS):
        async with database.read() as tx:
            began = time.perf_counter()
            await campaign_feed.list_due_people(tx, {"bench": 5}, now=_NOW, limit=_FEED)
            seconds.append(time.perf_counter() - began)
    return seconds


async def _hand_over(database: Database, words: Texts) -> float:
    """Return the seconds a message from due to queued: judged, rendered, recorded."""
    done, spent = 0, 0.0
    while done < _MESSAGES:
        began = time.perf_counter()
        async with database.write() as tx:
            done += await delivery.feed(Work(tx, _NOW, _BOT, _RULES, words), limit=_FEED)
        spent += time.perf_counter() - began
        async with database.write() as tx:
            await tx.execute(update(tables.outbox).where(text("state = 'queued'")).values(state="sent"))
    return spent / done


def main() -> int:
    """Measure every size and print goals and figures; exit status 0 however they fall."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    found: dict[int, list[Figures]] = {}
    for nth in range(max(1, min(rounds, 3))):
        for people in SIZES:
            print(f"campaigns: {people} people, round {nth + 1} …", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="carebot-bench-") as folder:
                found.setdefault(people, []).append(asyncio.run(measure(Path(folder) / "carebot.db", people)))
    _print(found)
    return 0


def _print(found: dict[int, list[Figures]]) -> None:
    table = Table("what", "goal", *(f"{people:,}" for people in found), box=None, header_style="bold")

    def row(what: str, goal: str, figure: object) -> None:
        table.add_row(what, goal, *(str(figure(runs)) for runs in found.values()))  # type: ignore[operator]

    row("G6 planning, times the barest insert", "≤ 3", lambda runs: _ratio(runs))
    row("G6 longest slice, ms", "≤ 100", lambda runs: round(1000 * median(run.longest_slice_s for run in runs)))
    row("G7 finding 100 who are due, p99 ms", "≤ 3", lambda runs: _ms([run.claim_p99_s for run in runs]))
    row("handing over a message, ms", "", lambda runs: _ms([run.message_s for run in runs]))
    Console().print(table)
    costs = [median(run.message_s for run in runs) for runs in found.values()]
    print(f"G5 cost a message, dearest to cheapest size: {max(costs) / min(costs):.2f} (goal ≤ 1.15)")


def _ratio(runs: list[Figures]) -> float:
    return round(median(run.planned_s / run.bare_s for run in runs), 2)


def _ms(seconds: list[float]) -> float:
    return round(1000 * median(seconds), 2)


if __name__ == "__main__":
    sys.exit(main())
