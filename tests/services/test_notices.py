"""News about points: bundled, true when it is told, once, and never to who does not want it or at night."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.loyalty import ContactRules, LoyaltyRules
from domain.outcomes import Refusal
from domain.outgoing import Lane
from domain.people import SYSTEM, ConsentClass, Reach
from domain.points import Entry
from domain.rules import Rules
from services import customers, erasure, points
from services.expiring import note_expiring
from services.notice_feed import feed_notices
from services.notices import NoticeKind, note
from services.work import Person, Work, person_of_contact
from storage import tables
from storage.database import Database
from tests.handlers.harness import Said, Town

POINTS = ConsentClass.POINTS
DAY = timedelta(days=1)
EARNED, EXPIRING, TIER_UP = NoticeKind.EARNED, NoticeKind.EXPIRING, NoticeKind.TIER_UP


class Club:
    """A shop's loyalty programme with Ann as a member, and a clock."""

    def __init__(self, database: Database) -> None:
        self.town = Town(database, Rules(business_name="Tailor & Son"))
        self._chats = 1000
        self.ann = 0

    async def joins(self, name: str, *, wants: bool | None = True, language: str = "en") -> int:
        """Let somebody join; returns the contact point."""
        self._chats += 1
        async with self.town.work() as work:
            met = await customers.meet(work, chat_id=self._chats, name=name, username=None, language_code=language)
            if wants is not None:
                await customers.set_consent(work, met, POINTS, given=wants)
            return met.contact.id

    async def person(self, work: Work, contact_id: int) -> Person:
        """Return a member."""
        person = await person_of_contact(work, contact_id)
        assert person is not None
        return person

    async def earns(self, contact_id: int, amount: int, *, rule: str = "purchase", **how: Any) -> Entry:
        """Give a member points, and note it."""
        async with self.town.work() as work:
            person = await self.person(work, contact_id)
            found = await points.earn(
                work,
                person.customer.id,
                points=amount,
                source_key=f"k{work.now.timestamp()}{amount}{contact_id}",
                by=SYSTEM,
                rule=rule,
                **how,
            )
            assert isinstance(found, Entry)
            data = {"points": amount, "rule": rule}
            if "available_at" in how:
                data["available_at"] = how["available_at"].isoformat()
            await note(work, person.customer.id, EARNED, key=f"earned:{found.id}", data=data)
            return found

    async def spends(self, contact_id: int, amount: int) -> None:
        """Let a member spend points."""
        async with self.town.work() as work:
            person = await self.person(work, contact_id)
            found = await points.spend(work, person.customer.id, points=amount, source_key=f"s{amount}", by=SYSTEM)
            assert isinstance(found, Entry)

    async def notes(self, contact_id: int, kind: NoticeKind, key: str, data: dict[str, Any], **how: Any) -> None:
        """Note something for a member."""
        async with self.town.work() as work:
            await note(work, (await self.person(work, contact_id)).customer.id, kind, key=key, data=data, **how)

    async def changes(self, contact_id: int, deed: Any, *args: Any, **values: Any) -> None:
        """Let a member change something."""
        async with self.town.work() as work:
            await deed(work, await self.person(work, contact_id), *args, **values)

    async def hears(self, **later: float) -> list[Said]:
        """Move the clock and let the ticks run; returns what was queued."""
        self.town.moves(**later)
        while True:
            async with self.town.work() as work:
                done = await note_expiring(work, limit=500)
            if not done:
                break
        while True:
            async with self.town.work() as work:
                done = await feed_notices(work, limit=2)
            if not done:
                return await self.town.deliver()

    async def states(self) -> list[tuple[str, str, str | None]]:
        """Return kind, state and reason of every notice."""
        return [(row.kind, row.state, row.reason) for row in await self.town.rows("notices")]


@pytest.fixture
async def club(database: Database) -> Club:
    """A club at noon, with Ann who wants to hear of her points."""
    made = Club(database)
    made.ann = await made.joins("Ann")
    return made


async def test_ann_hears_what_she_earned_after_a_moment(club: Club) -> None:
    """Not before two minutes have passed; then once, with the balance, the way there, and the way out."""
    await club.earns(club.ann, 120)
    assert await club.hears(minutes=1) == []
    (said,) = await club.hears(minutes=1)
    assert said.text == "💎 +120 points for your purchase\nYou have 120 points now."
    assert said.lane is Lane.NOTICE
    assert [data for _, data in said.buttons] == ["c:points", "c:mute:points"]
    assert await club.hears(days=1) == []
    (delivery,) = await club.town.rows("deliveries")
    assert (delivery.campaign, delivery.consent, delivery.state) == ("points", "points", "queued")
    assert delivery.queued_at is not None
    (notice,) = await club.town.rows("notices")
    assert (notice.state, notice.delivery_id) == ("told", delivery.id)
    assert [row.purpose for row in await club.town.rows("outbox", delivery_id=delivery.id)] == ["points_notice"]


async def test_what_falls_together_is_one_message(club: Club) -> None:
    """Two purchases and a new tier within two minutes: one message with a head, sums by reason."""
    await club.earns(club.ann, 120)
    club.town.moves(minutes=1)
    await club.earns(club.ann, 30)
    await club.earns(club.ann, 50, rule="first_purchase")
    async with club.town.work() as work:
        person = await club.person(work, club.ann)
        await work.tx.execute(tables.customers.update().values(tier="silver"))
        data = {"before": "new", "after": "silver"}
        await note(work, person.customer.id, TIER_UP, key="tier:1", data=data)
    (said,) = await club.hears(minutes=1)
    assert said.text.split("\n") == [
        "✨ Ann, news about your points",
        "",
        "🏅 You are Silver now. Thank you for being such a good customer!",
        "💎 +150 points for your purchase",
        "💎 +50 points for your first purchase with us",
        "You have 200 points now.",
    ]
    assert {row.state for row in await club.town.rows("notices")} == {"told"}
    assert len(await club.town.rows("deliveries")) == 1


async def test_a_notice_is_told_once_a_key(club: Club) -> None:
    """The same thing noted twice, also after it was told."""
    for _ in range(2):
        await club.notes(club.ann, EARNED, "earned:x", {"points": 5, "rule": "survey"})
    assert len(await club.hears(minutes=2)) == 1
    await club.notes(club.ann, EARNED, "earned:x", {"points": 5, "rule": "survey"})
    assert await club.hears(days=1) == []


async def test_who_does_not_want_it_hears_nothing(club: Club) -> None:
    """Never asked, said no, or blocked: dropped at once with the reason, and not asked about again."""
    bob, cy = await club.joins("Bob", wants=None), await club.joins("Cy", wants=False)
    await club.changes(club.ann, customers.set_reach, Reach.BLOCKED, by=SYSTEM)
    for contact_id in (club.ann, bob, cy):
        await club.earns(contact_id, 10)
    assert await club.hears(minutes=2) == []
    assert [(state, reason) for _, state, reason in await club.states()] == [
        ("dropped", "unreachable"),
        ("dropped", "no_consent"),
        ("dropped", "no_consent"),
    ]


async def test_the_night_is_waited_out_and_what_comes_meanwhile_goes_along(club: Club) -> None:
    """Earned at noon in London, where it is nine in the evening in Tokyo: told at eight there."""
    async with club.town.work() as work:
        await customers.set_zone(work, await club.person(work, club.ann), "Asia/Tokyo")
    await club.earns(club.ann, 120)
    assert await club.hears(minutes=5) == []
    (waiting,) = await club.town.rows("notices")
    assert waiting.ready_at == datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    assert await club.hears(hours=10) == []
    await club.earns(club.ann, 30)
    club.town.now = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    (said,) = await club.hears()
    assert "+150" in said.text


async def test_the_budget_holds_and_releases(club: Club) -> None:
    """With one message a week, the second waits until the first is a week old, or is dropped when it is stale."""
    club.town.rules = replace(club.town.rules, contact=ContactRules(budget=1, budget_for=2 * DAY))
    await club.earns(club.ann, 1)
    assert len(await club.hears(minutes=2)) == 1
    first_at = club.town.now
    await club.earns(club.ann, 2)
    assert await club.hears(hours=1) == []
    club.town.now = first_at + 2 * DAY
    (said,) = await club.hears()
    assert "+2" in said.text
    club.town.rules = replace(club.town.rules, contact=ContactRules(budget=1, budget_for=9 * DAY))
    await club.earns(club.ann, 3)
    assert await club.hears(hours=1) == []
    assert (await club.states())[-1] == ("earned", "dropped", "budget")


async def test_what_was_taken_back_meanwhile_is_not_told(club: Club) -> None:
    """Half of one purchase and the whole of another were returned to the shop before anything was said."""
    first, second = await club.earns(club.ann, 120), await club.earns(club.ann, 40)
    async with club.town.work() as work:
        customer_id = (await club.person(work, club.ann)).customer.id
        for entry, amount in ((first, 60), (second, 40)):
            back = await points.take_back(
                work, customer_id, points=amount, source_key=f"r{amount}", by=SYSTEM, of_entry_id=entry.id
            )
            assert isinstance(back, Entry)
    (said,) = await club.hears(minutes=2)
    assert said.text == "💎 +60 points for your purchase\nYou have 60 points now."
    assert [(state, reason) for _, state, reason in await club.states()] == [("told", None), ("dropped", "over")]


async def test_pending_points_name_their_day(club: Club) -> None:
    """What cannot be spent yet says from when on."""
    await club.earns(club.ann, 120, available_at=club.town.now + 14 * DAY)
    (said,) = await club.hears(minutes=2)
    assert said.text.split("\n")[0] == "💎 +120 points for your purchase, yours to spend from Mar 18"


async def test_a_tier_that_changed_again_is_not_told(club: Club) -> None:
    """Up and down again: only what is so now."""
    await club.notes(club.ann, TIER_UP, "tier:1", {"before": "new", "after": "gold"})
    assert await club.hears(minutes=2) == []
    assert await club.states() == [("tier_up", "dropped", "over")]


async def test_two_who_lead_for_a_moment_tell_it_once(club: Club) -> None:
    """While the lead changes hands the same tick may run in two programs."""
    await club.earns(club.ann, 120)
    club.town.moves(minutes=2)

    async def feeds() -> None:
        async with club.town.work() as work:
            await feed_notices(work, limit=10)

    await asyncio.gather(*(feeds() for _ in range(4)))
    assert len(await club.town.deliver()) == 1
    assert len(await club.town.rows("deliveries")) == 1


async def test_a_standstill_makes_news_stale(club: Club) -> None:
    """The program stood still for a week."""
    await club.earns(club.ann, 120)
    assert await club.hears(days=7) == []
    assert (await club.states())[0] == ("earned", "dropped", "stale")


async def test_who_is_forgotten_is_told_nothing(club: Club) -> None:
    """The notice goes with everything else."""
    await club.earns(club.ann, 120)
    async with club.town.work() as work:
        person = await club.person(work, club.ann)
        assert not isinstance(await erasure.erase_customer(work, person.customer.id, by=SYSTEM), Refusal)
    await club.town.deliver()
    assert [said for said in await club.hears(minutes=2) if "points" in said.text] == []


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-hans", "💎 消费获得 120 积分\n现有 120 积分。"),
        ("zh-hant", "💎 消費獲得 120 點\n現有 120 點。"),
    ],
)
async def test_everyone_hears_in_their_language(club: Club, language: str, told: str) -> None:
    """Also the buttons."""
    wen = await club.joins("小雯", language=language)
    await club.earns(wen, 120)
    (said,) = await club.hears(minutes=2)
    assert said.text == told
    assert not [label for label, _ in said.buttons if label.isascii()]


# Points that expire


async def lots(club: Club, *days_and_points: tuple[int, int]) -> None:
    """Give Ann points that expire in so many days, and let the news of earning them be gone."""
    for days, amount in days_and_points:
        await club.earns(club.ann, amount, expires_at=club.town.now + days * DAY)
    async with club.town.work() as work:
        await work.tx.execute(tables.notices.delete())


async def test_a_lot_is_told_of_once_a_threshold(club: Club) -> None:
    """Thirty days before and seven days before, in time to be used; however often one looks."""
    await lots(club, (40, 120))
    assert await club.hears(days=9) == []
    (said,) = [one for hour in range(40) for one in await club.hears(hours=1)]
    assert said.text == "⌛ 120 points are good until Apr 13. Do use them in time."
    assert await club.hears(days=20) == []
    (again,) = [one for hour in range(60) for one in await club.hears(hours=1)]
    assert "Apr 13" in again.text
    assert await club.hears(days=4) == []
    assert await club.hears(days=30) == []
    assert len(await club.town.rows("notices")) == 2


async def test_lots_of_one_day_are_one_line(club: Club) -> None:
    """Three lots, two days: two lines in one message; more than five days are summed up in the last."""
    await lots(club, (20, 100), (20, 50), (21, 7))
    await club.hears()
    (said,) = await club.hears(minutes=2)
    assert said.text.split("\n") == [
        "⌛ 150 points are good until Mar 24. Do use them in time.",
        "⌛ 7 points are good until Mar 25. Do use them in time.",
    ]
    await lots(club, *((10 + nth, 10 + nth) for nth in range(7)))
    await club.hears()
    (said,) = await club.hears(minutes=2)
    assert len(said.text.split("\n")) == 7
    assert said.text.endswith("⌛ 202 more are good until Mar 25 or earlier.")


async def test_told_amounts_are_those_still_there(club: Club) -> None:
    """Spent between noting and telling: what is left is told; nothing when nothing is left."""
    await lots(club, (20, 100), (25, 50))
    await club.hears()
    await club.spends(club.ann, 130)
    (said,) = await club.hears(minutes=2)
    assert said.text.startswith("⌛ 20 points are good until Mar 29.")
    assert sorted(await club.states()) == [("expiring", "dropped", "over"), ("expiring", "told", None)]


async def test_a_single_threshold_is_named_for_points_that_come_late(club: Club) -> None:
    """Given five days before they expire: one message, not one for thirty and one for seven days."""
    await lots(club, (5, 100))
    await club.hears()
    assert len(await club.hears(minutes=2)) == 1
    assert [row.key.rsplit(":", 1)[1] for row in await club.town.rows("notices")] == [str(7 * 86400)]


async def test_who_says_yes_later_hears_of_what_is_still_to_come(club: Club) -> None:
    """Nothing is noted for who does not want it; a yes in time is heard."""
    await club.changes(club.ann, customers.set_consent, POINTS, given=False)
    await lots(club, (20, 100))
    await club.hears(days=1)
    assert await club.town.rows("notices") == []
    await club.changes(club.ann, customers.set_consent, POINTS, given=True)
    await club.hears()
    assert len(await club.hears(minutes=2)) == 1


async def test_the_walk_over_many_lots_goes_on_where_it_ended(club: Club) -> None:
    """Slices of two find all seven, those of one instant too, and begin again."""
    await lots(club, *((20, 100 + nth) for nth in range(5)), (22, 1), (23, 2))
    for _ in range(5):
        async with club.town.work() as work:
            await note_expiring(work, limit=2)
    assert len(await club.town.rows("notices")) == 7


async def test_a_club_that_is_closed_tells_nothing(club: Club) -> None:
    """Switched off in the settings."""
    await club.earns(club.ann, 120)
    club.town.rules = replace(club.town.rules, loyalty=LoyaltyRules(enabled=False))
    assert await club.hears(minutes=5) == []


async def test_who_has_no_contact_here_is_told_nothing_and_that_is_why(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann may be written to, but her contact went in the same moment: what is dropped says so."""

    async def nobody(*_: object) -> dict[int, object]:
        return {}

    await club.earns(club.ann, 1)
    club.town.moves(minutes=2)
    monkeypatch.setattr("services.notice_feed.list_contacts_of_customers", nobody)
    async with club.town.work() as work:
        assert await feed_notices(work, limit=10) == 1
    assert [(row.state, row.reason) for row in await club.town.rows("notices")] == [("dropped", "no_contact")]


async def test_people_who_may_not_be_written_to_cost_nothing_later(club: Club) -> None:
    """Asked about once, they are not looked at again before their time; those who may are served."""
    club.town.rules = replace(club.town.rules, contact=ContactRules(budget=0))
    await club.changes(club.ann, customers.set_consent, POINTS, given=False, until_at=club.town.now + DAY)
    await club.earns(club.ann, 1)
    club.town.rules = replace(club.town.rules, contact=ContactRules())
    await club.hears(minutes=2)
    async with club.town.work() as work:
        assert await feed_notices(work, limit=10) == 0
    (said,) = await club.hears(days=1)
    assert "+1 point " in said.text
    assert await club.town.rows("files") == []
