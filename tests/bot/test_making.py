"""Files the business makes: wanted in a transaction, made outside of any, uploaded once, and never silently missing."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest

from bot import made_files
from bot.clock import Clock
from bot.jobs import Jobs
from bot.made_files import Drawn
from bot.sender import Sender
from bot.transport import AiohttpRequest, TelegramApi
from domain.calendars import QuietHours
from domain.outgoing import Button, Purpose, to_member, to_staff_group
from domain.pacing import Limits, Pacer
from domain.people import ConsentClass, Role
from domain.rules import Rules
from domain.surveys.results import Results
from services.case_door import actor_of
from services.customers import set_consent
from services.files import order_file
from services.seeding import seed
from services.surveys.book import get_survey
from services.surveys.results import results
from services.surveys.staff_view import order_picture
from services.work import Person, Work
from simulator import SimulatorRequest, World
from simulator.http import serve
from storage import tables
from storage.database import Database, open_database
from storage.deliveries import insert_queued
from storage.jobs import Job, claim_jobs
from storage.people import load_contacts
from storage.staff import load_staff
from tests.services.shop import arrive
from tests.services.surveyed import checked
from texts import Texts

TOKEN = "123456:TEST-token"
BOT = 123456
ANN_ID = 77
_BEN, _DESK = 78, -100500
PNG = b"\x89PNG"


class Killed(BaseException):
    """The end of the program: nothing is recorded after it."""


class Shop:
    """A business with Ann as a customer, its jobs and its sender, and a Telegram of its own."""

    def __init__(self, database: Database, world: World, api: TelegramApi, folder: Path) -> None:
        self.database, self.world = database, world
        self.clock, self._texts = Clock(), Texts()
        rules = Rules()
        self.jobs = Jobs(
            database,
            api,
            self.clock,
            bot_id=BOT,
            rules=rules,
            texts=self._texts,
            media_folder=folder,
            committed=lambda: None,
        )
        pacer = Pacer(Limits(0, 0, 0))
        self.sender = Sender(database, api, self.clock, pacer, bot_id=BOT, rules=rules, texts=self._texts)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """One transaction."""
        async with self.database.write() as tx:
            yield Work(tx, self.clock.now(), BOT, Rules(), self._texts)

    async def ann(self, work: Work) -> Person:
        """Return Ann, who is met the first time."""
        known = (await load_contacts(work.tx, bot_id=BOT, chat_ids=[ANN_ID])).get(ANN_ID)
        return Person(known.contact, known.customer) if known else await arrive(work, chat_id=ANN_ID, name="Ann")

    async def orders(self, *, kind: str = "voucher_qr", name: str = "码.png", **more: Any) -> int:
        """Order a file for Ann; returns its id."""
        async with self.work() as work:
            wish: dict[str, Any] = {"recipe": {"code": "ABC"}, "mime": "image/png", "dedupe_key": f"{kind}:1", **more}
            return await order_file(work, await self.ann(work), kind=kind, name=name, **wish)

    async def sends(self) -> list[Any]:
        """Let everything queued be sent; returns what Ann has been sent so far."""
        running = asyncio.create_task(self.sender.run())
        try:
            async with asyncio.timeout(10):
                while await self.rows("outbox", state="queued") or await self.rows("outbox", state="sending"):
                    await self.clock.wait(asyncio.Event(), self.clock.now() + timedelta(seconds=0.01))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return [message["raw"] for message in self.world.messages(person_id=ANN_ID) if message["from_bot"]]

    async def rows(self, table: str, **where: Any) -> list[Any]:
        """Return rows of a table."""
        chosen = tables.metadata.tables[table]
        statement = chosen.select().order_by(chosen.c[0])
        for name, value in where.items():
            statement = statement.where(chosen.c[name] == value)
        async with self.database.read() as tx:
            return list(await tx.execute(statement))

    def moves(self, **span: float) -> None:
        """Move the clock on."""
        self.clock.set_offset(self.clock.now() - Clock().now() + timedelta(**span))


def _world() -> World:
    world = World()
    world.add_bot(TOKEN)
    world.add_person("Ann", person_id=ANN_ID)
    world.start(ANN_ID)
    return world


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop on each engine, beside a Telegram in the same process."""
    world = _world()
    yield Shop(database, world, TelegramApi(TOKEN, "https://api.telegram.org", SimulatorRequest(world)), tmp_path)
    world.close()


def breaks(monkeypatch: pytest.MonkeyPatch, *, times: int = 1000, error: BaseException | None = None) -> list[int]:
    """Let the maker of voucher pictures fail so many times; returns where its calls are counted."""
    calls: list[int] = []

    async def make(_recipe: dict[str, Any]) -> bytes:
        calls.append(1)
        if len(calls) <= times:
            raise error or OSError("no room")
        return PNG

    monkeypatch.setitem(made_files.MAKERS, "voucher_qr", Drawn(make))
    return calls


async def test_a_voucher_arrives_as_a_picture_with_its_words_and_buttons(shop: Shop) -> None:
    """Ann gets a photo whose bytes are those that were made, and the record says that a file was sent."""
    buttons = ((Button("Mine", data="c:vouchers"),),)
    file_id = await shop.orders(as_photo=True, caption="Your <b>code</b>", buttons=buttons)
    assert await shop.jobs.run_once()
    (sent,) = await shop.sends()
    assert sent["caption"] == "Your code"
    assert sent["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "c:vouchers"
    file = shop.world.files.find(sent["photo"][-1]["file_id"])
    assert file is not None
    (kept,) = await shop.rows("files", id=file_id)
    assert bytes(kept.content) == file.content
    picture = matplotlib.image.imread(io.BytesIO(kept.content))
    assert picture.shape[0] == picture.shape[1] > 400
    (said,) = await shop.rows("interactions", direction="out")
    assert (said.kind, said.text, said.extra) == ("photo", "Your code", {"file": "码.png"})
    assert [row.state for row in await shop.rows("jobs")] == ["done"]


async def test_a_document_goes_through_a_real_connection(sqlite_url: str, tmp_path: Path) -> None:
    """As multipart over HTTP, under its own name, whatever the script."""
    world, database = _world(), open_database(sqlite_url)
    request = AiohttpRequest()
    await request.initialize()
    async with serve(world) as port:
        shop = Shop(database, world, TelegramApi(TOKEN, f"http://127.0.0.1:{port}", request), tmp_path)
        await shop.orders(name="我的資料.png", caption="Hier")
        await shop.jobs.run_once()
        (sent,) = await shop.sends()
    await request.shutdown()
    await database.close()
    assert (sent["document"]["file_name"], sent["document"]["mime_type"]) == ("我的資料.png", "image/png")
    file = world.files.find(sent["document"]["file_id"])
    assert file is not None
    assert (file.content or b"").startswith(PNG)


async def test_the_same_wish_is_made_and_sent_once(shop: Shop) -> None:
    """Ordered twice, and its job done twice because a lease ended: one message."""
    assert await shop.orders() == await shop.orders()
    (job,) = await shop.rows("jobs")
    claimed = Job(job.id, job.kind, job.ref, 1)
    await asyncio.gather(shop.jobs._do(claimed), shop.jobs._do(claimed))
    assert len(await shop.sends()) == 1
    assert len(await shop.rows("interactions", direction="out")) == 1


async def test_a_maker_that_stumbles_is_asked_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its back-off has passed; then Ann has her picture and never knew."""
    breaks(monkeypatch, times=2)
    await shop.orders(as_photo=True)
    await shop.jobs.run_once()
    assert not await shop.jobs.run_once()
    for _ in range(2):
        shop.moves(seconds=20)
        assert await shop.jobs.run_once()
    (sent,) = await shop.sends()
    assert "photo" in sent


async def test_who_waits_for_a_file_is_told_that_it_cannot_be_made(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its tries Ann gets a kind line with the same buttons, once; nothing of the error."""
    calls = breaks(monkeypatch)
    await shop.orders(as_photo=True, caption="Your code", buttons=((Button("Again", data="c:again"),),))
    for _ in range(6):
        await shop.jobs.run_once()
        shop.moves(minutes=10)
    (sent,) = await shop.sends()
    assert "couldn't make the file" in sent["text"]
    assert sent["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "c:again"
    assert len(calls) == 4
    assert [(row.state, row.error) for row in await shop.rows("jobs")] == [("failed", "OSError")]


async def test_a_file_that_kills_the_program_is_not_made_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job claimed again and again without an end is given up aloud."""
    calls = breaks(monkeypatch, error=Killed())
    await shop.orders()
    for _ in range(4):
        with pytest.raises(Killed):
            await shop.jobs._do_make((await _claimed(shop))[0])
        shop.moves(minutes=3)
    assert len(calls) == 4
    await shop.jobs.run_once()
    assert len(calls) == 4
    assert "couldn't make the file" in (await shop.sends())[0]["text"]


async def _claimed(shop: Shop) -> list[Job]:
    now = shop.clock.now()
    async with shop.database.write() as tx:
        return await claim_jobs(tx, now=now, lease_until_at=now + timedelta(minutes=2), limit=1)


async def test_a_kind_nobody_makes_is_said_so(shop: Shop) -> None:
    """An order that can never be filled is no silence either."""
    await shop.orders(kind="horoscope")
    for _ in range(5):
        await shop.jobs.run_once()
        shop.moves(minutes=10)
    assert "couldn't make the file" in (await shop.sends())[0]["text"]


async def test_a_file_whose_bytes_are_gone_fails_aloud(shop: Shop) -> None:
    """Queued for longer than files are kept: the row fails and does not block the chat."""
    file_id = await shop.orders(caption="Your code")
    await shop.jobs.run_once()
    async with shop.database.write() as tx:
        await tx.execute(tables.files.update().where(tables.files.c.id == file_id).values(content=None))
    assert await shop.sends() == []
    (row,) = await shop.rows("outbox")
    assert (row.state, row.error) == ("failed", "refused: the bytes of the file are no longer kept")


async def test_the_recipe_is_what_the_maker_gets(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file is sent is no business of its maker's."""
    heard: list[str] = []

    async def make(recipe: dict[str, Any]) -> bytes:
        heard.append(json.dumps(recipe))
        return PNG

    monkeypatch.setitem(made_files.MAKERS, "voucher_qr", Drawn(make))
    await shop.orders(caption="secret")
    await shop.jobs.run_once()
    assert heard == ['{"code": "ABC"}']


async def test_news_whose_picture_cannot_be_made_goes_out_in_words(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement nobody asked for is no apology: the same words, the same delivery."""
    breaks(monkeypatch)
    async with shop.work() as work:
        ann = await shop.ann(work)
        await set_consent(work, ann, ConsentClass.POINTS, given=True)
        delivery_id = await insert_queued(
            work.tx,
            campaign="points",
            occasion="n1",
            customer_id=ann.customer.id,
            consent="points",
            on=work.now.date(),
            zone="UTC",
            late_after_at=work.now + timedelta(days=3),
            now=work.now,
        )
    purpose = Purpose.POINTS_NOTICE
    await shop.orders(as_photo=True, caption="<b>October</b>", delivery_id=delivery_id, purpose=purpose)
    for _ in range(5):
        await shop.jobs.run_once()
        shop.moves(minutes=10)
    shop.sender._rules = replace(shop.sender._rules, quiet=QuietHours(time(0), time(0)))
    (sent,) = await shop.sends()
    assert sent["text"] == "October"
    assert [row.state for row in await shop.rows("deliveries")] == ["sent"]


@pytest.mark.parametrize("private", [True, False])
async def test_a_picture_for_staff_arrives_where_it_was_asked_for(shop: Shop, private: bool) -> None:
    """The results of a survey, drawn in the child, come to the member's own chat or to the staff's group."""
    shop.world.add_person("Ben", person_id=_BEN)
    shop.world.start(_BEN)
    shop.world.add_group("Desk", chat_id=_DESK)
    shop.world.join_group(_DESK, token=TOKEN)
    async with shop.work() as work:
        await seed(work, groups=[(_DESK, "Desk", None)], members=[(_BEN, "Ben", Role.AGENT, None)])
        await checked(work)
        staff, kept = await load_staff(work.tx, bot_id=BOT), await get_survey(work, "check")
        assert kept is not None
        ben, target = staff.member(_BEN), to_staff_group(staff.groups[_DESK].id)
        found = await results(work, "check", by=actor_of(ben))
        assert isinstance(found, Results)
        target = to_member(ben.id) if private else target
        assert await order_picture(work, kept, found, by=ben, target=target, language="en")
    assert await shop.jobs.run_once()
    await shop.sends()
    seen = shop.world.messages(person_id=_BEN) if private else shop.world.messages(_DESK)
    (sent,) = [one["raw"] for one in seen if one["from_bot"]]
    assert sent["caption"] == "📊 Check"
    (kept_file,) = await shop.rows("files")
    file = shop.world.files.find(sent["photo"][-1]["file_id"])
    assert file is not None
    assert file.content == bytes(kept_file.content)
    assert (kept_file.content or b"").startswith(PNG)
