"""Days and hours as a person with a printed calendar reckons them, and how lots are drawn."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from borax.calendars.lunardate import LCalendars, LunarDate

DAY = timedelta(days=1)
zone_of = cache(ZoneInfo)
"""Each zone is read once; the library keeps only a few of them."""


@cache
def shown(day: date, at: time, zone: str) -> datetime:
    """Return when the clocks show ``at`` on a day: the first time, and where they skip it, moved on with them."""
    return datetime.combine(day, at, zone_of(zone)).astimezone(UTC)


def awake(moment: datetime, zone: str) -> datetime:
    """Return the first moment from then on that is not between 21 and 8 o'clock."""
    local = moment.astimezone(zone_of(zone))
    if 8 <= local.hour < 21:
        return moment
    day = local.date() + (DAY if local.hour >= 21 else timedelta())
    return shown(day, time(8), zone)


def drawn(of: int, seed: str, salt: str, guest: int) -> int:
    """Return a person's draw: a cubic over the field of 2^31 - 1 with coefficients from SHA-256."""
    prime = 2**31 - 1
    digest = sha256(f"{seed}|{salt}".encode()).digest()
    a, b, c, d = (int.from_bytes(digest[8 * nth : 8 * nth + 8], "big") % prime for nth in range(4))
    return (a * guest**3 + b * guest**2 + c * guest + d) % prime % of


@cache
def lunar_on(month: int, day: int, year: int) -> date:
    """Return when a lunar day is kept in a lunar year; the 30th of a short month on its 29th."""
    lengths = {m: n for m, n, leap in LCalendars.iter_year_month(year) if not leap}
    kept: date = LunarDate(year, month, min(day, lengths[month])).to_solar_date()
    return kept


def birthday_of(birth: Any, on: date) -> str | None:
    """Return the year of the birthday that falls on a day, if one does."""
    if birth is None:
        return None
    calendar, month, day = birth
    if calendar == "lunar":
        for year in (on.year - 1, on.year):
            if lunar_on(month, day, year) == on:
                return str(year)
        return None
    if (month, day) == (2, 29) and not _leap(on.year):
        day = 28
    return str(on.year) if (on.month, on.day) == (month, day) else None


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
