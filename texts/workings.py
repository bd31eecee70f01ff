"""The working of points in words, line by line, so that a person can follow it."""

from typing import Any

from domain.earning import Line, Working
from texts.catalogue import Texts


def working_in_words(texts: Texts, working: Working, language: str) -> list[str]:
    """Return each step of a working as a line of plain words; tiers and bonuses by the names the settings know."""
    return [_line(texts, line, language) for line in working.lines]


def _line(texts: Texts, line: Line, language: str) -> str:
    values: dict[str, Any] = {**line.figures, "after": line.after}
    key = f"earning.line.{line.rule}"
    if line.rule == "rounding":
        key = f"earning.line.rounding.{line.figures['how']}"
    elif line.rule == "occasion":
        values["occasion"] = texts.button(f"earning.occasion.{line.figures['occasion']}", language)
    return texts.button(key, language, **values)
