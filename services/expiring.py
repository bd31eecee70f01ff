"""Points that expire soon: each lot is noted once a threshold, in time to be used."""

from datetime import timedelta

from domain.instants import from_ms, to_ms
from services.notices import NoticeKind
from services.work import Work
from storage import care as rows
from storage.care import ExpiringLot

_AT, _LOT = "expiring.at", "expiring.lot"


async def note_expiring(work: Work, *, limit: int) -> int:
    """Look at up to ``limit`` lots that expire soon, going on where the last look ended; returns how many it noted.

    The walk goes round and round, so that a lot which comes late, by a return or a release, is found as well; a
    tick's cost does not depend on how many lots there are.
    """
    thresholds = sorted(work.rules.loyalty.notices.expiring_before)
    if not work.rules.loyalty.enabled or not thresholds:
        return 0
    began = from_ms(await rows.get_cursor(work.tx, _AT)), await rows.get_cursor(work.tx, _LOT)
    after = max(began, (work.now, 0))
    found = await rows.list_expiring_lots(
        work.tx, after=after, until=work.now + thresholds[-1], now=work.now, limit=limit
    )
    ends = (found[-1].expires_at, found[-1].id) if len(found) == limit else (from_ms(0), 0)
    await rows.set_cursor(work.tx, _AT, to_ms(ends[0]))
    await rows.set_cursor(work.tx, _LOT, ends[1])
    return await _note(work, [lot for lot in found if lot.wanted], thresholds)


async def _note(work: Work, lots: list[ExpiringLot], thresholds: list[timedelta]) -> int:
    keys = {_key(work, lot, thresholds): lot for lot in lots}
    known = await rows.list_known_keys(work.tx, list(keys)) if keys else frozenset()
    fresh = {key: lot for key, lot in keys.items() if key not in known}
    await rows.insert_notices(
        work.tx,
        [
            {
                "customer_id": lot.customer_id,
                "kind": NoticeKind.EXPIRING.value,
                "key": key,
                "data": {"lot_id": lot.id, "expires_at": lot.expires_at.isoformat()},
                "ready_at": work.now + work.rules.loyalty.notices.bundle_for,
                "stale_at": lot.expires_at,
            }
            for key, lot in fresh.items()
        ],
    )
    return len(fresh)


def _key(work: Work, lot: ExpiringLot, thresholds: list[timedelta]) -> str:
    """Return what tells this lot at its present threshold from all others; greater thresholds are behind it."""
    left = lot.expires_at - work.now
    threshold = next(threshold for threshold in thresholds if left <= threshold)
    return f"expiring:{lot.id}:{int(threshold.total_seconds())}"
