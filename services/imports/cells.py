"""What stands in a cell: languages, zones, birthdays, instants, numbers of telephones, values of one's own fields."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import is_birthday
from domain.dates import read_birthday
from domain.instants import local_instant
from domain.languages import LANGUAGES
from domain.loyalty import CustomField, FieldKind
from domain.people import Birthday
from domain.phones import read_phone
from services.imports.columns import Wrong
from texts.tables import read_table

OLDEST_YEAR = 1900
_TAG_LETTERS = 64
_MOST_TAGS = 50
_DATE = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})[日号號]?")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap]m)?", re.IGNORECASE)
_LUNAR = re.compile(r"^(?:lunar|农历|農曆|阴历|陰曆|旧历|舊曆)[\s::]*", re.IGNORECASE)
_LUNAR_DAY = re.compile(r"(?:(\d{4})\s*年?[-/.\s]*)?(闰|閏|leap\s+)?(\d{1,2})[-/.月](\d{1,2})日?", re.IGNORECASE)
_DIGITS = {"正": 1, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = re.compile("[初正一二三四五六七八九十廿卅冬腊臘]+")
_BIRTHDAY_MEND = "write YYYY-MM-DD, MM-DD without the year, or lunar 8-15"
_INSTANT_MEND = "write YYYY-MM-DD HH:MM, the business's time, or with an offset such as 2026-11-22T14:00+08:00"
_LANGUAGES = {**{name.casefold(): name for name in LANGUAGES}, **dict(read_table("languages"))}
_YES = {"yes", "y", "true", "1", "是", "有", "✓"}
_NO = {"no", "n", "false", "0", "否", "不是", "无", "無"}


def words(letters: int) -> Callable[[str], str]:
    """Return a reader of words of up to ``letters`` letters."""

    def read(cell: str) -> str:
        if len(cell) > letters:
            raise Wrong(f"is longer than {letters:,} letters; shorten it")
        return cell

    return read


def language(cell: str) -> str:
    """Read a language by its code or name."""
    found = _LANGUAGES.get(cell.casefold().replace("-", "_"))
    if found is None:
        raise Wrong(f"is no language carebot speaks; write {', '.join(LANGUAGES)}")
    return found


def zone(cell: str) -> str:
    """Read a time zone by its IANA name."""
    try:
        return ZoneInfo(cell).key
    except (LookupError, ValueError, OSError):
        raise Wrong("is no time zone; write an IANA name such as Asia/Shanghai") from None


def phone(cell: str, region: str) -> str:
    """Read a telephone number as E.164; one without a country code belongs to ``region``."""
    found = read_phone(cell, region=region)
    if found is None:
        raise Wrong("is no telephone number; write it whole, with its country code where it is abroad")
    return found


def tags(cell: str) -> set[str]:
    """Read tags with semicolons between them."""
    found = {tag.strip() for tag in re.split("[;；]", cell) if tag.strip()}
    if len(found) > _MOST_TAGS or any(len(tag) > _TAG_LETTERS for tag in found):
        raise Wrong(
            f"holds more than {_MOST_TAGS} tags, or one of more than {_TAG_LETTERS} letters; put ; between them"
        )
    return found


def birthday(cell: str, today: date) -> Birthday:
    """Read a birthday, solar or, with the word before it, lunar."""
    if lunar := _LUNAR.match(cell):
        return _lunar_birthday(cell[lunar.end() :].strip(), today)
    match = _DATE.fullmatch(cell) or _COMPACT_DAY.fullmatch(cell)
    if not match:
        return _birthday_in_words(cell, today)
    year = int(match[1]) if match[1] else None
    month, day = int(match[2]), int(match[3])
    if not is_birthday(month, day):
        raise Wrong(f"is no date; {_BIRTHDAY_MEND}")
    if year is not None:
        _check_birth_date(year, month, day, today)
    return Birthday(month, day, year)


def _check_birth_date(year: int, month: int, day: int, today: date) -> None:
    try:
        on = date(year, month, day)
    except ValueError:
        raise Wrong(f"is no day of that year; {_BIRTHDAY_MEND}") from None
    if on > today or year < OLDEST_YEAR:
        raise Wrong(f"is in the future or too long ago; {_BIRTHDAY_MEND}")


def _birthday_in_words(cell: str, today: date) -> Birthday:
    year = _YEAR.search(cell)
    if year and not OLDEST_YEAR <= int(year[1]) <= today.year:
        raise Wrong(f"is in the future or too long ago; {_BIRTHDAY_MEND}")
    found = read_birthday(cell, today=today).days
    if len(found) != 1:
        raise Wrong(f"{'may be two days' if found else 'is no date'}; {_BIRTHDAY_MEND}")
    return found[0]


def _lunar_birthday(cell: str, today: date) -> Birthday:
    match = _LUNAR_DAY.fullmatch(_NUMBER.sub(_number, cell))
    month, day = (int(match[3]), int(match[4])) if match else (0, 0)
    if not match or not is_birthday(month, day, lunar=True):
        raise Wrong("is no lunar day; write lunar 8-15, or 农历闰四月初一")
    year = int(match[1]) if match[1] else None
    if year is not None and not OLDEST_YEAR <= year <= today.year:
        raise Wrong(f"is in the future or too long ago; {_BIRTHDAY_MEND}")
    return Birthday(month, day, year, lunar=True, leap=bool(match[2]))


def _number(match: re.Match[str]) -> str:
    """Return a Chinese number of a month or day, such as 初八, 廿三 or 腊, in digits."""
    signs = match.group().removeprefix("初")
    if signs in ("冬", "腊", "臘"):
        return "11" if signs == "冬" else "12"
    signs = signs.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = signs.partition("十")
    if not ten:
        return str(_DIGITS.get(tens, 0))
    return str((_DIGITS.get(tens, 0) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0))


def instant(cell: str, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Read a moment that has been: ISO 8601, or a local date with or without a time of day."""
    found = _instant(cell, zone)
    if found > now + timedelta(days=1):
        raise Wrong(f"is in the future; {_INSTANT_MEND}")
    if found.year < OLDEST_YEAR:
        raise Wrong(f"is too long ago; {_INSTANT_MEND}")
    return found


def later_instant(cell: str, *, zone: ZoneInfo) -> datetime:
    """Read the moment at which something ends: of a date alone, the end of that local day."""
    found = _instant(cell, zone, days=1)
    if not OLDEST_YEAR <= found.year < 2200:
        raise Wrong("is too far away; write YYYY-MM-DD, or never")
    return found


def _instant(cell: str, zone: ZoneInfo, *, days: int = 0) -> datetime:
    try:
        exact = datetime.fromisoformat(cell) if len(cell) > 10 else None
    except ValueError:
        exact = None
    try:
        if exact is not None:
            return exact.astimezone(UTC) if exact.tzinfo else local_instant(exact, zone)
        on, at = _local(cell)
        if at is None:
            return local_instant(datetime.combine(on + timedelta(days=days), time()), zone)
        return local_instant(datetime.combine(on, at), zone)
    except (ValueError, OverflowError):
        raise Wrong(f"is no date; {_INSTANT_MEND}") from None


def _local(cell: str) -> tuple[date, time | None]:
    """Read a local date and time of day. Raises ``ValueError``."""
    day, _, clock = cell.replace("T", " ", 1).partition(" ")
    match = _DATE.fullmatch(day) or _COMPACT_DAY.fullmatch(day)
    if not match or not match[1]:
        raise ValueError
    on = date(int(match[1]), int(match[2]), int(match[3]))
    if not clock.strip():
        return on, None
    at = _CLOCK.fullmatch(clock.strip())
    if not at:
        raise ValueError
    hour = int(at[1])
    if at[4]:
        hour = hour % 12 + (12 if at[4].lower() == "pm" else 0)
    return on, time(hour, int(at[2]), int(at[3] or 0))


def custom_value(field: CustomField, cell: str) -> Any:
    """Read the value of a field that this business declared."""
    folded = cell.casefold()
    if field.kind is FieldKind.CHOICE:
        found = {choice.casefold(): choice for choice in field.choices}.get(folded)
        if found is None:
            raise Wrong(f"is none of the choices; they are: {', '.join(field.choices)}")
        return found
    if field.kind is FieldKind.YES_NO:
        if folded not in _YES | _NO:
            raise Wrong("is neither yes nor no; write one of them")
        return folded in _YES
    if field.kind is FieldKind.NUMBER:
        return _number_of(cell)
    if field.kind is FieldKind.DATE:
        try:
            return _local(cell)[0].isoformat()
        except ValueError:
            raise Wrong("is no date; write YYYY-MM-DD") from None
    return words(500)(cell)


def _number_of(cell: str) -> int | float:
    plain = cell.replace(",", "")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        found = float(plain)
    except ValueError:
        raise Wrong("is no number; write digits, such as 12.5") from None
    if found != found or found in (float("inf"), float("-inf")):
        raise Wrong("is no number; write digits, such as 12.5")
    return found
