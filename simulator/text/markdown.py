"""The MarkdownV2 parse mode, and the older Markdown, as far as bots use them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simulator.text.spans import Span, SpanBuilder, unparsable

_RESERVED = "_*[]()~`>#+-=|{}.!"
_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
_NAMES = {
    "*": "Bold",
    "_": "Italic",
    "__": "Underline",
    "~": "Strikethrough",
    "||": "Spoiler",
    "`": "Code",
    "```": "Pre",
    "[": "TextUrl",
}
_LINK_END = re.compile(r"\]\(((?:\\.|[^)\\])*)\)")
_LANGUAGE = re.compile(r"([A-Za-z0-9_+#-]+)\n")


@dataclass(frozen=True, slots=True)
class _Open:
    mark: str
    start: int
    index: int


class _V2:
    """One pass over a MarkdownV2 text."""

    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0
        self.out = SpanBuilder()
        self.open: list[_Open] = []
        self.quote: int | None = None

    def run(self) -> tuple[str, list[Span]]:
        while self.at < len(self.source):
            self.step()
        if self.open:
            last = self.open[-1]
            raise unparsable(f"Can't find end of {_NAMES[last.mark]} entity at byte offset {self.byte(last.index)}")
        self.end_quote()
        return self.out.text, self.out.spans

    def byte(self, at: int) -> int:
        return len(self.source[:at].encode())

    def step(self) -> None:
        char = self.source[self.at]
        line_start = self.at == 0 or self.source[self.at - 1] == "\n"
        if line_start and char == ">":
            self.quote = self.out.offset if self.quote is None else self.quote
            self.at += 1
        elif line_start and self.quote is not None:
            self.end_quote()
            self.token(char)
        else:
            self.token(char)

    def end_quote(self) -> None:
        if self.quote is not None:
            self.out.close("blockquote", self.quote)
            self.quote = None

    def token(self, char: str) -> None:
        source, at = self.source, self.at
        if char == "\\" and at + 1 < len(source) and 0 < ord(source[at + 1]) < 127:
            self.out.add(source[at + 1])
            self.at += 2
        elif char == "`":
            self.code("```" if source.startswith("```", at) else "`")
        elif char in "*_~|":
            self.mark(char)
        elif char == "[" or source.startswith("![", at):
            self.open.append(_Open("[", self.out.offset, at))
            self.at += 1 if char == "[" else 2
        elif char == "]":
            self.link_end()
        elif char in _RESERVED:
            raise self.reserved(char)
        else:
            self.out.add(char)
            self.at += 1

    def reserved(self, char: str) -> Exception:
        return unparsable(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")

    def mark(self, char: str) -> None:
        doubled = char in "_|" and self.source.startswith(char * 2, self.at)
        mark = char * 2 if doubled else char
        if mark == "|":
            raise self.reserved("|")
        if self.open and self.open[-1].mark == mark:
            self.out.close(_MARKS[mark], self.open.pop().start)
        elif any(entry.mark == mark for entry in self.open):
            last = self.open[-1]
            raise unparsable(f"Can't find end of {_NAMES[last.mark]} entity at byte offset {self.byte(last.index)}")
        else:
            self.open.append(_Open(mark, self.out.offset, self.at))
        self.at += len(mark)

    def code(self, mark: str) -> None:
        end = self.source.find(mark, self.at + len(mark))
        if end < 0:
            raise unparsable(f"Can't find end of {_NAMES[mark]} entity at byte offset {self.byte(self.at)}")
        content = re.sub(r"\\([\\`])", r"\1", self.source[self.at + len(mark) : end])
        extra: dict[str, Any] = {}
        language = _LANGUAGE.match(content) if mark == "```" else None
        if language:
            extra, content = {"language": language[1]}, content[language.end() :]
        start = self.out.offset
        self.out.add(content)
        self.out.close("pre" if mark == "```" else "code", start, extra)
        self.at = end + len(mark)

    def link_end(self) -> None:
        if not self.open or self.open[-1].mark != "[":
            raise self.reserved("]")
        opened = self.open.pop()
        match = _LINK_END.match(self.source, self.at)
        if match is None:
            raise self.reserved("[")
        url = re.sub(r"\\(.)", r"\1", match[1])
        if url.startswith("tg://emoji?id="):
            self.out.close("custom_emoji", opened.start, {"custom_emoji_id": url.partition("=")[2]})
        elif url.startswith("tg://user?id=") and url.partition("=")[2].isdecimal():
            self.out.close("text_mention", opened.start, {"user": {"id": int(url.partition("=")[2])}})
        else:
            self.out.close("text_link", opened.start, {"url": url})
        self.at = match.end()


def parse_markdown_v2(source: str) -> tuple[str, list[Span]]:
    """Return the visible text and spans of a MarkdownV2 text, or raise ``BadRequest``."""
    return _V2(source).run()


_LEGACY = re.compile(
    r"\\([_*`\[])|```(?P<pre>.*?)```|`(?P<code>[^`]*)`|\*(?P<bold>[^*]*)\*|_(?P<italic>[^_]*)_"
    r"|\[(?P<text>[^\]]*)\]\((?P<url>[^)]*)\)",
    re.DOTALL,
)


def parse_markdown(source: str) -> tuple[str, list[Span]]:
    """Return the visible text and spans of a text in the older Markdown, or raise ``BadRequest``."""
    out = SpanBuilder()
    at = 0
    for match in _LEGACY.finditer(source):
        out.add(_plain(source, at, match.start()))
        start = out.offset
        kind = match.lastgroup
        if match[1]:
            out.add(match[1])
        elif kind == "url":
            out.add(match["text"])
            out.close("text_link", start, {"url": match["url"]})
        elif kind:
            out.add(match[kind])
            out.close(kind, start)
        at = match.end()
    out.add(_plain(source, at, len(source)))
    return out.text, out.spans


def _plain(source: str, start: int, end: int) -> str:
    part = source[start:end]
    for index, char in enumerate(part):
        if char in "*_`":
            where = len(source[: start + index].encode())
            raise unparsable(f"Can't find end of the entity starting at byte offset {where}")
    return part
