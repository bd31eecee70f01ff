"""Telephone numbers, in whatever spelling."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phones import is_region, phone_in_words, read_phone, read_telegram_phone, zone_of_phone

MOBILES = st.one_of(
    st.builds(lambda n: f"+86138{n:08}", st.integers(0, 99_999_999)),
    st.builds(lambda n: f"+8869{n:08}", st.integers(10_000_000, 89_999_999)),
    st.builds(lambda n: f"+8529{n:07}", st.integers(0, 7_999_999)),
).filter(lambda number: phonenumbers.is_valid_number(phonenumbers.parse(number)))
FULL_WIDTH = str.maketrans("0123456789+-() ", "０１２３４５６７８９＋－（）　")
REGIONS = {"+86": "CN", "+886": "TW", "+852": "HK"}


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("１３８ ００１３ ８０００", "CN", "+8613800138000"),
        ("0086-138 0013 8000", "CN", "+8613800138000"),
        ("+86 (138) 0013-8000", "TW", "+8613800138000"),
        ("（010）8888 9999", "CN", "+861088889999"),
        ("0912-345-678", "TW", "+886912345678"),
        ("+886 912 345 678", "CN", "+886912345678"),
        ("9123 4567", "HK", "+85291234567"),
    ],
)
def test_spellings_of_one_number(text: str, region: str, number: str) -> None:
    """Full width, brackets, dashes, trunk zeros and country codes all lead to the one number."""
    assert read_phone(text, region=region) == number


@given(number=MOBILES, wide=st.booleans(), international=st.booleans())
def test_what_is_written_for_people_is_read_back(number: str, wide: bool, international: bool) -> None:
    """However a number is written out, for the country or for the world, it is the same number again."""
    parsed = phonenumbers.parse(number)
    region = next(region for code, region in REGIONS.items() if parsed.country_code == int(code))
    form = phonenumbers.PhoneNumberFormat.NATIONAL
    written = phone_in_words(number) if international else phonenumbers.format_number(parsed, form)
    assert read_phone(written.translate(FULL_WIDTH) if wide else written, region=region) == number
    assert read_telegram_phone(number.removeprefix("+")) == number


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever people type is a number that can be one, or none."""
    number = read_phone(text, region="CN")
    assert number is None or phonenumbers.is_valid_number(phonenumbers.parse(number))


@pytest.mark.parametrize("text", ["", "12345", "coat", "138-0013-8000 ext 3", "1" * 300, "+86138001380000", "4006"])
def test_what_is_no_ones_number(text: str) -> None:
    """Too short, too long, with an extension, or no number at all."""
    assert read_phone(text, region="CN") is None


def test_a_number_tells_its_zone_only_where_it_can() -> None:
    """A country with one zone does; one with several, by its mobile numbers, does not."""
    assert zone_of_phone("+886912345678") == "Asia/Taipei"
    assert zone_of_phone("+61412345678") is None


def test_regions() -> None:
    """The settings can be checked."""
    assert is_region("HK")
    assert not is_region("XX")
