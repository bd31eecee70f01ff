"""A complaint, from the first word to the number."""

from services.drafts import open_due
from tests.handlers.harness import Chat, Town


async def test_a_complaint_is_told_looked_over_and_sent(town: Town, ann: Chat) -> None:
    """Ann tells, gives an order number, sends, and hears a number and a time."""
    await ann.says("/start")
    asked = await ann.says("🛠 Report a problem")
    assert len(asked) == 1
    await ann.taps("c:aspect", message_id=asked[0].message_id)
    heard = await ann.says("My coat came back torn")
    assert [data.split(":")[1] for _, data in heard[0].buttons] == ["done", "cancel"]
    assert await ann.sends_photo("here", album="a1") == []
    assert await ann.sends_photo(album="a1") == []
    (order,) = await ann.taps("c:done")
    assert order.message_id == heard[0].message_id
    (summary,) = await ann.says("A-778")
    assert "A-778" in summary.text
    assert "My coat came back torn" in summary.text
    sent, opened = await ann.taps("c:send")
    assert not sent.buttons
    assert "C-1001" in opened.text
    assert "16:00" in opened.text
    assert await ann.taps("c:send") == []
    (case,) = await town.rows("cases")
    assert (case.kind, case.aspect, case.order_ref) == ("complaint", "quality", "A-778")
    assert case.summary == "My coat came back torn / here"


async def test_done_without_a_word_asks_for_one(town: Town, ann: Chat) -> None:
    """Nothing said is nothing to send."""
    await ann.says("/complaint")
    (said,) = await ann.taps("c:done")
    assert "what happened" in said.text
    assert await town.rows("cases") == []


async def test_silence_sends_what_was_told(town: Town, ann: Chat) -> None:
    """Who puts the phone away while asked for the order number has a case all the same."""
    await ann.says("/complaint")
    await ann.taps("c:aspect")
    await ann.says("torn")
    await ann.taps("c:done")
    town.moves(minutes=6)
    async with town.work() as work:
        assert await open_due(work) == 1
    assert "C-1001" in (await town.deliver())[-1].text
    (case,) = await town.rows("cases")
    assert (case.kind, case.aspect) == ("complaint", "quality")


async def test_words_at_the_summary_join_it(town: Town, ann: Chat) -> None:
    """The summary is shown anew with what was added."""
    await ann.says("/complaint")
    await ann.says("torn")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    (summary,) = await ann.says("and wet")
    assert "and wet" in summary.text
    await ann.says("yes")
    assert [row.summary for row in await town.rows("cases")] == ["torn / and wet"]


async def test_a_story_instead_of_an_order_number_joins(town: Town, ann: Chat) -> None:
    """More of the story is no order number; the question stays."""
    await ann.says("/complaint torn on day 1")
    await ann.taps("c:done")
    (said,) = await ann.says("the sleeve is loose as well and nobody answered the phone")
    assert said.data("c:skip")
    (summary,) = await ann.says("no order number")
    assert "loose" in summary.text
    assert "Order" not in summary.text


async def test_add_more_goes_back_to_telling(town: Town, ann: Chat) -> None:
    """From the summary back to telling, and the order number is not asked twice."""
    await ann.says("/complaint")
    await ann.says("torn")
    await ann.taps("c:done")
    await ann.says("B 17")
    await ann.taps("c:more")
    await ann.says("and wet")
    (summary,) = await ann.taps("c:done")
    assert "B 17" in summary.text


async def test_a_draft_becomes_the_complaint(town: Town, ann: Chat) -> None:
    """Words written before the button was found are not told twice."""
    await ann.says("my coat is torn")
    await ann.says("🛠 Report a problem")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    await ann.taps("c:send")
    assert [row.summary for row in await town.rows("cases")] == ["my coat is torn"]


async def test_a_button_of_an_earlier_complaint_sends_nothing(town: Town, ann: Chat) -> None:
    """The Send of yesterday's summary is not the Send of today's."""
    await ann.says("/complaint")
    await ann.says("torn")
    await ann.taps("c:done")
    (old,) = await ann.taps("c:skip")
    await ann.taps("c:send")
    await ann.says("/complaint")
    await ann.says("another thing")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    assert await ann.taps(old.data("c:send"), message_id=old.message_id) == []
    assert ann.popup
    assert len(await town.rows("cases")) == 1


async def test_another_conversation_does_not_lose_a_complaint(town: Town, ann: Chat) -> None:
    """Going over to feedback sends what was told so far."""
    await ann.says("/complaint")
    await ann.says("torn")
    said = await ann.says("⭐ Give feedback")
    assert "C-1001" in said[0].text
    assert said[-1].data("c:star")


async def test_the_command_is_none_of_the_words(ann: Chat, town: Town) -> None:
    """Whoever begins with “/complaint torn” has said “torn”."""
    await ann.says("/complaint torn on day 1")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    shown = ann.said()[-1]
    assert "torn on day 1" in shown.text
    assert "/complaint" not in shown.text
    await ann.taps("c:send")
    assert [row.summary for row in await town.rows("cases")] == ["torn on day 1"]
