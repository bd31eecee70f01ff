"""How far a campaign is: every state counted, the reasons, and when it will be through; on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.campaigns import CampaignState
from domain.campaigns.rules import CampaignRules
from services.campaigns.progress import Progress, progress
from storage.database import Database, open_database
from storage.outbox import ALL_CAMPAIGNS, set_pause
from tests.services.campaigned import DAY, NOON, Outing
from tests.services.shop import BOT

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def outing(database: Database) -> Outing:
    """A shop whose campaign runs, one message a second."""
    outing = Outing(database, campaigns=CampaignRules(per_second=1))
    await outing.keeps()
    return outing


async def seen(outing: Outing, occasion: str | None = None) -> Progress:
    """Return how far the campaign is now."""
    async with outing.work() as work:
        return await progress(work, "autumn", occasion)


async def test_every_delivery_is_counted_once_by_its_state_and_reason(outing: Outing) -> None:
    """Planned and held, on its way, sent, skipped and failed by reason, unknown; together they are the total."""
    everybody = await outing.people(20)
    await outing.plans(everybody[:5], "planned", due_at=NOON + DAY)
    await outing.plans(everybody[5:7], "planned", held="budget")
    await outing.plans(everybody[7:8], "queued")
    await outing.plans(everybody[8:9], "sending")
    await outing.plans(everybody[9:12])
    await outing.plans(everybody[12:15], "skipped", reason="no_consent")
    await outing.plans(everybody[15:16], "skipped", reason="holdout")
    await outing.plans(everybody[16:17], "failed", reason="blocked")
    await outing.plans(everybody[17:19], "failed", reason="refused: Bad Request: wrong 😀")
    await outing.plans(everybody[19:], "unknown")
    found = await seen(outing)
    assert (found.planned, found.queued, found.sending, found.sent, found.unknown) == (7, 1, 1, 3, 1)
    assert found.held == {"budget": 2}
    assert found.skipped == {"no_consent": 3, "holdout": 1}
    assert found.failed == {"blocked": 1, "refused": 2}
    assert (found.blocked, found.total, found.settled) == (1, 20, 11)


async def test_who_answers_twice_is_counted_once(outing: Outing) -> None:
    """Answers and opened links are counted by message; what another campaign's message was answered is not."""
    ann, ben, cy = await outing.people(3)
    await outing.plans([ann, ben])
    await outing.taps([ann, ann, ben], "answer")
    await outing.taps([ann], "reply")
    await outing.taps([ben], "tracked")
    await outing.plans([cy], campaign="other")
    await outing.taps([cy], "answer")
    found = await seen(outing)
    assert (found.answered, found.clicked) == (2, 1)


async def test_one_occasion_is_counted_alone(outing: Outing) -> None:
    """This year's greeting knows nothing of last year's."""
    ann, ben = await outing.people(2)
    await outing.plans([ann, ben], occasion="2025")
    await outing.taps([ann], "answer")
    await outing.plans([ann], "planned", occasion="2026", due_at=NOON + MINUTE)
    await outing.plans([ben], "skipped", occasion="2026", reason="late")
    found = await seen(outing, "2026")
    assert (found.planned, found.sent, found.skipped, found.answered, found.total) == (1, 0, {"late": 1}, 0, 2)
    assert (await seen(outing)).total == 4


async def test_the_end_is_reckoned_from_who_is_due_when_and_the_pace(outing: Outing) -> None:
    """60 are ready, 30 more come due in an hour: at one a second the last goes half a minute after that hour."""
    everybody = await outing.people(90)
    await outing.plans(everybody[:60], "queued")
    await outing.plans(everybody[60:], "planned", due_at=NOON + 60 * MINUTE)
    end = (await seen(outing)).finish_at
    assert end is not None
    assert timedelta(seconds=30) <= end - (NOON + 60 * MINUTE) <= timedelta(seconds=32)


async def test_a_wait_that_telegram_asks_for_moves_the_end(outing: Outing) -> None:
    """Nothing is said to many before the pause is over, and the end is forecast from there."""
    await outing.plans(await outing.people(30), "queued")
    async with outing.work() as work:
        until = NOON + timedelta(seconds=2282)
        await set_pause(work.tx, bot_id=BOT, scope=ALL_CAMPAIGNS, until_at=until, reason="retry_after")
    found = await seen(outing)
    assert found.paused_until == until
    assert found.finish_at == until + timedelta(seconds=30)


async def test_nobody_knows_when_a_paused_campaign_ends(outing: Outing) -> None:
    """There is no forecast while a campaign does not run, nor when everything is done."""
    await outing.plans(await outing.people(3), "planned")
    await outing.stands(CampaignState.PAUSED)
    assert (await seen(outing)).finish_at is None
    assert (await seen(outing)).planned == 3


async def test_of_a_campaign_nobody_knows_everything_is_nothing(outing: Outing) -> None:
    """A key without deliveries counts as nothing, not as an error."""
    async with outing.work() as work:
        found = await progress(work, "nobody")
    assert (found.total, found.finish_at, found.planning) == (0, None, False)


QUESTIONS = {
    "SELECT state, reason, count(*) FROM deliveries WHERE campaign = 'autumn' AND state <> 'planned'"
    " GROUP BY state, reason": True,
    "SELECT count(*) FROM deliveries WHERE campaign = 'autumn' AND occasion = 'once'": True,
    "SELECT count(*) FROM deliveries WHERE campaign = 'autumn' AND state = 'planned'": False,
    "SELECT held, count(*) FROM deliveries WHERE campaign = 'autumn' AND state = 'planned' AND held IS NOT NULL"
    " GROUP BY held": True,
    "SELECT count(DISTINCT delivery_id) FROM campaign_taps WHERE campaign = 'autumn' AND kind IN ('answer')": True,
}
"""What is asked, and whether SQLite tells that the index covers it; of planned ones it does without saying so."""


@pytest.mark.parametrize("question", QUESTIONS)
async def test_progress_is_counted_from_indexes_alone(sqlite_url: str, question: str) -> None:
    """No question about states, reasons or taps reads the rows of a table, whatever their number."""
    database = open_database(sqlite_url)
    async with database.read() as tx:
        steps = [row[3] for row in await tx.execute(text(f"EXPLAIN QUERY PLAN {question}"))]
    await database.close()
    [search] = [step for step in steps if "deliveries" in step or "campaign_taps" in step]
    assert search.startswith("SEARCH")
    assert ("COVERING INDEX" in search) == QUESTIONS[question]
    assert not QUESTIONS[question] or not any("TEMP B-TREE FOR GROUP BY" in step for step in steps)
