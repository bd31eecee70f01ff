"""A shop over weeks: people in many zones, surveys of its own, a clock that is moved, and what goes out by itself."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import surveys
from domain.calendars import QuietHours
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, ConsentClass
from domain.rules import Rules
from domain.surveys import SurveyState
from services import customers
from services.surveys import book
from services.surveys.document import read_toml
from services.surveys.waves import Wave, send_wave
from storage.database import Database
from tests.campaigns.living import Living
from tests.handlers.staff.desk import SlowTown
from tests.services.one_question import ONE_QUESTION

START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
_PLANS: tuple[Callable[..., Awaitable[int]], ...] = (
    surveys.plan_cases,
    surveys.plan_purchases,
    surveys.plan_events,
    surveys.plan_waves,
    surveys.plan_reminders,
)


class Season(Living):
    """One shop with its clock; quiet hours none and the budget endless unless a story is about them."""

    town: SlowTown

    def __init__(self, database: Database, **rules: Any) -> None:
        given = Rules(business_name="Tailor & Son", zone=ZoneInfo("UTC"), languages=("en",))
        nights = QuietHours(datetime.min.time(), datetime.min.time())
        contact = replace(given.contact, budget=None)
        self.town = SlowTown(database, replace(given, **{"quiet": nights, "contact": contact, **rules}))
        self.town.now = START
        self._chat_id = 1000

    async def keeps(self, key: str, when: str = "", *, remind: str = "never") -> None:
        """Add a survey of one question that is on, or its next version."""
        paper = f'{ONE_QUESTION.format(key=key)}remind_after = "{remind}"\n{when}'
        async with self.town.work() as work:
            document = read_toml(paper, name=f"{key}.toml")
            added = await book.add_survey(work, document, by=SYSTEM, state=SurveyState.ON)
            assert not isinstance(added, Refusal), added

    async def switches(self, key: str, state: SurveyState) -> None:
        """Switch a survey on or off, or close it."""
        async with self.town.work() as work:
            assert not isinstance(await book.switch_survey(work, key, state, by=SYSTEM), Refusal)

    async def knows(self, name: str, *, zone: str | None = None, consent: bool = True) -> int:
        """Seed a customer who may be asked; returns the customer."""
        self._chat_id += 1
        async with self.town.work() as work:
            person = await customers.meet(work, chat_id=self._chat_id, name=name, username=None, language_code="en")
            if zone:
                await customers.set_zone(work, person, zone)
            await customers.set_consent(work, person, ConsentClass.SURVEYS, given=consent)
            return person.customer.id

    async def sends(self, key: str, **wish: Any) -> Wave:
        """Send a survey by hand, to everybody at once unless wished otherwise."""
        given = {"segment": None, "at": None, "on": None, "late_after": None, "by": SYSTEM}
        async with self.town.work() as work:
            made = await send_wave(work, key, **{**given, **wish})
            assert isinstance(made, Wave), made
            return made

    async def plans(self, *, limit: int = 50) -> int:
        """Let the planning ticks run until nothing is left to plan."""
        return sum([await self.until_done(plan, limit=limit) for plan in _PLANS])

    async def until_done(self, ask: Callable[..., Awaitable[int]], *, limit: int = 50) -> int:
        """Let one tick run until nothing more is due."""
        done = 0
        for _ in range(1000):
            async with self.town.work() as work:
                now = await ask(work, limit=limit)
            if not now:
                return done
            done += now
        raise AssertionError("it never ends")

    async def ticks(self) -> list[str]:
        """Let all ticks run; returns who was asked or reminded of what, as `name: survey`, in the order of asking."""
        await self.until_done(surveys.expire)
        await self.plans()
        await self.until_done(surveys.feed)
        return await self.asked()

    async def passes(self, *, every: timedelta = timedelta(hours=6), **span: float) -> list[str]:
        """Let time pass, with ticks in between; returns who was asked what meanwhile."""
        end, said = self.town.now + timedelta(**span), []
        while self.town.now < end:
            self.town.now = min(end, self.town.now + every)
            said += await self.ticks()
        return said

    async def asked(self) -> list[str]:
        """Deliver what was queued; returns who was asked what, as `name: survey`."""
        names = {row.id: row.name for row in await self.town.rows("customers")}
        contacts = {row.id: names[row.customer_id] for row in await self.town.rows("contact_points")}
        keys = [row.key for row in await self.town.rows("surveys")]
        return [
            f"{contacts[said.target[1]]}: {next(key for key in keys if f'How is {key}?' in said.text)}"
            for said in await self.town.deliver()
            if said.target[0] is TargetKind.CONTACT and "How is" in said.text
        ]

    def at(self, *moment: int) -> None:
        """Move the clock to this UTC moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]

    async def states(self, **where: Any) -> Counter[tuple[str, str | None]]:
        """Count the deliveries by state and reason."""
        return Counter((row.state, row.reason) for row in await self.town.rows("deliveries", **where))
