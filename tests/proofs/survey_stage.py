"""The shop's program on a real database: its clock is handed to it, its power fails now and then, it starts again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select, update
from telegram.error import Forbidden, TimedOut

from bot.addressing import Way
from bot.calls import Address
from bot.clock import Clock
from bot.settlement import Outcome, settle
from bot.ticks import TICKS, Ticks
from domain.loyalty import ContactRules, LoyaltyRules
from domain.people import Actor, ActorKind, Role
from domain.rules import Rules
from domain.surveys import SurveyState
from services.campaigns.book import seed_shipped
from services.surveys import book
from services.surveys.document import read_toml
from services.work import Work
from storage.database import Database, open_database
from storage.outbox import COLUMNS, OutboxRow, row_of
from storage.staff import insert_missing_member, load_staff
from storage.tables import deliveries, outbox
from tests.proofs import survey_count as count
from tests.proofs.survey_papers import PAPERS
from tests.proofs.survey_world import SHOP_ZONE, instant_of
from tests.services.shop import BOT
from texts import Texts

BEN, MIA = 901, 902
CHATS = 10_000
"""The chat of customer 7 is the seventh after this."""
_OURS = ("campaign_dated", "campaign_feed", "close_forgotten")
_MINUTE = timedelta(minutes=1)
_CUT_BY_THEN = 50
"""After so many deeds without one the power fails in the next that asks the database for anything."""


def rules_of_shop() -> Rules:
    """Return the rules that are written down in the count."""
    from_usual = Rules()
    return replace(
        from_usual,
        zone=from_usual.zone.__class__(SHOP_ZONE),
        reopen_within=count.REOPEN_WITHIN * _MINUTE,
        contact=ContactRules(
            budget=count.BUDGET,
            budget_for=count.BUDGET_FOR * _MINUTE,
            hold_after_low_score=count.AFTER_LOW * _MINUTE,
            hold_after_refund=count.AFTER_REFUND * _MINUTE,
        ),
        loyalty=LoyaltyRules(enabled=False),
        surveys=replace(from_usual.surveys, rest=count.REST * _MINUTE),
    )


Fate = Callable[[Work, int, str, str], Awaitable[str]]
"""Says of a customer's message on an occasion whether it is blocked, lost, or sent."""


class PowerCut(BaseException):
    """The power failed in the middle of a transaction: nobody is there to handle that."""


class HandedClock(Clock):
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.at = instant_of(0)

    def now(self) -> datetime:
        """Return the instant it was told."""
        return self.at


class _Fused:
    """A connection that breaks after some statements."""

    def __init__(self, connection: Any, stage: "Stage") -> None:
        self._connection = connection
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, *statement: Any) -> Any:
        """Run a statement, unless the power fails before it."""
        self._stage.burns()
        return await self._connection.execute(*statement)


class _House:
    """What the ticks know of a database: it gives transactions, whose power may fail."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        """Open a transaction of the stage's database; what fails in it is remembered."""
        async with self._remembering(), self._stage.writes() as tx:
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        """Open a look at the stage's database; what fails in it is remembered."""
        async with self._remembering(), self._stage.database.read() as tx:
            yield tx

    @asynccontextmanager
    async def _remembering(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:
            self._stage.faults.append(f"a tick failed: {error!r}")
            raise


class Stage:
    """One database and a program on it."""

    def __init__(self, url: str, *, cuts: float, chance: Random, texts: Texts) -> None:
        self.url = url
        self.rules = rules_of_shop()
        self.texts = texts
        self.cut_count = 0
        self.faults: list[str] = []
        self.starts = 0
        self._cuts = cuts
        self._chance = chance
        self._clock = HandedClock()
        self._deeds = 0
        self._fuse: int | None = None
        self._message = 0
        self.database: Database = open_database(url)
        self._ticks: Ticks
        self._start()

    def _start(self) -> None:
        self.starts += 1
        house: Any = _House(self)
        self._ticks = Ticks(house, self._clock, bot_id=BOT, rules=self.rules, texts=self.texts, committed=lambda: None)

    def burns(self) -> None:
        """Let the fuse burn by one statement. Raises :class:`PowerCut` at its end."""
        if self._fuse is None:
            return
        self._fuse -= 1
        if self._fuse <= 0:
            raise PowerCut

    @asynccontextmanager
    async def writes(self) -> AsyncIterator[Any]:
        """Open a transaction."""
        async with self.database.write() as tx:
            if self._fuse is not None:
                tx.connection = _Fused(tx.connection, self)  # type: ignore[assignment]
            yield tx

    @asynccontextmanager
    async def working(self, minute: int) -> AsyncIterator[Work]:
        """Open one transaction's work."""
        async with self.writes() as tx:
            yield Work(tx, instant_of(minute), BOT, self.rules, self.texts)

    async def does(self, deed: Callable[[], Awaitable[Any]]) -> Any:
        """Do something; when the power fails in the middle, start again and do it anew."""
        self._deeds += 1
        if self._chance.random() < self._cuts:
            self._fuse = self._chance.choice((1, 2, 3, 5, 8, 13, 21, 34, 55))
        elif self._cuts and not self.cut_count and self._deeds > _CUT_BY_THEN:
            self._fuse = 1
        try:
            done = await deed()
        except PowerCut:
            done = None
        cut = self._fuse is not None and self._fuse <= 0
        self._fuse = None
        if not cut:
            return done
        self.cut_count += 1
        await self.restarts()
        return await deed()

    async def restarts(self) -> None:
        """Let go of everything held in memory, and begin with the database alone."""
        await self.database.close()
        self.database = open_database(self.url)
        self._start()

    async def opens(self, minute: int) -> None:
        """Hire Ben and Mia, and put the surveys up; birthdays are kept from the start."""
        async with self.working(minute) as work:
            await seed_shipped(work)
            await insert_missing_member(work.tx, user_id=BEN, name="Ben", role=Role.AGENT, language="en")
            await insert_missing_member(work.tx, user_id=MIA, name="Mia", role=Role.MARKETER, language="en")
            for versions in PAPERS.values():
                document = read_toml(versions[0], name="shop.toml")
                added = await book.add_survey(work, document, by=await self.mia(work), state=SurveyState.ON)
                assert isinstance(added, book.Added), added

    async def mia(self, work: Work) -> Actor:
        """Return Mia as the author of changes."""
        return Actor(ActorKind.STAFF, (await load_staff(work.tx, bot_id=BOT)).members[MIA].id)

    async def looks(self, minute: int, fate: Fate) -> None:
        """Let the program ask everything that is due, and its unasked messages meet their fate."""
        self._clock.at = instant_of(minute)
        await self.does(self._asks_all)
        await self.does(lambda: self._sends(minute, fate))

    async def _asks_all(self) -> None:
        for tick in TICKS:
            if tick.name in _OURS or "survey" in tick.name:
                await self._ticks.run_tick(tick)

    async def _sends(self, minute: int, fate: Fate) -> None:
        async with self.working(minute) as work:
            found = await work.tx.execute(
                select(*COLUMNS, deliveries.c.campaign, deliveries.c.occasion)
                .outerjoin(deliveries, deliveries.c.id == outbox.c.delivery_id)
                .where(outbox.c.state == "queued", outbox.c.delivery_id.is_not(None))
                .order_by(outbox.c.id)
            )
            for one in found.all():
                row = row_of(one)
                meets = await fate(work, row.customer_id or 0, one.campaign, one.occasion)
                await settle(work, self._outcome(row, meets))
            await work.tx.execute(update(outbox).where(outbox.c.state == "queued").values(state="sent"))

    def _outcome(self, row: OutboxRow, meets: str) -> Outcome:
        way = Way(Address(chat_id=CHATS + (row.customer_id or 0)))
        if meets == "blocked":
            return Outcome(row, way, error=Forbidden("Forbidden: bot was blocked by the user"))
        if meets == "lost":
            return Outcome(row, way, error=TimedOut())
        self._message += 1
        return Outcome(row, way, result={"message_id": self._message})
