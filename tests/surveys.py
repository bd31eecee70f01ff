"""Any survey that is allowed, and any answer to it: strategies for property tests."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from domain.cases import Aspect
from domain.surveys import END, SCALES, Jump, Option, Question, QuestionKind, Survey, Thanks
from domain.surveys.answers import Answer

MOMENT = datetime(2026, 11, 22, 9, tzinfo=UTC)
LANGUAGES = ("en", "zh_CN", "zh_TW")
_CHOICES = (QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE)
_BOUNDED = (QuestionKind.RATING, QuestionKind.NUMBER)
_KINDS = st.sampled_from(list(QuestionKind))


def words_of(text: str) -> dict[str, str]:
    """Return a text in each language."""
    return {language: f"{text} ({language})" for language in LANGUAGES}


@st.composite
def questions(draw: st.DrawFn, key: str, later: tuple[str, ...], kind: QuestionKind | None = None) -> Question:
    """Draw a question called ``key``; its jumps lead to some of ``later`` or to the end."""
    kind = kind or draw(_KINDS)
    options = tuple(
        Option(f"o{nth}", words_of(f"Option {nth}"))
        for nth in range(draw(st.integers(2, 5)) if kind in _CHOICES else 0)
    )
    low, high = SCALES.get(kind, (None, None))
    if kind is QuestionKind.RATING:
        low, high = draw(st.integers(0, 1)), draw(st.integers(2, 10))
    if kind is QuestionKind.NUMBER:
        low, high = draw(st.sampled_from([(0, 100), (-5, 5), (None, 50), (1, None), (None, None)]))
    required = draw(st.booleans())
    jumps = draw(st.lists(_jumps(kind, options, low, high, later, required), max_size=3))
    return Question(
        key=key,
        kind=kind,
        text=words_of(f"Question {key}?"),
        required=required,
        options=options,
        low=low,
        high=high,
        decimals=draw(st.integers(0, 2)) if kind is QuestionKind.NUMBER else 0,
        low_label=words_of("not at all") if kind in SCALES and draw(st.booleans()) else {},
        aspect=draw(st.sampled_from([None, *Aspect])),
        jumps=tuple(jumps),
    )


@st.composite
def _jumps(
    draw: st.DrawFn,
    kind: QuestionKind,
    options: tuple[Option, ...],
    low: int | None,
    high: int | None,
    later: tuple[str, ...],
    required: bool,
) -> Jump:
    to = draw(st.sampled_from([*later, END]))
    ways = ["always"] + ([] if required else ["skipped"])
    if kind in SCALES or kind in _BOUNDED:
        ways += ["number"] * 3
    if options:
        ways += ["chosen"] * 3
    way = draw(st.sampled_from(ways))
    if way == "skipped":
        return Jump(to, skipped=True)
    if way == "chosen":
        keys = [option.key for option in options]
        return Jump(to, chosen=tuple(draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))))
    if way == "number":
        least = draw(st.integers(low if low is not None else -5, high if high is not None else 60))
        most = draw(st.integers(least, high if high is not None else 60))
        bounds = draw(st.sampled_from(["both", "least", "most"]))
        return Jump(to, at_least=least if bounds != "most" else None, at_most=most if bounds != "least" else None)
    return Jump(to)


@st.composite
def surveys(draw: st.DrawFn, *, key: str = "any", most: int = 7) -> Survey:
    """Draw a valid survey of up to ``most`` questions of any kinds, with any jumps forward."""
    keys = [f"q{nth}" for nth in range(1, draw(st.integers(1, most)) + 1)]
    asked = tuple(draw(questions(one, tuple(keys[nth + 1 :]))) for nth, one in enumerate(keys))
    scored = [question.key for question in asked if question.scored]
    return Survey(
        key=key,
        title=words_of("Any survey"),
        questions=asked,
        intro=words_of("Hello") if draw(st.booleans()) else {},
        thanks=(Thanks(words_of("Thank you")),) if draw(st.booleans()) else (),
        score_by=draw(st.sampled_from(scored)) if scored else None,
        acts=draw(st.booleans()),
    )


def shape_of(survey: Survey) -> dict[str, Any]:
    """Return a survey without times as its file has it, what is default left out."""
    shape: dict[str, Any] = {"key": survey.key, "title": dict(survey.title), "acts": survey.acts}
    if survey.intro:
        shape["intro"] = dict(survey.intro)
    if survey.score_by:
        shape["score_by"] = survey.score_by
    shape["questions"] = [_question_shape(question) for question in survey.questions]
    if survey.thanks:
        shape["thanks"] = [{"text": dict(thanks.text)} for thanks in survey.thanks]
    return shape


def _question_shape(question: Question) -> dict[str, Any]:
    shape: dict[str, Any] = {"key": question.key, "kind": question.kind.value, "text": dict(question.text)}
    if question.required:
        shape["required"] = True
    if question.options:
        shape["options"] = [{"key": one.key, "label": dict(one.label)} for one in question.options]
    if question.kind in _BOUNDED:
        bounds = {"low": question.low, "high": question.high}
        shape |= {name: bound for name, bound in bounds.items() if bound is not None}
    if question.decimals:
        shape["decimals"] = question.decimals
    if question.low_label:
        shape["low_label"] = dict(question.low_label)
    if question.aspect is not None:
        shape["aspect"] = question.aspect.value
    if question.jumps:
        shape["jumps"] = [_jump_shape(jump) for jump in question.jumps]
    return shape


def _jump_shape(jump: Jump) -> dict[str, Any]:
    shape: dict[str, Any] = {"to": jump.to}
    bounds = {"at_least": jump.at_least, "at_most": jump.at_most}
    shape |= {name: bound for name, bound in bounds.items() if bound is not None}
    if jump.chosen:
        shape["chosen"] = list(jump.chosen)
    if jump.skipped:
        shape["skipped"] = True
    return shape


@st.composite
def answers_to(draw: st.DrawFn, question: Question, *, dismissed: bool = True) -> Answer:
    """Draw a fitting answer to a question; unless it is required, and if ``dismissed`` is meant, perhaps a skip."""
    if dismissed and not question.required and draw(st.integers(0, 4)) == 0:
        return Answer(question.key, question.kind, MOMENT, skipped=True)
    return Answer(question.key, question.kind, MOMENT, **draw(_values(question)))


def _values(question: Question) -> st.SearchStrategy[dict[str, Any]]:
    kind, keys = question.kind, [option.key for option in question.options]
    if kind in SCALES or kind in _BOUNDED:
        unit = 10**question.decimals
        least = question.low if question.low is not None else -20 * unit
        most = question.high if question.high is not None else 99 * unit
        return st.fixed_dictionaries({"number": st.integers(least, max(least, most))})
    if kind is QuestionKind.CHOICE:
        return st.fixed_dictionaries({"choices": st.tuples(st.sampled_from(keys))})
    if kind is QuestionKind.MULTI_CHOICE:
        some = st.lists(st.sampled_from(keys), min_size=1, unique=True)
        return st.fixed_dictionaries({"choices": some.map(lambda chosen: tuple(key for key in keys if key in chosen))})
    if kind is QuestionKind.DATE:
        return st.fixed_dictionaries({"on": st.dates(date(1950, 1, 1), date(2040, 12, 31))})
    if kind is QuestionKind.PHOTO:
        return st.fixed_dictionaries({"interaction_id": st.integers(1, 99)})
    return st.fixed_dictionaries({"text": st.sampled_from(["Fine", "太慢了", "5", "…"])})
