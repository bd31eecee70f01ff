"""Surveys switched off, stopped, killed or asked by two programs in the middle: nobody is lost, nobody asked twice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from campaigns import surveys
from domain.people import SYSTEM
from domain.surveys import SurveyState
from services.surveys.waves import stop_wave
from storage.database import Database
from tests.campaigns.season import Season

DAY = timedelta(days=1)


@pytest.fixture
def season(database: Database) -> Season:
    """A shop on the first of September 2026, at noon."""
    return Season(database)


@pytest.mark.parametrize("state", [SurveyState.OFF, SurveyState.CLOSED])
async def test_a_survey_switched_off_in_the_middle_asks_nobody_else(season: Season, state: SurveyState) -> None:
    """Of forty people fifteen are planned when it is switched off: they are not asked, and the rest is not planned."""
    for nth in range(40):
        await season.knows(f"P{nth}")
    await season.keeps("pulse")
    await season.sends("pulse")
    async with season.town.work() as work:
        assert await surveys.plan_waves(work, limit=15)
    await season.switches("pulse", state)
    assert await season.ticks() == []
    assert await season.states() == {("skipped", "off"): 15}
    await season.switches("pulse", SurveyState.ON)
    assert await season.ticks() == []
    [wave] = await season.town.rows("survey_waves")
    assert wave.stopped_at is not None


async def test_a_stopped_wave_asks_nobody_else(season: Season) -> None:
    """Those planned and not yet asked stay unasked, with the reason; who was asked may answer."""
    for nth in range(5):
        await season.knows(f"P{nth}")
    await season.keeps("pulse")
    wave = await season.sends("pulse")
    await season.plans()
    async with season.town.work() as work:
        await surveys.feed(work, limit=2)
    async with season.town.work() as work:
        await stop_wave(work, wave.id, by=SYSTEM)
    assert len(await season.ticks()) == 2
    assert await season.states() == {("queued", None): 2, ("skipped", "stopped"): 3}
    assert {row.state for row in await season.town.rows("survey_responses")} == {"open"}


class Killed(Exception):
    """The program is no more."""


async def killed_at(season: Season, tick: Callable[..., Awaitable[int]], limit: int) -> None:
    """Let the program end just before what a tick did is committed."""
    with suppress(Killed):
        async with season.town.work() as work:
            await tick(work, limit=limit)
            raise Killed


async def test_killed_in_the_middle_of_planning_nobody_is_lost_or_doubled(season: Season) -> None:
    """Every second slice is lost with the program, at planning and at asking: in the end each was asked once."""
    people = {await season.knows(f"P{nth}") for nth in range(30)}
    await season.keeps("pulse")
    await season.sends("pulse")
    for tick, limit in ((surveys.plan_waves, 7), (surveys.feed, 4)):
        done = 1
        while done:
            await killed_at(season, tick, limit)
            async with season.town.work() as work:
                done = await tick(work, limit=limit)
    assert len(await season.asked()) == 30
    rows = await season.town.rows("survey_responses")
    assert Counter(row.customer_id for row in rows) == Counter(people)
    assert await season.states() == {("queued", None): 30}


async def test_two_programs_at_once_ask_nobody_twice(season: Season) -> None:
    """Both plan, both ask, at the same moments, of two surveys: each person hears one question, and the other later."""
    for nth in range(20):
        await season.knows(f"P{nth}")
    for key in ("one", "two"):
        await season.keeps(key)
        await season.sends(key)

    async def program(nth: int) -> None:
        for tick in (surveys.plan_waves, surveys.feed):
            for _ in range(12):
                async with season.town.work() as work:
                    await tick(work, limit=5 + nth)

    await asyncio.gather(program(0), program(1), program(2))
    await season.until_done(surveys.plan_waves)
    await season.until_done(surveys.feed)
    asked = Counter(one.partition(":")[0] for one in await season.asked())
    assert asked == {f"P{nth}": 1 for nth in range(20)}
    assert await season.states() == {("queued", None): 20, ("planned", None): 20}
    assert len(await season.passes(days=4, every=timedelta(hours=12))) >= 20
