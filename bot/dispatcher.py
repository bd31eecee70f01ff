"""The dispatcher: takes a batch of stored updates, handles them in one transaction, and gives up on none in silence."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from telegram import Update

from bot.clock import Clock
from domain.errors import CarebotError
from domain.rules import Rules
from handlers.context import CareContext, TapAnswer
from handlers.routing import route
from services.dead_letters import tell_of_dead_letter
from services.work import Person, Work
from storage import cases as case_rows
from storage import inbox
from storage.database import Database, Tx, is_lost_connection, is_transient
from storage.inbox import InboxUpdate
from storage.people import load_contacts
from storage.staff import load_staff
from texts import Texts

log = structlog.get_logger("dispatcher")

BATCH = 64
TRIES = 3
_RETRY_AFTER = (timedelta(seconds=1), timedelta(seconds=5))
_LOOK_AGAIN = timedelta(seconds=1)
"""How often an idle dispatcher looks for updates it was not told of: postponed, replayed, another replica's."""
_HANDLING_LIMIT_S = 30.0

Route = Callable[[Update, CareContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are to Telegram."""

    id: int
    username: str


class HandlingTooSlow(CarebotError):
    """Handling one update took so long that it must be stuck."""


class Dispatcher:
    """Handles the inbox. ``committed`` is called after every commit, with the taps to be answered."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bot: Bot,
        rules: Rules,
        texts: Texts,
        *,
        committed: Callable[[Sequence[TapAnswer]], None],
        route: Route = route,
    ) -> None:
        self._database = database
        self._clock = clock
        self._bot = bot
        self._rules = rules
        self._texts = texts
        self._committed = committed
        self._route = route
        self._bell = asyncio.Event()
        self._claimed: list[InboxUpdate] = []

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Handle updates until cancelled."""
        while True:
            try:
                handled = await self.run_once()
            except Exception as error:  # the database is away: what is stored waits
                log.error("database_failed", error=type(error).__name__)
                await asyncio.sleep(1)
                continue
            if handled < BATCH:  # a full batch may have left some behind; of new ones the bell tells
                await self._clock.wait(self._bell, self._clock.now() + _LOOK_AGAIN)

    async def run_once(self) -> int:
        """Handle one batch in one transaction; returns how many updates it held.

        When one fails, everything is rolled back and the batch is handled again one by one, so that only the
        faulty one is tried again later.
        """
        try:
            batch, answers = await self._handle(BATCH)
        except Exception as error:
            claimed = len(self._claimed)
            if not claimed or is_transient(error) or is_lost_connection(error):
                raise
            for _ in range(claimed):
                await self._run_single()
            return claimed
        if batch:
            self._committed(answers)
        return len(batch)

    async def _handle(self, limit: int) -> tuple[list[InboxUpdate], list[TapAnswer]]:
        self._claimed = []
        async with self._database.write() as tx:
            now = self._clock.now()
            batch = await inbox.claim_updates(tx, bot_id=self._bot.id, now=now, limit=limit)
            self._claimed = batch
            if not batch:
                return [], []
            work = Work(tx, now, self._bot.id, self._rules, self._texts)
            answers = await self._handle_all(work, batch)
            await inbox.mark_done(tx, ids=[update.id for update in batch], now=now)
        return batch, answers

    async def _handle_all(self, work: Work, batch: Sequence[InboxUpdate]) -> list[TapAnswer]:
        people = await load_people(work.tx, bot_id=work.bot_id, chat_ids=[u.chat_id for u in batch])
        staff = await load_staff(work.tx, bot_id=work.bot_id)  # who writes in private may work here too
        answers: list[TapAnswer] = []
        forgotten: set[int] = set()
        for stored in batch:
            if stored.chat_id in forgotten:  # written before they were forgotten, and forgotten with the rest
                continue
            context = CareContext(
                work,
                staff,
                self._bot.username,
                person=people.get(stored.chat_id),
                group=staff.groups.get(stored.chat_id),
            )
            update = Update.de_json(json.loads(stored.payload), None)
            await self._within_limit(update, context)
            if context.person is not None and stored.chat_id > 0:
                people[stored.chat_id] = context.person
            elif people.pop(stored.chat_id, None) is not None:
                forgotten.add(stored.chat_id)
            answers += context.answers
        return answers

    async def _within_limit(self, update: Update, context: CareContext) -> None:
        limit = asyncio.timeout(_HANDLING_LIMIT_S)
        try:
            async with limit:
                await self._route(update, context)
        except TimeoutError:
            if limit.expired():  # told apart from a database that does not answer
                raise HandlingTooSlow(f"not handled within {_HANDLING_LIMIT_S:.0f} s") from None
            raise

    async def _run_single(self) -> None:
        try:
            batch, answers = await self._handle(1)
        except Exception as error:
            if not self._claimed or is_transient(error) or is_lost_connection(error):
                raise
            await self._count_failure(self._claimed[0], error)
            return
        if batch:
            self._committed(answers)

    async def _count_failure(self, update: InboxUpdate, error: Exception) -> None:
        """Record a failed try in a transaction of its own; after the last one the person and staff are told."""
        where = place_of(error)
        last = update.attempts + 1 >= TRIES
        log.error("update_failed", inbox_id=update.id, error=where, attempt=update.attempts + 1, given_up=last)
        now = self._clock.now()
        next_try_at = None if last else now + _RETRY_AFTER[min(update.attempts, len(_RETRY_AFTER) - 1)]
        async with self._database.write() as tx:
            await inbox.mark_failed(tx, inbox_id=update.id, error=where, now=now, next_try_at=next_try_at)
        if not last:
            return
        try:
            async with self._database.write() as tx:
                work = Work(tx, now, self._bot.id, self._rules, self._texts)
                await tell_of_dead_letter(work, inbox_id=update.id, chat_id=update.chat_id)
        except Exception as failure:  # the update is safe in the dead letters; that nobody was told is logged
            log.error("dead_letter_not_told", inbox_id=update.id, error=place_of(failure))
        self._committed([])


async def load_people(tx: Tx, *, bot_id: int, chat_ids: Sequence[int]) -> dict[int, Person]:
    """Return the people behind the private chats among ``chat_ids``, with their cases not yet closed."""
    known = await load_contacts(tx, bot_id=bot_id, chat_ids=sorted({chat for chat in chat_ids if chat > 0}))
    people = {
        chat: Person(found.contact, found.customer, found.dialogue, found.notice_version)
        for chat, found in known.items()
    }
    by_customer = {person.customer.id: person for person in people.values()}
    for case in await case_rows.load_owed(tx, sorted(by_customer)):
        by_customer[case.customer_id].case_ids.append(case.id)
    return people


def place_of(error: BaseException) -> str:
    """Return an error's type and the place in our code it came from: never its text, which may quote a person."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    at = (ours or frames)[-1:]
    return " at ".join([type(error).__name__, *(f"{Path(frame.filename).name}:{frame.lineno}" for frame in at)])
