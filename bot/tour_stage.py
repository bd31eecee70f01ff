"""The stage of the tour: people act on it, everything that appears is shown, every claim is looked for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from bot.tour_screen import Bubble, Lane, Screen, styled
from simulator.client import AsyncVerbs

Message = dict[str, Any]
Buttons = list[list[dict[str, Any]]]

_LOOK_EVERY_S = 0.03
_PATIENCE_S = 15.0
_QUOTED_LETTERS = 28
_OURS = "bright_blue"


class NotSeen(Exception):
    """A step of the tour did not become visible in time."""

    def __init__(self, claim: str, why: str) -> None:
        super().__init__(claim)
        self.claim = claim
        self.why = why


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who plays: the Telegram id, the name, the colour on the screen, the language of the account."""

    id: int
    name: str
    style: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Room:
    """A chat that is watched: a persona's private chat with the bot, or the staff group."""

    chat_id: int
    name: str
    lane: Lane


class Stage:
    """``alive`` says whether the program still runs; ``zone`` is the clock by which times are shown."""

    def __init__(
        self,
        verbs: AsyncVerbs,
        screen: Screen,
        *,
        shop: str,
        desk_id: int,
        people: Sequence[Persona],
        zone: ZoneInfo,
        alive: Callable[[], bool],
    ) -> None:
        self.verbs = verbs
        self.screen = screen
        self.desk = Room(desk_id, "Care desk", Lane.STAFF)
        self.zone = zone
        self._shop = shop
        self._alive = alive
        self._people = {person.id: person for person in people}
        self._rooms = [self.desk]
        self._known: dict[int, dict[int, Message]] = {desk_id: {}}
        self._before: dict[int, dict[int, Message]] = {}
        self._topics: dict[int, str] = {}
        self._keyboards: dict[int, Any] = {}
        self._chapters = 0

    # What people do

    async def chapter(self, title: str) -> None:
        """Begin a chapter of the tour."""
        self._chapters += 1
        now = datetime.fromisoformat(await self.verbs.now()).astimezone(self.zone)
        city = self.zone.key.rpartition("/")[2].replace("_", " ")
        await self.screen.chapter(f"{self._chapters}  {title}", f"{now:%a} {now.day} {now:%b} {now:%H:%M} {city}")

    async def enter(self, person: Persona, payload: str | None = None, *, lane: Lane = Lane.PRIVATE) -> None:
        """Have a customer press Start behind a link, or, in the staff's lane, somebody who works here."""
        self._rooms.append(Room(person.id, person.name, lane))
        self._known[person.id] = {}
        self._mark()
        await self.verbs.start(person.id, payload)
        await self.look_around()

    async def say(self, person: Persona, text: str, *, thread: int | None = None, reply_to: int | None = None) -> int:
        """Have somebody write: a customer to the shop, staff into a topic; returns the message id."""
        self._mark()
        chat_id = None if thread is None else self.desk.chat_id
        said = await self.verbs.send(person.id, text, chat_id, thread_id=thread, reply_to=reply_to)
        await self.look_around()
        return int(said["id"])

    async def send_photos(self, person: Persona, *captions: str) -> None:
        """Have a customer send one photo, or several as an album."""
        self._mark()
        if len(captions) == 1:
            await self.verbs.send(person.id, kind="photo", caption=captions[0])
        else:
            await self.verbs.send_album(person.id, [{"kind": "photo", "caption": caption} for caption in captions])
        await self.look_around()

    async def edit(self, person: Persona, message_id: int, text: str) -> None:
        """Have a customer change what was said."""
        self._mark()
        await self.verbs.edit(person.id, None, message_id, text)
        await self.look_around()

    async def tap(self, person: Persona, data: str, *, thread: int | None = None) -> None:
        """Have somebody tap the newest button whose data begins with ``data``."""
        room = self.desk.chat_id if thread is not None else person.id
        message, button = self._button(room, data, thread)
        self._mark()
        lane = Lane.STAFF if thread is not None else next(r.lane for r in self._rooms if r.chat_id == room)
        tapped = Text.assemble("taps ", (f"[ {button['text']} ]", "bold"))
        await self.screen.deed(lane, person.name, person.style, tapped)
        chat_id = self.desk.chat_id if thread is not None else None
        await self.verbs.tap(person.id, chat_id, message["id"], data=button["data"])
        await self.look_around()

    def _button(self, chat_id: int, data: str, thread: int | None) -> tuple[Message, dict[str, Any]]:
        for message in reversed(self._known[chat_id].values()):
            for row in message["buttons"]:
                for button in row:
                    if thread in (None, message["thread_id"]) and (button["data"] or "").startswith(data):
                        return message, button
        raise NotSeen(f"a button {data}", "No message in the chat has it.")

    async def jump_to(self, at: datetime, words: str) -> None:
        """Move everybody's clock."""
        self._mark()
        await self.screen.meanwhile(words)
        await self.verbs.jump_to(at.isoformat())
        await self.look_around()

    # What is seen

    async def sees(
        self,
        chat_id: int,
        claim: str,
        *words: str,
        button: str = "",
        thread: int | None = None,
        keyboard: str | None = None,
        exactly: str | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> Message:
        """Wait until the chat shows something new (since the last deed) of ours with all this, and say so.

        Raises :class:`NotSeen`.
        """

        def fits(message: Message) -> bool:
            text = f"{message['text'] or ''}{message['caption'] or ''}"
            return (
                message["from_bot"]
                and self._is_new(chat_id, message)
                and all(word in text for word in words)
                and (not button or any((b["data"] or "").startswith(button) for row in message["buttons"] for b in row))
                and thread in (None, message["thread_id"])
                and (keyboard is None or any(keyboard in row for row in message["reply_keyboard"] or ()))
                and exactly in (None, text)
            )

        def look() -> Message | None:
            return next((message for message in self._known[chat_id].values() if fits(message)), None)

        found: Message = await self.until(claim, look, patience_s=patience_s)
        return found

    async def until(self, claim: str, look: Callable[[], Any], *, patience_s: float = _PATIENCE_S) -> Any:
        """Show what happens until ``look`` finds something, and say the claim. Raises :class:`NotSeen`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + patience_s
        while not (found := look()):
            if not self._alive():
                raise NotSeen(claim, "The program ended.")
            if loop.time() > end:
                raise NotSeen(claim, f"Nothing like it within {patience_s:.0f} s.")
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.look_around()
        if claim:
            await self.screen.claim(claim)
        return found

    async def watch(self, claim: str, still: Callable[[], bool], *, seconds: float) -> None:
        """Look on for a while, during which ``still`` must stay true. Raises :class:`NotSeen`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await self.look_around()
            if not still():
                raise NotSeen(claim, "It did not stay so.")
            await asyncio.sleep(_LOOK_EVERY_S)
        await self.screen.claim(claim)

    def messages(self, chat_id: int, containing: str = "") -> list[Message]:
        """Return the messages seen so far in a chat that contain these words."""
        known = self._known[chat_id].values()
        return [m for m in known if containing in f"{m['text'] or ''}{m['caption'] or ''}"]

    async def topic(self, number: str) -> int:
        """Return the staff topic of a case, waiting for it. Raises :class:`NotSeen`."""
        await self.until("", lambda: number in " ".join(self._topics.values()))
        return next(thread for thread, name in self._topics.items() if name.startswith(number))

    def _mark(self) -> None:
        self._before = {chat_id: dict(messages) for chat_id, messages in self._known.items()}

    def _is_new(self, chat_id: int, message: Message) -> bool:
        return self._before.get(chat_id, {}).get(message["id"]) != message

    async def look_around(self) -> None:
        """Show everything that appeared or changed since the last look, oldest first, customers before staff."""
        topics = await self.verbs.topics(self.desk.chat_id)
        self._topics = {topic["thread_id"]: topic["name"] for topic in topics}
        news: list[tuple[int, Room, list[Message], Message | None]] = []
        for room in self._rooms:
            known = self._known[room.chat_id]
            for seen in await self.verbs.messages(room.chat_id):
                message = {name: value for name, value in seen.items() if name != "raw"}
                message["at"] = seen["raw"].get("edit_date", seen["date"])
                old = known.get(message["id"])
                known[message["id"]] = message
                if old == message or message["kind"] == "service":
                    continue
                album = message["media_group_id"]
                if album and old is None and news and news[-1][2][-1]["media_group_id"] == album:
                    news[-1][2].append(message)
                else:
                    news.append((message["at"], room, [message], old))
        for _, room, messages, old in sorted(news, key=lambda new: (new[0], new[1].lane is Lane.STAFF)):
            await self._show(room, messages, old)

    async def _show(self, room: Room, messages: list[Message], old: Message | None) -> None:
        message = messages[0]
        if old is not None and old["reactions"] != message["reactions"]:
            await self._show_reaction(room, message)
            return
        speaker, listener, style = self._who(room, message)
        body = _body(messages)
        if old is not None:
            body = _changes(old, message, body)
            speaker = f"✎ {speaker}"
        elif message["reply_to"] and (answered := self._answered(room, message)):
            body = Text.assemble((f"↪ {answered}\n", "dim"), body)
        buttons = [[button["text"] for button in row] for row in message["buttons"]]
        if old is not None and old["buttons"] == message["buttons"]:
            buttons = []
        if message["reply_keyboard"] and self._keyboards.get(room.chat_id) != message["reply_keyboard"]:
            self._keyboards[room.chat_id] = buttons = message["reply_keyboard"]
        shown = Bubble(room.lane, speaker, listener, style, self._time(message), body, buttons)
        await self.screen.bubble(shown)

    def _answered(self, room: Room, message: Message) -> str:
        known = self._known[room.chat_id].get(message["reply_to"])
        text = (known["text"] or known["caption"] or known["kind"]).replace("\n", " ") if known else ""
        return text if len(text) <= _QUOTED_LETTERS else f"{text[: _QUOTED_LETTERS - 1]}…"

    def _who(self, room: Room, message: Message) -> tuple[str, str, str]:
        topic = self._topics.get(message["thread_id"] or 0)
        where = f"topic {topic}" if topic else room.name
        if message["from_bot"]:
            speaker = self._shop if room.lane is Lane.PRIVATE else "carebot"
            return speaker, where, _OURS
        person = self._people[message["from"]["id"]]
        private = room.chat_id in self._people
        return person.name, self._shop if private else where, person.style

    async def _show_reaction(self, room: Room, message: Message) -> None:
        signs = "".join(sign for given in message["reactions"].values() for sign in given)
        author = self._people.get(message["from"]["id"])
        whose = f"{author.name}'s words" if author else "our words"
        await self.screen.deed(room.lane, "carebot", _OURS, Text(f"marks {whose}: {signs}"))

    def _time(self, message: Message) -> str:
        return f"{datetime.fromtimestamp(message['at'], UTC).astimezone(self.zone):%H:%M}"


def _body(messages: Sequence[Message]) -> Text:
    """Return what a message says; the parts of an album in one."""
    message = messages[0]
    if message["kind"] == "text":
        return styled(message["text"] or "", message["entities"])
    pictures = Text("  ".join(f"▣ {one['kind']}" for one in messages))
    captions = [styled(one["caption"], one["entities"]) for one in messages if one["caption"]]
    return Text("\n").join([pictures, *captions])


def _changes(old: Message, message: Message, body: Text) -> Text:
    """Return only the lines that an edit changed, unless it was a person's own."""
    before = (old["text"] or old["caption"] or "").splitlines()
    changed = [line for line in body.split("\n") if line.plain not in before]
    if not changed or not message["from_bot"]:
        return body
    left_out = len(changed) < len(body.plain.splitlines())
    return Text("\n").join([*changed, *([Text("…", style="dim")] if left_out else [])])
