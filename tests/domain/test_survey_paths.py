"""Paths through surveys: whatever is asked and answered, each one ends, and only the answers on it count."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.surveys import END, Question, Survey
from domain.surveys.answers import Answer
from domain.surveys.flow import walk
from tests.proofs.survey_paths import path
from tests.surveys import answers_to, surveys


def _keys(questions: tuple[Question, ...]) -> list[str]:
    return [question.key for question in questions]


@st.composite
def some_answers(draw: st.DrawFn) -> tuple[Survey, dict[str, Answer]]:
    """Draw a survey with answers to any of its questions, on a path or not."""
    survey = draw(surveys())
    answered = draw(st.lists(st.sampled_from(survey.questions), unique_by=lambda one: one.key))
    return survey, {question.key: draw(answers_to(question)) for question in answered}


@given(surveys(), st.data())
def test_every_path_ends(survey: Survey, data: st.DataObject) -> None:
    """Whoever answers or skips what is asked, question by question, comes to the end, and is asked nothing twice."""
    answers: dict[str, Answer] = {}
    for _ in range(len(survey.questions) + 1):
        at = walk(survey, answers).at
        if at is None:
            break
        assert at.key not in answers
        answers[at.key] = data.draw(answers_to(at))
    done = walk(survey, answers)
    assert done.at is None
    assert set(_keys(done.passed)) == set(answers)


@given(some_answers())
def test_a_walk_is_the_one_taken_on_paper(drawn: tuple[Survey, dict[str, Answer]]) -> None:
    """With any answers at all, also such as were given before somebody went back, the path is the one on paper."""
    survey, answers = drawn
    found = walk(survey, answers)
    assert (_keys(found.passed), found.at.key if found.at else None) == path(survey, answers)
    order = [_keys(survey.questions).index(key) for key in _keys(found.passed)]
    assert order == sorted(set(order))


@given(some_answers(), st.data())
def test_what_lies_off_the_path_leads_nowhere(drawn: tuple[Survey, dict[str, Answer]], data: st.DataObject) -> None:
    """Answers to questions off the path change nothing about it, whatever they are; nor does what comes behind."""
    survey, answers = drawn
    before = walk(survey, answers)
    on_path = {*_keys(before.passed), *((before.at.key,) if before.at else ())}
    off = [question for question in survey.questions if question.key not in on_path]
    assume(off)
    changed = dict(answers)
    for question in data.draw(st.lists(st.sampled_from(off), unique_by=lambda one: one.key)):
        changed[question.key] = data.draw(answers_to(question))
    assert walk(survey, changed) == before
    assert walk(survey, {key: changed[key] for key in _keys(before.passed)}) == before


@given(some_answers(), st.data())
def test_a_changed_answer_brings_its_path_back_when_it_is_changed_back(
    drawn: tuple[Survey, dict[str, Answer]], data: st.DataObject
) -> None:
    """Going back and answering otherwise loses nothing: the first answer again is the first path again."""
    survey, answers = drawn
    before = walk(survey, answers)
    assume(before.passed)
    question = data.draw(st.sampled_from(before.passed))
    other = data.draw(answers_to(question))
    between = walk(survey, {**answers, question.key: other})
    assert between.passed[: before.passed.index(question) + 1] == before.passed[: before.passed.index(question) + 1]
    assert walk(survey, {**answers, question.key: replace(answers[question.key])}) == before


@given(surveys())
def test_a_jump_leads_only_forward(survey: Survey) -> None:
    """The surveys drawn here are such as are allowed: each jump names a later question or the end."""
    keys = _keys(survey.questions)
    for nth, question in enumerate(survey.questions):
        assert all(jump.to == END or keys.index(jump.to) > nth for jump in question.jumps)
