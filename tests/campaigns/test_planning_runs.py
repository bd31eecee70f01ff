"""Collective occasions: one frozen row a person, the same however often, by whom and with what breaks it is planned."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import planning
from campaigns.plan_rows import factors_of, jitter_of
from domain.calendars import QuietHours
from domain.campaigns import CampaignState, PauseReason
from domain.campaigns.draws import choose, draw
from domain.campaigns.schedule import due_at
from domain.instants import zone_named
from domain.people import SYSTEM, Birthday
from services import segments
from services.customers import set_birthday
from services.merging import join_records
from storage import campaign_planning
from storage.campaigns import change_campaign
from storage.database import Database, open_database
from storage.merging import lock_records
from storage.people import change_customer
from storage.tables import customers, deliveries
from tests.campaigns.planner import START, Planner, someone_waits

ZONES = ["Pacific/Kiritimati", "Asia/Shanghai", "Europe/Berlin", None, "Mars/Olympus", "America/New_York", "Etc/GMT+12"]
AT_ONCE = 'occasion = "date"'
CHRISTMAS = 'occasion = "date"\non = 2026-12-25'


@pytest.fixture
def shop(database: Database) -> Planner:
    """A shop at noon of 1 September 2026, UTC."""
    return Planner(database)


async def test_everybody_is_due_at_ten_where_they_live(shop: Planner) -> None:
    """One row each, with the zone it was reckoned in; a zone nobody knows is the business's."""
    people = {await shop.knows(str(zone), zone=zone): zone for zone in ZONES}
    await shop.runs("christmas", CHRISTMAS)
    shop.at(2026, 12, 24, 9)
    await shop.plans()
    rows = await shop.rows()
    assert {row.customer_id for row in rows} == set(people)
    for row in rows:
        zone = zone_named(people[row.customer_id], ZoneInfo("UTC"))
        assert (row.zone, row.occasion, row.occasion_on) == (zone.key, "2026-12-25", "2026-12-25")
        assert row.due_at.astimezone(zone) == datetime(2026, 12, 25, 10, tzinfo=zone)
        assert row.late_after_at - row.due_at == timedelta(hours=12)
        assert (row.state, row.reason, row.settled_at, row.variant) == ("planned", None, None, "a")


async def test_nothing_is_planned_before_the_day_nears_and_nothing_twice(shop: Planner) -> None:
    """An hour before it begins on the first of the islands; after that ticks change nothing."""
    await shop.knows("Ann")
    await shop.runs("christmas", CHRISTMAS)
    shop.at(2026, 12, 24, 8, 59)
    await shop.plans()
    assert await shop.rows() == []
    for hour in range(9, 24):
        shop.at(2026, 12, 24, hour)
        await shop.plans()
    assert len(await shop.rows()) == 1
    assert len(await shop.town.rows("campaign_runs")) == 1


async def test_what_is_started_on_the_eve_reaches_everybody_in_the_morning(shop: Planner) -> None:
    """On the islands where the day has come already it is not too late either."""
    for zone in ("UTC", "Pacific/Kiritimati"):
        await shop.knows(zone, zone=zone)
    shop.at(2026, 12, 24, 21)
    await shop.runs("christmas", CHRISTMAS)
    await shop.plans()
    due = [datetime(2026, 12, 25, 10, tzinfo=UTC), datetime(2026, 12, 24, 20, tzinfo=UTC)]
    assert [(row.state, row.due_at) for row in await shop.rows()] == [("planned", at) for at in due]


async def test_what_has_no_date_goes_to_everybody_at_once(shop: Planner) -> None:
    """Who joins after that is not meant."""
    await shop.runs("news", AT_ONCE)
    ann = await shop.knows("Ann")
    await shop.plans()
    await shop.knows("Bob")
    shop.town.moves(hours=1)
    await shop.plans()
    assert [(row.customer_id, row.occasion, row.due_at) for row in await shop.rows()] == [(ann, "once", START)]


async def test_the_night_moves_those_who_sleep(shop: Planner) -> None:
    """Launched at noon, when it is eight in the evening in Shanghai, two hours into the night."""
    shop.town.rules = replace(shop.town.rules, quiet=QuietHours(time(18), time(9)))
    await shop.knows("Wen", zone="Asia/Shanghai")
    await shop.runs("news", AT_ONCE)
    await shop.plans()
    assert [row.due_at for row in await shop.rows()] == [datetime(2026, 9, 2, 1, tzinfo=UTC)]


async def test_only_who_is_meant_and_can_be_reached_gets_a_row(shop: Planner) -> None:
    """Not the forgotten, not duplicates, not those without a chat; consent is asked later."""
    ann, _bob, gone, twin = [await shop.knows(name) for name in ("Ann", "Bob", "Gone", "Twin")]
    async with shop.town.work() as work:
        for customer_id in (ann, gone, twin):
            change_customer(work.tx, customer_id, tier="gold")
        change_customer(work.tx, gone, erased_at=work.now)
        change_customer(work.tx, twin, merged_into=ann)
        lone = customers.insert().values(name="No chat", tier="gold", language="en", created_at=work.now, code="X1")
        await work.tx.execute(lone)
    await shop.runs("news", AT_ONCE, more="segment = 'tier >= \"silver\"'")
    await shop.plans()
    assert [row.customer_id for row in await shop.rows()] == [ann]


async def test_whom_a_run_means_is_frozen_when_it_is_opened(shop: Planner) -> None:
    """The next version's segment is that of the next run."""
    ann, bob = await shop.knows("Ann"), await shop.knows("Bob")
    async with shop.town.work() as work:
        change_customer(work.tx, ann, tier="gold")
    await shop.runs("news", AT_ONCE, more="segment = 'tier >= \"silver\"'")
    await shop.once(planning.open_runs)
    await shop.turns("news", CampaignState.PAUSED)
    shop.town.now -= timedelta(hours=1)  # launched before the run was opened: it is the same start
    await shop.runs("news", AT_ONCE, more="segment = 'tier = \"new\"'")
    shop.town.now += timedelta(hours=1)
    await shop.plans()
    assert [row.customer_id for row in await shop.rows()] == [ann]
    assert bob not in [row.customer_id for row in await shop.rows()]


# Drawn and timed in the database as here

SPREAD = 'occasion = "date"\non = 2026-10-25\nat = "22:30"\njitter = "30h"\nlate_after = "20h"'
TRIED = """
[learning]
holdout = 0.2
[[variants]]
key = "a"
weight = 1
text.en = "A"
[[variants]]
key = "b"
weight = 3
text.en = "B"
"""


async def test_the_database_draws_and_spreads_people_as_we_do(shop: Planner) -> None:
    """Holdout, variant, spread over a night and a change of clocks, late or not: each row as reckoned one by one."""
    shop.town.rules = replace(shop.town.rules, quiet=QuietHours(time(21), time(8)))
    for nth in range(120):
        await shop.knows(f"P{nth}", zone=ZONES[nth % len(ZONES)])
    kept = await shop.runs("test", SPREAD, parts=TRIED, text=False)
    shop.at(2026, 10, 27, 2)
    await shop.plans(limit=17)
    rows = await shop.rows()
    assert len(rows) == 120
    assert {row.reason for row in rows} == {None, "late", "holdout"}
    assert {row.variant for row in rows} == {"a", "b"}
    for row in rows:
        campaign, who = kept.campaign, row.customer_id
        due = due_at(
            datetime(2026, 10, 25).date(),  # noqa: DTZ001
            time(22, 30),
            jitter=jitter_of(campaign, "2026-10-25", who),
            zone=zone_named(row.zone, ZoneInfo("UTC")),
            rules=shop.town.rules,
        )
        assert (row.due_at, row.late_after_at) == (due, due + timedelta(hours=20))
        held_out = draw(1000, factors_of(campaign, "2026-10-25", "holdout"), who) < 200
        why = "holdout" if held_out else "late" if shop.town.now > row.late_after_at else None
        drawn = choose([1, 3], draw(4, factors_of(campaign, "2026-10-25", "variant"), who))
        assert (row.reason, row.variant) == (why, "ab"[drawn])
        assert (row.state, row.settled_at) == (("skipped", shop.town.now) if why else ("planned", None))


async def test_once_there_is_a_winner_all_get_it(shop: Planner) -> None:
    """From then on; who was planned before keeps what was drawn."""
    for nth in range(40):
        await shop.knows(f"P{nth}")
    kept = await shop.runs("test", AT_ONCE, parts=TRIED, text=False)
    await shop.once(planning.open_runs)
    await shop.once(planning.plan_runs, limit=20)
    async with shop.town.work() as work:
        await change_campaign(work.tx, kept.id, winner="a")
    await shop.plans(limit=20)
    variants = [row.variant for row in await shop.rows()]
    assert set(variants[:20]) == {"a", "b"}
    assert variants[20:] == ["a"] * 20


# Breaks, restarts, two at once


async def test_a_kill_in_the_middle_of_a_slice_loses_nothing_and_doubles_nothing(shop: Planner) -> None:
    """What was not committed is planned anew, what was stays; the run goes on where it was."""
    for nth in range(30):
        await shop.knows(f"P{nth}")
    await shop.runs("news", AT_ONCE)
    await shop.once(planning.open_runs)
    killed = 0
    for nth in range(30):
        try:
            async with shop.town.work() as work:
                await planning.plan_runs(work, limit=7)
                if nth % 3 != 2:
                    killed += 1
                    raise RuntimeError("killed")
        except RuntimeError:
            continue
    rows = await shop.rows()
    assert killed > 10
    assert sorted(row.customer_id for row in rows) == sorted({row.customer_id for row in rows})
    assert len(rows) == 30
    assert (await shop.town.rows("campaign_runs"))[0].planned_at is not None


async def test_two_replicas_that_tick_at_once_plan_everybody_once(shop: Planner) -> None:
    """Opening and planning from several sides; each looks again as long as there is something to do."""
    people = [await shop.knows(f"P{nth}") for nth in range(40)]
    for key in ("one", "two", "three"):
        await shop.runs(key, AT_ONCE)

    async def replica() -> None:
        for _ in range(40):
            await shop.once(planning.open_runs)
            await shop.once(planning.plan_runs, limit=5)

    await asyncio.gather(*(replica() for _ in range(3)))
    await shop.plans(limit=5)
    for key in ("one", "two", "three"):
        assert [row.customer_id for row in sorted(await shop.rows(campaign=key), key=lambda r: r.customer_id)] == people
    assert len(await shop.town.rows("campaign_runs")) == 3


@pytest.mark.parametrize("asked", ["slice", "dated"])
async def test_planning_and_a_merge_do_not_wait_for_each_other(postgresql_database_url: str, asked: str) -> None:
    """Two records of Ann become one while the second is planned for what the first was planned for: one row is left."""
    async with AsyncExitStack() as stack:
        shops = [Planner(open_database(postgresql_database_url)) for _ in range(2)]
        for one in shops:
            stack.push_async_callback(one.town.db.close)
        shop, other = shops
        is_dated = asked == "dated"
        born = Birthday(9, 2) if is_dated else None
        duplicate, keep = await shop.knows("Ann", born), await shop.knows("Ann Lee")
        await shop.runs("hello", 'occasion = "birthday"' if is_dated else AT_ONCE)
        await shop.once(planning.open_runs)
        plan = planning.plan_dated if is_dated else planning.plan_runs
        await shop.once(plan, limit=1)
        if born:
            async with shop.town.work() as work:
                await set_birthday(work, await shop.person(work, keep), born)
        async with other.town.work() as work:
            await lock_records(work.tx, (keep, duplicate))
            plans = asyncio.create_task(shop.once(plan, limit=50))
            await someone_waits(work)
            assert await join_records(work, keep_id=keep, duplicate_id=duplicate, by=SYSTEM) is None
        await plans
        assert [row.customer_id for row in await shop.rows(campaign="hello")] == [keep]


async def test_a_person_who_moves_between_two_looks_is_not_lost(shop: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone that the slice does not know of yet counts as the business's."""
    ann = await shop.knows("Ann", zone="Asia/Shanghai")
    await shop.runs("christmas", CHRISTMAS)

    async def before_the_move(*_: Any, **__: Any) -> list[str | None]:
        return [None]

    monkeypatch.setattr(campaign_planning, "list_zones", before_the_move)
    shop.at(2026, 12, 24, 12)
    await shop.plans()
    assert [(row.customer_id, row.zone) for row in await shop.rows()] == [(ann, "UTC")]


# Late, paused, over


async def test_after_five_days_without_the_program_who_is_late_is_on_record(shop: Planner) -> None:
    """And after ten the occasion is let go."""
    await shop.knows("Ann")
    await shop.runs("christmas", CHRISTMAS)
    await shop.runs("new_year", 'occasion = "holiday"\nholiday = "new_year"')
    shop.at(2026, 12, 30, 12)
    await shop.plans()
    assert await shop.told() == [(1, "2026-12-25", "skipped", "late")]
    shop.at(2027, 1, 11, 12)
    await shop.plans()
    assert await shop.told(campaign="new_year") == []


async def test_while_it_is_paused_nothing_is_opened_nor_planned(shop: Planner) -> None:
    """Resumed a day later, it opens what it missed."""
    await shop.knows("Ann")
    await shop.runs("christmas", CHRISTMAS)
    await shop.turns("christmas", CampaignState.PAUSED)
    shop.at(2026, 12, 25, 9)
    await shop.plans()
    assert await shop.town.rows("campaign_runs") == []
    await shop.turns("christmas", CampaignState.RUNNING)
    shop.at(2026, 12, 25, 11)
    await shop.plans()
    assert await shop.told() == [(1, "2026-12-25", "planned", None)]


async def test_a_segment_that_means_nothing_any_more_pauses_the_campaign(shop: Planner) -> None:
    """Deleted since: nobody is told by mistake, and why stands on record; others go on."""
    await shop.knows("Ann")
    async with shop.town.work() as work:
        await segments.save(work, name="vips", expression='tier = "new"', by=SYSTEM)
    await shop.runs("news", AT_ONCE, more="segment = 'segment(\"vips\")'")
    async with shop.town.work() as work:
        assert await segments.delete(work, "vips", by=SYSTEM) is None
    await shop.runs("others", AT_ONCE)
    await shop.plans()
    assert [row.campaign for row in await shop.rows()] == ["others"]
    assert await shop.state("news") is CampaignState.PAUSED
    (row,) = await shop.town.rows("campaigns", key="news")
    assert row.pause_reason == PauseReason.SEGMENT
    assert await shop.town.rows("audit", action="campaign.pause")


async def test_what_was_sent_once_and_is_launched_again_reaches_only_who_was_not_planned(shop: Planner) -> None:
    """A campaign that goes at once, launched again for more people: nobody gets a second row."""
    ann = await shop.knows("Ann")
    await shop.runs("news", AT_ONCE)
    await shop.plans()
    await shop.turns("news", CampaignState.FINISHED)
    bob = await shop.knows("Bob")
    shop.town.moves(days=1)
    await shop.runs("news", AT_ONCE, more="priority = 6")
    await shop.plans()
    assert [(row.customer_id, row.due_at) for row in await shop.rows()] == [
        (ann, START),
        (bob, START + timedelta(days=1)),
    ]


async def test_a_campaign_of_one_day_is_finished_when_its_last_row_is(shop: Planner) -> None:
    """Not before its run was planned, and not while somebody is still due."""
    await shop.knows("Ann")
    await shop.runs("christmas", CHRISTMAS)
    assert await shop.once(planning.finish) == 0
    shop.at(2026, 12, 25, 9)
    await shop.once(planning.open_runs)
    assert await shop.once(planning.finish) == 0
    await shop.plans()
    assert await shop.once(planning.finish) == 0
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(state="unknown"))
    assert await shop.once(planning.finish) == 0
    async with shop.town.work() as work:
        await work.tx.execute(deliveries.update().values(state="sent"))
    assert await shop.once(planning.finish) == 1
    assert await shop.state("christmas") is CampaignState.FINISHED


async def test_a_day_that_is_long_over_is_finished_without_anybody(shop: Planner) -> None:
    """Launched for yesterday, or ten days without the program."""
    await shop.runs("christmas", CHRISTMAS)
    shop.at(2027, 1, 5, 12)
    await shop.plans()
    assert await shop.once(planning.finish) == 1


async def test_a_campaign_that_comes_again_and_again_ends_with_its_last_day(shop: Planner) -> None:
    """Without one it goes on for ever."""
    await shop.runs("weekly", 'occasion = "every"\nevery = "week"\nday = 1')
    await shop.runs("weekly_till", 'occasion = "every"\nevery = "week"\nday = 1\nuntil = 2026-09-13')
    for day in range(1, 13):
        shop.at(2026, 9, day, 12)
        await shop.plans()
        assert await shop.once(planning.finish) == 0
    shop.at(2026, 9, 20, 12)
    await shop.plans()
    await shop.once(planning.finish)
    assert await shop.state("weekly_till") is CampaignState.FINISHED
    assert await shop.state("weekly") is CampaignState.RUNNING
    assert {row.occasion for row in await shop.town.rows("campaign_runs", campaign="weekly_till")} == {"2026-09-07"}
