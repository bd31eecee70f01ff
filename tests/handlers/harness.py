"""A town in which handlers can be tried without a network: updates go in, what the bot queued comes out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from telegram import Update

from domain.outgoing import Action, Lane, TargetKind
from domain.people import Role
from domain.rules import Rules
from handlers.context import CareContext, TapAnswer
from handlers.reading import read_message, read_tap
from handlers.routing import route
from services.work import Person, Work
from storage import staff as staff_rows
from storage.cases import load_owed
from storage.database import Database, Tx
from storage.outbox import mark_sent
from storage.people import load_contacts
from storage.tables import metadata, outbox
from texts import Texts
from texts.catalogue import plain

BOT_ID = 7001
BOT_USERNAME = "care_test_bot"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing the bot queued, as its listener reads it; ``buttons`` are (words, data) pairs."""

    text: str
    html: str
    buttons: tuple[tuple[str, str], ...]
    keyboard: tuple[tuple[str, ...], ...]
    action: Action
    target: tuple[TargetKind, int]
    message_id: int
    lane: Lane
    body: Json = field(repr=False)

    def data(self, start: str) -> str:
        """Return the data of the first button whose data begins with ``start``."""
        return next(data for _, data in self.buttons if data.startswith(start))


class Town:
    """One business with its database, its moment and the message ids its chats have used so far."""

    def __init__(self, db: Database, rules: Rules | None = None) -> None:
        self.db = db
        self.rules = rules or Rules(business_name="Tailor & Son")
        self.texts = Texts()
        self.now = NOON
        self.answers: list[TapAnswer] = []
        self._update_id = 500
        self._message_id = 10
        self._seen = 0

    def moves(self, **span: float) -> None:
        """Move the clock on."""
        self.now += timedelta(**span)

    def next_message_id(self) -> int:
        """Hand out a message id nobody has used."""
        self._message_id += 1
        return self._message_id

    def chat(self, user_id: int, name: str, language_code: str = "en", username: str | None = None) -> "Chat":
        """Return the private chat of a person."""
        return Chat(self, user_id, name, language_code, username)

    async def hires(self, user_id: int, name: str, role: Role = Role.AGENT) -> None:
        """Seed a member of staff."""
        async with self.db.write() as tx:
            await staff_rows.insert_missing_member(tx, user_id=user_id, name=name, role=role, language=None)

    async def opens_desk(self, chat_id: int = -1001, *, forum: bool = True, language: str | None = None) -> int:
        """Seed the staff group; returns its id in the database."""
        async with self.db.write() as tx:
            await staff_rows.insert_missing_group(tx, bot_id=BOT_ID, chat_id=chat_id, name="Desk", language=language)
            group = (await staff_rows.load_staff(tx, bot_id=BOT_ID)).groups[chat_id]
            await staff_rows.set_forum(tx, group_id=group.id, forum=forum)
            return group.id

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """One writing transaction as services want it."""
        async with self.db.write() as tx:
            yield Work(tx, self.now, BOT_ID, self.rules, self.texts)

    async def update(self, **part: Json) -> list[Said]:
        """Route one raw update; returns what was queued by it, which then counts as delivered."""
        self._update_id += 1
        raw: Json = {"update_id": self._update_id, **part}
        update = Update.de_json(raw)
        async with self.work() as work:
            context = await self._context(work, update)
            await route(update, context)
        self.answers = context.answers
        return await self.deliver()

    async def _context(self, work: Work, update: Update) -> CareContext:
        chat = update.effective_chat
        chat_id = chat.id if chat else 0
        staff = await staff_rows.load_staff(work.tx, bot_id=BOT_ID)
        known = (await load_contacts(work.tx, bot_id=BOT_ID, chat_ids=[chat_id])).get(chat_id)
        person = None
        if known is not None:
            owed = await load_owed(work.tx, [known.customer.id])
            person = Person(
                known.contact,
                known.customer,
                known.dialogue,
                known.notice_version,
                case_ids=[case.id for case in owed],
            )
        return CareContext(
            work,
            staff,
            BOT_USERNAME,
            heard=read_message(update),
            tap=read_tap(update),
            person=person,
            group=staff.groups.get(chat_id),
        )

    async def deliver(self) -> list[Said]:
        """Mark everything queued as delivered, as the sender will, and return it."""
        async with self.db.write() as tx:
            rows = await self._queued(tx)
            said = []
            for row in rows:
                message_id = row.body.get("message_id") or self.next_message_id()
                mark_sent(tx, row_id=row.id, now=self.now, chat_id=await self._chat_of(tx, row), message_id=message_id)
                said.append(_said(row, message_id))
            return said

    async def _queued(self, tx: Tx) -> list[Any]:
        statement = select(outbox).where(outbox.c.state == "queued").order_by(outbox.c.id)
        return list(await tx.execute(statement))

    async def _chat_of(self, tx: Tx, row: Any) -> int:
        if row.target_kind == TargetKind.CONTACT:
            table = metadata.tables["contact_points"]
            found = await tx.execute(select(table.c.chat_id).where(table.c.id == row.target_ref))
            return int(found.scalar_one())
        if row.target_kind == TargetKind.CHAT:
            return int(row.target_ref)
        if row.target_kind == TargetKind.MEMBER:
            table = metadata.tables["staff_members"]
            found = await tx.execute(select(table.c.user_id).where(table.c.id == row.target_ref))
            return int(found.scalar_one())
        table = metadata.tables["staff_groups"]
        found = await tx.execute(select(table.c.chat_id).where(table.c.id == int(row.chat_key[1:])))
        return int(found.scalar_one())

    async def rows(self, table: str, **where: Any) -> list[Any]:
        """Return all rows of a table with these values, in order of their first column."""
        chosen = metadata.tables[table]
        statement = select(chosen).order_by(chosen.c[0])
        for name, value in where.items():
            statement = statement.where(chosen.c[name] == value)
        async with self.db.read() as tx:
            return list(await tx.execute(statement))


def _said(row: Any, message_id: int) -> Said:
    content = row.body.get("content", {})
    html = content.get("text", "")
    pairs = tuple(
        (button["text"], button.get("callback_data") or button.get("url", ""))
        for line in row.body.get("buttons", [])
        for button in line
    )
    return Said(
        text=html if content.get("entities") else plain(html),
        html=html,
        buttons=pairs,
        keyboard=tuple(tuple(line) for line in row.body.get("keyboard", [])),
        action=Action(row.action),
        target=(TargetKind(row.target_kind), row.target_ref),
        message_id=message_id,
        lane=Lane(row.lane),
        body=row.body,
    )


class Chat:
    """One person's private chat with the bot. Every deed returns what this person reads because of it."""

    def __init__(self, town: Town, user_id: int, name: str, language_code: str, username: str | None) -> None:
        self.town = town
        self.user: Json = {"id": user_id, "is_bot": False, "first_name": name, "language_code": language_code}
        if username:
            self.user["username"] = username
        self.id = user_id
        self._heard: list[Said] = []
        self.last_message_id = 0

    @property
    def _chat(self) -> Json:
        return {"id": self.id, "type": "private", "first_name": self.user["first_name"]}

    def said(self) -> list[Said]:
        """Return everything the bot has said to this person, oldest first."""
        return self._heard

    @property
    def popup(self) -> str:
        """The pop-up that answered the last tap."""
        return self.town.answers[-1].text if self.town.answers else ""

    async def _sends(self, kind: str, body: Json) -> list[Said]:
        said = await self.town.update(**{kind: body})
        mine = [one for one in said if await self._is_mine(one)]
        self._heard += mine
        return mine

    async def _is_mine(self, said: Said) -> bool:
        kind, ref = said.target
        if kind is not TargetKind.CONTACT or said.action is Action.COMMANDS:
            return False
        return bool(await self.town.rows("contact_points", id=ref, chat_id=self.id))

    def message(self, **parts: Any) -> Json:
        """Return a raw message of this person with a fresh id."""
        self.last_message_id = self.town.next_message_id()
        return {
            "message_id": self.last_message_id,
            "date": int(self.town.now.timestamp()),
            "chat": self._chat,
            "from": self.user,
            **parts,
        }

    async def says(self, text: str, *, reply_to: int | None = None) -> list[Said]:
        """Write words or a ``/command``."""
        parts: Json = {"text": text}
        if text.startswith("/"):
            parts["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        if reply_to is not None:
            parts["reply_to_message"] = {"message_id": reply_to, "date": 0, "chat": self._chat}
        return await self._sends("message", self.message(**parts))

    async def edits(self, message_id: int, text: str) -> list[Said]:
        """Change the words of an earlier message."""
        body = {**self.message(text=text), "message_id": message_id, "edit_date": int(self.town.now.timestamp())}
        self.last_message_id = message_id
        return await self._sends("edited_message", body)

    async def sends_photo(self, caption: str = "", *, album: str | None = None, size: int = 90_000) -> list[Said]:
        """Send a photo, alone or as a part of an album."""
        number = self.town.next_message_id()
        photo = {"file_id": f"P{number}", "file_unique_id": f"u{number}", "width": 90, "height": 90, "file_size": size}
        parts: Json = {"photo": [photo]}
        if caption:
            parts["caption"] = caption
        if album:
            parts["media_group_id"] = album
        return await self._sends("message", self.message(**parts))

    async def sends(self, **parts: Any) -> list[Said]:
        """Send a message with these raw fields, such as ``sticker={...}``."""
        return await self._sends("message", self.message(**parts))

    async def taps(self, data: str, *, message_id: int | None = None) -> list[Said]:
        """Press a button: the newest one whose data begins with ``data``, or a forged one with just that data."""
        for said in reversed(self._heard):
            found = [whole for _, whole in said.buttons if whole == data or whole.startswith(f"{data}:")]
            if found and message_id in (None, said.message_id):
                return await self._taps(found[0], said.message_id)
        return await self._taps(data, message_id or self.town.next_message_id())

    async def _taps(self, data: str, message_id: int) -> list[Said]:
        message = {"message_id": message_id, "date": 1, "chat": self._chat, "text": "…"}
        query = {
            "id": str(self.town.next_message_id()),
            "from": self.user,
            "chat_instance": "1",
            "data": data,
            "message": message,
        }
        return await self._sends("callback_query", query)

    async def reacts(self, message_id: int, emoji: str) -> list[Said]:
        """Put a reaction under a message."""
        body = {
            "chat": self._chat,
            "message_id": message_id,
            "user": self.user,
            "date": 1,
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
        }
        return await self._sends("message_reaction", body)
