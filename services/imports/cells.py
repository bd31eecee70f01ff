"""What stands in a cell: languages, zones, birthdays, instants, numbers of telephones, values of one's own fields."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from domain.calendars import is_birthday
from domain.dates import WRITTEN_DAY, read_birthday
from domain.instants import local_instant
from domain.languages import LANGUAGES
from domain.loyalty import CustomField, FieldKind
from domain.money import is_currency, read_amount
from domain.people import Birthday
from domain.phones import read_phone
from domain.records import TAG_LETTERS, field_value, tag_of
from domain.words import visible
from services.imports.columns import Wrong
from texts.places import zone_of_city
from texts.tables import read_table

OLDEST_YEAR = 1900
_FIRST_YEAR = 1970
_CLOCK_SKEW = timedelta(hours=1)
"""A till's clock may be so much ahead of ours."""
_MOST_TAGS = 50
_MOST_ITEMS = 200
_ITEM_LETTERS = 200
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([ap]m)?", re.IGNORECASE)
_BIRTHDAY_MEND = "write YYYY-MM-DD, MM-DD without the year, or lunar 8-15"
_INSTANT_MEND = "write YYYY-MM-DD HH:MM, the business's time, or with an offset such as 2026-11-22T14:00+08:00"
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0*)?")
_MOST_DIGITS = 15
_TIMES = re.compile(r"(.+?)\s*[x×*]\s*([1-9]\d{0,4})", re.IGNORECASE)
_LANGUAGES = {**{name.casefold(): name for name in LANGUAGES}, **dict(read_table("languages"))}


def words(cell: str, *, letters: int) -> str:
    """Read words of up to ``letters`` letters."""
    if len(cell) > letters:
        raise Wrong(f"is longer than {letters:,} letters; shorten it")
    return cell


def one_line(cell: str, *, letters: int) -> str:
    """Read words of up to ``letters`` letters, in one line and without signs that show nothing."""
    line = words(visible(cell), letters=letters)
    if not line:
        raise Wrong("holds no sign that can be seen; write it anew")
    return line


def language(cell: str, *, offered: tuple[str, ...]) -> str:
    """Read a language that the business offers, by its code or name."""
    found = _LANGUAGES.get(cell.casefold().replace("-", "_"))
    if found not in offered:
        raise Wrong(f"is no language of this business; write {', '.join(offered)}")
    return found


def zone(cell: str) -> str:
    """Read a time zone by its IANA name, or by a city."""
    found = cell if cell in _zones() else zone_of_city(cell)
    if found is None:
        raise Wrong("is no time zone; write an IANA name such as Asia/Shanghai, or a city")
    return found


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def phone(cell: str, region: str) -> str:
    """Read a telephone number as E.164; one without a country code belongs to ``region``."""
    found = read_phone(cell, region=region)
    if found is None:
        raise Wrong("is no telephone number; write it whole, with its country code where it is abroad")
    return found


def tags(cell: str) -> tuple[str, ...]:
    """Read tags with semicolons between them."""
    kept: set[str] = set()
    for one in filter(str.strip, re.split("[;；]", cell)):
        tag = tag_of(one)
        if tag is None:
            raise Wrong(f"holds a tag with a comma or of over {TAG_LETTERS} letters; put ; between tags")
        kept.add(tag)
    if len(kept) > _MOST_TAGS:
        raise Wrong(f"holds over {_MOST_TAGS} tags; keep the important ones")
    return tuple(sorted(kept))


def birthday(cell: str, today: date) -> Birthday:
    """Read a birthday, solar or, with the word before it, lunar."""
    match = WRITTEN_DAY.fullmatch(cell) or _COMPACT_DAY.fullmatch(cell)
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


def instant(cell: str, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Read a moment that has been: ISO 8601, or a local date with or without a time of day."""
    found = _instant(cell, zone)
    if found > now + _CLOCK_SKEW:
        raise Wrong(f"is in the future; {_INSTANT_MEND}")
    if found.year < _FIRST_YEAR:
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
    match = WRITTEN_DAY.fullmatch(day) or _COMPACT_DAY.fullmatch(day)
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


def whole_number(cell: str) -> int:
    """Read a signed whole number, thousands apart or not."""
    plain = _grouped(cell)
    match = _WHOLE.fullmatch(plain)
    if not match or len(match[1]) > _MOST_DIGITS:
        raise Wrong("is no whole number; write digits, with a minus before them where something goes")
    return int(match[1])


def _grouped(cell: str) -> str:
    """Return a number without signs that only keep its thousands apart. Raises :class:`Wrong` where it is unclear."""
    plain = unicodedata.normalize("NFKC", cell).replace("\u2212", "-").replace(" ", "").replace("\u2019", "'")
    for sign in (",", "'"):
        if sign in plain:
            if not re.fullmatch(rf"[^\d]*\d{{1,3}}(?:{sign}\d{{3}})+(?:\.\d*)?[^\d]*", plain):
                raise Wrong("is unclear: write thousands as 1,234.50 or 1234.50")
            plain = plain.replace(sign, "")
    return plain


_FIELD_MENDS = {
    FieldKind.TEXT: "is too long; shorten it",
    FieldKind.NUMBER: "is no number; write digits, such as 12.5",
    FieldKind.DATE: "is no date; write YYYY-MM-DD",
    FieldKind.YES_NO: "is neither yes nor no; write one of them",
    FieldKind.CHOICE: "is none of the choices; they are: ",
}


def amount(cell: str, currency: str) -> int:
    """Read an amount of money in whole units of ``currency``, thousands apart or not; returns minor units."""
    try:
        return read_amount(_grouped(cell), currency)
    except ValueError as error:
        raise error if isinstance(error, Wrong) else Wrong(f"is {error}") from None


def items(cell: str) -> list[dict[str, Any]]:
    """Read what was bought: names with semicolons between them, each with ``x 2`` behind it where there were more."""
    found: list[dict[str, Any]] = []
    for one in filter(None, map(str.strip, re.split("[;；\n]", cell))):
        match = _TIMES.fullmatch(one)
        name, quantity = (match[1], int(match[2])) if match else (one, 1)
        # All that the REST API keeps of a thing, so that a sale told by both ways is one.
        thing = {"name": words(name, letters=_ITEM_LETTERS), "quantity": quantity, "amount_minor": None, "sku": None}
        found.append(thing)
    if len(found) > _MOST_ITEMS:
        raise Wrong(f"holds over {_MOST_ITEMS} things; keep the important ones")
    return found


def currency(cell: str) -> str:
    """Read a currency by its ISO 4217 code."""
    found = cell.upper()
    if not is_currency(found):
        raise Wrong("is no currency; write its code of three letters, such as CNY or TWD")
    return found


def custom_value(field: CustomField, cell: str) -> Any:
    """Read the value of a field that this business declared."""
    try:
        return field_value(field, cell)
    except ValueError:
        raise Wrong(_FIELD_MENDS[field.kind] + ", ".join(field.choices)) from None
