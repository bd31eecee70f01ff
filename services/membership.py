"""What a customer has and is: points, tier, the way to the next one, what expires soon, open vouchers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.points import Balance
from domain.rewards import worded
from services import points, tiers
from services.tiers import TierProgress
from services.work import Work
from storage import rewards as reward_rows

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Expiring:
    """So many points can be spent until just before ``expires_at``."""

    points: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A customer's standing at one instant. ``expiring`` is what is over first, if that is soon."""

    balance: Balance
    progress: TierProgress
    expiring: Expiring | None
    open_vouchers: int


async def read_membership(work: Work, customer_id: int) -> Membership:
    """Return where a customer stands now."""
    balance = await points.balance_of(work, customer_id)
    return Membership(
        balance,
        await tiers.progress_of(work, customer_id),
        first_expiring(balance, work.now, within=soon(work)),
        await reward_rows.count_open_vouchers(work.tx, customer_id, now=work.now),
    )


def soon(work: Work) -> timedelta:
    """Return how long before they expire points are spoken of: as early as the first notice about it."""
    return max(work.rules.loyalty.notices.expiring_before, default=_SOON)


def first_expiring(balance: Balance, now: datetime, *, within: timedelta) -> Expiring | None:
    """Return the points that expire first, all of the same instant together, if that is ``within`` a span."""
    there = [lot for lot in balance.lots if lot.is_available(now)]
    first = min((lot.expires_at for lot in there if lot.expires_at is not None), default=None)
    if first is None or first > now + within:
        return None
    return Expiring(sum(lot.remaining for lot in there if lot.expires_at == first), first)


def tier_in_words(work: Work, key: str, language: str) -> str:
    """Return what a tier is called: by the settings, else by our own words for the tiers there are by default."""
    named = next((tier.names for tier in work.rules.loyalty.tiering.tiers if tier.key == key), {})
    try:
        return worded(named, language) or work.texts.button(f"points.tier.{key}", language)
    except KeyError:
        return key
