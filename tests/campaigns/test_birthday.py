"""Birthday care: on the right day where the person lives, once a year, only while it is wanted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.calendars import LeapDayPolicy, QuietHours
from domain.people import SYSTEM, Birthday, ConsentClass, Reach
from domain.rules import BirthdayRules
from services import customers
from storage.database import Database
from storage.people import change_customer
from tests.campaigns.birthdays import CARE, Year
from texts.catalogue import plain


@pytest.fixture
async def year(database: Database) -> Year:
    """A shop on the morning of 1 May 2026."""
    shop = Year(database)
    await shop.begins()
    return shop


async def test_ann_is_congratulated_on_her_birthday_at_nine(year: Year) -> None:
    """By name, for the shop, in her language, with one tap to stop exactly this."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 8, 59)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 9, 0)
    said = await year.ticks()
    assert "Happy birthday, Ann!" in said[0].text
    assert "Tailor & Son" in said[0].text
    (row,) = await year.deliveries()
    assert [data for _, data in said[0].buttons] == [f"c:cm:{row.id}"]


async def test_the_day_is_the_persons_own(year: Year) -> None:
    """When it is nine in Kiritimati it is still yesterday in New York."""
    await year.knows("Tem", (5, 1), zone="Pacific/Kiritimati")
    await year.knows("Sam", (5, 1), zone="America/New_York")
    year.at(2026, 4, 30, 19, 0)
    assert ["Tem" in said.text for said in await year.ticks()] == [True]
    year.at(2026, 5, 1, 13, 0)
    assert ["Sam" in said.text for said in await year.ticks()] == [True]


async def test_only_who_said_yes_is_congratulated(year: Year) -> None:
    """No answer is a no, and a no is a no."""
    await year.knows("Yes", (5, 1))
    await year.knows("No", (5, 1), consent=False)
    await year.knows("Unasked", (5, 1), consent=None)
    await year.knows("Nobody", None)
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 1
    assert await year.states() == [("queued", None), ("skipped", "no_consent"), ("skipped", "no_consent")]


async def test_a_snooze_that_is_over_is_a_yes_again(year: Year) -> None:
    """A no until a date ends on that date."""
    ann = await year.knows("Ann", (5, 1))
    bob = await year.knows("Bob", (5, 1))
    await year.change(ann, customers.set_consent, CARE, given=False, until_at=datetime(2026, 4, 30, tzinfo=UTC))
    await year.change(bob, customers.set_consent, CARE, given=False, until_at=datetime(2026, 5, 2, tzinfo=UTC))
    year.at(2026, 5, 1, 9, 0)
    assert ["Ann" in said.text for said in await year.ticks()] == [True]


async def test_nobody_is_congratulated_twice_a_year(year: Year) -> None:
    """However often the ticks run, and also after a change of zone that makes it the day once more."""
    ann = await year.knows("Ann", (5, 1), zone="Pacific/Kiritimati")
    year.at(2026, 4, 30, 19, 0)
    assert len(await year.ticks()) == 1
    await year.change(ann, customers.set_zone, "Etc/GMT+12")
    for hour in range(48):
        year.town.now = datetime(2026, 4, 30, 19, tzinfo=UTC) + timedelta(hours=hour)
        assert await year.ticks() == []
    year.at(2027, 5, 1, 21, 0)
    assert len(await year.ticks()) == 1


async def test_consent_given_on_the_very_morning_is_in_time(year: Year) -> None:
    """Ann says yes and tells her birthday at ten; she hears at once, not next year."""
    ann = await year.knows("Ann", None, consent=None)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 10, 0)
    await year.change(ann, customers.set_birthday, Birthday(5, 1))
    await year.change(ann, customers.set_consent, CARE, given=True)
    assert len(await year.ticks()) == 1


async def test_a_birthday_told_late_in_the_evening_is_let_pass(year: Year) -> None:
    """After the lateness limit no belated wish goes out, and nothing is planned over and over."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 21, 30)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "late")]
    assert await year.plans() == 0


async def test_a_long_standstill_skips_with_a_reason(year: Year) -> None:
    """Planned in time, but the program stood still until the next day: skipped, and said why."""
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 2, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "late")]


async def test_a_restart_in_the_morning_catches_up(year: Year) -> None:
    """Down from eight to noon: the wish goes out at noon."""
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 1, 12, 0)
    assert len(await year.ticks()) == 1


async def test_consent_withdrawn_before_the_hour_skips(year: Year) -> None:
    """Planned yesterday, stopped this morning: nothing goes out."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "no_consent")]


async def test_consent_given_back_the_same_day_is_heard(year: Year) -> None:
    """Stopped by mistake and taken back: the wish goes out after all, once."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_consent, CARE, given=False)
    year.at(2026, 5, 1, 9, 0)
    await year.ticks()
    await year.change(ann, customers.set_consent, CARE, given=True)
    year.at(2026, 5, 1, 10, 0)
    assert len(await year.ticks()) == 1
    assert await year.ticks() == []


async def test_a_corrected_birthday_is_kept_on_the_right_day(year: Year) -> None:
    """Ann mistyped the day; she hears on the true one and not on the false one."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_birthday, Birthday(5, 2))
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 2, 9, 0)
    assert len(await year.ticks()) == 1
    assert await year.states() == [("queued", None)]


async def test_who_blocked_the_bot_is_skipped(year: Year) -> None:
    """A delivery that cannot arrive is not tried."""
    ann = await year.knows("Ann", (5, 1))
    await year.plans()
    await year.change(ann, customers.set_reach, Reach.BLOCKED, by=SYSTEM)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
    assert await year.states() == [("skipped", "unreachable")]


@pytest.mark.parametrize(
    ("policy", "now", "heard"),
    [
        (LeapDayPolicy.FEB_28, (2026, 2, 28, 9), True),
        (LeapDayPolicy.FEB_28, (2026, 3, 1, 9), False),
        (LeapDayPolicy.MAR_1, (2026, 2, 28, 9), False),
        (LeapDayPolicy.MAR_1, (2026, 3, 1, 9), True),
        (LeapDayPolicy.FEB_28, (2028, 2, 28, 9), False),
        (LeapDayPolicy.FEB_28, (2028, 2, 29, 9), True),
    ],
)
async def test_leap_day_children_are_never_forgotten(
    year: Year, policy: LeapDayPolicy, now: tuple[int, ...], heard: bool
) -> None:
    """In common years by the shop's choice, in leap years on the day itself."""
    year.town.rules = replace(year.town.rules, birthday=BirthdayRules(leap_day=policy))
    await year.knows("Leo", (2, 29))
    year.at(*now)
    assert len(await year.ticks()) == int(heard)


async def test_turn_of_the_year_belongs_to_the_new_one(year: Year) -> None:
    """Planned on New Year's Eve for 1 January: the occasion is the new year's."""
    await year.knows("Eve", (1, 1))
    year.at(2026, 12, 31, 12, 0)
    assert await year.plans() == 1
    row = (await year.deliveries())[0]
    assert (row.occasion, row.occasion_on) == ("2027", "2027-01-01")


async def test_quiet_hours_move_the_wish(year: Year) -> None:
    """Wanted at seven, quiet until eight: eight it is."""
    rules = BirthdayRules(send_at=time(7))
    year.town.rules = replace(year.town.rules, birthday=rules, quiet=QuietHours(time(21), time(8)))
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 7, 30)
    assert await year.ticks() == []
    year.at(2026, 5, 1, 8, 0)
    assert len(await year.ticks()) == 1


async def test_a_late_wish_does_not_wake_anyone(year: Year) -> None:
    """Back from a standstill at night within the lateness limit: it waits for the morning."""
    await year.allows("24h")
    await year.knows("Ann", (5, 1))
    await year.plans()
    year.at(2026, 5, 1, 23, 0)
    assert await year.ticks() == []
    year.at(2026, 5, 2, 8, 0)
    assert len(await year.ticks()) == 1


async def test_a_night_beyond_the_limit_is_not_planned_again_and_again(year: Year) -> None:
    """At night, when morning would be too late, ticks neither plan nor skip in a circle."""
    await year.allows("14h")
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 22, 0)
    for _ in range(3):
        assert await year.ticks() == []
        assert await year.states() == [("skipped", "late")]


async def test_switched_off_plans_nothing(year: Year) -> None:
    """The shop may not want this."""
    year.town.rules = replace(year.town.rules, birthday=BirthdayRules(enabled=False))
    await year.knows("Ann", (5, 1))
    assert await year.plans() == 0


async def test_an_unknown_zone_holds_nobody_up(year: Year) -> None:
    """A damaged record gets the shop's clock, and everyone else their own."""
    await year.knows("Odd", (5, 1))
    await year.knows("Ann", (5, 1))
    async with year.town.work() as work:
        change_customer(work.tx, 1, zone="Mars/Olympus")
    year.at(2026, 5, 1, 9, 0)
    assert len(await year.ticks()) == 2


async def test_many_birthdays_are_planned_in_slices(year: Year) -> None:
    """Nobody is left out, also when those further down live where it is not yet the day."""
    for nth in range(5):
        await year.knows(f"West{nth}", (5, 2), zone="Etc/GMT+12")
    for nth in range(5):
        await year.knows(f"East{nth}", (5, 2), zone="Pacific/Kiritimati")
    year.at(2026, 4, 30, 11, 0)
    assert await year.plans(limit=2) == 5
    assert await year.plans(limit=2) == 0


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
async def test_names_cannot_write_markup(year: Year, language: str) -> None:
    """Signs of HTML and templates in a name are read as they are."""
    await year.knows("<b>{{ 7*7 }}</b> & Co", (5, 1), language=language)
    year.at(2026, 5, 1, 9, 0)
    said = (await year.ticks())[0]
    assert "<b>{{ 7*7 }}</b> & Co" in said.text
    assert "&lt;b&gt;" in said.html


async def test_it_is_on_record_what_was_said(year: Year) -> None:
    """The wish stands among the interactions, with the campaign as its author."""
    await year.knows("Ann", (5, 1))
    year.at(2026, 5, 1, 9, 0)
    await year.ticks()
    row = (await year.town.rows("interactions"))[-1]
    assert (row.author_kind, row.direction, "Happy birthday" in row.text) == ("campaign", "out", True)
    assert plain(row.text) == row.text


def every_hour(start: datetime, hours: int) -> Iterator[datetime]:
    """Return the full hours from ``start`` on."""
    return (start + timedelta(hours=nth) for nth in range(hours))


async def test_round_the_world_everyone_hears_once_at_nine(year: Year) -> None:
    """Ticks every hour over three days: each zone's person hears exactly once, when their clock shows nine."""
    zones = ["Pacific/Kiritimati", "Asia/Taipei", "Europe/Berlin", "UTC", "America/New_York", "Etc/GMT+12"]
    for zone in zones:
        await year.knows(zone, (5, 1), zone=zone)
    heard: dict[str, datetime] = {}
    for now in every_hour(datetime(2026, 4, 30, 0, tzinfo=UTC), 72):
        year.town.now = now
        for said in await year.ticks():
            zone = next(zone for zone in zones if zone in said.text)
            assert zone not in heard
            heard[zone] = now
    assert set(heard) == set(zones)
    for zone, now in heard.items():
        local = now.astimezone(ZoneInfo(zone))
        assert (local.date(), local.hour) == (date(2026, 5, 1), 9)


async def test_a_yes_to_offers_is_no_yes_to_care(year: Year) -> None:
    """Each class of message has its own answer."""
    ann = await year.knows("Ann", (5, 1), consent=None)
    await year.change(ann, customers.set_consent, ConsentClass.OFFERS, given=True)
    year.at(2026, 5, 1, 9, 0)
    assert await year.ticks() == []
