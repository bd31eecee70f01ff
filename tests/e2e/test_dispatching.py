"""What becomes of updates whose handling fails, with the real dispatcher and a handler made to fail."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from telegram import Update

from bot.clock import Clock
from bot.dispatcher import TRIES, Bot, Dispatcher
from domain.dialogues import Dialogue, DialogueName
from domain.rules import Rules
from handlers.context import CareContext, TapAnswer
from handlers.routing import route
from storage.database import Database
from storage.inbox import InboxUpdate, insert_updates, list_dead, mark_done, mark_failed, replay_dead
from storage.people import save_dialogue
from storage.tables import contact_points, customers, inbox, interactions, outbox
from texts import Texts

BOT = Bot(7001001, "care_town_bot")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANN, CY = 501, 502


class StoppedClock(Clock):
    """A clock that stands where it is put."""

    at = NOON

    def now(self) -> datetime:
        """Return the instant at which it stands."""
        return self.at


class Handlers:
    """The real handlers, but some words make them fail, after they have done their work."""

    def __init__(self) -> None:
        self.failing = {"poison"}
        self.asked: list[int] = []

    async def __call__(self, update: Update, context: CareContext) -> None:
        """Handle an update, then fail if it is one of those."""
        self.asked.append(update.update_id)
        await route(update, context)
        if context.said.content.text in self.failing:
            raise RuntimeError("it went wrong, and these are Ann's own words")


@pytest.fixture
def handlers() -> Handlers:
    """Handlers that fail at ``poison``."""
    return Handlers()


@pytest.fixture
def clock() -> StoppedClock:
    """Noon."""
    return StoppedClock()


@pytest.fixture
def dispatcher(database: Database, clock: StoppedClock, handlers: Handlers) -> Dispatcher:
    """A dispatcher on each engine."""

    def committed(_answers: Sequence[TapAnswer]) -> None:
        pass

    return Dispatcher(database, clock, BOT, Rules(), Texts(), committed=committed, route=handlers)


async def _hears(database: Database, *said: tuple[int, str], first: int = 1) -> None:
    rows = []
    for update_id, (person, text) in enumerate(said, start=first):
        chat = {"id": person, "type": "private", "first_name": "A"}
        sender = {"id": person, "is_bot": False, "first_name": "A", "language_code": "en"}
        message = {"message_id": update_id, "date": 1, "chat": chat, "from": sender, "text": text}
        rows.append((update_id, person, json.dumps({"update_id": update_id, "message": message})))
    async with database.write() as tx:
        await insert_updates(tx, bot_id=BOT.id, updates=rows, now=NOON)


async def _states(database: Database) -> list[str]:
    async with database.read() as tx:
        return list((await tx.execute(select(inbox.c.state).order_by(inbox.c.id))).scalars())


async def _texts(database: Database) -> list[str]:
    async with database.read() as tx:
        statement = select(interactions.c.text).where(interactions.c.direction == "in").order_by(interactions.c.id)
        return list((await tx.execute(statement)).scalars())


async def test_one_faulty_update_of_a_batch_harms_no_other(
    database: Database, dispatcher: Dispatcher, handlers: Handlers
) -> None:
    """The batch is undone and done again one by one: all others are handled once, the faulty one leaves no trace."""
    await _hears(database, (ANN, "first"), (CY, "poison"), (ANN, "second"), (CY, "after it"))
    await dispatcher.run_once()
    assert await _states(database) == ["done", "new", "done", "new"]
    assert await _texts(database) == ["first", "second"]
    assert handlers.asked.count(3) == 1, "in the batch that failed it had not been its turn yet"


async def test_a_hopeless_update_holds_up_its_chat_only_until_its_tries_are_spent(
    database: Database, dispatcher: Dispatcher, clock: StoppedClock
) -> None:
    """Cy's later words wait while the faulty ones are tried again, then they are handled."""
    await _hears(database, (CY, "poison"), (CY, "after it"))
    for _ in range(TRIES):
        assert await _texts(database) == []
        await dispatcher.run_once()
        clock.at = clock.at.replace(minute=clock.at.minute + 1)
    while await dispatcher.run_once():
        pass
    assert await _states(database) == ["dead", "done"]
    assert await _texts(database) == ["after it"]


async def test_a_dead_letter_tells_the_person_once_and_quotes_nobody(
    database: Database, dispatcher: Dispatcher, clock: StoppedClock
) -> None:
    """Cy gets one apology; the error kept names a place, never what was said."""
    await _hears(database, (CY, "hello"), (CY, "poison"))
    for _ in range(TRIES + 1):
        await dispatcher.run_once()
        clock.at = clock.at.replace(minute=clock.at.minute + 1)
    async with database.read() as tx:
        (dead,) = await list_dead(tx, limit=10)
        purposes = list((await tx.execute(select(outbox.c.purpose).order_by(outbox.c.id))).scalars())
    assert purposes.count("apology") == 1
    assert dead.attempts == TRIES
    assert "RuntimeError" in dead.error
    assert "own words" not in dead.error


async def test_a_replayed_dead_letter_is_handled_once_its_cause_is_mended(
    database: Database, dispatcher: Dispatcher, clock: StoppedClock, handlers: Handlers
) -> None:
    """The cause is mended, the dead letter replayed: its words are on record like any others."""
    await _hears(database, (CY, "poison"))
    for _ in range(TRIES):
        await dispatcher.run_once()
        clock.at = clock.at.replace(minute=clock.at.minute + 1)
    handlers.failing.clear()
    async with database.write() as tx:
        (dead,) = await list_dead(tx, limit=10)
        assert await replay_dead(tx, inbox_id=dead.id)
    await dispatcher.run_once()
    assert await _states(database) == ["done"]
    assert await _texts(database) == ["poison"]


async def test_a_failure_counted_late_does_not_undo_what_another_replica_did(database: Database) -> None:
    """One replica failed and lost its hold, another succeeded: the update stays done."""
    await _hears(database, (ANN, "hello"))
    known = InboxUpdate(1, 1, ANN, "", 0)
    async with database.write() as tx:
        await mark_done(tx, ids=[known.id], now=NOON)
    async with database.write() as tx:
        await mark_failed(tx, inbox_id=known.id, error="RuntimeError", now=NOON, next_try_at=NOON)
    assert await _states(database) == ["done"]


async def test_what_was_written_before_being_forgotten_makes_nobody_known_again(
    database: Database, dispatcher: Dispatcher, handlers: Handlers
) -> None:
    """Words that came in the same batch behind the one that forgot her are forgotten with the rest."""
    await _hears(database, (ANN, "/start"))
    await dispatcher.run_once()
    said = ((ANN, "forget me"), (CY, "hello"), (ANN, "forget me"), (ANN, "forget me"), (ANN, "thanks"))
    await _hears(database, *said, first=2)
    async with database.write() as tx:
        contact = (await tx.execute(select(contact_points.c.id))).scalar_one()
        save_dialogue(tx, Dialogue(contact, DialogueName.FORGET, "ask", NOON, {"key": 1}))
    await dispatcher.run_once()
    async with database.read() as tx:
        names = list((await tx.execute(select(customers.c.name).order_by(customers.c.id))).scalars())
    assert names == ["", "A"]
    assert handlers.asked == [1, 2, 3, 4]
    assert await _texts(database) == ["", "", "hello", ""]
    assert await _states(database) == ["done"] * 6
