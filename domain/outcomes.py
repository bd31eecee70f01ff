"""Refusals as values: a forbidden or late wish is an answer, never an exception."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a wish was not carried out: a text key for the person who asked, and its values."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)
