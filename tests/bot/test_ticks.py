"""The questions that are asked again and again: what follows from one is asked at once."""

import pytest

from bot import ticks as module
from bot.clock import Clock
from bot.ticks import TICKS, Tick, Ticks
from domain.rules import Rules
from services.work import Work
from storage.database import Database
from texts import Texts


def test_what_follows_is_a_question_itself() -> None:
    """Every name under ``then`` is that of another one, and nothing follows from itself."""
    by_name = {tick.name: tick for tick in TICKS}
    for tick in TICKS:
        seen = {tick.name}
        while tick.then:
            tick = by_name[tick.then]
            assert tick.name not in seen
            seen.add(tick.name)


async def test_what_was_done_leads_to_the_next_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run was opened, so it is planned without waiting; nothing was opened, so nothing more is asked."""
    asked: list[str] = []
    left = {"open": 1}

    async def opens(_: Work) -> int:
        asked.append("open")
        left["open"] -= 1
        return int(left["open"] >= 0)

    async def plans(_: Work) -> int:
        asked.append("plan")
        return 0

    both = (Tick("open", 60, opens, then="plan"), Tick("plan", 60, plans))
    monkeypatch.setattr(module, "TICKS", both)
    monkeypatch.setattr(module, "_NAMED", {tick.name: tick for tick in both})
    ticks = Ticks(database, Clock(), bot_id=7, rules=Rules(), texts=Texts(), committed=lambda: None)
    for _ in range(2):
        await ticks.run_tick(both[0])
    assert asked == ["open", "open", "plan", "open"]
