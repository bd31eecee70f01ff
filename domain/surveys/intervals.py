"""How sure a figure is: 95 % intervals for a share, for a difference of two shares, and for a mean.

All take counts and sums only, so that a million answers cost no more than ten.
"""

import math
from functools import lru_cache
from statistics import NormalDist

Interval = tuple[float, float]
"""The lower and the upper end."""

Z = NormalDist().inv_cdf(0.975)
"""The standard normal deviate that 2.5 % lie above: about 1.96."""

_ADDED = 3.0
"""How many made-up answers steady an interval of a difference: 3/4 at each end, 3/2 in the middle."""

_SERIES_UP_TO = 100
_HALVINGS = 80


def wilson(hits: int, n: int, z: float = Z) -> Interval:
    """Return the interval of a share of ``hits`` in ``n``, from 0 to 1, ``z`` deviates wide.

    Raises ``ValueError`` unless 0 <= ``hits`` <= ``n`` and ``n`` > 0. Source: E. B. Wilson, JASA 22 (1927), 209-212;
    recommended for few answers too by L. D. Brown, T. T. Cai and A. DasGupta, Statistical Science 16 (2001), 101-133.
    """
    if n <= 0 or not 0 <= hits <= n:
        raise ValueError(f"no share of {hits} in {n}")
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    share = hits / n
    return min(low, share), max(high, share)


def error_of_difference(plus: float, minus: float, n: float) -> float:
    """Return the standard error of (``plus`` - ``minus``) / ``n``, both counted among the same ``n`` people.

    Source: the variance of the difference of two shares of one multinomial sample, p + q - (p - q)^2.
    """
    difference = (plus - minus) / n
    return math.sqrt(max(0.0, (plus + minus) / n - difference * difference) / n)


def adjusted_wald(plus: int, minus: int, n: int) -> Interval:
    """Return the interval of (``plus`` - ``minus``) / ``n``, from -1 to 1, as a net promoter score needs it.

    Raises ``ValueError`` for counts that do not fit into ``n``. Three answers are added before the usual interval is
    taken, spread over both ends and the middle as 3/4, 3/4 and 3/2; the observed value is never left outside. Source:
    B. Rocks, Interval Estimation for the "Net Promoter Score", The American Statistician 70 (2016), 365-372.
    """
    if n <= 0 or plus < 0 or minus < 0 or plus + minus > n:
        raise ValueError(f"no difference of {plus} and {minus} in {n}")
    middle = (plus - minus) / (n + _ADDED)
    half = Z * error_of_difference(plus + _ADDED / 4, minus + _ADDED / 4, n + _ADDED)
    value = (plus - minus) / n
    return min(value, max(-1.0, middle - half)), max(value, min(1.0, middle + half))


def student(value: float, variance: float, n: int) -> Interval:
    """Return the interval of a mean of ``n`` values with this sample variance (over n - 1).

    Raises ``ValueError`` for fewer than two values. Source: Student, Biometrika 6 (1908), 1-25.
    """
    if n < 2:
        raise ValueError("the spread of one value is not known")
    half = student_t(n - 1) * math.sqrt(max(0.0, variance) / n)
    return value - half, value + half


@lru_cache(maxsize=4096)
def student_t(freedom: int) -> float:
    """Return what 2.5 % of Student's t with so many degrees of freedom lie above.

    Up to 100 degrees the finite series of the distribution is solved, above them its expansion about the normal one
    is taken, which is off by less than a millionth there. Raises ``ValueError`` below 1. Source: M. Abramowitz and
    I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.3 to 26.7.5.
    """
    if freedom < 1:
        raise ValueError("no degrees of freedom")
    if freedom > _SERIES_UP_TO:
        return _expanded_t(freedom)
    low, high = 0.0, 20.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _within(middle, freedom) < 0.95:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """Return which share lies between -t and t: 26.7.3 for odd degrees of freedom, 26.7.4 for even ones."""
    angle = math.atan(t / math.sqrt(freedom))
    squared = math.cos(angle) ** 2
    odd = freedom % 2 == 1
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for step in range((freedom - 1) // 2 if odd else freedom // 2):
        total += term
        term *= squared * ((2 * step + 2) / (2 * step + 3) if odd else (2 * step + 1) / (2 * step + 2))
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def _expanded_t(freedom: int) -> float:
    z = Z
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
