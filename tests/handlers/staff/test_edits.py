"""Corrections: every version is kept, the customer sees the newest in time, notes never come to light."""

from domain.outgoing import Action
from tests.handlers.staff.desk import BEN, CaseView, Desk

PHOTO = [{"file_id": "P1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 100}]
OTHER_PHOTO = [{"file_id": "P2", "file_unique_id": "u2", "width": 90, "height": 90, "file_size": 100}]


async def versions(case: CaseView) -> list[tuple[str, str, bool]]:
    """Return text, visibility and whether it is a later version of all Ben said."""
    return [(i.text, i.visibility, i.version_of is not None) for i in await case.record(author_kind="staff")]


async def test_a_corrected_answer_is_corrected_at_the_customers(desk: Desk) -> None:
    """Ben mends a slip; Ann's message changes in place and both versions are kept."""
    case = await desk.case_of()
    await case.writes(BEN, "Come at fife")
    said = await case.last_said()
    heard = await case.edits(BEN, said.message_id, "Come at five")
    change = heard.customer[0]
    assert (change.action, change.text) == (Action.EDIT, "Ben\nCome at five")
    assert change.body["extra"]["edit_of"] == said.id
    assert await versions(case) == [("Come at fife", "customer", False), ("Come at five", "customer", True)]


async def test_a_correction_after_two_days_is_refused_aloud(desk: Desk) -> None:
    """Too late: Ann still sees the first version, and Ben is told."""
    case = await desk.case_of()
    await case.writes(BEN, "Come at fife")
    said = await case.last_said()
    desk.town.moves(hours=48, minutes=1)
    heard = await case.edits(BEN, said.message_id, "Come at five")
    assert heard.customer == []
    assert "still sees the first version" in heard.told_staff
    assert (await versions(case))[-1] == ("Come at five", "internal", True)


async def test_an_answer_changed_into_a_note_is_not_passed_on(desk: Desk) -> None:
    """Ben turns his answer into an aside; Ann must not see it."""
    case = await desk.case_of()
    await case.writes(BEN, "Come at five")
    heard = await case.edits(BEN, (await case.last_said()).message_id, "//he always comes late")
    assert heard.customer == []
    assert "looks like a note" in heard.told_staff


async def test_a_changed_note_stays_a_note(desk: Desk) -> None:
    """Even when its new words look like an answer."""
    case = await desk.case_of()
    await case.writes(BEN, "//he lies")
    heard = await case.edits(BEN, (await case.last_said()).message_id, "he is right")
    assert heard.customer == []
    assert (await versions(case))[-1] == ("he is right", "internal", True)


async def test_an_edit_that_changes_no_word_is_nothing(desk: Desk) -> None:
    """Telegram reports a link preview as an edit."""
    case = await desk.case_of()
    await case.writes(BEN, "See example.org")
    heard = await case.edits(BEN, (await case.last_said()).message_id, "See example.org")
    assert (heard.customer, heard.staff) == ([], [])
    assert len(await versions(case)) == 1


async def test_a_changed_caption_changes_the_caption(desk: Desk) -> None:
    """The picture stays, its words change."""
    case = await desk.case_of()
    await case.writes(BEN, photo=PHOTO, caption="befor")
    said = await case.last_said()
    raw = desk.message(BEN, thread_id=case.thread_id, photo=PHOTO, caption="before")
    await desk.town.update(edited_message={**raw, "message_id": said.message_id, "edit_date": 1})
    row = (await desk.town.rows("outbox", case_id=case.id, action="edit"))[-1]
    assert (row.body["content"]["kind"], row.body["content"]["text"]) == ("photo", "Ben\nbefore")


async def test_another_picture_follows_as_an_answer_to_the_first(desk: Desk) -> None:
    """A file cannot take another's place, so Ann gets the new one as a reply."""
    case = await desk.case_of()
    await case.writes(BEN, photo=PHOTO)
    said = await case.last_said()
    raw = desk.message(BEN, thread_id=case.thread_id, photo=OTHER_PHOTO)
    await desk.town.update(edited_message={**raw, "message_id": said.message_id, "edit_date": 1})
    row = (await desk.town.rows("outbox", case_id=case.id, purpose="staff_answer"))[-1]
    assert (row.action, row.body["reply_to"], row.body["content"]["file_id"]) == ("send", said.id, "P2")


async def test_a_correction_of_chatter_is_chatter(desk: Desk) -> None:
    """Nothing was said to anyone, so nothing changes."""
    await desk.case_of()
    raw = desk.message(BEN, text="lunch at one")
    assert await desk.town.update(edited_message={**raw, "edit_date": 1}) == []


async def test_words_sent_after_all_can_be_corrected(desk: Desk) -> None:
    """Held, sent by a tap, then mended: the change reaches Ann."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "!Come at fife")
    held = await case.last_said()
    asked = next(said for said in heard.staff if said.buttons)
    await desk.taps(BEN, asked.data("k:send"), asked.message_id)
    change = await case.edits(BEN, held.message_id, "Come at five")
    assert [said.action for said in change.customer] == [Action.EDIT]
