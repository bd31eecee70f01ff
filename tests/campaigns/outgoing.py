"""A shop whose campaigns are planned and handed over; what is queued is sent when the story says so."""

from typing import Any

from campaigns import delivery
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns import control
from services.campaigns.book import Kept, add_campaign
from services.campaigns.document import read_toml
from services.delivery import after_sent, drop_unwanted
from services.work import Work
from storage.outbox import OutboxRow, mark_sent
from storage.outbox_heads import list_heads, list_paid_heads
from tests.campaigns.planner import PAPER, TEXT, Planner
from tests.handlers.harness import BOT_ID

AT_ONCE = 'occasion = "date"'


class Shop(Planner):
    """A shop whose campaigns are planned and handed over; what is queued is sent when the story says so."""

    async def starts(
        self, key: str, when: str = AT_ONCE, *, more: str = "", parts: str = "", text: bool = True
    ) -> Kept:
        """Add a campaign and launch it."""
        paper = PAPER.format(key=key, when=when, more=more, parts=parts + (TEXT if text else ""))
        async with self.town.work() as work:
            added = await add_campaign(work, read_toml(paper, name=f"{key}.toml"), by=SYSTEM)
            assert not isinstance(added, Refusal), added
            launched = await control.launch(work, key, by=SYSTEM, paid_yes=True)
            assert not isinstance(launched, Refusal), launched
            return launched

    async def feeds(self, *, limit: int = 50) -> int:
        """Plan, and hand over everything that is due."""
        await self.plans()
        return await self.until_done(delivery.feed, limit=limit)

    async def pauses(self, key: str, **how: Any) -> None:
        """Pause a campaign by hand."""
        async with self.town.work() as work:
            assert not isinstance(await control.pause(work, key, by=SYSTEM, **how), Refusal)

    async def resumes(self, key: str) -> None:
        """Let a campaign go on."""
        async with self.town.work() as work:
            assert not isinstance(await control.resume(work, key, by=SYSTEM), Refusal)

    async def claims(self) -> list[OutboxRow]:
        """Return the rows that the sender would send now, asked about once more."""
        async with self.town.work() as work:
            heads = await list_heads(work.tx, bot_id=BOT_ID, now=work.now, limit=100)
            heads += await list_paid_heads(work.tx, bot_id=BOT_ID, now=work.now, limit=100)
            mine = [row for row in heads if row.delivery_id is not None]
            dropped = await drop_unwanted(work, mine)
            return [row for row in mine if row.id not in dropped]

    async def sends(self) -> list[str]:
        """Send what may be sent; returns the words, in order."""
        said = []
        for row in await self.claims():
            async with self.town.work() as work:
                await sent(work, row)
            assert row.body is not None
            said.append(row.body["content"]["text"])
        return said

    async def open_rows(self) -> list[Any]:
        """Return the campaign rows that wait in the outbox."""
        return await self.town.rows("outbox", state="queued", purpose="campaign")


async def sent(work: Work, row: OutboxRow) -> None:
    """Record that a message arrived."""
    mark_sent(work.tx, row_id=row.id, now=work.now, chat_id=1, message_id=row.id)
    await after_sent(work, row, row.id)
