"""Telegram's HTML, checked before it is sent: only its own tags, each closed where it was opened; how long it reads."""

import html
import re
from html.parser import HTMLParser

TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler"}
)
"""What Telegram shows. Source: Bot API, HTML style."""
MOST_LETTERS, MOST_CAPTION = 4096, 1024
"""How long a message and the words under a picture may be, in UTF-16 units after the tags are taken out."""


_LONE = re.compile(r"<(?!/?[a-zA-Z!])|<[^>]*$")


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.fault: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self._find(f"Telegram shows no <{tag}>; use <b>, <i>, <u>, <s>, <code>, <blockquote> or <a href>")
        within = self.open[-1] if self.open else ""
        if "a" in self.open and tag == "a":
            self._find("a link stands within a link; close the first one with </a>")
        if within in ("code", "pre") and (within, tag) != ("pre", "code"):
            self._find(f"Telegram shows nothing else within <{within}>; take <{tag}> out of it")
        given = dict(attrs)
        if tag == "a" and not _is_link(given.get("href")):
            self._find('a link needs href="https://…"')
        if tag != "a" and given and not (tag == "blockquote" and set(given) == {"expandable"}):
            self._find(f"<{tag}> takes nothing else; write only <{tag}>")
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._find(f"Telegram shows no <{tag}/>; a new line in the text is a new line")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self._find(f"</{tag}> closes what was not opened last; close tags in the order in which they were opened")
            return
        self.open.pop()

    def _find(self, fault: str) -> None:
        self.fault = self.fault or fault


def _is_link(href: str | None) -> bool:
    return bool(href) and str(href).startswith(("https://", "http://", "tg://", "mailto:", "tel:"))


def fault_in(text: str) -> str | None:
    """Return in one line why Telegram would refuse this HTML, ``None`` when it would not."""
    if _LONE.search(text):
        return "a < stands alone; write &lt;"
    if "<!" in text:
        return "Telegram knows no comments and no <!…>; take them out"
    checker = _Checker()
    checker.feed(text)
    checker.close()
    if checker.fault is None and checker.open:
        return f"<{checker.open[-1]}> is not closed; write </{checker.open[-1]}>"
    return checker.fault


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.read: list[str] = []

    def handle_data(self, data: str) -> None:
        self.read.append(data)


def read(text: str) -> str:
    """Return Telegram HTML as the words a person reads."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return html.unescape("".join(reader.read)) if "&" in text and not reader.read else "".join(reader.read)


def length_of(text: str) -> int:
    """Return how long Telegram HTML reads, in UTF-16 units, as Telegram counts it."""
    return len(read(text).encode("utf-16-le")) // 2
