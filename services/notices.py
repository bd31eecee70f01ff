"""Notices about points: noted when something happens, bundled, and told when the person may be written to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from services.work import Work
from storage import care as rows


class NoticeKind(StrEnum):
    """What a notice is about."""

    EARNED = "earned"
    EXPIRING = "expiring"
    TIER_UP = "tier_up"
    TIER_DOWN = "tier_down"
    TIER_REVIEW = "tier_review"
    STATEMENT = "statement"


async def note(
    work: Work,
    customer_id: int,
    kind: NoticeKind,
    *,
    key: str,
    data: dict[str, Any],
    ready_at: datetime | None = None,
    stale_at: datetime | None = None,
) -> None:
    """Let a customer be told of something, not before ``ready_at`` and not after ``stale_at``; once a ``key``.

    What falls together within the bundling time of the rules goes out in one message.
    """
    rules = work.rules.loyalty.notices
    ready_at = (ready_at or work.now) + rules.bundle_for
    stale_at = stale_at or ready_at + rules.stale_after
    row = {"customer_id": customer_id, "kind": kind.value, "key": key, "data": data}
    await rows.insert_notices(work.tx, [{**row, "ready_at": ready_at, "stale_at": stale_at}])
