"""Days of people's own: planned a day ahead where they live, caught up with, planned anew when the cause is gone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from campaigns import planning
from domain.calendars import LeapDayPolicy, QuietHours, birthday_on, birthday_year
from domain.campaigns import CampaignState
from domain.loyalty import CustomField, FieldKind
from domain.people import Birthday, ConsentClass
from domain.rules import BirthdayRules
from services import customers
from storage.database import Database
from storage.people import change_customer
from storage.tables import campaigns, deliveries
from storage.tables import customers as customer_table
from tests.campaigns.planner import Planner

BIRTHDAYS = 'occasion = "birthday"'


@pytest.fixture
def shop(database: Database) -> Planner:
    """A shop at noon of 1 September 2026, UTC."""
    return Planner(database)


async def test_who_has_a_birthday_tomorrow_is_planned_today_where_they_live(shop: Planner) -> None:
    """At noon of the 1st it is the 2nd on Kiritimati, and the 3rd is its tomorrow."""
    people = {}
    for zone in ("Pacific/Kiritimati", "UTC", "Etc/GMT+12"):
        for day in (1, 2, 3, 4):
            people[zone, day] = await shop.knows(f"{zone} {day}", Birthday(9, day), zone=zone)
    await shop.runs("birthday", BIRTHDAYS)
    await shop.plans(limit=3)
    planned = {row.customer_id: row for row in await shop.rows()}
    assert set(planned) == {people[zone, day] for zone, day in people if _is_near(zone, day)}
    islander = planned[people["Pacific/Kiritimati", 3]]
    assert islander.due_at == datetime(2026, 9, 2, 19, tzinfo=UTC)
    assert (islander.occasion, islander.occasion_on) == ("2026", "2026-09-03")


def _is_near(zone: str, day: int) -> bool:
    today = datetime(2026, 9, 1, 12, tzinfo=UTC).astimezone(ZoneInfo(zone)).day
    return day in (today, today + 1)


async def test_a_gift_some_days_before_the_birthday_falls_on_a_day_of_the_week(shop: Planner) -> None:
    """Three days ahead and only on Mondays: who was born on 6 September is due on Monday the 7th."""
    ann = await shop.knows("Ann", Birthday(9, 6))
    await shop.runs("gift", f'{BIRTHDAYS}\nlead_days = 3\nweekdays = ["mon"]\nat = "09:30"')
    shop.at(2026, 9, 5, 12)
    await shop.plans()
    assert await shop.rows() == []
    shop.at(2026, 9, 6, 12)
    await shop.plans()
    [row] = await shop.rows()
    assert (row.customer_id, row.occasion_on) == (ann, "2026-09-06")
    assert row.due_at == datetime(2026, 9, 7, 9, 30, tzinfo=UTC)


async def test_ten_days_without_the_program_are_caught_up_with_for_a_week(shop: Planner) -> None:
    """Who was missed within the week is on record as too late, who is still in time is planned; the rest is let go."""
    people = {day: await shop.knows(f"B{day}", Birthday(9, day)) for day in range(2, 15)}
    await shop.runs("birthday", BIRTHDAYS)
    shop.at(2026, 9, 1, 23)
    await shop.plans()
    shop.at(2026, 9, 12, 12)
    await shop.plans(limit=2)
    told = {customer_id: (state, reason) for customer_id, _, state, reason in await shop.told()}
    late, planned = ("skipped", "late"), ("planned", None)
    assert told[people[2]] == planned
    for day in range(3, 15):
        expected = {3: None, 4: None, 12: planned, 13: planned, 14: None}.get(day, late)
        assert told.get(people[day]) == expected, day


async def test_days_before_the_launch_are_nobodys(shop: Planner) -> None:
    """A campaign launched today greets nobody for yesterday, also not where it is yesterday still."""
    await shop.knows("Ann", Birthday(8, 31))
    west = await shop.knows("Wes", Birthday(8, 31), zone="Etc/GMT+12")
    shop.at(2026, 9, 1, 11, 30)
    await shop.runs("birthday", f'{BIRTHDAYS}\nlate_after = "20h"')
    await shop.plans()
    assert [row.customer_id for row in await shop.rows()] == [west]


async def test_an_anniversary_comes_each_year_after_the_first(shop: Planner) -> None:
    """Joined on 29 February 2024, in the evening of the 28th by the shop's clock."""
    shop.at(2024, 2, 28, 20)
    ann = await shop.knows("Ann", zone="Asia/Shanghai")
    bob = await shop.knows("Bob")
    await shop.runs("anniversary", 'occasion = "anniversary"')
    for year in (2024, 2025, 2028):
        for day in (26, 27, 28, 29):
            shop.town.now = datetime(year, 2, 26, 12, tzinfo=UTC) + timedelta(days=day - 26)
            await shop.plans()
    found = Counter((row.customer_id, row.occasion, row.occasion_on) for row in await shop.rows())
    assert found == {
        (ann, "2025", "2025-02-28"): 1,
        (bob, "2025", "2025-02-28"): 1,
        (ann, "2028", "2028-02-29"): 1,
        (bob, "2028", "2028-02-28"): 1,
    }


@pytest.fixture
def recording(shop: Planner) -> Planner:
    """A shop that writes down when contracts end."""
    field = CustomField("renewal_on", FieldKind.DATE)
    shop.town.rules = replace(shop.town.rules, record=replace(shop.town.rules.record, fields=(field,)))
    return shop


async def _writes(shop: Planner, customer_id: int, on: str | None) -> None:
    async with shop.town.work() as work:
        change_customer(work.tx, customer_id, custom={"renewal_on": on} if on else None)


async def test_a_date_on_record_is_looked_for_a_slice_at_a_time(recording: Planner) -> None:
    """Found wherever it stands; a date moved to the next day is an occasion of its own, at its own time."""
    people = [await recording.knows(f"P{nth}") for nth in range(10)]
    for customer_id, on in zip(people, ["2026-09-01", "2026-09-02", "2026-09-09", "soon"] * 2, strict=False):
        await _writes(recording, customer_id, on)
    await recording.runs("renewal", 'occasion = "field"\nfield = "renewal_on"')
    await recording.plans(limit=1)
    assert [(row.customer_id, row.occasion) for row in await recording.rows()] == [
        (people[0], "2026-09-01"),
        (people[1], "2026-09-02"),
        (people[4], "2026-09-01"),
        (people[5], "2026-09-02"),
    ]
    await _writes(recording, people[0], "2026-09-02")
    await recording.plans(limit=1)
    assert [row.occasion for row in await recording.rows(customer_id=people[0])] == ["2026-09-01", "2026-09-02"]


async def test_a_date_kept_yearly_is_the_leap_day_too(recording: Planner) -> None:
    """29 February on the 28th, in common years."""
    ann, bob = await recording.knows("Ann"), await recording.knows("Bob")
    await _writes(recording, ann, "2024-02-29")
    await _writes(recording, bob, "2030-02-28")
    recording.at(2027, 2, 26, 12)
    await recording.runs("renewal", 'occasion = "field"\nfield = "renewal_on"\nyearly = true')
    for day in (26, 27, 28):
        recording.at(2027, 2, day, 12)
        await recording.plans()
    assert [(row.customer_id, row.occasion) for row in await recording.rows()] == [(ann, "2027-02-28")]


# Planned anew


async def _skips(shop: Planner, reason: str) -> None:
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(state="skipped", reason=reason, settled_at=work.now))


@pytest.mark.parametrize("reason", ["changed", "birthday_changed", "late"])
async def test_who_was_skipped_is_planned_anew_when_the_cause_is_gone(shop: Planner, reason: str) -> None:
    """The birthday is another day by now."""
    ann = await shop.knows("Ann", Birthday(9, 1))
    await shop.runs("birthday", BIRTHDAYS)
    await shop.plans()
    await _skips(shop, reason)
    async with shop.town.work() as work:
        await customers.set_birthday(work, await shop.person(work, ann), Birthday(9, 2))
    await shop.plans()
    [row] = await shop.rows()
    assert (row.state, row.reason, row.settled_at, row.occasion_on) == ("planned", None, None, "2026-09-02")


@pytest.mark.parametrize("reason", ["no_consent", "snoozed"])
async def test_who_wanted_no_care_is_planned_anew_with_their_yes(shop: Planner, reason: str) -> None:
    """And not before, however often it is asked, whatever others want."""
    ann = await shop.knows("Ann", Birthday(9, 1))
    await shop.knows("Bob")
    await shop.runs("birthday", BIRTHDAYS)
    await shop.plans()
    await _skips(shop, reason)
    async with shop.town.work() as work:
        await customers.set_consent(work, await shop.person(work, ann), ConsentClass.CARE, given=False)
    assert await shop.once(planning.plan_dated, limit=50) == 0
    async with shop.town.work() as work:
        await customers.set_consent(work, await shop.person(work, ann), ConsentClass.CARE, given=True)
    assert await shop.once(planning.plan_dated, limit=50) == 1
    assert [row.state for row in await shop.rows()] == ["planned"]


async def test_who_cannot_be_planned_again_keeps_nobody_else_waiting(shop: Planner) -> None:
    """Ann was greeted this year, and her birthday is moved to tomorrow: she is let alone, the others are planned."""
    ann = await shop.knows("Ann", Birthday(9, 1))
    for key in ("cake", "gift"):
        await shop.runs(key, BIRTHDAYS)
    await shop.plans()
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(state="sent", queued_at=work.now))
        await customers.set_birthday(work, await shop.person(work, ann), Birthday(9, 2))
    bob = await shop.knows("Bob", Birthday(9, 2))
    await shop.plans(limit=1)
    assert await shop.told() == [(ann, "2026", "sent", None)] * 2 + [(bob, "2026", "planned", None)] * 2


@pytest.mark.parametrize("reason", ["opted_out", "holdout", "unreachable", "cancelled", "fault"])
async def test_who_was_skipped_for_another_reason_stays_so(shop: Planner, reason: str) -> None:
    """Nor is anybody planned anew whose message was handed over once."""
    await shop.knows("Ann", Birthday(9, 1))
    await shop.runs("birthday", BIRTHDAYS)
    await shop.plans()
    await _skips(shop, reason)
    assert await shop.once(planning.plan_dated, limit=50) == 0
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(reason="late", queued_at=work.now))
    assert await shop.once(planning.plan_dated, limit=50) == 0


async def test_what_could_only_go_in_a_night_too_late_is_not_planned_in_a_circle(shop: Planner) -> None:
    """Still in time by the clock, but nobody may be told before the morning: it is late, and stays so."""
    shop.town.rules = replace(shop.town.rules, quiet=QuietHours(time(21), time(8)))
    await shop.knows("Ann", Birthday(9, 1))
    await shop.runs("birthday", f'{BIRTHDAYS}\nlate_after = "14h"')
    shop.at(2026, 9, 1, 22)
    await shop.plans()
    assert await shop.told() == [(1, "2026", "skipped", "late")]
    assert await shop.once(planning.plan_dated, limit=50) == 0


# What is over, what is off


async def test_a_birthday_campaign_ends_with_its_last_day(shop: Planner) -> None:
    """When that day is over everywhere and was swept."""
    await shop.runs("birthday", f"{BIRTHDAYS}\nuntil = 2026-09-03")
    for day in range(1, 5):
        shop.at(2026, 9, day, 11)
        await shop.plans()
        assert await shop.once(planning.finish) == 0
    shop.at(2026, 9, 5, 12)
    assert await shop.once(planning.finish) == 0
    await shop.plans()
    assert await shop.once(planning.finish) == 1
    assert await shop.state("birthday") is CampaignState.FINISHED


async def test_the_shipped_birthday_is_switched_off_by_the_setting(shop: Planner) -> None:
    """What the shop wrote itself goes on."""
    await shop.knows("Ann", Birthday(9, 1))
    kept = await shop.runs("birthday", BIRTHDAYS)
    await shop.runs("own", BIRTHDAYS)
    async with shop.town.work() as work:
        await work.tx.execute(campaigns.update().where(campaigns.c.id == kept.id).values(shipped=True))
    shop.town.rules = replace(shop.town.rules, birthday=BirthdayRules(enabled=False))
    await shop.plans()
    assert [row.campaign for row in await shop.rows()] == ["own"]


# Everybody, once, on their day: any birthday, zone and break

births = st.one_of(
    st.just(Birthday(2, 29)),
    st.builds(Birthday, st.sampled_from([1, 2, 3, 12]), st.sampled_from([1, 8, 27, 28])),
    st.builds(Birthday, st.sampled_from([1, 11, 12]), st.sampled_from([1, 21, 29, 30]), st.none(), st.just(True)),
    st.builds(Birthday, st.just(5), st.sampled_from([1, 29]), st.none(), st.just(True), st.just(True)),
)
zones = st.sampled_from(["Pacific/Kiritimati", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Etc/GMT+12"])
starts = st.sampled_from(
    [date(2026, 12, 25), date(2027, 1, 2), date(2028, 2, 20), date(2028, 6, 18), date(2027, 12, 20)]
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(births, zones), min_size=1, max_size=5), starts, st.lists(st.integers(1, 60), max_size=10))
async def test_everybody_is_planned_once_in_time(
    database: Database, people: list[tuple[Birthday, str]], start: date, gaps: list[int]
) -> None:
    """Ticks with gaps of hours up to days: a row for each day that begins by tomorrow where they live, due at nine."""
    shop = Planner(database)
    shop.town.now = datetime.combine(start, time(), UTC)
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.delete())
        await work.tx.execute(customer_table.update().values(erased_at=work.now))
        await work.tx.execute(campaigns.update().values(state="finished"))
        count = len((await work.tx.execute(select(campaigns.c.id))).all())
    shop.chat_id += 10 * count
    known = {await shop.knows("P", birthday, zone=zone): (birthday, ZoneInfo(zone)) for birthday, zone in people}
    launched_at = shop.town.now
    await shop.runs(f"birthday{count}", BIRTHDAYS)
    for gap in gaps:
        await shop.plans(limit=2)
        shop.town.now += timedelta(hours=gap)
    await shop.plans(limit=2)
    rows = await shop.rows()
    for customer_id, (birthday, zone) in known.items():
        first, tomorrow = launched_at.astimezone(zone).date(), shop.town.now.astimezone(zone).date() + timedelta(days=1)
        days = [first + timedelta(days=nth) for nth in range((tomorrow - first).days + 1)]
        own = [day for day in days if birthday_on(birthday, birthday_year(birthday, day), LeapDayPolicy.FEB_28) == day]
        theirs = [row for row in rows if row.customer_id == customer_id]
        assert [row.occasion_on for row in theirs] == [day.isoformat() for day in own]
        assert [row.due_at for row in theirs] == [datetime.combine(day, time(9), zone) for day in own]
