"""Expressions are read as written, refused where they are wrong, and written back the same."""

import pytest
from hypothesis import given, settings

from domain.segments import Segment, SegmentError, format_segment, parse
from domain.segments.tree import Both, Compare, Either, Field, Flag, Named, Not, Op, Span, Unit
from tests.segments import VOCABULARY, made_segments


@given(made_segments())
@settings(max_examples=100, deadline=None)
def test_a_segment_written_down_is_read_back_the_same(segment: Segment) -> None:
    """The canonical form loses nothing and adds nothing, and is its own canonical form."""
    written = format_segment(segment)
    read = parse(written, VOCABULARY)
    assert read == segment
    assert format_segment(read) == written


def test_and_binds_closer_than_or_and_brackets_bind_closest() -> None:
    """As everybody reads it, whatever the capitals."""
    lost, gold = Flag(Field("lost")), Compare(Field("tier"), Op.EQ, "gold")
    assert parse("lost OR tier = Gold AND lost").root == Either((lost, Both((gold, lost))))
    assert parse("(lost or tier = gold) and not lost").root == Both((Either((lost, gold)), Not(lost)))


def test_chinese_and_full_width_signs_are_plain_signs() -> None:
    """Whoever types with a Chinese keyboard on means the same; what stands in quotation marks is left alone."""
    wide = "（ｔｉｅｒ　＝　gold　or　tag　in（“老客户”、「ＶＩＰ」））and spent（３６５d）≥１０００"
    assert format_segment(parse(wide)) == "(tier = gold or tag in (老客户, vip)) and spent(365d) >= 1000"
    assert parse("name = “（王）”").root == Compare(Field("name"), Op.EQ, "（王）")


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("last_purchase>60D", "last_purchase > 60d"),
        ("tags has VIP", "tag = vip"),
        ("tier == gold and ((lost))", "tier = gold and lost"),
        ("tier not in (gold, GOLD)", "not tier in (gold)"),
        ('name = "Ann"', "name = Ann"),
        ('name = "and"', 'name = "and"'),
        ("age = 18.0", "age = 18"),
        ("joined >= 2026-1-2", "joined >= 2026-01-02"),
        ("owner is not known", "owner is unknown"),
        ("segment(regulars)", 'segment("regulars")'),
        ("zone = Asia/Shanghai", "zone = Asia/Shanghai"),
        ("custom.shoe > 36.50", "custom.shoe > 36.5"),
    ],
)
def test_there_are_several_ways_to_write_and_one_form(written: str, canonical: str) -> None:
    """Small letters, no needless brackets or quotation marks."""
    assert format_segment(parse(written, VOCABULARY)) == canonical


@pytest.mark.parametrize(
    ("expression", "key", "column", "suggestion"),
    [
        ("", "empty", 1, None),
        ("teir = gold", "unknown_field", 1, "tier"),
        ("tier = gold and lst", "unknown_field", 17, "lost"),
        ("tier = goold", "unknown_value", 8, "gold"),
        ("tier = gold adn lost", "unexpected", 13, "and"),
        ("tier = gold and", "ended", 16, None),
        ("(tier = gold", "ended", 13, None),
        ("tier = gold)", "unexpected", 12, None),
        ("name = 'Ann'", "character", 8, None),
        ('name = "Ann', "quote", 8, None),
        ("name > Ann", "operator", 6, None),
        ("name = 5", "wants_text", 8, None),
        ("points = gold", "wants_number", 10, None),
        ("points > 60d", "wants_number", 10, None),
        ("points > 1.5", "whole_number", 10, None),
        ("spent > 1.005", "digits", 9, None),
        ("points > 9999999999999", "number_range", 10, None),
        ("last_purchase > 60", "wants_moment", 17, None),
        ("last_purchase = 60d", "operator", 15, None),
        ("last_purchase > 2026-02-30", "date", 17, None),
        ("last_purchase > 999999d", "span_range", 17, None),
        ("last_purchase > 60days", "character", 17, None),
        ("birthday = 5", "operator", 10, None),
        ("birthday in 5", "wants_span", 13, None),
        ("birthday.month = 13", "unknown_value", 18, None),
        ("tier", "no_yes_no", 1, None),
        ("lost = yes", "yes_no", 1, None),
        ("consent", "wants_key", 1, None),
        ("consent.ofers", "no_key", 9, "offers"),
        ("custom.sheo = 1", "no_key", 8, "shoe"),
        ("tier(60d) = gold", "window", 6, None),
        ("custom.seat = roof", "unknown_value", 15, None),
        ("custom.club = 1", "yes_no", 1, None),
        ("tag != vip", "operator", 5, None),
        (f"tag in ({', '.join(f't{n}' for n in range(201))})", "too_many_values", 1099, None),
        (" or ".join(["lost"] * 61), "too_many", 1, None),
        ("not " * 13 + "lost", "too_deep", 1, None),
        ("not " * 400 + "lost", "too_deep", 97, None),
        ("(" * 400 + "lost" + ")" * 400, "too_deep", 25, None),
        ("lost or " * 300 + "lost", "too_long", 2001, None),
    ],
)
def test_what_is_wrong_is_said_with_its_place(expression: str, key: str, column: int, suggestion: str | None) -> None:
    """One line with the column and, where it can be guessed, what was meant; a caret stands under the place."""
    with pytest.raises(SegmentError) as caught:
        parse(expression, VOCABULARY)
    error = caught.value
    assert (error.key, error.place.column, error.suggestion) == (key, column, suggestion)
    said, _line, carets = str(error).split("\n")
    assert said.startswith(f"segment, column {column}: ")
    assert set(carets) <= {" ", "^"}
    assert "^" in carets


def test_the_caret_stands_under_its_place_in_a_terminal() -> None:
    """A Chinese sign takes two columns there; of several lines the one with the fault is shown."""
    with pytest.raises(SegmentError) as caught:
        parse("lost\nor name = “小明” and teir = gold")
    assert caught.value.picture == ("  or name = “小明” and teir = gold", " " * 23 + "^^^^")


def test_names_may_be_other_segments() -> None:
    """What a segment refers to is known before it is looked up."""
    segment = parse('segment("good ones") and not segment(regulars) and last_heard <= 2w')
    assert segment.names == {"good ones", "regulars"}
    assert Named("regulars") in (part.part for part in segment.root.parts if isinstance(part, Not))  # type: ignore[union-attr]
    assert Compare(Field("last_heard"), Op.LE, Span(2, Unit.WEEKS)) in segment.root.parts  # type: ignore[union-attr]
