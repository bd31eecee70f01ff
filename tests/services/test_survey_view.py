"""What staff see of surveys, and files that go to staff: who may, what is told, ordered once, given up in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.cases import CaseKind
from domain.outcomes import Refusal
from domain.outgoing import Purpose, Target, TargetKind, to_member, to_staff_group
from domain.people import NOBODY, SYSTEM, Role, StaffMember
from domain.surveys.results import Results
from services import files
from services.cases import open_case
from services.confidential import make_confidential
from services.seeding import seed
from services.surveys import staff_view
from services.surveys.book import Kept, get_survey
from services.work import Work
from storage import tables
from storage.jobs import claim_jobs
from storage.staff import load_staff
from tests.services.shop import BOT, Working, arrive
from tests.services.surveyed import TITLE, Answered, Asked, checked, keep, words

_GROUP = -100500
_EMPTY = f'key = "empty"\n{TITLE}\n[[questions]]\nkey = "csat"\nkind = "csat"\n{words("Well?")}'
_EMPTY = _EMPTY.replace("Check", "Empty")


async def _open(work: Work) -> tuple[Kept, StaffMember]:
    """Return an answered survey and Ben, who works in the group."""
    await checked(work)
    await keep(work, _EMPTY)
    members = [(7, "Ben", Role.AGENT, None), (8, "Sue", Role.SUPERVISOR, None)]
    await seed(work, groups=[(_GROUP, "Desk", None)], members=members)
    kept = await get_survey(work, "check")
    assert kept is not None
    return kept, await _member(work, 7)


async def _member(work: Work, user_id: int) -> StaffMember:
    return (await load_staff(work.tx, bot_id=BOT)).member(user_id)


async def _group(work: Work) -> Target:
    return to_staff_group((await load_staff(work.tx, bot_id=BOT)).groups[_GROUP].id)


async def _rows(work: Work, name: str) -> list[Any]:
    await work.tx.flush()
    table = tables.metadata.tables[name]
    return list(await work.tx.execute(select(table).order_by(table.c.id)))


async def _order(work: Work, kept: Kept, ben: StaffMember, target: Target) -> bool:
    said = await staff_view.results_in_words(work, kept, by=ben, language="en")
    assert not isinstance(said, Refusal)
    return await staff_view.order_picture(work, kept, said[0], by=ben, target=target, language="en")


async def test_each_survey_has_a_line(working: Working) -> None:
    """Those with answers tell score and rate, one without says so."""
    async with working() as work:
        _, ben = await _open(work)
        listed = await staff_view.list_lines(work, by=ben, language="en")
    assert not isinstance(listed, Refusal)
    lines = {kept.key: line for kept, line in listed}
    assert lines["check"].startswith("<b>Check</b> · off\nNPS +14 (95%: -40 to +60; n 7)")
    assert lines["check"].endswith("7 answered (70%)")
    assert lines["empty"] == "<b>Empty</b> · off\nnobody has answered yet"


async def test_who_is_no_member_sees_nothing(working: Working) -> None:
    """Neither the list nor results nor words."""
    async with working() as work:
        kept, _ = await _open(work)
        for refused in (
            await staff_view.list_lines(work, by=NOBODY, language="en"),
            await staff_view.results_in_words(work, kept, by=NOBODY, language="en"),
            await staff_view.newest_words(work, kept, by=NOBODY, language="en"),
        ):
            assert isinstance(refused, Refusal)


async def test_words_are_told_with_their_score_and_as_words(working: Working) -> None:
    """Newest first, the case beside them, never as markup, and long ones cut; what is confidential stays hidden."""
    async with working() as work:
        kept, ben = await _open(work)
        bob = await arrive(work, chat_id=2, name="B<b>ob")
        case = await open_case(work, bob, kind=CaseKind.COMPLAINT, interaction_ids=[])
        columns = {"score": 3, "case_id": case.id}
        await Answered(work).asks(bob, Asked({"words": "<i>tea</i>" + "x" * 400}, columns=columns))
        seen = await staff_view.newest_words(work, kept, by=ben, language="en")
        assert not isinstance(seen, Refusal)
        told, cases = seen
        assert cases == {case.id: f"C-{case.number}"}
        first = told.split("\n\n")[1]
        assert first.startswith(f"B&lt;b&gt;ob · 3 · today 09:00 · C-{case.number}\n“&lt;i&gt;tea&lt;/i&gt;xxx")
        assert first.endswith("…”")
        await make_confidential(work, case_id=case.id, about_id=ben.id, by=SYSTEM)
        left = await staff_view.newest_words(work, kept, by=ben, language="en")
    assert not isinstance(left, Refusal)
    hidden, cases = left
    assert cases == {}
    assert "tea" not in hidden
    assert "so so" in hidden


async def test_a_survey_without_words_says_so(working: Working) -> None:
    """One line, no empty list."""
    async with working() as work:
        _, ben = await _open(work)
        empty = await get_survey(work, "empty")
        assert empty is not None
        none = await staff_view.newest_words(work, empty, by=ben, language="en")
    assert none == ("Nobody has written anything yet.", {})


async def test_a_picture_is_ordered_once_a_tap(working: Working) -> None:
    """Two taps in one minute are one picture, the next minute another; each place has its own; none of nothing."""
    async with working() as work:
        kept, ben = await _open(work)
        group = await _group(work)
        assert await _order(work, kept, ben, group)
        assert await _order(work, kept, ben, group)
        await _order(work, kept, ben, to_member(ben.id))
        await _order(replace(work, now=work.now + timedelta(minutes=1)), kept, ben, group)
        empty = await get_survey(work, "empty")
        assert empty is not None
        assert not await _order(work, empty, ben, group)
        ordered = await _rows(work, "files")
        assert [row.customer_id for row in ordered] == [None, None, None]
        assert len(await _rows(work, "jobs")) == 3


async def test_results_are_found_by_their_button(working: Working) -> None:
    """By number; one that is not there is none."""
    async with working() as work:
        kept, ben = await _open(work)
        found = await staff_view.find_by_id(work, kept.id)
        assert found is not None
        assert found.key == "check"
        assert await staff_view.find_by_id(work, 99) is None
        said = await staff_view.results_in_words(work, kept, by=ben, language="zh_TW")
    assert isinstance(said, tuple)
    assert isinstance(said[0], Results)


async def _ordered(work: Work, *, private: bool) -> tuple[int, int]:
    """Order one picture; returns its job and the file."""
    kept, ben = await _open(work)
    await _order(work, kept, ben, to_member(ben.id) if private else await _group(work))
    await work.tx.flush()
    [job] = await claim_jobs(work.tx, now=work.now, lease_until_at=work.now + timedelta(minutes=5), limit=5)
    assert job.ref is not None
    return job.id, job.ref


@pytest.mark.parametrize(
    ("private", "kind", "purpose"),
    [
        (False, TargetKind.STAFF_GROUP, Purpose.STAFF_NOTICE),
        (True, TargetKind.MEMBER, Purpose.MEMBER_NOTICE),
    ],
)
async def test_a_picture_made_goes_to_who_asked_once(
    working: Working, private: bool, kind: TargetKind, purpose: Purpose
) -> None:
    """In the group and in private, as a photo with its caption; made a second time, nothing more is sent."""
    async with working() as work:
        job_id, file_id = await _ordered(work, private=private)
        for _ in range(2):
            await files.send_made(work, job_id=job_id, file_id=file_id, content=b"png")
        [sent] = await _rows(work, "outbox")
        [file] = await _rows(work, "files")
    assert (sent.target_kind, sent.purpose, sent.customer_id) == (kind, purpose, None)
    assert (sent.body["content"]["kind"], sent.body["content"]["text"]) == ("photo", "📊 Check")
    assert sent.body["extra"] == {files.UPLOAD: file_id}
    assert bytes(file.content) == b"png"


async def test_a_picture_that_cannot_be_made_is_said_in_words(working: Working) -> None:
    """Whoever waits for it is told once, where they asked."""
    async with working() as work:
        job_id, file_id = await _ordered(work, private=True)
        for _ in range(2):
            await files.give_up(work, job_id=job_id, file_id=file_id, error="no room")
        [sent] = await _rows(work, "outbox")
    assert sent.target_kind == TargetKind.MEMBER
    assert sent.body["content"]["text"] == "The picture could not be drawn. The figures above are complete."
