"""Scores: what answers say together, over answers only, with how sure that is.

Whoever was not asked, did not answer, skipped or dismissed a question is in no score: a dismissal says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.surveys.definition import SCALES, QuestionKind
from domain.surveys.intervals import adjusted_wald, student, wilson

PROMOTER_FROM = 9
DETRACTOR_UP_TO = 6
SATISFIED_FROM = 4
"""Source: F. F. Reichheld, Harvard Business Review 81 (12), 2003 (NPS); glossary (CSAT: the share of 4 and 5 of 5)."""


class Method(StrEnum):
    """How an interval was reckoned; ``NONE`` when the answers do not give one, ``ALL_SAME`` when all were alike."""

    NONE = "none"
    WILSON = "wilson"
    ADJUSTED_WALD = "adjusted_wald"
    STUDENT_T = "student_t"
    ALL_SAME = "all_same"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, ``n`` answers and the method; without answers there is no value."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str


NOTHING = Estimate(None, None, None, 0, Method.NONE)


def share(k: int, n: int) -> Estimate:
    """Return the share of ``k`` in ``n``, 0 to 1. Raises ``ValueError`` unless 0 <= ``k`` <= ``n``."""
    if n == 0 and k == 0:
        return NOTHING
    low, high = wilson(k, n)
    return Estimate(k / n, low, high, n, Method.WILSON)


def nps(counts: Mapping[int, int]) -> Estimate:
    """Return the net promoter score of answers 0 to 10, by answer: % of 9 and 10 less % of 0 to 6, -100 to 100.

    Raises ``ValueError`` for an answer off the scale. Source: see ``PROMOTER_FROM`` and ``intervals.adjusted_wald``.
    """
    n = _counted(counts, SCALES[QuestionKind.NPS])
    if n == 0:
        return NOTHING
    promoters = sum(count for answer, count in counts.items() if answer >= PROMOTER_FROM)
    detractors = sum(count for answer, count in counts.items() if answer <= DETRACTOR_UP_TO)
    low, high = adjusted_wald(promoters, detractors, n)
    return Estimate(100 * (promoters - detractors) / n, 100 * low, 100 * high, n, Method.ADJUSTED_WALD)


def csat(counts: Mapping[int, int]) -> Estimate:
    """Return the share of 4 and 5 among answers 1 to 5. Raises ``ValueError`` for an answer off the scale."""
    n = _counted(counts, SCALES[QuestionKind.CSAT])
    return share(sum(count for answer, count in counts.items() if answer >= SATISFIED_FROM), n)


def ces(counts: Mapping[int, int]) -> Estimate:
    """Return the mean of answers 1 to 7, how easy it was. Raises ``ValueError`` for an answer off the scale.

    Source: M. Dixon, N. Toman and R. DeLisi, The Effortless Experience (2013): 7 is the least effort.
    """
    return mean(counts, scale=SCALES[QuestionKind.CES])


def mean(counts: Mapping[int, int], *, scale: tuple[int, int] | None = None, decimals: int = 0) -> Estimate:
    """Return the mean of answers by answer; they and ``scale`` are kept times ten to the power of ``decimals``.

    Raises ``ValueError`` for an answer off the scale.
    """
    n = _counted(counts, scale)
    total = sum(answer * count for answer, count in counts.items())
    squares = sum(answer * answer * count for answer, count in counts.items())
    return mean_of_sums(n, total, squares, scale=scale, decimals=decimals)


def mean_of_sums(
    n: int, total: int, squares: int, *, scale: tuple[int, int] | None = None, decimals: int = 0
) -> Estimate:
    """Return the mean of ``n`` answers with this sum and sum of squares; whole numbers, so that nothing is rounded.

    Answers that are all alike have no spread to go by: on a scale, at least Wilson's lower end of n in n would say the
    same again, and the rest might say anything.
    """
    if n == 0:
        return NOTHING
    unit = 10**decimals
    value = total / n
    spread = n * squares - total * total
    if spread > 0:
        low, high = student(value, spread / (n * (n - 1)), n)
        method = Method.STUDENT_T
    elif scale is not None:
        others = 1 - wilson(n, n)[0]
        low, high = value - others * (value - scale[0]), value + others * (scale[1] - value)
        method = Method.ALL_SAME
    else:
        return Estimate(value / unit, None, None, n, Method.NONE)
    if scale is not None:
        low, high = max(low, scale[0]), min(high, scale[1])
    return Estimate(value / unit, min(low, value) / unit, max(high, value) / unit, n, method)


def score(
    kind: QuestionKind, counts: Mapping[int, int], *, scale: tuple[int, int] | None = None, decimals: int = 0
) -> Estimate | None:
    """Return the figure that suits a kind of question, ``None`` for a kind that makes none."""
    if kind is QuestionKind.NPS:
        return nps(counts)
    if kind is QuestionKind.CSAT:
        return csat(counts)
    if kind is QuestionKind.CES:
        return ces(counts)
    if kind in (QuestionKind.RATING, QuestionKind.NUMBER):
        return mean(counts, scale=scale, decimals=decimals)
    return None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what a figure would lie if all who kept silent had answered at the worst, and at the best."""

    low: float
    high: float
    silent: int


def bounds(kind: QuestionKind, counts: Mapping[int, int], silent: int, *, scale: tuple[int, int]) -> Bounds | None:
    """Return how far the silent could move a figure; nothing is assumed about them.

    Source: C. F. Manski, Sociological Methodology 19 (1989), 343-360: bounds without assumptions on non-response.
    """
    ends = []
    for answer in scale:
        everybody = dict(counts)
        everybody[answer] = everybody.get(answer, 0) + silent
        ends.append(score(kind, everybody, scale=scale))
    values = [end.value for end in ends if end is not None and end.value is not None]
    return Bounds(values[0], values[1], silent) if len(values) == len(scale) else None


def _counted(counts: Mapping[int, int], scale: tuple[int, int] | None) -> int:
    for answer, count in counts.items():
        if count < 0:
            raise ValueError(f"{count} answers of {answer}")
        if count and scale is not None and not scale[0] <= answer <= scale[1]:
            raise ValueError(f"{answer} lies off the scale from {scale[0]} to {scale[1]}")
    return sum(counts.values())
