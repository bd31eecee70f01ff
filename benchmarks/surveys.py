"""What the results of a big survey cost beside the barest count of the same answers.

``python -m benchmarks.surveys``: interleaved rounds on SQLite over a million answers, medians beside the goals.
"""

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys.results import Results, Split
from services.surveys.book import add_survey
from services.surveys.document import read_toml
from services.surveys.results import results
from services.work import Work
from storage.database import Database, Tx, open_database
from storage.migrate import migrate
from texts import Texts

ANSWERS, PEOPLE, QUESTIONS = 1_000_000, 20_000, 3
_NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
_MONTHS = 20
_MIB = 2**20
_RULES = replace(Rules(), languages=("en",))
_BARE = "SELECT question, number, count(*) FROM survey_answers GROUP BY question, number"
_SURVEY = """
key = "big"
title.en = "Big"
[[questions]]
key = "nps"
kind = "nps"
text.en = "Would you recommend us?"
[[questions.jumps]]
to = "words"
at_least = 9
[[questions]]
key = "why"
kind = "multi_choice"
text.en = "Why?"
[[questions.options]]
key = "price"
label.en = "The price"
[[questions.options]]
key = "quality"
label.en = "The quality"
[[questions]]
key = "words"
kind = "text"
text.en = "In your words?"
"""


def _responses(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    """Yield one run in three that was not finished, spread over months, tiers and languages."""
    count = -(-ANSWERS // QUESTIONS)
    ends_ms = int(_NOW.timestamp() * 1000)
    span_ms = int(timedelta(days=30 * _MONTHS).total_seconds() * 1000)
    for nth in range(1, count + 1):
        at = ends_ms - span_ms + nth * span_ms // count
        state = chance.choice(("finished", "finished", "expired"))
        tier, language = chance.choice(("new", "silver", "gold")), chance.choice(("en", "zh_CN"))
        yield nth, "big", 1, f"o{nth}", 1 + nth % PEOPLE, at, at, state, "purchase", language, tier


def _answers(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for nth in range(ANSWERS):
        response_id, question = 1 + nth // QUESTIONS, nth % QUESTIONS
        if question == 0:
            yield response_id, "nps", "nps", chance.randint(0, 10), None, "", 0
        elif question == 1:
            yield response_id, "why", "multi_choice", None, chance.choice(('["price"]', '["price","quality"]')), "", 0
        else:
            yield response_id, "words", "text", None, None, "words of about the length that people write", 0


def fill(path: Path) -> None:
    """Write the responses and answers below the program, as fast as the file takes them."""
    chance = random.Random(5)
    connection = sqlite3.connect(path)
    with connection:
        at = int(_NOW.timestamp() * 1000)
        people = ((nth, "Ann", "en", f"c{nth}", at) for nth in range(1, PEOPLE + 1))
        connection.executemany(
            "INSERT INTO customers (id, name, language, code, created_at) VALUES (?,?,?,?,?)", people
        )
        connection.executemany(
            "INSERT INTO survey_responses (id, survey, version, occasion, customer_id, asked_at, answered_at, state, "
            "cause, language, tier) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            _responses(chance),
        )
        connection.executemany(
            "INSERT INTO survey_answers (response_id, question, kind, number, choices, text, answered_at) "
            "VALUES (?,?,?,?,?,?,?)",
            _answers(chance),
        )
    connection.close()


def bare(path: Path) -> float:
    """Return the seconds of the barest count that a score could be made of."""
    connection = sqlite3.connect(path)
    began = time.perf_counter()
    connection.execute(_BARE).fetchall()
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def _work(tx: Tx) -> Work:
    return Work(tx, _NOW, 42, _RULES, Texts(("en",)))


async def reckon(database: Database, split: Split | None) -> float:
    """Return the seconds of everything the results say."""
    async with database.read() as tx:
        began = time.perf_counter()
        found = await results(_work(tx), "big", by=SYSTEM, split=split)
        seconds = time.perf_counter() - began
    assert isinstance(found, Results), found
    assert sum(question.answered for question in found.questions) == ANSWERS
    return seconds


async def memory(database: Database) -> float:
    """Return the MiB that the results need at their peak."""
    tracemalloc.start()
    await reckon(database, Split.TIER)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / _MIB


async def measure(folder: Path, rounds: int) -> tuple[dict[str, list[float]], float]:
    """Return the samples of every figure, and the memory."""
    path = folder / "surveys.db"
    database = open_database(f"sqlite+aiosqlite:///{path}")
    samples: dict[str, list[float]] = defaultdict(list)
    try:
        await migrate(database)
        async with database.write() as tx:
            await add_survey(_work(tx), read_toml(_SURVEY, name="big.toml"), by=SYSTEM)
        await asyncio.to_thread(fill, path)
        for nth in range(rounds):
            samples["bare"].append(await asyncio.to_thread(bare, path))
            samples["results"].append(await reckon(database, None))
            samples["by tier"].append(await reckon(database, Split.TIER))
            print(f"round {nth + 1}/{rounds}", file=sys.stderr)
        return samples, await memory(database)
    finally:
        await database.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.surveys", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples, peak = asyncio.run(measure(Path(name), given.rounds))
    figures = {name: median(values) for name, values in samples.items()}
    table = Table("goal", "wanted", "figure", title="Surveys", title_justify="left")
    for what in ("results", "by tier"):
        ratio = f"{figures[what] / figures['bare']:.1f} ({figures[what]:.2f} s; bare {figures['bare']:.2f} s)"
        table.add_row(f"S1 {what} of {ANSWERS:,} answers / a bare GROUP BY of them", "≤ 5", ratio)
    table.add_row("S2 memory of the results by tier, MiB", "≤ 10", f"{peak:.1f}")
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
