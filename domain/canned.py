"""Ready answers: what may stand in their texts, and what a macro does besides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Variable(StrEnum):
    """What a text may have filled in. What a case lacks (an order, a promise) has no value."""

    NAME = "name"
    NUMBER = "number"
    STAFF = "staff"
    BUSINESS = "business"
    ORDER = "order"
    PROMISED = "promised"


EXAMPLES: dict[Variable, str] = {
    Variable.NAME: "Alexandra Johannsen",
    Variable.NUMBER: "C-1042",
    Variable.STAFF: "Benjamin",
    Variable.BUSINESS: "Tailor & Son",
    Variable.ORDER: "2026-11-0815",
    Variable.PROMISED: "Mon 23 Nov 14:30",
}
"""A value of each, by which a text is tried when it is saved and ``docs/canned.md`` explains it."""


class MacroEvent(StrEnum):
    """What happens to the case besides the answer; an answer alone lets a live case wait."""

    RESOLVE = "resolve"
    HOLD = "hold"
    WAIT = "wait"


NAME_LETTERS = 64
WORDS_LETTERS = 256
MOST_UNITS = 3500
"""How long a text may be once it is filled in, in UTF-16 units: Telegram takes 4096, a name stands above it."""
MOST_ANSWERS = 500
"""So many ready answers one shop may have."""


@dataclass(frozen=True, slots=True)
class Canned:
    """A ready answer: its texts by language, the further words by which it is found, and what its macro does."""

    id: int
    name: str
    texts: dict[str, str]
    words: str
    event: MacroEvent | None
    tag: str | None
    active: bool
    changed_at: datetime


_NEAREST = {"zh_TW": ("zh_CN",), "zh_CN": ("zh_TW",)}


def language_sent(texts: dict[str, str], wanted: str, offered: tuple[str, ...]) -> str | None:
    """Return the language of the text that is sent to who reads ``wanted``: that one, the nearest, the business's own.

    ``None`` when there is no text at all.
    """
    order = (wanted, *_NEAREST.get(wanted, ()), *offered, *sorted(texts))
    return next((language for language in order if texts.get(language)), None)
