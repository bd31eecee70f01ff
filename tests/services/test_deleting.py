"""Answers taken back: deleted at the customer's side, kept in the record."""

from datetime import timedelta

import pytest

from domain.outcomes import Refusal
from domain.outgoing import Action
from domain.people import StaffMember
from services.deleting import delete_answer, list_deletable
from services.desk import history_texts
from storage.cases import get_case
from storage.interactions import list_of_case
from storage.staff import load_staff
from tests.handlers.harness import BOT_ID, Said
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk


@pytest.fixture
async def case(desk: Desk) -> CaseView:
    """Ann's case, which Ben answered at once."""
    case = await desk.case_of()
    await case.writes(BEN, "You are wrong")
    return case


async def member(desk: Desk, user_id: int) -> StaffMember:
    """Return a member of staff as stored."""
    async with desk.town.db.read() as tx:
        return (await load_staff(tx, bot_id=BOT_ID)).member(user_id)


async def deletes(desk: Desk, case: CaseView, user_id: int) -> Refusal | None:
    """Let somebody delete the newest answer of the case."""
    said = await case.last_said()
    by = await member(desk, user_id)
    async with desk.town.work() as work:
        done = await delete_answer(work, by=by, case_id=case.id, answer_id=said.id)
    return done if isinstance(done, Refusal) else None


def deletions(said: list[Said]) -> list[list[int]]:
    """Return which interactions are deleted by what was queued."""
    return [one.body["extra"]["deletes"] for one in said if one.action is Action.DELETE]


async def test_one_s_own_answer_goes_and_the_record_keeps_it(desk: Desk, case: CaseView) -> None:
    """Ben takes his answer back: it is to be deleted, once, and the history says that it was."""
    said = await case.last_said()
    assert await deletes(desk, case, BEN) is None
    assert deletions(await desk.town.deliver()) == [[said.id]]
    assert await deletes(desk, case, BEN) == Refusal("private.refused.deleted_already")
    async with desk.town.work() as work:
        text = (await history_texts(work, await list_of_case(work.tx, case.id), "en"))[0]
    assert "You are wrong · 🗑" in text


async def test_only_who_supervises_deletes_what_others_wrote(desk: Desk, case: CaseView) -> None:
    """Ben may not delete what Sue wrote; Sue may delete what Ben wrote, and he is told."""
    await case.writes(SUE, "We look into it")
    refusal = await deletes(desk, case, BEN)
    assert refusal is not None
    assert refusal.key == "casework.refused.not_yours"
    ben, sue = await member(desk, BEN), await member(desk, SUE)
    async with desk.town.work() as work:
        mine = await list_deletable(work, case_id=case.id, by=ben)
        all_of_them = await list_deletable(work, case_id=case.id, by=sue)
    assert not isinstance(mine, Refusal)
    assert not isinstance(all_of_them, Refusal)
    assert [words for _, words in mine] == ["You are wrong"]
    assert [words for _, words in all_of_them] == ["We look into it", "You are wrong"]
    await desk.writes(SUE, "/delete", thread_id=case.thread_id, reply_to=await _message_of(case, BEN))
    told = await desk.town.rows("outbox", chat_key=f"m{ben.id}")
    assert "Sue" in told[-1].body["content"]["text"]


async def _message_of(case: CaseView, user_id: int) -> int:
    rows = await case.record(author_kind="staff", author_id=(await member(case.desk, user_id)).id)
    return int(rows[0].message_id)


async def test_after_two_days_it_is_too_late(desk: Desk, case: CaseView) -> None:
    """Telegram deletes nothing older than 48 hours, and neither do we pretend to."""
    desk.town.now += timedelta(hours=48)
    assert await deletes(desk, case, BEN) is None
    await case.writes(BEN, "And again")
    desk.town.now += timedelta(hours=48, seconds=1)
    assert await deletes(desk, case, BEN) == Refusal("private.refused.delete_too_late")


async def test_what_was_not_sent_yet_is_not_sent(desk: Desk) -> None:
    """An answer deleted before it left is dropped, and the case waits for an answer again."""
    case = await desk.case_of()
    with desk.town.holding_back():
        await case.writes(BEN, "You are wrong")
        assert await deletes(desk, case, BEN) is None
    said = await desk.town.deliver()
    assert deletions(said) == []
    assert all("You are wrong" not in one.text for one in said if one.target[0] == "contact")
    now = await case.now()
    assert (now.first_response_at, now.state) == (None, "open")


async def test_an_album_goes_as_a_whole(desk: Desk) -> None:
    """Deleting one picture of an album deletes all of it."""
    case = await desk.case_of()
    photo = [{"file_id": "P", "file_unique_id": "u", "width": 9, "height": 9}]
    second = [{"file_id": "Q", "file_unique_id": "v", "width": 9, "height": 9}]
    await case.writes_at_once(
        BEN, {"photo": photo, "media_group_id": "7"}, {"photo": second, "media_group_id": "7", "caption": "both"}
    )
    parts = [row.id for row in await case.record(author_kind="staff")]
    assert await deletes(desk, case, BEN) is None
    assert deletions(await desk.town.deliver()) == [parts]


async def test_a_deleted_answer_cannot_be_changed_back(desk: Desk, case: CaseView) -> None:
    """A later correction stays with us: it would say again what was taken back."""
    message_id = (await case.last_said()).message_id
    await deletes(desk, case, BEN)
    await desk.town.deliver()
    changed = await case.edits(BEN, message_id, "You are right")
    assert changed.customer == []
    assert "deleted" in changed.told_staff


async def test_notes_and_customers_words_are_no_answers(desk: Desk, case: CaseView) -> None:
    """What never went to the customer from us cannot be deleted there."""
    by = await member(desk, SUE)
    async with desk.town.work() as work:
        done = await delete_answer(work, by=by, case_id=case.id, answer_id=case.first_words)
        assert await get_case(work.tx, case.id) is not None
    assert done == Refusal("private.refused.no_answer")
