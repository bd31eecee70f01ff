"""What became, or would become, of the lines of a file."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What became, or would become, of one line."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line, and in ``text`` what that means or what is wrong."""

    line: int
    result: Result
    text: str = ""
    column: str = ""
    value: str = ""
