"""The proofs of the desk: three weeks of a shop counted by hand, and a busy desk killed at random moments."""

import asyncio
import sys
from random import SystemRandom
from uuid import uuid4

from tests.e2e.town import Json
from tests.engines import TEMPLATE, administer, migrate_url, postgresql_url, running_postgresql
from tests.proofs import desk_day
from tests.proofs.desk_crowd import DeskCrowd
from tests.proofs.desk_ledger import DeskLedger
from tests.proofs.foundation import FIXED_SEED, Plan, fresh_folder, report, run_postgresql, run_sqlite

LADDER: Json = {"ladder": {"answer_within": "1m", "repeat_every": "10m", "only_at_work": False}}
"""Nobody waits for long in a storm."""


def prove() -> bool:
    """Play the story on each engine, then the storms; print the figures last."""
    story = [_story_on_sqlite(), _story_on_postgresql()]
    chance = SystemRandom().randrange(10**6)
    how = {"crowd_type": DeskCrowd, "ledger_type": DeskLedger, "desk": LADDER}
    runs = [
        ("SQLite, polling", run_sqlite, Plan(20, 4, 24, FIXED_SEED, "polling")),
        ("PostgreSQL, webhook", run_postgresql, Plan(20, 4, 24, chance, "webhook")),
    ]
    results = {}
    for name, run, plan in runs:
        print(f"{name}, seed {plan.seed}: {plan.kills} kills", file=sys.stderr)
        result = results[f"{name}, seed {plan.seed}"] = run(plan, **how)
        print(f"\n  {len(result.faults)} faults in {result.figures['seconds']} s", file=sys.stderr)
    held = report(results)
    for engine, counted in zip(("SQLite", "PostgreSQL"), story, strict=True):
        _compare(engine, counted)
    return held and all(counted == desk_day.BY_HAND for counted in story)


def _say(line: str) -> None:
    print(f"\r  {line}  ", end="", file=sys.stderr, flush=True)


def _story_on_sqlite() -> Json:
    print("Three weeks of a shop, SQLite", file=sys.stderr)
    with fresh_folder() as folder:
        url = f"sqlite+aiosqlite:///{folder / 'carebot.db'}"
        asyncio.run(migrate_url(url))
        return asyncio.run(desk_day.run(url, folder, _say))


def _story_on_postgresql() -> Json:
    print("\nThree weeks of a shop, PostgreSQL", file=sys.stderr)
    with fresh_folder() as folder, running_postgresql() as server:
        name = f"p{uuid4().hex}"
        asyncio.run(administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
        return asyncio.run(desk_day.run(postgresql_url(server, name), folder, _say))


def _compare(engine: str, counted: Json) -> None:
    """Print what was counted beside what was counted by hand."""
    print(f"three weeks of a shop, {engine}: {'as' if counted == desk_day.BY_HAND else 'NOT as'} counted by hand")
    for name, by_hand in desk_day.BY_HAND.items():
        mark = "=" if counted.get(name) == by_hand else "≠"
        print(f"  {name:<15} {mark} {by_hand}" + ("" if mark == "=" else f"  but counted {counted.get(name)}"))
