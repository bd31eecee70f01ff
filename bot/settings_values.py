"""How values are written in the configuration: lengths of time, clock times, zones, addresses."""

import difflib
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from holidays.utils import list_supported_countries
from pydantic import BeforeValidator

from domain.languages import LANGUAGES
from domain.money import EXPONENTS, is_currency
from domain.phones import is_region

_LENGTH = re.compile(r"(\d{1,6}) ?([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_TOKEN = re.compile(r"[1-9]\d{0,18}:[A-Za-z0-9_-]{3,}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_THOUSANDTHS = re.compile(r"\d{1,6}(?:\.\d{1,3}0*)?", re.ASCII)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CITIES = {"beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "guangzhou": "Asia/Shanghai"}


def nearest(word: str, among: Sequence[str]) -> str | None:
    """Return which of ``among`` was probably meant by ``word``."""
    lowered = {name.lower(): name for name in among}
    found = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def hint(word: str, among: Sequence[str]) -> str:
    """Return ``; did you mean …?`` or nothing."""
    meant = nearest(word, among)
    return f"; did you mean {meant}?" if meant else ""


def parse_length(value: Any) -> timedelta:
    """Return the length of time written as ``90s``, ``5m``, ``4h`` or ``7d``. Raises ``ValueError``."""
    if isinstance(value, timedelta):
        return value
    match = _LENGTH.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a length of time; write it with its unit, in quotes: "90s", "5m", "4h" or "7d"')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def parse_some_length(value: Any) -> timedelta:
    """Return a length of time longer than nothing. Raises ``ValueError``."""
    length = parse_length(value)
    if not length:
        raise ValueError("must be longer than nothing")
    return length


def parse_period(value: Any) -> timedelta | None:
    """Return a length of time, ``None`` for ``never``. Raises ``ValueError``."""
    if value is None or (isinstance(value, str) and value.strip().lower() == "never"):
        return None
    try:
        return parse_some_length(value)
    except ValueError as error:
        raise ValueError(f'{error}; "never" keeps for good') from None


def parse_clock(value: Any) -> time:
    """Return the wall-clock time written as ``21:00``. Raises ``ValueError``."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a time of day; write hours and minutes in quotes: "09:00" or "21:30"')
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def parse_zone(value: Any) -> ZoneInfo:
    """Return the zone with this IANA name. Raises ``ValueError`` with the nearest name there is."""
    if isinstance(value, ZoneInfo):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a time zone's name in quotes, such as Asia/Shanghai or Europe/London")
    try:
        return ZoneInfo(value.strip())
    except (LookupError, ValueError, OSError):
        meant = nearest_zone(value)
        mend = f"did you mean {meant}?" if meant else "write a name such as Asia/Shanghai or Europe/London"
        raise ValueError(f"unknown time zone {shown(value)}; {mend}") from None


def nearest_zone(word: str) -> str | None:
    """Return the IANA zone that ``word`` probably means."""
    wanted = word.strip().replace(" ", "_")
    city = wanted.rsplit("/", 1)[-1].lower()
    if city in _CITIES:
        return _CITIES[city]
    names = sorted(available_timezones())
    cities = {name.rsplit("/", 1)[-1].lower(): name for name in names}
    return cities.get(city) or nearest(wanted, names)


def parse_language(value: Any) -> str:
    """Return a language carebot speaks. Raises ``ValueError``."""
    wanted = value.strip().replace("-", "_") if isinstance(value, str) else ""
    for language in LANGUAGES:
        if wanted.lower() == language.lower():
            return language
    raise ValueError(f"unknown language {shown(value)}; choose among {', '.join(LANGUAGES)}")


def parse_list(value: Any) -> Any:
    """Return the parts of a comma-separated text (from the environment); anything else as it is."""
    return (
        [part.strip() for part in value.strip("[] ").replace('"', "").split(",")] if isinstance(value, str) else value
    )


def parse_name(value: Any) -> str:
    """Return the name of a thing, as the database and expressions know it. Raises ``ValueError``."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no name; begin with a small letter, then up to 31 of a-z, 0-9 and _")


def parse_words(value: Any) -> dict[str, str]:
    """Return a text by language. Raises ``ValueError``."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('must be a text for each language, such as { en = "Gold", zh_CN = "金卡" }')
    words = {parse_language(language): text.strip() for language, text in value.items()}
    if len(words) < len(value):
        raise ValueError("names a language twice; keep one of them")
    return words


def parse_day(value: Any) -> date:
    """Return the date written as ``2026-12-24``, with or without quotes. Raises ``ValueError``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and len(value.strip()) == len("2026-12-24"):
            return date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"there is no day {shown(value)}; write year-month-day, such as 2026-12-24") from None
    raise ValueError("not a day; write year-month-day, such as 2026-12-24")


def parse_weekday(value: Any) -> int:
    """Return the ISO number of a day of the week written as ``mon``. Raises ``ValueError``."""
    if value in range(1, 8) and not isinstance(value, bool):
        return int(value)
    named = value.strip().lower()[:3] if isinstance(value, str) else ""
    if named not in _WEEKDAYS:
        raise ValueError(f"not a day of the week; choose among {', '.join(_WEEKDAYS)}")
    return _WEEKDAYS.index(named) + 1


def parse_thousandths(value: Any) -> Decimal:
    """Return a number that is not negative and has at most three digits after the point. Raises ``ValueError``."""
    written = str(value).strip() if isinstance(value, (int, float, str, Decimal)) else ""
    if isinstance(value, bool) or not _THOUSANDTHS.fullmatch(written):
        raise ValueError("must be a number from 0 to 999999 with at most three digits after the point, such as 1.5")
    return Decimal(written)


def parse_currency(value: Any) -> str:
    """Return a currency's ISO 4217 code. Raises ``ValueError``."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if is_currency(code):
        return code
    meant = _COLLOQUIAL.get(code) or nearest(code, sorted(EXPONENTS))
    mend = f"did you mean {meant}?" if meant else "write its three letters by ISO 4217, such as CNY, TWD or EUR"
    raise ValueError(f"unknown currency {shown(value)}; {mend}")


_COLLOQUIAL = {
    "RMB": "CNY",
    "NT": "TWD",
    "NTD": "TWD",
    "NT$": "TWD",
    "YUAN": "CNY",
    "HK$": "HKD",
    "$": "USD",
    "¥": "CNY",
}


def parse_region(value: Any) -> str:
    """Return the ISO 3166 code of a region whose telephone numbers are known. Raises ``ValueError``."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if not is_region(code):
        raise ValueError(f"unknown region {shown(value)}; write its two letters by ISO 3166, such as CN, TW or GB")
    return code


def parse_code(value: Any) -> str:
    """Return a code that may stand in a deep link. Raises ``ValueError``."""
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} cannot stand in a link; use 1 to 32 letters, digits, _ or -")


def parse_secret_token(value: Any) -> str:
    """Return a webhook secret as Telegram wants it. Raises ``ValueError`` without repeating it."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
        return value
    raise ValueError("must be 1 to 256 letters, digits, _ or -")


def is_token(token: str) -> bool:
    """Return whether ``token`` has the form of a bot token."""
    return _TOKEN.fullmatch(token) is not None


def parse_server(value: Any) -> str:
    """Return the root of an HTTP server, without a slash at its end. Raises ``ValueError``."""
    parts = _parts(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be the root of a server, such as https://api.telegram.org")
    return str(value).strip().rstrip("/")


def parse_public_url(value: Any) -> str:
    """Return an address Telegram can reach by HTTPS; plain HTTP is for this machine alone. Raises ``ValueError``."""
    parts = _parts(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address Telegram reaches this bot at, such as https://bot.example.com")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("Telegram calls HTTPS addresses only; write https://… and put a certificate in front")
    return str(value).strip().rstrip("/")


def parse_api_url(value: Any) -> str:
    """Return the address at which other systems reach the REST API. Raises ``ValueError``."""
    parts = _parts(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be the address other systems reach the API at, such as https://api.example.com")
    return str(value).strip().rstrip("/")


def _parts(value: Any) -> Any:
    try:
        parts = urlsplit(value.strip()) if isinstance(value, str) else None
        _ = parts and parts.port  # reading it checks it
    except ValueError:
        return None
    return parts


def parse_database_url(value: Any) -> str:
    """Return the URL of a SQLite file or a PostgreSQL database. Raises ``ValueError`` without repeating it."""
    url = value.strip() if isinstance(value, str) else ""
    if url.startswith("sqlite+aiosqlite:///") and not url.endswith(("///", ":memory:")):
        return url
    if url.startswith("postgresql+asyncpg://"):
        return url
    mend = "write sqlite+aiosqlite:///carebot.db or postgresql+asyncpg://user:password@host/database"
    raise ValueError(f"not a database carebot knows; {mend}")


def shown(value: Any) -> str:
    """Return a value as it may stand in a line: quoted, printable, short."""
    text = str(value) if not isinstance(value, str) else value
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


Length = Annotated[timedelta, BeforeValidator(parse_some_length)]
Period = Annotated[timedelta | None, BeforeValidator(parse_period)]
Clock = Annotated[time, BeforeValidator(parse_clock)]
Language = Annotated[str, BeforeValidator(parse_language)]
Code = Annotated[str, BeforeValidator(parse_code)]
Span = Annotated[timedelta, BeforeValidator(parse_length)]
Name = Annotated[str, BeforeValidator(parse_name)]
Words = Annotated[dict[str, str], BeforeValidator(parse_words)]
Day = Annotated[date, BeforeValidator(parse_day)]
Weekday = Annotated[int, BeforeValidator(parse_weekday)]
Thousandths = Annotated[Decimal, BeforeValidator(parse_thousandths)]
Currency = Annotated[str, BeforeValidator(parse_currency)]
Region = Annotated[str, BeforeValidator(parse_region)]


def parse_spans(value: Any) -> tuple[tuple[time, time], ...]:
    """Return the intervals of one day written as ``["09:00-12:00", "13:30-18:00"]``. Raises ``ValueError``."""
    if isinstance(value, str):
        value = parse_list(value)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise ValueError('must be a list of hours such as ["09:00-12:00", "13:30-18:00"]; [] is a day off')
    spans = tuple(_parse_span(each) for each in value if each.strip())
    for (_, ends), (starts, _) in pairwise(spans):
        if ends == time(0) or starts < ends:
            raise ValueError(f"{starts:%H:%M} begins before {ends:%H:%M} has ended; write the hours in their order")
    return spans


def _parse_span(written: str) -> tuple[time, time]:
    start, dash, end = written.partition("-")
    if not dash:
        raise ValueError(f"{shown(written)} is no span of hours; write it from-to, such as 09:00-18:00")
    starts = parse_clock(start)
    ends = time(0) if end.strip() == "24:00" else parse_clock(end)
    if ends != time(0) and ends <= starts:
        raise ValueError(f"{shown(written)} ends before it begins; write hours past midnight on the next day")
    return starts, ends


def parse_optional_clock(value: Any) -> time | None:
    """Return a time of day, ``None`` for ``never``. Raises ``ValueError``."""
    if value is None or (isinstance(value, str) and value.strip().lower() == "never"):
        return None
    try:
        return parse_clock(value)
    except ValueError as error:
        raise ValueError(f'{error}; "never" switches it off') from None


def parse_holiday_region(value: Any) -> str:
    """Return a region whose public holidays are known, such as ``CN`` or ``GB-ENG``. Raises ``ValueError``."""
    code = value.strip().upper() if isinstance(value, str) else "?"
    country, _, part = code.partition("-")
    known = list_supported_countries()
    if code and country not in known:
        raise ValueError(f"no public holidays are known of {shown(value)}; write CN, TW, HK, GB-ENG and the like")
    if part and part not in known[country]:
        mend = f"its parts are {', '.join(known[country])}" if known[country] else "it has no parts"
        raise ValueError(f"{country} has no part {part}; {mend}"[:200])
    return code


Spans = Annotated[tuple[tuple[time, time], ...], BeforeValidator(parse_spans)]
OptionalClock = Annotated[time | None, BeforeValidator(parse_optional_clock)]
HolidayRegion = Annotated[str, BeforeValidator(parse_holiday_region)]


def parse_proxy(value: str) -> str:
    """Return an HTTP proxy's URL. Raises ``ValueError``, which never repeats it: it may hold a password."""
    parts = _parts(value)
    if parts is None or parts.scheme != "http" or not parts.hostname:
        raise ValueError("not an HTTP proxy; write http://host:port, or http://name:password@host:port")
    return value


Server = Annotated[str, BeforeValidator(parse_server)]
ApiUrl = Annotated[str, BeforeValidator(parse_api_url)]
PublicUrl = Annotated[str, BeforeValidator(parse_public_url)]
DatabaseUrl = Annotated[str, BeforeValidator(parse_database_url)]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone)]
