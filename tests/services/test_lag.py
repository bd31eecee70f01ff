"""How far the desk lags behind, told truly and not too often; and groups that fall silent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from domain.desk import DeskRules
from domain.interactions import Content, Kind
from domain.outgoing import Outgoing, Purpose, to_staff_group
from domain.people import StaffGroup
from domain.rules import Rules
from services.lag import Lag, lag_of, tell_lag
from services.outages import end_outage, tell_outages
from services.seeding import seed
from services.work import Work
from storage.outbox import add_outgoing
from storage.staff import get_first_group, set_group_reach
from storage.tables import outbox
from tests.services.shop import BOT, Working

MINUTE = timedelta(minutes=1)
RULES = Rules(desk=DeskRules(group_per_minute=20))


async def _group(work: Work) -> StaffGroup:
    group = await get_first_group(work.tx, bot_id=BOT)
    assert group is not None
    return group


async def queue_words(work: Work, count: int) -> None:
    """Let so many messages wait for the first staff group."""
    for nth in range(count):
        content = Content(Kind.TEXT, f"words {nth}")
        message = Outgoing(Purpose.CUSTOMER_WORDS, to_staff_group((await _group(work)).id), content)
        await add_outgoing(work.tx, message, bot_id=BOT, now=work.now)


async def told(work: Work, *purposes: Purpose) -> list[Any]:
    """Return what is queued for these reasons."""
    chosen = outbox.c.purpose.in_([purpose.value for purpose in purposes])
    return list(await work.tx.execute(select(outbox).where(chosen, outbox.c.state == "queued").order_by(outbox.c.id)))


async def test_a_lag_is_told_once_in_ten_minutes_and_its_end_once(working: Working) -> None:
    """Five minutes behind: one line, changed after ten minutes in its place, and *caught up* when all was read."""
    async with working(rules=RULES) as work:
        await seed(work, groups=[(-100, "Desk", None)])
        await queue_words(work, 100)
        assert await lag_of(work, await _group(work)) == Lag(100, 5)
        assert await tell_lag(work) == 1
        assert await tell_lag(work) == 0
        (line,) = await told(work, Purpose.DESK_LAG)
        assert "about 5 min behind" in line.body["content"]["text"]
        assert line.lane == 0
    async with working(later=11 * MINUTE, rules=RULES) as work:
        assert await tell_lag(work) == 1
        assert len(await told(work, Purpose.DESK_LAG)) == 1, "one that waits gives way to the newer"
        done = outbox.c.purpose == Purpose.CUSTOMER_WORDS.value
        await work.tx.execute(update(outbox).where(done).values(state="sent"))
    async with working(later=12 * MINUTE, rules=RULES) as work:
        assert await tell_lag(work) == 1
        assert await tell_lag(work) == 0
        (line,) = await told(work, Purpose.DESK_LAG)
        assert "Caught up" in line.body["content"]["text"]


async def test_a_desk_without_a_limit_or_in_time_says_nothing(working: Working) -> None:
    """Forty messages are two minutes: nobody is told of that; without a limit nothing waits."""
    async with working(rules=RULES) as work:
        await seed(work, groups=[(-100, "Desk", None)])
        await queue_words(work, 40)
        assert await tell_lag(work) == 0
        await queue_words(work, 200)
        unlimited = replace(work, rules=Rules(desk=DeskRules(group_per_minute=0)))
        assert await tell_lag(unlimited) == 0
        assert await tell_lag(work) == 1


async def test_after_an_outage_nothing_stale_is_said(working: Working) -> None:
    """Prompts and lag lines of before are dropped, and notices older than an hour that ask for nothing."""
    async with working(rules=RULES) as work:
        await seed(work, groups=[(-100, "Desk", None)])
        group = await _group(work)
        await set_group_reach(work.tx, group_id=group.id, unreachable_since_at=work.now)
        for purpose in (Purpose.DESK_LAG, Purpose.PROMPT, Purpose.CUSTOMER_WORDS):
            message = Outgoing(purpose, to_staff_group(group.id), Content(Kind.TEXT, purpose.value))
            await add_outgoing(work.tx, message, bot_id=BOT, now=work.now)
    async with working(later=90 * MINUTE, rules=RULES) as work:
        assert await tell_outages(work) == 1
        assert await tell_outages(work) == 0
        await end_outage(work, await _group(work))
        left = [row.purpose for row in await work.tx.execute(select(outbox).where(outbox.c.state == "queued"))]
        assert left == [Purpose.CUSTOMER_WORDS.value]
        assert (await _group(work)).unreachable_since_at is None
