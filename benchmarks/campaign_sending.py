"""Sending campaigns by the real program, against a stand-in that answers in 50 ms: rates, cost, replies beside it.

``python -m benchmarks --part sending``: paid broadcast at a thousand a second, the free thirty a second, replies beside
a campaign and without one, memory while a large campaign goes out; goals G4, G8 and G9. The public broadcaster beside
it is python-telegram-bot as it comes, a hundred sends at a time with nothing planned, judged or stored.
"""

import argparse
import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.carebot import SCRIPT, TOKEN
from benchmarks.contestants import CONTESTANTS, SEND_STOCK, Contestant
from benchmarks.crowd import FIRST_CHAT_ID
from benchmarks.measure import RunFailed, ask, measure, process, standin, usage
from benchmarks.rows import OUTBOUND, Row
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns import control
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.work import Work
from storage.database import open_database
from storage.migrate import migrate
from texts import Texts

_PEOPLE_FROM = FIRST_CHAT_ID + 1_000_000
"""Chats of those a campaign is for; the crowd that writes has those before them."""
_PATIENCE_S, _LOOK_S, _WARM_S = 180.0, 0.2, 4.0
_CONFIG = """
[telegram]
token = "{token}"
api_base_url = "{base_url}"
[storage]
url = "sqlite+aiosqlite:///carebot.db"
[limits]
messages_per_second = {per_second}
private_chat_gap_s = 0
group_per_minute = 0
[care.quiet_hours]
start = "00:00"
end = "00:00"
[campaigns]
shipped = []
[campaigns.paid]
enabled = {paid}
[log]
level = "error"
"""
_PAPER = """
key = "bench"
fallback = "en"
title.en = "Bench"
paid = {paid}
when.occasion = "date"
text.en = "Dear {{{{ name }}}}, a word from {{{{ business }}}}."
[[buttons]]
key = "nice"
kind = "answer"
label.en = "How nice!"
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One run: a campaign for so many ``people``, paid or at ``per_second``, beside so many updates a second.

    It is watched for ``seconds`` from the first messages or answers on.
    """

    name: str
    people: int
    seconds: float
    per_second: int = 30
    paid: bool = False
    updates_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run showed: messages a second, the most in one, the share of a core, replies in ms, memory in MiB."""

    sent_per_s: float
    most_in_a_second: float
    core: float
    reply_p99_ms: float
    memory_mib: float


PAID = Load("paid, 1,000/s", 30_000, 12, per_second=0, paid=True)
FREE = Load("free, 30/s", 2_000, 20)
QUIET = Load("replies alone", 0, 60, updates_per_s=8)
BESIDE = Load("replies beside a campaign", 4_000, 60, updates_per_s=8)
"""Five hundred replies each: of two hundred, the 99th of a hundred is the second slowest, and says little."""
LARGE = Load("free, 1,000,000 people", 1_000_000, 20)


def run(load: Load) -> Ran:
    """Start the program on a database in which a campaign is about to go out, and watch it send."""
    crowd = Contestant("carebot", (), lambda _: [], SCRIPT)
    updates = (
        {"customers": 2_000, "at_once": 50, "rate": load.updates_per_s} if load.updates_per_s else {"customers": 1}
    )
    row = Row("campaign", {}, seconds=_PATIENCE_S, latency_ms=50, **updates)
    with tempfile.TemporaryDirectory(prefix="carebot-bench-") as name:
        folder = Path(name)
        asyncio.run(_prepare(folder / "carebot.db", load))
        with standin(crowd, row, name) as port:
            config = folder / "carebot.toml"
            values = {"base_url": f"http://127.0.0.1:{port}", "per_second": load.per_second, "paid": _toml(load.paid)}
            config.write_text(_CONFIG.format(token=TOKEN, **values), encoding="utf-8")
            command = [str(Path(sys.executable).with_name("carebot")), "run", "--config", str(config)]
            log = folder / "program.log"
            with log.open("wb") as output, process(command, core=1, output=output) as program:
                try:
                    return _watch(port, load, program)
                except RunFailed as failure:
                    raise RunFailed(f"{failure}: {log.read_text(errors='replace')[-800:]}") from None


def _watch(port: int, load: Load, program: subprocess.Popen[bytes]) -> Ran:
    """Wait for the first messages, let the program find its pace, and look again some seconds later."""
    _until(port, program, lambda seen: max(seen["sent"], seen["answered"]) >= 10)
    time.sleep(_WARM_S)
    begun, first, before = time.monotonic(), ask(port, "progress")["sent"], usage(program.pid)
    time.sleep(load.seconds)
    span, last, after = time.monotonic() - begun, ask(port, "progress")["sent"], usage(program.pid)
    found = ask(port, "results")
    return Ran(
        (last - first) / span,
        found["most_sent_in_a_second"],
        ((after["cpu_s"] or 0) - (before["cpu_s"] or 0)) / span,
        found["wait_ms"].get("p99", 0.0),
        after["memory_mib"] or 0,
    )


def _until(port: int, program: subprocess.Popen[bytes], seen: Callable[[dict[str, Any]], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not seen(ask(port, "progress")):
        if program.poll() is not None:
            raise RunFailed("ended by itself")
        if time.monotonic() > end:
            raise RunFailed(f"sent nothing in {_PATIENCE_S:.0f} s")
        time.sleep(_LOOK_S)


def _toml(value: bool) -> str:
    return str(value).lower()


async def _prepare(path: Path, load: Load) -> None:
    """Write people who said yes to care, below the program, and start a campaign for them."""
    database = open_database(f"sqlite+aiosqlite:///{path}")
    await migrate(database)
    bot_id = int(TOKEN.partition(":")[0])
    _fill(path, load.people, bot_id)
    if load.people:
        paper, usual = _PAPER.format(paid=_toml(load.paid)), Rules()
        rules = replace(usual, campaigns=replace(usual.campaigns, paid_broadcast=load.paid))
        async with database.write() as tx:
            work = Work(tx, datetime.now(UTC), bot_id, rules, Texts(("en",)))
            assert not isinstance(await add_campaign(work, read_toml(paper, name="bench.toml"), by=SYSTEM), Refusal)
            launched = await control.launch(work, "bench", by=SYSTEM, paid_yes=True)
            assert not isinstance(launched, Refusal), launched
    await database.close()


def _fill(path: Path, people: int, bot_id: int) -> None:
    at = int(time.time() * 1000)
    numbers = range(1, people + 1)
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO customers (id, name, language, code, created_at) VALUES (?,'Ann','en',?,?)",
            ((nth, f"c{nth}", at) for nth in numbers),
        )
        connection.executemany(
            "INSERT INTO contact_points (customer_id, bot_id, chat_id, reach, reach_since_at)"
            " VALUES (?,?,?,'reachable',?)",
            ((nth, bot_id, _PEOPLE_FROM + nth, at) for nth in numbers),
        )
        connection.executemany(
            "INSERT INTO consents (customer_id, kind, given, notice_version, changed_at) VALUES (?,'care',1,1,?)",
            ((nth, at) for nth in numbers),
        )
    connection.close()


def main() -> int:
    """Run every load some times, interleaved, and print goals and figures; exit status 1 when a program failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --part sending", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="a million people as well: memory, and the rate beside it")
    given = parser.parse_args()
    loads = (PAID, FREE, QUIET, BESIDE, *([LARGE] if given.large else []))
    found: dict[str, list[Ran]] = {load.name: [] for load in loads}
    stock = next(one for one in CONTESTANTS if one.name == SEND_STOCK)
    theirs: list[float] = []
    for nth in range(max(1, min(given.rounds, 5))):
        for load in loads:
            print(f"sending: {load.name}, round {nth + 1} …", file=sys.stderr, flush=True)
            try:
                found[load.name].append(run(load))
            except RunFailed as failure:
                print(f"{load.name}: {failure}", file=sys.stderr)
                return 1
        print(f"sending: {stock.name}, round {nth + 1} …", file=sys.stderr, flush=True)
        theirs.append(measure(stock, OUTBOUND)["sent_per_s"])
    _print(found, median(theirs))
    return 0


def _print(found: dict[str, list[Ran]], theirs: float) -> None:
    def of(load: Load, name: str) -> float:
        return float(median(getattr(ran, name) for ran in found[load.name]))

    table = Table("what", "goal", "figure", "", box=None, header_style="bold")

    def row(what: str, goal: str, figure: float, holds: bool) -> None:
        table.add_row(what, goal, f"{figure:,.2f}", "holds" if holds else "falls short")

    rate, most, core = of(PAID, "sent_per_s"), of(PAID, "most_in_a_second"), of(PAID, "core")
    row("G4 paid, messages a second of 1,000", "≥ 950", rate, rate >= 950)
    row("G4 paid, times a public broadcaster that stores nothing", "≥ 1", rate / theirs, rate >= theirs)
    row("G4 paid, most in one second", "≤ 1,020", most, most <= 1_020)
    row("G4 paid, share of a core", "≤ 0.90", core, core <= 0.9)
    rate, most, core = of(FREE, "sent_per_s"), of(FREE, "most_in_a_second"), of(FREE, "core")
    row("G4 free, messages a second of 30", "≥ 29.4", rate, rate >= 29.4)
    row("G4 free, most in one second", "≤ 30.6", most, most <= 30.6)
    row("G4 free, share of a core", "≤ 0.10", core, core <= 0.1)
    alone, beside = of(QUIET, "reply_p99_ms"), of(BESIDE, "reply_p99_ms")
    row("G8 replies beside a campaign, p99 ms", "< 1,000", beside, beside < 1_000)
    row("G8 … times that without one", "≤ 2", beside / alone if alone else 0, bool(alone) and beside <= 2 * alone)
    if LARGE.name in found:
        more = of(LARGE, "memory_mib") - of(QUIET, "memory_mib")
        row("G9 memory beyond that without a campaign, MiB", "≤ 40", more, more <= 40)
        rate = of(LARGE, "sent_per_s")
        row("G5 a million people, messages a second of 30", "≥ 29.4", rate, rate >= 29.4)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
