"""A shop with campaigns that run, people in many zones and a clock; what planning freezes is looked at row by row."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from campaigns import planning
from domain.calendars import QuietHours
from domain.campaigns import CampaignState
from domain.outcomes import Refusal
from domain.people import SYSTEM, Birthday, ConsentClass
from domain.rules import Rules
from services import customers
from services.campaigns.book import Kept, add_campaign, get_campaign
from services.campaigns.document import read_toml
from services.work import Work
from storage.campaigns import change_campaign
from storage.database import Database
from storage.people import change_customer
from tests.campaigns.living import Living
from tests.handlers.harness import BOT_ID, Town

START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
NO_NIGHT = QuietHours(datetime.min.time(), datetime.min.time())
PAPER = """
key = "{key}"
consent = "care"
{more}
[title]
en = "{key}"
[when]
{when}
{parts}
"""
TEXT = """
[text]
en = "Hello {{ name }}"
"""
Ask = Callable[..., Awaitable[int]]
Look = Callable[..., Awaitable[Ask | None]]


class Planner(Living):
    """One shop with its clock; no quiet hours unless a story is about them."""

    def __init__(self, database: Database, **rules: Any) -> None:
        given = Rules(business_name="Tailor & Son", zone=ZoneInfo("UTC"), languages=("en",), quiet=NO_NIGHT)
        self.town = Town(database, replace(given, **rules))
        self.town.now = START
        self.chat_id = 1000

    def at(self, *moment: int) -> None:
        """Move the clock to this UTC moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]

    async def runs(self, key: str, when: str, *, more: str = "", parts: str = "", text: bool = True) -> Kept:
        """Add a campaign, or its next version, and let it run from now on."""
        paper = PAPER.format(key=key, when=when, more=more, parts=parts + (TEXT if text else ""))
        async with self.town.work() as work:
            added = await add_campaign(work, read_toml(paper, name=f"{key}.toml"), by=SYSTEM)
            assert not isinstance(added, Refusal), added
            launched = {"state": CampaignState.RUNNING.value, "launched_at": work.now, "ended_at": None}
            await change_campaign(work.tx, added.kept.id, **launched)
            return added.kept

    async def turns(self, key: str, state: CampaignState, **values: Any) -> None:
        """Let a campaign stand otherwise from now on."""
        async with self.town.work() as work:
            kept = await get_campaign(work, key)
            assert kept is not None
            await change_campaign(work.tx, kept.id, state=state.value, **values)

    async def state(self, key: str) -> CampaignState:
        """Return where a campaign stands."""
        async with self.town.work() as work:
            kept = await get_campaign(work, key)
            assert kept is not None
            return kept.state

    async def knows(self, name: str, born: Birthday | None = None, *, zone: str | None = None) -> int:
        """Seed a customer who said yes to care; returns the customer."""
        self.chat_id += 1
        async with self.town.work() as work:
            person = await customers.meet(work, chat_id=self.chat_id, name=name, username=None, language_code="en")
            if born:
                await customers.set_birthday(work, person, born)
            if zone:
                change_customer(work.tx, person.customer.id, zone=zone)
            await customers.set_consent(work, person, ConsentClass.CARE, given=True)
            return person.customer.id

    async def once(self, ask: Ask, **given: Any) -> int:
        """Let one tick ask once."""
        async with self.town.work() as work:
            return await ask(work, **given)

    async def until_done(self, ask: Ask, **given: Any) -> int:
        """Let one tick ask until there is nothing left; returns how much it did."""
        done = 0
        for _ in range(1000):
            now = await self.once(ask, **given)
            done += now
            if not now:
                return done
        raise AssertionError("it never ends")

    async def plans(self, *, limit: int = 50) -> None:
        """Let all planning ticks run until nothing is left to plan."""
        await self.until_done(planning.open_runs)
        await self.until_done(planning.plan_runs, limit=limit)
        for look in (planning.look_dated, planning.look_happened):
            while (step := await self.looks(look, limit=limit)) is not None and await self.once(step):
                pass

    async def looks(self, look: Look = planning.look_happened, *, limit: int = 50) -> Ask | None:
        """Let a tick read as the program does, where nothing can be written; returns what is left to do."""
        async with self.town.db.read() as tx:
            return await look(Work(tx, self.town.now, BOT_ID, self.town.rules, self.town.texts), limit=limit)

    async def rows(self, **columns: Any) -> list[Any]:
        """Return the frozen rows, in the order in which they were made."""
        return sorted(await self.town.rows("deliveries", **columns), key=lambda row: row.id)

    async def told(self, **columns: Any) -> list[tuple[int, str, str, str | None]]:
        """Return customer, occasion, state and reason of the frozen rows, by customer and occasion."""
        return sorted((row.customer_id, row.occasion, row.state, row.reason) for row in await self.rows(**columns))


async def someone_waits(work: Work) -> None:
    """Wait until another transaction waits for a lock."""
    for _ in range(500):
        found = await work.tx.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        if found.scalar_one():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
