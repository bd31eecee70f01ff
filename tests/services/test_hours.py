"""Out of hours: the customer hears who is back when, once a burst, and that the words are kept."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from domain.desk import DeskRules, Hours, Interval
from services.hours import Back, next_person_at, person_back
from storage.members import change_member
from storage.tables import cases, customers
from tests.handlers.harness import Chat
from tests.handlers.staff.desk import ANN, Desk

OPEN: tuple[Interval, ...] = ((time(9), time(17)),)


def june(*when: int) -> datetime:
    """Return an instant of June 2026; the 5th is a Friday."""
    return datetime(2026, 6, *when, tzinfo=UTC)  # type: ignore[arg-type,misc]  # day, hour, minute


@pytest.fixture
async def shop(desk: Desk) -> Desk:
    """A shop that works from nine to five on weekdays, on a Friday at eight in the evening."""
    hours = DeskRules(hours=Hours(week=(OPEN,) * 5 + ((), ())))
    desk.town.rules = replace(desk.town.rules, desk=hours)
    desk.town.now = june(5, 20)
    return desk


@pytest.fixture
async def ann(shop: Desk) -> Chat:
    """Ann in her private chat, past the welcome."""
    chat = shop.town.chat(ANN, "Ann")
    await chat.says("/start")
    return chat


async def away(desk: Desk, until: datetime | None, *names: str) -> None:
    """Let members of staff be absent from now on."""
    async with desk.town.work() as work:
        for row in await desk.town.rows("staff_members"):
            if row.name in names:
                await change_member(work.tx, row.id, absent_since_at=desk.town.now, absent_until_at=until)


async def back(desk: Desk) -> Back:
    """Return when somebody is back."""
    async with desk.town.work() as work:
        found = await person_back(work)
        assert not found.known or await next_person_at(work) == found.at
    return found


async def test_in_the_evening_somebody_is_back_on_monday(shop: Desk) -> None:
    """By the hours alone."""
    assert await back(shop) == Back(june(8, 9))
    shop.town.now = june(8, 9)
    assert (await back(shop)).here


async def test_one_who_is_there_is_enough(shop: Desk) -> None:
    """Ben is away, Sue is not; Mia the marketer answers no cases."""
    shop.town.now = june(8, 10)
    await away(shop, june(10, 9), "Ben")
    assert (await back(shop)).here
    await away(shop, june(11, 9), "Sue")
    assert await back(shop) == Back(june(10, 9))


async def test_who_comes_back_at_night_is_there_in_the_morning(shop: Desk) -> None:
    """The first return counts from the next opening."""
    shop.town.now = june(8, 10)
    await away(shop, june(9, 23), "Ben", "Sue")
    assert await back(shop) == Back(june(10, 9))


async def test_away_without_an_end_is_the_night_while_it_is_night(shop: Desk) -> None:
    """Everybody went home with *away* pressed: they are expected in the morning, not before they say so by day."""
    await away(shop, None, "Ben", "Sue")
    assert await back(shop) == Back(june(8, 9))
    shop.town.now = june(8, 9, 30)
    assert not (await back(shop)).known
    async with shop.town.work() as work:
        assert await next_person_at(work) == june(9, 9)


async def test_a_shop_that_has_named_nobody_is_there_by_its_hours(shop: Desk) -> None:
    """Before staff are written into the configuration nobody counts as absent."""
    async with shop.town.work() as work:
        for row in await shop.town.rows("staff_members"):
            await change_member(work.tx, row.id, active=False)
    shop.town.now = june(8, 10)
    assert (await back(shop)).here


async def test_a_burst_at_night_hears_it_once(shop: Desk, ann: Chat) -> None:
    """Asked, kept, opened: who is back when is said with the first of it."""
    said = [one.text for one in await ann.says("My coat is torn")]
    said += [one.text for one in await ann.says("and the lining too")]
    assert ["back" in text and "Mon 09:00" in text for text in said].count(True) == 1
    assert "Mon 13:00" in said[0]
    said = [one.text for one in await ann.says("yes")]
    assert any("C-1001" in text and "Mon 13:00" in text for text in said)
    assert not any("We are closed" in text for text in said)


async def test_words_at_night_for_an_open_case_are_kept_too(shop: Desk, ann: Chat) -> None:
    """The acknowledgement says so, and the second message of the burst says nothing more."""
    await ann.says("My coat is torn")
    await ann.says("yes")
    shop.town.moves(hours=1)
    (said,) = await ann.says("And a button is missing")
    assert "We are closed" in said.text
    assert "words are kept" in said.text
    assert await ann.says("Two, in fact") == []


async def test_by_day_nothing_is_said_of_hours(shop: Desk, ann: Chat) -> None:
    """Open is open."""
    shop.town.now = june(8, 10)
    said = [one.text for one in (*await ann.says("My coat is torn"), *await ann.says("yes"))]
    assert not any("closed" in text or "Nobody" in text for text in said)


async def test_no_time_is_named_while_nobody_can_say(shop: Desk, ann: Chat) -> None:
    """Everybody is away by day: the words are kept, the number is given, no time is made up."""
    shop.town.now = june(8, 10)
    await away(shop, None, "Ben", "Sue")
    (asked,) = await ann.says("My coat is torn")
    assert "Nobody is at the desk" in asked.text
    said = [one.text for one in await ann.says("yes")]
    assert any("C-1001" in text for text in said)
    assert not any("{moment}" in text or "today" in text for text in said)


async def test_a_reopened_case_at_night_says_it_too(shop: Desk, ann: Chat) -> None:
    """Solved on Friday, not solved in the evening: by when, and who is back when."""
    await ann.says("My coat is torn")
    await ann.says("yes")
    async with shop.town.work() as work:
        work.tx.change(cases, 1, state="resolved", resolved_at=shop.town.now)
    shop.town.moves(hours=2)
    said = await ann.says("It is torn again")
    assert any("Mon 13:00" in one.text and "Mon 09:00" in one.text for one in said)


async def test_a_customer_elsewhere_reads_her_own_clock(shop: Desk, ann: Chat) -> None:
    """Ann lives in Shanghai: nine in the morning here is the afternoon there."""
    async with shop.town.work() as work:
        work.tx.change(customers, 1, zone="Asia/Shanghai")
    said = await ann.says("My coat is torn")
    assert "Mon 17:00" in said[0].text
