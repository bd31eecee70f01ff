"""Promises with a moving clock: reminded in time, renewed before they pass, never in a circle."""

from dataclasses import replace
from datetime import timedelta

from services.promises import MOST_RENEWALS, keep_promises
from tests.handlers.staff.desk import BEN, CaseView, Desk, Heard, sorted_out


async def tick(desk: Desk) -> Heard:
    """Let the promises tick run until it has nothing left."""
    while True:
        async with desk.town.work() as work:
            if not await keep_promises(work):
                break
    return sorted_out(await desk.town.deliver())


async def run(desk: Desk, **span: float) -> list[tuple[timedelta, Heard]]:
    """Tick every minute over a span; returns what was said and when."""
    start, said = desk.town.now, []
    while desk.town.now < start + timedelta(**span):
        desk.town.moves(minutes=1)
        heard = await tick(desk)
        if heard.customer or heard.staff:
            said.append((desk.town.now - start, heard))
    return said


async def promised(case: CaseView) -> timedelta:
    """Return how far away the promised answer is."""
    at = (await case.now()).promised_at
    assert at is not None
    return at - case.desk.town.now


async def test_staff_are_reminded_once_when_a_quarter_is_left(desk: Desk) -> None:
    """Four hours promised: the reminder comes an hour before, and only once."""
    await desk.case_of()
    said = await run(desk, hours=3, minutes=50)
    assert [at for at, _ in said] == [timedelta(hours=3)]
    assert "has no answer yet" in said[0][1].told_staff
    assert said[0][1].customer == []


async def test_the_customer_hears_of_a_new_time_before_the_old_one_passes(desk: Desk) -> None:
    """No promise passes in silence; the card shows the new time."""
    case = await desk.case_of()
    said = await run(desk, hours=4)
    at, heard = said[-1]
    assert timedelta(hours=3, minutes=58) <= at < timedelta(hours=4)
    assert len(heard.customer) == 1
    assert "run out 1×" in heard.told_staff
    assert await promised(case) > timedelta(hours=3, minutes=50)


async def test_a_promise_that_was_kept_is_left_alone(desk: Desk) -> None:
    """Ben answered: nobody is reminded or put off."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    assert await run(desk, hours=6) == []


async def test_the_customer_is_not_put_off_for_ever_but_staff_are_reminded(desk: Desk) -> None:
    """After a few new times the machine stops asking Ann for patience, and goes on asking staff for an answer."""
    await desk.case_of()
    desk.town.rules = replace(desk.town.rules, answer_within=timedelta(minutes=20))
    said = await run(desk, hours=8)
    assert sum(len(heard.customer) for _, heard in said) == MOST_RENEWALS
    assert "run out" in said[-1][1].told_staff


async def test_a_standstill_past_the_promise_is_made_good_at_once(desk: Desk) -> None:
    """Down for a day: the first tick gives Ann a new time, one for all that was missed."""
    await desk.case_of()
    desk.town.moves(days=1)
    heard = await tick(desk)
    assert len(heard.customer) == 1
    assert (await tick(desk)).customer == []


async def test_a_very_short_promise_does_not_turn_in_a_circle(desk: Desk) -> None:
    """With one minute to answer a tick still ends."""
    desk.town.rules = replace(desk.town.rules, answer_within=timedelta(minutes=1))
    await desk.case_of()
    said = await run(desk, minutes=5)
    assert sum(len(heard.customer) for _, heard in said) <= MOST_RENEWALS


async def test_the_reminder_is_in_the_language_of_the_group(desk: Desk) -> None:
    """Also its clock time."""
    desk.town.rules = replace(desk.town.rules, languages=("zh_CN", "en"))
    await desk.case_of()
    said = await run(desk, hours=3, minutes=1)
    assert "还没有答复" in said[0][1].told_staff
    assert "今天" in said[0][1].told_staff
