"""What a survey's answers come to: counted rows, figures with their intervals, and what to beware of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.surveys.definition import QuestionKind, Words
from domain.surveys.scores import Bounds, Estimate


class Split(StrEnum):
    """By what figures can be told apart: a period is a local month of the business."""

    PERIOD = "period"
    ASPECT = "aspect"
    TIER = "tier"
    STAFF = "staff"
    LANGUAGE = "language"
    CAMPAIGN = "campaign"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of one question.

    ``asked`` is how many responses came to it: those that answered, skipped, left here, or still stand here.
    ``left_here`` counts the stopped and expired ones that this question was put to last; of the first question these
    are those who never began. ``distribution`` is by answer: each step of a scale, each option's key, each range of a
    number ("0-9"), zeros included; several options of one answer count each. ``estimate`` is ``None`` for a kind that
    makes no figure.
    """

    key: str
    kind: QuestionKind
    words: Words
    asked: int
    answered: int
    skipped: int
    left_here: int
    distribution: tuple[tuple[str, int], ...]
    estimate: Estimate | None
    options: Mapping[str, Words] = field(default_factory=dict)
    """Each option's label by its key."""
    scale: tuple[int, int] | None = None
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """The score of one month, called such as "2026-11"."""

    label: str
    score: Estimate
    asked: int = 0
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a split. ``key`` is what it is in the data, ``label`` its name when it has one of its own."""

    label: str
    key: str
    asked: int
    response_rate: Estimate
    score: Estimate
    kind: QuestionKind | None = None
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class Warning:
    """What to beware of: the key of a text and its values."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything about one survey in a span of time, by when it was asked.

    ``asked`` counts responses whose message was not refused, ``delivered`` those of them that arrived (asked in a
    conversation, sent, or answered), ``undelivered`` the refused ones, which are in nothing else. ``started`` ones have
    an answer. ``response_rate`` is started in delivered, ``completion`` finished in started. ``bounds`` is between
    what the score would lie had the silent answered too.
    """

    key: str
    title: Words
    version: int
    since: datetime | None
    until: datetime | None
    asked: int
    delivered: int
    undelivered: int
    started: int
    finished: int
    stopped: int
    expired: int
    open: int
    response_rate: Estimate
    completion: Estimate
    score_by: str | None
    score_kind: QuestionKind | None
    score: Estimate
    bounds: Bounds | None
    questions: tuple[QuestionResult, ...]
    trend: tuple[Point, ...]
    split: Split | None
    splits: tuple[Part, ...]
    warnings: tuple[Warning, ...]
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Free words somebody answered with, for staff; ``score`` is what the same person gave the whole."""

    id: int
    response_id: int
    question: str
    text: str
    at: datetime
    customer_id: int
    name: str
    score: int | None
    case_id: int | None
    case_number: str | None
