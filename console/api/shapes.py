"""What the resources share: strict values, public ids, pages."""

import re
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from console.api.answers import Answer
from console.api.problems import not_found
from domain.points import MOST_POINTS
from services.records import find_customer
from services.work import Work
from storage.people import get_branch_id, list_branch_codes

_T = TypeVar("_T")
_CLEAN = r"^[^\x00-\x1f\x7f]*$"
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MOST_MINOR = 1_000_000_000_000
_DIGITS = 18
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Shape(BaseModel):
    """What comes in: only the fields it knows."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Page(BaseModel, Generic[_T]):
    """One page of a list; ``next`` is the ``cursor`` of the following one, absent when this was the last."""

    items: list[_T]
    next: str | None = Field(None, description="`cursor` of the next page; null after the last.")


def _written_out(value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return value
    raise ValueError("Write an instant with its offset, such as 2026-11-22T14:30:00+08:00")


def _within_reason(value: datetime) -> datetime:
    if _FIRST_YEAR < value.year <= _LAST_YEAR:
        return value
    raise ValueError(f"Name an instant of the years {_FIRST_YEAR + 1} to {_LAST_YEAR}")


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written_out, json_schema_input_type=str),
    AfterValidator(_within_reason),
    Field(
        json_schema_extra={"type": "string", "format": "date-time", "example": "2026-11-22T14:30:00+08:00"},
        description="An instant with its offset (RFC 3339).",
    ),
]
"""An instant that somebody wrote out."""


def words(most: int, *, least: int = 1) -> Any:
    """Return the constraints of a line of text."""
    return StringConstraints(min_length=least, max_length=most, pattern=_CLEAN)


SourceKey = Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[!-~]+( [!-~]+)*$")]
Reason = Annotated[
    str,
    StringConstraints(min_length=3, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"),
]
Points = Annotated[int, Field(strict=True, ge=1, le=MOST_POINTS)]
SignedPoints = Annotated[int, Field(strict=True, ge=-MOST_POINTS, le=MOST_POINTS)]
Minor = Annotated[int, Field(strict=True, ge=0, le=_MOST_MINOR, description="In the currency's smallest unit.")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_CLEAN)]
BranchCode = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=_CLEAN)]


def name_of(kind: str, number: int) -> str:
    """Return the public id of a row."""
    return f"{kind}_{number}"


def number_of(kind: str, name: str) -> int | None:
    """Return the row that a public id names, if it can be one of this kind."""
    head, _, digits = name.partition("_")
    usable = head == kind and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
    return int(digits) if usable else None


async def customer_of(work: Work, code: str) -> int | Answer:
    """Return the living customer with this public code, merged records followed, or that there is none."""
    return await find_customer(work, code=code) or not_found("customer")


async def branch_of(work: Work, code: str | None) -> int | Answer | None:
    """Return the branch with this code, or that there is none."""
    if code is None:
        return None
    return await get_branch_id(work.tx, code) or not_found("branch")


async def branch_codes(work: Work) -> dict[int, str]:
    """Return every branch's code."""
    return {branch_id: code for code, branch_id in (await list_branch_codes(work.tx)).items()}
