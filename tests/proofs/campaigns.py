"""The proofs of campaigns: a year counted by hand and lived through; killed while a campaign goes out, nobody twice."""

import asyncio
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from random import SystemRandom

from tests.engines import urls_of_our_own
from tests.proofs import campaign_kill
from tests.proofs.campaign_world import make_world
from tests.proofs.campaign_year import Result, live_through

GUESTS, DAYS, CAMPAIGNS = 5_000, 400, 40
_CUTS = 0.01


def _on_engine(engine: str, url: str, seed: int) -> Result:
    """Live through the year on one engine, in a process of its own."""
    tenths = [0]
    began = time.monotonic()

    def progress(share: float) -> None:
        if int(share * 10) > tenths[0]:
            tenths[0] = int(share * 10)
            print(f"  {engine}: {tenths[0] * 10} %", file=sys.stderr, flush=True)

    world = make_world(seed, guests=GUESTS, days=DAYS, campaigns=CAMPAIGNS)
    result = asyncio.run(live_through(url, world, cuts=_CUTS, progress=progress))
    result.figures["seconds"] = round(time.monotonic() - began, 1)
    return result


def prove() -> bool:
    """Live through a year from a seed of the day on each engine, then kill the program while it sends; figures last."""
    seed = SystemRandom().randrange(10**6)
    print(f"a year of {GUESTS} guests and {CAMPAIGNS} campaigns, seed {seed}", file=sys.stderr)
    with urls_of_our_own() as urls, ProcessPoolExecutor(len(urls)) as pool:
        runs = {engine: pool.submit(_on_engine, engine, url, seed) for engine, url in urls.items()}
        results = {f"{engine}, seed {seed}": run.result() for engine, run in runs.items()}
    print("killed while a campaign goes out", file=sys.stderr)
    results["killed while sending"] = asyncio.run(campaign_kill.storm(people=20_000, kills=100, show=True))
    return _report(results)


def _report(results: dict[str, Result]) -> bool:
    for name, result in results.items():
        for fault in result.faults[:50]:
            print(f"BROKEN ({name}): {fault}")
    for name, result in results.items():
        print(name, "holds" if not result.faults else f"{len(result.faults)} faults", sep=": ")
        for figure, value in result.figures.items():
            print(f"  {figure:<34} {value!s:>20}")
    return not any(result.faults for result in results.values())
