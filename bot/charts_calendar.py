"""Draws a month of campaigns and ends: a program of its own like ``bot.charts``, a recipe in, a PNG out.

The recipe: ``title``; ``weekdays``, seven names from Monday on; ``offset``, how many days of the first week lie before
the month; ``days`` (``day``, ``holiday`` as words, ``solemn``, ``entries`` with ``label`` and ``state``: running,
scheduled, paused or draft); ``legend``, the words of each state; ``more`` with ``{count}``, what is said of entries for
which a day has no room; ``note``, a line at the foot.
"""

import io
import unicodedata
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from bot.charts import GRID, INK, PALE, run

_STATES = {
    "running": ("#2a9d8f", "white"),
    "scheduled": ("#5b8fb9", "white"),
    "paused": ("#e9c46a", INK),
    "draft": ("#eef1f4", PALE),
}
_MOST_ENTRIES = 4
_LABEL_CELLS, _HOLIDAY_CELLS, _NOTE_CELLS = 18, 14, 118
"""So many narrow letters fit on one line of a day, beside its number, and at the foot; a wide one takes two."""
_SOLEMN, _WEEKEND = "#f1eff3", "#fafbfb"
_HOLIDAY = "#c8553d"
_WIDE = "WF"


def draw_calendar(recipe: dict[str, Any]) -> bytes:
    """Return the month as a PNG, 1500 pixels wide and as high as its weeks need."""
    weeks = -(-(recipe["offset"] + len(recipe["days"])) // 7)
    height = 1.5 + 1.3 * weeks
    figure = Figure(figsize=(10, height), dpi=150, facecolor="white")
    figure.text(0.03, 1 - 0.42 / height, _shown(recipe["title"], 60), size=19, color=INK, va="center")
    _draw_legend(figure, recipe, height)
    axes = figure.add_axes((0.03, 0.42 / height, 0.94, 1.3 * weeks / height))
    axes.set_xlim(0, 7)
    axes.set_ylim(weeks, 0)
    axes.set_axis_off()
    for nth, name in enumerate(recipe["weekdays"]):
        axes.text(nth + 0.04, -0.09, _shown(name, 16), size=10, color=PALE, va="center")
    for place in range(weeks * 7):
        day = place - recipe["offset"]
        _draw_day(axes, place, recipe["days"][day] if 0 <= day < len(recipe["days"]) else None, recipe["more"])
    figure.text(0.03, 0.2 / height, _shown(recipe["note"], _NOTE_CELLS), size=9.5, color=PALE, va="center")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _draw_legend(figure: Figure, recipe: dict[str, Any], height: float) -> None:
    """Draw what the colours mean, of those that are there."""
    there = {entry["state"] for day in recipe["days"] for entry in day["entries"]}
    x = 0.963
    for state in reversed([state for state in _STATES if state in there]):
        words = _shown(recipe["legend"][state], 16)
        x -= 0.0075 * _cells(words) + 0.02
        figure.text(
            x + 0.006, 1 - 0.42 / height, words, size=9.5, color=_STATES[state][1], va="center", ha="left",
            bbox={"boxstyle": "round,pad=0.35", "facecolor": _STATES[state][0], "edgecolor": "none"},
        )  # fmt: skip


def _draw_day(axes: Axes, place: int, day: dict[str, Any] | None, more: str) -> None:
    row, column = divmod(place, 7)
    paper = "white" if column < 5 else _WEEKEND
    paper = _SOLEMN if day and day["solemn"] else paper
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=paper, edgecolor=GRID, linewidth=1))
    if day is None:
        return
    axes.text(column + 0.05, row + 0.12, str(day["day"]), size=11, color=INK, va="center")
    colour = PALE if day["solemn"] else _HOLIDAY
    holiday = _shown(day["holiday"], _HOLIDAY_CELLS)
    axes.text(column + 0.96, row + 0.12, holiday, size=8, color=colour, va="center", ha="right")
    entries = day["entries"]
    shown = entries if len(entries) <= _MOST_ENTRIES else entries[: _MOST_ENTRIES - 1]
    for nth, entry in enumerate(shown):
        _draw_entry(axes, column, row + 0.24 + 0.19 * nth, entry)
    if len(entries) > len(shown):
        words = more.format(count=len(entries) - len(shown))
        axes.text(column + 0.07, row + 0.33 + 0.19 * len(shown), _shown(words, 20), size=8, color=PALE, va="center")


def _draw_entry(axes: Axes, column: int, top: float, entry: dict[str, Any]) -> None:
    paper, ink = _STATES[entry["state"]]
    axes.add_patch(
        FancyBboxPatch(
            (column + 0.055, top + 0.02), 0.89, 0.135, boxstyle="round,pad=0,rounding_size=0.03",
            facecolor=paper, edgecolor="none", mutation_aspect=1,
        )
    )  # fmt: skip
    axes.text(column + 0.08, top + 0.09, _shown(entry["label"], _LABEL_CELLS), size=8, color=ink, va="center")


def _shown(text: str, cells: int) -> str:
    """Return words without the pictures that the letters of charts do not have, in at most so many cells."""
    words = " ".join("".join(sign for sign in text if not _is_picture(sign)).split())
    if _cells(words) <= cells:
        return words.replace("$", r"\$")
    cut = words
    while cut and _cells(cut) > cells - 1:
        cut = cut[:-1]
    return f"{cut.rstrip()}…".replace("$", r"\$")


def _is_picture(sign: str) -> bool:
    return ord(sign) > 0xFFFF or unicodedata.category(sign) in ("So", "Cf", "Mn", "Cc")


def _cells(words: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in _WIDE else 1 for sign in words)


if __name__ == "__main__":
    run(draw_calendar)
