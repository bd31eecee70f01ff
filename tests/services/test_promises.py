"""Promises with a moving clock: renewed before they pass, in working time, honest while nobody is there."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from domain.desk import Hours, Interval
from services.promises import MOST_RENEWALS, keep_promises
from services.sla_watch import watch_clocks
from storage.members import change_member
from tests.handlers.staff.desk import BEN, CaseView, Desk, Heard, sorted_out


async def tick(desk: Desk) -> Heard:
    """Let the ticks of promises and clocks run until they have nothing left."""
    for ask in (keep_promises, watch_clocks):
        while True:
            async with desk.town.work() as work:
                if not await ask(work):
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
    desk.town.moves(hours=2, minutes=55)
    said = await run(desk, minutes=55)
    assert [at for at, _ in said] == [timedelta(minutes=5)]
    assert "still has no answer" in said[0][1].told_staff
    assert said[0][1].customer == []


async def test_the_customer_hears_of_a_new_time_before_the_old_one_passes(desk: Desk) -> None:
    """No promise passes in silence; the card shows the new time."""
    case = await desk.case_of()
    desk.town.moves(hours=3, minutes=50)
    at, heard = next((at, heard) for at, heard in await run(desk, minutes=10) if heard.customer)
    assert timedelta(minutes=8) <= at < timedelta(minutes=10)
    assert len(heard.customer) == 1
    assert heard.told_staff == ""  # the ladder tells them two minutes later
    assert await promised(case) > timedelta(hours=3, minutes=50)


async def test_a_promise_that_was_kept_is_left_alone(desk: Desk) -> None:
    """Ben answered: nobody is reminded or put off."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    desk.town.moves(hours=2)
    assert await run(desk, hours=1) == []
    desk.town.moves(hours=3)
    assert await run(desk, minutes=2) == []


async def test_the_customer_is_not_put_off_for_ever_but_staff_are_reminded(desk: Desk) -> None:
    """After a few new times the machine stops asking Ann for patience, and goes on asking staff for an answer."""
    desk.town.rules = replace(desk.town.rules, answer_within=timedelta(minutes=20))
    await desk.case_of()
    said = await run(desk, hours=2)
    assert sum(len(heard.customer) for _, heard in said) == MOST_RENEWALS
    assert sum("needs you" in heard.told_staff for _, heard in said) == 1
    assert not any("promised time" in heard.told_staff for _, heard in said)


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
    desk.town.moves(hours=2, minutes=59)
    said = await run(desk, minutes=2)
    assert "答复" in said[0][1].told_staff
    assert "今天" in said[0][1].told_staff


NINE_TO_FIVE: tuple[Interval, ...] = ((time(9), time(17)),)


def works(desk: Desk, week: tuple[tuple[Interval, ...], ...] = (NINE_TO_FIVE,) * 5 + ((), ()), **more: object) -> None:
    """Let the shop have hours."""
    hours = Hours(week=week, **more)  # type: ignore[arg-type]  # exceptions
    desk.town.rules = replace(desk.town.rules, desk=replace(desk.town.rules.desk, hours=hours))


async def away(desk: Desk, *names: str, until: datetime | None = None) -> None:
    """Let members of staff be absent from now on, or (without names) everybody be back."""
    async with desk.town.work() as work:
        for row in await desk.town.rows("staff_members"):
            since = desk.town.now if row.name in names else None
            await change_member(work.tx, row.id, absent_since_at=since, absent_until_at=until if since else None)


def sets(desk: Desk, *when: int) -> None:
    """Move the clock to an instant of 2026."""
    desk.town.now = datetime(2026, *when, tzinfo=UTC)  # type: ignore[arg-type,misc]  # month, day, hour


async def test_a_new_time_is_reckoned_in_working_time(desk: Desk) -> None:
    """Friday at three: promised for Monday at eleven, and put off then to three, never to a night or a Sunday."""
    works(desk)
    sets(desk, 6, 5, 15)
    case = await desk.case_of()
    assert (await case.now()).promised_at == datetime(2026, 6, 8, 11, tzinfo=UTC)
    sets(desk, 6, 8, 10, 58)
    heard = await tick(desk)
    assert "today 14:58" in heard.told_customer[0]
    assert (await case.now()).promised_at == datetime(2026, 6, 8, 14, 58, tzinfo=UTC)


async def test_the_last_time_of_a_day_is_put_off_to_the_next(desk: Desk) -> None:
    """Promised by five on Friday: what passes at the end of the week is renewed for Monday."""
    works(desk)
    sets(desk, 6, 5, 13)
    case = await desk.case_of()
    sets(desk, 6, 5, 16, 59)
    await tick(desk)
    assert (await case.now()).promised_at == datetime(2026, 6, 8, 12, 59, tzinfo=UTC)


async def test_nobody_is_promised_what_nobody_can_keep(desk: Desk) -> None:
    """Ben and Sue are away until Thursday: Ann hears at once that it will be Thursday, once."""
    works(desk)
    sets(desk, 6, 8, 10)
    case = await desk.case_of()
    await away(desk, "Ben", "Sue", until=datetime(2026, 6, 11, 8, tzinfo=UTC))
    heard = await tick(desk)
    assert (await case.now()).promised_at == datetime(2026, 6, 11, 13, tzinfo=UTC)
    assert "Thu 13:00" in heard.told_customer[0]
    assert (await tick(desk)).customer == []


async def test_a_time_nobody_knows_is_not_made_up(desk: Desk) -> None:
    """Everybody is away and cannot say for how long: Ann is told so, and hears a time when Ben is back."""
    works(desk)
    sets(desk, 6, 8, 10)
    await away(desk, "Ben", "Sue")
    case = await desk.case_of()
    assert (await case.now()).promised_at is None
    assert (await tick(desk)).customer == []
    sets(desk, 6, 8, 12)
    await away(desk, "Sue")
    heard = await tick(desk)
    assert len(heard.customer) == 1
    assert "today 16:00" in heard.told_customer[0]
    assert (await tick(desk)).customer == []


async def test_a_promise_that_passes_while_nobody_can_say_is_owned_up_to(desk: Desk) -> None:
    """The time comes, nobody is there: no new time is invented, and one is named later."""
    works(desk)
    sets(desk, 6, 8, 9)
    case = await desk.case_of()
    await away(desk, "Ben", "Sue")
    assert (await tick(desk)).customer == []
    sets(desk, 6, 8, 12, 59)
    assert "cannot keep" in (await tick(desk)).told_customer[0]
    assert (await case.now()).promised_at is None


async def test_a_closing_day_moves_what_was_promised_for_it(desk: Desk) -> None:
    """The shop will be closed on Monday after all: Ann is told before, not on Monday."""
    works(desk)
    sets(desk, 6, 5, 15)
    case = await desk.case_of()
    await tick(desk)
    works(desk, exceptions={date(2026, 6, 8): ()})
    heard = await tick(desk)
    assert (await case.now()).promised_at == datetime(2026, 6, 9, 11, tzinfo=UTC)
    assert "has moved" in heard.told_customer[0]
    assert (await tick(desk)).customer == []
