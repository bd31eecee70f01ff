"""Which of a campaign's messages does better, and what the campaign did at all: never more than the figures can tell.

Shares have Wilson intervals, differences of two shares Newcombe's; with several comparisons at once each is held to
Holm's stricter limits. Everything is reckoned from counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from statistics import NormalDist

from domain.surveys.intervals import Interval, Z, wilson

ALPHA = 0.05
"""How often a winner may be named at most where there is none."""
LEAST_REACHED = 30
"""Of fewer people a message tells nothing."""
_NORMAL = NormalDist()
_MOST_Z = 38.0
"""Beyond it no float tells a probability from 0."""
_HALVINGS = 60


def newcombe(hits: int, n: int, other_hits: int, other_n: int, z: float = Z) -> Interval:
    """Return the interval of ``hits`` / ``n`` less ``other_hits`` / ``other_n``, from -1 to 1, ``z`` deviates wide.

    Raises ``ValueError`` for counts that make no shares. Source: R. G. Newcombe, Interval estimation for the difference
    between independent proportions, Statistics in Medicine 17 (1998), 873-890, method 10 (from two Wilson intervals).
    """
    low, high = wilson(hits, n, z)
    other_low, other_high = wilson(other_hits, other_n, z)
    share, other = hits / n, other_hits / other_n
    difference = share - other
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return max(-1.0, difference - below), min(1.0, difference + above)


def fisher(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """Return how likely a difference at least as large, the same way, is by chance alone, twice that.

    It holds for any numbers, however small or unequal. Source: R. A. Fisher, The Design of Experiments (1935), chapter
    II, the lady tasting tea; doubled, since the difference may lie either way.
    """
    if hits * other_n < other_hits * n:
        hits, n, other_hits, other_n = other_hits, other_n, hits, n
    total = hits + other_hits
    most = min(total, n)
    term = math.exp(_ways(n, hits) + _ways(other_n, other_hits) - _ways(n + other_n, total))
    tail = 0.0
    for found in range(hits, most + 1):
        tail += term
        if term <= tail * 1e-16:
            break
        rest = total - found
        term *= (n - found) * rest / ((found + 1) * (other_n - rest + 1))
    return min(1.0, 2 * tail)


def _ways(n: int, hits: int) -> float:
    """Return the logarithm of the number of ways to choose so many of ``n``."""
    return math.lgamma(n + 1) - math.lgamma(hits + 1) - math.lgamma(n - hits + 1)


def p_value(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """Return how often equal shares would look at least as different.

    It is the level at which the interval of :func:`newcombe` just touches 0, found by halving, or what :func:`fisher`
    gives when that is more: with few or very unequal numbers the interval alone would promise too much.
    """
    if hits * other_n == other_hits * n:
        return 1.0
    if hits * other_n < other_hits * n:
        hits, n, other_hits, other_n = other_hits, other_n, hits, n
    low, high = 0.0, _MOST_Z
    for _ in range(_HALVINGS):
        z = (low + high) / 2
        if newcombe(hits, n, other_hits, other_n, z)[0] > 0:
            low = z
        else:
            high = z
    return max(2 * _NORMAL.cdf(-low), fisher(hits, n, other_hits, other_n))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p value corrected for there being several: what is below the level is a difference, all together.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6 (1979), 65-70.
    """
    order = sorted(range(len(p_values)), key=lambda nth: p_values[nth])
    corrected = [1.0] * len(p_values)
    worst = 0.0
    for rank, nth in enumerate(order):
        worst = max(worst, min(1.0, (len(order) - rank) * p_values[nth]))
        corrected[nth] = worst
    return corrected


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the messages: of ``n`` people reached, ``hits`` did what is measured."""

    key: str
    n: int
    hits: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger the share of ``one`` is than that of ``other``.

    The interval is one of its own (95 %); ``p`` is corrected for all that are compared at once, and decides.
    """

    one: str
    other: str
    value: float
    low: float
    high: float
    p: float

    @property
    def sure(self) -> bool:
        """Whether there is a difference."""
        return self.p < ALPHA


class Finding(StrEnum):
    """What a comparison of messages came to."""

    ALONE = "alone"
    TOO_FEW = "too_few"
    NO_DIFFERENCE = "no_difference"
    WINNER = "winner"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comes of comparing messages: the ``winner`` is surely better than each other one, or there is none."""

    finding: Finding
    winner: str | None = None
    differences: tuple[Difference, ...] = ()


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare messages by their shares, every two of them.

    A winner is named only when it differs surely from each other message, after Holm's correction over all pairs, so
    that among equal messages at most one in twenty tests names one. Each test may be looked at once: who looks every
    day and stops at the first winner finds more false ones.
    """
    if len(arms) < 2:
        return Comparison(Finding.ALONE)
    if any(arm.n < LEAST_REACHED for arm in arms):
        return Comparison(Finding.TOO_FEW)
    pairs = [_ordered(one, other) for one, other in combinations(arms, 2)]
    corrected = holm([p_value(one.hits, one.n, other.hits, other.n) for one, other in pairs])
    differences = tuple(_difference(one, other, p) for (one, other), p in zip(pairs, corrected, strict=True))
    for arm in arms:
        its = [found for found in differences if arm.key in (found.one, found.other)]
        if all(found.sure and found.one == arm.key for found in its):
            return Comparison(Finding.WINNER, arm.key, differences)
    return Comparison(Finding.NO_DIFFERENCE, None, differences)


def _ordered(one: Arm, other: Arm) -> tuple[Arm, Arm]:
    """Return two messages, that with the larger share first."""
    return (one, other) if one.hits * other.n >= other.hits * one.n else (other, one)


def _difference(one: Arm, other: Arm, p: float) -> Difference:
    low, high = newcombe(one.hits, one.n, other.hits, other.n)
    return Difference(one.key, other.key, one.hits / one.n - other.hits / other.n, low, high, p)


@dataclass(frozen=True, slots=True)
class Uplift:
    """How many more did it than would have done it anyway: ``share`` more of ``n`` people, from ``low`` to ``high``."""

    share: float
    low: float
    high: float
    n: int
    p: float

    @property
    def sure(self) -> bool:
        """Whether it did anything, for better or worse."""
        return self.p < ALPHA and not self.low <= 0 <= self.high

    @property
    def people(self) -> tuple[float, float, float]:
        """How many people that is: most likely, at least, at most (95 %)."""
        return self.share * self.n, self.low * self.n, self.high * self.n


def uplift(hits: int, n: int, held_out_hits: int, held_out: int) -> Uplift | None:
    """Compare everybody who was meant to get the campaign with those held out; ``None`` with too few of either.

    All who were meant count, also whom it did not reach: only so are the two groups alike but for the draw. Source: the
    intention-to-treat principle, D. L. Sackett and M. Gent, New England J. of Medicine 301 (1979), 1410-1412.
    """
    if n < LEAST_REACHED or held_out < LEAST_REACHED:
        return None
    low, high = newcombe(hits, n, held_out_hits, held_out)
    p = p_value(hits, n, held_out_hits, held_out)
    return Uplift(hits / n - held_out_hits / held_out, low, high, n, p)
