"""``make bench``: interleaved rounds of every program under every load, then medians beside the goals."""

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.goals import GOALS, MEMORY, Medians
from benchmarks.measure import RunFailed, measure
from benchmarks.rows import REPLY_100, ROWS, Row

Samples = dict[tuple[str, str], list[float]]


def main() -> int:
    """Measure what was asked for, print the tables and return the exit code: 0 unless a program failed."""
    given = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 130)
    runs = list(_runs(given.only, given.rows))
    samples: Samples = defaultdict(list)
    record: list[dict[str, Any]] = []
    failures = 0
    for number in range(given.rounds):
        # Interleaved, and from another start each round: a slow minute of the machine hits everyone.
        shift = number * len(runs) // given.rounds
        for contestant, row in runs[shift:] + runs[:shift]:
            try:
                results = measure(contestant, row)
            except RunFailed as failure:
                failures += 1
                console.print(f"[red]{contestant.name}, {row.key}: {failure}", markup=True, highlight=False)
                continue
            figures = _figures(row, results)
            for name, value in figures.items():
                samples[contestant.name, name].append(value)
            record.append({"round": number, "contestant": contestant.name, "row": row.key, **results})
            console.print(f"[dim]round {number + 1}/{given.rounds}  {row.key:14}  {contestant.name}: {_said(figures)}")
    medians = {key: median(values) for key, values in samples.items()}
    console.print(figures_table(medians), goals_table(medians))
    if given.json:
        given.json.write_text(json.dumps(_report(given.rounds, medians, record), indent=1), encoding="utf-8")
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", metavar="WORDS", help="programs whose name holds these words")
    parser.add_argument("--rows", action="append", metavar="WORDS", help="loads whose name holds these words")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file as well")
    return parser.parse_args()


def _runs(only: Sequence[str] | None, rows: Sequence[str] | None) -> Iterator[tuple[Contestant, Row]]:
    for row in ROWS:
        for contestant in CONTESTANTS:
            is_wanted = not only or any(words in contestant.name for words in only)
            is_asked = not rows or any(words in row.key for words in rows)
            if row in contestant.rows and is_wanted and is_asked:
                yield contestant, row


def _figures(row: Row, results: dict[str, Any]) -> dict[str, float]:
    found = {name: read(results) for name, read in row.figures.items()}
    if row is REPLY_100:
        found[MEMORY] = results["memory_mib"]
    return {name: value for name, value in found.items() if value is not None}


def _said(figures: dict[str, float]) -> str:
    return ", ".join(f"{value:,.1f} {name}" for name, value in figures.items())


def figures_table(medians: Medians) -> Table:
    """Return the medians, a program a line."""
    names = [*dict.fromkeys(name for row in ROWS for name in row.figures), MEMORY]
    caption = "in: updates answered, out: messages sent, p50 and p99: time from an update's arrival to its answer"
    table = Table(title="Medians", title_justify="left", caption=caption, caption_justify="left")
    table.add_column("program", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for contestant in CONTESTANTS:
        values = [medians.get((contestant.name, name)) for name in names]
        if any(value is not None for value in values):
            table.add_row(contestant.name, *("" if value is None else f"{value:,.1f}" for value in values))
    return table


def goals_table(medians: Medians) -> Table:
    """Return the goals with their figures and whether they hold."""
    table = Table(title="Goals", title_justify="left")
    for title in ("", "goal", "wanted", "figure", ""):
        table.add_column(title, justify="right" if title in ("wanted", "figure") else "left")
    for goal in GOALS:
        value = goal.figure(medians)
        wanted = f"{'≥' if goal.is_minimum else '≤'} {goal.bound:g}"
        if value is None:
            table.add_row(goal.key, goal.what, wanted, "", "[dim]not measured")
        else:
            verdict = "[green]holds" if goal.holds(value) else "[yellow]falls short"
            table.add_row(goal.key, goal.what, wanted, f"{value:.2f}", verdict)
    return table


def _report(rounds: int, medians: Medians, record: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "rounds": rounds,
        "medians": [{"contestant": who, "figure": what, "median": value} for (who, what), value in medians.items()],
        "goals": [{"key": goal.key, "goal": goal.what, "figure": goal.figure(medians)} for goal in GOALS],
        "runs": record,
    }
