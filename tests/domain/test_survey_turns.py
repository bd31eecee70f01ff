"""Whose turn it is among the surveys that wait for one person, and who is in a sample."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.surveys.occasions import Cause, Occasion, case_occasion, read_occasion
from domain.surveys.sampling import is_sampled
from domain.surveys.turns import WAIT, Asked, Waiting, in_turn, is_within_cadence, put_off, rests_until

NOW = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def waiting(id_: int, *, cadence: int | None = None, due: int = 0, reminder: bool = False, late: int = 7) -> Waiting:
    """Return an asking; ``cadence`` and ``late`` in days, ``due`` in hours before now."""
    due_at = NOW - timedelta(hours=due)
    return Waiting(id_, due_at, NOW + late * DAY, timedelta(days=cadence) if cadence else None, reminder)


def test_the_rarest_survey_goes_first() -> None:
    """A quarterly survey is asked before a weekly one, and that before one without a cadence, whatever waits."""
    found = in_turn([waiting(1, due=90), waiting(2, cadence=7, due=50), waiting(3, cadence=90)])
    assert [one.id for one in found] == [3, 2, 1]


def test_a_reminder_goes_before_everything() -> None:
    """What was begun is finished before something new is asked."""
    assert [one.id for one in in_turn([waiting(1, cadence=365), waiting(2, reminder=True)])] == [2, 1]


def test_equals_go_by_due_time_then_by_number() -> None:
    """Of two of the same cadence the one that waits longer goes first; of two due at once the smaller number."""
    assert [one.id for one in in_turn([waiting(1), waiting(2, due=5), waiting(3, due=5)])] == [2, 3, 1]


askings = st.builds(
    waiting,
    st.integers(1, 10**6),
    cadence=st.none() | st.sampled_from([1, 7, 30, 90, 365]),
    due=st.integers(0, 200),
    reminder=st.booleans(),
)


@given(st.lists(askings, unique_by=lambda one: one.id, max_size=8), st.randoms())
def test_the_order_depends_on_nothing_but_the_askings(rows: list[Waiting], random: object) -> None:
    """However the database returns them, the same goes first, and nobody drops out."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert in_turn(shuffled) == in_turn(rows)
    assert sorted(one.id for one in in_turn(rows)) == sorted(one.id for one in rows)


@given(askings, st.none() | st.integers(-48, 500), st.integers(-24, 24 * 9))
def test_who_waits_is_asked_about_again_in_time(other: Waiting, hours: int | None, later: int) -> None:
    """Never earlier than the first of them may go, unless its own end comes before that; never beyond its own end."""
    now = NOW + timedelta(hours=later)
    first_until = now + timedelta(hours=hours) if hours is not None else None
    again_at = put_off(other, now=now, first_until=first_until)
    assert again_at <= other.late_after_at
    assert again_at == other.late_after_at or again_at >= max(now + WAIT, first_until or now)


def test_within_the_cadence_nobody_is_asked_again() -> None:
    """On the day it is over they are; without a cadence, or never asked, at once."""
    asked = Asked(this_at=NOW - 90 * DAY)
    assert not is_within_cadence(asked, 90 * DAY, NOW)
    assert is_within_cadence(asked, 90 * DAY, NOW - timedelta(milliseconds=1))
    assert not is_within_cadence(asked, None, NOW)
    assert not is_within_cadence(Asked(any_at=NOW), 90 * DAY, NOW)


def test_after_any_survey_there_is_rest() -> None:
    """Three days after the last one the next may come, not before."""
    asked = Asked(any_at=NOW - 2 * DAY)
    assert rests_until(asked, 3 * DAY, NOW) == NOW + DAY
    assert rests_until(asked, 3 * DAY, NOW + DAY) is None
    assert rests_until(Asked(this_at=NOW), 3 * DAY, NOW) is None
    assert rests_until(asked, timedelta(), NOW) is None


@pytest.mark.parametrize(
    ("written", "found", "response"),
    [
        ("case:12:2", Occasion("case:12:2", Cause.CASE, 12), "case:12:2"),
        ("p:7", Occasion("p:7", Cause.PURCHASE, 7), "p:7"),
        ("e:8", Occasion("e:8", Cause.EVENT, 8), "e:8"),
        ("2026-Q4", Occasion("2026-Q4", Cause.SCHEDULE), "2026-Q4:5"),
        ("2026-W47", Occasion("2026-W47", Cause.SCHEDULE), "2026-W47:5"),
        ("2026", Occasion("2026", Cause.SCHEDULE), "2026:5"),
        ("hand-12", Occasion("hand-12", Cause.HAND), "hand-12:5"),
    ],
)
def test_an_occasion_is_read_as_it_was_written(written: str, found: Occasion, response: str) -> None:
    """A delivery's occasion says what it is about; a response names the person as well where many are asked."""
    assert read_occasion(written) == found
    assert found.of_response(5) == response


def test_a_case_is_named_with_its_resolution() -> None:
    """The second time a case is solved is another occasion."""
    assert read_occasion(case_occasion(12, 2)).case_id == 12
    assert case_occasion(12, 1) != case_occasion(12, 2)
    assert read_occasion("r:9").reminder
    assert read_occasion("r:9").ref == 9


def test_a_sample_is_the_one_of_its_definition() -> None:
    """Reckoned by hand for one person: the first eight hexadecimal digits of the digest, in thousandths."""
    share = int(sha256(b"spring|pulse|2026-Q4|17").hexdigest()[:8], 16) % 1000
    assert not is_sampled("spring", "pulse", "2026-Q4", 17, share)
    assert is_sampled("spring", "pulse", "2026-Q4", 17, share + 1)


def test_a_sample_is_about_its_share_and_another_one_each_time() -> None:
    """Of 20,000 about a fifth; the next quarter, another seed or another survey chooses others."""
    people = range(1, 20_001)
    chosen = {one for one in people if is_sampled("s", "pulse", "2026-Q4", one, 200)}
    assert abs(len(chosen) - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
    for seed, survey, occasion in (("s", "pulse", "2027-Q1"), ("t", "pulse", "2026-Q4"), ("s", "nps", "2026-Q4")):
        others = {one for one in people if is_sampled(seed, survey, occasion, one, 200)}
        assert abs(len(chosen & others) - 800) < 150


@given(st.text(max_size=20), st.integers(1, 10**9), st.integers(1, 999))
def test_a_greater_share_takes_in_the_smaller(seed: str, customer_id: int, permille: int) -> None:
    """Whoever is among a tenth is among a half; all are all."""
    if is_sampled(seed, "pulse", "hand-1", customer_id, permille):
        assert is_sampled(seed, "pulse", "hand-1", customer_id, permille + 1)
    assert is_sampled(seed, "pulse", "hand-1", customer_id, 1000)
