"""What shipped campaigns say to a real person: days as people mean them, by the right clock."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.rules import Rules
from services.campaigns.book import get_campaign, seed_shipped
from services.campaigns.messages import render
from services.campaigns.variables import load_values
from services.work import Work
from tests.services.sales import guest
from tests.services.shop import Working

SHANGHAI = Rules(zone=ZoneInfo("Asia/Shanghai"))


async def said(work: Work, key: str, language: str, **params: Any) -> str:
    """Return what a new customer called Ann reads of a campaign that came along."""
    await seed_shipped(work)
    ann = await guest(work)
    kept = await get_campaign(work, key)
    assert kept is not None
    values = await load_values(work, [ann], params=[params])
    return render(work, kept, variant=None, values=values[ann], params=params, language=language).html


async def test_points_are_good_until_the_last_day_not_the_day_after(working: Working) -> None:
    """Points that expire when 5 December is over can be used until 5 December, wherever the program runs."""
    expires_at = datetime(2026, 12, 5, 16, tzinfo=UTC).isoformat()
    async with working(rules=SHANGHAI) as work:
        html = await said(work, "points_expiring", "en", points=120, expires_at=expires_at, on="2026-12-06")
    assert "120 of your points" in html
    assert "good until Dec 5." in html


async def test_an_invitation_names_day_hour_and_place_of_the_shop(working: Working) -> None:
    """Ann lives elsewhere: the get-together is by the shop's clock all the same, not on the day of the message."""
    async with working(rules=SHANGHAI) as work:
        html = await said(work, "invitation", "zh_CN", on="2026-11-22", zone="America/New_York")
    assert "🗓 2027年3月20日 15:00\n📍 店里" in html


async def test_the_reminder_says_the_same_hour(working: Working) -> None:
    """A reminder is told the instant only; it is said by the shop's clock."""
    at = datetime(2027, 3, 20, 7, tzinfo=UTC).isoformat()
    async with working(rules=SHANGHAI) as work:
        html = await said(work, "invitation_reminder", "zh_TW", at=at, zone="America/New_York", on="2027-03-20")
    assert html.startswith("🗓 <b>Ann，2027年3月20日 15:00 見！</b>")


@pytest.mark.parametrize(("on", "head"), [("2027-11-22", "A year"), ("2028-11-22", "2 years")])
async def test_an_anniversary_counts_the_years(working: Working, on: str, head: str) -> None:
    """Ann came in 2026: a year later it is a year, then two."""
    async with working() as work:
        assert f"{head} together, Ann!" in await said(work, "anniversary", "en", on=on)
