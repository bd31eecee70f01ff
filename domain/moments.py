"""Reading when something is to be done, as people write it in English and Chinese, out of a line of words; pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS_EN = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
_DAYS_ZH = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DIGITS = {**{sign: nth for nth, sign in enumerate("〇一二三四五六七八九")}, "零": 0, "两": 2, "兩": 2}
_N = r"\d{1,3}|[一二三四五六七八九两兩]?十[一二三四五六七八九]?|[一二三四五六七八九两兩]"
_HOUR = r"\d{1,2}|二十[一二三四]?|十[一二三四五六七八九]?|[零一二三四五六七八九两兩]"
_PART = "凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|今晚|早|晚"
_AFTERNOON = frozenset({"下午", "傍晚", "晚上", "今晚", "晚"})
_USUAL = {
    **dict.fromkeys(("morning", "早上", "上午", "清晨"), time(10)),
    **dict.fromkeys(("noon", "中午"), time(12)),
    **dict.fromkeys(("afternoon", "下午"), time(15)),
    **dict.fromkeys(("evening", "tonight", "傍晚", "晚上", "今晚"), time(19)),
}
_SMALL_HOUR = 6
"""Up to this hour nobody rings a customer: a bare "3点" is in the afternoon."""
_MOST_DAYS = 366


def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_SPANS = (
    _rx(r"\bin\s+(?P<n>\d{1,3}|an?|half\s+an)\s*(?P<unit>min(?:ute)?s?|hours?|h|days?|weeks?)\b"),
    _rx(
        rf"(?P<n>{_N}|半)\s*个?個?\s*(?P<unit>分钟|分鐘|小时|小時|钟头|鐘頭|天|日|周|週|星期|礼拜|禮拜)\s*(?:之?[后後]|内|內)"
    ),
)
_UNITS = (
    (("min", "分"), timedelta(minutes=1)),
    (("h", "小", "钟", "鐘"), timedelta(hours=1)),
    (("d", "天", "日"), timedelta(days=1)),
    (("w", "周", "週", "星", "礼", "禮"), timedelta(days=7)),
)
_NAMED_DAYS = (
    (_rx(r"\bday\s+after\s+tomorrow\b"), 2),
    (_rx("大[后後]天"), 3),
    (_rx("[后後]天"), 2),
    (_rx(r"\btomorrow\b|\btmrw?\b|明[天日早晚]"), 1),
    (_rx(r"\btoday\b|\btonight\b|今[天日晚]"), 0),
    (_rx(r"\bnext\s+week\b|下[个個]?(?:周|週|星期|礼拜|禮拜)(?![一二三四五六日天])"), 7),
)
_WEEKDAY_EN = _rx(
    r"\b(?P<next>next\s+)?(?P<day>mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs?|rsday)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)\b\.?"
)
_WEEKDAY_ZH = _rx("(?P<next>下[个個]?|这|這|本)?(?:周|週|星期|礼拜|禮拜)(?P<day>[一二三四五六日天])")
_DATES = (
    _rx(r"(?<!\d)(?P<year>\d{4})\s*[-./年]\s*(?P<month>\d{1,2})\s*[-./月]\s*(?P<day>\d{1,2})(?!\d)\s*[日号號]?"),
    _rx(
        r"(?P<month>\d{1,2}|十[一二]?|[一二三四五六七八九])\s*月\s*(?P<day>\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])\s*[日号號]?"
    ),
    _rx(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:\s+(?P<year>\d{{4}}))?(?![a-z\d])"),
    _rx(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?(?![\d:])"),
    _rx(r"(?<![\d-])(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])"),
    _rx(r"(?<!\d)(?P<day>\d{1,2})\s*[号號](?!\d)"),
)
_SLASHED = _rx(r"(?<!\d)(?P<a>\d{1,2})[/.](?P<b>\d{1,2})(?![\d/])")
_CLOCKS = (
    _rx(r"(?:\bat\s+|@\s*)?(?<![\d:])(?P<hour>\d{1,2})[:](?P<minute>\d{2})(?![\d:])\s*(?P<half>[ap]\.?m\b\.?)?"),
    _rx(r"(?:\bat\s+)?(?<![\d:])(?P<hour>\d{1,2})\s*(?P<half>[ap]\.?m\b\.?)"),
    _rx(
        rf"(?P<part>{_PART})?\s*(?P<hour>{_HOUR})\s*[点點时時](?P<minute>半|一刻|三刻|\d{{1,2}}(?=\s*分)|\d{{2}}(?!\d))?\s*[分整钟鐘]?"
    ),
    _rx(r"\bat\s+(?P<hour>\d{1,2})(?![\d:])(?:\s*o'?clock)?"),
)
_PART_OF_DAY = _rx(
    r"\b(?:in\s+the\s+|this\s+)?(?P<part>morning|noon|afternoon|evening|tonight)\b|(?P<zh>早上|上午|清晨|中午|下午|傍晚|晚上|今晚)"
)
_LEFT_OVER = _rx(r"^(?:\s|[,.:;，。、：；])+|(?:\s|[,:;，、：；])+$|^(?:on|by|at)\s+")


@dataclass(frozen=True, slots=True)
class When:
    """What was read: a local day and clock time, or an instant ``after`` a span; ``rest`` are the other words."""

    on: date | None = None
    at: time | None = None
    after: timedelta | None = None
    rest: str = ""

    @property
    def clear(self) -> bool:
        """Whether it says any time at all."""
        return self.on is not None or self.at is not None or self.after is not None


def read_when(text: str, *, now: datetime) -> When:
    """Read a moment such as ``Fri 15:00``, ``tomorrow 3pm``, ``in 2 hours``, ``周五15点``, ``明天下午三点半``.

    ``now`` is local. What may be two days (``3/4``) is not guessed at; a day of the year that has passed is next
    year's. Whatever else the line says comes back in ``rest``.
    """
    words = unicodedata.normalize("NFKC", text)
    for pattern in _SPANS:
        if (match := pattern.search(words)) and (after := _span(match)) is not None:
            whole = after >= timedelta(days=1)
            clock, rest = _clock(_without(words, match))
            if whole:
                return When((now + after).date(), clock, None, _tidy(rest))
            return When(None, None, after, _tidy(_without(words, match)))
    clock_first, without_clock = _clock(words)
    on, rest = _day(without_clock, now, clock_first)
    return When(on, clock_first, None, _tidy(rest))


def _without(words: str, match: re.Match[str]) -> str:
    return f"{words[: match.start()]} {words[match.end() :]}"


def _tidy(words: str) -> str:
    line = " ".join(words.split())
    while (shorter := _LEFT_OVER.sub("", line)) != line:
        line = shorter
    return line


def _number(signs: str) -> int:
    if signs.isdigit():
        return int(signs)
    tens, ten, ones = signs.rpartition("十")
    if not ten:
        return _DIGITS.get(signs, 0)
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + _DIGITS.get(ones, 0)


def _span(match: re.Match[str]) -> timedelta | None:
    n, unit = match["n"].lower(), match["unit"].lower()
    one = next(length for starts, length in _UNITS if unit.startswith(starts))
    if n.startswith("half") or n == "半":
        return one / 2
    span = one * (1 if n in ("a", "an") else _number(n))
    return span if timedelta() < span <= timedelta(days=_MOST_DAYS) else None


def _day(words: str, now: datetime, clock: time | None) -> tuple[date | None, str]:
    """Return the day a line names, and the line without it."""
    today = now.date()
    for pattern in _DATES:
        for match in pattern.finditer(words):
            if (on := _date(match, today)) is not None:
                return on, _without(words, match)
    for named, days in _NAMED_DAYS:
        if found := named.search(words):
            return today + timedelta(days=days), _without(words, found)
    for weekly, numbers, letters in ((_WEEKDAY_EN, _DAYS_EN, 3), (_WEEKDAY_ZH, _DAYS_ZH, 1)):
        if found := weekly.search(words):
            day = numbers[found["day"].lower()[:letters]]
            return _weekday(day, (found["next"] or "").strip().lower(), now, clock), _without(words, found)
    if (found := _SLASHED.search(words)) and (on := _slashed(found, today)) is not None:
        return on, _without(words, found)
    return None, words


def _date(match: re.Match[str], today: date) -> date | None:
    groups = match.groupdict()
    day, month_word, year = _number(match["day"]), groups.get("month"), groups.get("year")
    if month_word is None:
        return _day_of_month(day, today)
    short = month_word[:3].lower()
    month = _MONTHS.index(short) + 1 if short in _MONTHS else _number(month_word)
    return _this_or_next(month, day, today) if year is None else _valid(int(year), month, day)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _this_or_next(month: int, day: int, today: date) -> date | None:
    found = [on for year in (today.year, today.year + 1) if (on := _valid(year, month, day)) is not None]
    return next((on for on in found if on >= today), None)


def _day_of_month(day: int, today: date) -> date | None:
    """Return the next such day of a month, this one's or the next that has it."""
    year, month = today.year, today.month
    for _ in range(3):
        on = _valid(year, month, day)
        if on is not None and on >= today:
            return on
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _slashed(match: re.Match[str], today: date) -> date | None:
    """Return the day of two numbers when it can be one only."""
    a, b = int(match["a"]), int(match["b"])
    days = {on for month, day in ((a, b), (b, a)) if (on := _this_or_next(month, day, today)) is not None}
    return days.pop() if len(days) == 1 else None


def _weekday(day: int, which: str, now: datetime, clock: time | None) -> date:
    monday = now.date() - timedelta(days=now.weekday())
    if which.startswith(("next", "下")):
        return monday + timedelta(days=7 + day)
    on = monday + timedelta(days=day)
    passed = on < now.date() or (on == now.date() and clock is not None and clock <= now.time())
    return on + timedelta(days=7) if passed else on


def _clock(words: str) -> tuple[time | None, str]:
    """Return the clock time a line names, and the line without it; a part of the day stands for its usual hour."""
    for pattern in _CLOCKS:
        for match in pattern.finditer(words):
            if (at := _time(match)) is not None:
                return at, _without(words, match)
    if found := _PART_OF_DAY.search(words):
        word = (found["part"] or found["zh"]).lower()
        keeps_day = word in ("tonight", "今晚")
        return _USUAL[word], words if keeps_day else _without(words, found)
    return None, words


def _time(match: re.Match[str]) -> time | None:
    groups = match.groupdict()
    hour, minute = _number(match["hour"]), _minute(groups.get("minute"))
    half, part = (groups.get("half") or "").lower(), groups.get("part")
    spoken = "half" not in groups
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    elif part in _AFTERNOON or (part == "中午" and hour < 11):
        hour += 12 if hour < 12 else 0
    elif spoken and part is None and 1 <= hour <= _SMALL_HOUR:
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _minute(word: str | None) -> int:
    named = {None: 0, "": 0, "半": 30, "一刻": 15, "三刻": 45}
    return named[word] if word in named else int(word or 0)


def instant_of(when: When, *, now: datetime, zone: ZoneInfo, usual: time) -> datetime | None:
    """Return the instant meant, in UTC: without a clock time the ``usual`` one, without a day the next such time.

    ``None`` when nothing was said of time. What is meant may have passed.
    """
    if when.after is not None:
        return now + when.after
    if not when.clear:
        return None
    local = now.astimezone(zone)
    on, at = when.on or local.date(), when.at or usual
    due = datetime.combine(on, at, zone)
    if when.on is None and due <= local:
        due = datetime.combine(on + timedelta(days=1), at, zone)
    return due.astimezone(UTC)
