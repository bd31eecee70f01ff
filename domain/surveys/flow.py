"""The way through a survey: which questions were passed, and at which one somebody stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.surveys.answers import Answer
from domain.surveys.definition import Jump, Question, Survey


@dataclass(frozen=True, slots=True)
class Walk:
    """The questions passed, in order, and the first one without an answer; ``None`` when the survey is through."""

    passed: tuple[Question, ...]
    at: Question | None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the questions passed: their answers count."""
        return frozenset(question.key for question in self.passed)


def walk(survey: Survey, answers: Mapping[str, Answer]) -> Walk:
    """Go from the first question on, by the jumps of each answer, until one has none.

    A jump only leads forward, so every walk ends, after at most as many steps as there are questions.
    """
    places = {question.key: nth for nth, question in enumerate(survey.questions)}
    passed: list[Question] = []
    nth = 0
    while nth < len(survey.questions):
        question = survey.questions[nth]
        answer = answers.get(question.key)
        if answer is None:
            return Walk(tuple(passed), question)
        passed.append(question)
        jump = next((one for one in question.jumps if fits(one, answer)), None)
        nth = nth + 1 if jump is None else max(places.get(jump.to, len(survey.questions)), nth + 1)
    return Walk(tuple(passed), None)


def fits(jump: Jump, answer: Answer) -> bool:
    """Return whether an answer takes this jump; one without any condition is taken by all."""
    if jump.skipped:
        return answer.skipped
    bounded = jump.at_least is not None or jump.at_most is not None
    if bounded:
        if answer.number is None:
            return False
        if jump.at_least is not None and answer.number < jump.at_least:
            return False
        if jump.at_most is not None and answer.number > jump.at_most:
            return False
    return not jump.chosen or bool(set(jump.chosen) & set(answer.choices))
