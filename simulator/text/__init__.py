"""Message texts: parse modes, entities and lengths as Telegram counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.errors import BadRequest
from simulator.text.detect import detect_entities
from simulator.text.html import parse_html
from simulator.text.markdown import parse_markdown, parse_markdown_v2
from simulator.text.spans import Span, strip_ends, utf16_length

__all__ = ["MAX_CAPTION", "MAX_TEXT", "Formatted", "format_text", "utf16_length"]

MAX_TEXT = 4096
MAX_CAPTION = 1024

Formatted = tuple[str, list[dict[str, Any]]]
_PARSERS = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}


def format_text(
    text: str,
    parse_mode: str | None = None,
    entities: list[dict[str, Any]] | None = None,
    find_user: Callable[[int], dict[str, Any] | None] = lambda user_id: None,
) -> Formatted:
    """Return the visible text and its entities; explicit ``entities`` win over ``parse_mode``.

    A mention of somebody whom ``find_user`` does not know becomes plain text, as with Telegram.
    Raises ``BadRequest`` for an unknown mode or text that the mode cannot read.
    """
    spans: list[Span] = []
    if entities:
        spans = _given(text, entities)
    elif parse_mode:
        parser = _PARSERS.get(parse_mode.lower())
        if parser is None:
            raise BadRequest("unsupported parse_mode")
        text, spans = parser(text)
    text, spans = strip_ends(text, spans)
    spans = detect_entities(text, _with_users(spans, find_user))
    return text, [span.as_json() for span in sorted(spans, key=lambda s: (s.offset, -s.length))]


def _with_users(spans: list[Span], find_user: Callable[[int], dict[str, Any] | None]) -> list[Span]:
    kept = []
    for span in spans:
        user = find_user(span.extra.get("user", {}).get("id", 0)) if span.type == "text_mention" else None
        if user is not None:
            span = replace(span, extra={"user": user})
        if user is not None or span.type != "text_mention":
            kept.append(span)
    return kept


def _given(text: str, entities: list[dict[str, Any]]) -> list[Span]:
    size = utf16_length(text)
    spans = []
    for entity in entities:
        extra = {key: value for key, value in entity.items() if key not in ("type", "offset", "length")}
        if entity["offset"] < 0 or entity["length"] <= 0 or entity["offset"] + entity["length"] > size:
            raise BadRequest(f"entity beginning at UTF-16 offset {entity['offset']} ends after the end of the text")
        spans.append(Span(entity["type"], entity["offset"], entity["length"], extra))
    return spans
