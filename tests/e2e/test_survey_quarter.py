"""The proof of ``make prove NAME=surveys`` at a smaller size: three weeks of a shop, as counted by hand."""

from random import SystemRandom

import pytest

from tests.proofs.surveys import FIXED_SEED, live_through, three_weeks

_CHANCE = SystemRandom().randrange(10**6)


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [("sqlite", FIXED_SEED), ("postgresql", _CHANCE)],
    indirect=["database_url"],
    ids=["sqlite-fixed", f"postgresql-{_CHANCE}"],
)
async def test_three_weeks_of_surveys_come_to_what_was_counted(database_url: str, seed: int) -> None:
    """Sixty guests, four surveys and a power that fails: each message, answer and figure is as counted by hand."""
    result = await live_through(database_url, three_weeks(seed), cuts=0.03)
    assert result.faults == []
    assert result.figures["invitations"] > 40
    assert result.figures["power cuts"] > 0
