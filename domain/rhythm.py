"""A customer's own rhythm: how often they use to buy, and when they have stayed away for too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from domain.desk import RhythmRules

MOST_GAPS = 12
"""So many of the latest gaps tell the rhythm; what was years ago does not."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """A customer who used to buy every ``usual_days`` and has not bought for ``away_days``, since ``last_on``."""

    usual_days: int
    away_days: int
    last_on: date
    purchases: int


def lapse_of(bought_on: Sequence[date], today: date, rules: RhythmRules) -> Lapse | None:
    """Return the lapse of who bought on these local days, in any order; ``None`` while all is as usual.

    The usual gap is the median of the latest gaps between days with a purchase. Whoever bought on fewer than
    ``rules.least`` days, or so unevenly that half of the gaps are much shorter than the mean, has no rhythm to lose.
    """
    days = sorted(set(bought_on))[-(MOST_GAPS + 1) :]
    if len(days) < rules.least:
        return None
    gaps = [(after - before).days for before, after in pairwise(days)]
    usual = median(gaps)
    if usual * 2 < sum(gaps) / len(gaps):
        return None
    away = (today - days[-1]).days
    if timedelta(days=away) <= timedelta(days=usual * rules.factor):
        return None
    return Lapse(usual_days=max(1, round(usual)), away_days=away, last_on=days[-1], purchases=len(days))
