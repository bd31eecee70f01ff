"""A year of a shop in which birthdays are kept: people by when they were born and where they live, and its clock."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import delivery, planning
from domain.people import SYSTEM, Birthday, ConsentClass
from domain.rules import Rules
from services import customers
from services.campaigns import control
from services.campaigns.book import Added, Kept, add_campaign, seed_shipped
from services.campaigns.document import read_toml
from services.work import Person, Work, person_of_contact
from storage.database import Database
from tests.handlers.harness import Said, Town
from texts.campaigns import shipped_campaign_files

BEGINNING = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)
MORNING = datetime(2026, 5, 1, 0, 0, tzinfo=UTC)
CARE = ConsentClass.CARE


class Year:
    """A shop with customers and a clock that moves through the year."""

    def __init__(self, database: Database) -> None:
        rules = Rules(business_name="Tailor & Son", zone=ZoneInfo("UTC"))
        self.town = Town(database, rules)
        self.town.now = MORNING
        self._chat_id = 1000

    async def knows(
        self,
        name: str,
        born: tuple[int, int] | None,
        *,
        zone: str | None = None,
        consent: bool | None = True,
        language: str = "en",
    ) -> int:
        """Seed a customer; returns the contact point."""
        self._chat_id += 1
        async with self.town.work() as work:
            person = await customers.meet(work, chat_id=self._chat_id, name=name, username=None, language_code=language)
            if born:
                await customers.set_birthday(work, person, Birthday(*born))
            if zone:
                await customers.set_zone(work, person, zone)
            if consent is not None:
                await customers.set_consent(work, person, CARE, given=consent)
            return person.contact.id

    async def change(self, contact_id: int, deed: Any, *args: Any, **values: Any) -> None:
        """Let a customer change something about themselves."""
        async with self.town.work() as work:
            await deed(work, await self._person(work, contact_id), *args, **values)

    async def _person(self, work: Work, contact_id: int) -> Person:
        person = await person_of_contact(work, contact_id)
        assert person is not None
        return person

    async def begins(self) -> None:
        """Let the shipped campaigns be known, long before any story."""
        self.town.now = BEGINNING
        async with self.town.work() as work:
            await seed_shipped(work)
        self.town.now = MORNING

    async def allows(self, late_after: str) -> None:
        """Let greetings go out so much later."""
        files = dict(shipped_campaign_files())
        text = files["birthday.toml"].replace("[when]", f'[when]\nlate_after = "{late_after}"')
        async with self.town.work() as work:
            await control.pause(work, "birthday", by=SYSTEM)
            assert isinstance(await add_campaign(work, read_toml(text, name="birthday.toml"), by=SYSTEM), Added)
            assert isinstance(await control.resume(work, "birthday", by=SYSTEM), Kept)

    async def plans(self, *, limit: int = 500) -> int:
        """Let the planning tick run until it has nothing left; returns how many rows it made."""
        before = len(await self.deliveries())
        while True:
            async with self.town.work() as work:
                if not await planning.plan_dated(work, limit=limit):
                    return len(await self.deliveries()) - before

    async def feeds(self) -> int:
        """Let the feeding tick run until nobody is due."""
        fed = 0
        while True:
            async with self.town.work() as work:
                done = await delivery.feed(work, limit=100)
            if not done:
                return fed
            fed += done

    async def ticks(self) -> list[Said]:
        """Plan and feed; returns what went out."""
        await self.plans()
        await self.feeds()
        return await self.town.deliver()

    def at(self, *moment: int) -> None:
        """Move the clock to this UTC moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]

    async def deliveries(self) -> list[Any]:
        """Return all deliveries."""
        return await self.town.rows("deliveries")

    async def states(self) -> list[tuple[str, str | None]]:
        """Return state and reason of every delivery."""
        return [(row.state, row.reason) for row in await self.deliveries()]
