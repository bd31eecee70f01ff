"""Make the pictures of the pages: a part of a real tour run, and the way a message travels.

Run it with ``.venv/bin/python docs/make_pictures.py`` (about ten seconds) when the tour or the way has changed.
"""

import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.demo import run_demo  # noqa: E402  # found only now

PICTURES = ROOT / "docs" / "pictures"
_WIDTH = 92
_FROM, _UNTIL = "He answers, she replies", "Five stars"

_TERMINAL = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: Helvetica, Arial, "DejaVu Sans", sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def draw_tour(path: Path) -> None:
    """Play the tour and draw some of its chapters."""
    recorder = Console(
        record=True, width=_WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO(), highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        if run_demo(True, console=recorder, folder=Path(folder) / "demo") != 0:
            sys.exit(recorder.export_text())
    lines = [Text.from_ansi(line) for line in recorder.export_text(styles=True).splitlines()]
    first, last = (next(i for i, line in enumerate(lines) if title in line.plain) for title in (_FROM, _UNTIL))
    shown = Console(record=True, width=_WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO())
    for line in lines[first : last - 1]:
        shown.print(line, soft_wrap=True)
    svg = shown.export_svg(title="make demo", theme=SVG_EXPORT_THEME, code_format=_TERMINAL, unique_id="tour")
    path.write_text(svg, "utf-8")


_INK, _PALE, _LINE = "#1f2933", "#f5f7fa", "#7b8794"
_BOXES = {  # name: x, y, width, words, fill
    "telegram": (20, 150, 110, ("Telegram",), "#d9e8fb"),
    "intake": (180, 60, 120, ("intake", "poll or webhook"), "#ffffff"),
    "inbox": (350, 60, 110, ("inbox", "committed"), "#fdf3d7"),
    "dispatcher": (520, 60, 120, ("dispatcher", "64 at once"), "#ffffff"),
    "handler": (690, 60, 100, ("handler",), "#ffffff"),
    "service": (690, 150, 100, ("service",), "#ffffff"),
    "storage": (690, 240, 100, ("storage", "facts, audit"), "#fdf3d7"),
    "outbox": (350, 240, 110, ("outbox", "words to say"), "#fdf3d7"),
    "sender": (180, 240, 120, ("sender", "lanes, limits"), "#ffffff"),
    "ticks": (664, 340, 152, ("ticks", "birthdays, promises …"), "#ffffff"),
}
_HEIGHT = 48


def draw_way(path: Path) -> None:
    """Draw how a message travels."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 420" '
        'font-family="Helvetica, Arial, DejaVu Sans, sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" fill="{_INK}"/></marker></defs>',
        '<rect width="860" height="420" fill="#ffffff"/>',
        f'<rect x="495" y="30" width="315" height="280" rx="10" fill="{_PALE}" stroke="{_LINE}" '
        'stroke-dasharray="6 4"/>',
        _words(510, 22, "one transaction: facts, words, “update done”", size=13, colour=_LINE, anchor="start"),
    ]
    parts += [_box(*box) for box in _BOXES.values()]
    parts += [
        _arrow("M75 150 V84 H178", (126, 76, "update")),
        _arrow("M300 84 H348"),
        _arrow("M380 108 V160 H132", (256, 152, "acknowledged only now")),
        _arrow("M460 84 H518"),
        _arrow("M640 84 H688"),
        _arrow("M740 108 V148"),
        _arrow("M740 198 V238"),
        _arrow("M690 174 H405 V238", (592, 166, "what is to be said")),
        _arrow("M350 264 H302"),
        _arrow("M180 264 H75 V200", (126, 282, "sent by it alone")),
        _arrow("M240 288 V318 H405 V290", (322, 334, "result recorded")),
        _arrow("M816 364 H838 V174 H792"),
        "</svg>\n",
    ]
    path.write_text("\n".join(parts), "utf-8")


def _words(x: int, y: int, words: str, *, size: int = 15, colour: str = _INK, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{words}</text>'


def _box(x: int, y: int, width: int, words: tuple[str, ...], fill: str) -> str:
    middle = x + width // 2
    shape = f'<rect x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" rx="7" fill="{fill}" stroke="{_INK}"/>'
    if len(words) == 1:
        return shape + _words(middle, y + 29, words[0])
    return shape + _words(middle, y + 21, words[0]) + _words(middle, y + 38, words[1], size=12, colour=_LINE)


def _arrow(path: str, label: tuple[int, int, str] | None = None) -> str:
    line = f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width="1.5" marker-end="url(#tip)"/>'
    return line + (_words(*label, size=12, colour=_LINE) if label else "")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    draw_way(PICTURES / "way.svg")
    draw_tour(PICTURES / "tour.svg")
