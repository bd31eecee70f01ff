"""Tiers: reckoned at every purchase, kept for a time, then reviewed; every change is told, audited and kept."""

from collections.abc import Sequence

from domain import tiers as rules
from domain.instants import from_ms, to_ms
from domain.people import SYSTEM, Actor
from domain.tiers import TierChange, TierProgress, Verdict
from services import notices, points, webhooks
from services.notices import NoticeKind
from services.work import Work
from storage import tiers as rows
from storage.audit import add_audit
from storage.care import get_cursor, set_cursor
from storage.tiers import Reviewed, Standing

__all__ = (
    "TierChange",
    "TierProgress",
    "progress_of",
    "reckon_tier",
    "reckon_tiers",
    "review_tiers",
    "warn_of_reviews",
)

_AT, _WHO = "reviews.at", "reviews.who"
_ANYBODY = 2**62
"""Behind every customer: a review that is due at the very moment needs no warning."""


async def progress_of(work: Work, customer_id: int) -> TierProgress:
    """Return a customer's tier and the way to the next one; nobody's is that of everybody."""
    tiering = work.rules.loyalty.tiering
    standing = await _standing(work, customer_id)
    if standing is None:
        return rules.progress(tiering, "", None, spent_minor=0)
    return rules.progress(tiering, standing.tier, standing.review_at, spent_minor=standing.spent_minor)


async def _standing(work: Work, customer_id: int) -> Standing | None:
    loyalty = work.rules.loyalty
    since = work.now - loyalty.tiering.window
    return await rows.load_standing(work.tx, customer_id, currency=loyalty.currency, since=since)


async def reckon_tier(
    work: Work, customer_id: int, *, by: Actor, cause: str = "upgrade", quiet: bool = False
) -> TierChange | None:
    """Let a customer's tier rise to what the spend reaches; it never falls here. Returns the change, if there is one.

    A tier that the settings no longer know becomes one that they do. When ``quiet`` the customer is not told.
    """
    loyalty = work.rules.loyalty
    if not loyalty.enabled:
        return None
    await points.lock_account(work, customer_id)
    standing = await _standing(work, customer_id)
    if standing is None or standing.gone:
        return None
    verdict = rules.reckon(
        loyalty.tiering, standing.tier, standing.review_at, spent_minor=standing.spent_minor, now=work.now
    )
    return await _settle(work, standing, verdict, by=by, cause=cause, quiet=quiet)


async def reckon_tiers(work: Work, customer_ids: Sequence[int], *, by: Actor, quiet: bool = False) -> None:
    """Let the tiers of many customers rise as :func:`reckon_tier` does; those that stay cost one look together."""
    loyalty = work.rules.loyalty
    if not loyalty.enabled:
        return
    since = work.now - loyalty.tiering.window
    # In the order of ids, in which all lock accounts.
    for standing in await rows.list_standings(work.tx, customer_ids, currency=loyalty.currency, since=since):
        verdict = rules.reckon(
            loyalty.tiering, standing.tier, standing.review_at, spent_minor=standing.spent_minor, now=work.now
        )
        if verdict != Verdict(standing.tier, standing.review_at):
            await reckon_tier(work, standing.customer_id, by=by, quiet=quiet)


async def review_tiers(work: Work, *, limit: int) -> int:
    """Review tiers whose time is over: each is kept for another while, or lowered to what the spend reaches."""
    loyalty = work.rules.loyalty
    if not loyalty.enabled:
        return 0
    due = await rows.list_due_reviews(work.tx, now=work.now, limit=limit)
    for customer_id in sorted(due):
        await points.lock_account(work, customer_id)
        standing = await _standing(work, customer_id)
        if standing is None or standing.gone or standing.review_at is None or standing.review_at > work.now:
            continue  # somebody was faster
        verdict = rules.review(loyalty.tiering, spent_minor=standing.spent_minor, now=work.now)
        await _settle(work, standing, verdict, by=SYSTEM, cause="review")
    return len(due)


async def _settle(
    work: Work, standing: Standing, verdict: Verdict, *, by: Actor, cause: str, quiet: bool = False
) -> TierChange | None:
    if verdict.tier == standing.tier:
        if verdict.review_at != standing.review_at:
            rows.save_tier(work.tx, standing.customer_id, tier=verdict.tier, review_at=verdict.review_at)
            _audit(work, standing, verdict, by=by, action="tier.kept")
        return None
    rows.save_tier(work.tx, standing.customer_id, tier=verdict.tier, review_at=verdict.review_at, since_at=work.now)
    change = await rows.insert_change(
        work.tx,
        customer_id=standing.customer_id,
        at=work.now,
        before=standing.tier,
        after=verdict.tier,
        cause=cause,
        spend_minor=standing.spent_minor,
        actor=by,
    )
    _audit(work, standing, verdict, by=by, action="tier.changed")
    await _tell(work, change, quiet=quiet)
    return change


def _audit(work: Work, standing: Standing, verdict: Verdict, *, by: Actor, action: str) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("customer", standing.customer_id),
        customer_id=standing.customer_id,
        before={"tier": standing.tier},
        after={
            "tier": verdict.tier,
            "spend_minor": standing.spent_minor,
            "review_at": verdict.review_at.isoformat() if verdict.review_at else None,
        },
    )


async def _tell(work: Work, change: TierChange, *, quiet: bool) -> None:
    """Tell the customer, unless nobody knows any more what the tier before meant; and other systems."""
    tiering = work.rules.loyalty.tiering
    before, after = rules.rank_of(tiering, change.before), rules.rank_of(tiering, change.after)
    if not quiet and tiering.tiers[before].key == change.before:
        await notices.note(
            work,
            change.customer_id,
            NoticeKind.TIER_UP if after > before else NoticeKind.TIER_DOWN,
            key=f"tier:{change.id}",
            data={"before": change.before, "after": change.after},
        )
    data = {"before": change.before, "after": change.after, "cause": change.cause, "spend_minor": change.spend_minor}
    await webhooks.emit(work, "tier.changed", customer_id=change.customer_id, data=data)


async def warn_of_reviews(work: Work, *, limit: int) -> int:
    """Let those be told whose next review would lower their tier, once a review; returns how many.

    Looks at up to ``limit`` customers, going on where the last look ended, round and round, so that who is threatened
    by a late refund is found as well; what a look costs does not depend on how many there are, or were told.
    """
    loyalty = work.rules.loyalty
    tiering = loyalty.tiering
    if not loyalty.enabled or not tiering.notice_before:
        return 0
    began = from_ms(await get_cursor(work.tx, _AT)), await get_cursor(work.tx, _WHO)
    found = await rows.list_soon_reviewed(
        work.tx,
        currency=loyalty.currency,
        window=tiering.window,
        after=max(began, (work.now, _ANYBODY)),
        until=work.now + tiering.notice_before,
        limit=limit,
    )
    ends = (found[-1].review_at, found[-1].customer_id) if len(found) == limit else (from_ms(0), 0)
    await set_cursor(work.tx, _AT, to_ms(ends[0]))
    await set_cursor(work.tx, _WHO, ends[1])
    return sum([await _warn(work, each) for each in found])


async def _warn(work: Work, each: Reviewed) -> bool:
    """Note that a customer's review would lower the tier, if it would; returns whether."""
    tiering = work.rules.loyalty.tiering
    threshold_minor = rules.tier_called(tiering, each.tier).threshold_minor
    if each.spent_minor is None or each.spent_minor >= threshold_minor:
        return False
    data = {
        "tier": each.tier,
        "review_at": each.review_at.isoformat(),
        "missing_minor": threshold_minor - each.spent_minor,
        "would_be": rules.tier_reached(tiering, each.spent_minor).key,
    }
    await notices.note(
        work, each.customer_id, NoticeKind.TIER_REVIEW, key=each.notice_key, data=data, stale_at=each.review_at
    )
    return True
