"""A customer's own rhythm."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.desk import RhythmRules
from domain.rhythm import lapse_of

RULES = RhythmRules(least=4, factor=2.0)
FIRST = date(2026, 1, 5)


def every(days: int, times: int) -> list[date]:
    """Return so many days with a purchase, each ``days`` after the one before."""
    return [FIRST + timedelta(days=days * nth) for nth in range(times)]


def test_who_stays_away_for_more_than_twice_as_long_as_usual_has_lapsed() -> None:
    """Every ten days as a rule: on the twentieth day all is well, on the twenty-first it is not."""
    days = every(10, 5)
    assert lapse_of(days, days[-1] + timedelta(days=20), RULES) is None
    lapse = lapse_of(days, days[-1] + timedelta(days=21), RULES)
    assert lapse is not None
    assert (lapse.usual_days, lapse.away_days, lapse.last_on) == (10, 21, days[-1])


def test_several_purchases_on_a_day_are_one_visit() -> None:
    """Whoever paid three times on one evening has no rhythm of hours."""
    days = [*every(10, 3), *every(10, 3)]
    assert lapse_of(days, FIRST + timedelta(days=300), RULES) is None


def test_what_was_years_ago_does_not_tell_the_rhythm() -> None:
    """Somebody who came yearly and now comes weekly is missed after two weeks."""
    weekly = [date(2026, 1, 5) + timedelta(days=7 * nth) for nth in range(13)]
    yearly = [date(year, 1, 5) for year in range(2018, 2026)]
    assert lapse_of([*yearly, *weekly], weekly[-1] + timedelta(days=15), RULES) is not None


def test_bursts_are_no_rhythm() -> None:
    """Half of the gaps a day, the others months: nobody can say when to expect this person."""
    days = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2), FIRST + timedelta(days=90)]
    days += [FIRST + timedelta(days=91), FIRST + timedelta(days=92)]
    assert lapse_of(days, days[-1] + timedelta(days=30), RULES) is None


@given(st.integers(1, 60), st.integers(4, 20), st.integers(0, 400))
def test_an_even_rhythm_is_judged_exactly(gap: int, times: int, away: int) -> None:
    """With even gaps there is a lapse when, and only when, more than the factor's share has passed."""
    days = every(gap, times)
    lapsed = lapse_of(list(reversed(days)), days[-1] + timedelta(days=away), RULES) is not None
    assert lapsed == (away > gap * 2)
