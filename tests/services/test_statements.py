"""The monthly statement: on its local day, for whoever something happened to, with a picture that says the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.loyalty import LoyaltyRules, NoticeRules
from domain.people import SYSTEM, ConsentClass
from domain.points import Entry
from services import customers, points, statements
from services.files import MAKE_FILE
from services.notice_feed import feed_notices
from services.statements import Month, plan_statements, reckon
from storage.database import Database
from tests.services.test_notices import Club

UTC_ZONE = ZoneInfo("UTC")


class Ledger(Club):
    """A club whose members' accounts have a past."""

    async def moves_at(self, contact_id: int, *moment: int, earn: int = 0, spend: int = 0) -> Entry:
        """Let a member earn or spend at a moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]
        async with self.town.work() as work:
            customer_id = (await self.person(work, contact_id)).customer.id
            key = f"{moment}{contact_id}{earn}{spend}"
            done = points.earn if earn else points.spend
            found = await done(work, customer_id, points=earn or spend, source_key=key, by=SYSTEM)
            assert isinstance(found, Entry)
            return found

    async def plans(self, *moment: int, limit: int = 100) -> int:
        """Let the planning tick run at a moment until it has nothing left; returns how many it looked at."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]
        looked_at = 0
        while True:
            async with self.town.work() as work:
                done = await plan_statements(work, limit=limit)
            if not done:
                return looked_at
            looked_at += done

    async def tells(self, *moment: int) -> None:
        """Let the feeding tick run at a moment."""
        self.town.now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]
        async with self.town.work() as work:
            await feed_notices(work, limit=100)

    def sets(self, **changes: Any) -> None:
        """Change the rules of notices."""
        loyalty = LoyaltyRules(notices=NoticeRules(**changes))
        self.town.rules = replace(self.town.rules, loyalty=loyalty)

    async def noted(self) -> list[tuple[str, str, datetime]]:
        """Return for whom which month is noted, and from when on it may be told."""
        names = {row.id: row.name for row in await self.town.rows("customers")}
        noted = await self.town.rows("notices")
        return [(names[row.customer_id], row.data["month"], row.ready_at) for row in noted]

    async def months(self, contact_id: int, month: str, zone: str = "UTC") -> tuple[Month, ...]:
        """Return a member's months."""
        async with self.town.work() as work:
            return await reckon(work, (await self.person(work, contact_id)).customer.id, month, ZoneInfo(zone))


@pytest.fixture
async def club(database: Database) -> Ledger:
    """A club with Ann, who wants to hear of her points."""
    made = Ledger(database)
    made.ann = await made.joins("Ann")
    return made


async def test_ann_gets_last_months_statement_on_the_first_at_ten(club: Ledger) -> None:
    """A line with her sums and her balance, over a picture made from the same numbers."""
    await club.moves_at(club.ann, 2026, 9, 20, 12, earn=100)
    await club.moves_at(club.ann, 2026, 10, 20, 12, earn=320)
    await club.moves_at(club.ann, 2026, 10, 25, 12, spend=150)
    await club.moves_at(club.ann, 2026, 11, 1, 9, earn=7)
    await club.plans(2026, 11, 1, 9, 59)
    assert await club.noted() == [("Ann", "2026-10", datetime(2026, 11, 1, 10, tzinfo=UTC))]
    await club.tells(2026, 11, 1, 9, 59)
    assert await club.town.rows("files") == []
    await club.tells(2026, 11, 1, 10, 2)
    (file,) = await club.town.rows("files")
    sent, drawn = file.recipe["sent"], file.recipe["made"]
    assert sent["caption"] == "🧾 <b>October</b>: 320 points earned, 150 used.\nYou have <b>277</b> points now."
    assert (sent["purpose"], sent["as_photo"]) == ("points_notice", True)
    assert [one["callback_data"] for row in sent["buttons"] for one in row] == ["c:points", "c:mute:points"]
    assert drawn["months"] == ["May", "Jun", "Jul", "Aug", "Sep", "Oct"]
    assert drawn["series"] == [
        {"label": "Earned", "values": [0, 0, 0, 0, 100, 320]},
        {"label": "Used", "values": [0, 0, 0, 0, 0, 150]},
    ]
    assert drawn["balance"] == "277"
    assert [job.kind for job in await club.town.rows("jobs")] == [MAKE_FILE]
    assert [row.state for row in await club.town.rows("deliveries")] == ["queued"]
    await club.plans(2026, 11, 2, 12)
    await club.tells(2026, 11, 2, 12)
    assert len(await club.town.rows("files")) == 1


async def test_only_who_wants_it_and_has_something_in_it(club: Ledger) -> None:
    """No consent, a pause that lasts, or a month in which nothing happened: no statement."""
    bob, cy, dee = await club.joins("Bob", wants=False), await club.joins("Cy"), await club.joins("Dee")
    for contact_id in (club.ann, bob, dee):
        await club.moves_at(contact_id, 2026, 10, 20, 12, earn=100)
    await club.moves_at(cy, 2026, 9, 20, 12, earn=100)
    until = datetime(2026, 12, 1, tzinfo=UTC)
    await club.changes(dee, customers.set_consent, ConsentClass.POINTS, given=False, until_at=until)
    assert await club.plans(2026, 11, 1, 12, limit=1) == 2
    assert [name for name, _, _ in await club.noted()] == ["Ann"]


async def test_the_day_is_the_members_own(club: Ledger) -> None:
    """Kiritimati's ten o'clock is on the last of the month in London; Niue's a day later, with its last evening."""
    tem, nia = await club.joins("Tem"), await club.joins("Nia")
    await club.changes(tem, customers.set_zone, "Pacific/Kiritimati")
    await club.changes(nia, customers.set_zone, "Pacific/Niue")
    await club.moves_at(tem, 2026, 10, 20, 12, earn=100)
    assert await club.plans(2026, 10, 31, 19) == 0
    await club.plans(2026, 10, 31, 20)
    assert await club.noted() == [("Tem", "2026-10", datetime(2026, 10, 31, 20, tzinfo=UTC))]
    await club.moves_at(nia, 2026, 11, 1, 10, earn=5)
    assert await club.plans(2026, 11, 1, 21) == 0
    await club.plans(2026, 11, 1, 22)
    assert (await club.noted())[1:] == [("Nia", "2026-10", datetime(2026, 11, 1, 21, tzinfo=UTC))]
    assert [month.earned for month in await club.months(nia, "2026-10", "Pacific/Niue")] == [0, 0, 0, 0, 0, 5]
    assert await club.months(nia, "2026-10") == ()


async def test_a_program_that_was_down_catches_up_but_not_for_ever(club: Ledger) -> None:
    """Started on the third it still plans the statement; started on the fifth it lets the month be."""
    await club.moves_at(club.ann, 2026, 10, 20, 12, earn=100)
    await club.plans(2026, 11, 3, 12)
    assert len(await club.noted()) == 1
    await club.moves_at(club.ann, 2026, 11, 20, 12, earn=100)
    assert await club.plans(2026, 12, 5, 12) == 0
    assert len(await club.noted()) == 1


async def test_a_statement_day_that_a_month_has_not_is_its_last(club: Ledger) -> None:
    """The thirty-first, in November; and none at all when the settings say so."""
    await club.moves_at(club.ann, 2026, 10, 20, 12, earn=100)
    club.sets(statement_day=31, statement_at=time(12))
    await club.plans(2026, 11, 30, 12)
    assert await club.noted() == [("Ann", "2026-10", datetime(2026, 11, 30, 12, tzinfo=UTC))]
    club.sets(statement_day=None)
    assert await club.plans(2026, 12, 1, 12) == 0


async def test_returns_lessen_what_they_were_of(club: Ledger) -> None:
    """A voucher given back is not earning; a purchase taken back is less earned; an expired lot is neither."""
    earned = await club.moves_at(club.ann, 2026, 10, 1, 12, earn=300)
    spent = await club.moves_at(club.ann, 2026, 10, 2, 12, spend=100)
    async with club.town.work() as work:
        customer_id = (await club.person(work, club.ann)).customer.id
        await points.give_back(work, spent.id, source_key="b", by=SYSTEM)
        await points.take_back(work, customer_id, points=50, source_key="t", by=SYSTEM, of_entry_id=earned.id)
        await points.adjust(work, customer_id, points=-20, source_key="a", by=SYSTEM, reason="slip")
    assert (await club.months(club.ann, "2026-10"))[-1] == Month(date(2026, 10, 1), earned=250, used=20)
    club.town.now = datetime(2027, 10, 3, tzinfo=UTC)
    async with club.town.work() as work:
        await points.write_off_expired(work, limit=10)
    assert (await club.months(club.ann, "2027-10"))[-1] == Month(date(2027, 10, 1), expired=230)


async def test_a_statement_in_chinese_has_chinese_words_on_its_picture(club: Ledger) -> None:
    """Every word on it comes from the catalogue, and every letter is in the font."""
    wen = await club.joins("小雯", language="zh-hant")
    await club.moves_at(wen, 2026, 10, 20, 12, earn=1320)
    await club.plans(2026, 11, 1, 12)
    await club.tells(2026, 11, 1, 12, 2)
    (file,) = await club.town.rows("files")
    drawn = file.recipe["made"]
    assert (drawn["title"], drawn["balance_label"], drawn["balance"]) == ("我的點數", "餘額", "1,320")
    assert drawn["months"][-1] == "10月"
    assert file.recipe["sent"]["caption"].startswith("🧾 <b>10月</b>：獲得 1,320 點，使用 0 點。")
    assert len(drawn["months"]) == statements.MONTHS
