"""Paths through surveys as somebody walks them with a finger on the paper; no line is shared with the program."""

from collections.abc import Mapping

from domain.surveys import Jump, Survey
from domain.surveys.answers import Answer


def path(survey: Survey, answers: Mapping[str, Answer]) -> tuple[list[str], str | None]:
    """Return the keys of the questions passed, and the key of the one that comes next."""
    left = list(survey.questions)
    passed: list[str] = []
    while left and left[0].key in answers:
        question = left.pop(0)
        passed.append(question.key)
        jump = next((jump for jump in question.jumps if _leads(jump, answers[question.key])), None)
        while jump is not None and left and left[0].key != jump.to:
            left.pop(0)
    return passed, left[0].key if left else None


def _leads(jump: Jump, answer: Answer) -> bool:
    """Return whether a jump fits, as its description says: all that is given has to hold."""
    bounded = jump.at_least is not None or jump.at_most is not None
    if answer.skipped != jump.skipped and (jump.skipped or jump.chosen or bounded):
        return False
    if jump.chosen and not set(jump.chosen) & set(answer.choices):
        return False
    if not bounded:
        return True
    number = answer.number
    assert number is not None
    return (jump.at_least is None or number >= jump.at_least) and (jump.at_most is None or number <= jump.at_most)
