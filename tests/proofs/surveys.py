"""The proof of surveys: a quarter of a shop, counted by hand and lived through by the program, comes to the same."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from tests.engines import urls_of_our_own
from tests.proofs.survey_check import Check
from tests.proofs.survey_count import Count
from tests.proofs.survey_papers import PAPERS
from tests.proofs.survey_play import Play
from tests.proofs.survey_stage import Stage
from tests.proofs.survey_world import DAY, HOUR, Deed, Plan, make_world, minute_of
from texts import Texts

FIXED_SEED = 5
_GUESTS = 2_000
_CUTS = 0.02
_DONE = ("sent", "failed", "unknown")


@dataclass(slots=True)
class Result:
    """What came of one run."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def quarter(seed: int, guests: int = _GUESTS) -> Plan:
    """Return a plan of the last quarter of 2026, in which clocks are put back in London and in New York."""
    return Plan(seed, guests, minute_of(2026, 9, 28), minute_of(2026, 12, 31), pace=150)


def three_weeks(seed: int, guests: int = 60) -> Plan:
    """Return a plan of some weeks around the days on which clocks are put back."""
    return Plan(seed, guests, minute_of(2026, 10, 17), minute_of(2026, 11, 7), pace=360)


def what_staff_do(plan: Plan) -> tuple[tuple[int, Deed], ...]:
    """Return how the shop's surveys are switched, changed and sent by hand, as far as the plan goes."""
    deeds = (
        (minute_of(2026, 10, 27, 12), Deed("off", "pulse")),
        (minute_of(2026, 10, 29, 3), Deed("on", "pulse")),
        (minute_of(2026, 10, 30, 8), Deed("wave", "pulse", at=minute_of(2026, 10, 31) // DAY)),
        (minute_of(2026, 11, 2, 7), Deed("version", "purchase")),
        (minute_of(2026, 12, 1, 7), Deed("wave", "pulse", at=minute_of(2026, 12, 4) // DAY)),
        (plan.ends - 3 * DAY + 5 * HOUR, Deed("closed", "pulse")),
    )
    return tuple(deed for deed in deeds if plan.begins < deed[0] < plan.ends)


async def live_through(
    url: str,
    plan: Plan,
    *,
    cuts: float = _CUTS,
    texts: Texts | None = None,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Count a plan, let the program live through it on the database at ``url``, and compare."""
    began = time.monotonic()
    world = make_world(plan, what_staff_do(plan))
    count = Count(world, PAPERS).run()
    counted_s = time.monotonic() - began
    stage = Stage(url, cuts=cuts, chance=Random(plan.seed), texts=texts or Texts())
    try:
        await stage.opens(plan.begins)
        play = Play(stage, world)
        await play.run(count.steps, progress=progress)
        check = Check(play, count)
        async with stage.working(plan.ends) as work:
            faults = await check.faults(work)
    finally:
        await stage.database.close()
    figures = {
        **_figures(count),
        "taps": play.taps,
        "starts of the program": stage.starts,
        "power cuts": stage.cut_count,
        "seconds counting": round(counted_s, 1),
        "seconds in all": round(time.monotonic() - began, 1),
    }
    for key, figure in check.figures.items():
        figures |= {f"{key}: {name}": value for name, value in figure.items()}
    return Result(faults, figures)


def _figures(count: Count) -> dict[str, Any]:
    slips = [slip for slip in count.slips() if slip.campaign.startswith("survey:")]
    reminders = [slip for slip in slips if slip.occasion.startswith("r:")]
    why = Counter(slip.reason for slip in slips if slip.state == "skipped")
    return {
        "guests": len(count.lives),
        "looks at the clock": len(count.world.moments),
        "invitations": sum(slip.state in _DONE for slip in slips) - sum(slip.state in _DONE for slip in reminders),
        "reminders": sum(slip.state in _DONE for slip in reminders),
        "other messages": sum(slip.state in _DONE for slip in count.slips())
        - sum(slip.state in _DONE for slip in slips),
        "cases of low answers": len({(reply.guest, reply.opened) for reply in count.replies() if reply.opened}),
        **{f"not asked: {reason}": number for reason, number in sorted(why.items(), key=str)},
    }


def _on_engine(engine: str, url: str, seed: int) -> Result:
    """Live through the quarter on one engine, in a process of its own."""
    tenths = [0]

    def progress(share: float) -> None:
        if int(share * 10) > tenths[0]:
            tenths[0] = int(share * 10)
            print(f"  {engine}: {tenths[0] * 10} %", file=sys.stderr, flush=True)

    return asyncio.run(live_through(url, quarter(seed), progress=progress))


def prove() -> bool:
    """Live through a quarter from a seed of the day on each engine at once; print the figures last."""
    seed = SystemRandom().randrange(10**6)
    print(f"a quarter of {_GUESTS} guests, seed {seed}", file=sys.stderr)
    with urls_of_our_own() as urls, ProcessPoolExecutor(len(urls)) as pool:
        runs = {engine: pool.submit(_on_engine, engine, url, seed) for engine, url in urls.items()}
        results = {f"{engine}, seed {seed}": run.result() for engine, run in runs.items()}
    return _report(results)


def _report(results: dict[str, Result]) -> bool:
    for name, result in results.items():
        for fault in result.faults:
            print(f"BROKEN ({name}): {fault}")
    for name, result in results.items():
        print(name, "holds" if not result.faults else f"{len(result.faults)} faults", sep=": ")
        for figure, value in result.figures.items():
            print(f"  {figure:<34} {value!s:>20}")
    return not any(result.faults for result in results.values())
