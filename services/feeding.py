"""What becomes of a planned delivery that may not go out now: it is asked about again, or skipped with the reason."""

from datetime import datetime, timedelta

from domain.contact import FOR_GOOD, Hold, Verdict
from services.work import Work
from storage import deliveries as delivery_rows
from storage.deliveries import Delivery

LATE = "late"
LOOK_AGAIN = timedelta(hours=1)
"""How often what only an event ends is asked about again, such as a case that is still open."""


def may_go(work: Work, delivery: Delivery, verdict: Verdict) -> bool:
    """Return whether a delivery that is still wanted may go out now."""
    return verdict.allowed and work.now <= delivery.late_after_at


def skip(work: Work, delivery: Delivery, why: str) -> None:
    """Record that a delivery does not go out, and why."""
    delivery_rows.set_delivery_state(work.tx, delivery.id, state="skipped", reason=why, now=work.now)


def hold_or_skip(work: Work, delivery: Delivery, verdict: Verdict, *, look_again: timedelta = LOOK_AGAIN) -> None:
    """Let a delivery wait until it may go out, or skip it when it would be late by then."""
    again_at = again_when(work, delivery, verdict, look_again=look_again)
    if again_at is not None:
        delivery_rows.postpone_delivery(work.tx, delivery.id, due_at=again_at)
    else:
        skip(work, delivery, reason(verdict))


def again_when(work: Work, delivery: Delivery, verdict: Verdict, *, look_again: timedelta) -> datetime | None:
    """Return when to ask again about a delivery held back, ``None`` when it never may go or would be late by then."""
    if verdict.why is None or verdict.why in FOR_GOOD or work.now >= delivery.late_after_at:
        return None
    if verdict.until is None:
        return min(work.now + look_again, delivery.late_after_at)
    return verdict.until if verdict.until <= delivery.late_after_at else None


def reason(verdict: Verdict) -> str:
    """Return why a delivery is skipped that was held back until it was late; the night is not the person's reason."""
    return LATE if verdict.why in (None, Hold.QUIET_HOURS) else str(verdict.why)
