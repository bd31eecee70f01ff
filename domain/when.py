"""Reading until when something shall last, as staff write it in English and Chinese; pure."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.instants import local_instant

MORNING = time(9)
"""The time of a day that is named without one."""
_SPAN = re.compile(
    r"(?:in\s+)?(?P<count>\d{1,4})\s*(?:"
    r"(?P<minutes>m(?:in(?:ute)?s?)?\b|分[钟鐘]?)|(?P<hours>h(?:ours?|rs?)?\b|[个個]?小[时時])"
    r"|(?P<days>d(?:ays?)?\b|[天日])|(?P<weeks>w(?:eeks?)?\b|[周週]|[个個]?星期))(?:[后後])?"
)
_ISO = re.compile(r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})(?!\d)[日号號]?")
_SHORT = re.compile(r"(?P<month>\d{1,2})[-/月](?P<day>\d{1,2})(?!\d)[日号號]?")
_CLOCK = re.compile(
    r"(?:at\s+)?(?P<hour>\d{1,2})"
    r"(?:(?::(?P<minute>\d{2}))?\s*(?P<half>[ap])m\b|:(?P<sharp>\d{2})(?!\d)|[点點时時](?P<zh>\d{1,2})?分?(?!\d))"
)
_YEARS = range(2000, 9999)
_DAYS = {"today": 0, "今天": 0, "今日": 0, "tomorrow": 1, "明天": 1, "明日": 1, "后天": 2, "後天": 2}
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ZH_NAMES = "一二三四五六日"
_NAMED_DAY = re.compile(
    r"(?:on\s+|next\s+)?(?P<name>[a-z]{3,9})\b|下?(?:[周週]|星期|[礼禮]拜)(?P<zh>[一二三四五六日天])"
)
_RELATIVE = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))


def read_when(text: str, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, str] | None:
    """Return the instant named at the head of ``text`` and the words behind it; ``None`` when none is named.

    A span ("2h", "3 days", "2小时"), a day ("tomorrow", "Friday", "2026-12-24", "12月24日") with or without a time of
    day, or a time alone ("17:30": the next time the clocks show it). All local to ``zone``, returned in UTC. It may lie
    in the past, when a full date says so.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().lstrip()
    if len(folded) != len(text.lstrip()):  # an unusual letter that folds to several: its rest could not be cut off
        folded = text.lstrip().lower()
    found = _read_span(folded, now, zone) or _read_day(folded, now, zone) or _read_clock(folded, now, zone)
    if found is None:
        return None
    at, end = found
    return at, text.lstrip()[end:].strip(" ,，;；:：-–—")


def _read_span(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, int] | None:
    found = _SPAN.match(text)
    if found is None:
        return None
    count = int(found["count"])
    if found["minutes"] or found["hours"]:
        return now + (timedelta(minutes=count) if found["minutes"] else timedelta(hours=count)), found.end()
    wall = now.astimezone(zone).replace(tzinfo=None) + timedelta(days=count * (7 if found["weeks"] else 1))
    return local_instant(wall, zone), found.end()


def _read_day(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, int] | None:
    today = now.astimezone(zone).date()
    found = _day_in(text, today)
    if found is None:
        return None
    day, end = found
    rest = text[end:]
    clock = _CLOCK.match(rest.lstrip(" ,，"))
    at = _time_in(clock)
    if clock is None or at is None:
        return None if day == today else (local_instant(datetime.combine(day, MORNING), zone), end)
    end += len(rest) - len(rest.lstrip(" ,，")) + clock.end()
    return local_instant(datetime.combine(day, at), zone), end


def _day_in(text: str, today: date) -> tuple[date, int] | None:
    """Return the day at the head of ``text`` and where it ends; a day without its year is the next such one."""
    if found := _RELATIVE.match(text):
        return today + timedelta(days=_DAYS[found[0]]), found.end()
    if found := _ISO.match(text):
        day = _date(int(found["year"]), int(found["month"]), int(found["day"]))
        return (day, found.end()) if day else None
    if found := _SHORT.match(text):
        years = (today.year + nth for nth in range(9))
        days = (_date(year, int(found["month"]), int(found["day"])) for year in years)
        day = next((each for each in days if each is not None and each >= today), None)
        return (day, found.end()) if day else None
    if found := _NAMED_DAY.match(text):
        weekday = _weekday(found)
        if weekday is not None:
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1), found.end()
    return None


def _weekday(found: re.Match[str]) -> int | None:
    if found["zh"]:
        return _ZH_NAMES.index(found["zh"].replace("天", "日"))
    return next((nth for nth, name in enumerate(_NAMES) if name.startswith(found["name"])), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _read_clock(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, int] | None:
    clock = _CLOCK.match(text)
    at = _time_in(clock)
    if clock is None or at is None:
        return None
    today = now.astimezone(zone).date()
    instants = (local_instant(datetime.combine(today + timedelta(days=nth), at), zone) for nth in range(3))
    return next(instant for instant in instants if instant > now), clock.end()


def _time_in(clock: re.Match[str] | None) -> time | None:
    if clock is None:
        return None
    hour, minute = int(clock["hour"]), int(clock["minute"] or clock["sharp"] or clock["zh"] or 0)
    if clock["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["half"] == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
