"""A business and its customers, seen from outside: a simulated Telegram over HTTP, the real program beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from domain.people import Role
from simulator import World
from simulator.http import serve
from simulator.state import Settings
from storage.database import open_database
from storage.tables import inbox, jobs, metadata, outbox, pauses
from tests.e2e.program import Program, write_config

TOKEN = "7001001:TEST-town"
USERNAME = "care_town_bot"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PATIENCE_S = 15.0
_LOOK_S = 0.05
Json = dict[str, Any]

_SETTINGS = Settings(history=100_000, call_log=1_000_000, remembered_updates=1_000_000)


class Town:
    """One world, one staff group, one database, and as many programs as were started on them."""

    token = TOKEN

    def __init__(self, world: World, port: int, url: str, folder: Path) -> None:
        self.world = world
        self.url = url
        self.base_url = f"http://127.0.0.1:{port}"
        self.group_id = 0
        self.programs: list[Program] = []
        self.staff: list[Resident] = []
        self._folder = folder
        self._database = open_database(url)
        self._next_id = 501

    def person(self, name: str, language: str = "en") -> "Resident":
        """Bring a person into the world."""
        self._next_id += 1
        self.world.add_person(name, language_code=language, person_id=self._next_id)
        return Resident(self, self._next_id, name)

    def hires(self, name: str, role: Role = Role.AGENT) -> "Resident":
        """Bring a member of staff into the world and the staff group; named in the next program's configuration."""
        person = self.person(name)
        person.role = role
        self.world.join_group(self.group_id, person.id, "administrator")
        self.staff.append(person)
        return person

    def opens_desk(self, *, forum: bool = True, kind: str = "supergroup") -> int:
        """Make the staff group, with the bot as its administrator; returns its id."""
        self.group_id = int(self.world.add_group("Desk", forum=forum, kind=kind)["id"])
        self.world.join_group(self.group_id, TOKEN, "administrator")
        return self.group_id

    def configuration(self, **changes: Mapping[str, Any]) -> Json:
        """Return a configuration of this town, without limits, with some sections' keys changed."""
        values: Json = {
            "telegram": {"token": TOKEN, "api_base_url": self.base_url},
            "staff": {"members": [{"id": p.id, "name": p.name, "role": p.role.value} for p in self.staff]},
            "storage": {"url": self.url, "media_folder": str(self._folder / "media")},
            "business": {"name": "Tailor & Son", "time_zone": "UTC"},
            "limits": {"messages_per_second": 0, "private_chat_gap_s": 0, "group_per_minute": 0},
            "demo": {"clock_url": f"{self.base_url}/_sim/clock"},
            "desk": {"digest_at": "never"},  # it comes by the wall clock, between anybody's words
        }
        if self.group_id:
            values["staff"]["groups"] = [{"id": self.group_id, "name": "Desk"}]
        for section, keys in changes.items():
            values[section] = {**values.get(section, {}), **keys}
        return values

    def program(self, **changes: Mapping[str, Any]) -> Program:
        """Return a program of this town, configured but not yet started."""
        name = f"carebot{len(self.programs) + 1}"
        config = self._folder / f"{name}.toml"
        write_config(config, self.configuration(**changes))
        program = Program(config, self._folder / f"{name}.log")
        self.programs.append(program)
        return program

    async def starts(self, **changes: Mapping[str, Any]) -> Program:
        """Start a program and wait until it has introduced itself to Telegram."""
        program = self.program(**changes)
        await self.restarts(program)
        return program

    async def restarts(self, program: Program) -> None:
        """Start a program (again) and wait until it has introduced itself to Telegram."""
        greeted = self.world.call_counts.get("getMe", 0)
        await program.start()

        def introduced() -> bool:
            assert program.running, f"the program ended:\n{program.output()}"
            return self.world.call_counts.get("getMe", 0) > greeted

        await self.until(introduced, "the program to introduce itself")

    async def until(self, condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
        """Wait, looking again whenever the world changes, until ``condition`` is true; returns what it gave.

        The condition may be a coroutine function. Raises ``AssertionError`` that says what was awaited.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            found = condition()
            asks_database = isinstance(found, Awaitable)
            if asks_database:
                found = await found
            if found:
                return found
            if loop.time() > end:
                raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}")
            with self.world.changed.waiter() as changed:
                await (asyncio.sleep(_LOOK_S) if asks_database else asyncio.wait([changed], timeout=_LOOK_S))

    async def rows(self, table: str, **where: Any) -> list[Any]:
        """Return the rows of a table with these values, in order of the first column."""
        chosen = metadata.tables[table]
        statement = select(chosen).order_by(chosen.c[0])
        for name, value in where.items():
            statement = statement.where(chosen.c[name] == value)
        async with self._database.read() as tx:
            return list(await tx.execute(statement))

    async def jumps_to(self, moment: datetime) -> None:
        """Move the clock, and wait until the program has asked everything that is due at the new time.

        What shows it is a pause that ends just before: the last of the program's questions forgets it.
        """
        past = {"bot_id": int(TOKEN.partition(":")[0]), "scope": "nobody", "until_at": moment - timedelta(seconds=1)}
        async with self._database.write() as tx:
            await tx.execute(pauses.insert().values(**past, reason="a test looks on"))
        self.world.jump_to(moment)

        async def forgotten() -> bool:
            return not await self.rows("pauses", scope="nobody")

        await self.until(forgotten, f"everything due at {moment} to be asked", 4 * PATIENCE_S)

    async def open_work(self) -> Json:
        """Return how much is still to be done, by kind; empty when everything is settled."""
        async with self._database.read() as tx:
            counts = {
                "inbox": await tx.execute(select(func.count()).where(inbox.c.state == "new")),
                "outbox": await tx.execute(select(func.count()).where(outbox.c.state.in_(["queued", "sending"]))),
                "jobs": await tx.execute(select(func.count()).where(jobs.c.state == "open")),
            }
            left = {name: int(rows.scalar_one()) for name, rows in counts.items()}
        left["pending"] = int(self.world.pending_updates())
        return {name: count for name, count in left.items() if count}

    async def settled(self, timeout_s: float = PATIENCE_S, *, files_too: bool = True) -> None:
        """Wait until every update is handled, every message sent and every file fetched."""

        async def nothing_left() -> bool:
            return (await self.open_work()).keys() <= (set() if files_too else {"jobs"})

        try:
            await self.until(nothing_left, "everything to be settled", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; left: {await self.open_work()}") from None

    async def topic(self, of: str, *, after: int = 0) -> int:
        """Wait for the topic of a case, by a part of its name, made after topic ``after``; returns its thread id."""

        def found() -> int | None:
            names = {t["thread_id"]: t["name"] for t in self.world.topics(self.group_id) if not t["deleted"]}
            return next((thread for thread, name in names.items() if of in name and thread > after), None)

        return int(await self.until(found, f"a topic of {of}"))

    def in_group(self, thread_id: int | None = None) -> list[Json]:
        """Return what stands in the staff group, or in one of its topics."""
        return self.world.messages(self.group_id, thread_id=thread_id)

    async def group_reads(self, containing: str, thread_id: int | None = None, *, after: int = 0) -> Json:
        """Wait for words of the bot in the staff group."""
        return await self.world.wait_message(
            self.group_id, containing=containing, thread_id=thread_id, after_id=after, timeout_s=PATIENCE_S
        )

    async def close(self) -> None:
        """End what still runs."""
        for program in self.programs:
            if program.running:
                await program.kill()
        await self._database.close()

    def output(self) -> str:
        """Return the last lines of what every program wrote."""
        return "\n---\n".join(program.output() for program in self.programs)


class Resident:
    """A person with a Telegram account: a customer in a private chat, a colleague in the staff group."""

    def __init__(self, town: Town, person_id: int, name: str) -> None:
        self.town = town
        self.id = person_id
        self.name = name
        self.role = Role.AGENT

    def starts(self, payload: str | None = None) -> Json:
        """Press Start."""
        return self.town.world.start(self.id, payload)

    def says(self, text: str, **how: Any) -> Json:
        """Write to the bot."""
        return self.town.world.send(self.id, text, **how)

    def sends(self, kind: str, **how: Any) -> Json:
        """Send the bot something that is not words."""
        return self.town.world.send(self.id, kind=kind, **how)

    def sends_album(self, *captions: str) -> list[Json]:
        """Send the bot an album of photos."""
        return self.town.world.send_album(self.id, [{"caption": caption} for caption in captions])

    def edits(self, message_id: int, text: str) -> None:
        """Change an own message to the bot."""
        self.town.world.edit(self.id, None, message_id, text)

    def writes(self, text: str, thread_id: int | None = None, **how: Any) -> Json:
        """Write in the staff group."""
        return self.town.world.send(self.id, text, self.town.group_id, thread_id=thread_id, **how)

    def heard(self) -> list[Json]:
        """Return what the bot has said to this person, oldest first."""
        return [message for message in self.town.world.messages(person_id=self.id) if message["from_bot"]]

    def texts(self) -> list[str]:
        """Return the words the bot has said to this person, oldest first."""
        return [message["text"] or message["caption"] or "" for message in self.heard()]

    async def hears(self, containing: str, *, after: int = 0, timeout_s: float = PATIENCE_S) -> Json:
        """Wait for words of the bot in the private chat."""
        return await self.town.world.wait_message(
            person_id=self.id, containing=containing, after_id=after, timeout_s=timeout_s
        )

    async def taps(self, data: str, *, in_group: bool = False, thread_id: int | None = None) -> Json:
        """Wait for a button whose data begins with ``data``, and tap the newest."""
        chat_id = self.town.group_id if in_group else self.id

        def newest() -> tuple[int, str] | None:
            for message in reversed(self.town.world.messages(chat_id, thread_id=thread_id)):
                for button in _buttons(message):
                    if button.startswith(data):
                        return message["id"], button
            return None

        message_id, whole = await self.town.until(newest, f"a button {data} for {self.name}")
        return self.town.world.tap(self.id, chat_id, message_id, data=whole)


def _buttons(message: Json) -> list[str]:
    rows = message["raw"].get("reply_markup", {}).get("inline_keyboard", ())
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


@asynccontextmanager
async def open_town(url: str, folder: Path, *, start: datetime = NOON) -> AsyncIterator[Town]:
    """A town with a bot and nobody else yet; everything started in it is ended with it."""
    world = World.starting(start, _SETTINGS)
    world.add_bot(TOKEN, USERNAME, "Tailor & Son", reads_all=True)
    async with serve(world) as port:
        town = Town(world, port, url, folder)
        try:
            yield town
        finally:
            await town.close()
