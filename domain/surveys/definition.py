"""What a survey is: its questions, who is asked when, and its words in each language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from domain.cases import Aspect

Words = Mapping[str, str]
"""One text by language."""

END = "end"
"""Where a jump leads that ends the survey."""


class QuestionKind(StrEnum):
    """How a question is answered."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    RATING = "rating"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    PHOTO = "photo"

    @property
    def typed(self) -> bool:
        """Whether it is answered by a message instead of a tap."""
        return self in (QuestionKind.TEXT, QuestionKind.NUMBER, QuestionKind.DATE, QuestionKind.PHOTO)


SCALES: dict[QuestionKind, tuple[int, int]] = {
    QuestionKind.NPS: (0, 10),
    QuestionKind.CSAT: (1, 5),
    QuestionKind.CES: (1, 7),
}
"""The lowest and highest answer of the kinds whose scale is fixed by their definition."""


class SurveyState(StrEnum):
    """Whether a survey is asked: ``off`` asks nobody anew, ``closed`` takes no answers either."""

    ON = "on"
    OFF = "off"
    CLOSED = "closed"


class AfterCase(StrEnum):
    """After which resolved cases a survey is asked: any, or those that a low answer had opened."""

    ANY = "any"
    RECOVERY = "recovery"


class Every(StrEnum):
    """How often a scheduled survey comes round."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen."""

    key: str
    label: Words


@dataclass(frozen=True, slots=True)
class Jump:
    """Where an answer leads: to a later question, or to ``END``.

    It fits a number (of the kinds with one) within ``at_least`` and ``at_most``, a choice among ``chosen`` (of several,
    any of them), or, with ``skipped``, a question that was skipped. All that is given has to hold.
    """

    to: str
    at_least: int | None = None
    at_most: int | None = None
    chosen: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``low`` and ``high`` bound a number or rating, and are the ends of the fixed scales.

    A number has ``decimals`` (0 to 3); it and its bounds are kept times ten to that power.
    """

    key: str
    kind: QuestionKind
    text: Words
    required: bool = False
    options: tuple[Option, ...] = ()
    low: int | None = None
    high: int | None = None
    decimals: int = 0
    low_label: Words = field(default_factory=dict)
    high_label: Words = field(default_factory=dict)
    aspect: Aspect | None = None
    jumps: tuple[Jump, ...] = ()

    @property
    def scored(self) -> bool:
        """Whether its answers make a score."""
        return self.kind in SCALES


@dataclass(frozen=True, slots=True)
class Thanks:
    """What is said at the end, for a score within ``at_least`` and ``at_most``; ``refer`` adds the referral link."""

    text: Words
    at_least: int | None = None
    at_most: int | None = None
    refer: bool = False

    def fits(self, score: int | None) -> bool:
        """Return whether it is for this score; one without bounds is for everybody."""
        if self.at_least is None and self.at_most is None:
            return True
        if score is None:
            return False
        return (self.at_least is None or score >= self.at_least) and (self.at_most is None or score <= self.at_most)


@dataclass(frozen=True, slots=True)
class When:
    """When a survey is asked, and of whom.

    ``after_purchase`` and ``after_event`` count from the purchase or event, ``every`` names the periods on whose
    ``day`` (from 1) everybody of ``segment`` is asked, ``at`` is the local time (without it: at once, a period's at
    10:00). ``sample_permille`` of those are asked, chosen by ``seed``. ``cadence`` is how long one person is not asked
    this survey again; ``late_after`` how long an asking may be held back; an unfinished one is reminded once after
    ``remind_after`` and ends ``expires_after`` it was asked.
    """

    after_case: AfterCase | None = None
    after_purchase: timedelta | None = None
    after_event: str | None = None
    event_delay: timedelta = timedelta()
    every: Every | None = None
    day: int = 1
    at: time | None = None
    segment: str | None = None
    sample_permille: int = 1000
    seed: str = ""
    cadence: timedelta | None = None
    late_after: timedelta = timedelta(days=7)
    remind_after: timedelta | None = timedelta(days=3)
    expires_after: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Survey:
    """One version of a survey. ``score_by`` is the question whose answer is the score of the whole."""

    key: str
    title: Words
    questions: tuple[Question, ...]
    intro: Words = field(default_factory=dict)
    thanks: tuple[Thanks, ...] = ()
    when: When = field(default_factory=When)
    score_by: str | None = None
    acts: bool = True
    """Whether a low answer opens a case and a high one asks for a referral."""

    def question(self, key: str) -> Question | None:
        """Return the question with this key."""
        return next((question for question in self.questions if question.key == key), None)

    def thanks_for(self, score: int | None) -> Thanks | None:
        """Return the first thanks that fit a score."""
        return next((thanks for thanks in self.thanks if thanks.fits(score)), None)


def in_language(words: Words, language: str, fallbacks: Sequence[str] = ("en",)) -> str:
    """Return the text in a language, else in the first of ``fallbacks`` that has it, else in any; empty when none."""
    for wanted in (language, *fallbacks, *words):
        if words.get(wanted):
            return words[wanted]
    return ""
