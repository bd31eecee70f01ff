"""What staff see of their answers: arrived, changed, or not delivered and why."""

from typing import Any

import pytest

from domain.interactions import Content, Kind
from domain.outgoing import Action
from services.casework import answer_case
from services.delivery import after_failed, after_sent, after_unknown
from storage.interactions import NOWHERE
from storage.outbox import OutboxRow, get_row
from storage.staff import load_staff
from tests.handlers.staff.desk import BEN, CaseView, Desk, Heard, sorted_out


async def answer_row(case: CaseView, *, nth: int = -1) -> OutboxRow:
    """Return the outbox row of Ben's newest answer."""
    rows = await case.desk.town.rows("outbox", case_id=case.id, purpose="staff_answer")
    async with case.desk.town.db.read() as tx:
        row = await get_row(tx, rows[nth].id)
    assert row is not None
    return row


async def settle(case: CaseView, result: Any, *args: Any) -> Heard:
    """Let the sender report on Ben's newest answer; returns what followed."""
    row = await answer_row(case)
    async with case.desk.town.work() as work:
        await result(work, row, *args)
    return sorted_out(await case.desk.town.deliver())


async def test_an_answer_that_arrived_gets_a_sign(desk: Desk) -> None:
    """The sign stands under Ben's own words, in the group, and says what it means where signs are forbidden."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    heard = await settle(case, after_sent, 77)
    said = await case.last_said()
    mark = heard.marks[0]
    assert (mark.action, mark.message_id, mark.body["extra"]["emoji"]) == (Action.REACT, said.message_id, "👌")
    assert "Delivered" in mark.body["extra"]["fallback_reply"]


async def test_a_change_that_arrived_gets_another_sign(desk: Desk) -> None:
    """So that Ben sees that the correction arrived as well."""
    case = await desk.case_of()
    await case.writes(BEN, "Come at fife")
    await case.edits(BEN, (await case.last_said()).message_id, "Come at five")
    heard = await settle(case, after_sent, 77)
    assert [mark.body["extra"]["emoji"] for mark in heard.marks] == ["✍"]


async def test_held_words_sent_by_a_tap_are_marked_where_they_were_written(desk: Desk) -> None:
    """The sign is under the words, not under the button."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "!Come at five")
    held = await case.last_said()
    asked = next(said for said in heard.staff if any(data.startswith("k:send") for _, data in said.buttons))
    await desk.taps(BEN, asked.data("k:send"), asked.message_id)
    marked = await settle(case, after_sent, 77)
    assert [mark.message_id for mark in marked.marks] == [held.message_id]


async def test_after_a_move_of_the_group_no_wrong_message_is_marked(desk: Desk) -> None:
    """Message numbers of the old chat mean other messages in the new one."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    await desk.town.update(message=desk.message(BEN, migrate_to_chat_id=-100999))
    assert (await settle(case, after_sent, 77)).marks == []


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("blocked", "has blocked the bot"),
        ("not_found", "no longer exists"),
        ("refused: Bad Request: PHOTO_INVALID", "did not take this message"),
        ("its target is gone", "did not take this message"),
    ],
)
async def test_an_answer_that_failed_says_why_under_it(desk: Desk, reason: str, told: str) -> None:
    """Ben reads that Ann did not get it, why, and what to do."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    said = await case.last_said()
    heard = await settle(case, after_failed, reason)
    notice = next(one for one in heard.staff if "Not delivered" in one.text)
    assert told in notice.text
    assert notice.body["reply_to"] == said.id


async def test_a_refusal_as_blocked_shows_on_the_card(desk: Desk) -> None:
    """Who works on the case next sees at once that Ann cannot be reached."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    heard = await settle(case, after_failed, "blocked")
    assert any("answers will not arrive" in said.text for said in heard.staff)
    assert [row.reach for row in await desk.town.rows("contact_points")] == ["blocked"]


async def test_an_answer_lost_from_sight_is_said_so(desk: Desk) -> None:
    """Neither arrived nor failed: Ben is not left to believe either."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    assert "Nobody can say" in (await settle(case, after_unknown)).told_staff


async def test_words_said_elsewhere_get_no_sign(desk: Desk) -> None:
    """An answer that was not written in the group has no message there to mark."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(BEN)
        content = Content(Kind.TEXT, "From the console")
        await answer_case(work, case_id=case.id, by=ben, content=content, origin=NOWHERE)
    await desk.town.deliver()
    assert (await settle(case, after_sent, 77)).marks == []


async def test_a_first_answer_that_failed_leaves_the_promise_standing(desk: Desk) -> None:
    """What never arrived was no answer: the case still owes one, and staff are reminded of it."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    assert (await desk.town.rows("cases"))[0].first_response_at is not None
    await settle(case, after_failed, "refused: something")
    assert (await desk.town.rows("cases"))[0].first_response_at is None
    assert (await desk.town.rows("audit", action="case.answer_failed"))[0].actor_kind == "system"
    await case.writes(BEN, "Once more: we mend it today")
    assert (await desk.town.rows("cases"))[0].first_response_at is not None
