"""Tiers: reached at once, kept until the review, lowered only there."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.loyalty import Tier, TierRules
from domain.tiers import progress, rank_of, reckon, review, tier_reached

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RULES = TierRules()
keys = st.sampled_from([*(tier.key for tier in RULES.tiers), "platinum"])
spends = st.one_of(st.integers(0, 3_000_000), st.sampled_from([49_999, 50_000, 199_999, 200_000, 1_499_999, 1_500_000]))
reviews = st.one_of(st.none(), st.integers(-100, 100).map(lambda days: NOW + timedelta(days=days)))


@given(spends, spends)
def test_more_spend_never_reaches_less(one: int, other: int) -> None:
    """Tiers are monotone in the spend, and each threshold itself reaches its tier."""
    low, high = sorted((one, other))
    assert rank_of(RULES, tier_reached(RULES, low).key) <= rank_of(RULES, tier_reached(RULES, high).key)
    assert all(tier_reached(RULES, tier.threshold_minor) == tier for tier in RULES.tiers)


@given(keys, reviews, spends)
def test_reckoning_lifts_or_keeps_and_is_done_once(key: str, review_at: datetime | None, spent: int) -> None:
    """It never lowers; asked again it changes nothing; an unknown tier becomes a known one."""
    verdict = reckon(RULES, key, review_at, spent_minor=spent, now=NOW)
    assert rank_of(RULES, verdict.tier) == max(rank_of(RULES, key), rank_of(RULES, tier_reached(RULES, spent).key))
    assert verdict.tier in {tier.key for tier in RULES.tiers}
    assert reckon(RULES, verdict.tier, verdict.review_at, spent_minor=spent, now=NOW) == verdict
    assert (verdict.review_at is None) == (verdict.tier == "new")


@given(spends)
def test_a_review_gives_what_the_spend_reaches(spent: int) -> None:
    """No less and no more, until the next review; everybody's tier has none."""
    verdict = review(RULES, spent_minor=spent, now=NOW)
    assert verdict.tier == tier_reached(RULES, spent).key
    assert verdict.review_at == (None if verdict.tier == "new" else NOW + RULES.keep_for)


def test_a_purchase_while_a_tier_is_kept_does_not_move_its_review() -> None:
    """Else whoever buys a trifle now and then would keep it for ever."""
    review_at = NOW + timedelta(days=5)
    assert reckon(RULES, "gold", review_at, spent_minor=0, now=NOW).review_at == review_at


def test_progress_names_what_is_missing_to_the_next() -> None:
    """Within a kept tier the way is to the one above it; the highest has none."""
    assert progress(RULES, "regular", NOW, spent_minor=75_000).missing_minor == 125_000
    kept = progress(RULES, "gold", NOW, spent_minor=0)
    assert (kept.tier, kept.next_tier, kept.missing_minor) == ("gold", "diamond", 1_500_000)
    assert progress(RULES, "diamond", NOW, spent_minor=0).next_tier is None
    assert progress(RULES, "platinum", None, spent_minor=10).tier == "new"


def test_one_tier_alone_is_enough() -> None:
    """A shop without tiers has one."""
    only = TierRules((Tier("member", 0),))
    assert reckon(only, "new", None, spent_minor=10**9, now=NOW).tier == "member"
    assert progress(only, "member", None, spent_minor=5).next_tier is None
