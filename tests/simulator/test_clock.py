"""The movable clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simulator import SimulatorClock

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def test_it_starts_where_it_is_told_and_runs() -> None:
    """A clock started at noon shows a moment after noon."""
    clock = SimulatorClock(NOON)
    first = clock.now()
    await asyncio.sleep(0.01)
    assert NOON <= first < clock.now() < NOON + timedelta(seconds=5)


def test_a_jump_moves_it_and_raises_the_version() -> None:
    """Jumping a day forward is seen in the time, the offset and the version."""
    clock = SimulatorClock()
    before = clock.reading()
    clock.jump(86_400)
    after = clock.reading()
    assert after.now - before.now >= timedelta(days=1)
    assert abs(after.offset_ms - before.offset_ms - 86_400_000) < 1000
    assert (before.version, after.version) == (0, 1)


def test_it_can_jump_to_an_instant() -> None:
    """Jumping to an instant lands there."""
    clock = SimulatorClock(NOON)
    clock.jump_to(NOON + timedelta(days=365))
    assert clock.now() - NOON - timedelta(days=365) < timedelta(seconds=1)


def test_the_past_is_closed() -> None:
    """Nobody moves it backwards."""
    clock = SimulatorClock(NOON)
    with pytest.raises(ValueError, match="forward"):
        clock.jump_to(NOON - timedelta(days=1))


def test_naive_instants_are_refused() -> None:
    """An instant without a zone means nothing."""
    with pytest.raises(ValueError, match="zone"):
        SimulatorClock(datetime(2026, 3, 1))  # noqa: DTZ001  # the point of the test
    with pytest.raises(ValueError, match="zone"):
        SimulatorClock().jump_to(datetime(2030, 3, 1))  # noqa: DTZ001  # the point of the test


async def test_a_waiter_hears_of_a_jump() -> None:
    """Who waits for a newer version is woken by the jump, not by the timeout."""
    clock = SimulatorClock()
    waiting = asyncio.create_task(clock.wait_newer(0, wait_s=5))
    await asyncio.sleep(0)
    clock.jump(60)
    reading = await asyncio.wait_for(waiting, 1)
    assert reading.version == 1


async def test_waiting_for_a_jump_ends() -> None:
    """Without a jump the wait ends with the version unchanged."""
    assert (await SimulatorClock().wait_newer(0, wait_s=0.02)).version == 0
