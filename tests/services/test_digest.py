"""The digest: how the desk stands, once a working day, after a restart too, and whenever somebody asks."""

from dataclasses import replace
from datetime import time, timedelta

from domain.cases import EndedAs, Priority
from domain.desk import DeskRules, Hours
from domain.people import SYSTEM, Reach, Role, StaffMember
from services.case_door import actor_of, change_case
from services.casework import resolve_case, take_case
from services.customers import set_reach
from services.digest import digest_in_words, send_digest
from services.feedback import begin_feedback
from services.members import set_absent
from services.work import Work, person_of_contact
from storage.cases import get_case
from storage.feedback import change_feedback
from storage.staff import change_group, list_active
from tests.handlers.staff.desk import BEN, MIA, SUE, CaseView, Desk
from texts.catalogue import plain

WEEKDAYS = (((time(9), time(18)),),) * 5 + ((), ())


async def digest(desk: Desk) -> str:
    """Return the digest as it reads now."""
    async with desk.town.work() as work:
        return plain(await digest_in_words(work, "en"))


async def changed(case: CaseView, **values: object) -> None:
    """Change columns of a case."""
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        change_case(work, found, by=SYSTEM, action="case.test", **values)


async def member(work: Work, user_id: int) -> StaffMember:
    """Return somebody who works here."""
    return next(one for one in await list_active(work.tx) if one.user_id == user_id)


async def daily(desk: Desk) -> list[str]:
    """Let the tick look until there is nothing to send; returns what went out."""
    while True:
        async with desk.town.work() as work:
            if not await send_digest(work):
                break
    return [said.text for said in await desk.town.deliver()]


async def test_with_nothing_to_say_it_is_one_friendly_line(desk: Desk) -> None:
    """Nobody reads a list of zeros."""
    text = await digest(desk)
    assert "\n" not in text
    assert "Nothing is open" in text


async def test_the_numbers_are_those_of_the_desk(desk: Desk) -> None:
    """Two cases open, one Ben's and escalated, one nobody's and overdue; a task of none; Mia away."""
    bens = await desk.case_of()
    late = await desk.case_of(user_id=77, name="Bob", words="Where is my coat?")
    async with desk.town.work() as work:
        await take_case(work, case_id=bens.id, by=await member(work, BEN))
        mia = await member(work, MIA)
        await set_absent(work, mia.id, until=None, by=actor_of(mia))
    await changed(bens, level=2, priority=Priority.URGENT, first_response_at=desk.town.now)
    await changed(bens, next_response_due_at=None, resolution_due_at=None)
    await changed(late, first_response_due_at=desk.town.now - timedelta(minutes=1))
    text = await digest(desk)
    for line in ("2 cases open", "1 of them is nobody's", "1 overdue", "1 escalated now", "Away: Mia"):
        assert line in text
    assert "waits for the customer" not in text
    assert "Most pressing" in text
    pressing = text.partition("Most pressing")[2]
    numbers = [(await case.now()).public_number for case in (late, bens)]
    assert pressing.index(numbers[0]) < pressing.index(numbers[1])  # what is overdue comes before what is urgent


async def test_low_scores_few_stars_and_unreachable_customers_are_named(desk: Desk) -> None:
    """One look tells who is unhappy and whom nobody can write to."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        person = await person_of_contact(work, found.contact_point_id or 0)
        assert person is not None
        feedback_id = await begin_feedback(work, person, kind="rating", interaction_ids=[])
        await change_feedback(work.tx, feedback_id, stars=1)
        await set_reach(work, person, Reach.BLOCKED, by=person.actor)
    text = await digest(desk)
    assert "1 customer gave a low score" in text
    assert "1 customer with an open case cannot be reached" in text


async def test_confidential_cases_are_neither_named_nor_counted(desk: Desk) -> None:
    """The group learns nothing of a complaint about one of its members."""
    case = await desk.case_of()
    await changed(case, confidential=True)
    assert "Nothing is open" in await digest(desk)


async def test_the_tick_sends_it_once_a_day_to_each_group(desk: Desk) -> None:
    """Not before its time, once a day whatever restarts, and the next day again."""
    await desk.case_of()
    desk.town.now = desk.town.now.replace(hour=8, minute=59)
    assert await daily(desk) == []
    desk.town.moves(minutes=1)
    (first,) = await daily(desk)
    assert "1 case open" in first
    assert await daily(desk) == []
    desk.town.moves(hours=5)
    assert await daily(desk) == []
    desk.town.moves(days=1)
    assert len(await daily(desk)) == 1


async def test_on_days_off_nobody_is_disturbed_and_monday_looks_back_over_them(desk: Desk) -> None:
    """A target missed on Saturday stands in Monday's digest."""
    rules = DeskRules(hours=Hours(week=WEEKDAYS))
    desk.town.rules = replace(desk.town.rules, desk=rules)
    case = await desk.case_of()
    desk.town.moves(days=3)  # Wednesday to Saturday
    assert desk.town.now.weekday() == 5
    await changed(case, first_response_due_at=desk.town.now, paused_at=None)
    assert await daily(desk) == []
    desk.town.moves(days=1)
    assert await daily(desk) == []
    desk.town.moves(days=1)
    (monday,) = await daily(desk)
    assert "1 missed a target since" in monday


async def test_without_a_group_who_supervises_reads_it_in_private(desk: Desk) -> None:
    """A shop that works in private chats is not forgotten."""
    await desk.town.hires(99, "Ada", Role.ADMIN)
    async with desk.town.work() as work:
        await change_group(work.tx, desk.group_id, active=False)
    assert len(await daily(desk)) == 2
    members = {row.target_ref for row in await desk.town.rows("outbox", target_kind="member")}
    async with desk.town.work() as work:
        leads = {one.id for one in await list_active(work.tx) if one.user_id in (SUE, 99)}
    assert members == leads


async def test_the_digest_on_demand_has_buttons_to_the_lists(desk: Desk) -> None:
    """Ben asks how the desk stands and opens the list of cases."""
    case = await desk.case_of()
    heard = await desk.writes(BEN, "/digest")
    assert (await case.now()).public_number in heard.told_staff
    data = {data for said in heard.staff for _, data in said.buttons}
    assert data == {"k:cases:0", "k:tasks:0", "k:bans:0"}


async def test_what_is_ended_is_not_open(desk: Desk) -> None:
    """A case called solved or closed as spam presses nobody."""
    solved, spam = await desk.case_of(), await desk.case_of(user_id=77, name="Bob")
    async with desk.town.work() as work:
        await resolve_case(work, case_id=solved.id, by=await member(work, BEN))
    await changed(spam, state="closed", closed_at=desk.town.now, ended_as=EndedAs.SPAM)
    assert "Nothing is open" in await digest(desk)
