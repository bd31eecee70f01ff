"""Edited words and reactions."""

from domain.outgoing import TargetKind
from services.casework import resolve_case
from storage.staff import load_staff
from tests.handlers.harness import Chat, Town


async def versions(town: Town) -> list[tuple[str, int | None, int | None]]:
    """Return what Ann wrote as (words, case, version of)."""
    rows = await town.rows("interactions", author_kind="customer")
    return [(row.text, row.case_id, row.version_of) for row in rows if row.kind == "text"]


async def test_an_edit_in_a_case_is_passed_on(town: Town, ann: Chat) -> None:
    """Staff see the new words; the first version stays."""
    await town.opens_desk()
    await ann.says("my coat is torn")
    first = ann.last_message_id
    await ann.taps("c:draft")
    before = len(await town.rows("outbox", purpose="customer_words"))
    assert await ann.edits(first, "my coat is torn and wet") == []
    assert len(await town.rows("outbox", purpose="customer_words")) == before + 1
    assert [(words, case) for words, case, _ in await versions(town)] == [
        ("my coat is torn", 1),
        ("my coat is torn and wet", 1),
    ]


async def test_an_edit_that_changes_nothing_is_kept_but_not_passed_on(town: Town, ann: Chat) -> None:
    """A preview that moved on is no news for staff."""
    await town.opens_desk()
    await ann.says("my coat is torn")
    first = ann.last_message_id
    await ann.taps("c:draft")
    before = len(await town.rows("outbox"))
    await ann.edits(first, "my coat is torn")
    assert len(await town.rows("outbox")) == before
    assert len(await versions(town)) == 2


async def test_an_edit_in_a_draft_joins_it_silently(town: Town, ann: Chat) -> None:
    """The case reads as the words stood when it was opened."""
    await ann.says("my cat is torn")
    first = ann.last_message_id
    await ann.says("today")
    assert await ann.edits(first, "my coat is torn") == []
    await ann.taps("c:draft")
    assert [row.summary for row in await town.rows("cases")] == ["my coat is torn / today"]
    assert {case for _, case, _ in await versions(town)} == {1}


async def test_a_corrected_order_number_is_taken_over(town: Town, ann: Chat) -> None:
    """Editing the order number corrects the complaint."""
    await ann.says("/complaint")
    await ann.says("torn")
    await ann.taps("c:done")
    await ann.says("A-1")
    (summary,) = await ann.edits(ann.last_message_id, "A-12")
    assert "A-12" in summary.text
    await ann.taps("c:send")
    assert [row.order_ref for row in await town.rows("cases")] == ["A-12"]


async def test_an_edit_of_words_never_seen_is_new(town: Town, ann: Chat) -> None:
    """Words whose first version never reached us are not lost."""
    (said,) = await ann.edits(5, "my coat is torn")
    assert said.data("c:draft")


async def test_a_thumb_under_the_question_closes_the_case(town: Town, ann: Chat) -> None:
    """👍 on "is it solved?" is a yes; on anything else, and a 👎, it is nothing."""
    await town.hires(9, "Ben")
    await ann.says("my coat is torn")
    (_, opened) = await ann.taps("c:draft")
    async with town.work() as work:
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(9)
        await resolve_case(work, case_id=1, by=ben)
    (asked,) = [said for said in await town.deliver() if said.target[0] is TargetKind.CONTACT]
    await ann.reacts(opened.message_id, "👍")
    await ann.reacts(asked.message_id, "👎")
    await ann.reacts(asked.message_id, "")
    assert [row.state for row in await town.rows("cases")] == ["resolved"]
    (closed,) = await ann.reacts(asked.message_id, "❤")
    assert "closed" in closed.text
    assert [row.state for row in await town.rows("cases")] == ["closed"]
    assert await ann.reacts(asked.message_id, "👍") == []
