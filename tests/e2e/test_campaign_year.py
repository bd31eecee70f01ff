"""The proof of ``make prove NAME=campaigns`` at a smaller size: some weeks of campaigns, as counted by hand."""

import pytest

from tests.proofs.campaign_world import make_world
from tests.proofs.campaign_year import live_through


@pytest.mark.parametrize(("database_url", "seed"), [("sqlite", 5), ("postgresql", 11)], indirect=["database_url"])
async def test_weeks_of_campaigns_come_to_what_was_counted(database_url: str, seed: int) -> None:
    """Sixty people, twenty campaigns and a power that fails: each message goes at the look it was counted for."""
    world = make_world(seed, guests=60, days=40, campaigns=20)
    result = await live_through(database_url, world, cuts=0.03)
    assert result.faults == []
    assert result.figures["messages"] > 100
    assert result.figures["power cuts"] > 0
