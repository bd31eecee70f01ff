"""Days, numbers, prices and bars in each language."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from texts.days import bar, day_in_words, money_in_words, number_in_words


@pytest.mark.parametrize(
    ("language", "this_year", "next_year"),
    [
        ("en", "Nov 30", "Nov 30, 2027"),
        ("zh_CN", "11月30日", "2027年11月30日"),
        ("zh_TW", "11月30日", "2027年11月30日"),
    ],
)
def test_a_day_names_its_year_where_that_is_another(language: str, this_year: str, next_year: str) -> None:
    """Nobody is told the year they live in."""
    today = date(2026, 3, 4)
    assert day_in_words(date(2026, 11, 30), language, today=today) == this_year
    assert day_in_words(date(2027, 11, 30), language, today=today) == next_year


def test_numbers_have_their_thousands_apart_and_true_signs() -> None:
    """Signed where it is said, negative where it is."""
    assert number_in_words(1_234_567, "en") == "1,234,567"
    assert number_in_words(-50, "zh_CN") == "−50"
    assert [number_in_words(n, "zh_TW", signed=True) for n in (50, 0, -1200)] == ["+50", "+0", "−1,200"]


@pytest.mark.parametrize(
    ("amount", "currency", "language", "said"),
    [
        (32_000, "CNY", "en", "¥320"),
        (32_050, "CNY", "zh_TW", "¥320.50"),
        (1_250, "USD", "zh_CN", "US$12.50"),
        (300, "JPY", "en", "¥300"),
        (-100, "CHF", "en", "−CHF\u00a01"),
        (1_234_567_890, "BHD", "en", "BHD\u00a01,234,567.890"),
    ],
)
def test_prices_read_as_on_a_tag(amount: int, currency: str, language: str, said: str) -> None:
    """Whole units without a fraction, others with all the digits of their currency."""
    assert money_in_words(amount, currency, language) == said


@given(part=st.integers(-5, 10**9), whole=st.integers(0, 10**9))
def test_a_bar_is_full_only_when_all_is_reached(part: int, whole: int) -> None:
    """Always ten cells; the last one fills with the last point."""
    drawn = bar(part, whole)
    assert len(drawn) == 10
    assert (drawn == "▰" * 10) == (part >= whole or whole == 0)
