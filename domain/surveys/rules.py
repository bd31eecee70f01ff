"""What a business decides about its surveys as a whole."""

from dataclasses import dataclass, field
from datetime import timedelta

from domain.cases import Priority


@dataclass(frozen=True, slots=True)
class LoopRules:
    """What comes of an answer: up to these a case with ``priority`` and a task within ``within`` working time.

    A rating is low in the lowest ``rating_share`` (a fraction) of its scale. From ``promoter_from`` on (NPS) the
    referral link is offered.
    """

    enabled: bool = True
    nps_at_most: int = 6
    csat_at_most: int = 2
    ces_at_most: int = 2
    rating_share: float = 0.4
    priority: Priority = Priority.HIGH
    within: timedelta | None = None
    promoter_from: int = 9


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """``rest`` lies between two surveys to one person; below ``least_answers`` or ``least_rate`` figures say little."""

    enabled: bool = True
    shipped: tuple[str, ...] = ("after_case", "recovery")
    rest: timedelta = timedelta(days=3)
    most_questions: int = 7
    least_answers: int = 30
    least_rate: float = 0.2
    loop: LoopRules = field(default_factory=LoopRules)
