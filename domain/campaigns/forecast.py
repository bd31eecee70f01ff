"""When a campaign will be through: who is still due when, how fast they go, who sleeps by then, what holds them up."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import QuietHours, next_send_at, quiet_spans

_LOOK_AHEAD = timedelta(hours=36)
"""No day is longer, whatever the clocks do."""
_MOST_STEPS = 20_000
"""So many pieces are looked at before the end is taken to be unknown: far more than any real campaign has."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """``count`` people who are due at ``at`` (UTC) and sleep by the clock of ``zone``."""

    at: datetime
    zone: ZoneInfo
    count: int


def finish_at(
    waiting: Sequence[Waiting], *, now: datetime, rate_per_s: float, quiet: QuietHours, paused_until: datetime | None
) -> datetime | None:
    """Return when the last of them will have gone at ``rate_per_s`` messages a second; ``None`` when nobody waits.

    Nothing goes before ``paused_until``. Whose turn comes in their quiet hours goes when those end. A heap of pieces of
    the queue is played through, so that it takes a moment whatever the numbers. Raises ``ValueError`` for a rate that
    is not above 0.
    """
    if rate_per_s <= 0:
        raise ValueError("nothing ever ends at no rate at all")
    start = max(now, paused_until) if paused_until is not None else now
    heap = [(max(one.at, start), nth, one.count, one.zone) for nth, one in enumerate(waiting) if one.count > 0]
    heapq.heapify(heap)
    free_at, ends_at, nth = start, None, len(waiting)
    for _ in range(_MOST_STEPS):
        if not heap:
            return ends_at
        ready_at, _, count, zone = heapq.heappop(heap)
        begins_at = max(ready_at, free_at)
        nth += 1
        awake_at = next_send_at(begins_at, quiet, zone)
        if awake_at > begins_at:
            heapq.heappush(heap, (awake_at, nth, count, zone))
            continue
        going = min(count, _until_quiet(begins_at, quiet, zone, count, rate_per_s))
        free_at = begins_at + timedelta(seconds=going / rate_per_s)
        ends_at = free_at if ends_at is None else max(ends_at, free_at)
        if going < count:
            heapq.heappush(heap, (free_at, nth, count - going, zone))
    return None


def _until_quiet(at: datetime, quiet: QuietHours, zone: ZoneInfo, count: int, rate_per_s: float) -> int:
    """Return how many of ``count`` go before their quiet hours begin, at least one."""
    span = timedelta(seconds=count / rate_per_s)
    nights = quiet_spans(at, at + min(span, _LOOK_AHEAD), quiet, zone)
    left = nights[0][0] - at if nights else span
    return count if left >= span else max(1, int(left.total_seconds() * rate_per_s))
