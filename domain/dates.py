"""Reading a day of the year as people write it, in English and Chinese; pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from domain.calendars import is_birthday
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
_ZH_NUMBER = re.compile("[〇零一二三四五六七八九十廿]+(?=[年月日号號])")

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


@dataclass(frozen=True, slots=True)
class Understood:
    """What was read: one day, two days it may be, or (``days`` empty) a day that never is, in ``impossible``."""

    days: tuple[Birthday, ...] = ()
    impossible: str = ""


UNCLEAR = Understood()


def read_birthday(text: str, *, today: date) -> Understood:
    """Read a birthday such as ``3 Aug``, ``Aug 3rd``, ``08-03``, ``8/3``, ``1990-08-03``, ``1990年8月3日``.

    A year in the future or before 1900 is left out. Two numbers that may stand for day and month either way give
    both days; ``MM-DD`` with two digits each is read as written in ISO 8601.
    """
    words = _plain(text)
    for pattern in (*_NAMED, _CHINESE, _YEAR_FIRST, _COMPACT, _DASHED):
        match = pattern.search(words)
        if match:
            return _one(match, today)
    pair = _PAIR.search(words)
    return _either(pair, today) if pair else UNCLEAR


def looks_like_date(text: str) -> bool:
    """Return whether ``text`` holds anything of a date: a digit, the name of a month, a Chinese date sign."""
    return bool(_DATE_LIKE.search(_plain(text)))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return _ZH_NUMBER.sub(lambda match: str(_chinese_number(match.group())), folded)


def _chinese_number(signs: str) -> int:
    if not set(signs) & set("十廿"):
        return int("".join(str(_ZH_DIGITS[sign]) for sign in signs))
    tens, _, ones = signs.replace("廿", "二十").partition("十")
    ones = ones.replace("十", "")
    return (_ZH_DIGITS.get(tens[-1:], 1) if tens else 1) * 10 + (_ZH_DIGITS[ones[-1]] if ones else 0)


def _one(match: re.Match[str], today: date) -> Understood:
    month = match["month"]
    number = int(month) if month.isdigit() else _SHORT[month]
    return _known(number, int(match["day"]), _year(match, today), match.group().strip())


def _either(match: re.Match[str], today: date) -> Understood:
    a, b, year = int(match["a"]), int(match["b"]), _year(match, today)
    days = {(m, d) for m, d in ((a, b), (b, a)) if is_birthday(m, d)}
    found = tuple(known_day(m, d, year) for m, d in sorted(days))
    return Understood(found) if found else Understood(impossible=match.group().strip())


def _known(month: int, day: int, year: int | None, written: str) -> Understood:
    if not is_birthday(month, day):
        return Understood(impossible=written)
    return Understood((known_day(month, day, year),))


def known_day(month: int, day: int, year: int | None) -> Birthday:
    """Return the day, without a year in which it never was."""
    try:
        date(year or 0, month, day)
    except ValueError:
        year = None
    return Birthday(month, day, year)


def _year(match: re.Match[str], today: date) -> int | None:
    year = match.groupdict().get("year")
    return int(year) if year and _EARLIEST_YEAR <= int(year) <= today.year else None
