"""Surveys that go out by themselves: on the right occasion, once, in turn, not too often, and never beside a case."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass, MemberReach, Role
from domain.rules import Rules
from domain.surveys import SurveyRules
from services import customers, segments
from services.casework import resolve_case
from storage.database import Database
from storage.staff import load_staff
from storage.tables import cases, contact_points, survey_responses
from tests.campaigns.season import Season
from tests.handlers.staff.desk import BEN, MIA, Desk
from tests.services.campaign_office import hire

DAY = timedelta(days=1)


@pytest.fixture
def season(database: Database) -> Season:
    """A shop on the first of September 2026, at noon."""
    return Season(database)


async def case_of(season: Season) -> tuple[Desk, int, int]:
    """Let Ann complain and want surveys; returns the desk, her case and her."""
    desk = await Desk(season.town).opens()
    view = await desk.case_of()
    case = await view.now()
    async with season.town.work() as work:
        person = await season.person(work, case.customer_id)
        await customers.set_consent(work, person, ConsentClass.SURVEYS, given=True)
    return desk, view.id, case.customer_id


async def solve(season: Season, case_id: int) -> None:
    """Call a case solved."""
    async with season.town.work() as work:
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(BEN)
        assert not isinstance(await resolve_case(work, case_id=case_id, by=ben), Refusal)
    await season.town.deliver()


async def test_who_stays_silent_after_a_case_is_asked_once(season: Season) -> None:
    """Ann says nothing for a day after the resolution: she is asked about it, in one message with its delivery."""
    await season.keeps("after_case", 'after_case = "any"')
    _, case_id, ann = await case_of(season)
    await solve(season, case_id)
    wait = season.town.rules.desk.ask_score_after
    assert await season.passes(hours=wait / timedelta(hours=1) - 1) == []
    assert await season.passes(days=2) == ["Ann: after_case"]
    [row] = await season.town.rows("survey_responses")
    assert (row.occasion, row.cause, row.case_id, row.customer_id) == (f"case:{case_id}:1", "case", case_id, ann)
    assert await season.states(campaign="survey:after_case", occasion=f"case:{case_id}:1") == {("queued", None): 1}


async def test_who_was_unhappy_is_asked_whether_it_was_made_good(season: Season) -> None:
    """A low answer opened Ann's case: once it is solved the survey of recovery reaches her, and no other does."""
    await season.keeps("after_case", 'after_case = "any"')
    await season.keeps("recovery", 'after_case = "recovery"')
    await season.keeps("pulse")
    _, case_id, ann = await case_of(season)
    low = {"survey": "pulse", "version": 1, "occasion": f"2026-08:{ann}", "cause": "schedule", "state": "finished"}
    async with season.town.db.write() as tx:
        now = season.town.now
        asked = survey_responses.insert().values(**low, customer_id=ann, asked_at=now - 9 * DAY, low_at=now)
        await tx.execute(asked.values(opened_case_id=case_id))
    await solve(season, case_id)
    await season.sends("pulse")
    assert await season.passes(days=10) == ["Ann: recovery"]
    assert await season.states(campaign="survey:pulse") == {("skipped", "low_score"): 1}


async def test_a_case_that_is_open_again_is_not_asked_about(season: Season) -> None:
    """Ann writes between the planning and the asking: she has spoken, and her case is open."""
    await season.keeps("after_case", 'after_case = "any"')
    _, case_id, _ = await case_of(season)
    await solve(season, case_id)
    season.town.now += 2 * DAY
    await season.plans()
    async with season.town.db.write() as tx:
        await tx.execute(cases.update().values(state="open"))
    assert await season.ticks() == []
    assert await season.states(campaign="survey:after_case") == {("skipped", "spoken"): 1}


async def test_a_purchase_is_asked_about_three_days_later_once(season: Season) -> None:
    """The survey is about this purchase; looking again and again asks nobody twice."""
    await season.keeps("after_purchase", 'after_purchase = "3d"')
    ann = await season.knows("Ann")
    bought = await season.buys(ann, "till-1")
    assert await season.passes(hours=71) == []
    assert await season.passes(days=20, every=DAY) == ["Ann: after_purchase"]
    [row] = await season.town.rows("survey_responses")
    assert (row.occasion, row.cause, row.purchase_id) == (f"p:{bought}", "purchase", bought)


async def test_who_joins_after_buying_is_asked_like_the_others(season: Season) -> None:
    """Only those with a chat of this bot are planned, and whether they have one is asked on the day."""
    await season.keeps("after_purchase", 'after_purchase = "3d"')
    ann, cy = await season.knows("Ann"), await season.knows("Cy")
    await season.buys(cy, "till-1")
    async with season.town.db.write() as tx:
        his = contact_points.c.customer_id == cy
        await tx.execute(contact_points.update().where(his).values(bot_id=1))
    await season.buys(ann, "till-2")
    assert await season.passes(days=4) == ["Ann: after_purchase"]
    assert await season.states() == {("queued", None): 1}


async def test_a_time_of_day_is_the_persons_own(season: Season) -> None:
    """Two hours after the booking, at six in the evening or the next evening, by the clock where each of them lives."""
    await season.keeps("visit", 'after_event = "visited"\nevent_delay = "2h"\nat = "18:00"')
    for name, zone in (("Ann", "Asia/Taipei"), ("Sam", "America/New_York")):
        await season.hears_of(await season.knows(name, zone=zone), "visited")
    await season.hears_of(await season.knows("Cy"), "called")
    assert await season.passes(hours=30) == ["Sam: visit", "Ann: visit"]
    due = {row.zone: row.due_at for row in await season.town.rows("deliveries")}
    assert due["America/New_York"] == datetime(2026, 9, 1, 22, tzinfo=UTC)
    assert due["Asia/Taipei"] == datetime(2026, 9, 2, 10, tzinfo=UTC)


async def test_only_a_segment_is_asked_each_month(season: Season) -> None:
    """Who has bought once is left out; and a rule that means nothing any more stops its wave, of which Mia hears."""
    await season.keeps("regulars", "every = \"month\"\nsegment = 'purchases >= 2'")
    async with season.town.work() as work:
        await segments.save(work, name="some", expression="purchases >= 1", by=SYSTEM)
    await season.keeps("others", 'every = "month"\nsegment = \'segment("some")\'')
    ann, cy = await season.knows("Ann"), await season.knows("Cy")
    for customer_id, key in ((ann, "till-1"), (ann, "till-2"), (cy, "till-3")):
        await season.buys(customer_id, key)
    async with season.town.work() as work:
        await segments.delete(work, "some", by=SYSTEM)
    season.at(2026, 10, 1, 10, 0)
    async with season.town.work() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER, reach=MemberReach.REACHABLE)
    assert await season.ticks() == ["Ann: regulars"]
    [heard] = await season.town.rows("outbox", purpose="member_notice")
    assert ("asks nobody else" in str(heard.body), heard.target_ref) == (True, mia.id)
    [stopped, other] = sorted(await season.town.rows("survey_waves"), key=lambda row: row.survey)
    assert (stopped.survey, stopped.stopped_at, other.stopped_at) == ("others", season.town.now, None)


async def test_what_came_due_before_it_was_switched_on_is_not_asked(season: Season) -> None:
    """Nobody hears of last week's purchases on the day the survey starts; a new version of it forgets nobody."""
    ann, bob = await season.knows("Ann"), await season.knows("Bob")
    await season.buys(ann, "till-1", days=4)
    await season.buys(bob, "till-2", days=2)
    await season.keeps("after_purchase", 'after_purchase = "3d"')
    season.town.now += 2 * DAY  # the program stood still while Bob's turn came, and a new version was added
    await season.keeps("after_purchase", 'after_purchase = "3d"\nexpires_after = "5d"')
    assert await season.ticks() == ["Bob: after_purchase"]


async def test_a_quarter_is_asked_at_ten_on_everybodys_own_first_day(season: Season) -> None:
    """From Kiritimati to Pago Pago, each once; a second program that looks at the same time changes nothing."""
    for zone in ("America/New_York", "Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"):
        await season.knows(zone.rpartition("/")[2], zone=zone)
    await season.keeps("relationship", 'every = "quarter"\ncadence = "80d"')
    season.at(2026, 9, 30, 9, 0)
    assert await season.ticks() == []
    assert not await season.town.rows("survey_waves")
    for who, due_at in (
        ("Kiritimati", datetime(2026, 9, 30, 20, tzinfo=UTC)),
        ("UTC", datetime(2026, 10, 1, 10, tzinfo=UTC)),
        ("New_York", datetime(2026, 10, 1, 14, tzinfo=UTC)),
        ("Pago_Pago", datetime(2026, 10, 1, 21, tzinfo=UTC)),
    ):
        season.town.now = due_at - timedelta(minutes=1)
        assert await season.ticks() == []
        season.town.now += timedelta(minutes=1)
        assert await season.ticks() == [f"{who}: relationship"]
    assert await season.passes(days=2, every=DAY) == []
    assert {row.occasion for row in await season.town.rows("deliveries")} == {"2026-Q4"}
    season.at(2027, 1, 2, 0, 0)
    assert len(await season.ticks()) == 4


async def test_a_period_that_had_begun_is_let_pass(season: Season) -> None:
    """Switched on at noon of the second: the first is over; next month everybody is asked."""
    await season.knows("Ann")
    season.at(2026, 9, 2, 12, 0)
    await season.keeps("pulse", 'every = "month"')
    assert await season.passes(days=20, every=5 * DAY) == []
    season.at(2026, 10, 1, 10, 0)
    assert await season.ticks() == ["Ann: pulse"]


async def test_the_program_may_stand_still_on_the_day_itself(season: Season) -> None:
    """Back within a week it asks; back later it lets the period pass, and plans nobody in vain."""
    await season.knows("Ann")
    await season.keeps("pulse", 'every = "month"')
    season.at(2026, 10, 4, 12, 0)
    assert await season.ticks() == ["Ann: pulse"]
    season.at(2026, 11, 10, 12, 0)
    assert await season.ticks() == []
    assert [row.occasion for row in await season.town.rows("survey_waves")] == ["2026-10"]


async def test_a_sample_is_frozen_with_the_rest_named(season: Season) -> None:
    """About a third is asked; who is not has a row that says so, and stays unasked however often it is planned."""
    people = [await season.knows(f"P{nth}") for nth in range(60)]
    await season.keeps("pulse", 'every = "month"\nsample = 0.333\nseed = "s"')
    season.at(2026, 10, 1, 10, 0)
    asked = await season.ticks()
    assert 8 <= len(asked) <= 34
    assert await season.states() == {("queued", None): len(asked), ("skipped", "not_sampled"): 60 - len(asked)}
    assert len(people) == 60
    assert await season.passes(days=3) == []


async def test_nobody_is_asked_the_same_survey_within_its_cadence(season: Season) -> None:
    """Ann buys twice within a month: her second purchase is not asked about, and its row says why."""
    await season.keeps("after_purchase", 'after_purchase = "1d"\ncadence = "30d"')
    ann = await season.knows("Ann")
    await season.buys(ann, "till-1")
    assert await season.passes(days=2) == ["Ann: after_purchase"]
    await season.buys(ann, "till-2")
    assert await season.passes(days=6) == []
    assert await season.states() == {("queued", None): 1, ("skipped", "cadence"): 1}
    season.town.now += 30 * DAY
    await season.buys(ann, "till-3")
    assert await season.passes(days=2) == ["Ann: after_purchase"]


async def test_between_two_surveys_lies_rest(season: Season) -> None:
    """The second survey of the week waits three days, then comes by itself; one that would be too late does not."""
    await season.keeps("one")
    await season.keeps("two")
    await season.keeps("three", 'late_after = "2d"')
    await season.knows("Ann")
    await season.sends("one")
    assert await season.ticks() == ["Ann: one"]
    await season.sends("two")
    await season.sends("three")
    assert await season.passes(days=2, hours=23) == []
    assert await season.passes(hours=2) == ["Ann: two"]
    assert await season.states(campaign="survey:three") == {("skipped", "rest"): 1}


async def test_the_rare_survey_is_not_starved_by_the_frequent_ones(season: Season) -> None:
    """One message a week is all Ann gets, and three surveys want it: the yearly one goes first, then the monthly."""
    season.town.rules = replace(
        season.town.rules, contact=replace(season.town.rules.contact, budget=1), surveys=SurveyRules(rest=timedelta())
    )
    await season.knows("Ann")
    season.at(2026, 12, 20, 12, 0)
    await season.keeps("weekly", 'every = "week"\ncadence = "6d"\nlate_after = "6d"')
    await season.keeps("monthly", 'every = "month"\ncadence = "20d"\nlate_after = "14d"')
    await season.keeps("yearly", 'every = "year"\ncadence = "300d"')
    asked = Counter(await season.passes(days=70, every=timedelta(hours=11)))
    assert asked["Ann: yearly"] == 1
    assert asked["Ann: monthly"] == 2
    assert asked["Ann: weekly"] >= 5
    told = sorted(row.queued_at for row in await season.town.rows("deliveries") if row.queued_at)
    assert all(later - sooner >= 7 * DAY for sooner, later in pairwise(told))


async def test_one_reminder_and_then_the_end(season: Season) -> None:
    """Ann leaves it lying: reminded once after three days, over after fourteen; her answers would still count."""
    await season.keeps("pulse", remind="3d")
    await season.knows("Ann")
    await season.sends("pulse")
    assert await season.ticks() == ["Ann: pulse"]
    assert await season.passes(days=2, hours=23) == []
    assert await season.passes(hours=2) == ["Ann: pulse"]
    assert await season.passes(days=12, every=DAY) == []
    [row] = await season.town.rows("survey_responses")
    assert (row.state, row.remind_at) == ("expired", None)
    assert row.ended_at is not None
    assert await season.states(occasion=f"r:{row.id}") == {("queued", None): 1}


async def test_who_has_answered_is_not_reminded(season: Season) -> None:
    """The reminder was planned while Ann's answer came: it says nothing any more."""
    await season.keeps("pulse", remind="3d")
    await season.knows("Ann")
    await season.sends("pulse")
    await season.ticks()
    season.town.now += 3 * DAY
    await season.plans()
    async with season.town.db.write() as tx:
        await tx.execute(survey_responses.update().values(state="finished", ended_at=season.town.now))
    assert await season.ticks() == []
    [row] = await season.town.rows("survey_responses")
    assert await season.states(occasion=f"r:{row.id}") == {("skipped", "answered"): 1}


async def test_nobody_is_asked_while_a_case_of_theirs_is_open(season: Season) -> None:
    """Also a question holds it, not only a complaint; once it is solved the survey comes by itself."""
    await season.keeps("pulse")
    _, case_id, _ = await case_of(season)
    async with season.town.db.write() as tx:
        await tx.execute(cases.update().values(kind="question"))
    await season.sends("pulse")
    assert await season.passes(days=3) == []
    await solve(season, case_id)
    assert await season.passes(hours=2) == ["Ann: pulse"]


async def test_a_case_that_stays_open_lets_the_survey_go(season: Season) -> None:
    """After a week it is no longer asked, and the row names the case as the reason."""
    await season.keeps("pulse")
    await case_of(season)
    await season.sends("pulse")
    assert await season.passes(days=8) == []
    assert await season.states(campaign="survey:pulse") == {("skipped", "open_case"): 1}


async def test_the_night_is_kept(season: Season) -> None:
    """A wave sent at ten in the evening is read at eight in the morning, and nobody is late by it."""
    season.town.rules = replace(season.town.rules, quiet=Rules().quiet)
    await season.knows("Ann")
    await season.keeps("pulse")
    season.at(2026, 9, 1, 22, 0)
    await season.sends("pulse")
    assert await season.ticks() == []
    assert [row.due_at for row in await season.town.rows("deliveries")] == [datetime(2026, 9, 2, 8, tzinfo=UTC)]
    season.at(2026, 9, 2, 8, 0)
    assert await season.ticks() == ["Ann: pulse"]


async def test_only_who_said_yes_is_asked(season: Season) -> None:
    """A no is a no, and is on record."""
    await season.knows("Ann")
    await season.knows("No", consent=False)
    await season.keeps("pulse")
    await season.sends("pulse")
    assert await season.ticks() == ["Ann: pulse"]
    assert await season.states() == {("queued", None): 1, ("skipped", "no_consent"): 1}
