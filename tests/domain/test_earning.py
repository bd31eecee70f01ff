"""Points by rule: exact, rounded once, capped, and given back to the last one."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.earning import Working, is_open, read_working, reckon, reckon_occasion, taken_back
from domain.loyalty import Bonus, EarningRules, Occasion, Rounding, Tier
from domain.points import MOST_POINTS

EVE = date(2026, 12, 24)
NEW, GOLD = Tier("new", 0), Tier("gold", 500_000, 150)
XMAS = Bonus("Xmas", EVE, EVE + timedelta(days=2), percent=200, extra=7)

amounts = st.one_of(st.integers(1, 500), st.integers(1, 10**12))
percents = st.sampled_from([0, 1, 33, 100, 120, 150, 333])
earning = st.builds(
    EarningRules,
    milli_points_per_unit=st.sampled_from([0, 1, 105, 333, 1000, 1500]),
    rounding=st.sampled_from(Rounding),
    bonuses=st.lists(
        st.builds(
            Bonus,
            name=st.sampled_from("abc"),
            first_on=st.just(EVE),
            last_on=st.sampled_from([EVE, EVE + timedelta(days=3)]),
            percent=st.sampled_from([100, 101, 150, 200]),
            extra=st.sampled_from([0, 1, 50]),
        ),
        max_size=3,
    ).map(tuple),
    day_cap=st.one_of(st.none(), st.integers(1, 200)),
)


def bought(rules: EarningRules, minor: int, tier: Tier = NEW, on: date = EVE, **more: int) -> Working:
    """Return the working of a purchase in yuan."""
    return reckon(rules, tier, amount_minor=minor, currency="CNY", on=on, **more)


def test_a_purchase_shows_every_step() -> None:
    """A person can follow each figure."""
    working = bought(EarningRules(bonuses=(XMAS,), day_cap=300), 12345, GOLD, earned_today=50)
    assert [(line.rule, line.after) for line in working.lines] == [
        ("amount", "123.45"),
        ("tier", "185.175"),
        ("bonus", "370.35"),
        ("rounding", "370"),
        ("extra", "377"),
        ("cap", "250"),
    ]
    assert working.lines[-1].figures == {"cap": 300, "earned_today": 50, "cut": 127}
    assert working.points == 250


@pytest.mark.parametrize(
    ("minor", "how", "points"),
    [(149, "down", 1), (149, "nearest", 1), (150, "nearest", 2), (101, "up", 2), (100, "up", 1), (99, "down", 0)],
)
def test_rounding_does_what_it_is_called(minor: int, how: str, points: int) -> None:
    """A half goes up."""
    assert bought(EarningRules(rounding=Rounding(how)), minor).points == points


@pytest.mark.parametrize(("currency", "points"), [("CNY", 12), ("JPY", 1234), ("KWD", 1)])
def test_points_are_for_whole_units_of_the_currency(currency: str, points: int) -> None:
    """1234 minor units are 12.34 yuan, 1234 yen, 1.234 dinars."""
    assert reckon(EarningRules(), NEW, amount_minor=1234, currency=currency, on=EVE).points == points


@given(earning, amounts, percents)
def test_points_are_the_exact_product_rounded_once(rules: EarningRules, minor: int, percent: int) -> None:
    """Reckoned anew as one fraction, nothing differs: no step loses or makes anything."""
    rules = replace(rules, bonuses=(), day_cap=None)
    exact = Fraction(minor * rules.milli_points_per_unit * percent, 100 * 1000 * 100)
    points = bought(rules, minor, Tier("t", 0, percent)).points
    if exact < MOST_POINTS:
        assert {
            Rounding.DOWN: 0 <= exact - points < 1,
            Rounding.UP: 0 <= points - exact < 1,
            Rounding.NEAREST: Fraction(-1, 2) <= points - exact <= Fraction(1, 2),
        }[rules.rounding]
    assert 0 <= points <= MOST_POINTS


@given(earning, amounts, percents)
def test_the_best_bonus_counts_and_only_one(rules: EarningRules, minor: int, percent: int) -> None:
    """What is given is what the best one alone would give; having bonuses never costs a point."""
    rules, tier = replace(rules, day_cap=None), Tier("t", 0, percent)
    alone = [bought(replace(rules, bonuses=(bonus,)), minor, tier).points for bonus in rules.bonuses]
    assert bought(rules, minor, tier).points == max([bought(replace(rules, bonuses=()), minor, tier).points, *alone])


@given(earning, amounts, percents, st.integers(0, 300))
def test_the_cap_is_kept_and_says_what_it_cut(rules: EarningRules, minor: int, percent: int, before: int) -> None:
    """With what was earned before, never more than the cap; what was cut and what is left add up."""
    working = bought(rules, minor, Tier("t", 0, percent), earned_today=before)
    uncapped = bought(replace(rules, day_cap=None), minor, Tier("t", 0, percent)).points
    assert working.points == (uncapped if rules.day_cap is None else min(uncapped, max(0, rules.day_cap - before)))
    cut = sum(int(line.figures["cut"]) for line in working.lines if line.rule == "cap")
    assert working.points + cut == uncapped
    assert working.lines[-1].after == str(working.points)
    assert read_working(working.as_json()) == working


@given(st.integers(1, MOST_POINTS), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_refunds_together_take_what_one_would(points: int, parts: list[int]) -> None:
    """However a sum is split, each refund takes what is due by then, and the last one leaves nothing."""
    amount, refunded, taken = sum(parts), 0, 0
    for part in parts:
        share = taken_back(points, amount_minor=amount, refunded_before=refunded, refunded_after=refunded + part)
        refunded += part
        taken += share
        assert share >= 0
        assert taken == taken_back(points, amount_minor=amount, refunded_before=0, refunded_after=refunded)
        assert 0 <= Fraction(points * refunded, amount) - taken < 1
    assert taken == points


@pytest.mark.parametrize(
    ("on", "tier", "opens"),
    [
        (date(2026, 12, 25), "gold", False),  # Friday
        (date(2026, 12, 26), "gold", True),  # Saturday, the first day
        (date(2026, 12, 27), "gold", True),
        (date(2027, 1, 3), "gold", True),  # Sunday, the last day
        (date(2027, 1, 9), "gold", False),
        (date(2026, 12, 28), "gold", False),
        (date(2026, 12, 26), "new", False),
    ],
)
def test_a_bonus_is_for_its_days_and_tiers(on: date, tier: str, opens: bool) -> None:
    """Both borders belong to it; weekdays and tiers narrow it."""
    bonus = Bonus("x", date(2026, 12, 26), date(2027, 1, 3), 150, 0, ("gold",), (6, 7))
    assert is_open(bonus, Tier(tier, 0), on) is opens


def test_an_occasion_gives_what_the_rules_say_up_to_the_cap() -> None:
    """Without a rule nothing."""
    rules = EarningRules(occasions={Occasion.BIRTHDAY: 88}, day_cap=100)
    assert reckon_occasion(rules, Occasion.BIRTHDAY).points == 88
    assert reckon_occasion(rules, Occasion.BIRTHDAY, earned_today=40).points == 60
    assert reckon_occasion(rules, Occasion.SURVEY).points == 0


def test_no_entry_is_asked_to_hold_more_than_it_can() -> None:
    """An absurd rule is cut, and the working says so."""
    working = bought(EarningRules(milli_points_per_unit=999_999_000), 10**12)
    assert working.points == MOST_POINTS
    assert working.lines[-1].rule == "most"


@pytest.mark.parametrize("kept", [None, "x", 5, {}, {"points": 1}, {"points": 1, "lines": [{"rule": "x"}]}])
def test_what_is_no_working_is_none(kept: object) -> None:
    """An entry by hand keeps none, and a forgotten customer's is gone."""
    assert read_working(kept) is None
