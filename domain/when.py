"""Reading until when something shall last, as staff write it: a short span ahead of the words, or a moment; pure."""

import re
import unicodedata
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.instants import local_instant
from domain.moments import instant_of, read_when

MORNING = time(9)
"""The time of a day that is named without one."""
_SPAN = re.compile(
    r"(?:for\s+)?(?P<count>\d{1,4})\s*(?:"
    r"(?P<minutes>m(?:in(?:ute)?s?)?\b|分[钟鐘]?)|(?P<hours>h(?:ours?|rs?)?\b|[个個]?小[时時])"
    r"|(?P<days>d(?:ays?)?\b|[天日](?!\d))|(?P<weeks>w(?:eeks?)?\b|[周週]|[个個]?星期))(?:[后後])?",
    re.IGNORECASE,
)


def read_until(text: str, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, str] | None:
    """Return the instant named in ``text`` and the other words; ``None`` when none is named.

    A span ahead of the words ("2h", "3 days", "2小时") counts from ``now``, whole days on the wall clock of ``zone``;
    all else is read as ``domain.moments`` does. In UTC; it may lie in the past, when a full date says so.
    """
    words = unicodedata.normalize("NFKC", text).strip()
    found = _SPAN.match(words)
    if found is not None:
        return _after(found, now, zone), words[found.end() :].strip(" ,，;；:：.。-–—")
    local = now.astimezone(zone)
    try:
        when = read_when(words, now=local.replace(tzinfo=None))
        at = instant_of(when, now=now, zone=zone, usual=MORNING)
    except OverflowError:  # the last days of the year 9999
        return None
    return (at, when.rest) if at is not None else None


def _after(found: re.Match[str], now: datetime, zone: ZoneInfo) -> datetime:
    count = int(found["count"])
    if found["minutes"] or found["hours"]:
        return now + (timedelta(minutes=count) if found["minutes"] else timedelta(hours=count))
    wall = now.astimezone(zone).replace(tzinfo=None) + timedelta(days=count * (7 if found["weeks"] else 1))
    return local_instant(wall, zone)
