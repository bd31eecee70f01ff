"""The HTML parse mode: the few tags that Telegram allows, strictly nested."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from simulator.text.spans import Span, SpanBuilder, unparsable

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_ALLOWED = frozenset({*_SIMPLE, "a", "span", "tg-emoji"})
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot)|#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7})));?")
_ATTRIBUTE = re.compile(r"\s*([^\s=>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_TAG_NAME = re.compile(r"<([^\s>]*)")
_USER_LINK = re.compile(r"tg://user\?id=(\d+)")


@dataclass(frozen=True, slots=True)
class _OpenTag:
    name: str
    attributes: dict[str, str]
    start: int
    index: int


def parse_html(source: str) -> tuple[str, list[Span]]:
    """Return the visible text and its spans; ``BadRequest`` names the byte where it goes wrong."""
    out = SpanBuilder()
    open_tags: list[_OpenTag] = []
    at = 0
    while at < len(source):
        less = source.find("<", at)
        if less < 0:
            less = len(source)
        out.add(_decoded(source[at:less]))
        if less == len(source):
            break
        if source.startswith("</", less):
            at = _end_tag(source, less, open_tags, out)
        else:
            at = _start_tag(source, less, open_tags, out)
    if open_tags:
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1].name}"')
    return out.text, out.spans


def _decoded(text: str) -> str:
    return _ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(match: re.Match[str]) -> str:
    if match[1]:
        return _NAMED[match[1]]
    code = int(match[2], 16) if match[2] else int(match[3])
    return chr(code) if 0 < code < 0x110000 else match[0]


def _byte(source: str, at: int) -> int:
    return len(source[:at].encode())


def _start_tag(source: str, at: int, open_tags: list[_OpenTag], out: SpanBuilder) -> int:
    match = _TAG_NAME.match(source, at)
    name = match[1].lower() if match else ""
    close = _tag_close(source, at + 1)
    if at + 1 + len(name) == len(source):
        raise unparsable(f"Unclosed start tag at byte offset {_byte(source, at)}")
    if name not in _ALLOWED:
        raise unparsable(f'Unsupported start tag "{name}" at byte offset {_byte(source, at)}')
    if close < 0:
        raise unparsable(f"Unclosed start tag at byte offset {_byte(source, at)}")
    attributes = _attributes(source[at + 1 + len(name) : close])
    if name == "span" and attributes.get("class") != "tg-spoiler":
        where = _byte(source, at)
        raise unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    open_tags.append(_OpenTag(name, attributes, out.offset, at))
    return close + 1


def _tag_close(source: str, at: int) -> int:
    quote = ""
    for index in range(at, len(source)):
        char = source[index]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == ">":
            return index
    return -1


def _attributes(text: str) -> dict[str, str]:
    found = {}
    for match in _ATTRIBUTE.finditer(text):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        found[match[1].lower()] = _decoded(value)
    return found


def _end_tag(source: str, at: int, open_tags: list[_OpenTag], out: SpanBuilder) -> int:
    where = _byte(source, at)
    if not open_tags:
        raise unparsable(f"Unexpected end tag at byte offset {where}")
    close = source.find(">", at)
    if close < 0:
        raise unparsable(f"Unclosed end tag at byte offset {where}")
    name = source[at + 2 : close].strip().lower()
    tag = open_tags.pop()
    if name and name != tag.name:
        raise unparsable(f'Unmatched end tag at byte offset {where}, expected "</{tag.name}>", found "</{name}>"')
    kind, extra = _meaning(tag, out)
    if kind:
        out.close(kind, tag.start, extra)
    if tag.name == "pre":
        _join_language(out)
    return close + 1


def _meaning(tag: _OpenTag, out: SpanBuilder) -> tuple[str, dict[str, Any]]:
    if tag.name == "a":
        return _link(tag.attributes.get("href") or out.text_from(tag.start))
    if tag.name == "span":
        return "spoiler", {}
    if tag.name == "tg-emoji":
        return "custom_emoji", {"custom_emoji_id": tag.attributes.get("emoji-id", "")}
    if tag.name == "blockquote" and "expandable" in tag.attributes:
        return "expandable_blockquote", {}
    if tag.name == "code" and tag.attributes.get("class", "").startswith("language-"):
        return "code", {"language": tag.attributes["class"].removeprefix("language-")}
    return _SIMPLE[tag.name], {}


def _link(url: str) -> tuple[str, dict[str, Any]]:
    person = _USER_LINK.fullmatch(url)
    if person:
        return "text_mention", {"user": {"id": int(person[1])}}
    if "://" not in url and "." not in url:
        return "", {}
    full = url if "://" in url or url.startswith("mailto:") else f"http://{url}"
    if full.count("/") == 2:
        full += "/"
    return "text_link", {"url": full}


def _join_language(out: SpanBuilder) -> None:
    """Turn ``<pre><code class="language-x">`` into one ``pre`` span with its language."""
    if len(out.spans) < 2:
        return
    inner, outer = out.spans[-2], out.spans[-1]
    same = (inner.offset, inner.length) == (outer.offset, outer.length)
    if inner.type == "code" and outer.type == "pre" and same:
        out.spans[-2:] = [Span("pre", outer.offset, outer.length, inner.extra)]
