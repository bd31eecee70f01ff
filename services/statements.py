"""The monthly statement: who gets one and when, and what stands in it."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.instants import local_instant, zone_named
from domain.points import EntryKind
from services.notices import NoticeKind
from services.work import Work
from storage import care as rows
from storage.care import Movement
from texts.days import number_in_words
from texts.months import month_in_words

MONTHS = 6
"""So many months stand on the picture."""
_EARLIEST, _LATEST = ZoneInfo("Etc/GMT-14"), ZoneInfo("Etc/GMT+12")
_SPREAD = timedelta(hours=15)
"""No zone's month begins further than this from the business's reckoning in UTC."""
_DONE = -1


@dataclass(frozen=True, slots=True)
class Month:
    """What came and went in one local month."""

    first_on: date
    earned: int = 0
    used: int = 0
    expired: int = 0


def _months_before(first_on: date, count: int) -> date:
    index = first_on.year * 12 + first_on.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _starts_at(first_on: date, zone: ZoneInfo) -> datetime:
    return local_instant(datetime(first_on.year, first_on.month, 1), zone)  # noqa: DTZ001  # a wall-clock time


async def plan_statements(work: Work, *, limit: int) -> int:
    """Note a statement for everyone on whose account something happened last month; returns how many it looked at.

    The customers are walked twice: when the day begins on earth, and when it has come everywhere, since for those in
    the west the month was not over the first time.
    """
    notices = work.rules.loyalty.notices
    if not work.rules.loyalty.enabled or notices.statement_day is None:
        return 0
    this = work.now.date().replace(day=1)
    for begins_on in (_months_before(this, 1), this, _months_before(this, -1)):
        for nth, zone in enumerate((_EARLIEST, _LATEST), start=1):
            ready_at = _ready_at(work, begins_on, zone)
            if ready_at <= work.now <= _ready_at(work, begins_on, _LATEST) + notices.stale_after:
                looked_at = await _walk(work, begins_on, nth, limit=limit)
                if looked_at:
                    return looked_at
    return 0


def _ready_at(work: Work, begins_on: date, zone: ZoneInfo) -> datetime:
    """Return when a statement is due in the month that begins on ``begins_on``; a day it has not is its last."""
    notices = work.rules.loyalty.notices
    day = min(notices.statement_day or 1, monthrange(begins_on.year, begins_on.month)[1])
    return local_instant(datetime.combine(begins_on.replace(day=day), notices.statement_at), zone)


async def _walk(work: Work, begins_on: date, nth: int, *, limit: int) -> int:
    told_on = _months_before(begins_on, 1)
    name = f"statement:{told_on:%Y-%m}:{nth}"
    after_id = await rows.get_cursor(work.tx, name)
    if after_id == _DONE:
        return 0
    utc = ZoneInfo("UTC")
    found = await rows.list_readers(
        work.tx,
        after_id=after_id,
        since=_starts_at(told_on, utc) - _SPREAD,
        until=_starts_at(begins_on, utc) + _SPREAD,
        now=work.now,
        limit=limit,
    )
    await rows.insert_notices(work.tx, [_notice(work, reader, begins_on) for reader in found if reader.moved])
    await rows.set_cursor(work.tx, name, found[-1].customer_id if len(found) == limit else _DONE)
    return len(found)


def _notice(work: Work, reader: rows.Reader, begins_on: date) -> dict[str, Any]:
    ready_at = _ready_at(work, begins_on, zone_named(reader.zone, work.rules.zone))
    month = f"{_months_before(begins_on, 1):%Y-%m}"
    return {
        "customer_id": reader.customer_id,
        "kind": NoticeKind.STATEMENT.value,
        "key": f"statement:{reader.customer_id}:{month}",
        "data": {"month": month},
        "ready_at": ready_at,
        "stale_at": ready_at + work.rules.loyalty.notices.stale_after,
    }


async def reckon(work: Work, customer_id: int, month: str, zone: ZoneInfo) -> tuple[Month, ...]:
    """Return the local months until ``month`` (such as ``2026-10``), the last one that; none when nothing happened
    in it.
    """
    last = date.fromisoformat(f"{month}-01")
    firsts = [_months_before(last, count) for count in reversed(range(MONTHS))]
    until = _starts_at(_months_before(last, -1), zone)
    moved = await rows.list_movements(work.tx, customer_id, since=_starts_at(firsts[0], zone), until=until)
    by_month: dict[date, list[Movement]] = {first: [] for first in firsts}
    for movement in moved:
        by_month[movement.at.astimezone(zone).date().replace(day=1)].append(movement)
    return tuple(_sum(first, by_month[first]) for first in firsts) if by_month[last] else ()


def _sum(first_on: date, moved: list[Movement]) -> Month:
    """Return the sums of a month. What was returned or taken back lessens what it was of, not below nothing."""
    earned = used = expired = 0
    for movement in moved:
        kind = movement.of if movement.kind is EntryKind.RETURN and movement.of else movement.kind
        if kind in (EntryKind.EXPIRE, EntryKind.FORFEIT):
            expired -= movement.points
        elif kind is EntryKind.SPEND or (kind is EntryKind.ADJUST and movement.points < 0):
            used -= movement.points
        else:
            earned += movement.points
    return Month(first_on, max(0, earned), max(0, used), max(0, expired))


def recipe(work: Work, months: tuple[Month, ...], *, balance: int, language: str) -> dict[str, Any]:
    """Return what the picture of a statement is drawn from: every word on it, and the numbers."""
    texts = work.texts
    series = [
        ("earned", [month.earned for month in months]),
        ("used", [month.used for month in months]),
        ("expired", [month.expired for month in months]),
    ]
    return {
        "title": texts.button("notices.chart.title", language),
        "balance_label": texts.button("notices.chart.balance", language),
        "balance": number_in_words(balance, language),
        "months": [month_in_words(month.first_on, language, short=True) for month in months],
        "series": [
            {"label": texts.button(f"notices.chart.{name}", language), "values": values}
            for name, values in series
            if name != "expired" or any(values)
        ],
    }
