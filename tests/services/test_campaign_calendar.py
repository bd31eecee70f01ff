"""The month ahead: what goes out on which day, what is only a draft, the holidays beside it."""

from dataclasses import replace
from datetime import date, timedelta

from bot import pictures
from domain.campaigns import CampaignRules, OccasionKind, When
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, Role
from domain.rules import Rules
from domain.surveys import Every
from services.campaigns import calendar
from services.campaigns.calendar import Day, Month
from services.case_door import actor_of
from services.work import Work
from storage import campaigns as rows
from tests.services.campaign_office import draft, hire
from tests.services.shop import MORNING, Working
from texts.catalogue import plain

MIA = 701
DECEMBER = date(2026, 12, 1)


async def _run(work: Work, when: When, state: str = "running", **values: object) -> None:
    kept = await draft(work, await hire(work, MIA, "Mia", Role.MARKETER), when)
    given: dict[str, object] = {"launched_at": MORNING} if state == "running" else {}
    await rows.change_campaign(work.tx, kept.id, state=state, **{**given, **values})


async def _month(work: Work, first: date = DECEMBER, language: str = "en") -> Month:
    mia = await hire(work, MIA, "Mia", Role.MARKETER)
    found = await calendar.month_of(work, first, by=actor_of(mia), language=language)
    assert not isinstance(found, Refusal)
    return found


def _busy(month: Month) -> dict[int, list[str]]:
    def said(day: Day) -> list[str]:
        return [f"{entry.state.value} {entry.title} {entry.clock}" for entry in day.entries]

    return {day.on.day: said(day) for day in month.days if day.entries}


async def test_what_goes_out_stands_on_its_day(working: Working) -> None:
    """A holiday with lead days, the first of the month, a scheduled day, a draft; what runs always, below."""
    async with working() as work:
        await _run(work, When(OccasionKind.HOLIDAY, holiday="christmas", lead_days=2))
        await _run(work, When(OccasionKind.EVERY, every=Every.MONTH, day=1), "paused", launched_at=MORNING)
        at = MORNING + timedelta(days=20, hours=3)
        await _run(work, When(OccasionKind.DATE), "scheduled", launch_at=at)
        await _run(work, When(OccasionKind.DATE, on=date(2026, 12, 24)), "draft")
        await _run(work, When(OccasionKind.BIRTHDAY))
        await _run(work, When(OccasionKind.SILENCE, silence_days=60), "cancelled")
        month = await _month(work)
        local = at.astimezone(work.rules.zone)
        assert _busy(month) == {
            1: ["paused Regular 10:00"],
            local.day: [f"scheduled A day {local:%H:%M}"],
            23: ["running Christmas 10:00"],
            24: ["draft A day 2 10:00"],
        }
        assert month.always == ("Birthday",)


async def test_holidays_are_those_of_the_region_and_solemn_ones_are_marked(working: Working) -> None:
    """In April a candle beside Qingming, in the reader's language."""
    async with working(rules=replace(Rules(), campaigns=CampaignRules(region="TW"))) as work:
        month = await _month(work, date(2027, 4, 1), "zh_TW")
        [day] = [day for day in month.days if day.solemn]
        assert (day.on, day.holidays) == (date(2027, 4, 5), ("清明節",))
        lines = [plain(line) for line in calendar.month_lines(work, month, "zh_TW")]
        assert "5 日（星期一）· 🕯 清明節" in lines
        assert calendar.month_words(month, "zh_TW") == "2027年4月"


async def test_days_before_the_start_are_empty(working: Working) -> None:
    """A campaign launched in the middle of the month has nothing on the days before."""
    async with working() as work:
        when = When(OccasionKind.EVERY, every=Every.WEEK, day=1)
        await _run(work, when, launched_at=MORNING + timedelta(days=22))
        assert sorted(_busy(await _month(work))) == [14, 21, 28]


async def test_the_picture_can_be_drawn_in_each_language(working: Working) -> None:
    """A PNG of a busy month, with words that are too long, signs the font has not, and a dollar."""
    async with working() as work:
        for _ in range(6):
            await _run(work, When(OccasionKind.DATE, on=date(2026, 12, 24)), "draft", created_at=MORNING)
            kept = (await rows.list_campaigns(work.tx))[-1]
            await rows.change_campaign(work.tx, kept.id, created_at=MORNING - timedelta(days=2))
        month = await _month(work, language="zh_CN")
        recipe = calendar.recipe_of(work, month, "zh_CN")
    recipe["days"][3]["entries"] = [{"label": "10:00 🎉 $5 and $6 off " * 5, "state": "running"}]
    drawn = await pictures.draw_calendar(recipe)
    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) > 20_000


async def test_a_month_is_read_and_counted(working: Working) -> None:
    """Across years, within what calendars know; nobody outside looks at it."""
    assert calendar.read_month("2027-02") == date(2027, 2, 1)
    assert [calendar.read_month(text) for text in ("2027-13", "next", "", "1900-01", "9999-12")] == [None] * 5
    assert calendar.month_after(date(2026, 12, 1), 1) == date(2027, 1, 1)
    assert calendar.month_after(date(2027, 1, 1), -1) == date(2026, 12, 1)
    async with working() as work:
        stranger = await calendar.month_of(work, DECEMBER, by=Actor(ActorKind.STAFF, 999), language="en")
        assert isinstance(stranger, Refusal)
