"""Tiers, pure: which one a spend reaches, and what becomes of a customer's when it is reckoned or reviewed.

A tier is reached at once when the spend in the window reaches its threshold. It is kept until its review, whatever is
spent or refunded meanwhile. The review keeps it or lowers it to the tier that the spend then reaches.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.loyalty import Tier, TierRules


@dataclass(frozen=True, slots=True)
class TierProgress:
    """Where a customer stands: the keys of the tier and of the next one up, and what is missing to that.

    ``spent_minor`` is the spend in the window; the tier is kept until ``review_at``, the lowest one for good.
    """

    tier: str
    next_tier: str | None
    spent_minor: int
    missing_minor: int
    review_at: datetime | None


@dataclass(frozen=True, slots=True)
class TierChange:
    """A customer came from one tier to another. ``cause`` is ``upgrade``, ``review``, ``manual`` or ``merge``."""

    id: int
    customer_id: int
    at: datetime
    before: str
    after: str
    cause: str
    spend_minor: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a customer's tier: its key from now on, and until when it is kept."""

    tier: str
    review_at: datetime | None


def rank_of(rules: TierRules, key: str) -> int:
    """Return how high a tier is, 0 being the lowest; one that the settings no longer know counts as the lowest."""
    return next((rank for rank, tier in enumerate(rules.tiers) if tier.key == key), 0)


def tier_called(rules: TierRules, key: str) -> Tier:
    """Return the tier with this key; the lowest one when the settings no longer know it."""
    return rules.tiers[rank_of(rules, key)]


def tier_reached(rules: TierRules, spent_minor: int) -> Tier:
    """Return the highest tier that a spend in the window reaches."""
    reached = [tier for tier in rules.tiers if tier.threshold_minor <= spent_minor]
    return reached[-1] if reached else rules.tiers[0]


def reckon(rules: TierRules, key: str, review_at: datetime | None, *, spent_minor: int, now: datetime) -> Verdict:
    """Return what a spend makes of a tier at any time: never less than it is, before its review."""
    reached = tier_reached(rules, spent_minor)
    if rank_of(rules, reached.key) > rank_of(rules, key):
        return Verdict(reached.key, now + rules.keep_for)
    kept = tier_called(rules, key)
    return Verdict(kept.key, _review_of(rules, kept, review_at or now + rules.keep_for))


def review(rules: TierRules, *, spent_minor: int, now: datetime) -> Verdict:
    """Return what a review makes of any tier: that which the spend reaches, kept until the next review."""
    reached = tier_reached(rules, spent_minor)
    return Verdict(reached.key, _review_of(rules, reached, now + rules.keep_for))


def _review_of(rules: TierRules, tier: Tier, review_at: datetime) -> datetime | None:
    return None if tier == rules.tiers[0] else review_at


def progress(rules: TierRules, key: str, review_at: datetime | None, *, spent_minor: int) -> TierProgress:
    """Return where a customer stands with this tier and spend."""
    rank = rank_of(rules, key)
    above = rules.tiers[rank + 1] if rank + 1 < len(rules.tiers) else None
    missing = max(0, above.threshold_minor - spent_minor) if above else 0
    return TierProgress(rules.tiers[rank].key, above.key if above else None, spent_minor, missing, review_at)
