"""Input made to break things: always a kind answer, never anything executed, lost or disclosed."""

from typing import Any

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


GROUP = {"id": -5, "type": "supergroup", "title": "Elsewhere"}
PERSON = {"id": 9, "is_bot": False, "first_name": "Cy"}
STRANGE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a kind nobody knows yet": {"mind_reading": {"from": PERSON, "thought": "x" * 100_000}},
    "a channel's post": {"channel_post": {"message_id": 1, "date": 1, "chat": {"id": -7, "type": "channel"}}},
    "a poll": {"poll_answer": {"poll_id": "1", "user": PERSON, "option_ids": [0], "option_persistent_ids": []}},
    "an empty message elsewhere": {"message": {"message_id": 1, "date": 1, "chat": GROUP}},
    "a tap without a message": {"callback_query": {"id": "1", "from": PERSON, "chat_instance": "1"}},
    "a chat joined elsewhere": {"chat_member": None},
}


@pytest.mark.parametrize("kind", STRANGE)
async def test_what_nobody_asked_for_changes_nothing(town: Town, kind: str) -> None:
    """Unknown and empty updates are no failure, open nothing, and are answered at most with a kind word."""
    said = await town.update(**STRANGE[kind])
    assert len(said) <= 1
    assert await town.rows("cases") == []


async def test_ten_captioned_pictures_are_one_album_of_one_case(town: Town, ann: Chat) -> None:
    """Each caption as long as Telegram allows: all ten are kept, and staff get them in one piece."""
    await town.opens_desk()
    await ann.says("/complaint")
    captions = [f"{nth}" + "字" * 1023 for nth in range(10)]
    for caption in captions:
        await ann.sends_photo(caption, album="ten")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    acknowledged = (await ann.taps("c:send"))[-1]
    (case,) = await town.rows("cases")
    assert f"C-{case.number}" in acknowledged.text
    heard = await town.rows("interactions", case_id=case.id, kind="photo")
    assert [row.text for row in heard] == captions
    (album,) = await town.rows("outbox", action="album")
    assert [item["text"] for item in album.body["extra"]["items"]] == captions
