"""Many processes at one account: each does what it likes, and afterwards nothing is lost, doubled or negative."""

import asyncio
import multiprocessing
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from random import Random
from typing import Any

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.points import Entry, EntryKind
from domain.rules import Rules
from services import points as ledger
from services.work import Work
from storage.database import Database, open_database
from tests.services.shop import BOT, MORNING, arrive
from texts import Texts

PROCESSES = 8
_SHARED_KEYS = 40
_MANY = 100_000


@dataclass(slots=True)
class Report:
    """What one process was told: the key, id, points and kind of each entry it heard of, and how often it was not."""

    heard: list[tuple[str, int, int, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to hammer and how long: ``wishes`` of each process, on the account of ``ann_id`` and a little of Bob's."""

    url: str
    ann_id: int
    bob_id: int
    wishes: int
    seed: int


class Hammer:
    """One process."""

    def __init__(self, plan: Plan, number: int, database: Database) -> None:
        self.plan = plan
        self.random = Random(plan.seed * 1000 + number)
        self.number = number
        self.database = database
        self.report = Report()
        self.texts = Texts(("en",))

    async def run(self) -> Report:
        """Wish and wish again."""
        for nth in range(self.plan.wishes):
            async with self.database.write() as tx:
                result = await self._wish(Work(tx, MORNING, BOT, Rules(), self.texts), f"{self.number}:{nth}")
            if isinstance(result, Refusal):
                self.report.refused[result.key] += 1
            elif result is not None:
                self.report.heard.append((result.source_key, result.id, result.points, result.kind.value))
        return self.report

    async def _wish(self, work: Work, key: str) -> Entry | Refusal | None:
        who, chance = self.plan.ann_id, self.random.random()
        if chance < 0.2:
            return await ledger.earn(work, who, points=self.random.randint(1, 5), source_key=key, by=SYSTEM)
        if chance < 0.55:
            return await self._wish_what_others_wish(work)
        if chance < 0.8:
            return await ledger.spend(work, who, points=self.random.randint(1, 6), source_key=key, by=SYSTEM)
        if chance < 0.9:
            return await ledger.take_back(work, who, points=self.random.randint(1, 4), source_key=key, by=SYSTEM)
        newest = await ledger.list_history(work, who, limit=30)
        spends = [entry.id for entry in newest if entry.kind is EntryKind.SPEND]
        if not spends:
            return None
        return await ledger.give_back(work, self.random.choice(spends), source_key=key, by=SYSTEM)

    async def _wish_what_others_wish(self, work: Work) -> Entry | Refusal:
        """Wish under a key that others use as well: mostly just what they wish, sometimes something else."""
        nth = self.random.randrange(_SHARED_KEYS) + _SHARED_KEYS * (len(self.report.heard) // 100)
        who = self.plan.bob_id if self.random.random() < 0.1 else self.plan.ann_id
        points = 1 + nth % 5 + (self.random.random() < 0.1)
        wish = ledger.spend if nth % 3 == 0 else ledger.earn
        return await wish(work, who, points=points, source_key=f"shared:{nth}", by=SYSTEM)


def _hammer(plan: Plan, number: int) -> Report:
    async def run() -> Report:
        database = open_database(plan.url)
        try:
            return await Hammer(plan, number, database).run()
        finally:
            await database.close()

    return asyncio.run(run())


async def open_accounts(database: Database, texts: Texts) -> tuple[int, int]:
    """Make two customers and return their ids."""
    async with database.write() as tx:
        work = Work(tx, MORNING, BOT, Rules(), texts)
        ann, bob = [await arrive(work, chat_id=nth + 1, name=name) for nth, name in enumerate(("Ann", "Bob"))]
    return ann.customer.id, bob.customer.id


def hammer(plan: Plan) -> list[Report]:
    """Let eight processes of their own work at the same time; raises what one of them raised."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with context.Pool(PROCESSES) as pool:
        reports: list[Report] = pool.map(partial(_hammer, plan), range(PROCESSES), chunksize=1)
    return reports


async def list_faults(database: Database, plan: Plan, reports: list[Report], texts: Texts) -> list[str]:
    """Return what is lost, doubled, negative or does not add up; empty when all is well."""
    async with database.read() as tx:
        work = Work(tx, MORNING, BOT, Rules(), texts)
        checked = await ledger.check_accounts(work, after_id=0)
        faults = [fault.what for fault in checked.faults]
        stored: dict[int, Entry] = {}
        for customer_id in (plan.ann_id, plan.bob_id):
            history = await ledger.list_history(work, customer_id, limit=_MANY)
            stored |= {entry.id: entry for entry in history}
            balance = await ledger.balance_of(work, customer_id)
            sums = list(accumulate(entry.points for entry in reversed(history)))
            if any(each < 0 for each in sums) or balance.owed:
                faults.append(f"customer {customer_id} had less than nothing")
            if balance.points != (sums[-1] if sums else 0):
                faults.append(f"customer {customer_id} has {balance.points}, the entries come to {sums[-1:]}")
    heard = {each for report in reports for each in report.heard}
    told = {(entry.source_key, entry.id, entry.points, entry.kind.value) for entry in stored.values()}
    faults += [f"lost: {each}" for each in sorted(heard - told)]
    faults += [f"nobody was told of {each}" for each in sorted(told - heard)]
    returns = Counter(entry.reverses_id for entry in stored.values() if entry.kind is EntryKind.RETURN)
    faults += [f"entry {spend} was returned {times} times" for spend, times in returns.items() if times > 1]
    return faults
