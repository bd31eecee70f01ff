"""The proof of the ledger: equal to an independent model whatever happens, and exact under eight processes at once."""

import asyncio
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import SystemRandom

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from storage.database import open_database
from tests.engines import urls_of_our_own
from tests.proofs.points_hammer import PROCESSES, Plan, hammer, list_faults, open_accounts
from tests.proofs.points_machine import Stage, machine_on
from texts import Texts

_PLAYS, _STEPS = 80, 30
_WISHES = 300
_ROUND = 20


@dataclass(slots=True)
class Result:
    """What came of one run."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


def _say(line: str) -> None:
    print(f"\r  {line}  ", end="", file=sys.stderr, flush=True)


def _play(url: str, chance: int) -> Result:
    """Play rounds of the machine, each from a seed of its own, and tell what disagreed."""
    result, began = Result(), time.monotonic()
    with asyncio.Runner() as runner:
        database = open_database(url)
        stage = Stage(runner, database, Texts(("en",)))
        try:
            for nth in range(_PLAYS // _ROUND):
                machine = seed(chance + nth)(machine_on(stage))
                run_state_machine_as_test(
                    machine,
                    settings=settings(
                        max_examples=_ROUND,
                        stateful_step_count=_STEPS,
                        deadline=None,
                        database=None,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
                _say(f"{(nth + 1) * _ROUND}/{_PLAYS} plays, {stage.steps} transactions")
        except AssertionError as error:
            result.faults.append(f"seed {chance}: ledger and model disagree: {error}")
        finally:
            runner.run(database.close())
    result.figures = {
        "plays": next(stage.plays) - 1,
        "transactions": stage.steps,
        "entries compared": stage.entries,
        "seconds": round(time.monotonic() - began, 1),
    }
    return result


def _storm(url: str, chance: int) -> Result:
    """Let eight processes hammer one account, and reckon everything again."""
    texts = Texts(("en",))

    async def opened() -> tuple[int, int]:
        database = open_database(url)
        try:
            return await open_accounts(database, texts)
        finally:
            await database.close()

    ann_id, bob_id = asyncio.run(opened())
    plan = Plan(url, ann_id, bob_id, wishes=_WISHES, seed=chance)
    began = time.monotonic()
    reports = hammer(plan)
    seconds = time.monotonic() - began

    async def checked() -> list[str]:
        database = open_database(url)
        try:
            return await list_faults(database, plan, reports, texts)
        finally:
            await database.close()

    heard = [each for report in reports for each in report.heard]
    refused = sum((report.refused for report in reports), Counter[str]())
    ids = {entry_id for _, entry_id, _, _ in heard}
    figures: dict[str, object] = {
        "processes": PROCESSES,
        "wishes": PROCESSES * _WISHES,
        "entries booked": len(ids),
        "answered again": len(heard) - len(ids),
        **{key.rpartition(".")[2]: count for key, count in sorted(refused.items())},
        "wishes a second": round(PROCESSES * _WISHES / seconds),
    }
    return Result(asyncio.run(checked()), figures)


def prove() -> bool:
    """Play and storm on each engine, from a seed of the day; print the figures last."""
    chance = SystemRandom().randrange(10**6)
    results: dict[str, Result] = {}
    with urls_of_our_own() as urls:
        for engine, url in urls.items():
            for what, run in (("against the model", _play), ("eight processes", _storm)):
                name = f"{engine}, {what}, seed {chance}"
                print(name, file=sys.stderr)
                results[name] = run(url, chance)
                print(f"\n  {len(results[name].faults)} faults", file=sys.stderr)
    return _report(results)


def _report(results: dict[str, Result]) -> bool:
    for name, result in results.items():
        for fault in result.faults:
            print(f"BROKEN ({name}): {fault}")
    for name, result in results.items():
        print(name, "holds" if not result.faults else f"{len(result.faults)} faults", sep=": ")
        for figure, value in result.figures.items():
            print(f"  {figure:<17} {value:>8}")
    return not any(result.faults for result in results.values())
