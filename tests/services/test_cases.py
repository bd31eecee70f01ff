"""Use cases of a case that no single edge owns: forgotten ones, two at once, every change with its author."""

import asyncio
from datetime import timedelta

from domain.cases import Case, CaseState
from domain.outcomes import Refusal
from services.casework import close_forgotten, resolve_case, take_case
from storage.staff import load_staff
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk, sorted_out


async def test_a_resolved_case_closes_when_its_window_ends_in_silence(desk: Desk) -> None:
    """A week later it is closed, not a minute sooner; the customer is not disturbed."""
    case = await desk.case_of()
    await case.writes(BEN, "/resolve")
    desk.town.moves(days=7, minutes=-1)
    async with desk.town.work() as work:
        assert await close_forgotten(work) == 0
    desk.town.moves(minutes=1)
    async with desk.town.work() as work:
        assert await close_forgotten(work) == 1
    said = await desk.town.deliver()
    assert (await case.now()).state is CaseState.CLOSED
    assert all(one.target[0] == "card" for one in said)


async def test_forgotten_cases_close_in_slices(desk: Desk) -> None:
    """A tick that may close two closes two, and the rest the next time."""
    for nth in range(3):
        case = await desk.case_of(100 + nth)
        await case.writes(BEN, "/resolve")
    desk.town.moves(days=8)
    closed = []
    for _ in range(3):
        async with desk.town.work() as work:
            closed.append(await close_forgotten(work, limit=2))
    assert closed == [2, 1, 0]


async def take(case: CaseView, user_id: int) -> Case | Refusal:
    """Take a case in a transaction of one's own."""
    async with case.desk.town.work() as work:
        by = (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)
        return await take_case(work, case_id=case.id, by=by)


async def test_of_two_who_take_at_the_same_moment_one_wins(desk: Desk) -> None:
    """Two replicas, two taps: one owner, and the other is told who."""
    case = await desk.case_of()
    done = await asyncio.gather(take(case, BEN), take(case, SUE))
    refused = [one for one in done if isinstance(one, Refusal)]
    assert [one.key for one in refused] == ["desk.refused.taken"]
    assert refused[0].values["name"] in ("Ben", "Sue")


async def test_the_customer_hears_of_a_resolution_without_any_edge(desk: Desk) -> None:
    """What every edge must cause is said by the service: nobody tapped or wrote, and Ann is asked the same."""
    case, by_hand = await desk.case_of(), await desk.case_of(user_id=100)
    written = await by_hand.writes(BEN, "/resolve")
    async with desk.town.work() as work:
        by = (await load_staff(work.tx, bot_id=work.bot_id)).member(BEN)
        await resolve_case(work, case_id=case.id, by=by)
    heard = sorted_out(await desk.town.deliver())
    numbers = [f"C-{(await one.now()).number}" for one in (case, by_hand)]
    assert heard.told_customer == [words.replace(numbers[1], numbers[0]) for words in written.told_customer]
    assert heard.told_customer


async def test_every_change_has_an_author(desk: Desk) -> None:
    """Opened by Ann, answered and resolved by Ben, closed by the system: who, what, before and after."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    await case.writes(BEN, "/resolve")
    desk.town.moves(days=8)
    async with desk.town.work() as work:
        await close_forgotten(work)
    rows = await desk.town.rows("audit", subject_kind="case")
    assert [(row.action, row.actor_kind) for row in rows] == [
        ("case.open", "customer"),
        ("case.answer", "staff"),
        ("case.resolve", "staff"),
        ("case.close", "system"),
    ]
    assert (rows[2].before["state"], rows[2].after["state"]) == ("waiting", "resolved")
    assert rows[3].at - rows[2].at == timedelta(days=8)
