"""Counts of alike responses and answers added up: for a whole survey, for a month of it, for one part of a split."""

import json
from collections import Counter
from dataclasses import dataclass, field

from domain.surveys import Question, QuestionKind
from domain.surveys.answers import bounds_of
from domain.surveys.results import QuestionResult
from domain.surveys.scores import NOTHING, Estimate, mean_of_sums, score, share
from storage.survey_results import AnswerCount, Arrival, ResponseCount

_RANGES = 11
_NICE = (1, 2, 5)


def scale_of(question: Question) -> tuple[int, int] | None:
    """Return the lowest and highest answer, ``None`` for a kind or a number without bounds."""
    low, high = bounds_of(question)
    return (low, high) if low is not None and high is not None else None


def alike(question: Question, other: Question) -> bool:
    """Return whether answers to both may be counted together: the same kind on the same scale."""
    return (question.kind, scale_of(question), question.decimals) == (other.kind, scale_of(other), other.decimals)


def estimate(question: Question, counts: Counter[int]) -> Estimate:
    """Return the figure of a question's answers; nothing for a kind that makes none."""
    return score(question.kind, counts, scale=scale_of(question), decimals=question.decimals) or NOTHING


@dataclass(slots=True)
class Funnel:
    """What became of the responses that were asked."""

    arrived: int = 0
    under_way: int = 0
    refused: int = 0
    started: int = 0
    through: int = 0
    states: Counter[str] = field(default_factory=Counter)
    waiting: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Arrived and not finished, by version and state."""

    @property
    def asked(self) -> int:
        """How many were asked by a message that was not refused."""
        return self.arrived + self.under_way

    @property
    def response_rate(self) -> Estimate:
        """The share of those who answered at all among those whom it reached."""
        return share(self.started, self.arrived)

    def add(self, row: ResponseCount) -> None:
        """Count alike responses; those whose message was refused are in nothing else."""
        if row.arrival == Arrival.REFUSED:
            self.refused += row.count
            return
        self.states[row.state] += row.count
        if row.arrival == Arrival.UNDER_WAY:
            self.under_way += row.count
            return
        self.arrived += row.count
        if row.started:
            self.started += row.count
            self.through += row.count if row.state == "finished" else 0
        if row.state != "finished":
            self.waiting[row.version, row.state] += row.count


@dataclass(slots=True)
class Tally:
    """The answers to one question; a free number is kept as its sums and ranges, so that memory stays bounded."""

    question: Question
    answered: int = 0
    skipped: int = 0
    left: int = 0
    standing: int = 0
    strange: int = 0
    """How many answers were given when the question was of another kind or scale: they are in nothing else."""
    counts: Counter[int] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    total: int = 0
    squares: int = 0

    def add(self, row: AnswerCount, *, fits: bool) -> bool:
        """Count alike answers; ``fits`` says whether the question was then what it is now. Returns whether they fit."""
        if not fits or not self._on_scale(row.number, row.skipped):
            self.strange += row.count
            return False
        if row.skipped:
            self.skipped += row.count
        else:
            self.answered += row.count
            self._keep(row)
        return True

    def _on_scale(self, number: int | None, skipped: bool) -> bool:
        scale = scale_of(self.question)
        if skipped or scale is None:
            return True
        return number is not None and scale[0] <= number <= scale[1]

    def _keep(self, row: AnswerCount) -> None:
        if row.chosen is not None:
            for key in json.loads(row.chosen) or ():
                self.chosen[key] += row.count
        if row.number is None:
            return
        if self.question.kind is not QuestionKind.NUMBER:
            self.counts[row.number] += row.count
            return
        self.total += row.number * row.count
        self.squares += row.number * row.number * row.count
        scale = scale_of(self.question)
        if scale is not None:
            width = _width(scale)
            self.counts[row.number - row.number % width] += row.count

    def result(self, *, least: int) -> QuestionResult:
        """Return what came of the question; fewer than ``least`` answers are too few to tell."""
        question = self.question
        return QuestionResult(
            key=question.key,
            kind=question.kind,
            words=question.text,
            asked=self.answered + self.skipped + self.left + self.standing,
            answered=self.answered,
            skipped=self.skipped,
            left_here=self.left,
            distribution=self._distribution(),
            estimate=self._estimate(),
            options={option.key: option.label for option in question.options},
            scale=scale_of(question),
            too_few=self.answered < least,
        )

    def _estimate(self) -> Estimate | None:
        question = self.question
        if question.kind is QuestionKind.NUMBER:
            scale = scale_of(question)
            return mean_of_sums(self.answered, self.total, self.squares, scale=scale, decimals=question.decimals)
        return score(question.kind, self.counts, scale=scale_of(question), decimals=question.decimals)

    def _distribution(self) -> tuple[tuple[str, int], ...]:
        question, scale = self.question, scale_of(self.question)
        if question.options:
            known = [option.key for option in question.options]
            gone = sorted(self.chosen.keys() - set(known))
            return tuple((key, self.chosen[key]) for key in (*known, *gone))
        if scale is None:
            return ()
        if question.kind is not QuestionKind.NUMBER:
            return tuple((str(answer), self.counts[answer]) for answer in range(scale[0], scale[1] + 1))
        width = _width(scale)
        starts = range(scale[0] - scale[0] % width, scale[1] + 1, width)
        return tuple((_range_label(start, width, scale, question.decimals), self.counts[start]) for start in starts)


def _width(scale: tuple[int, int]) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 … that cuts a scale into few enough ranges."""
    power = 1
    while True:
        for nice in _NICE:
            width = nice * power
            if (scale[1] // width) - (scale[0] // width) < _RANGES:
                return width
        power *= 10


def _range_label(start: int, width: int, scale: tuple[int, int], decimals: int) -> str:
    low, high = max(start, scale[0]), min(start + width - 1, scale[1])
    ends = [f"{end / 10**decimals:.{decimals}f}" for end in (low, high)]
    return ends[0] if low == high else f"{ends[0]}–{ends[1]}"


@dataclass(slots=True)
class Slice:
    """One month, or one part of a split: its responses, and the answers its score is made of, by question."""

    funnel: Funnel = field(default_factory=Funnel)
    counts: dict[str, Counter[int]] = field(default_factory=dict)
    skipped: int = 0

    def add(self, row: AnswerCount) -> None:
        """Count alike answers to a question that makes the score."""
        if row.skipped:
            self.skipped += row.count
        elif row.number is not None:
            self.counts.setdefault(row.question, Counter())[row.number] += row.count

    def score(self, question: Question | None) -> Estimate:
        """Return the score of a question's answers here; nothing without such a question."""
        return estimate(question, self.counts.get(question.key, Counter())) if question is not None else NOTHING
