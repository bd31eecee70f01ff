"""Reading a birthday as people write it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import is_birthday
from domain.dates import UNCLEAR, looks_like_date, read_birthday
from domain.people import Birthday

TODAY = date(2026, 3, 4)
DAYS = st.dates(date(2000, 1, 1), date(2000, 12, 31))
FORMS = (
    "{d} {B}",
    "{B} {d}",
    "{B} {d}, 1990",
    "{d}. {b} 1990",
    "the {d} of {B}",
    "{m}月{d}日",
    "1990年{m}月{d}日",
    "1990-{m:02}-{d:02}",
    "1990/{m}/{d}",
    "1990.{m}.{d}",
    "{m:02}-{d:02}",
    "1990{m:02}{d:02}",
    "My birthday is {B} {d}!",
    "我的生日是{m}月{d}号",
)


@given(day=DAYS, form=st.sampled_from(FORMS))
def test_every_form_of_every_day_is_read(day: date, form: str) -> None:
    """Whatever day, in whatever of these forms, is read as that one day."""
    text = form.format(d=day.day, m=day.month, B=f"{day:%B}", b=f"{day:%b}")
    (found,) = read_birthday(text, today=TODAY).days
    assert (found.month, found.day) == (day.month, day.day)


@given(a=st.integers(1, 31), b=st.integers(1, 31), sign=st.sampled_from("/. "))
def test_two_numbers_give_every_day_they_may_be(a: int, b: int, sign: str) -> None:
    """What may be two days gives both, what may be one gives that, and what is none is said to be impossible."""
    found = read_birthday(f"{a}{sign}{b}", today=TODAY)
    wanted = {(m, d) for m, d in ((a, b), (b, a)) if is_birthday(m, d)}
    assert {(day.month, day.day) for day in found.days} == wanted
    assert bool(found.impossible) != bool(wanted)


@given(text=st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Anything people send is read as days that exist, or as nothing."""
    found = read_birthday(text, today=TODAY)
    assert len(found.days) <= 2
    assert all(is_birthday(day.month, day.day, lunar=day.lunar) for day in found.days)
    assert not found.days or looks_like_date(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3 Aug", Birthday(8, 3)),
        ("Aug 3rd", Birthday(8, 3)),
        ("August the 3rd", Birthday(8, 3)),
        ("3-Aug-1990", Birthday(8, 3, 1990)),
        ("1990-08-03", Birthday(8, 3, 1990)),
        ("八月三日", Birthday(8, 3)),
        ("十二月二十五号", Birthday(12, 25)),
        ("十月三十一日", Birthday(10, 31)),
        ("一九九〇年八月三日", Birthday(8, 3, 1990)),
        ("８月３日", Birthday(8, 3)),
        ("29 Feb", Birthday(2, 29)),
        ("29 Feb 1992", Birthday(2, 29, 1992)),
        ("29.02.1990", Birthday(2, 29)),
        ("31/12/1985", Birthday(12, 31, 1985)),
        ("5/5", Birthday(5, 5)),
        ("1 May 2087", Birthday(5, 1)),
    ],
)
def test_forms_with_their_year(text: str, day: Birthday) -> None:
    """A year is kept when it can be one; a year in the future or without that day is left out."""
    assert read_birthday(text, today=TODAY).days == (day,)


@pytest.mark.parametrize("text", ["30 Feb", "Feb 30", "31 April", "2月30日", "13-40", "1990-13-01", "32/40"])
def test_a_day_that_never_is_says_so(text: str) -> None:
    """No year has this day; what was understood is given back."""
    found = read_birthday(text, today=TODAY)
    assert not found.days
    assert found.impossible


@pytest.mark.parametrize("text", ["", "soon", "maybe", "I was born in May", "77", "my number is 0912345678"])
def test_what_holds_no_day_is_unclear(text: str) -> None:
    """Words without day and month are no date."""
    assert read_birthday(text, today=TODAY) == UNCLEAR


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("农历八月十五", Birthday(8, 15, None, True)),
        ("農曆8月15", Birthday(8, 15, None, True)),
        ("lunar 8-15", Birthday(8, 15, None, True)),
        ("8/15 lunar", Birthday(8, 15, None, True)),
        ("the 15th day of the 8th lunar month", Birthday(8, 15, None, True)),
        ("闰四月初三", Birthday(4, 3, None, True, True)),
        ("lunar leap 4-3", Birthday(4, 3, None, True, True)),
        ("1990年农历八月十五", Birthday(8, 15, 1990, True)),
        ("2020年閏四月初三", Birthday(4, 3, 2020, True, True)),
        ("2021年閏四月初三", Birthday(4, 3, None, True, True)),
        ("正月初一", Birthday(1, 1, None, True)),
        ("臘月廿三", Birthday(12, 23, None, True)),
        ("腊月三十", Birthday(12, 30, None, True)),
        ("冬月卅", Birthday(11, 30, None, True)),
        ("我生日是陰曆九月初九", Birthday(9, 9, None, True)),
        ("二月三十", Birthday(2, 30, None, True)),
        ("公历八月十五", Birthday(8, 15)),
        ("八月十五日", Birthday(8, 15)),
        ("8月15", Birthday(8, 15)),
        ("leap year baby, 29 Feb", Birthday(2, 29)),
    ],
)
def test_lunar_days_are_told_by_their_names(text: str, day: Birthday) -> None:
    """The calendar's name, a leap month, or how days and months are called only there."""
    assert read_birthday(text, today=TODAY).days == (day,)
    assert looks_like_date(text)


@pytest.mark.parametrize(("text", "days"), [("八月十五", {False, True}), ("十月三十一", {False})])
def test_a_day_of_either_calendar_gives_both(text: str, days: set[bool]) -> None:
    """Chinese numbers alone may mean either calendar, where both have such a day."""
    assert {day.lunar for day in read_birthday(text, today=TODAY).days} == days


def test_no_lunar_month_has_a_31st() -> None:
    """What no lunar year has is impossible, not solar."""
    found = read_birthday("农历四月三十一", today=TODAY)
    assert not found.days
    assert found.impossible
