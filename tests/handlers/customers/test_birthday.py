"""The birthday, the consent asked with it, and the zone."""

import pytest

from services.drafts import open_due
from tests.handlers.harness import Chat, Town


async def birthdays(town: Town) -> list[tuple[int | None, int | None, int | None]]:
    """Return the birthdays on record."""
    return [(row.birth_year, row.birth_month, row.birth_day) for row in await town.rows("customers")]


async def test_a_birthday_is_confirmed_with_its_consent(town: Town, ann: Chat) -> None:
    """Nothing is kept before the yes; the yes is for the greeting too."""
    await ann.says("/birthday")
    (confirm,) = await ann.says("3 Aug")
    assert "August 3" in confirm.text
    assert await birthdays(town) == [(None, None, None)]
    (zone,) = await ann.taps("c:bok")
    assert await birthdays(town) == [(None, 8, 3)]
    assert [(row.kind, row.given, row.notice_version) for row in await town.rows("consents")] == [("care", True, 1)]
    assert zone.data("c:zone")
    await ann.says("taipei")
    assert [row.zone for row in await town.rows("customers")] == ["Asia/Taipei"]


async def test_an_ambiguous_day_is_asked_with_two_buttons(town: Town, ann: Chat) -> None:
    """8/3 may be March or August: Ann taps which."""
    await ann.says("/birthday")
    (which,) = await ann.says("8/3")
    assert [label for label, _ in which.buttons] == ["March 8", "August 3"]
    (confirm,) = await ann.taps(which.buttons[1][1])
    assert "August 3" in confirm.text
    await ann.taps("c:bok")
    assert await birthdays(town) == [(None, 8, 3)]


async def test_change_asks_again(town: Town, ann: Chat) -> None:
    """A misread day is written anew."""
    await ann.says("/birthday")
    await ann.says("3 Aug")
    await ann.taps("c:bchange")
    await ann.says("1990年8月4日")
    await ann.says("yes")
    assert await birthdays(town) == [(1990, 8, 4)]


@pytest.mark.parametrize(("text", "word"), [("31 Feb", "31 feb"), ("my 30th", "day and month")])
async def test_an_impossible_day_is_answered_kindly(town: Town, ann: Chat, text: str, word: str) -> None:
    """What was understood is said, and the question stands."""
    await ann.says("/birthday")
    (said,) = await ann.says(text)
    assert word in said.text
    await ann.says("29 Feb")
    await ann.taps("c:bok")
    assert await birthdays(town) == [(None, 2, 29)]


async def test_words_that_are_no_date_are_words(town: Town, ann: Chat) -> None:
    """A complaint in the middle of it is taken for what it is."""
    await ann.says("/birthday")
    (said,) = await ann.says("my coat is torn")
    assert said.data("c:draft")


@pytest.mark.parametrize(
    ("city", "zone"),
    [("Paris", "Europe/Paris"), ("北京", "Asia/Shanghai"), ("東京", "Asia/Tokyo"), ("São Paulo", "America/Sao_Paulo")],
)
async def test_a_city_is_known_by_its_names(town: Town, ann: Chat, city: str, zone: str) -> None:
    """Cities are typed as people call them."""
    await ann.says("/birthday")
    await ann.says("3 Aug")
    await ann.taps("c:bok")
    await ann.says(city)
    assert [row.zone for row in await town.rows("customers")] == [zone]


async def test_an_unknown_city_is_asked_again_and_may_be_skipped(town: Town, ann: Chat) -> None:
    """A village nobody lists is no dead end."""
    await ann.says("/birthday")
    await ann.says("3 Aug")
    await ann.taps("c:bok")
    (said,) = await ann.says("Little Snoring")
    assert "Little Snoring" in said.text
    await ann.taps(said.buttons[-1][1])
    assert [row.zone for row in await town.rows("customers")] == [None]


async def test_an_unanswered_question_does_not_wait_for_ever(town: Town, ann: Chat) -> None:
    """After a pause the conversation is over, and words are words again."""
    await ann.says("/birthday")
    town.moves(minutes=61)
    async with town.work() as work:
        await open_due(work)
    (said,) = await ann.says("can I come on 3 Aug?")
    assert said.data("c:draft")


async def test_forged_birthdays_change_nothing(town: Town, ann: Chat) -> None:
    """Buttons made by hand set no birthday and no zone."""
    await ann.says("/birthday")
    for data in ("c:bok:1", "c:bday:1:13:40:0", "c:zone:1:../../etc", "c:bday:1:2:29:99999"):
        assert await ann.taps(data) == []
        assert ann.popup
    assert await birthdays(town) == [(None, None, None)]


async def lunar(town: Town) -> list[tuple[int | None, int | None, int | None, str, bool]]:
    """Return the birthdays with their calendars."""
    rows = await town.rows("customers")
    return [(r.birth_month, r.birth_day, r.birth_year, r.birth_calendar, r.birth_leap) for r in rows]


async def test_a_lunar_birthday_is_confirmed_by_its_next_date(town: Town) -> None:
    """Wen names a lunar day: she sees on which date it falls next, and that is kept."""
    wen = town.chat(222, "Wen", language_code="zh-hans")
    await wen.says("/birthday")
    (said,) = await wen.says("农历八月十五")
    assert "农历八月十五" in said.text
    assert "2026年9月25日" in said.text
    (kept,) = await wen.taps("c:bok")
    assert "农历八月十五" in kept.text
    assert await lunar(town) == [(8, 15, None, "lunar", False)]
    (again,) = await wen.says("/birthday")
    assert "农历八月十五" in again.text


async def test_a_leap_month_is_kept_with_its_year(town: Town, ann: Chat) -> None:
    """Born in a leap month of a year that had it."""
    await ann.says("/birthday")
    (said,) = await ann.says("2020 lunar leap 4-3")
    assert "leap 4th lunar month" in said.text
    await ann.says("yes")
    assert await lunar(town) == [(4, 3, None, "lunar", True)]


@pytest.mark.parametrize(("choice", "calendar"), [(0, "solar"), (1, "lunar")])
async def test_a_day_of_either_calendar_is_asked_for(town: Town, choice: int, calendar: str) -> None:
    """Chinese numbers alone may mean either: both are offered, each by its name."""
    wen = town.chat(222, "Wen", language_code="zh-hant")
    await wen.says("/birthday")
    (said,) = await wen.says("八月十五")
    assert [words for words, _ in said.buttons] == ["8月15日", "農曆八月十五"]
    await wen.taps(said.buttons[choice][1])
    await wen.taps("c:bok")
    assert await lunar(town) == [(8, 15, None, calendar, False)]


async def test_forged_lunar_days_change_nothing(town: Town, ann: Chat) -> None:
    """A made-up 31st of a lunar month is stale; and a solar 30 February too."""
    await ann.says("/birthday")
    await ann.says("3/4")
    key = (await town.rows("dialogues"))[0].data["key"]
    for data in (f"c:bday:{key}:4:31:0:1", f"c:bday:{key}:2:30:0:0"):
        assert await ann.taps(data) == []
        assert ann.popup
    (said,) = await ann.taps(f"c:bday:{key}:2:30:0:1")
    assert "day 30 of the 2nd lunar month" in said.text
