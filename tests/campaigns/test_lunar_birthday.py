"""Birthday care by the Chinese calendar: once a lunar year, on the day the family keeps."""

import pytest

from domain.people import Birthday
from services import customers
from storage.database import Database
from tests.campaigns.birthdays import Year


@pytest.fixture
async def year(database: Database) -> Year:
    """A shop with a clock."""
    shop = Year(database)
    await shop.begins()
    return shop


async def knows(year: Year, name: str, birthday: Birthday) -> int:
    """Seed somebody with this birthday; returns the contact point."""
    contact = await year.knows(name, None)
    await year.change(contact, customers.set_birthday, birthday)
    return contact


async def greeted_on(year: Year, *day: int) -> list[str]:
    """Return who is congratulated at nine on this day."""
    year.at(*day, 9)
    return [said.text for said in await year.ticks()]


async def test_twice_in_one_solar_year_when_the_lunar_years_are_two(year: Year) -> None:
    """The 1st of the 12th month falls on 8 January and on 28 December 2027: each lunar year is greeted once."""
    await knows(year, "Wen", Birthday(12, 1, None, True))
    for day in ((2027, 1, 7), (2027, 1, 8), (2027, 1, 9), (2027, 12, 27), (2027, 12, 28), (2027, 12, 29)):
        assert len(await greeted_on(year, *day)) == (day in ((2027, 1, 8), (2027, 12, 28))), day
    assert [(row.occasion, row.occasion_on) for row in await year.deliveries()] == [
        ("2026", "2027-01-08"),
        ("2027", "2027-12-28"),
    ]


async def test_solar_and_lunar_days_are_not_mixed_up(year: Year) -> None:
    """15 August is Ann's, the 15th of the 8th month Wen's, though both are written 8-15."""
    await knows(year, "Ann", Birthday(8, 15))
    await knows(year, "Wen", Birthday(8, 15, None, True))
    (ann,) = await greeted_on(year, 2026, 8, 15)
    (wen,) = await greeted_on(year, 2026, 9, 25)
    assert "Ann" in ann
    assert "Wen" in wen


async def test_the_thirtieth_and_leap_months_are_kept_every_year(year: Year) -> None:
    """A short month gives the 29th, a year without the leap month the plain one; leap or not is no second day."""
    await knows(year, "Eve", Birthday(12, 30, None, True))
    await knows(year, "Leo", Birthday(5, 1, None, True, True))
    await knows(year, "Pat", Birthday(5, 1, None, True))
    days = {
        (2026, 2, 16): "Eve",  # 29 days in the 12th month
        (2026, 6, 15): "LeoPat",  # no leap 5th month
        (2027, 2, 5): "Eve",  # 30 days
        (2028, 5, 24): "Pat",
        (2028, 6, 23): "Leo",  # the leap 5th month
    }
    for day, names in days.items():
        said = await greeted_on(year, *day)
        assert [name for name in ("Eve", "Leo", "Pat") if any(name in text for text in said)] == [
            name for name in ("Eve", "Leo", "Pat") if name in names
        ], day
        assert len(said) == len(names) // 3, day


async def test_changing_the_calendar_brings_no_second_greeting(year: Year) -> None:
    """Who was greeted by one calendar and then names the other is not greeted again for that year."""
    wen = await knows(year, "Wen", Birthday(8, 15))
    assert len(await greeted_on(year, 2026, 8, 15)) == 1
    await year.change(wen, customers.set_birthday, Birthday(8, 15, None, True))
    assert await greeted_on(year, 2026, 9, 25) == []
    assert len(await greeted_on(year, 2027, 9, 15)) == 1
