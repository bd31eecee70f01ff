"""What the record may hold, and which answer stands."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.loyalty import CustomField, FieldKind
from domain.people import Consent, ConsentClass
from domain.records import ZoneSource, field_value, initial_of, may_replace_zone, merged_consent, tag_of

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CARE = ConsentClass.CARE
UNTIL = st.none() | st.integers(-5, 5).map(lambda days: NOW + timedelta(days=days))
ANSWERS = st.builds(lambda given, until: Consent(CARE, given, None if given else until), st.booleans(), UNTIL)


@given(kept=ANSWERS, other=ANSWERS, newer=st.booleans(), days=st.integers(0, 10))
def test_merging_never_turns_a_no_into_a_yes(kept: Consent, other: Consent, newer: bool, days: int) -> None:
    """Today and on every later day, what either answer forbids stays forbidden."""
    stands = merged_consent(kept, other, newer=newer, now=NOW)
    later = NOW + timedelta(days=days)
    assert stands is not None
    assert not stands.allows(later) or (kept.allows(later) and other.allows(later))


def test_the_newest_of_equal_answers_stands() -> None:
    """Of two that allow the same, the last word counts; a sole answer always does."""
    old, new = Consent(CARE, True), Consent(CARE, True)
    assert merged_consent(old, new, newer=True, now=NOW) is new
    assert merged_consent(old, new, newer=False, now=NOW) is old
    assert merged_consent(None, new, newer=True, now=NOW) is new
    assert merged_consent(None, None, newer=True, now=NOW) is None


def test_a_weaker_source_never_moves_anybody() -> None:
    """What people say outweighs a file, a file a city, a city a number; equals may correct each other."""
    strength = (("asked", "staff"), ("api", "import"), ("city",), ("phone",))
    for weight, sources in enumerate(strength):
        for source in map(ZoneSource, sources):
            for other_weight, others in enumerate(strength):
                for other in map(ZoneSource, others):
                    assert may_replace_zone(source, other) is (other_weight <= weight)
    assert may_replace_zone(None, ZoneSource.PHONE)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (FieldKind.TEXT, " oat milk ", "oat milk"),
        (FieldKind.NUMBER, "４２", 42),
        (FieldKind.NUMBER, 4.5, 4.5),
        (FieldKind.DATE, "2026-08-03", "2026-08-03"),
        (FieldKind.DATE, date(2026, 8, 3), "2026-08-03"),
        (FieldKind.YES_NO, "Yes", True),
        (FieldKind.YES_NO, "否", False),
        (FieldKind.CHOICE, "L", "L"),
    ],
)
def test_own_fields_hold_what_they_declare(kind: FieldKind, given: Any, kept: Any) -> None:
    """Text is read as people write it."""
    value = field_value(CustomField("size", kind, choices=("S", "L")), given)
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (FieldKind.TEXT, 5),
        (FieldKind.TEXT, "x" * 501),
        (FieldKind.NUMBER, "many"),
        (FieldKind.NUMBER, "nan"),
        (FieldKind.NUMBER, True),
        (FieldKind.NUMBER, "9" * 30),
        (FieldKind.DATE, "3 August"),
        (FieldKind.DATE, NOW),
        (FieldKind.YES_NO, "perhaps"),
        (FieldKind.CHOICE, "XL"),
        (FieldKind.CHOICE, ["S"]),
    ],
)
def test_own_fields_refuse_what_they_cannot_hold(kind: FieldKind, given: Any) -> None:
    """A wrong type is no value."""
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the reason, the service words it
        field_value(CustomField("size", kind, choices=("S", "L")), given)


def test_tags_are_one_line_in_small_letters() -> None:
    """Spellings of one tag meet; what can be none is none."""
    assert tag_of("  ＶＩＰ  guest ") == "vip guest"
    assert [tag_of(text) for text in ("", " ", "a,b", "x" * 65)] == [None] * 4


@pytest.mark.parametrize(
    ("name", "initial"),
    [("Ann Lee", "A"), ("émile", "É"), ("王小雯", "小"), ("王雯", "雯"), ("欧阳小雯", "小"), ("", ""), ("— ✿", "")],
)
def test_an_initial_names_nobody(name: str, initial: str) -> None:
    """One letter of the first name; the surname that a Chinese family shares tells nothing."""
    assert initial_of(name) == initial
