"""Which answers are low: by the rules of the business and the kind of the question."""

import pytest

from domain.surveys.definition import Option, Question, QuestionKind, Survey, Thanks
from domain.surveys.lows import is_low, is_promoter, score_question
from domain.surveys.rules import LoopRules

RULES = LoopRules()


def asked(kind: QuestionKind, low: int | None = None, high: int | None = None) -> Question:
    """Return a question of a kind."""
    return Question("q", kind, {"en": "How?"}, low=low, high=high)


@pytest.mark.parametrize(("kind", "most"), [(QuestionKind.NPS, 6), (QuestionKind.CSAT, 2), (QuestionKind.CES, 2)])
def test_fixed_scales_are_low_up_to_their_rule(kind: QuestionKind, most: int) -> None:
    """6 of 10, 2 of 5 and 2 of 7 are low, one more is not."""
    assert is_low(RULES, asked(kind), most)
    assert not is_low(RULES, asked(kind), most + 1)


@pytest.mark.parametrize(
    ("low", "high", "most"), [(1, 5, 2), (1, 10, 4), (0, 10, 4), (1, 3, 1), (0, 1, 0), (-2, 2, -1), (1, 7, 3)]
)
def test_a_rating_is_low_in_the_lowest_share_of_its_own_scale(low: int, high: int, most: int) -> None:
    """Two fifths of the way up any scale are low, its middle never is."""
    question = asked(QuestionKind.RATING, low, high)
    assert [number for number in range(low, high + 1) if is_low(RULES, question, number)] == list(range(low, most + 1))


def test_a_share_is_reckoned_as_people_do() -> None:
    """29 of 100 is within 0.29 of the scale, and a share of nothing makes nothing low."""
    question = asked(QuestionKind.RATING, 0, 100)
    assert is_low(LoopRules(rating_share=0.29), question, 29)
    assert not is_low(LoopRules(rating_share=0.0), question, 0)


@pytest.mark.parametrize(
    "kind", [QuestionKind.NUMBER, QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE, QuestionKind.TEXT, QuestionKind.DATE]
)
def test_what_is_counted_chosen_or_written_is_never_low(kind: QuestionKind) -> None:
    """How many children Ann has, and which colour she likes, is no judgement."""
    assert not is_low(RULES, asked(kind, 0, 100), 0)
    assert not is_low(RULES, Question("q", kind, {}, options=(Option("a", {}),)), 0)


def test_a_question_left_out_is_not_low() -> None:
    """Whoever says nothing is not unhappy for it."""
    assert not is_low(RULES, asked(QuestionKind.NPS), None)


def survey(*questions: Question, thanks: tuple[Thanks, ...] = (), acts: bool = True) -> Survey:
    """Return a survey."""
    return Survey("s", {"en": "S"}, questions, thanks=thanks, acts=acts)


def test_promoters_are_asked_for_a_friend_only_by_a_survey_that_acts() -> None:
    """9 of 10 promotes, 8 does not; a study that only measures asks nobody."""
    nps = Question("nps", QuestionKind.NPS, {})
    assert is_promoter(RULES, survey(nps), 9)
    assert not is_promoter(RULES, survey(nps), 8)
    assert not is_promoter(RULES, survey(nps, acts=False), 10)
    assert not is_promoter(LoopRules(enabled=False), survey(nps), 10)
    assert not is_promoter(RULES, survey(nps), None)


def test_thanks_may_ask_for_a_friend_too_but_never_after_a_low_score() -> None:
    """A shop may offer the link for five stars; its thanks for everybody do not offer it to who gave one."""
    csat, all_of_them = Question("csat", QuestionKind.CSAT, {}), (Thanks({"en": "Thanks"}, refer=True),)
    assert is_promoter(RULES, survey(csat, thanks=all_of_them), 5)
    assert not is_promoter(RULES, survey(csat, thanks=all_of_them), 1)
    assert not is_promoter(RULES, survey(csat), 5)


def test_the_score_is_the_first_judgement_unless_another_is_named() -> None:
    """A survey that names nothing is scored by its first question with a fixed scale."""
    words, nps = Question("words", QuestionKind.TEXT, {}), Question("nps", QuestionKind.NPS, {})
    assert score_question(survey(words, nps)) == nps
    assert score_question(survey(words)) is None
