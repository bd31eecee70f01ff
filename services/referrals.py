"""Referrals: a customer brings a new person, and both get points for that person's first purchase, once."""

from domain.loyalty import Occasion
from domain.people import Actor
from services import earning, points
from services.records import find_customer
from services.work import Person, Work
from storage import referrals as referral_rows
from storage.audit import add_audit
from storage.referrals import Referral, Standing

PREFIX = "r-"
_FARTHEST = 1000
"""A chain of people who brought each other is followed so far; beyond it nobody is rewarded."""


def link_payload(code: str) -> str:
    """Return what stands behind ``?start=`` in the referral link of the customer with this public code."""
    return f"{PREFIX}{code}"


def is_offered(work: Work) -> bool:
    """Return whether bringing somebody is worth points to anyone."""
    given = work.rules.loyalty.earning.occasions
    both = (Occasion.REFERRER, Occasion.REFERRED)
    return work.rules.loyalty.enabled and any(given.get(occasion, 0) > 0 for occasion in both)


def welcome_points(work: Work) -> int:
    """Return how many points somebody who was brought gets for the first purchase."""
    return work.rules.loyalty.earning.occasions.get(Occasion.REFERRED, 0)


async def note_referral(work: Work, person: Person, payload: str) -> bool:
    """Keep who brought this person, if they are new and came by somebody's link; returns whether it is kept.

    Whoever had a record before, in this chat or another, was not brought by anyone.
    """
    if not (payload.startswith(PREFIX) and person.is_new and is_offered(work)):
        return False
    referrer_id = await find_customer(work, code=payload.removeprefix(PREFIX))
    if referrer_id is None or referrer_id == person.customer.id:
        return False
    referral_id = await referral_rows.insert_referral(
        work.tx, referrer_id=referrer_id, referred_id=person.customer.id, now=work.now
    )
    if referral_id is None:
        return False
    after: dict[str, object] = {"referrer_id": referrer_id}
    _audit(work, person.actor, "referral.note", referral_id, customer_id=person.customer.id, after=after)
    return True


async def _resolved(work: Work, customer_id: int) -> Standing | None:
    """Return the record somebody has now, after any merging."""
    standing = await referral_rows.get_standing(work.tx, customer_id)
    while standing is not None and standing.merged_into is not None:
        standing = await referral_rows.get_standing(work.tx, standing.merged_into)
    return standing


def _audit(work: Work, by: Actor, action: str, referral_id: int, *, customer_id: int, after: dict[str, object]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("referral", referral_id),
        customer_id=customer_id,
        after=after,
    )


async def reward_after_purchase(work: Work, customer_id: int, *, by: Actor) -> None:
    """Give both their points when somebody who was brought has bought for the first time; never twice."""
    referral = await referral_rows.get_of_referred(work.tx, customer_id)
    if referral is None or not referral.open or not is_offered(work):
        return
    referrer = await _resolved(work, referral.referrer_id)
    void = await _why_void(work, referral, referrer)
    if void is not None or referrer is None:
        await referral_rows.mark_void(work.tx, referral.id, reason=void or "unknown")
        _audit(work, by, "referral.void", referral.id, customer_id=customer_id, after={"reason": void or "unknown"})
        return
    for account in sorted((referrer.id, customer_id)):
        await points.lock_account(work, account)
    if not await referral_rows.mark_rewarded(work.tx, referral.id, now=work.now):
        return
    _audit(work, by, "referral.reward", referral.id, customer_id=customer_id, after={"referrer_id": referrer.id})
    ref = str(referral.id)
    await earning.reward_occasion(work, referrer.id, Occasion.REFERRER, ref=ref, by=by)
    await earning.reward_occasion(work, customer_id, Occasion.REFERRED, ref=ref, by=by)


async def _why_void(work: Work, referral: Referral, referrer: Standing | None) -> str | None:
    """Return why a referral does not count, judged by what is known of both by now; ``None`` when it does."""
    if referrer is None or referrer.erased_at is not None:
        return "gone"
    referred = await _resolved(work, referral.referred_id)
    if referred is None or referred.erased_at is not None:
        return "gone"
    if referrer.id == referred.id:
        return "self"
    if referred.created_at < referral.at:
        return "known"  # a record from before was found to be the same person's
    return "loop" if await _brought(work, referred.id, above=referrer.id) else None


async def _brought(work: Work, customer_id: int, *, above: int) -> bool:
    """Return whether this customer is among those who brought the one ``above``, however many lie between."""
    seen = {above}
    for _ in range(_FARTHEST):
        referral = await referral_rows.get_of_referred(work.tx, above)
        if referral is None or referral.void_reason is not None:
            return False
        referrer = await _resolved(work, referral.referrer_id)
        if referrer is None:
            return False
        if referrer.id == customer_id or referrer.id in seen:
            return True
        seen.add(referrer.id)
        above = referrer.id
    return True
