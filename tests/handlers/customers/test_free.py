"""Words nobody asked for."""

import pytest

from services import casework, drafts
from storage.staff import load_staff
from tests.handlers.harness import Chat, Said, Town


async def due(town: Town, ann: Chat) -> list[Said]:
    """Let the tick look for what is due."""
    async with town.work() as work:
        await drafts.open_due(work)
    said = await town.deliver()
    ann.said().extend(said)
    return said


async def resolve(town: Town, case_id: int = 1) -> list[Said]:
    """Let Ben resolve a case."""
    await town.hires(9, "Ben")
    async with town.work() as work:
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(9)
        await casework.resolve_case(work, case_id=case_id, by=ben)
    return await town.deliver()


async def test_a_burst_is_answered_once(town: Town, ann: Chat) -> None:
    """Six messages and photos get one question and become one case, in order."""
    said = await ann.says("衣服破了")
    assert len(said) == 1
    assert len(said[-1].buttons) == 3
    for words in ("真生气", "才穿一次"):
        assert await ann.says(words) == []
    for part in range(3):
        assert await ann.sends_photo("看" if part == 0 else "", album="x") == []
    edited, opened = await ann.taps("c:draft")
    assert not edited.buttons
    assert "C-1001" in opened.text
    (case,) = await town.rows("cases")
    assert (case.kind, case.summary) == ("question", "衣服破了 / 真生气 / 才穿一次 / 看")
    heard = [row for row in await town.rows("interactions", author_kind="customer") if row.case_id]
    assert len(heard) == 6


async def test_words_become_a_case_without_any_tap(town: Town, ann: Chat) -> None:
    """Who never taps is told a number and a time all the same, once the pause is long enough."""
    await ann.says("where is my parcel")
    town.moves(minutes=4)
    await ann.says("hello?? it is late")
    town.moves(minutes=4)
    assert await due(town, ann) == []
    town.moves(minutes=2)
    (opened,) = await due(town, ann)
    assert "C-1001" in opened.text
    assert await due(town, ann) == []


async def test_never_mind_opens_nothing(town: Town, ann: Chat) -> None:
    """A draft that is taken back stays on record and opens no case."""
    await ann.says("my coat")
    said = await ann.taps("c:cancel")
    assert "no case" in said[-1].text
    town.moves(hours=1)
    assert await due(town, ann) == []
    assert await town.rows("cases") == []


@pytest.mark.parametrize(("answer", "opened"), [("yes please", 1), ("好的", 1), ("no thanks", 0), ("不用了", 0)])
async def test_the_question_may_be_answered_in_words(town: Town, ann: Chat, answer: str, opened: int) -> None:
    """A plain yes or no does what its button does."""
    await ann.says("my coat is torn")
    assert await ann.says(answer)
    assert len(await town.rows("cases")) == opened


async def test_a_greeting_is_answered_and_opens_nothing(town: Town) -> None:
    """A greeting alone is answered with the menu and an invitation to tell."""
    for number, greeting in enumerate(["hi", "Hello!", "在吗", "你好", "您好，在吗？", "哈囉"], 1):
        (said,) = await town.chat(number, "Ann").says(greeting)
        assert said.keyboard
    assert await town.rows("dialogues") == []


async def test_bare_thanks_open_nothing(town: Town, ann: Chat) -> None:
    """Thanks out of the blue are met with courtesy."""
    for words in ("thanks", "ok", "谢谢", "👍"):
        (said,) = await ann.says(words)
        assert "welcome" in said.text
    assert await town.rows("dialogues") == []


async def test_words_go_to_the_one_open_case(town: Town, ann: Chat) -> None:
    """With one open case there is no question where words belong."""
    await ann.says("my coat is torn")
    await ann.taps("c:draft")
    town.moves(minutes=30)
    (said,) = await ann.says("any news?")
    assert "C-1001" in said.text
    assert await ann.says("I need it on Friday") == []
    assert len(await town.rows("cases")) == 1
    assert len([row for row in await town.rows("interactions", case_id=1) if row.author_kind == "customer"]) == 3


async def two_cases(ann: Chat) -> None:
    """Open two cases."""
    for words in ("my coat is torn", "my bill is wrong"):
        await ann.says("/complaint")
        await ann.says(words)
        await ann.taps("c:done")
        await ann.taps("c:skip")
        await ann.taps("c:send")


async def test_with_several_cases_the_customer_chooses(town: Town, ann: Chat) -> None:
    """Words are kept first, then put where Ann says."""
    await two_cases(ann)
    (asked,) = await ann.says("it is urgent")
    assert [label.split(" ·")[0] for label, _ in asked.buttons] == ["C-1001", "C-1002", "✨ Something new"]
    assert await ann.says("really") == []
    said = await ann.taps(asked.buttons[1][1])
    assert [one.text for one in said] == ["Thank you. Your words are with case C-1002 now."]
    words = await town.rows("interactions", case_id=2, author_kind="customer")
    assert [row.text for row in words] == ["my bill is wrong", "it is urgent", "really"]


async def test_words_for_several_cases_do_not_wait_for_ever(town: Town, ann: Chat) -> None:
    """Without a choice they go to the case in which somebody spoke last, and Ann is told."""
    await two_cases(ann)
    await ann.says("it is urgent")
    town.moves(minutes=6)
    said = await due(town, ann)
    assert "C-1002" in said[-1].text
    assert len(await town.rows("cases")) == 2


async def test_an_answer_to_a_message_goes_to_its_case(town: Town, ann: Chat) -> None:
    """A reply to a message about a case needs no question."""
    await two_cases(ann)
    first = next(one for one in ann.said() if "C-1001" in one.text and one.body.get("content"))
    await ann.says("about this one", reply_to=first.message_id)
    assert [row.text for row in await town.rows("interactions", case_id=1, author_kind="customer")][
        -1
    ] == "about this one"


async def test_a_reply_stays_a_reply_for_staff(town: Town, ann: Chat) -> None:
    """Words that answer earlier ones are passed on as an answer to them."""
    await town.opens_desk()
    await ann.says("my coat is torn")
    first = ann.last_message_id
    await ann.taps("c:draft")
    await ann.says("I mean the left sleeve", reply_to=first)
    row = (await town.rows("outbox", purpose="customer_words"))[-1]
    (original,) = await town.rows("interactions", text="my coat is torn", author_kind="customer")
    assert row.body["reply_to"] == original.id


@pytest.mark.parametrize("words", ["👍", "好的"])
async def test_thanks_close_what_is_resolved(town: Town, ann: Chat, words: str) -> None:
    """Consent after a resolution closes the case and never reopens it."""
    await ann.says("my coat is torn")
    await ann.taps("c:draft")
    await resolve(town)
    await ann.says(words)
    assert [row.state for row in await town.rows("cases")] == ["closed"]
    await ann.says(words)
    assert [row.state for row in await town.rows("cases")] == ["closed"]


async def test_still_not_reopens_with_the_words(town: Town, ann: Chat) -> None:
    """Words that are no thanks reopen what was called solved."""
    await ann.says("my coat is torn")
    await ann.taps("c:draft")
    await resolve(town)
    said = await ann.says("还没好")
    assert [row.state for row in await town.rows("cases")] == ["open"]
    assert "C-1001" in said[-1].text


async def test_a_sticker_does_not_reopen(town: Town, ann: Chat) -> None:
    """A sticker under a solved case is answered with the question, not with a reopened case."""
    await ann.says("my coat is torn")
    await ann.taps("c:draft")
    await resolve(town)
    sticker = {"file_id": "S", "file_unique_id": "s", "width": 1, "height": 1, "is_animated": False, "is_video": False}
    (asked,) = await ann.sends(sticker={**sticker, "type": "regular"})
    assert asked.data("c:solved")
    assert [row.state for row in await town.rows("cases")] == ["resolved"]


async def test_what_cannot_be_passed_on_is_refused_aloud(town: Town, ann: Chat) -> None:
    """A poll is kept on record, and Ann is told that nobody would see it."""
    poll = {
        "id": "1",
        "question": "?",
        "options": [],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
    said = await ann.sends(poll=poll)
    assert "can't pass" in said[-1].text
    assert [row.kind for row in await town.rows("interactions", author_kind="customer")] == ["unsupported"]
    assert await town.rows("dialogues") == []


async def test_a_file_too_large_to_keep_is_said_so_once_an_album(town: Town, ann: Chat) -> None:
    """Large files are passed on by reference, and that is said once."""
    first = await ann.sends_photo("look", album="big", size=30_000_000)
    assert [("20 MB" in one.text) for one in first if one.text].count(True) == 1
    assert await ann.sends_photo(album="big", size=30_000_000) == []


async def test_a_very_long_burst_becomes_a_case_by_itself(town: Town, ann: Chat) -> None:
    """The two hundredth message opens the case; the next goes into it."""
    for number in range(201):
        await ann.says(f"word {number}")
    assert len(await town.rows("cases")) == 1
    words = await town.rows("interactions", case_id=1, author_kind="customer")
    assert [row.text for row in words] == [f"word {number}" for number in range(201)]


async def test_feedback_out_of_free_words(town: Town, ann: Chat) -> None:
    """Words called feedback are kept as such, with what follows, and need no answer."""
    await ann.says("your new shop is lovely")
    await ann.taps(ann.said()[-1].buttons[1][1])
    await ann.says("and the tea")
    await ann.taps("c:fdone")
    (row,) = await town.rows("feedback")
    assert (row.kind, row.text) == ("suggestion", "your new shop is lovely\nand the tea")
    assert row.finished_at is not None
    assert await town.rows("cases") == []
