"""Purchases and refunds: each recorded once a source key, with its points, tier and occasions in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.earning import taken_back
from domain.instants import from_ms, to_ms
from domain.loyalty import Occasion
from domain.money import MOST_MINOR, in_units, is_currency
from domain.outcomes import Refusal
from domain.people import Actor, Permission
from domain.points import Entry
from domain.purchases import Purchase, Refund
from domain.tiers import TierChange
from services import earning, points, referrals, tiers, webhooks
from services.permits import may
from services.records import resolve
from services.work import Work
from storage import purchases as rows
from storage.audit import add_audit
from storage.points import get_entry_by_key
from storage.records import get_standing
from storage.referrals import get_of_referred

__all__ = (
    "Purchase",
    "Recorded",
    "Refund",
    "Refunded",
    "list_purchases",
    "note_recorded",
    "record_purchase",
    "record_refund",
)

_KEY_LETTERS = 200
_CHANNEL_LETTERS = 32
_CLOCK_SKEW = timedelta(hours=1)
"""A till's clock may be so much ahead of ours."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A purchase on record with what came of it. ``repeated``: it was there already, and nothing came of it now.

    One in a ``foreign`` currency earns no points and counts to no tier.
    """

    purchase: Purchase
    entry: Entry | None = None
    tier_change: TierChange | None = None
    repeated: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund on record: the purchase as it is now, and the ledger entries that took its points back."""

    purchase: Purchase
    refund: Refund
    entries: tuple[Entry, ...] = ()
    repeated: bool = False


async def record_purchase(
    work: Work,
    customer_id: int,
    *,
    source_key: str,
    bought_at: datetime | None,
    amount_minor: int,
    currency: str,
    by: Actor,
    cost_minor: int | None = None,
    items: Any = None,
    channel: str | None = None,
    branch_id: int | None = None,
    earns: bool = True,
) -> Recorded | Refusal:
    """Record a purchase once: the same again gets its first answer, another under the same key is refused.

    Without ``earns`` no points come of it, such as for a history whose points are imported by themselves; it counts
    to the tier all the same, but the customer is not told of that, as of nothing that was too long ago. Without
    ``bought_at`` it was bought now; told again it is the one on record, whenever that was. Raises
    :class:`NotFound` for a customer nobody knows, ``ValueError`` for a naive instant.
    """
    wish = Purchase(
        0,
        customer_id,
        source_key.strip(),
        from_ms(to_ms(bought_at or work.now)),
        amount_minor,
        currency,
        cost_minor,
        items=items,
        channel=channel,
        branch_id=branch_id,
        noted_at=work.now,
    )
    if refusal := await _refused(work, wish, by):
        return refusal
    living = await _living(work, customer_id)
    if living is None:
        return Refusal("purchase.refused.forgotten")
    wish = replace(wish, customer_id=living)
    purchase = await rows.insert_purchase(work.tx, wish)
    if purchase is None:
        return await _answer_repeat(work, wish, is_dated=bought_at is not None)
    await note_recorded(work, purchase, by=by)
    return await _reward(work, purchase, by=by, earns=earns)


async def _living(work: Work, customer_id: int) -> int | None:
    """Return the record to write to, which cannot be merged away until the end; ``None`` for a forgotten customer."""
    standing = await get_standing(work.tx, customer_id)
    if standing is None or standing.merged_into is not None:
        customer_id = await resolve(work, customer_id)
        standing = await get_standing(work.tx, customer_id)
    return customer_id if standing is not None and not standing.erased else None


async def _refused(work: Work, wish: Purchase, by: Actor) -> Refusal | None:
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("desk.refused.not_allowed")
    if not 0 < len(wish.source_key) <= _KEY_LETTERS:
        return Refusal("purchase.refused.key", {"most": _KEY_LETTERS})
    if not is_currency(wish.currency):
        return Refusal("purchase.refused.currency", {"currency": wish.currency[:8]})
    if not 0 < wish.amount_minor <= MOST_MINOR:
        return Refusal("purchase.refused.amount")
    if wish.cost_minor is not None and not 0 <= wish.cost_minor <= MOST_MINOR:
        return Refusal("purchase.refused.cost")
    if wish.channel is not None and len(wish.channel) > _CHANNEL_LETTERS:
        return Refusal("purchase.refused.channel", {"most": _CHANNEL_LETTERS})
    if wish.bought_at > work.now + _CLOCK_SKEW or wish.bought_at < from_ms(0):
        return Refusal("purchase.refused.moment")
    return None


async def _answer_repeat(work: Work, wish: Purchase, *, is_dated: bool) -> Recorded | Refusal:
    known = await rows.get_purchase_by_key(work.tx, wish.source_key)
    if known is not None and not is_dated:
        wish = replace(wish, bought_at=known.bought_at)
    if known is None or not replace(known, customer_id=await resolve(work, known.customer_id)).is_told_again(wish):
        return Refusal("purchase.refused.key_taken")
    entry = await get_entry_by_key(work.tx, earning.key_of(known))
    return Recorded(known, entry, repeated=True, foreign=_is_foreign(work, known))


def _is_foreign(work: Work, purchase: Purchase) -> bool:
    return purchase.currency != work.rules.loyalty.currency


async def note_recorded(work: Work, purchase: Purchase, *, by: Actor) -> None:
    """Audit a purchase just recorded, and tell other systems."""
    figures = {"amount_minor": purchase.amount_minor, "currency": purchase.currency}
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="purchase.recorded",
        subject=("purchase", purchase.id),
        customer_id=purchase.customer_id,
        after={**figures, "source_key": purchase.source_key},
    )
    data = {"purchase_id": purchase.id, **figures, "bought_at": purchase.bought_at.isoformat()}
    await webhooks.emit(work, "purchase.recorded", customer_id=purchase.customer_id, data=data)


async def _reward(work: Work, purchase: Purchase, *, by: Actor, earns: bool) -> Recorded:
    """Let a new purchase earn, reward those whom it rewards, and reckon the tier: points come at the tier before."""
    if _is_foreign(work, purchase):
        return Recorded(purchase, foreign=True)
    if not work.rules.loyalty.enabled:
        return Recorded(purchase)
    entry = None
    if earns:
        await _lock_accounts(work, purchase.customer_id)
        is_first = not await rows.has_bought_before(
            work.tx, purchase.customer_id, currency=purchase.currency, purchase_id=purchase.id
        )
        entry = await earning.earn_for_purchase(work, purchase, by=by)
        if is_first:
            await _reward_first(work, purchase, by=by)
    is_news = earns and purchase.bought_at >= work.now - work.rules.loyalty.notices.stale_after
    change = await tiers.reckon_tier(work, purchase.customer_id, by=by, quiet=not is_news)
    return Recorded(purchase, entry, change)


async def _lock_accounts(work: Work, customer_id: int) -> None:
    """Lock the account and that of whoever brought this customer, in the order of ids in which all lock."""
    referral = await get_of_referred(work.tx, customer_id)
    both = {customer_id}
    if referral is not None and referral.open:
        both.add(await resolve(work, referral.referrer_id))
    for each in sorted(both):
        await points.lock_account(work, each)


async def _reward_first(work: Work, purchase: Purchase, *, by: Actor) -> None:
    await earning.reward_occasion(
        work, purchase.customer_id, Occasion.FIRST_PURCHASE, ref=earning.ONCE, by=by, purchase=purchase
    )
    await referrals.reward_after_purchase(work, purchase.customer_id, by=by)


async def record_refund(
    work: Work,
    *,
    purchase_id: int,
    source_key: str,
    by: Actor,
    amount_minor: int | None = None,
    reason: str | None = None,
) -> Refunded | Refusal:
    """Record that some of a purchase, or all that is left of it, was given back, once a source key.

    Its points go back in proportion. A tier is not lowered before its review.
    """
    source_key = source_key.strip()
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("desk.refused.not_allowed")
    if not 0 < len(source_key) <= _KEY_LETTERS:
        return Refusal("purchase.refused.key", {"most": _KEY_LETTERS})
    purchase = await _locked(work, purchase_id)
    if purchase is None:
        return Refusal("purchase.refused.unknown")
    if (known := await rows.get_refund_by_key(work.tx, source_key)) is not None:
        return await _answer_refund(work, purchase, known, amount_minor)
    amount = purchase.left_minor if amount_minor is None else amount_minor
    if not purchase.left_minor:
        return Refusal("purchase.refused.refunded")
    if not 0 < amount <= purchase.left_minor:
        left = f"{in_units(purchase.left_minor, purchase.currency):f} {purchase.currency}"
        return Refusal("purchase.refused.too_much", {"left": left})
    refund = await rows.insert_refund(work.tx, Refund(0, purchase.id, source_key, work.now, amount, reason))
    if refund is None:  # another purchase's refund took the key just now
        return Refusal("purchase.refused.key_taken")
    after = replace(purchase, refunded_minor=purchase.refunded_minor + amount)
    rows.set_refunded(work.tx, purchase.id, refunded_minor=after.refunded_minor)
    await _note_refund(work, after, refund, by=by)
    return Refunded(after, refund, await _take_back(work, purchase, after, refund, by=by))


async def _locked(work: Work, purchase_id: int) -> Purchase | None:
    """Return a purchase that nobody else refunds until the end, nor merges its customer away."""
    purchase = await rows.get_purchase(work.tx, purchase_id)
    if purchase is None:
        return None
    await points.lock_account(work, await resolve(work, purchase.customer_id))
    return await rows.get_purchase(work.tx, purchase_id, lock=True)


async def _answer_refund(work: Work, purchase: Purchase, known: Refund, amount_minor: int | None) -> Refunded | Refusal:
    if known.purchase_id != purchase.id or amount_minor not in (None, known.amount_minor):
        return Refusal("purchase.refused.key_taken")
    entries = await rows.list_taken_back(work.tx, known.id, purchase.id)
    return Refunded(purchase, known, tuple(entries), repeated=True)


async def _note_refund(work: Work, purchase: Purchase, refund: Refund, *, by: Actor) -> None:
    figures = {"amount_minor": refund.amount_minor, "refunded_minor": purchase.refunded_minor}
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="purchase.refunded",
        subject=("purchase", purchase.id),
        customer_id=purchase.customer_id,
        after={**figures, "source_key": refund.source_key, "reason": refund.reason},
    )
    data = {"purchase_id": purchase.id, "refund_id": refund.id, **figures, "currency": purchase.currency}
    await webhooks.emit(work, "purchase.refunded", customer_id=purchase.customer_id, data=data)


async def _take_back(work: Work, before: Purchase, after: Purchase, refund: Refund, *, by: Actor) -> tuple[Entry, ...]:
    taken = []
    for entry_id, earned in await rows.list_earned(work.tx, after.id):
        share = taken_back(
            earned,
            amount_minor=after.amount_minor,
            refunded_before=before.refunded_minor,
            refunded_after=after.refunded_minor,
        )
        if not share:
            continue
        entry = await points.take_back(
            work,
            after.customer_id,
            points=share,
            source_key=rows.taking_key(refund.id, entry_id),
            by=by,
            of_entry_id=entry_id,
            purchase_id=after.id,
        )
        if isinstance(entry, Entry):  # the account of a forgotten customer holds nothing
            taken.append(entry)
    return tuple(taken)


async def list_purchases(work: Work, customer_id: int, *, before: int | None = None, limit: int) -> list[Purchase]:
    """Return up to ``limit`` purchases of a customer, the latest first, from just after purchase ``before`` on."""
    return await rows.list_purchases(work.tx, customer_id, before_id=before, limit=limit)
