"""Duplicates of one customer become one case, with everything that belonged to them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.cases import Case, CaseState, EndedAs, Priority
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.tasks import TaskKind
from services.case_door import actor_of
from services.case_merge import list_mergeable, merge_cases
from services.case_tags import list_tags, tag_case
from services.cases import reopen_by_customer
from services.tasks import add_task
from services.work import person_of_contact
from storage.cases import save_case
from storage.staff import load_staff
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from tests.services.test_ownership import take, who

WHY = {"kind": "tier", "tier": "diamond", "priority": "urgent"}


async def merge(duplicate: CaseView, into: CaseView, by: int = BEN) -> Case | Refusal:
    """Merge in a transaction of its own."""
    number = (await into.now()).number
    async with duplicate.desk.town.work() as work:
        member = (await load_staff(work.tx, bot_id=work.bot_id)).member(by)
        return await merge_cases(work, case_id=duplicate.id, into_number=number, by=member)


async def change(case: CaseView, **changed: object) -> None:
    """Change columns of a case by the back door."""
    async with case.desk.town.work() as work:
        save_case(work.tx, replace(await case.now(), **changed), **changed)  # type: ignore[arg-type]


async def test_everything_moves_to_the_case_that_goes_on(desk: Desk) -> None:
    """Words, tags and tasks; the duplicate is closed and knows where it lives on; Ann is told once."""
    main, duplicate = await desk.case_of(words="The zip is torn"), await desk.case_of(words="And the button is off")
    ben = await who(desk, BEN)
    async with desk.town.work() as work:
        for case, tag in ((main, "zip"), (duplicate, "zip"), (duplicate, "button")):
            await tag_case(work, case_id=case.id, tag=tag, by=ben)
        await add_task(
            work,
            kind=TaskKind.PROMISE,
            owner_id=ben.id,
            due_at=work.now + timedelta(days=1),
            text="ring",
            by=actor_of(ben),
            case_id=duplicate.id,
        )
    await desk.town.deliver()
    done = await merge(duplicate, main)
    assert isinstance(done, Case)
    gone, kept = await duplicate.now(), await main.now()
    assert (gone.state, gone.ended_as, gone.merged_into) == (CaseState.CLOSED, EndedAs.MERGED, main.id)
    assert kept.live
    assert [row.text for row in await main.record(author_kind="customer")] == [
        "The zip is torn",
        "And the button is off",
    ]
    assert await duplicate.record(author_kind="customer") == []
    assert [row.case_id for row in await desk.town.rows("tasks")] == [main.id]
    async with desk.town.work() as work:
        assert [await list_tags(work, one.id) for one in (main, duplicate)] == [["button", "zip"], []]
    said = await desk.town.deliver()
    told = [one.text for one in said if one.target[0] is TargetKind.CONTACT]
    assert len(told) == 1
    assert kept.public_number in told[0]
    by_topic = {ref: [one.text for one in said if one.target == (TargetKind.CASE, ref)] for ref in (main.id, gone.id)}
    assert "And the button is off" in by_topic[main.id]
    assert any(kept.public_number in text for text in by_topic[gone.id])


@pytest.mark.parametrize("priority", [Priority.LOW, Priority.URGENT])
async def test_the_earlier_due_and_the_higher_priority_win(desk: Desk, priority: Priority) -> None:
    """What was promised to the duplicate stays promised; what presses more is due sooner, never later."""
    older = await desk.case_of(words="The zip is torn")
    desk.town.moves(hours=2)
    newer = await desk.case_of(words="The zip, again")
    await change(older, priority=priority, priority_why=(dict(WHY),), level=2)
    before, own = await older.now(), (await newer.now()).priority
    await merge(older, newer)
    kept = await newer.now()
    assert (kept.priority, kept.level) == (priority if priority is Priority.URGENT else own, 2)
    due, promised = before.first_response_due_at, before.promised_at
    assert kept.first_response_due_at is not None
    assert kept.promised_at is not None
    assert due is not None
    assert promised is not None
    assert kept.first_response_due_at <= due
    assert kept.promised_at <= promised
    assert kept.sla_look_at is not None
    assert (await older.now()).sla_look_at is None


async def test_an_unanswered_duplicate_makes_the_case_owe_an_answer(desk: Desk) -> None:
    """Ben answered one case and waits; the other was never answered: merged, it is open, and its clock runs."""
    main, duplicate = await desk.case_of(), await desk.case_of(words="Hello?")
    await main.writes(BEN, "We look at it")
    assert (await main.now()).state is CaseState.WAITING
    due = (await duplicate.now()).first_response_due_at
    await merge(duplicate, main)
    kept = await main.now()
    assert (kept.state, kept.paused_at, kept.next_response_due_at) == (CaseState.OPEN, None, due)


async def test_merging_is_refused_where_it_makes_no_sense(desk: Desk) -> None:
    """Another customer's, itself, a closed one, a number nobody has, a confidential one."""
    case, bobs, closed = await desk.case_of(), await desk.case_of(100, "Bob"), await desk.case_of()
    hidden = await desk.case_of()
    await closed.writes(BEN, "/resolve")
    await change(hidden, confidential=True)
    assert [getattr(await merge(case, one, SUE), "key", None) for one in (bobs, case, closed, hidden)] == [
        "casework.refused.other_customer",
        "casework.refused.itself",
        "desk.refused.state",
        "casework.refused.confidential_merge",
    ]
    assert getattr(await merge(case, hidden, BEN), "key", None) == "desk.refused.no_such_case"
    async with desk.town.work() as work:
        unknown = await merge_cases(work, case_id=case.id, into_number=99999, by=await who(desk, BEN))
        assert isinstance(unknown, Refusal)
        assert await list_mergeable(work, await case.now()) == []


async def test_two_cases_merged_into_each_other_at_once_leave_one(desk: Desk) -> None:
    """Two taps, crosswise: one wins, the other is refused; nothing is lost in a circle."""
    one, other = await desk.case_of(words="one"), await desk.case_of(words="other")
    done = await asyncio.gather(merge(one, other), merge(other, one))
    assert sorted(isinstance(each, Refusal) for each in done) == [False, True]
    live = [case for case in (one, other) if (await case.now()).live]
    assert len(live) == 1
    assert sorted(row.text for row in await live[0].record(author_kind="customer")) == ["one", "other"]


@pytest.mark.parametrize("tap", ["take", "note", "resolve", "reopen"])
async def test_staff_are_shown_where_the_case_goes_on(desk: Desk, tap: str) -> None:
    """Who taps an old card is told the number of the case that goes on; a note may still be kept."""
    main, duplicate = await desk.case_of(), await desk.case_of(words="again")
    await merge(duplicate, main)
    await desk.taps(BEN, f"k:{tap}:{duplicate.id}")
    number = (await main.now()).public_number
    assert (number in desk.popup) is (tap != "note")


async def test_the_customer_who_is_not_content_reopens_the_case_that_goes_on(desk: Desk) -> None:
    """*Not solved* under an old message of the duplicate leads to the other one."""
    main, duplicate = await desk.case_of(), await desk.case_of(words="again")
    await merge(duplicate, main)
    await take(main, BEN)
    await main.writes(BEN, "/resolve")
    async with desk.town.work() as work:
        gone = await duplicate.now()
        assert gone.contact_point_id is not None
        person = await person_of_contact(work, gone.contact_point_id)
        assert person is not None
        again = await reopen_by_customer(work, person, case=gone)
    assert isinstance(again, Case)
    assert again.id == main.id
    assert (await main.now()).state is CaseState.OPEN
