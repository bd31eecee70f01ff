"""A complaint, from the first word to the number."""

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
