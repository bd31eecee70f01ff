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
