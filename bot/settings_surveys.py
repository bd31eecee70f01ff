"""The section of the configuration about surveys: which are on from the start, and what comes of an answer."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from bot.settings_base import Section
from bot.settings_values import Length, Name, Span, parse_length, parse_list
from domain.cases import Priority
from domain.surveys import LoopRules, SurveyRules


class LoopSection(Section):
    """``[surveys.loop]``: what comes of a low answer, and of a high one."""

    enabled: bool = True
    nps_at_most: int = Field(6, ge=0, le=9)
    csat_at_most: int = Field(2, ge=1, le=4)
    ces_at_most: int = Field(2, ge=1, le=6)
    rating_share: float = Field(0.4, ge=0, lt=1)
    priority: Priority = Priority.HIGH
    within: Length | None = None
    promoter_from: int = Field(9, ge=1, le=10)

    def rules(self) -> LoopRules:
        """Return the rules as services need them."""
        return LoopRules(
            enabled=self.enabled,
            nps_at_most=self.nps_at_most,
            csat_at_most=self.csat_at_most,
            ces_at_most=self.ces_at_most,
            rating_share=self.rating_share,
            priority=self.priority,
            within=self.within,
            promoter_from=self.promoter_from,
        )


class SurveysSection(Section):
    """``[surveys]``: surveys as a whole; each survey says for itself what it asks, and when."""

    enabled: bool = True
    shipped: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field(["after_case", "recovery"])
    rest: Span = parse_length("3d")
    most_questions: int = Field(7, ge=1, le=100)
    least_answers: int = Field(30, ge=1, le=100_000)
    least_rate: float = Field(0.2, ge=0, le=1)
    loop: LoopSection = LoopSection()

    def rules(self) -> SurveyRules:
        """Return the rules as services need them."""
        return SurveyRules(
            enabled=self.enabled,
            shipped=tuple(self.shipped),
            rest=self.rest,
            most_questions=self.most_questions,
            least_answers=self.least_answers,
            least_rate=self.least_rate,
            loop=self.loop.rules(),
        )
