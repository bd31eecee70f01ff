"""Clocks of cases by a shop's hours: kept, missed, paused, moved, told of once, whoever dies in between."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from domain.cases import Case, Priority
from domain.desk import Hours, Interval, SlaRules, Targets
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.people import StaffMember
from services import sla
from services.cases import confirm_solved, hear_words
from services.casework import answer_case, hold_case, reopen_by_staff, resolve_case, resume_case, spam_case
from services.delivery import owe_again
from services.priority_by_hand import set_priority
from services.sla_watch import watch_clocks
from services.speech import record_heard
from services.work import person_of_contact
from storage.cases import get_case
from storage.interactions import Origin, get_interaction
from storage.members import list_members
from storage.tables import cases, customers
from tests.handlers.staff.desk import ANN, BEN, SUE, CaseView, Desk, sorted_out

H, M = timedelta(hours=1), timedelta(minutes=1)
SPLIT: tuple[Interval, ...] = ((time(9), time(12)), (time(13), time(18)))
WEEK = (SPLIT,) * 5 + ((), ())


def moment(*when: int) -> datetime:
    """Return an instant of June 2026; the 5th is a Friday."""
    return datetime(2026, 6, *when, tzinfo=UTC)  # type: ignore[arg-type,misc]  # day, hour, minute


def rules(desk: Desk, **changed: Any) -> None:
    """Change rules of the desk."""
    desk.town.rules = replace(desk.town.rules, desk=replace(desk.town.rules.desk, **changed))


@pytest.fixture
async def shop(desk: Desk) -> Desk:
    """A shop that works from nine to twelve and one to six, on weekdays, on a Friday at four in the afternoon."""
    targets = {Priority.NORMAL: Targets(4 * H, 2 * H, 16 * H), Priority.URGENT: Targets(1 * H, 1 * H, 4 * H)}
    rules(desk, hours=Hours(week=WEEK), sla=SlaRules(targets=targets))
    desk.town.now = moment(5, 16)
    return desk


async def who(desk: Desk, user_id: int = BEN) -> StaffMember:
    """Return a member of staff."""
    async with desk.town.db.read() as tx:
        return next(one for one in await list_members(tx) if one.user_id == user_id)


async def answers(case: CaseView, user_id: int = BEN) -> int:
    """Let somebody answer; returns the interaction."""
    by = await who(case.desk, user_id)
    async with case.desk.town.work() as work:
        origin = Origin(case.desk.chat()["id"], case.desk.town.next_message_id())
        done = await answer_case(work, case_id=case.id, by=by, content=Content(Kind.TEXT, "We look"), origin=origin)
    assert not isinstance(done, Refusal)
    return done


async def speaks(case: CaseView, words: str = "And?") -> None:
    """Let Ann add something."""
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        assert found.contact_point_id is not None
        person = await person_of_contact(work, found.contact_point_id)
        assert person is not None
        content = Content(Kind.TEXT, words)
        said = await record_heard(
            work,
            author=person.actor,
            content=content,
            origin=Origin(ANN, case.desk.town.next_message_id()),
            customer_id=person.customer.id,
        )
        await hear_words(work, person, case=found, interaction_id=said, content=content)


async def results(case: CaseView) -> list[tuple[str, bool, int]]:
    """Return every ended clock: its kind, whether it was kept, and after how many working minutes it ended."""
    rows = await case.desk.town.rows("sla_results", case_id=case.id)
    return [(row.kind, row.kept, row.worked_s // 60) for row in rows]


async def look(desk: Desk, at: datetime | None = None) -> list[tuple[str, str]]:
    """Move to an instant and let the clocks be watched; returns the cause and clock of what staff were told of."""
    desk.town.now = at or desk.town.now
    before = len(await desk.town.rows("escalations"))
    while True:
        async with desk.town.work() as work:
            if not await watch_clocks(work):
                break
    rows = sorted(await desk.town.rows("escalations"), key=lambda row: row.id)
    return [(row.cause, row.reason) for row in rows[before:]]


async def in_case(case: CaseView, deed: Any, user_id: int = BEN, **more: Any) -> Case:
    """Let somebody do something to the case."""
    by = await who(case.desk, user_id)
    async with case.desk.town.work() as work:
        done: Case | Refusal = await deed(work, case_id=case.id, by=by, **more)
    assert not isinstance(done, Refusal), done
    return done


async def test_a_weekend_is_no_time(shop: Desk) -> None:
    """Opened on Friday at four: two hours that day, the answer is due on Monday at eleven."""
    case = await shop.case_of()
    now = await case.now()
    assert now.first_response_due_at == now.promised_at == moment(8, 11)
    assert now.resolution_due_at == moment(9, 16)
    assert now.sla_look_at == moment(8, 10)


async def test_staff_hear_at_three_quarters_and_at_the_breach_and_once(shop: Desk) -> None:
    """Of the working time: at ten on Monday, not on Saturday night."""
    await shop.case_of()
    assert await look(shop, moment(6, 12)) == []
    assert await look(shop, moment(8, 10)) == [("warning", "first_response")]
    assert await look(shop) == []
    assert await look(shop, moment(8, 11)) == [("breach", "first_response")]
    assert await look(shop, moment(8, 17)) == []
    assert await look(shop, moment(9, 12)) == [("warning", "resolution")]
    assert await look(shop, moment(9, 16)) == [("breach", "resolution")]
    assert await look(shop, moment(19, 16)) == []


async def test_a_standstill_past_both_is_told_as_the_breach_alone(shop: Desk) -> None:
    """The program was down over the warning: whoever is told learns the worse."""
    await shop.case_of()
    assert await look(shop, moment(8, 12)) == [("breach", "first_response")]


async def test_an_answer_in_time_is_kept_on_record(shop: Desk) -> None:
    """Answered on Monday at half past nine: after two and a half hours of work, by Ben."""
    case = await shop.case_of()
    shop.town.now = moment(8, 9, 30)
    await answers(case)
    assert await results(case) == [("first_response", True, 150)]
    (row,) = await shop.town.rows("sla_results")
    assert (row.started_at, row.due_at, row.ended_at) == (moment(5, 16), moment(8, 11), moment(8, 9, 30))
    assert (row.priority, row.member_id) == ("normal", (await who(shop)).id)
    assert await look(shop, moment(8, 17)) == []


async def test_waiting_for_the_customer_takes_no_time(shop: Desk) -> None:
    """After the answer all stands still until Ann speaks; then an answer is owed again, the solution has its rest."""
    case = await shop.case_of()
    shop.town.now = moment(5, 17)
    await answers(case)
    assert (await case.now()).paused_at == moment(5, 17)
    assert await look(shop, moment(10, 12)) == []
    shop.town.now = moment(11, 9)
    await speaks(case)
    now = await case.now()
    assert now.paused_at is None
    assert now.next_response_due_at == moment(11, 11)
    assert now.resolution_due_at == moment(12, 17)
    await speaks(case, "Hello?")
    assert (await case.now()).next_response_due_at == moment(11, 11)
    shop.town.now = moment(11, 11, 30)
    await answers(case)
    assert await results(case) == [("first_response", True, 60), ("next_response", False, 150)]


async def test_a_hold_leaves_the_rest_for_later(shop: Desk) -> None:
    """On hold from Monday ten to Wednesday two: the hour that was left is left."""
    case = await shop.case_of()
    shop.town.now = moment(8, 10)
    await in_case(case, hold_case)
    assert await look(shop, moment(9, 12)) == []
    shop.town.now = moment(10, 14)
    await in_case(case, resume_case)
    assert (await case.now()).first_response_due_at == moment(10, 15)
    assert await look(shop, moment(10, 14, 1)) == [("warning", "first_response")]


async def test_a_resolved_case_has_no_clock(shop: Desk) -> None:
    """All of them end with it, kept or not; what is said later starts new ones."""
    case = await shop.case_of()
    shop.town.now = moment(8, 14)
    await in_case(case, resolve_case)
    assert sorted(await results(case)) == [("first_response", False, 360), ("resolution", True, 360)]
    assert (await case.now()).sla_look_at is None
    shop.town.now = moment(9, 9)
    await in_case(case, reopen_by_staff)
    now = await case.now()
    assert (now.first_response_due_at, now.resolution_due_at) == (moment(8, 11), moment(10, 18))
    shop.town.now = moment(9, 10)
    await in_case(case, resolve_case)
    shop.town.now = moment(9, 11)
    await speaks(case, "It broke again")
    now = await case.now()
    assert (now.promised_at, now.first_response_due_at) == (moment(9, 16), moment(9, 16))


async def test_spam_leaves_no_figures(shop: Desk) -> None:
    """Nobody was late in answering it."""
    case = await shop.case_of()
    shop.town.now = moment(9, 10)
    await in_case(case, spam_case)
    assert await results(case) == []
    assert await look(shop, moment(19, 10)) == []


async def test_a_case_closed_by_its_customer_ends_its_clocks(shop: Desk) -> None:
    """Ann found it herself; nobody is warned of it any more."""
    case = await shop.case_of()
    shop.town.now = moment(5, 17)
    async with shop.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        assert found.contact_point_id is not None
        person = await person_of_contact(work, found.contact_point_id)
        assert person is not None
        await confirm_solved(work, person, case=found)
    assert sorted(await results(case)) == [("first_response", True, 60), ("resolution", True, 60)]
    assert await look(shop, moment(9, 16)) == []


async def test_an_answer_that_never_arrived_ended_nothing(shop: Desk) -> None:
    """Ann had blocked the bot for a moment: the clock goes on from where it stood."""
    case = await shop.case_of()
    shop.town.now = moment(5, 17)
    said = await answers(case)
    shop.town.now = moment(8, 9, 30)
    async with shop.town.work() as work:
        found, one = await get_case(work.tx, case.id), await get_interaction(work.tx, said)
        assert found is not None
        assert one is not None
        await owe_again(work, found, one)
    now = await case.now()
    assert await results(case) == []
    assert (now.first_response_at, now.first_response_due_at, now.paused_at) == (None, moment(8, 13, 30), None)


async def test_urgent_is_due_sooner_and_the_customer_hears_it(shop: Desk) -> None:
    """Half an hour has passed of the hour it has: due at five, not on Monday."""
    case = await shop.case_of()
    await shop.town.deliver()
    shop.town.now = moment(5, 16, 30)
    await in_case(case, set_priority, priority=Priority.URGENT, reason="the shop is under water")
    now = await case.now()
    assert (now.first_response_due_at, now.promised_at) == (moment(5, 17), moment(5, 17))
    said = sorted_out(await shop.town.deliver())
    assert ["today 17:00" in text for text in said.told_customer] == [True]
    assert await look(shop, moment(5, 17)) == [("breach", "first_response")]


async def test_a_promise_is_not_taken_back_when_a_case_presses_less(shop: Desk) -> None:
    """Sue lowers it: staff have longer, Ann's time stands."""
    case = await shop.case_of()
    await shop.town.deliver()
    await in_case(case, set_priority, SUE, priority=Priority.LOW, reason="it can wait a week")
    now = await case.now()
    assert now.first_response_due_at == moment(8, 16)
    assert now.promised_at == moment(8, 11)
    assert sorted_out(await shop.town.deliver()).customer == []


async def test_what_was_told_is_told_again_when_the_time_comes_again(shop: Desk) -> None:
    """Lowered after the warning: there is a new one, later."""
    case = await shop.case_of()
    assert await look(shop, moment(8, 10)) == [("warning", "first_response")]
    await in_case(case, set_priority, SUE, priority=Priority.LOW, reason="it can wait a week")
    assert await look(shop, moment(8, 11)) == []
    assert await look(shop, moment(8, 15)) == [("warning", "first_response")]


async def test_a_tier_of_its_own_is_followed(shop: Desk) -> None:
    """Ann becomes gold, whose answers are due within two hours; nobody has to touch the case for it."""
    rules(shop, sla=SlaRules(tiers={"gold": {Priority.NORMAL: Targets(2 * H, 2 * H)}}))
    case = await shop.case_of()
    async with shop.town.work() as work:
        work.tx.change(customers, (await case.now()).customer_id, tier="gold")
    assert await look(shop, moment(5, 16, 20)) == []
    assert (await case.now()).first_response_due_at == moment(5, 18)


async def test_new_hours_hold_for_what_is_open(shop: Desk) -> None:
    """The shop opens on Saturdays from now on: what was due on Monday is due on Saturday."""
    case = await shop.case_of()
    await look(shop)
    rules(shop, hours=Hours(week=(SPLIT,) * 6 + ((),)))
    await look(shop)
    assert (await case.now()).first_response_due_at == moment(6, 11)


async def test_two_who_watch_at_once_tell_once(shop: Desk) -> None:
    """A second copy of the program looks at the same moment: the first has told it."""
    await shop.case_of()
    await shop.case_of(12, "Bob")
    shop.town.now = moment(8, 11)
    async with shop.town.work() as work:
        await watch_clocks(work, limit=1)
    assert len(await shop.town.rows("escalations")) == 1
    assert await look(shop) == [("breach", "first_response")]
    assert await look(shop) == []


async def test_a_case_from_before_clocks_gets_one(shop: Desk) -> None:
    """What an older version left behind is warned of and handed up like the rest."""
    case = await shop.case_of()
    async with shop.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        work.tx.change(cases, case.id, sla_clocks=None, sla_look_at=found.first_response_due_at)
    assert await look(shop, moment(8, 11)) == [("breach", "first_response")]
    await answers(case)
    assert await results(case) == [("first_response", True, 240)]


async def test_the_card_says_what_is_due(shop: Desk) -> None:
    """The next thing, then that it is late, then that nothing moves."""
    case = await shop.case_of()

    async def words() -> str | None:
        async with shop.town.work() as work:
            return await sla.due_in_words(work, await case.now(), "en")

    assert "First answer due Mon 11:00" in str(await words())
    shop.town.now = moment(8, 11, 30)
    assert "overdue since today 11:00" in str(await words())
    await answers(case)
    assert "stand still since today 11:30" in str(await words())
    await in_case(case, resolve_case)
    assert await words() is None
