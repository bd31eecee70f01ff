"""The kill test: the real program under a mixed load, killed at random moments; nothing is lost, doubled or silent."""

import asyncio
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from uuid import uuid4

from tests.e2e.program import Program
from tests.e2e.town import Json, Town, open_town
from tests.engines import TEMPLATE, administer, migrate_url, postgresql_url, running_postgresql
from tests.proofs.commits import note_commits
from tests.proofs.crowd import Crowd
from tests.proofs.ledger import Ledger

FIXED_SEED = 20260304
_DAWN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
_SETTLE_S = 300.0
_LATENCY_S = 0.04
_MORNING_LATENCY_S = 0.3
_PAUSE_S = 0.04
_LONGEST_LIFE_S = 1.8


_GREETED_ALL_THE_SAME = {"open_case": False, "low_score_for": "0s"}
"""Everybody here has an open complaint: greetings go out nevertheless, so that they can be lost or doubled."""

_QUIET_DESK: Json = {"digest_at": "never", "ask_score": False}
"""What goes by the clock alone stays away, so that every word that is looked at was caused by somebody."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard a storm is: so many kills, among them so many on birthday mornings."""

    kills: int
    mornings: int
    guests: int
    seed: int
    mode: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a storm."""

    faults: list[str]
    figures: Json


async def storm(
    url: str,
    folder: Path,
    plan: Plan,
    say: Callable[[str], None],
    port: int = 0,
    *,
    crowd_type: type[Crowd] = Crowd,
    ledger_type: type[Ledger] = Ledger,
    desk: Json | None = None,
) -> Result:
    """Run one storm to its end and check what it left behind; ``port`` is where a webhook listens.

    ``desk`` is the section of the configuration about the desk.
    """
    began = time.monotonic()
    random = Random(plan.seed)
    await note_commits(url)
    async with open_town(url, folder, start=_DAWN) as town:
        town.opens_desk()
        crowd = crowd_type(town, random, guests=plan.guests)
        care = {"suppression": _GREETED_ALL_THE_SAME}
        program = await town.starts(telegram=_telegram(plan, port), care=care, desk={**_QUIET_DESK, **(desk or {})})
        crowd.open_private_chats()
        await crowd.all_tell_birthdays((_DAWN + timedelta(days=1)).date(), max(1, plan.mornings))
        await crowd.all_complain()
        await town.settled()
        try:
            await _kill_often(town, program, crowd, plan, say)
            await _calm_down(town)
        except BaseException:
            print(town.output(), file=sys.stderr)
            raise
        exported = await program.beside("export", "interactions")
        await program.stop()
        ledger = await ledger_type.read(town, crowd, exported)
    seconds = time.monotonic() - began
    figures = {"kills": plan.kills, **ledger.figures(), **crowd.figures(), "seconds": round(seconds)}
    return Result(ledger.faults(), figures)


def _telegram(plan: Plan, port: int) -> Json:
    if plan.mode == "polling":
        return {"mode": "polling"}
    url = f"http://127.0.0.1:{port}"
    return {"mode": "webhook", "webhook": {"public_url": url, "listen_port": port}}


async def _kill_often(town: Town, program: Program, crowd: Crowd, plan: Plan, say: Callable[[str], None]) -> None:
    random = crowd.random
    mornings = set(random.sample(range(plan.kills), plan.mornings))
    town.world.set_latency(_LATENCY_S)
    acting = asyncio.create_task(crowd.run(_PAUSE_S))
    try:
        for nth in range(plan.kills):
            if nth in mornings:
                crowd.asleep = True
                await _move_to(town, hour=20)
                await _move_to(town, hour=9, days=1)
                crowd.asleep = False
                await _greetings_go_out(town, random)
            else:
                await asyncio.sleep(random.uniform(0, _LONGEST_LIFE_S))
            assert program.running, f"the program ended by itself:\n{program.output()}"
            await program.kill()
            say(f"killed {nth + 1} of {plan.kills}")
            await _start(town, program, patient=random.random() < 0.8 or nth + 1 in mornings or nth + 1 == plan.kills)
    finally:
        acting.cancel()
        with suppress(asyncio.CancelledError):
            await acting


async def _start(town: Town, program: Program, *, patient: bool) -> None:
    """Start the program; the impatient kill it again while it is still starting."""
    if patient:
        await town.restarts(program)
    else:
        await program.start()


async def _greetings_go_out(town: Town, random: Random) -> None:
    """Come back while some greetings are under way, or at any moment of the morning."""
    if random.random() < 0.8:
        before = await _greeted(town)

        async def greeting() -> bool:
            return await _greeted(town) > before

        await town.until(greeting, "greetings to go out", _SETTLE_S)
    await asyncio.sleep(random.uniform(0, _MORNING_LATENCY_S))
    town.world.set_latency(_LATENCY_S)


async def _move_to(town: Town, *, hour: int, days: int = 0) -> None:
    """Move the clock on, once nothing waits at Telegram, and no greeting that would be late."""

    async def all_is_done() -> bool:
        now = datetime.fromisoformat(town.world.now())
        planned = any(row.due_at <= now for row in await town.rows("deliveries", state="planned"))
        queued = await town.rows("outbox", purpose="campaign", state="queued")
        return not planned and not queued and not town.world.pending_updates()

    await town.until(all_is_done, "the day to be over", _SETTLE_S)
    town.world.set_latency(_MORNING_LATENCY_S if days else _LATENCY_S)
    today = datetime.fromisoformat(town.world.now()) + timedelta(days=days)
    town.world.jump_to(today.replace(hour=hour, minute=0, second=1, microsecond=0))


async def _greeted(town: Town) -> int:
    return sum(row.state != "queued" for row in await town.rows("outbox", purpose="campaign"))


async def _calm_down(town: Town) -> None:
    """Let everything that waits for a tap, a tick or another try come to its end."""
    town.world.set_latency(0)
    await town.settled(_SETTLE_S, files_too=False)  # a file that was being fetched is tried again minutes later
    for _ in range(2):
        town.world.jump(timedelta(minutes=11).total_seconds())

        async def nothing_due() -> bool:
            return not [row for row in await town.rows("dialogues") if row.due_at is not None]

        await town.until(nothing_due, "open conversations to end", _SETTLE_S)
        await town.settled(_SETTLE_S)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="carebot-proof-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _say(line: str) -> None:
    print(f"\r  {line}  ", end="", file=sys.stderr, flush=True)


def run_sqlite(plan: Plan, **how: Any) -> Result:
    """Run a storm on a SQLite file of its own."""
    with fresh_folder() as folder:
        url = f"sqlite+aiosqlite:///{folder / 'carebot.db'}"
        asyncio.run(migrate_url(url))
        return asyncio.run(storm(url, folder, plan, _say, free_port(), **how))


def run_postgresql(plan: Plan, **how: Any) -> Result:
    """Run a storm on a PostgreSQL database of its own."""
    with fresh_folder() as folder, running_postgresql() as server:
        name = f"p{uuid4().hex}"
        asyncio.run(administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
        return asyncio.run(storm(postgresql_url(server, name), folder, plan, _say, free_port(), **how))


def free_port() -> int:
    """Return a loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prove() -> bool:
    """Run a storm on each engine with a fixed seed, and one with a random seed; print the figures last."""
    chance = SystemRandom().randrange(10**6)
    runs = [
        ("SQLite, polling", run_sqlite, Plan(25, 6, 30, FIXED_SEED, "polling")),
        ("PostgreSQL, webhook", run_postgresql, Plan(25, 6, 30, FIXED_SEED, "webhook")),
        ("SQLite, webhook", run_sqlite, Plan(25, 6, 30, chance, "webhook")),
        ("PostgreSQL, polling", run_postgresql, Plan(25, 6, 30, chance, "polling")),
    ]
    results = {}
    for name, run, plan in runs:
        print(f"{name}, seed {plan.seed}: {plan.kills} kills", file=sys.stderr)
        result = results[f"{name}, seed {plan.seed}"] = run(plan)
        print(f"\n  {len(result.faults)} faults in {result.figures['seconds']} s", file=sys.stderr)
    return report(results)


def report(results: dict[str, Result]) -> bool:
    """Print faults and figures; returns whether there are no faults."""
    for name, result in results.items():
        for fault in result.faults:
            print(f"BROKEN ({name}): {fault}")
    for name, result in results.items():
        print(name, "holds" if not result.faults else f"{len(result.faults)} faults", sep=": ")
        for figure, value in result.figures.items():
            print(f"  {figure:<15} {value:>8}")
    return not any(result.faults for result in results.values())
