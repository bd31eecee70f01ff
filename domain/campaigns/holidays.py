"""The days campaigns hang on: public and folk holidays by region, by the sun, the moon and the solar terms; pure.

Regions are ISO 3166 codes, such as ``CN``. The Chinese calendar is known for the solar years 1902 to 2099.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

import holidays
from borax.calendars.lunardate import TermUtils

from domain.lunar import lunar_birthday_on

Rule = tuple[str, int, int, int]
"""How a day is found: ``("fixed", month, day, 0)``, ``("nth", month, weekday, n)`` with ISO weekday and n from 1 or -1
for the last, ``("lunar", month, day, 0)``, ``("lunar_last", 12, 0, 0)`` the last day of the lunar year, ``("term",
index, 0, 0)`` a solar term from 0 (Minor Cold), ``("easter", days after it, 0, 0)``, ``("public", index, 0, 0)`` a day
off of the region by its place in ``_PUBLIC``.
"""
_PUBLIC = ("Diwali", "Vesak Day", "Eid al-Fitr", "Eid al-Adha")
"""Days that follow calendars not reckoned here, by their names in the library that lists days off."""
_PART = MappingProxyType({"MY": "KUL"})
"""The part of a region asked for days off that some other part of it does not have."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """One holiday: its rule, another one in some regions, where it is kept (empty: everywhere) and a day off.

    A ``solemn`` day knows no cheer and no offers.
    """

    key: str
    rule: Rule
    regions: frozenset[str] = frozenset()
    solemn: bool = False
    public_in: frozenset[str] = frozenset()
    elsewhere: Mapping[str, Rule] = field(default_factory=dict)

    def rule_in(self, region: str) -> Rule | None:
        """Return how the day is found in a region, ``None`` where it is not kept."""
        if self.regions and region not in self.regions:
            return None
        return self.elsewhere.get(region, self.rule)


def _fixed(month: int, day: int) -> Rule:
    return ("fixed", month, day, 0)


def _nth(n: int, weekday: int, month: int) -> Rule:
    return ("nth", month, weekday, n)


def _lunar(month: int, day: int) -> Rule:
    return ("lunar", month, day, 0)


def _public(name: str) -> Rule:
    return ("public", _PUBLIC.index(name), 0, 0)


_LUNAR_YEARS_END: Rule = ("lunar_last", 12, 0, 0)


def _in(*regions: str) -> frozenset[str]:
    return frozenset(regions)


_CHINESE = _in("CN", "TW", "HK", "MO", "SG", "MY")
_ENGLISH = _in("US", "GB")
_STRAITS = _in("SG", "MY")
_LIST = (
    Holiday("new_year", _fixed(1, 1), public_in=_in("CN", "TW", "HK", "MO", "SG", "US", "GB")),
    Holiday("laba", _lunar(12, 8), _CHINESE),
    Holiday("spring_festival_eve", _LUNAR_YEARS_END, _CHINESE, public_in=_in("CN", "TW")),
    Holiday("spring_festival", _lunar(1, 1), _CHINESE, public_in=_CHINESE),
    Holiday("lantern", _lunar(1, 15), _CHINESE),
    Holiday("valentines", _fixed(2, 14)),
    Holiday("peace_memorial", _fixed(2, 28), _in("TW"), solemn=True, public_in=_in("TW")),
    Holiday("womens_day", _fixed(3, 8)),
    Holiday("qingming", ("term", 6, 0, 0), _CHINESE, solemn=True, public_in=_in("CN", "TW", "HK", "MO")),
    Holiday(
        "childrens_day",
        _fixed(6, 1),
        _in("CN", "TW", "HK", "MO", "SG"),
        public_in=_in("TW"),
        elsewhere={"TW": _fixed(4, 4), "HK": _fixed(4, 4), "SG": _nth(1, 5, 10)},
    ),
    Holiday(
        "good_friday",
        ("easter", -2, 0, 0),
        _in("HK", "MO", "SG", "US", "GB"),
        solemn=True,
        public_in=_in("HK", "MO", "SG", "GB"),
    ),
    Holiday("easter", ("easter", 0, 0, 0), _in("HK", "MO", "SG", "US", "GB")),
    Holiday(
        "labour_day",
        _fixed(5, 1),
        _CHINESE | _in("US"),
        public_in=_CHINESE | _in("US"),
        elsewhere={"US": _nth(1, 1, 9)},
    ),
    Holiday("youth_day", _fixed(5, 4), _in("CN", "HK", "MO", "TW"), elsewhere={"TW": _fixed(3, 29)}),
    Holiday("mothers_day", _nth(2, 7, 5), _CHINESE | _ENGLISH, elsewhere={"GB": ("easter", -21, 0, 0)}),
    Holiday("memorial_day", _nth(-1, 1, 5), _in("US"), solemn=True, public_in=_in("US")),
    Holiday("vesak", _public("Vesak Day"), _STRAITS, public_in=_STRAITS),
    Holiday("hari_raya_puasa", _public("Eid al-Fitr"), _STRAITS, public_in=_STRAITS),
    Holiday("hari_raya_haji", _public("Eid al-Adha"), _STRAITS, public_in=_STRAITS),
    Holiday("deepavali", _public("Diwali"), _STRAITS, public_in=_in("SG")),
    Holiday("dragon_boat", _lunar(5, 5), _CHINESE, public_in=_in("CN", "TW", "HK", "MO")),
    Holiday("fathers_day", _nth(3, 7, 6), _CHINESE | _ENGLISH, elsewhere={"TW": _fixed(8, 8)}),
    Holiday("qixi", _lunar(7, 7), _CHINESE),
    Holiday("ghost_festival", _lunar(7, 15), _CHINESE, solemn=True),
    Holiday(
        "teachers_day",
        _fixed(9, 10),
        _CHINESE,
        public_in=_in("TW"),
        elsewhere={"TW": _fixed(9, 28), "SG": _nth(1, 5, 9), "MY": _fixed(5, 16)},
    ),
    Holiday("mid_autumn", _lunar(8, 15), _CHINESE, public_in=_in("CN", "TW")),
    Holiday(
        "national_day",
        _fixed(10, 1),
        _CHINESE | _in("US"),
        public_in=_CHINESE | _in("US"),
        elsewhere={"TW": _fixed(10, 10), "SG": _fixed(8, 9), "MY": _fixed(8, 31), "US": _fixed(7, 4)},
    ),
    Holiday("double_ninth", _lunar(9, 9), _CHINESE, public_in=_in("HK", "MO")),
    Holiday("halloween", _fixed(10, 31)),
    Holiday("remembrance_sunday", _nth(2, 7, 11), _in("GB"), solemn=True),
    Holiday("singles_day", _fixed(11, 11), _CHINESE),
    Holiday("thanksgiving", _nth(4, 4, 11), _in("US"), public_in=_in("US")),
    Holiday("national_memorial_day", _fixed(12, 13), _in("CN"), solemn=True),
    Holiday("winter_solstice", ("term", 23, 0, 0), _CHINESE, public_in=_in("MO")),
    Holiday("christmas_eve", _fixed(12, 24), public_in=_in("MO")),
    Holiday("christmas", _fixed(12, 25), public_in=_in("HK", "MO", "SG", "MY", "US", "GB")),
    Holiday("new_years_eve", _fixed(12, 31)),
)
HOLIDAYS: Mapping[str, Holiday] = MappingProxyType({one.key: one for one in _LIST})
"""Every holiday that is known, by key."""
FIRST_YEAR, LAST_YEAR = 1902, 2099
"""The solar years of which every day is known."""
REGIONS = ("CN", "TW", "HK", "MO", "SG", "MY", "US", "GB")
"""The regions whose own days were looked up; elsewhere those kept everywhere are known."""


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """One day on which a holiday is kept."""

    on: date
    key: str
    solemn: bool
    public: bool


@lru_cache(maxsize=4096)
def days_of(key: str, year: int, region: str) -> tuple[date, ...]:
    """Return the days of a solar year on which a holiday is kept in a region: one, seldom two, none where it is not.

    Raises ``KeyError`` for a holiday nobody knows, ``ValueError`` where the Chinese calendar is not known.
    """
    rule = HOLIDAYS[key].rule_in(region)
    return tuple(on for on in _days(rule, year, region) if on.year == year) if rule is not None else ()


def _days(rule: Rule, year: int, region: str) -> list[date]:
    kind, first, second, third = rule
    if kind == "fixed":
        return [date(year, first, second)]
    if kind == "nth":
        return [_nth_weekday(year, first, second, third)]
    if kind == "easter":
        return [easter(year) + timedelta(days=first)]
    if kind == "term":
        return [TermUtils.nth_term_day(year, first)]
    if kind == "public":
        return _days_off(_PUBLIC[first], year, region)
    found = []
    for lunar_year in (year - 1, year):  # the last lunar months fall into the next solar year
        if kind == "lunar":
            found.append(lunar_birthday_on(first, second, lunar_year, leap=False))
        else:
            found.append(lunar_birthday_on(1, 1, lunar_year + 1, leap=False) - timedelta(days=1))
    return found


def _days_off(name: str, year: int, region: str) -> list[date]:
    """Return the days off of that name in a year, without days in lieu; those to come may be estimates."""
    found = holidays.country_holidays(region, subdiv=_PART.get(region), years=year, language="en_US", observed=False)
    return sorted(on for on in found if name in (one.removesuffix(" (estimated)") for one in found.get_list(on)))


def _nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    if n < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.isoweekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (n - 1))


def easter(year: int) -> date:
    """Return Easter Sunday of a Gregorian year.

    Source: the anonymous algorithm in J. Meeus, Astronomical Algorithms (1991), chapter 8.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def next_day(key: str, after: date, region: str) -> date | None:
    """Return the first day strictly after ``after`` on which a holiday is kept, ``None`` where it is not."""
    for year in (after.year, after.year + 1, after.year + 2):
        for on in days_of(key, year, region):
            if on > after:
                return on
    return None


@lru_cache(maxsize=256)
def occasions_of(year: int, region: str) -> tuple[Kept, ...]:
    """Return every day of a solar year on which something is kept in a region, in order."""
    return tuple(
        sorted(
            Kept(on, one.key, one.solemn, region in one.public_in)
            for one in _LIST
            for on in days_of(one.key, year, region)
        )
    )


def is_solemn(on: date, region: str) -> bool:
    """Return whether a day is one without cheer and offers in a region."""
    return on in _solemn_days(on.year, region)


@lru_cache(maxsize=256)
def _solemn_days(year: int, region: str) -> frozenset[date]:
    return frozenset(kept.on for kept in occasions_of(year, region) if kept.solemn)
