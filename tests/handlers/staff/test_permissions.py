"""Every button and command, pressed by everybody on every state: allowed or refused exactly as the table says."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from telegram import Update

from domain.cases import CaseState
from domain.deeds import TABLE, deed_of, why_not
from domain.outgoing import TargetKind
from domain.people import NOBODY, Role, StaffMember
from handlers.routing import route
from handlers.staff.registry import VERBS
from handlers.staff.taps import _OTHERS as MESSAGE_BUTTONS
from services.work import Work
from storage.database import Database, Tx, open_database
from storage.staff import load_staff
from storage.tables import audit, cases, outbox
from tests.handlers.harness import Json
from tests.handlers.staff.desk import ANONYMOUS_ADMIN, BEN, CY, MIA, SUE, CaseView, Desk, SlowTown
from texts.catalogue import plain

VIC, ADA = 66, 77
PEOPLE = {BEN: "Ben", SUE: "Sue", MIA: "Mia", VIC: "Vic", ADA: "Ada", CY: "Cy", ANONYMOUS_ADMIN: "Group"}
WORDS = "tomorrow 10:00 because of the zip"
CHOSEN = {"spam": "yes", "hold": "1h", "tag": "vip", "priority": "high", "recover": "points", "canned": "1:send"}
"""What the button of a picker adds; of all others a number."""
STRANGERS = {
    CY: ("desk.refused.stranger_tap", "desk.refused.stranger"),
    ANONYMOUS_ADMIN: ("desk.refused.anonymous_tap", "desk.refused.anonymous"),
}


class Undo(Exception):
    """Ends an attempt, so that the next one finds everything as it was."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one attempt: said in a pop-up or in the group, changed or not."""

    said: tuple[str, ...]
    touched: bool


class Floor:
    """One case in one database, on which everything is tried and undone."""

    def __init__(self, desk: Desk, case: CaseView) -> None:
        self.desk = desk
        self.view = case

    def says(self, key: str, **values: object) -> str:
        """Return a text as staff read it in the group."""
        return plain(self.desk.town.texts.say(key, "en", **values))

    async def member(self, user_id: int) -> StaffMember:
        """Return a person of the shop, or nobody."""
        async with self.desk.town.db.read() as tx:
            return (await load_staff(tx, bot_id=1)).member(user_id)

    async def tries(self, state: CaseState, raw: Json) -> Came:
        """Let one update be handled while the case is in ``state``; everything is undone afterwards."""
        came: list[Came] = []
        with suppress(Undo):
            async with self.desk.town.work() as work:
                await self._put(work, state)
                before = await _marks(work.tx, self.view.id)
                update_raw = Update.de_json({"update_id": 9_000_000, **raw})
                context = await self.desk.town._context(work, update_raw)
                await route(update_raw, context)
                after = await _marks(work.tx, self.view.id)
                words = tuple(answer.text for answer in context.answers)
                came.append(Came((*words, *await _said(work.tx, before[0])), before[1:] != after[1:]))
                raise Undo
        return came[0]

    async def _put(self, work: Work, state: CaseState) -> None:
        ended = work.now - timedelta(hours=1)
        values: dict[str, Any] = {
            "state": state.value,
            "resolved_at": ended if state in (CaseState.RESOLVED, CaseState.CLOSED) else None,
            "closed_at": ended if state is CaseState.CLOSED else None,
        }
        await work.tx.execute(update(cases).where(cases.c.id == self.view.id).values(**values))

    def tap(self, user_id: int, data: str) -> Json:
        """Return a raw press of a button."""
        message = {"message_id": 5, "date": 1, "chat": self.desk.chat(), "text": "…"}
        query = {"id": "q", "from": _user(user_id), "chat_instance": "1", "data": data, "message": message}
        return {"callback_query": query}

    def command(self, user_id: int, text: str) -> Json:
        """Return a raw command in the topic of the case."""
        raw = self.desk.message(BEN, thread_id=self.view.thread_id, text=text)
        raw |= {
            "from": _user(user_id),
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}],
        }
        if user_id == ANONYMOUS_ADMIN:
            raw["sender_chat"] = self.desk.chat()
        return {"message": raw}


def _user(user_id: int) -> Json:
    return {"id": user_id, "is_bot": user_id == ANONYMOUS_ADMIN, "first_name": PEOPLE[user_id]}


async def _marks(tx: Tx, case_id: int) -> tuple[Any, ...]:
    """Return the newest outgoing row, and what may not differ after something was refused."""
    await tx.flush()
    last = (await tx.execute(select(func.coalesce(func.max(outbox.c.id), 0)))).scalar_one()
    to_people = select(func.count()).where(outbox.c.target_kind == TargetKind.CONTACT.value)
    counts = [(await tx.execute(one)).scalar_one() for one in (to_people, select(func.count()).select_from(audit))]
    row = (await tx.execute(select(cases).where(cases.c.id == case_id))).one()
    return (last, *counts, tuple(row))


async def _said(tx: Tx, after: int) -> list[str]:
    """Return what was queued since for staff, as they read it."""
    rows = await tx.execute(select(outbox.c.body).where(outbox.c.id > after).order_by(outbox.c.id))
    return [plain(row.body.get("content", {}).get("text", "")) for row in rows]


async def floor_in(database: Database) -> Floor:
    """Return a case that is nobody's, in a shop with everybody."""
    desk = await Desk(SlowTown(database)).opens()
    await desk.town.hires(VIC, "Vic", Role.VIEWER)
    await desk.town.hires(ADA, "Ada", Role.ADMIN)
    return Floor(desk, await desk.case_of())


_REFUSALS = ("desk.refused.not_allowed", "casework.refused.supervisors", "desk.refused.no_such_case")


async def check(floor: Floor, name: str, states: list[CaseState]) -> None:
    """Press a verb's button and give its command, with words and without, as everybody, in each state."""
    verb, deed = VERBS[name], deed_of(name)
    assert deed is not None, f"nobody has decided who may do {name}: see domain/deeds.py"
    stored = await floor.view.now()
    number = stored.public_number
    members = {user_id: await floor.member(user_id) for user_id in PEOPLE}
    of_table = {floor.says(key, number=number) for key in _REFUSALS}
    old_button = floor.says("desk.refused.old_button") if not verb.command else None
    of_table.add(floor.says(TABLE[deed].otherwise, number=number))
    for user_id, state in ((user_id, state) for user_id in PEOPLE for state in states):
        member = members[user_id]
        case = replace(stored, state=state) if verb.needs_case else None
        refusal = why_not(deed, member, case)
        tapped = await floor.tries(state, floor.tap(user_id, f"k:{name}:{floor.view.id}"))
        written = await floor.tries(state, floor.command(user_id, f"/{name}"))
        told = (PEOPLE[user_id], name, state.value)
        if refusal is None:
            assert not of_table & {*tapped.said, *written.said}, (*told, tapped, written)
            assert any(tapped.said) or tapped.touched, told
            continue
        wordy = await floor.tries(state, floor.command(user_id, f"/{name} {WORDS}"))
        chosen = await floor.tries(state, floor.tap(user_id, f"k:{name}:{floor.view.id}:{CHOSEN.get(name, '1')}"))
        if member is NOBODY:
            expected = [floor.says(key, name=PEOPLE[user_id]) for key in STRANGERS[user_id]]
        else:
            expected = [floor.says(refusal.key, **refusal.values)] * 2
        assert {expected[0][:200], old_button} & set(tapped.said), (*told, tapped)
        assert {expected[1], old_button} & set(written.said), (*told, written)
        assert [one.touched for one in (tapped, written, wordy, chosen)] == [False] * 4, told


@pytest.mark.parametrize("name", sorted(VERBS))
async def test_a_verb_is_allowed_and_refused_as_the_table_says(name: str, sqlite_url: str) -> None:
    """By button and by command: viewer, agent, supervisor, marketer, admin, a stranger, an anonymous admin."""
    database = open_database(sqlite_url)
    try:
        states = list(CaseState) if VERBS[name].needs_case else [CaseState.OPEN]
        await check(await floor_in(database), name, states)
    finally:
        await database.close()


@pytest.mark.parametrize("name", ["take", "resolve", "spam", "history", "handover"])
async def test_the_same_holds_on_postgresql(name: str, postgresql_database_url: str) -> None:
    """A sample: the table is asked, whatever the engine."""
    database = open_database(postgresql_database_url)
    try:
        await check(await floor_in(database), name, [CaseState.OPEN, CaseState.CLOSED])
    finally:
        await database.close()


@pytest.mark.parametrize("name", sorted(MESSAGE_BUTTONS))
async def test_buttons_of_single_messages_stand_in_the_table_too(name: str, sqlite_url: str) -> None:
    """*Send*, *keep*, *agree* and the like: whoever may not do them changes nothing."""
    deed = deed_of(name)
    assert deed is not None
    database = open_database(sqlite_url)
    try:
        floor = await floor_in(database)
        for user_id in PEOPLE:
            came = await floor.tries(CaseState.OPEN, floor.tap(user_id, f"k:{name}:1"))
            assert not (came.touched and why_not(deed, await floor.member(user_id)) is not None), PEOPLE[user_id]
    finally:
        await database.close()


async def test_a_confidential_case_does_not_exist_for_agents(sqlite_url: str) -> None:
    """Every verb, by the agent and by the supervisor whom it is about: “there is no such case”, and nothing happens."""
    database = open_database(sqlite_url)
    try:
        floor = await floor_in(database)
        sue = await floor.member(SUE)
        hidden = update(cases).where(cases.c.id == floor.view.id).values(confidential=True, about_member_id=sue.id)
        async with floor.desk.town.work() as work:
            await work.tx.execute(hidden)
        for name in sorted(name for name, verb in VERBS.items() if verb.needs_case):
            for user_id in (BEN, SUE):
                came = await floor.tries(CaseState.OPEN, floor.tap(user_id, f"k:{name}:{floor.view.id}"))
                assert not came.touched, (PEOPLE[user_id], name)
                refusals = {floor.says(key) for key in (*_REFUSALS, "desk.refused.old_button")}
                assert refusals & set(came.said), (PEOPLE[user_id], name, came)
    finally:
        await database.close()
