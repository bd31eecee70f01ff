"""The document of a survey: read, kept and read again as the same survey; garbage is refused with lines."""

import json
import tomllib
from datetime import time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cases import Aspect
from domain.errors import BadSurvey
from domain.languages import LANGUAGES
from domain.surveys import (
    SCALES,
    AfterCase,
    Every,
    Jump,
    Option,
    Question,
    QuestionKind,
    Survey,
    SurveyRules,
    Thanks,
    When,
)
from domain.surveys.answers import Answer
from domain.surveys.flow import walk
from services.surveys.document import Document, canonical_of, parse_canonical, read_toml, read_values
from services.surveys.faults import warnings_of
from tests.services.papers import CHOICE, CSAT, HEAD, NUMBER, RATING, WORDS
from tests.surveys import answers_to, surveys, words_of
from texts.surveys import shipped_survey_files


def test_everything_that_can_be_written_is_read() -> None:
    """The document of the page, with each of its keys."""
    text = """
key = "tea"
score_by = "ces"
acts = false
title.en = "Tea"
intro.en = "Hello"
[when]
after_case = "recovery"
after_purchase = "3d"
after_event = "order.delivered"
event_delay = "2h"
every = "month"
day = 31
at = 09:30:00
segment = 'tier = gold'
sample = 0.125
seed = "spring"
cadence = "2w"
late_after = "36h"
remind_after = "never"
expires_after = "10d"
[[questions]]
key = "csat"
kind = "csat"
text.en = "How?"
[[questions]]
key = "ces"
kind = "ces"
required = true
aspect = "after_sales"
text.en = "Easy?"
low_label.en = "hard"
high_label.en = "easy"
[[questions]]
key = "litres"
kind = "number"
low = 0.5
high = 20
decimals = 2
text.en = "How much?"
[[questions.jumps]]
to = "end"
at_least = 7.25
[[questions]]
key = "what"
kind = "multi_choice"
text.en = "What?"
options = [{ key = "1", label.en = "One" }, { key = "2", label.en = "Two" }]
[[thanks]]
at_least = 5
at_most = 7
refer = true
text.en = "Thanks"
"""
    assert read_toml(text, name="tea.toml").survey() == Survey(
        key="tea",
        title={"en": "Tea"},
        intro={"en": "Hello"},
        score_by="ces",
        acts=False,
        questions=(
            Question("csat", QuestionKind.CSAT, {"en": "How?"}, low=1, high=5),
            Question(
                "ces",
                QuestionKind.CES,
                {"en": "Easy?"},
                required=True,
                low=1,
                high=7,
                low_label={"en": "hard"},
                high_label={"en": "easy"},
                aspect=Aspect.AFTER_SALES,
            ),
            Question(
                "litres",
                QuestionKind.NUMBER,
                {"en": "How much?"},
                low=50,
                high=2000,
                decimals=2,
                jumps=(Jump("end", at_least=725),),
            ),
            Question(
                "what",
                QuestionKind.MULTI_CHOICE,
                {"en": "What?"},
                options=(Option("1", {"en": "One"}), Option("2", {"en": "Two"})),
            ),
        ),
        thanks=(Thanks({"en": "Thanks"}, 5, 7, True),),
        when=When(
            after_case=AfterCase.RECOVERY,
            after_purchase=timedelta(days=3),
            after_event="order.delivered",
            event_delay=timedelta(hours=2),
            every=Every.MONTH,
            day=31,
            at=time(9, 30),
            segment="tier = gold",
            sample_permille=125,
            seed="spring",
            cadence=timedelta(days=14),
            late_after=timedelta(hours=36),
            remind_after=None,
            expires_after=timedelta(days=10),
        ),
    )


def test_different_files_of_the_same_survey_are_kept_the_same() -> None:
    """Defaults spelt out, another order, another unit: one canonical form."""
    plain = HEAD + CSAT + RATING
    spelt = (
        'acts = true\nscore_by = "csat"\nthanks = []\n' + HEAD + '[when]\nlate_after = "1w"\nexpires_after = "336h"\n'
        'remind_after = "72h"\nsample = 1.0\n' + CSAT + "low = 1\nrequired = false\n" + RATING + "low = 1\nhigh = 5.0\n"
    )
    first, second = (read_toml(text, name="tea.toml").canonical() for text in (plain, spelt))
    assert first == second
    assert set(json.loads(first)) == {"key", "questions", "title"}


_SPANS = st.sampled_from(["90s", "30m", "2h", "3d"]).map(
    lambda text: timedelta(seconds=int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]])
)
_WHENS = st.builds(
    When,
    after_case=st.none() | st.sampled_from(AfterCase),
    after_purchase=st.none() | _SPANS | st.just(timedelta()),
    every=st.just(Every.YEAR),
    day=st.integers(1, 366),
    at=st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    segment=st.none() | st.just('tier = "gold"'),
    sample_permille=st.integers(1, 1000),
    seed=st.text("abcäß春 ", max_size=20),
    cadence=st.none() | _SPANS,
    late_after=_SPANS,
    remind_after=st.none() | _SPANS,
    expires_after=_SPANS.map(lambda span: span + timedelta(days=4)),
)


@settings(max_examples=120, deadline=None)
@given(survey=surveys(), when=_WHENS)
def test_any_survey_comes_back_from_its_stored_form(survey: Survey, when: When) -> None:
    """Nothing is lost or bent between a survey, what is stored of it, and the document it was read from."""
    survey = Survey(**{**{name: getattr(survey, name) for name in Survey.__slots__}, "when": when})
    stored = canonical_of(survey)
    assert parse_canonical(stored) == survey
    document = read_values(json.loads(stored, parse_float=Decimal), name="any", languages=LANGUAGES)
    assert document.canonical() == stored


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_question_is_called_unreachable_that_somebody_reaches(data: st.DataObject) -> None:
    """Whatever way people take, none of the questions on it was warned about."""
    survey = data.draw(surveys())
    lost = [line for line in warnings_of(survey, SurveyRules()) if "no answer leads to" in line]
    answers: dict[str, Answer] = {}
    while (at := walk(survey, answers).at) is not None:
        assert not any(f" {at.key};" in line for line in lost)
        answers[at.key] = data.draw(answers_to(at))


_TOML = st.recursive(
    st.one_of(
        st.integers(-(2**70), 2**70),
        st.booleans(),
        st.text(max_size=30),
        st.floats().map(str).map(Decimal),
        st.just(time(10)),
        st.sampled_from(["nps", "choice", "end", "3d", "0d", "week", "any", "en", "a" * 5000, "q\x00", "\ud800"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_GOOD: dict[str, object] = tomllib.loads(HEAD + "[when]\nday = 1\nevery = 'week'\n" + CSAT + CHOICE + NUMBER + WORDS)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_garbage_in_any_place_is_a_line_and_no_crash(data: st.DataObject) -> None:
    """A good document of which something is replaced is read, or refused with lines; it is never an accident."""
    values = json.loads(json.dumps(_GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        place = values
        while True:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
            below = place[key]
            if not (isinstance(below, dict | list) and below and data.draw(st.integers(0, 3))):
                break
            place = below
        place[key] = data.draw(_TOML)
        if not values:
            break
    try:
        document = read_values(values, name="any.toml")
    except BadSurvey as error:
        lines = error.faults
    else:
        assert parse_canonical(document.canonical()) == document.survey()
        return
    assert lines
    assert [line for line in lines if not (line.startswith("any.toml: ") and line.isprintable())] == []
    assert max(len(line) for line in lines) < 400


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.text("[]{}=\"\n.abc1'#-", max_size=80))
def test_any_text_is_a_survey_or_refused(text: str) -> None:
    """No file makes the reader stumble."""
    with pytest.raises(BadSurvey) as caught:
        read_toml(text, name="any.toml")
    assert all(line.startswith("any.toml: ") and line.isprintable() for line in caught.value.faults)


@pytest.mark.parametrize(("name", "text"), shipped_survey_files(), ids=[name for name, _ in shipped_survey_files()])
def test_what_is_shipped_is_whole(name: str, text: str) -> None:
    """In every language, under the name of its file, without anything that would be warned about but its length."""
    document: Document = read_toml(text, name=name, languages=LANGUAGES)
    assert name == f"{document.key}.toml"
    warnings = warnings_of(document.survey(), SurveyRules())
    assert [line for line in warnings if " are many; " not in line] == []
    assert document.when.segment is None


def test_scales_are_those_of_their_kinds() -> None:
    """Nobody writes the ends of a scale that its definition fixes."""
    for kind, scale in SCALES.items():
        values = {"key": "x", "title": words_of("X"), "questions": [{"key": "a", "kind": kind, "text": words_of("?")}]}
        [question] = read_values(values, name="x").survey().questions
        assert (question.low, question.high) == scale
