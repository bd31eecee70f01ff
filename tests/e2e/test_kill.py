"""The kill test of ``make prove NAME=foundation`` at a smaller size."""

from pathlib import Path
from random import SystemRandom

import pytest

from tests.proofs.foundation import FIXED_SEED, Plan, storm

_CHANCE = SystemRandom().randrange(10**6)


@pytest.mark.parametrize(
    ("database_url", "mode", "seed"),
    [("sqlite", "webhook", FIXED_SEED), ("postgresql", "polling", _CHANCE)],
    indirect=["database_url"],
    ids=["sqlite-fixed", f"postgresql-{_CHANCE}"],
)
async def test_a_program_killed_under_load_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path, unused_port: int, mode: str, seed: int
) -> None:
    """Killed three times among a busy crowd, once on a birthday morning, the program keeps every promise."""
    plan = Plan(kills=3, mornings=1, guests=8, seed=seed, mode=mode)
    result = await storm(database_url, tmp_path, plan, print, unused_port)
    assert result.faults == []
    assert result.figures["updates"] > 100
    assert result.figures["birthdays sent"] + result.figures["unknown"] == plan.guests
