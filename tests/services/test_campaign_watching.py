"""Watching a campaign: one message in the chat, edited while things change, left alone when it is over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.campaigns import CampaignState
from domain.outcomes import Refusal
from domain.outgoing import to_member, to_staff_group
from domain.people import Role, StaffMember
from services.campaigns import reports, watching
from services.campaigns.result_words import order_picture, results_in_words
from services.work import Work
from storage.database import Database
from storage.outbox import mark_sent
from storage.tables import staff_members
from tests.services.campaigned import DAY, NOON, TEXTS, TWO, Outing
from tests.services.shop import BOT

SOON = timedelta(seconds=16)


class Watched(Outing):
    """A campaign that Mia the marketer watches in her private chat."""

    mia: StaffMember

    async def opens(self) -> "Watched":
        """Keep the campaign, with Mia and a staff group on record."""
        await self.keeps()
        await self.puts(
            "staff_members",
            [
                {"id": 7, "user_id": 70, "name": "Mia", "role": "marketer", "language": "en", "reach": "reachable"},
            ],
        )
        await self.puts(
            "staff_groups", [{"id": 3, "bot_id": BOT, "chat_id": -100, "name": "Desk", "language": "zh_TW"}]
        )
        self.mia = StaffMember(7, 70, "Mia", Role.MARKETER)
        return self

    async def watches(self, **target: Any) -> Any:
        """Let Mia watch, here or in the group."""
        async with self.work() as work:
            where = target.get("target", to_member(7))
            return await watching.watch(work, "autumn", by=self.mia, target=where, language="en")

    async def ticks(self, later: timedelta = SOON) -> int:
        """Let the tick ask some time later, as the program does: read first, then write."""
        self.now += later
        async with self.database.read() as tx:
            step = await watching.look(Work(tx, self.now, BOT, self.rules, TEXTS))
        if step is None:
            return 0
        async with self.work() as work:
            return await step(work)

    async def said(self) -> list[tuple[str, int | None, str]]:
        """Deliver what is queued; returns each row's action, the message it edits, and its words."""
        found = []
        async with self.work() as work:
            for row in await self.rows("outbox", state="queued"):
                body = row.body
                message_id = body.get("message_id") or 500 + row.id
                mark_sent(work.tx, row_id=row.id, now=self.now, chat_id=70, message_id=message_id)
                found.append((row.action, body.get("message_id"), body["content"]["text"]))
        return found


@pytest.fixture
async def watched(database: Database) -> Watched:
    """A campaign to watch, on each engine."""
    return await Watched(database).opens()


async def test_one_message_is_edited_while_things_change(watched: Watched) -> None:
    """Said once, then edited in place with the new figures; nothing is said while nothing changes."""
    people = await watched.people(10)
    await watched.plans(people[:5], "queued")
    await watched.watches()
    [(action, _, words)] = await watched.said()
    assert action == "send"
    assert "<b>Autumn &lt;greeting&gt;</b> · running" in words
    assert "Sent 0 of 5 · on their way 5" in words
    [first] = await watched.rows("outbox")
    assert await watched.ticks() == 0
    await watched.plans(people[5:8], "skipped", reason="no_consent")
    assert await watched.ticks() == 1
    [(action, edited, words)] = await watched.said()
    assert (action, edited) == ("edit", 500 + first.id)
    assert "Left out 3: without a yes to such messages 3" in words
    assert await watched.ticks() == 0


async def test_edits_come_every_fifteen_seconds_at_most(watched: Watched) -> None:
    """However fast things change, and however often is asked."""
    people = await watched.people(3)
    await watched.watches()
    await watched.said()
    told = []
    for person in people:
        await watched.plans([person], "planned", due_at=NOON + DAY)
        told.append(await watched.ticks(timedelta(seconds=8)))
    assert told == [0, 1, 0]


async def test_an_edit_waits_for_the_first_message_and_takes_the_place_of_one_that_waits(watched: Watched) -> None:
    """While nothing goes out, no edits pile up behind the message: the newest figures are said."""
    people = await watched.people(3)
    await watched.watches()
    await watched.plans(people[:1])
    assert await watched.ticks() == 0
    await watched.said()
    assert await watched.ticks() == 1
    await watched.plans(people[1:2])
    assert await watched.ticks() == 1
    [(action, _, words)] = await watched.said()
    assert action == "edit"
    assert "Sent 2 of 2" in words


async def test_when_it_is_over_that_is_said_last(watched: Watched) -> None:
    """The last edit says that the campaign is finished; after it nothing is edited any more."""
    await watched.watches()
    await watched.said()
    await watched.stands(CampaignState.FINISHED)
    assert await watched.ticks() == 1
    [(_, _, words)] = await watched.said()
    assert "· finished" in words
    await watched.plans(await watched.people(1))
    assert await watched.ticks(2 * DAY) == 0
    [row] = await watched.rows("campaign_watchers")
    assert row.ended_at is not None


async def test_a_group_reads_its_own_language(watched: Watched) -> None:
    """The message in the staff group is in that group's language, whoever asked for it."""
    await watched.watches(target=to_staff_group(3))
    await watched.said()
    await watched.plans(await watched.people(1))
    await watched.ticks()
    [(_, _, words)] = await watched.said()
    assert "秋天的問候" in words
    assert "已傳送 1 / 1" in words


async def test_watching_again_says_it_anew(watched: Watched) -> None:
    """A second wish makes a new message, which is edited from then on; the old one stays as it was."""
    await watched.watches()
    await watched.said()
    await watched.watches()
    await watched.said()
    [_, second] = await watched.rows("outbox")
    await watched.plans(await watched.people(1))
    await watched.ticks()
    assert [edited for _, edited, _ in await watched.said()] == [500 + second.id]
    assert len(await watched.rows("campaign_watchers")) == 1


async def test_two_tellers_at_once_edit_once(watched: Watched) -> None:
    """Both read the same change; the second finds that it was said."""
    await watched.watches()
    await watched.said()
    await watched.plans(await watched.people(1))
    watched.now += SOON
    async with watched.database.read() as tx:
        steps = [await watching.look(Work(tx, watched.now, BOT, watched.rules, TEXTS)) for _ in range(2)]

    async def tell(step: watching.Step | None) -> int:
        assert step is not None
        async with watched.work() as work:
            return await step(work)

    assert sorted(await asyncio.gather(*(tell(step) for step in steps))) == [0, 1]
    assert len(await watched.said()) == 1


async def test_who_is_no_longer_staff_is_told_nothing(watched: Watched) -> None:
    """Mia left: her chat is not written to any more."""
    await watched.watches()
    await watched.said()
    async with watched.work() as work:
        work.tx.change(staff_members, 7, active=False)
    await watched.plans(await watched.people(1))
    assert await watched.ticks() == 0
    assert await watched.said() == []
    [row] = await watched.rows("campaign_watchers")
    assert row.ended_at is not None


async def test_a_stranger_watches_nothing(watched: Watched) -> None:
    """Who is no active member of staff is refused, and so is a campaign that is not there."""
    cy = StaffMember(8, 80, "Cy", Role.AGENT, active=False)
    async with watched.work() as work:
        refused = await watching.watch(work, "autumn", by=cy, target=to_member(8), language="en")
        unknown = await watching.watch(work, "winter", by=watched.mia, target=to_member(7), language="en")
    assert isinstance(refused, Refusal)
    assert unknown == Refusal("campaign_results.refused.unknown", {"campaign": "winter"})
    assert await watched.said() == []


async def test_who_stops_watching_keeps_the_message_as_it_is(watched: Watched) -> None:
    """Once stopped nothing is edited; stopping twice is no error."""
    await watched.watches()
    await watched.said()
    async with watched.work() as work:
        assert await watching.stop_watching(work, "autumn", to_member(7))
        assert not await watching.stop_watching(work, "autumn", to_member(7))
    await watched.plans(await watched.people(1))
    assert await watched.ticks() == 0


@pytest.mark.parametrize("language", ["en", "zh_CN", "zh_TW"])
async def test_results_are_told_in_every_language_with_their_picture(watched: Watched, language: str) -> None:
    """Shares, both messages, those left out, money and warnings, as Telegram HTML; and what the picture needs."""
    await watched.keeps(TWO.format(learning="hours = 2"))
    people = await watched.people(200)
    await watched.plans(people[:80], version=2, variant="a")
    await watched.plans(people[80:160], version=2, variant="b")
    await watched.plans(people[160:], "skipped", reason="holdout")
    await watched.taps([*people[:8], *people[80:120]], "answer")
    await watched.buys([*people[:16], people[160]])
    watched.now = NOON + DAY
    async with watched.work() as work:
        told = await results_in_words(work, "autumn", by=watched.mia, language=language)
        assert not isinstance(told, Refusal)
        found, html = told
        assert await order_picture(work, found, by=watched.mia, target=to_member(7), language=language)
        assert await order_picture(work, found, by=watched.mia, target=to_member(7), language=language)
    assert "160" in html
    assert "🏆" in html
    assert "+7.5" in html
    assert "{" not in html
    if language == "en":
        assert "• answered: 30% (48; likely 23%–38%)" in html
        assert "“b” does surely better" in html
    [file] = await watched.rows("files")
    assert file.recipe["made"]["shares"]["bars"][0]["value"] == 0.3
    assert [bar["best"] for bar in file.recipe["made"]["variants"]["bars"]] == [False, True]


async def test_results_of_a_large_campaign_are_counted_apart(watched: Watched) -> None:
    """Asked for twice, told once: counted on a connection that only reads, then said with the picture."""
    await watched.plans(await watched.people(40))
    async with watched.work() as work:
        assert not await reports.is_large(work, "autumn")
        for _ in range(2):
            assert not await reports.ask_for_results(
                work, "autumn", by=watched.mia, target=to_member(7), language="zh_CN"
            )
    async with watched.database.read() as tx:
        step = await reports.look(Work(tx, watched.now, BOT, watched.rules, TEXTS))
    assert step is not None
    async with watched.work() as work:
        assert await step(work) == 1
        assert await step(work) == 0
    [(_, _, words)] = await watched.said()
    assert "应发 40 人，送达 40 人" in words
    assert len(await watched.rows("files")) == 1
    async with watched.work() as work:
        assert await reports.tell_results(work) == 0


async def test_a_large_campaign_is_counted_before_it_is_said(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to watch holds up nobody: the figures come a moment later, once, then they are kept up to date."""
    monkeypatch.setattr(watching, "LARGE", 5)
    people = await watched.people(8)
    await watched.plans(people[:4], "queued")
    await watched.watches()
    assert len(await watched.said()) == 1
    await watched.plans(people[4:6], "queued")
    await watched.watches()
    assert await watched.said() == []
    steps = []
    for _ in range(2):
        async with watched.database.read() as tx:
            steps.append(await watching.look_new(Work(tx, watched.now, BOT, watched.rules, TEXTS)))
    told = []
    for step in steps:
        assert step is not None
        async with watched.work() as work:
            told.append(await step(work))
    assert told == [1, 0]
    [(action, _, words)] = await watched.said()
    assert (action, "Sent 0 of 6 · on their way 6" in words) == ("send", True)
    await watched.plans(people[6:], "queued")
    assert await watched.ticks() == 1
    [(action, _, words)] = await watched.said()
    assert (action, "Sent 0 of 8" in words) == ("edit", True)
    async with watched.work() as work:
        assert await watching.tell_new(work) == 0


async def test_who_left_meanwhile_hears_no_results(watched: Watched) -> None:
    """Mia asked and left the shop before they were counted."""
    await watched.plans(await watched.people(1))
    async with watched.work() as work:
        await reports.ask_for_results(work, "autumn", by=watched.mia, target=to_member(7), language="en")
        work.tx.change(staff_members, 7, active=False)
    async with watched.work() as work:
        assert await reports.tell_results(work) == 1
    assert await watched.said() == []
