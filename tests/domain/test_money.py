"""Money: what ISO 4217 says, and amounts that lose no digit."""

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from domain.money import EXPONENTS, MOST_MINOR, in_units, is_currency, minor_per_unit, read_amount


@pytest.mark.parametrize(
    ("currency", "minor"),
    [("CNY", 100), ("TWD", 100), ("HKD", 100), ("EUR", 100), ("JPY", 1), ("KRW", 1), ("VND", 1), ("KWD", 1000)],
)
def test_a_unit_has_as_many_minor_units_as_the_standard_says(currency: str, minor: int) -> None:
    """The yen has none, the dinar a thousand, the Taiwan dollar a hundred on paper."""
    assert minor_per_unit(currency) == minor


def test_every_currency_is_one_that_others_know() -> None:
    """No code is a slip: the Unicode data know each."""
    assert set(EXPONENTS) <= set(Locale("en").currencies)
    assert not any(is_currency(code) for code in ("RMB", "cny", "NTD", "", "XXX"))


@given(st.integers(-MOST_MINOR, MOST_MINOR), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_written_out_is_read_as_it_was(minor: int, currency: str) -> None:
    """Whole units and back, whatever the currency."""
    assert read_amount(f"{in_units(minor, currency):f}", currency) == minor


@pytest.mark.parametrize("text", ["", "x", "1,5", "1e3", "0x10", "nan", "inf", "1.", "--1", "１2", "9" * 17, "1.234"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Commas, exponents, too many digits: none is guessed at."""
    with pytest.raises(ValueError, match=r"amount|digits"):
        read_amount(text, "CNY")
