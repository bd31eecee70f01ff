"""Words are kept for as long as the rules say, and not longer."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from domain.outgoing import Purpose, to_chat
from domain.rules import Retention, Rules
from services.files import order_file
from services.retention import apply_retention
from services.speech import say_html, tell
from services.work import Work
from storage.database import Database
from storage.files import keep_content
from storage.inbox import insert_updates, mark_done
from storage.retention import list_kept_files
from storage.tables import files, inbox, interactions, media, outbox, rewards
from tests.services.shop import ANN_CHAT, BOT, MORNING, Working, arrive

DAY = timedelta(days=1)


async def live(work: Work) -> None:
    """Let one handled update, one that still waits, one message and one photo be three days old."""
    await insert_updates(work.tx, bot_id=BOT, updates=[(1, 5, "{}"), (2, 5, "{}")], now=work.now)
    await mark_done(work.tx, ids=[1], now=work.now)
    ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
    await say_html(work, ann, "dear Ann")
    await work.tx.execute(update(outbox).values(state="sent", settled_at=work.now))
    await work.tx.execute(
        media.insert().values(
            bot_id=BOT, file_unique_id="u", file_id="f", state="stored", sha256="a" * 64, kept_at=work.now
        )
    )


async def test_words_past_their_time_are_emptied(working: Working, database: Database) -> None:
    """The raw update and the wording go, the bytes are given up; what was said stays in the conversation."""
    rules = Rules(retention=Retention(DAY, DAY, DAY))
    async with working() as work:
        await live(work)
    async with working(later=3 * DAY, rules=rules) as work:
        assert await apply_retention(work) == 3
        assert await apply_retention(work) == 0
        assert await list_kept_files(work.tx, ["a" * 64]) == set()
    async with database.read() as tx:
        assert (await tx.execute(select(inbox.c.payload).order_by(inbox.c.id))).scalars().all() == [None, "{}"]
        assert (await tx.execute(select(outbox.c.body))).scalars().all() == [None]
        assert (await tx.execute(select(media.c.state))).scalars().all() == ["expired"]
        assert (await tx.execute(select(interactions.c.text))).scalars().all() == ["dear Ann"]


async def test_words_within_their_time_stay(working: Working) -> None:
    """A day before the end nothing is touched."""
    async with working() as work:
        await live(work)
    async with working(later=3 * DAY, rules=Rules(retention=Retention(4 * DAY, 4 * DAY, 4 * DAY))) as work:
        assert await apply_retention(work) == 0
        assert await list_kept_files(work.tx, ["a" * 64]) == {"a" * 64}


async def test_never_means_never(working: Working) -> None:
    """A hundred years later everything is still there."""
    async with working() as work:
        await live(work)
    async with working(later=36_500 * DAY, rules=Rules(retention=Retention(None, None, None))) as work:
        assert await apply_retention(work) == 0


async def test_retention_goes_in_slices(working: Working) -> None:
    """The writer is held for one slice at a time."""
    async with working() as work:
        updates = [(i, 5, "{}") for i in range(1, 6)]
        await insert_updates(work.tx, bot_id=BOT, updates=updates, now=MORNING)
        await mark_done(work.tx, ids=[1, 2, 3, 4, 5], now=MORNING)
    async with working(later=30 * DAY) as work:
        assert [await apply_retention(work, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_the_chat_of_someone_forgotten_goes_with_the_last_words(working: Working, database: Database) -> None:
    """The goodbye was said to a bare chat; in time nothing tells any more which chat that was. A group's stays."""
    async with working() as work:
        await tell(work, to_chat(ANN_CHAT), "goodbye", purpose=Purpose.CONVERSATION)
        await tell(work, to_chat(-ANN_CHAT), "write to me privately")
        await work.tx.execute(update(outbox).values(state="sent", settled_at=work.now, sent_chat_id=ANN_CHAT))
    async with working(later=3 * DAY, rules=Rules(retention=Retention(DAY, DAY, DAY))) as work:
        await apply_retention(work)
    async with database.read() as tx:
        columns = select(outbox.c.target_ref, outbox.c.chat_key, outbox.c.sent_chat_id).order_by(outbox.c.id)
        rows = [tuple(row) for row in await tx.execute(columns)]
    assert rows == [(0, "x0", None), (-ANN_CHAT, f"x{-ANN_CHAT}", ANN_CHAT)]


async def test_files_made_for_customers_go_after_a_month(working: Working, database: Database) -> None:
    """Their bytes and what they were made from; a reward's picture stays, and so does what is younger."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        wish: dict[str, Any] = {"recipe": {"code": "A"}, "name": "n.png", "mime": "image/png"}
        ids = [await order_file(work, ann, kind="voucher_qr", dedupe_key=key, **wish) for key in ("old", "picture")]
        for file_id in ids:
            await keep_content(work.tx, file_id, b"bytes")
        reward = {"key": "tea", "price_points": 1, "voucher_days": 1, "texts": {}, "picture_id": ids[1]}
        await work.tx.execute(rewards.insert().values(**reward))
    async with working(later=29 * DAY) as work:
        assert await apply_retention(work) == 0
    async with working(later=31 * DAY) as work:
        assert await apply_retention(work) == 1
        assert await apply_retention(work) == 0
    async with database.read() as tx:
        kept = select(files.c.dedupe_key, files.c.content, files.c.recipe).order_by(files.c.id)
        old, picture = (await tx.execute(kept)).all()
    assert (old.content, old.recipe) == (None, None)
    assert picture.content == b"bytes"
    assert picture.recipe is not None
