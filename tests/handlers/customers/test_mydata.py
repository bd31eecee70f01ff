"""A customer gets what is kept about them, and is forgotten only after saying so twice."""

from services.drafts import open_due
from tests.handlers.harness import Chat, Said, Town


async def ann(town: Town) -> Chat:
    """Ann, who has said hello."""
    chat = town.chat(1001, "Ann")
    await chat.says("/start")
    return chat


async def to_the_last_question(chat: Chat) -> Said:
    """Go to where one tap more forgets."""
    (asked,) = await chat.says("/forgetme")
    (sure,) = await chat.taps(asked.data("c:fgo"))
    return sure


async def names(town: Town) -> list[str]:
    """Return the names of all customers, in the order in which they came."""
    return [row.name for row in await town.rows("customers")]


async def test_my_data_comes_in_words_and_as_a_file(town: Town) -> None:
    """The counts come at once, the file is ordered; a second wish the same day is told when."""
    chat = await ann(town)
    (summary,) = await chat.says("/mydata")
    assert "messages between us: 3" in summary.text
    (file,) = await town.rows("files")
    assert (file.kind, file.mime) == ("mydata", "application/json")
    (refused,) = await chat.says("/mydata")
    assert "less than a day ago" in refused.text
    assert len(await town.rows("files")) == 1


async def test_the_privacy_screen_leads_to_both(town: Town) -> None:
    """Whoever reads the notice finds the two ways under it."""
    chat = await ann(town)
    (notice,) = await chat.says("/privacy")
    (asked,) = await chat.taps(notice.data("c:forgetme"))
    assert "Nothing is deleted yet" in asked.text
    await chat.taps(notice.data("c:mydata"))
    assert len(await town.rows("files")) == 1


async def test_forgetting_takes_two_taps_and_says_goodbye(town: Town) -> None:
    """After the second tap nothing is left of Ann but a number; the last words go to the bare chat."""
    chat = await ann(town)
    sure = await to_the_last_question(chat)
    assert await names(town) == ["Ann"]
    await chat.taps(sure.data("c:fyes"))
    assert await names(town) == [""]
    assert await town.rows("contact_points") == []
    (goodbye,) = await town.rows("outbox", target_kind="chat")
    assert goodbye.target_ref == 1001
    assert "we have forgotten you" in goodbye.body["content"]["text"]


async def test_the_word_can_be_written_instead(town: Town) -> None:
    """Someone who does not tap writes the word, in either step and any spelling."""
    chat = await ann(town)
    await chat.says("/forgetme")
    await chat.says("Forget me!")
    assert await names(town) == ["Ann"]
    await chat.says("FORGET ME")
    assert await names(town) == [""]


async def test_thinking_better_of_it_keeps_everything(town: Town) -> None:
    """A no in either step, typed or tapped, ends the question; its buttons are stale then."""
    chat = await ann(town)
    sure = await to_the_last_question(chat)
    (kept,) = await chat.taps(sure.data("c:fkeep"))
    assert "stays as it was" in kept.text
    assert await chat.taps(sure.data("c:fyes")) == []
    await chat.says("/forgetme")
    (kept,) = await chat.says("no")
    assert "stays as it was" in kept.text
    assert await names(town) == ["Ann"]


async def test_the_way_back_stands_where_the_way_on_stood(town: Town) -> None:
    """A finger that taps twice in the same place forgets nobody."""
    chat = await ann(town)
    (asked,) = await chat.says("/forgetme")
    (sure,) = await chat.taps(asked.data("c:fgo"))
    place = [data for _, data in asked.buttons].index(asked.data("c:fgo"))
    assert sure.buttons[place][1].startswith("c:fkeep")
    assert await chat.taps(asked.data("c:fgo")) == []
    assert await names(town) == ["Ann"]


async def test_other_words_end_the_question(town: Town) -> None:
    """Words about something else are heard as such, and forget nobody."""
    chat = await ann(town)
    sure = await to_the_last_question(chat)
    await chat.says("My coat is torn")
    assert await chat.taps(sure.data("c:fyes")) == []
    assert await names(town) == ["Ann"]


async def test_an_open_case_is_warned_of_and_closed(town: Town) -> None:
    """The words of a running complaint become a case first, so that nothing is lost if she stays."""
    await town.opens_desk()
    chat = await ann(town)
    await chat.says("My coat is torn")
    (_, asked) = (await chat.says("/forgetme"))[-2:]
    assert "1 open case would be closed" in asked.text
    (sure,) = await chat.taps(asked.data("c:fgo"))
    await chat.taps(sure.data("c:fyes"))
    (case,) = await town.rows("cases")
    assert (case.state, case.summary) == ("closed", "")


async def test_a_second_tap_makes_nobody_known_again(town: Town) -> None:
    """The button that forgot her finds nobody; only what she writes later makes a new person."""
    chat = await ann(town)
    sure = await to_the_last_question(chat)
    for _ in range(2):
        await chat.taps(sure.data("c:fyes"))
    assert await names(town) == [""]
    town.moves(days=1)
    await chat.says("/start")
    assert await names(town) == ["", "Ann"]


async def test_a_question_left_open_ends_by_itself(town: Town) -> None:
    """The button of yesterday forgets nobody today."""
    chat = await ann(town)
    sure = await to_the_last_question(chat)
    town.moves(hours=1)
    async with town.work() as work:
        await open_due(work)
    await chat.taps(sure.data("c:fyes"))
    assert await names(town) == ["Ann"]
