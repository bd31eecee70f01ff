"""What Telegram recognises in plain text by itself: commands, mentions, links, hashtags."""

from __future__ import annotations

import re

from simulator.text.spans import Span, utf16_length

_LIKELY = re.compile(r"[/@#]|\w\.\w")
_PATTERN = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<url>(?:https?|tg)://[^\s<>\"]*[^\s<>\".,!?;:)]|(?:[\w-]+\.)+(?:com|org|net|io|me|cn|tw|hk|example)\b(?:/[^\s]*)?)"
    r"|(?<![\w/@<>])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?<![\w@])(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?!\w)"
    r"|(?<!\w)(?P<hashtag>#\w*[^\W\d]\w*)"
)
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention", "custom_emoji"})


def detect_entities(text: str, spans: list[Span]) -> list[Span]:
    """Return ``spans`` with those added that Telegram finds in ``text`` by itself."""
    if not _LIKELY.search(text):
        return spans
    closed = [(s.offset, s.offset + s.length) for s in spans if s.type in _OPAQUE]
    known = {(s.type, s.offset) for s in spans}
    found = []
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup or "url"
        start = utf16_length(text[: match.start()])
        size = utf16_length(match.group())
        covered = any(first < start + size and start < last for first, last in closed)
        if not covered and (kind, start) not in known:
            found.append(Span(kind, start, size))
    return [*spans, *found]
