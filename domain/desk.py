"""The rules of the staff desk: whose a case becomes, when it has to be answered, and who hears when it is not."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum

from domain.cases import Aspect, Priority
from domain.people import Role

Interval = tuple[time, time]
"""Local times of one day, the second being the end; ``time(0)`` as an end is midnight."""


class Assigning(StrEnum):
    """How a new case gets its owner."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


@dataclass(frozen=True, slots=True)
class Hours:
    """When staff work, in the business's zone.

    ``week`` has the intervals of Monday to Sunday. ``region`` is whose public holidays are kept (ISO 3166, with a
    subdivision behind a dash, such as ``CN`` or ``GB-ENG``), their swapped working days too; empty keeps none.
    ``exceptions`` are intervals of single days, and stand above both; an empty one is a day off.
    """

    week: tuple[tuple[Interval, ...], ...] = (((time(0), time(0)),),) * 7
    region: str = ""
    exceptions: dict[date, tuple[Interval, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Targets:
    """Working time within which something is due; ``None`` sets no target."""

    first_response: timedelta | None = None
    next_response: timedelta | None = None
    resolution: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SlaRules:
    """Targets by priority, and by tier where one has its own; ``warn_at`` is the share of a target that has passed.

    A target that is not set is taken from ``care.answer_within``: see ``domain.sla.target_of``.
    """

    targets: dict[Priority, Targets] = field(default_factory=dict)
    tiers: dict[str, dict[Priority, Targets]] = field(default_factory=dict)
    warn_at: float = 0.75


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """What raises a case by itself. Keywords live in the database, seeded from ``keywords`` (words to priority)."""

    tiers: dict[str, Priority] = field(default_factory=lambda: {"diamond": Priority.HIGH})
    aspects: dict[Aspect, Priority] = field(default_factory=dict)
    keywords: dict[str, Priority] = field(default_factory=dict)
    repeat_within: timedelta = timedelta(days=14)
    repeat: Priority = Priority.HIGH
    low_score: Priority = Priority.HIGH


@dataclass(frozen=True, slots=True)
class LadderRules:
    """How an escalation climbs: taken within ``answer_within``, or one more rung; at the top repeated."""

    answer_within: timedelta = timedelta(minutes=15)
    repeat_every: timedelta = timedelta(minutes=60)
    only_at_work: bool = True


@dataclass(frozen=True, slots=True)
class FloodRules:
    """So many messages within a span are a flood: all are kept, and the person is asked once to go slower."""

    messages: int = 20
    within: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RhythmRules:
    """When a good customer's purchases stop: ``factor`` times their own usual gap, after ``least`` purchases."""

    tiers: tuple[str, ...] = ("silver", "gold", "diamond")
    least: int = 4
    factor: float = 2.0


@dataclass(frozen=True, slots=True)
class CannedSeed:
    """A ready answer of the configuration: texts by language; with ``event`` or ``tag`` it is a macro."""

    name: str
    texts: dict[str, str]
    words: str = ""
    event: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class DeskRules:
    """All rules of the desk together. ``digest_at`` is local to the business; ``None`` sends no daily digest.

    ``reach_us`` says by language how the shop is reached by somebody whose words here are not passed on.
    """

    hours: Hours = field(default_factory=Hours)
    sla: SlaRules = field(default_factory=SlaRules)
    priority: PriorityRules = field(default_factory=PriorityRules)
    ladder: LadderRules = field(default_factory=LadderRules)
    flood: FloodRules = field(default_factory=FloodRules)
    rhythm: RhythmRules = field(default_factory=RhythmRules)
    assigning: Assigning = Assigning.NONE
    canned: tuple[CannedSeed, ...] = ()
    digest_at: time | None = time(9)
    reach_us: dict[str, str] = field(default_factory=dict)
    ask_score: bool = True
    ask_score_after: timedelta = timedelta(hours=24)
    task_reminder: timedelta = timedelta(minutes=30)
    group_per_minute: int = 20


LEVELS: tuple[frozenset[Role], ...] = (
    frozenset({Role.AGENT}),
    frozenset({Role.SUPERVISOR}),
    frozenset({Role.ADMIN}),
)
"""Who stands on each rung of the ladder, from level 1."""
