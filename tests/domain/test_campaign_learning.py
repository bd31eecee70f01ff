"""Comparing messages: published examples, no false winner beyond its rate, real differences found."""

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import QuietHours
from domain.campaigns.forecast import Waiting, finish_at
from domain.campaigns.learning import (
    ALPHA,
    LEAST_REACHED,
    Arm,
    Finding,
    compare,
    fisher,
    holm,
    newcombe,
    p_value,
    uplift,
)

PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]
"""The eight examples of Newcombe (1998), table II, method 10."""
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NO_NIGHT = QuietHours(time(), time())


@pytest.mark.parametrize(("counts", "interval"), PUBLISHED)
def test_the_interval_of_a_difference_is_the_published_one(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    """All contrasts of the paper come out to its four digits."""
    assert newcombe(*counts) == pytest.approx(interval, abs=0.00006)


def test_the_lady_tasting_tea_may_have_guessed() -> None:
    """Three of four cups told right each way: 17 of 70 ways are at least as good, doubled for either side."""
    assert fisher(3, 4, 1, 4) == pytest.approx(2 * 17 / 70)
    assert fisher(4, 4, 0, 4) == pytest.approx(2 * 1 / 70)
    assert fisher(0, 4, 4, 4) == fisher(4, 4, 0, 4)


def test_several_comparisons_are_corrected_as_published() -> None:
    """The textbook example: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02; two of four differences stand."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.integers(1, 400), st.integers(1, 400), st.data())
def test_what_decides_agrees_with_the_interval_that_is_shown(n: int, other_n: int, data: st.DataObject) -> None:
    """A difference called sure has an interval without 0; and who is compared with whom changes nothing."""
    hits, other = data.draw(st.integers(0, n)), data.draw(st.integers(0, other_n))
    p = p_value(hits, n, other, other_n)
    low, high = newcombe(hits, n, other, other_n)
    assert 0 <= p <= 1
    assert low <= hits / n - other / other_n <= high
    assert p == pytest.approx(p_value(other, other_n, hits, n))
    if p < ALPHA:
        assert low > 0 or high < 0


def drawn(rng: random.Random, key: str, n: int, share: float) -> Arm:
    """Return a message that reached so many, each of whom answers with this probability."""
    return Arm(key, n, sum(rng.random() < share for _ in range(n)))


@pytest.mark.parametrize(
    ("sizes", "share"), [((150, 150), 0.5), ((40, 40), 0.4), ((60, 600), 0.05), ((120, 120, 120), 0.3)]
)
def test_equal_messages_win_no_more_often_than_one_time_in_twenty(sizes: tuple[int, ...], share: float) -> None:
    """A/A: the very same message several times; a winner is named in at most 5 % of the tests, as is promised."""
    rng = random.Random(20261123)
    tests = 1500
    winners = 0
    for _ in range(tests):
        arms = [drawn(rng, str(nth), n, share) for nth, n in enumerate(sizes)]
        winners += compare(arms).finding is Finding.WINNER
    assert winners / tests <= ALPHA


def test_the_interval_alone_would_promise_too_much() -> None:
    """30 people against 3,000 where hardly anybody answers: Newcombe's interval alone errs twice as often."""
    rng = random.Random(7)
    alone = together = 0
    for _ in range(1500):
        hits = sum(rng.random() < 0.003 for _ in range(30))
        low, high = newcombe(hits, 30, 9, 3000)
        alone += low > 0 or high < 0
        together += p_value(hits, 30, 9, 3000) < ALPHA
    assert together / 1500 <= ALPHA < alone / 1500


def test_a_real_difference_is_found() -> None:
    """A: 12 %, B: 20 % of 600 each; nearly every test names B, none names A."""
    rng = random.Random(3)
    found = [compare([drawn(rng, "a", 600, 0.12), drawn(rng, "b", 600, 0.2)]).winner for _ in range(300)]
    assert found.count("b") / 300 > 0.9
    assert found.count("a") == 0


def test_a_winner_beats_each_of_the_others() -> None:
    """The best of three is no winner while it is not surely better than the second."""
    close = compare([Arm("a", 500, 100), Arm("b", 500, 105), Arm("c", 500, 20)])
    assert close.finding is Finding.NO_DIFFERENCE
    assert [(one.one, one.other) for one in close.differences if one.sure] == [("a", "c"), ("b", "c")]
    clear = compare([Arm("a", 500, 100), Arm("b", 500, 180), Arm("c", 500, 20)])
    assert (clear.finding, clear.winner) == (Finding.WINNER, "b")


def test_with_more_messages_more_is_asked_of_a_difference() -> None:
    """What just tells two messages apart does not tell the same two apart among four."""
    two = [Arm("a", 300, 60), Arm("b", 300, 83)]
    assert compare(two).finding is Finding.WINNER
    four = compare([*two, Arm("c", 300, 70), Arm("d", 300, 70)])
    assert four.finding is Finding.NO_DIFFERENCE
    [same_two] = [one for one in four.differences if {one.one, one.other} == {"a", "b"}]
    assert not same_two.sure
    assert same_two.p == pytest.approx(6 * p_value(83, 300, 60, 300))


def test_too_few_people_tell_nothing() -> None:
    """Below the least number of people reached nothing is compared at all, however clear it looks; nor is one alone."""
    few = LEAST_REACHED - 1
    assert compare([Arm("a", few, few), Arm("b", 500, 0)]).finding is Finding.TOO_FEW
    assert compare([Arm("a", 500, 20)]).finding is Finding.ALONE
    assert uplift(few, few, 0, 500) is None


def test_what_a_campaign_did_is_told_in_people() -> None:
    """10 % of 1,000 bought, 5 % of 200 held out: 50 more buyers, and how many at least and at most."""
    found = uplift(100, 1000, 10, 200)
    assert found is not None
    most_likely, least, most = found.people
    assert most_likely == pytest.approx(50)
    low, high = newcombe(100, 1000, 10, 200)
    assert (least, most) == (low * 1000, high * 1000)
    assert found.sure == (found.p < ALPHA and low > 0)


def test_equal_shares_are_no_difference() -> None:
    """Nothing against nothing, and all against all."""
    assert p_value(0, 50, 0, 70) == p_value(50, 50, 70, 70) == 1.0
    assert compare([Arm("a", 50, 0), Arm("b", 70, 0)]).finding is Finding.NO_DIFFERENCE


def test_the_end_is_where_the_queue_runs_empty() -> None:
    """Sixty go at once, then the ten of the next hour: a gap in between is not lost time."""
    zone = ZoneInfo("UTC")
    waiting = [Waiting(NOW, zone, 60), Waiting(NOW + timedelta(hours=1), zone, 10)]
    given_ = {"now": NOW, "quiet": NO_NIGHT, "paused_until": None}
    assert finish_at(waiting, rate_per_s=1, **given_) == NOW + timedelta(hours=1, seconds=10)  # type: ignore[arg-type]
    assert finish_at([], rate_per_s=1, **given_) is None  # type: ignore[arg-type]


def test_who_sleeps_by_then_goes_in_the_morning() -> None:
    """10,800 at one a second from 20:00 in Shanghai: an hour's worth before the night, the rest from eight on."""
    shanghai = ZoneInfo("Asia/Shanghai")
    quiet = QuietHours(time(21), time(8))
    evening = NOW  # 20:00 in Shanghai
    end = finish_at([Waiting(evening, shanghai, 10_800)], now=evening, rate_per_s=1, quiet=quiet, paused_until=None)
    assert end == datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
    london = [Waiting(evening, shanghai, 10_800), Waiting(evening, ZoneInfo("Europe/London"), 3600)]
    assert finish_at(london, now=evening, rate_per_s=1, quiet=quiet, paused_until=None) == end


def test_nothing_goes_before_a_pause_is_over() -> None:
    """What Telegram asks for is waited for."""
    until = NOW + timedelta(seconds=2282)
    end = finish_at([Waiting(NOW, ZoneInfo("UTC"), 100)], now=NOW, rate_per_s=10, quiet=NO_NIGHT, paused_until=until)
    assert end == until + timedelta(seconds=10)
