"""Surveys: what is asked, in which order, and what the answers say."""

from domain.surveys.definition import (
    END,
    SCALES,
    AfterCase,
    Every,
    Jump,
    Option,
    Question,
    QuestionKind,
    Survey,
    SurveyState,
    Thanks,
    When,
    Words,
    in_language,
)
from domain.surveys.rules import LoopRules, SurveyRules

__all__ = (
    "END",
    "SCALES",
    "AfterCase",
    "Every",
    "Jump",
    "LoopRules",
    "Option",
    "Question",
    "QuestionKind",
    "Survey",
    "SurveyRules",
    "SurveyState",
    "Thanks",
    "When",
    "Words",
    "in_language",
)
