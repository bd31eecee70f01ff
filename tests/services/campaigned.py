"""A shop whose campaign went out: people in bulk, deliveries in every state, and what people did afterwards."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.calendars import QuietHours
from domain.campaigns import CampaignState
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns.book import Kept, add_campaign, get_campaign
from services.campaigns.document import read_toml
from services.work import Work
from storage.campaigns import change_campaign
from storage.database import Database
from storage.tables import metadata
from tests.services.shop import BOT
from texts import Texts

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NO_NIGHT = QuietHours(datetime.min.time(), datetime.min.time())
DAY = timedelta(days=1)
TEXTS = Texts()
PAPER = """
key = "{key}"
consent = "care"
{more}
[title]
en = "{title}"
zh_CN = "秋天的问候"
zh_TW = "秋天的問候"
[when]
occasion = "date"
{parts}
"""
ONE = """
[text]
en = "Hello"
zh_CN = "您好"
zh_TW = "您好"
"""
TWO = """
[[variants]]
key = "a"
text.en = "Hello"
text.zh_CN = "您好"
text.zh_TW = "您好"
[[variants]]
key = "b"
text.en = "Good day"
text.zh_CN = "您好呀"
text.zh_TW = "您好呀"
[learning]
{learning}
"""


class Outing:
    """One shop with its clock, and what its campaigns came to."""

    def __init__(self, database: Database, **rules: Any) -> None:
        given = Rules(zone=ZoneInfo("UTC"), quiet=NO_NIGHT)
        self.database = database
        self.rules = replace(given, **rules)
        self.now = NOON
        self._count = 0

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """One transaction's work now."""
        async with self.database.write() as tx:
            yield Work(tx, self.now, BOT, self.rules, TEXTS)

    async def keeps(
        self,
        parts: str = ONE,
        *,
        key: str = "autumn",
        title: str = "Autumn <greeting>",
        more: str = "",
        state: CampaignState = CampaignState.RUNNING,
    ) -> Kept:
        """Keep a campaign, or its next version, and let it stand so."""
        paper = PAPER.format(key=key, title=title, more=more, parts=parts)
        async with self.work() as work:
            before = await get_campaign(work, key)
            if before is not None:
                await change_campaign(work.tx, before.id, state="paused")
            added = await add_campaign(work, read_toml(paper, name=f"{key}.toml"), by=SYSTEM)
            assert not isinstance(added, Refusal), added
            await change_campaign(work.tx, added.kept.id, state=state.value, launched_at=work.now)
            return added.kept

    async def stands(self, state: CampaignState, key: str = "autumn") -> None:
        """Let a campaign stand otherwise."""
        async with self.work() as work:
            kept = await get_campaign(work, key)
            assert kept is not None
            await change_campaign(work.tx, kept.id, state=state.value, ended_at=work.now)

    async def rows(self, table: str, **where: Any) -> list[Any]:
        """Return rows of a table."""
        named = metadata.tables[table]
        statement = select(named).where(*(named.c[name] == value for name, value in where.items()))
        async with self.database.read() as tx:
            return list(await tx.execute(statement.order_by(*named.primary_key.columns)))

    async def puts(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows into a table."""
        if rows:
            async with self.database.write() as tx:
                await tx.execute(metadata.tables[table].insert(), list(rows))

    async def people(self, count: int) -> list[int]:
        """Put so many customers with a chat each on record; returns them."""
        first, self._count = self._count + 1, self._count + count
        ids = list(range(first, self._count + 1))
        await self.puts(
            "customers",
            [
                {"id": one, "name": f"Person {one}", "language": "en", "code": f"C{one}", "created_at": NOON - 90 * DAY}
                for one in ids
            ],
        )
        contact = {"bot_id": BOT, "reach": "reachable", "reach_since_at": NOON - 90 * DAY}
        await self.puts(
            "contact_points", [{"id": one, "customer_id": one, "chat_id": 1000 + one, **contact} for one in ids]
        )
        return ids

    async def plans(self, people: Sequence[int], state: str = "sent", **given: Any) -> None:
        """Put a delivery for each of these on record, due and settled now unless given otherwise."""
        due_at = given.pop("due_at", self.now)
        open_ = state in ("planned", "queued", "sending")
        row = {
            "campaign": "autumn",
            "occasion": "once",
            "occasion_on": self.now.date().isoformat(),
            "zone": "UTC",
            "due_at": due_at,
            "late_after_at": due_at + DAY,
            "state": state,
            "consent": "care",
            "planned_at": self.now - timedelta(minutes=5),
            "settled_at": None if open_ else self.now,
            "version": 1 if state == "sent" else None,
            "variant": "a",
            **given,
        }
        await self.puts("deliveries", [{**row, "customer_id": one} for one in people])

    async def taps(self, people: Sequence[int], kind: str, *, after: timedelta = timedelta(hours=1)) -> None:
        """Let these do something under their newest delivery, so long after noon."""
        newest = {row.customer_id: row for row in await self.rows("deliveries")}
        told = [(one, newest[one]) for one in people]
        at = NOON + after
        await self.puts(
            "campaign_taps",
            [
                {
                    "delivery_id": row.id,
                    "customer_id": one,
                    "campaign": row.campaign,
                    "kind": kind,
                    "button": kind,
                    "at": at,
                }
                for one, row in told
            ],
        )

    async def buys(self, people: Sequence[int], *, after: timedelta = timedelta(hours=1), **given: Any) -> None:
        """Let these buy for 100.00, so long after noon."""
        row = {"amount_minor": 10_000, "currency": "CNY", "cost_minor": None, "refunded_minor": 0, **given}
        taken = len(await self.rows("purchases"))
        at = NOON + after
        await self.puts(
            "purchases",
            [
                {
                    "id": taken + nth,
                    "customer_id": one,
                    "source_key": f"sale-{taken + nth}",
                    "bought_at": at,
                    "noted_at": at,
                    **row,
                }
                for nth, one in enumerate(people, 1)
            ],
        )
