"""Lunar birthdays: on which date they are kept."""

from datetime import date, timedelta

import pytest
from borax.calendars.lunardate import LCalendars, LunarDate
from hypothesis import example, given
from hypothesis import strategies as st

from domain.calendars import LeapDayPolicy, birthday_on, birthday_year, births_kept_on, is_kept_on, next_birthday
from domain.lunar import is_lunar_day, lunar_birthday_on, lunar_day_of, lunar_was
from domain.people import Birthday

FEB_28 = LeapDayPolicy.FEB_28
YEARS = st.integers(2026, 2056)
BIRTHS = st.builds(Birthday, st.integers(1, 12), st.integers(1, 30), st.none(), st.just(True), st.booleans())
DATES = st.dates(date(2026, 1, 1), date(2056, 12, 31))


@given(on=DATES)
def test_each_date_is_one_lunar_day_and_back(on: date) -> None:
    """What borax calls a date's lunar day leads back to the date."""
    lunar = lunar_day_of(on)
    assert LunarDate(lunar.year, lunar.month, lunar.day, int(lunar.leap)).to_solar_date() == on
    assert lunar_was(lunar.year, lunar.month, lunar.day, leap=lunar.leap)
    assert lunar_birthday_on(lunar.month, lunar.day, lunar.year, leap=lunar.leap) == on


@given(birthday=BIRTHS, year=YEARS)
@example(birthday=Birthday(6, 15, None, True, True), year=2025)
@example(birthday=Birthday(12, 30, None, True, False), year=2026)
def test_a_lunar_birthday_is_kept_once_a_lunar_year(birthday: Birthday, year: int) -> None:
    """Every lunar year has the day once: in its leap month if born there and there is one, on the 29th without 30."""
    on = birthday_on(birthday, year, FEB_28)
    found = lunar_day_of(on)
    has_leap = LCalendars.leap_month(year) == birthday.month
    leap = birthday.leap and has_leap
    assert (found.year, found.month, found.leap) == (year, birthday.month, leap)
    assert found.day == min(birthday.day, LCalendars.ndays(year, birthday.month, int(leap)))
    assert birthday_year(birthday, on) == year
    kept = [on + timedelta(days=n) for n in range(-60, 61) if is_kept_on(birthday, on + timedelta(days=n), FEB_28)]
    assert kept == [on]


@given(birthday=BIRTHS, year=YEARS)
def test_whoever_is_congratulated_is_found(birthday: Birthday, year: int) -> None:
    """The births looked for on a date hold everybody whose birthday is kept then."""
    on = birthday_on(birthday, year, FEB_28)
    assert (True, birthday.month, birthday.day) in births_kept_on([on], FEB_28)


@given(birthday=BIRTHS, today=DATES)
def test_the_next_one_is_the_first_from_today_on(birthday: Birthday, today: date) -> None:
    """No nearer day is kept."""
    following = next_birthday(birthday, today, FEB_28)
    assert today <= following <= today + timedelta(days=385)
    assert is_kept_on(birthday, following, FEB_28)
    assert not any(
        is_kept_on(birthday, today + timedelta(days=n), FEB_28) for n in range(0, (following - today).days, 7)
    )


def test_the_twelfth_month_falls_twice_in_2027_and_the_key_tells_them_apart() -> None:
    """Two congratulations in one solar year are those of two lunar years."""
    birthday = Birthday(12, 1, None, True)
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    kept = [on for on in days if is_kept_on(birthday, on, FEB_28)]
    assert kept == [date(2027, 1, 8), date(2027, 12, 28)]
    assert [birthday_year(birthday, on) for on in kept] == [2026, 2027]


def test_a_solar_year_may_have_none() -> None:
    """After two in 2027, the 1st of the 12th lunar month falls on no day of 2028."""
    birthday = Birthday(12, 1, None, True)
    days = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
    assert not any(is_kept_on(birthday, on, FEB_28) for on in days)
    assert next_birthday(birthday, date(2028, 1, 1), FEB_28) == date(2029, 1, 15)


@pytest.mark.parametrize(
    ("lunar", "year", "on"),
    [
        (Birthday(1, 1, None, True), 2026, date(2026, 2, 17)),
        (Birthday(8, 15, None, True), 2026, date(2026, 9, 25)),
        (Birthday(5, 5, None, True), 2027, date(2027, 6, 9)),
        (Birthday(6, 1, None, True, True), 2025, date(2025, 7, 25)),
        (Birthday(6, 1, None, True, True), 2026, date(2026, 7, 14)),
        (Birthday(5, 1, None, True, True), 2028, date(2028, 6, 23)),
    ],
)
def test_well_known_days(lunar: Birthday, year: int, on: date) -> None:
    """New year, mid-autumn and dragon boat as printed in calendars; leap months of 2025 and 2028."""
    assert birthday_on(lunar, year, FEB_28) == on


def test_what_is_not_known_is_said() -> None:
    """Beyond the tables there is no answer, and nobody is congratulated on a guess."""
    with pytest.raises(ValueError, match="2101"):
        lunar_birthday_on(1, 1, 2101, leap=False)
    assert not is_kept_on(Birthday(1, 1, None, True), date(1899, 1, 1), FEB_28)
    assert births_kept_on([date(2150, 3, 1)], FEB_28) == [(False, 3, 1)]
    assert not is_lunar_day(13, 1)
    assert not is_lunar_day(1, 31)
    assert not lunar_was(2026, 4, 3, leap=True)
