"""What raises a case by itself: words in any script, a tier, an aspect, a second complaint; never downwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Aspect, Priority
from domain.desk import PriorityRules
from domain.folding import fold
from domain.priority import KeywordRule, fresh, keyword, raised, reasons, says, telling

RULES = PriorityRules(tiers={"gold": Priority.HIGH}, aspects={Aspect.AFTER_SALES: Priority.HIGH})
SHOCK = KeywordRule(1, "漏电", Priority.URGENT)
FIRE = KeywordRule(2, "fire", Priority.HIGH)


@pytest.mark.parametrize(
    ("said", "words", "found"),
    [
        ("你们的热水器漏电了！", "漏电", True),
        ("熱水器漏電了", "漏电", True),
        ("FIRE in the kitchen", "fire", True),
        ("ｆｉｒｅ！", "fire", True),
        ("you should be fired", "fire", False),
        ("misfire again", "fire", False),
        ("misfire, then a fire", "fire", True),
        ("有fire了", "fire", True),
        ("call  my\nlawyer", "my lawyer", True),
        ("no current at all", "漏电", False),
    ],
)
def test_words_are_found_whatever_their_form(said: str, words: str, found: bool) -> None:
    """Traditional, full width, capitals: the same word; a part of a longer one is another."""
    assert says(fold(said), words) is found


@given(st.text())
def test_folding_folds_once(text: str) -> None:
    """What was folded stays as it is, so that rules and words meet."""
    assert fold(fold(text)) == fold(text)


def test_a_keyword_needs_something_to_look_for() -> None:
    """Signs alone would raise everything."""
    assert keyword("  漏電 ") == "漏电"
    assert keyword("!!!") is None
    assert keyword("") is None
    assert keyword("x" * 129) is None


def test_every_reason_is_named() -> None:
    """Gold, after-sales, complained before, and what she said."""
    found = reasons(RULES, texts=["漏電"], keywords=[SHOCK, FIRE], tier="gold", aspect=Aspect.AFTER_SALES, repeats=1001)
    assert [why["kind"] for why in found] == ["tier", "aspect", "repeat", "keyword"]
    assert raised(Priority.NORMAL, found) is Priority.URGENT


@given(st.sampled_from(Priority), st.lists(st.sampled_from(Priority)))
def test_rules_only_raise(priority: Priority, asked: list[Priority]) -> None:
    """Whatever asks for less is not heard."""
    found = [{"kind": "keyword", "priority": one.value} for one in asked]
    assert raised(priority, found).weight == max([priority.weight, *(one.weight for one in asked)])


def test_what_raised_it_once_raises_it_no_second_time() -> None:
    """Sue has lowered it; the same word again is no news."""
    found = reasons(RULES, texts=["fire"], keywords=[FIRE])
    assert fresh(found, found) == []
    assert fresh(reasons(RULES, texts=["fire", "漏电"], keywords=[SHOCK, FIRE]), found) == reasons(
        RULES, texts=["漏电"], keywords=[SHOCK]
    )


def test_the_card_names_what_weighs() -> None:
    """Of two words the heavier; a person's decision alone when there is one."""
    known = reasons(RULES, texts=["fire 漏电"], keywords=[SHOCK, FIRE])
    assert [why["words"] for why in telling(Priority.URGENT, known)] == ["漏电"]
    by_hand = {"kind": "hand", "by": 1, "reason": "a drill", "priority": "normal"}
    assert telling(Priority.NORMAL, [*known, by_hand]) == [by_hand]
    assert telling(Priority.NORMAL, []) == []
