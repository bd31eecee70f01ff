"""How the tour looks: private chats on the left, the staff group on the right, claims and the clock between them."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_WIDEST, _NARROWEST = 100, 60
_LANE_SHARE = 0.62
_READING_S, _READING_S_A_LETTER = 0.3, 0.008
_LONGEST_PAUSE_S = 1.6
_STYLES = {"bold": "bold", "italic": "italic", "blockquote": "italic", "code": "bold", "strikethrough": "strike"}
_CLOSING = "，。！？、：；）」』”’…"
_PIECE = re.compile(
    rf"[\u2e80-\u9fff\uff00-\uffef][{_CLOSING}]*\s*|[^\s\u2e80-\u9fff\uff00-\uffef]+[{_CLOSING}]*\s*|\s+"
)
"""What a line may be broken after: a word of a spaced script, or any Chinese letter with its closing signs."""


class Lane(Enum):
    """On which side of the screen something happens."""

    PRIVATE = auto()
    STAFF = auto()


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as a chat shows it: who says it to whom, when, and what stands in it."""

    lane: Lane
    speaker: str
    listener: str
    style: str
    at: str
    body: Text
    buttons: Sequence[Sequence[str]] = ()


class Screen:
    """Prints the tour; with ``reading`` it leaves time to read. ``claims`` counts what was seen to be so."""

    def __init__(self, console: Console, *, reading: bool = False) -> None:
        self.claims = 0
        self._console = console
        self._reading = reading
        self._width = max(_NARROWEST, min(console.width, _WIDEST))

    def show(self, text: Text | str = "", indent: int = 1) -> None:
        """Print ``text`` over the whole width."""
        for line in wrapped(Text(text) if isinstance(text, str) else text, self._width - indent - 1):
            self._line(indent, line)

    def _line(self, indent: int, line: Text) -> None:
        line.rstrip()
        self._console.print(Text.assemble(" " * indent if line else "", line), soft_wrap=True)

    async def chapter(self, title: str, clock: str) -> None:
        """Begin a chapter."""
        self.show()
        rule = "─" * max(2, self._width - 6 - cell_len(title) - cell_len(clock))
        self._line(1, Text.assemble((title, "bold"), (f" {rule} {clock}", "dim")))
        await self.pause(60)

    async def bubble(self, bubble: Bubble) -> None:
        """Print one message."""
        head = Text.assemble(
            (bubble.speaker, f"bold {bubble.style}"), (f" → {bubble.listener}", bubble.style), (f"  {bubble.at}", "dim")
        )
        lines = wrapped(bubble.body, self._lane_width() - 3)
        for row in bubble.buttons:
            lines += _keys(row, self._lane_width() - 3)
        self._line(self._indent(bubble.lane), head)
        for line in lines:
            self._line(self._indent(bubble.lane), Text.assemble(("│ ", bubble.style), line))
        await self.pause(len(bubble.body))

    async def deed(self, lane: Lane, who: str, style: str, what: Text) -> None:
        """Print what somebody does without words, such as a tap."""
        self._line(self._indent(lane), Text.assemble((who, f"bold {style}"), " ", what))
        await self.pause(len(what))

    async def claim(self, words: str) -> None:
        """Print what has just been seen to be so."""
        self.claims += 1
        self.show(Text.assemble(("✓ ", "bold green"), (words, "green")))
        await self.pause(len(words))

    async def meanwhile(self, words: str) -> None:
        """Print what happens to the world: the clock is moved, the program is killed."""
        self.show(Text(f"⟳ {words}", style="bold"))
        await self.pause(len(words))

    def failure(self, claim: str, why: str, log: Sequence[str] = ()) -> None:
        """Print which claim was not seen to be so, why, and what the program said last."""
        self.show(Text.assemble(("✗ not seen: ", "bold red"), (claim, "red")))
        self.show(Text(why, style="red"), indent=3)
        for line in log:
            self.show(Text(line, style="dim"), indent=3)

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Print a plain table of two columns."""
        self.show(Text(title, style="bold"))
        broad = max(cell_len(name) for name, _ in rows) + 2
        for name, value in rows:
            first, *more = wrapped(Text(value), self._width - broad - 4)
            self._line(3, Text.assemble((name.ljust(broad), "dim"), first))
            for line in more:
                self._line(3 + broad, line)

    async def pause(self, letters: int) -> None:
        """Leave time to read so many letters."""
        if self._reading:
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _READING_S + letters * _READING_S_A_LETTER))

    def _lane_width(self) -> int:
        return int(self._width * _LANE_SHARE)

    def _indent(self, lane: Lane) -> int:
        return 1 if lane is Lane.PRIVATE else self._width - self._lane_width()


def wrapped(text: Text, width: int) -> list[Text]:
    """Return ``text`` in lines of at most ``width`` cells; Chinese breaks between letters, as people write it."""
    return [line for paragraph in text.split("\n", allow_blank=True) for line in _broken(paragraph, width)] or [Text()]


def _broken(paragraph: Text, width: int) -> Iterator[Text]:
    start = end = used = 0
    for piece in _PIECE.findall(paragraph.plain):
        room = cell_len(piece.rstrip())
        if used and used + room > width:
            yield paragraph[start:end]
            start, used = end, 0
        while room > width:  # a word longer than a line
            yield paragraph[start : start + width]
            start, piece = start + width, piece[width:]
            room = cell_len(piece.rstrip())
            end = start
        end, used = end + len(piece), used + cell_len(piece)
    yield paragraph[start:]


def _keys(row: Sequence[str], width: int) -> Iterator[Text]:
    """Yield a row of buttons, in more lines when they do not fit one."""
    line = Text()
    for label in row:
        key = Text.assemble(("[ ", "dim"), (label, "bold"), (" ]", "dim"))
        if line and line.cell_len + 1 + key.cell_len > width:
            yield line
            line = Text()
        line = Text.assemble(line, " " if line else "", key)
    yield line


def styled(text: str, entities: Sequence[dict[str, Any]]) -> Text:
    """Return words with Telegram's entities (whose offsets count UTF-16 units) as rich styles."""
    shown = Text(text)
    places = [0]
    for letter in text:
        places.append(places[-1] + (2 if ord(letter) > 0xFFFF else 1))
    index = {place: i for i, place in enumerate(places)}
    for entity in entities:
        start, end = index.get(entity["offset"]), index.get(entity["offset"] + entity["length"])
        if start is not None and end is not None and entity["type"] in _STYLES:
            shown.stylize(_STYLES[entity["type"]], start, end)
    return shown
