"""Input made to break things: always a kind answer, never anything executed, lost or disclosed."""

import pytest

from tests.handlers.harness import Chat, Town

NASTY = [
    "<b>bold</b> & <script>alert(1)</script>",
    "{business} {0} {number!r} %s %(name)s",
    "{{ 7*7 }} {% for x in y %}",
    "\u202eright to left\u202c مرحبا שלום",
    "Z\u0351\u036b\u0343a\u0328l\u0489go \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "x" * 4096,
    "字" * 4096,
    "\n\n\n.",
    "'; DROP TABLE cases; --",
    "C-1001",
    "c:solved:1",
]


@pytest.mark.parametrize("words", NASTY)
async def test_words_are_only_ever_words(town: Town, ann: Chat, words: str) -> None:
    """From the first message to the summary and the case, words pass unharmed and unexecuted."""
    await ann.says("/complaint")
    assert await ann.says(words)
    await ann.taps("c:done")
    (summary,) = await ann.taps("c:skip")
    assert len(summary.html) < 4096 * 2
    assert "<script>" not in summary.html
    assert "49" not in summary.text
    await ann.taps("c:send")
    heard = await town.rows("interactions", case_id=1, author_kind="customer")
    assert [row.text for row in heard] == [words]
    await ann.says("/cases")
    assert await ann.taps("c:case:1")


DATA = [
    "",
    "c",
    "c:",
    "c::",
    "::::",
    "c:nothing",
    "k:take:1",
    "c:draft:x:yes",
    "c:draft:99999999999999999999999:yes",
    "c:which:1:1",
    "c:which:0:new",
    "c:send:0",
    "c:done:0",
    "c:aspect:0:quality",
    "c:cancel:0",
    "c:added:1",
    "💥" * 16,
    "c:star:0:5",
]


@pytest.mark.parametrize("data", DATA)
async def test_a_button_made_by_hand_changes_nothing(town: Town, ann: Chat, data: str) -> None:
    """A pop-up and nothing else: before anything was begun, and in the middle of a complaint."""
    assert await ann.taps(data) == []
    await ann.says("/complaint")
    await ann.says("torn")
    before = await town.rows("dialogues")
    assert await ann.taps(data, message_id=3) == [] or data.startswith("c:a")
    assert await town.rows("dialogues") == before
    assert await town.rows("cases") == []
