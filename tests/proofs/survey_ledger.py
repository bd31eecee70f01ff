"""What is written down while surveys are counted: papers as they are filed, slips that were sent, replies, lives."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from tests.proofs.survey_world import DAY, HOUR, Deed, Guest

SKIPPED = "skipped"
END = "end"
SCORED = ("nps", "csat", "ces")
_UNITS = {"m": 1, "h": HOUR, "d": DAY, "w": 7 * DAY}

Value = Any
"""An answer: a number, the key of a choice, a tuple of them, or words."""


class Paper:
    """One version of a survey, as its file says it."""

    def __init__(self, written: str, version: int) -> None:
        self.written = written
        self.version = version
        self.file = tomllib.loads(written)
        self.key: str = self.file["key"]
        self.questions: list[dict[str, Any]] = self.file["questions"]
        self.when: dict[str, Any] = self.file.get("when", {})
        self._spans: dict[str, int | None] = {}
        self.acts: bool = self.file.get("acts", True)
        scored = [one["key"] for one in self.questions if one["kind"] in SCORED]
        self.score_by = self.file.get("score_by", scored[0] if scored else None)

    def span(self, name: str, usual: str | None = None) -> int | None:
        """Return a span in minutes, ``None`` without one and for "never"."""
        if name not in self._spans:
            text = self.when.get(name, usual)
            self._spans[name] = None if text in (None, "never") else int(text[:-1]) * _UNITS[text[-1]]
        return self._spans[name]

    @property
    def time(self) -> int:
        """The time of day at which a wave asks."""
        hour, _, minute = self.when.get("at", "10:00").partition(":")
        return int(hour) * HOUR + int(minute)

    def walk(self, answers: dict[str, Value]) -> tuple[list[str], str | None]:
        """Return the questions passed, and the one that comes next."""
        passed: list[str] = []
        at: str | None = self.questions[0]["key"]
        while at is not None and at in answers:
            passed.append(at)
            at = self._after(at, answers[at])
        return passed, at

    def _after(self, key: str, value: Value) -> str | None:
        nth = next(nth for nth, one in enumerate(self.questions) if one["key"] == key)
        for jump in self.questions[nth].get("jumps", ()):
            if _leads(jump, value):
                return None if jump["to"] == END else str(jump["to"])
        return str(self.questions[nth + 1]["key"]) if nth + 1 < len(self.questions) else None

    def question(self, key: str) -> dict[str, Any]:
        """Return a question."""
        return next(one for one in self.questions if one["key"] == key)


def _leads(jump: dict[str, Any], value: Value) -> bool:
    if value == SKIPPED or jump.get("skipped"):
        return value == SKIPPED and bool(jump.get("skipped"))
    if "chosen" in jump:
        return bool(set(jump["chosen"]) & set(value if isinstance(value, tuple) else (value,)))
    if "at_least" in jump and value < jump["at_least"]:
        return False
    return not ("at_most" in jump and value > jump["at_most"])


@dataclass(eq=False, slots=True)
class Slip:
    """One planned message."""

    guest: int
    campaign: str
    occasion: str
    due: int
    late: int
    state: str = "planned"
    reason: str | None = None
    queued: int | None = None
    about: "Reply | None" = None
    case: str | None = None
    nth: int = 0


@dataclass(eq=False, slots=True)
class Reply:
    """What one guest makes of one asking."""

    guest: int
    paper: Paper
    occasion: str
    asked: int
    slip: Slip
    case: str | None = None
    state: str = "open"
    answers: dict[str, Value] = field(default_factory=dict)
    step: str | None = None
    remind: int | None = None
    expires: int = 0
    ended: int | None = None
    started: int | None = None
    low: int | None = None
    opened: str | None = None
    reminded: Slip | None = None

    @property
    def at(self) -> str | None:
        """The question asked now."""
        return self.step or self.paper.walk(self.answers)[1]

    def counting(self) -> dict[str, Value]:
        """Return the answers on the path taken."""
        passed, _ = self.paper.walk(self.answers)
        return {key: self.answers[key] for key in passed}

    @property
    def score(self) -> Value:
        """The answer by which the survey is scored."""
        value = self.counting().get(self.paper.score_by or "")
        return None if value == SKIPPED else value


@dataclass(eq=False, slots=True)
class Affair:
    """A case: whether it came of a low answer, and how it stands."""

    key: str
    complaint: bool
    loop: bool
    live: bool = True
    resolved: int | None = None
    resolutions: int = 0


@dataclass(eq=False, slots=True)
class Life:
    """A guest, and all that happened to them so far."""

    guest: Guest
    todo: list[tuple[int, Deed]]
    present: bool = False
    consent: tuple[bool, int | None] | None = None
    blocked: bool = False
    known_blocked: bool = False
    banned_until: int | None = None
    low: int | None = None
    refund: int | None = None
    purchases: dict[str, tuple[int, int]] = field(default_factory=dict)
    affairs: dict[str, Affair] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    moods: list[tuple[int, Reply, tuple[str, ...]]] = field(default_factory=list)
    planned_purchases: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Act:
    """Something the program is to be told: whose, what, and what comes of it."""

    guest: int
    what: str
    deed: Deed | None = None
    reply: Reply | None = None
    question: str = ""
    value: Value = None
    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One moment: the clock is looked at (``blocked`` and ``lost`` messages do not arrive), or people act."""

    minute: int
    acts: tuple[Act, ...] | None = None
    blocked: frozenset[int] = frozenset()
    lost: frozenset[tuple[int, str, str]] = frozenset()


@dataclass(slots=True)
class Wave:
    """One asking of many at once, on a local day at a time."""

    paper: Paper
    occasion: str
    day: int
    time: int
    late: int
    permille: int
    seed: str
    language: str | None = None
    stopped: bool = False
