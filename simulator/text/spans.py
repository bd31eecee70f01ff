"""Spans of a text in UTF-16 code units, the way Telegram counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Span:
    """A formatted or recognised stretch of text; offset and length in UTF-16 code units."""

    type: str
    offset: int
    length: int
    extra: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the span as a Bot API ``MessageEntity``."""
        return {"type": self.type, "offset": self.offset, "length": self.length, **self.extra}


def utf16_length(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def unparsable(detail: str) -> BadRequest:
    """Return the refusal of a text that its parse mode cannot read."""
    return BadRequest(f"can't parse entities: {detail}")


def strip_ends(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Drop white space at both ends, as Telegram does, and shorten the spans with it."""
    stripped = text.strip()
    if stripped == text:
        return text, spans
    start = utf16_length(text[: len(text) - len(text.lstrip())])
    size = utf16_length(stripped)
    moved = []
    for span in spans:
        first = max(span.offset - start, 0)
        last = min(span.offset - start + span.length, size)
        if last > first:
            moved.append(Span(span.type, first, last - first, span.extra))
    return stripped, moved


class SpanBuilder:
    """Collects visible text and the spans that cover it while a parser walks its source."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._units = 0
        self.spans: list[Span] = []

    @property
    def offset(self) -> int:
        """How many UTF-16 code units have been collected."""
        return self._units

    @property
    def text(self) -> str:
        """The visible text collected so far."""
        return "".join(self._parts)

    def add(self, text: str) -> None:
        """Append visible text."""
        self._parts.append(text)
        self._units += utf16_length(text)

    def text_from(self, offset: int) -> str:
        """Return the visible text that was added after ``offset``."""
        encoded = self.text.encode("utf-16-le", "surrogatepass")
        return encoded[offset * 2 :].decode("utf-16-le", "surrogatepass")

    def close(self, kind: str, start: int, extra: dict[str, Any] | None = None) -> None:
        """Cover everything added since ``start`` with a span; an empty one is dropped."""
        if self._units > start:
            self.spans.append(Span(kind, start, self._units - start, extra or {}))
