"""Holds, spam, tags and history: what staff do with a case beside answering it."""

from datetime import timedelta

import pytest

from domain.cases import CaseState, EndedAs
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import Role
from services.case_history import history_in_words
from services.case_tags import list_common_tags, list_tags, tag_case, untag_case
from services.cases import reopen_by_customer
from services.casework import LONGEST_HOLD, end_due_holds, hold_case, reopen_by_staff, resume_case, spam_case
from services.work import person_of_contact
from storage.staff import load_staff
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from tests.services.test_ownership import assign, take, to_member, who


async def hold(case: CaseView, user_id: int, **until: float) -> object:
    """Put a case on hold for a span, in a transaction of its own."""
    async with case.desk.town.work() as work:
        by = (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)
        end = work.now + timedelta(**until) if until else None
        return await hold_case(work, case_id=case.id, by=by, until=end, reason="waiting for the zip")


async def ends_holds(desk: Desk) -> int:
    """Let the tick look."""
    async with desk.town.work() as work:
        return await end_due_holds(work)


async def test_a_hold_ends_at_its_date_and_tells_whose_it_is(desk: Desk) -> None:
    """Not a minute sooner, and once; the clocks stood still meanwhile, and the reason is on record for staff."""
    case = await desk.case_of()
    await hold(case, BEN, hours=1)
    held = await case.now()
    assert (held.state, held.paused_at) == (CaseState.ON_HOLD, desk.town.now)
    desk.town.moves(minutes=59)
    assert await ends_holds(desk) == 0
    desk.town.moves(minutes=1)
    await desk.town.deliver()
    assert [await ends_holds(desk), await ends_holds(desk)] == [1, 0]
    said = await desk.town.deliver()
    over = await case.now()
    assert (over.state, over.held_until_at, over.paused_at) == (CaseState.OPEN, None, None)
    assert any("is over" in text for text in to_member(said, await who(desk, BEN)))
    assert not [one for one in said if one.target[0] is TargetKind.CONTACT]
    assert [note.text for note in await case.record(visibility="internal")] == ["waiting for the zip"]


async def test_the_customers_words_end_a_hold_at_once(desk: Desk) -> None:
    """What was planned for tomorrow does not ring then: the date went with the hold."""
    case = await desk.case_of()
    await hold(case, BEN, days=1)
    await desk.town.chat(11, "Ann").says("It is getting worse!")
    assert ((await case.now()).state, (await case.now()).held_until_at) == (CaseState.OPEN, None)
    desk.town.moves(days=2)
    assert await ends_holds(desk) == 0


async def test_a_hold_without_a_date_waits_for_a_hand(desk: Desk) -> None:
    """Until somebody goes on; what is open already cannot be gone on with."""
    case = await desk.case_of()
    await hold(case, BEN)
    desk.town.moves(days=400)
    assert await ends_holds(desk) == 0
    async with desk.town.work() as work:
        by = await who(desk, SUE)
        await resume_case(work, case_id=case.id, by=by)
        again = await resume_case(work, case_id=case.id, by=by)
    assert (await case.now()).state is CaseState.OPEN
    assert isinstance(again, Refusal)
    assert again.key == "casework.refused.not_waiting"


async def test_a_hold_ends_some_day_to_come(desk: Desk) -> None:
    """Neither in the past nor beyond a year; a case on hold can be held to another date."""
    case = await desk.case_of()
    for span in (timedelta(0), LONGEST_HOLD + timedelta(seconds=1)):
        assert isinstance(await hold(case, BEN, seconds=span.total_seconds()), Refusal)
    await hold(case, BEN, hours=1)
    await hold(case, BEN, hours=5)
    assert (await case.now()).held_until_at == desk.town.now + timedelta(hours=5)


async def test_spam_is_closed_without_a_word(desk: Desk) -> None:
    """The customer reads nothing, cannot open it again, and what they write next is new; staff can mend a mistake."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        await spam_case(work, case_id=case.id, by=await who(desk, BEN))
    closed = await case.now()
    assert (closed.state, closed.ended_as, closed.closed_at) == (CaseState.CLOSED, EndedAs.SPAM, desk.town.now)
    assert all(one.target[0] is TargetKind.CARD for one in await desk.town.deliver())
    async with desk.town.work() as work:
        assert closed.contact_point_id is not None
        person = await person_of_contact(work, closed.contact_point_id)
        assert person is not None
        assert isinstance(await reopen_by_customer(work, person, case=closed), Refusal)
        assert not isinstance(await reopen_by_staff(work, case_id=case.id, by=await who(desk, SUE)), Refusal)
    again = await case.now()
    assert (again.state, again.ended_as, again.closed_at, again.reopens) == (CaseState.OPEN, None, None, 1)


async def test_tags_are_kept_folded_and_once(desk: Desk) -> None:
    """“ VIP ” is “vip”; twice is refused, and so is what is no tag; what is used most is offered first."""
    case, other = await desk.case_of(), await desk.case_of(100)
    async with desk.town.work() as work:
        ben = await who(desk, BEN)
        put = [
            await tag_case(work, case_id=case.id, tag=tag, by=ben) for tag in (" VIP ", "#vip", "a,b", "late", "拉链")
        ]
        await tag_case(work, case_id=other.id, tag="late", by=ben)
        assert [one.key for one in put if isinstance(one, Refusal)] == [
            "casework.refused.tagged_already",
            "casework.refused.no_tag",
        ]
        assert await list_common_tags(work, limit=2) == ["late", "vip"]
        await untag_case(work, case_id=case.id, tag="Late", by=ben)
        assert isinstance(await untag_case(work, case_id=case.id, tag="late", by=ben), Refusal)
        assert await list_tags(work, case.id) == ["vip", "拉链"]


async def test_the_history_tells_every_step_with_its_author(desk: Desk) -> None:
    """Taken, given, held, solved, taken up again: who, when, from what to what, newest last."""
    case = await desk.case_of()
    await take(case, BEN)
    desk.town.moves(hours=1)
    await assign(case, SUE, BEN)
    await hold(case, SUE, days=1)
    async with desk.town.work() as work:
        await tag_case(work, case_id=case.id, tag="zip", by=await who(desk, SUE))
    await case.writes(SUE, "/resolve")
    async with desk.town.work() as work:
        await reopen_by_staff(work, case_id=case.id, by=await who(desk, BEN))
        lines = await history_in_words(work, await case.now(), "en")
    assert [line.partition(" · ")[2] for line in lines] == [
        "Ann: opened",
        "Ben: new → in work · nobody → Ben",
        "Ben: Ben → Sue",
        lines[3].partition(" · ")[2],
        "Sue: + #zip",
        "Sue: on hold → solved",
        "Ben: solved → in work",
    ]
    assert "on hold" in lines[3]
    assert "until" in lines[3]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER])
async def test_who_does_not_work_on_cases_changes_none(desk: Desk, role: Role) -> None:
    """Reading is not working: every deed is refused in the service, whatever the button."""
    await desk.town.hires(77, "Vic", role)
    case = await desk.case_of()
    vic = await who(desk, 77)
    async with desk.town.work() as work:
        done = [
            await hold_case(work, case_id=case.id, by=vic),
            await resume_case(work, case_id=case.id, by=vic),
            await spam_case(work, case_id=case.id, by=vic),
            await tag_case(work, case_id=case.id, tag="x", by=vic),
        ]
    assert {one.key for one in done if isinstance(one, Refusal)} == {"desk.refused.not_allowed"}
    assert len(done) == 4
    assert (await case.now()).state is CaseState.NEW
