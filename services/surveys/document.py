"""A survey's document: read from TOML, checked, kept as canonical JSON, and made into what is asked."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import PrivateAttr, ValidationError

from domain.errors import BadSurvey
from domain.languages import LANGUAGES
from domain.surveys import SCALES, Jump, Option, Question, QuestionKind, Survey, Thanks, When, Words
from services.surveys.faults import faults_of
from services.surveys.shape import RATING, DocumentPart, JumpPart, QuestionPart, WhenPart, line_of, scale_of

MOST_BYTES = 256 * 1024
"""No survey is longer; what is, is some other file."""
_MANY_FAULTS = 50


class Document(DocumentPart):
    """A survey's document whose keys could be read; ``read_toml`` gives one that was checked as a whole."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The file it was read from."""
        return self._name

    def survey(self) -> Survey:
        """Return the survey it describes, with everything that is left out filled in."""
        return Survey(
            key=self.key,
            title=self._words(self.title),
            questions=tuple(self._question(part) for part in self.questions),
            intro=self._words(self.intro),
            thanks=tuple(Thanks(self._words(one.text), one.at_least, one.at_most, one.refer) for one in self.thanks),
            when=_when(self.when),
            score_by=self.score_by or next((part.key for part in self.questions if part.kind in SCALES), None),
            acts=self.acts,
        )

    def canonical(self) -> str:
        """Return it as JSON that is the same for every way of writing the same survey."""
        return canonical_of(self.survey())

    def _words(self, words: Words) -> Words:
        """Return a text with the fallback language standing in where one is missing."""
        if self.fallback is None or self.fallback not in words:
            return dict(sorted(words.items()))
        return {language: words.get(language, words[self.fallback]) for language in sorted(LANGUAGES)}

    def _question(self, part: QuestionPart) -> Question:
        low, high = scale_of(part)
        return Question(
            key=part.key,
            kind=part.kind,
            text=self._words(part.text),
            required=part.required,
            options=tuple(Option(option.key, self._words(option.label)) for option in part.options),
            low=_kept(low, part.decimals),
            high=_kept(high, part.decimals),
            decimals=part.decimals,
            low_label=self._words(part.low_label),
            high_label=self._words(part.high_label),
            aspect=part.aspect,
            jumps=tuple(_jump(jump, part.decimals) for jump in part.jumps),
        )


def _kept(number: Decimal | None, decimals: int) -> int | None:
    return None if number is None else int(number.scaleb(decimals))


def _jump(part: JumpPart, decimals: int) -> Jump:
    return Jump(
        part.to, _kept(part.at_least, decimals), _kept(part.at_most, decimals), tuple(part.chosen), part.skipped
    )


def _when(part: WhenPart) -> When:
    given = {name: getattr(part, name) for name in WhenPart.model_fields if name != "sample"}
    return When(**given, sample_permille=int(part.sample * 1000))


def read_toml(text: str, *, name: str, languages: Sequence[str] = ()) -> Document:
    """Return the document that a TOML file holds; every text must be in each of ``languages``.

    ``name`` is the file, as messages name it. Raises :class:`BadSurvey` with a line for each fault.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise BadSurvey((f"{name}: the file is longer than {MOST_BYTES // 1024} KiB; a survey is far shorter",))
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except RecursionError:
        raise BadSurvey((f"{name}: brackets are nested too deep; a survey needs no more than two levels",)) from None
    except tomllib.TOMLDecodeError as error:
        raise BadSurvey((f"{name}: {_not_toml(error)}",)) from None
    except (ValueError, ArithmeticError):
        raise BadSurvey((f"{name}: a number in it is far too long; shorten it",)) from None
    return read_values(values, name=name, languages=languages)


def _not_toml(error: tomllib.TOMLDecodeError) -> str:
    """Return where and why a file is no TOML, such as ``line 3, column 5: expected '=' after a key; …``."""
    why, _, place = str(error).rpartition(" (at ")
    why = (why or str(error)).replace("Cannot overwrite a value", "a key is given twice")
    where = place.removesuffix(")") if why != str(error) and place else "the file"
    return f"{where}: not valid TOML: {why[:1].lower()}{why[1:120]}; write it as in docs/survey-format.md"


def read_values(values: Mapping[str, Any], *, name: str, languages: Sequence[str] = ()) -> Document:
    """Return the document that values make, as TOML or JSON has them. Raises :class:`BadSurvey`."""
    try:
        document = Document.model_validate(values)
    except ValidationError as error:
        raise bad_survey(name, [line_of(found) for found in error.errors(include_url=False)]) from None
    document._name = name
    faults = faults_of(document, languages)
    if faults:
        raise bad_survey(name, faults)
    return document


def bad_survey(name: str, faults: Sequence[str]) -> BadSurvey:
    """Return the error of a document with these faults, each ``key: what; mend``."""
    lines = [f"{name}: {fault}" for fault in dict.fromkeys(faults)]
    if len(lines) > _MANY_FAULTS:
        lines = [*lines[:_MANY_FAULTS], f"{name}: and {len(lines) - _MANY_FAULTS} more; mend these first"]
    return BadSurvey(tuple(lines))


@lru_cache(maxsize=512)
def parse_canonical(json_text: str) -> Survey:
    """Return the survey of a stored version. What was stored is not judged anew by rules that came later."""
    return Document.model_validate(json.loads(json_text, parse_float=Decimal)).survey()


def canonical_of(survey: Survey) -> str:
    """Return a survey as JSON without what is default, keys sorted: equal surveys have equal texts."""
    return json.dumps(_shape_of(survey), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shape_of(survey: Survey) -> dict[str, Any]:
    first = next((question.key for question in survey.questions if question.scored), None)
    return _given(
        key=survey.key,
        title=survey.title,
        intro=survey.intro,
        when=_when_shape(survey.when),
        questions=[_question_shape(question) for question in survey.questions],
        thanks=[
            _given(text=one.text, at_least=one.at_least, at_most=one.at_most, refer=one.refer) for one in survey.thanks
        ],
        score_by=survey.score_by if survey.score_by != first else None,
    ) | ({} if survey.acts else {"acts": False})


def _given(**values: Any) -> dict[str, Any]:
    """Return the values that say something: neither missing, empty nor ``False``; the number 0 does."""
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value is not None and value is not False and value not in ("", [], {})
    }


def _question_shape(question: Question) -> dict[str, Any]:
    usual: tuple[int | None, int | None] = SCALES.get(question.kind) or (None, None)
    if question.kind is QuestionKind.RATING:
        usual = RATING
    decimals = question.decimals
    return _given(
        key=question.key,
        kind=question.kind.value,
        text=question.text,
        required=question.required,
        options=[{"key": option.key, "label": dict(option.label)} for option in question.options],
        low=_written(question.low, decimals) if question.low != usual[0] else None,
        high=_written(question.high, decimals) if question.high != usual[1] else None,
        decimals=decimals or None,
        low_label=question.low_label,
        high_label=question.high_label,
        aspect=question.aspect.value if question.aspect else None,
        jumps=[
            _given(
                to=jump.to,
                at_least=_written(jump.at_least, decimals),
                at_most=_written(jump.at_most, decimals),
                chosen=list(jump.chosen),
                skipped=jump.skipped,
            )
            for jump in question.jumps
        ],
    )


def _written(number: int | None, decimals: int) -> int | float | None:
    """Return a kept number as people write it; at most three digits after the point are exact in a float's text."""
    if number is None or not decimals:
        return number
    value = Decimal(number).scaleb(-decimals)
    return int(value) if value == int(value) else float(value)


def _when_shape(when: When) -> dict[str, Any]:
    usual = When()
    permille = when.sample_permille
    spans = {
        name: span_of(getattr(when, name))
        for name in ("after_purchase", "event_delay", "cadence", "late_after", "remind_after", "expires_after")
        if getattr(when, name) != getattr(usual, name)
    }
    return _given(
        after_case=when.after_case.value if when.after_case else None,
        after_event=when.after_event,
        every=when.every.value if when.every else None,
        day=when.day if when.day != usual.day else None,
        at=when.at.isoformat("minutes") if when.at else None,
        segment=when.segment,
        sample=permille / 1000 if permille != usual.sample_permille else None,
        seed=when.seed,
        **spans,
    )


def span_of(length: timedelta | None) -> str:
    """Return a length of time in the greatest unit up to days that it is a whole number of."""
    if length is None:
        return "never"
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
