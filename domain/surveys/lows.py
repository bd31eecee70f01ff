"""Which answers are low, and who is so content that a friend may be spoken of."""

from collections.abc import Mapping
from typing import Protocol

from domain.surveys.definition import SCALES, Question, QuestionKind, Survey
from domain.surveys.rules import LoopRules

_DIGITS = 9


class Answered(Protocol):
    """As much of an answer as says whether it is low."""

    @property
    def number(self) -> int | None:
        """What was answered on the question's scale."""
        ...

    @property
    def skipped(self) -> bool:
        """Whether nothing was answered."""
        ...


def scale_of(question: Question) -> tuple[int, int] | None:
    """Return the lowest and highest answer of a question whose answers are a judgement, ``None`` for all others."""
    if question.kind in SCALES:
        return SCALES[question.kind]
    if question.kind is QuestionKind.RATING and question.low is not None and question.high is not None:
        return question.low, question.high
    return None


def is_low(rules: LoopRules, question: Question, number: int | None) -> bool:
    """Return whether an answer is low; only judgements ever are, not what was chosen, counted or written."""
    scale = scale_of(question)
    if scale is None or number is None:
        return False
    most = {
        QuestionKind.NPS: rules.nps_at_most,
        QuestionKind.CSAT: rules.csat_at_most,
        QuestionKind.CES: rules.ces_at_most,
    }.get(question.kind)
    if most is not None:
        return number <= most
    low, high = scale
    # Rounded, since 0.29 of 100 is a little less than 29 to a computer.
    return rules.rating_share > 0 and number - low <= round(rules.rating_share * (high - low), _DIGITS)


def low_among(
    rules: LoopRules, survey: Survey, answers: Mapping[str, Answered], passed: tuple[Question, ...]
) -> list[Question]:
    """Return the questions among ``passed`` whose standing answers are low, in the order of the survey."""
    on_way = {question.key for question in passed}
    return [
        question
        for question in survey.questions
        if question.key in on_way
        and (answer := answers.get(question.key)) is not None
        and not answer.skipped
        and is_low(rules, question, answer.number)
    ]


def score_question(survey: Survey) -> Question | None:
    """Return the question whose answer is the score of the whole: the one named, else the first with a score."""
    if survey.score_by is not None:
        return survey.question(survey.score_by)
    return next((question for question in survey.questions if question.scored), None)


def is_promoter(rules: LoopRules, survey: Survey, score: int | None) -> bool:
    """Return whether somebody who gave this score may be asked to bring a friend."""
    if not (survey.acts and rules.enabled) or score is None:
        return False
    question, thanks = score_question(survey), survey.thanks_for(score)
    if question is None or is_low(rules, question, score):
        return False
    promotes = question.kind is QuestionKind.NPS and score >= rules.promoter_from
    return promotes or (thanks is not None and thanks.refer)
