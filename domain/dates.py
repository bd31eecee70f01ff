"""Reading a day of the year as people write it, in English and Chinese; pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from domain.calendars import is_birthday
from domain.lunar import lunar_was
from domain.people import Birthday

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SHORT = {name[:length]: i for i, name in enumerate(_MONTHS, 1) for length in range(3, len(name) + 1)}
_SHORT |= {"sept": 9}
_NAME = "|".join(sorted(_SHORT, key=len, reverse=True))
_ZH_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_ZH_NUMBER = re.compile("[〇零一二三四五六七八九十廿卅]+(?=[年月日号號])")
_ZH_DAY = re.compile("(?<=月)[初一二三四五六七八九十廿卅]++(?![年月日号號])")
_ZH_SPOKEN_MONTHS = {"正月": "1月", "冬月": "11月", "臘月": "12月", "腊月": "12月"}
_ZH_LUNAR_DAY = re.compile("月\\s*(?:初|廿|卅)|正月|冬月|[腊臘]月")
_ZH_NUMBERED_DAY = re.compile("[一二三四五六七八九十]月\\s*[一二三四五六七八九十]++(?![年月日号號])")
_LUNAR = re.compile(r"[农農]\s*[历曆]|[阴陰旧舊]\s*[历曆]|\blunar\b(?:\s+calendar\b)?|\bchinese\s+calendar\b")
_SOLAR = re.compile(r"(?:[阳陽公新国國西])\s*[历曆]|\bsolar\b(?:\s+calendar\b)?|\bgregorian\b(?:\s+calendar\b)?")
_LEAP = re.compile(r"[闰閏]\s*(?=[\d一二三四五六七八九十])")
_LEAP_EN = re.compile(r"\bleap\b(?:\s+month\b)?")
_NTH_OF_MONTH = re.compile(
    r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?:day\s+)?of\s+(?:the\s+)?(?P<month>\d{1,2})(?:st|nd|rd|th)?\s+month\b"
)
_NAMED_MONTH = re.compile(r"\b(?:the\s+)?(?P<month>\d{1,2})(?:st|nd|rd|th)?\s+month\b\W*(?:day\s*)?(?P<day>\d{1,2})\b")
_MONTH_FIRST = re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*-\s*(?P<day>\d{1,2})(?!\d)")

_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_NAMED = (
    re.compile(rf"\b{_DAY}\s*(?:of\s+)?(?:[-./]\s*)?(?P<month>{_NAME})\b\.?(?:\s*[-,./]?\s*{_YEAR})?(?!\d)"),
    re.compile(rf"\b(?P<month>{_NAME})\b\.?\s*[-./]?\s*(?:the\s+)?{_DAY}\b(?:\s*[-,./]?\s*{_YEAR}\b)?"),
)
_CHINESE = re.compile(r"(?:(?P<year>\d{4})\s*年\s*)?(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号號]?(?!\d)")
_YEAR_FIRST = re.compile(rf"(?<!\d){_YEAR}\s*[-./]\s*(?P<month>\d{{1,2}})\s*[-./]\s*(?P<day>\d{{1,2}})(?!\d)")
_COMPACT = re.compile(r"^(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})$")
_DASHED = re.compile(r"^(?P<month>\d{2})\s*-\s*(?P<day>\d{2})$")
_PAIR = re.compile(rf"(?<!\d)(?P<a>\d{{1,2}})\s*(?P<sign>[-./ ])\s*(?P<b>\d{{1,2}})(?:\s*[-./ ]\s*{_YEAR})?(?!\d)")
_DATE_LIKE = re.compile(rf"\d|月|日|号|號|\b(?:{_NAME})\b")
_EARLIEST_YEAR = 1900
WRITTEN_DAY = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})[日号號]?")
"""A day as tables hold it: the year (which may be missing), the month and the day."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What was read: one day, two days it may be, or (``days`` empty) a day that never is, in ``impossible``."""

    days: tuple[Birthday, ...] = ()
    impossible: str = ""


UNCLEAR = Understood()


def read_birthday(text: str, *, today: date) -> Understood:
    """Read a birthday such as ``3 Aug``, ``Aug 3rd``, ``08-03``, ``8/3``, ``1990-08-03``, ``1990年8月3日``.

    A lunar one is named so (``农历八月十五``, ``lunar 8-15``, ``闰四月初三``) or told by the name of its day or month.
    ``八月十五`` may be either and gives both. A year in the future or before 1900 is left out. Two numbers that may
    stand for day and month either way give both days; ``MM-DD`` with two digits each is read as in ISO 8601.
    """
    words = _plain(text)
    lunar, leap = bool(_LUNAR.search(words) or _ZH_LUNAR_DAY.search(words)), bool(_LEAP.search(words))
    solar = bool(_SOLAR.search(words))
    either = bool(_ZH_NUMBERED_DAY.search(words)) and not (lunar or leap or solar)
    if lunar and _LEAP_EN.search(words):
        words, leap = _LEAP_EN.sub(" ", words), True
    words = _LEAP.sub("", _SOLAR.sub(" ", _LUNAR.sub(" ", words)))
    calendar = _Calendar(today, lunar=(lunar or leap) and not solar, leap=leap and not solar)
    found = _read(_numbered(words), calendar)
    if not either:
        return found
    other = _read(_numbered(words), _Calendar(today, lunar=True, leap=False))
    return Understood(found.days + other.days) if found.days or other.days else found


@dataclass(frozen=True, slots=True)
class _Calendar:
    """How numbers are to be understood."""

    today: date
    lunar: bool
    leap: bool

    def has(self, month: int, day: int) -> bool:
        return is_birthday(month, day, lunar=self.lunar)

    def day(self, month: int, day: int, year: int | None) -> Birthday:
        return known_day(month, day, year, lunar=self.lunar, leap=self.leap)


def _read(words: str, calendar: _Calendar) -> Understood:
    lunar_forms = (_NTH_OF_MONTH, _NAMED_MONTH) if calendar.lunar else ()
    for pattern in (*lunar_forms, *_NAMED, _CHINESE, _YEAR_FIRST, _COMPACT, _DASHED):
        match = pattern.search(words.strip())
        if match:
            return _one(match, calendar)
    first = _MONTH_FIRST.search(words) if calendar.lunar else None
    if first and calendar.has(int(first["month"]), int(first["day"])):
        return _one(first, calendar)
    pair = _PAIR.search(words)
    return _either(pair, calendar) if pair else UNCLEAR


def looks_like_date(text: str) -> bool:
    """Return whether ``text`` holds anything of a date: a digit, the name of a month, a Chinese date sign."""
    return bool(_DATE_LIKE.search(_numbered(_plain(text))))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _numbered(words: str) -> str:
    """Return ``words`` with Chinese numbers of years, months and days as digits."""
    for name, number in _ZH_SPOKEN_MONTHS.items():
        words = words.replace(name, number)
    words = _ZH_NUMBER.sub(lambda match: str(_chinese_number(match.group())), words)
    return _ZH_DAY.sub(lambda match: str(_chinese_number(match.group().replace("初", ""))), words)


def _chinese_number(signs: str) -> int:
    if not set(signs) & set("十廿卅"):
        return int("".join(str(_ZH_DIGITS.get(sign, 0)) for sign in signs) or "0")
    tens, _, ones = signs.replace("廿", "二十").replace("卅", "三十").partition("十")
    ones = ones.replace("十", "")
    return (_ZH_DIGITS.get(tens[-1:], 1) if tens else 1) * 10 + (_ZH_DIGITS.get(ones[-1], 0) if ones else 0)


def _one(match: re.Match[str], calendar: _Calendar) -> Understood:
    month = match["month"]
    number, day = int(month) if month.isdigit() else _SHORT[month], int(match["day"])
    if not calendar.has(number, day):
        return Understood(impossible=match.group().strip())
    return Understood((calendar.day(number, day, _year(match, calendar.today)),))


def _either(match: re.Match[str], calendar: _Calendar) -> Understood:
    a, b, year = int(match["a"]), int(match["b"]), _year(match, calendar.today)
    days = {(m, d) for m, d in ((a, b), (b, a)) if calendar.has(m, d)}
    found = tuple(calendar.day(m, d, year) for m, d in sorted(days))
    return Understood(found) if found else Understood(impossible=match.group().strip())


def known_day(month: int, day: int, year: int | None, *, lunar: bool = False, leap: bool = False) -> Birthday:
    """Return the day, without a year in which it never was."""
    if lunar:
        return Birthday(month, day, year if year and lunar_was(year, month, day, leap=leap) else None, True, leap)
    try:
        date(year or 0, month, day)
    except ValueError:
        year = None
    return Birthday(month, day, year)


def _year(match: re.Match[str], today: date) -> int | None:
    year = match.groupdict().get("year")
    return int(year) if year and _EARLIEST_YEAR <= int(year) <= today.year else None
