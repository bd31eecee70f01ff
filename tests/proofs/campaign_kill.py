"""The real program is killed again and again while a campaign goes out: nobody is told twice, nobody is lost."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, insert, select

from storage import tables
from storage.database import open_database
from tests.e2e.program import Program
from tests.e2e.test_campaign_limits import launches, sent
from tests.e2e.town import TOKEN, Town, open_town
from tests.engines import migrate_url
from tests.proofs.campaign_year import Result

IN_FLIGHT = 64
_LATENCY_S = 0.05
_FIRST_CHAT = 1_000_000
_SHORTEST_S, _LONGEST_S = 0.2, 1.7
_PATIENCE_S = 900.0
_OPEN = ("planned", "queued", "sending")


@dataclass(slots=True)
class Left:
    """What the campaign's rows say at the end."""

    states: Counter[str] = field(default_factory=Counter)
    people: dict[int, str] = field(default_factory=dict)


async def storm(*, people: int, kills: int, seed: int = 1, show: bool = False, url: str | None = None) -> Result:
    """Let a campaign for ``people`` go out under ``kills`` kills at random moments, and look at what arrived."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="carebot-kill-") as name:
        folder = Path(name)
        if url is None:
            url = f"sqlite+aiosqlite:///{folder / 'carebot.db'}"
            await migrate_url(url)
        async with open_town(url, folder) as town:
            program = await town.starts()
            await _crowd(town, people)
            await launches(town)
            town.world.set_latency(_LATENCY_S)
            await town.until(lambda: sent(town), "the first message")
            done = await _kill(town, program, Random(seed), kills, show=show)
            await _goes_out(town)
            left = await _left(town)
            arrived = Counter(int(call["params"]["chat_id"]) for call in sent(town) if call["error"] is None)
            await program.stop()
    faults = _faults(left, arrived, people, kills)
    figures: dict[str, Any] = {"people": people, "kills": done, "arrived": sum(arrived.values()), **left.states}
    return Result(faults, figures | {"seconds": round(time.monotonic() - began)})


async def _crowd(town: Town, count: int) -> None:
    """Put people into the world and, on record, into the database at once."""
    bot = town.world.bot(TOKEN)
    bot_id, now = int(TOKEN.partition(":")[0]), _now(town)
    chats = [_FIRST_CHAT + nth for nth in range(count)]
    for chat_id in chats:
        town.world.add_person(f"Guest {chat_id}", person_id=chat_id)
        town.world.private_chat(town.world.person(chat_id), bot).started = True
    database = open_database(town.url)
    async with database.write() as tx:
        people = [{"id": c, "name": "Guest", "language": "en", "code": f"G{c}", "created_at": now} for c in chats]
        await tx.execute(insert(tables.customers), people)
        point = {"bot_id": bot_id, "reach": "reachable", "reach_since_at": now}
        await tx.execute(
            insert(tables.contact_points), [{"id": c, "customer_id": c, "chat_id": c, **point} for c in chats]
        )
        yes = {"kind": "care", "given": True, "notice_version": 1, "changed_at": now}
        await tx.execute(insert(tables.consents), [{"customer_id": c, **yes} for c in chats])
    await database.close()


def _now(town: Town) -> datetime:
    return datetime.fromisoformat(town.world.now())


async def _kill(town: Town, program: Program, random: Random, kills: int, *, show: bool) -> int:
    """Kill and start the program until it was killed so often, or the campaign is through; returns how often."""
    for nth in range(kills):
        await asyncio.sleep(random.uniform(_SHORTEST_S, _LONGEST_S))
        if not await _open_count(town):
            return nth
        await program.kill()
        await town.restarts(program)
        if show and nth % 10 == 9:
            print(f"  killed {nth + 1} times, {len(sent(town))} sent", file=sys.stderr, flush=True)
    return kills


async def _open_count(town: Town) -> int:
    database = open_database(town.url)
    async with database.read() as tx:
        open_ = tables.deliveries.c.state.in_(_OPEN)
        unplanned = tables.campaign_runs.c.planned_at.is_(None)
        waiting = select(func.count()).select_from(tables.deliveries).where(open_)
        runs = select(func.count()).select_from(tables.campaign_runs).where(unplanned)
        found = int((await tx.execute(waiting)).scalar_one()) + int((await tx.execute(runs)).scalar_one())
    await database.close()
    return found


async def _goes_out(town: Town) -> None:
    """Wait until nobody waits any more; what is taken over takes some seconds."""
    began = time.monotonic()
    while await _open_count(town):
        if time.monotonic() - began > _PATIENCE_S:
            raise AssertionError("the campaign does not come to its end")
        await asyncio.sleep(0.5)


async def _left(town: Town) -> Left:
    left = Left()
    for row in await town.rows("deliveries"):
        left.states[row.state] += 1
        left.people[row.customer_id] = row.state
    return left


def _faults(left: Left, arrived: Counter[int], people: int, kills: int) -> list[str]:
    faults = [f"{chat_id} was told {count} times" for chat_id, count in arrived.items() if count > 1]
    faults += [
        f"{number} counts as sent, and nothing arrived" for number in left.people if _is_lost(left, arrived, number)
    ]
    if sum(left.states.values()) != people:
        faults.append(f"{people} people were meant, {sum(left.states.values())} have a row")
    if left.states["sent"] + left.states["unknown"] != people:
        faults.append(f"some were neither told nor listed: {dict(left.states)}")
    if left.states["unknown"] > IN_FLIGHT * kills:
        faults.append(f"{left.states['unknown']} unknown are more than were under way")
    return faults


def _is_lost(left: Left, arrived: Counter[int], number: int) -> bool:
    return left.people[number] == "sent" and arrived[number] != 1
