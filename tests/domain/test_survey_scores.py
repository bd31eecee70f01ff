"""Scores and their intervals: published examples, and what must hold for all answers."""

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.surveys import QuestionKind
from domain.surveys.intervals import adjusted_wald, error_of_difference, student_t, wilson
from domain.surveys.scores import Estimate, Method, bounds, ces, csat, mean, mean_of_sums, nps, score, share

_NPS = st.dictionaries(st.integers(0, 10), st.integers(0, 40), min_size=1).map(Counter)
_CSAT = st.dictionaries(st.integers(1, 5), st.integers(0, 40), min_size=1).map(Counter)
_CES = st.dictionaries(st.integers(1, 7), st.integers(0, 40), min_size=1).map(Counter)
_SCORES = ((nps, _NPS, (-100, 100)), (csat, _CSAT, (0, 1)), (ces, _CES, (1, 7)))
_SCALES = {nps: (0, 10), csat: (1, 5), ces: (1, 7)}
_NEAR = 1e-9


def _holds(found: Estimate, ends: tuple[float, float]) -> None:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert ends[0] - _NEAR <= found.low <= found.value + _NEAR
    assert found.value - _NEAR <= found.high <= ends[1] + _NEAR


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_the_published_wilson_intervals(hits: int, n: int, low: float, high: float) -> None:
    """Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3."""
    assert wilson(hits, n) == pytest.approx((low, high), abs=0.00005)


@pytest.mark.parametrize(
    ("freedom", "t"),
    [
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (4, 2.776),
        (5, 2.571),
        (6, 2.447),
        (9, 2.262),
        (10, 2.228),
        (15, 2.131),
        (20, 2.086),
        (29, 2.045),
        (30, 2.042),
        (60, 2.000),
        (100, 1.984),
        (120, 1.980),
        (1000, 1.962),
    ],
)
def test_student_s_t_is_that_of_the_printed_tables(freedom: int, t: float) -> None:
    """Source: the upper 2.5 % points of Student's t as printed, e.g. NIST/SEMATECH e-Handbook 1.3.6.7.2."""
    assert student_t(freedom) == pytest.approx(t, abs=0.0005)


def test_the_two_ways_to_student_s_t_meet() -> None:
    """Beyond 100 degrees of freedom the expansion goes on where the series stopped, ever nearer to the normal."""
    ts = [student_t(freedom) for freedom in range(90, 120)]
    steps = [first - second for first, second in pairwise(ts)]
    assert all(0 < later < earlier + 1e-7 for earlier, later in pairwise(steps))
    assert student_t(10**9) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "middle", "low", "high"),
    [
        ((5, 8, 4, 6, 10, 3), 6, 3.263406661, 8.736593339),
        ((625, 665, 535, 406, 512, 681, 483, 522, 619), 560.8888889, 490.3434976, 631.4342802),
    ],
)
def test_means_have_the_published_t_intervals(values: tuple[int, ...], middle: float, low: float, high: float) -> None:
    """Source: worked textbook exercises with t to nine digits (homeworksource.com, questions 1070724 and 984959)."""
    found = mean(Counter(values))
    assert (found.value, found.low, found.high) == pytest.approx((middle, low, high), abs=1e-5)
    assert found.method == Method.STUDENT_T


def test_the_error_of_an_nps_is_the_published_one() -> None:
    """Half promoters, a third passives, a sixth detractors: variance 5/9, of 324 people an error of 4.1 points.

    Source: W. Huber (whuber), answer to "How can I calculate margin of error in a NPS result?", Cross Validated.
    """
    assert error_of_difference(162, 54, 324) == pytest.approx(math.sqrt(5 / 9 / 324))
    assert error_of_difference(162, 54, 324) == pytest.approx(0.041, abs=0.0005)
    found = nps({10: 162, 8: 108, 3: 54})
    assert found.value == pytest.approx(100 / 3)
    assert found.low is not None
    assert found.high is not None
    assert (found.low, found.high) == pytest.approx((33.0 - 8.1, 33.0 + 8.1), abs=0.1)


def test_an_nps_interval_is_an_adjusted_wald_one() -> None:
    """Three answers are added, 3/4 to either end, as B. Rocks (2016) found best: reckoned here by hand.

    Of 10 with 6 promoters and 2 detractors: n 13, p 6.75/13, q 2.75/13; centre 4/13, error sqrt((p+q-(p-q)^2)/13).
    """
    centre, error = 4 / 13, math.sqrt((9.5 / 13 - (4 / 13) ** 2) / 13)
    low, high = adjusted_wald(6, 2, 10)
    assert (low, high) == pytest.approx((centre - 1.959964 * error, centre + 1.959964 * error), abs=1e-6)
    assert (low, high) == pytest.approx((-0.1258, 0.7412), abs=0.0001)


def test_a_dismissal_is_in_no_score() -> None:
    """Of 10 asked 5 answer, 4 of them 9 or 10 and one 3: NPS +60, not the +30 that dividing by all 10 would give."""
    found = nps({10: 3, 9: 1, 3: 1})
    assert found.value == 60
    assert found.n == 5


def test_scores_of_small_known_answers() -> None:
    """The plain definitions: 7 and 8 count for nobody, CSAT takes 4 and 5, CES is the mean of 1 to 7."""
    assert nps({10: 1, 9: 1, 8: 1, 7: 1, 6: 1}).value == pytest.approx(20)
    assert csat({5: 2, 4: 1, 3: 1}).value == pytest.approx(0.75)
    assert ces({7: 1, 4: 1, 1: 1}).value == pytest.approx(4)
    assert mean({15: 1, 25: 1}, scale=(0, 100), decimals=1).value == pytest.approx(2.0)


def test_nothing_answered_is_no_score() -> None:
    """No answers give no value, and no interval that could be taken for one."""
    for found in (nps({}), csat({5: 0}), ces({}), share(0, 0), mean({})):
        assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


def test_one_answer_or_all_alike_is_not_certainty() -> None:
    """Three people who all say 7 do not prove that everybody would: the interval stays wide, and narrows with n."""
    three, thirty = ces({7: 3}), ces({7: 30})
    assert three.method == Method.ALL_SAME
    assert three.value == 7
    assert three.high == 7
    assert three.low is not None
    assert thirty.low is not None
    assert three.low < 4 < 6 < thirty.low
    assert mean({40: 1}).low is None
    assert mean_of_sums(2, 2 * 10**12, 2 * 10**24).low is None


@pytest.mark.parametrize(
    "wrong", [lambda: nps({11: 1}), lambda: csat({0: 1}), lambda: ces({8: 1}), lambda: share(3, 2)]
)
def test_an_answer_off_the_scale_is_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    """A number the scale does not have is a fault of the program, not an answer."""
    with pytest.raises(ValueError, match=r"off the scale|no share"):
        wrong()


@pytest.mark.parametrize(("reckon", "answers", "ends"), _SCORES)
@given(data=st.data())
def test_every_score_lies_on_its_scale_within_its_interval(reckon, answers, ends, data) -> None:  # type: ignore[no-untyped-def]
    """For any answers the value lies in its range and its interval, the interval in the range."""
    counts = data.draw(answers)
    if sum(counts.values()) == 0:
        return
    _holds(reckon(counts), ends)


@pytest.mark.parametrize(("reckon", "answers", "ends"), _SCORES)
@given(data=st.data())
def test_a_score_does_not_care_for_order_or_unanswered_steps(reckon, answers, ends, data) -> None:  # type: ignore[no-untyped-def]
    """Counts given in another order, and steps nobody chose, change nothing."""
    counts = data.draw(answers)
    low, high = _SCALES[reckon]
    shuffled = {key: counts.get(key, 0) for key in reversed(range(low, high + 1))}
    assert reckon(shuffled) == reckon(counts)


@pytest.mark.parametrize(("reckon", "answers", "ends"), _SCORES)
@given(data=st.data())
def test_more_of_the_same_answers_are_surer(reckon, answers, ends, data) -> None:  # type: ignore[no-untyped-def]
    """Four times the same answers keep the value and narrow the interval."""
    counts = data.draw(answers)
    once, fourfold = reckon(counts), reckon({key: 4 * count for key, count in counts.items()})
    if once.n < 2:
        return
    assert fourfold.value == pytest.approx(once.value)
    assert fourfold.high - fourfold.low < once.high - once.low + _NEAR


@pytest.mark.parametrize(("reckon", "answers", "ends"), _SCORES)
@given(data=st.data())
def test_a_better_answer_never_lowers_a_score(reckon, answers, ends, data) -> None:  # type: ignore[no-untyped-def]
    """One person who would have answered higher leaves the score where it was or raises it."""
    counts = data.draw(answers.filter(lambda drawn: sum(drawn.values()) > 0))
    _low, high = _SCALES[reckon]
    before = data.draw(st.sampled_from([key for key, count in counts.items() if count]))
    after = data.draw(st.integers(before, high))
    better = Counter(counts)
    better[before] -= 1
    better[after] += 1
    assert reckon(better).value >= reckon(counts).value - _NEAR


@given(st.integers(1, 10**6), st.data())
def test_shares_stay_between_none_and_all(n: int, data: st.DataObject) -> None:
    """Wilson's interval never leaves 0 to 1, touches them only for none and all, and mirrors itself."""
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert (low == 0) == (hits == 0)
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(_NPS, st.integers(0, 200))
def test_the_silent_move_a_score_no_further_than_the_bounds(counts: Counter[int], silent: int) -> None:
    """However the silent would have answered, the score lies between both bounds, which the extremes reach."""
    reach = bounds(QuestionKind.NPS, counts, silent, scale=(0, 10))
    if sum(counts.values()) + silent == 0:
        assert reach is None
        return
    assert reach is not None
    assert reach.silent == silent
    for answer in range(11):
        everybody = Counter(counts)
        everybody[answer] += silent
        value = nps(everybody).value
        assert value is not None
        assert reach.low - _NEAR <= value <= reach.high + _NEAR


def test_bounds_by_hand() -> None:
    """Of 10 asked 4 answered: 3 promoters, a detractor. The other 6 could make it -40 or +80."""
    reach = bounds(QuestionKind.NPS, {9: 3, 0: 1}, 6, scale=(0, 10))
    assert reach is not None
    assert (reach.low, reach.high) == (-40, 80)


def test_a_kind_without_a_figure_makes_none() -> None:
    """Words, photos, dates and choices have counts, no score."""
    for kind in (QuestionKind.TEXT, QuestionKind.PHOTO, QuestionKind.DATE, QuestionKind.CHOICE):
        assert score(kind, {1: 1}) is None


def test_the_page_s_examples_are_right() -> None:
    """What docs/survey-scores.md works out by hand is what the program says."""
    assert _shown(nps({9: 72, 7: 26, 6: 22})) == pytest.approx((41.7, 26.8, 54.5), abs=0.05)
    assert _shown(csat({5: 40, 4: 27, 3: 33})) == pytest.approx((0.67, 0.573, 0.754), abs=0.0005)
    assert _shown(csat({5: 6, 1: 1})) == pytest.approx((0.857, 0.487, 0.974), abs=0.0005)
    counts = {7: 30, 6: 25, 5: 20, 4: 10, 3: 5, 2: 5, 1: 5}
    assert _shown(ces(counts)) == pytest.approx((5.3, 4.96, 5.64), abs=0.005)
    reach = bounds(QuestionKind.NPS, {10: 11, 8: 4, 3: 5}, 180, scale=(0, 10))
    assert reach is not None
    assert (reach.low, reach.high) == pytest.approx((-87, 93))


def _shown(found: Estimate) -> tuple[float | None, ...]:
    return found.value, found.low, found.high
