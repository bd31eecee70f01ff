"""The Chinese calendar: on which date a lunar birthday is kept, and which lunar day a date is; pure.

Lunar years are named after the solar year in which they begin. Known from lunar 1900 to 2100.
"""

from dataclasses import dataclass
from datetime import date

from borax.calendars.lunardate import MAX_LUNAR_YEAR, MIN_LUNAR_YEAR, LCalendars, LunarDate

_LONGEST_MONTH = 30


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of the Chinese calendar; ``leap`` is one in a leap month."""

    year: int
    month: int
    day: int
    leap: bool = False


def is_lunar_day(month: int, day: int) -> bool:
    """Return whether ``month``/``day`` is a day of some lunar year."""
    return 1 <= month <= 12 and 1 <= day <= _LONGEST_MONTH


def lunar_was(year: int, month: int, day: int, *, leap: bool) -> bool:
    """Return whether lunar ``year`` has that very day; a year out of range has none."""
    return day <= _month_days(year).get((month, leap), 0)


def lunar_birthday_on(month: int, day: int, year: int, *, leap: bool) -> date:
    """Return the date on which a lunar birthday is kept in lunar ``year``.

    One in a leap month is kept in that leap month if the year has it, else in the plain month; one on the 30th of a
    month that has only 29 days, on the 29th. Raises ``ValueError`` for a year that is not known.
    Source: docs/adr/0031-lunar-birthdays.md.
    """
    days = _month_days(year)
    if not days:
        raise ValueError(f"lunar year {year} is not known")
    kept_leap = leap and (month, True) in days
    kept: date = LunarDate(year, month, min(day, days[month, kept_leap]), int(kept_leap)).to_solar_date()
    return kept


def lunar_day_of(on: date) -> LunarDay:
    """Return the lunar day that a date is. Raises ``ValueError`` for a date that is not known."""
    found = LunarDate.from_solar_date(on.year, on.month, on.day)
    return LunarDay(found.year, found.month, found.day, bool(found.leap))


def lunar_births_kept_on(on: date) -> frozenset[tuple[int, int]]:
    """Return the lunar ``(month, day)`` births, of leap months or not, some of which are kept on that date."""
    lunar = lunar_day_of(on)
    last = _month_days(lunar.year)[lunar.month, lunar.leap]
    days = range(lunar.day, _LONGEST_MONTH + 1) if lunar.day == last else (lunar.day,)
    return frozenset((lunar.month, day) for day in days)


def _month_days(year: int) -> dict[tuple[int, bool], int]:
    """Return how many days each month of a lunar year has, by number and whether it is a leap month."""
    if not MIN_LUNAR_YEAR <= year <= MAX_LUNAR_YEAR:
        return {}
    return {(month, bool(leap)): days for month, days, leap in LCalendars.iter_year_month(year)}
