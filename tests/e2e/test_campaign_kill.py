"""The kill storm of ``make prove NAME=campaigns`` at a smaller size."""

import pytest

from tests.proofs.campaign_kill import IN_FLIGHT, storm


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_killed_while_a_campaign_goes_out_nobody_is_told_twice_or_lost(database_url: str) -> None:
    """Four hundred people, three kills: everybody is told once, or stands in the list of what nobody knows."""
    result = await storm(people=400, kills=3, url=database_url)
    assert result.faults == []
    assert result.figures["kills"] > 0
    assert result.figures.get("unknown", 0) <= 3 * IN_FLIGHT
