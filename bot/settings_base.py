"""What every section of the configuration is made of."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict


class KeyFault(ValueError):
    """Something is wrong with ``key`` below the value being checked, because of what another key says.

    ``key`` is a dotted path in which ``#2`` after a list's name is its second entry; behind ``/`` it begins at the top.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class Section(BaseModel):
    """One section: knows all its keys, and is never changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def refuse_twins(entries: list[Any], key: str) -> list[Any]:
    """Return entries as they are. Raises ``ValueError`` when two of them have the same ``key``."""
    seen = set()
    for entry in entries:
        value = getattr(entry, key)
        if value in seen:
            raise ValueError(f"{key} {value} is listed twice; keep one of them")
        seen.add(value)
    return entries


def refuse_unoffered(texts: dict[str, str], offered: Iterable[str], key: str) -> None:
    """Raise :class:`KeyFault` for a text in a language that customers are not offered, or an empty one."""
    offered = list(offered)
    for language, text in texts.items():
        if language not in offered:
            mend = "add it there, or take this text out"
            raise KeyFault(key, f"{language} is not among business.languages ({', '.join(offered)}); {mend}")
        if not text.strip():
            raise KeyFault(f"{key}.{language}", "must not be empty")
