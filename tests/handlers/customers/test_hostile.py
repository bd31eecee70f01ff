"""Input made to break things: always a kind answer, never anything executed, lost or disclosed."""

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


async def test_words_are_only_ever_words(town: Town) -> None:
    """From the first message to the summary and the case, words pass unharmed and unexecuted."""
    for case_id, words in enumerate(NASTY, 1):
        ann = town.chat(1000 + case_id, "Ann")
        await ann.says("/complaint")
        assert await ann.says(words)
        await ann.taps("c:done")
        (summary,) = await ann.taps("c:skip")
        assert len(summary.html) < 4096 * 2
        assert "<script>" not in summary.html
        assert "49" not in summary.text
        await ann.taps("c:send")
        heard = await town.rows("interactions", case_id=case_id, author_kind="customer")
        assert [row.text for row in heard] == [words]
        await ann.says("/cases")
        assert await ann.taps(f"c:case:{case_id}")


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


async def test_a_button_made_by_hand_changes_nothing(town: Town, ann: Chat, cy: Chat) -> None:
    """A pop-up and nothing else: before anything was begun, and in the middle of a complaint."""
    await ann.says("/complaint")
    await ann.says("torn")
    before = await town.rows("dialogues")
    for data in DATA:
        assert await cy.taps(data, message_id=3) == []
        assert cy.popup
        assert await ann.taps(data, message_id=3) == []
        assert ann.popup
    assert await town.rows("dialogues") == before
    assert await town.rows("cases") == []
