"""Draws one chart and ends: run as a program of its own, with a recipe as JSON on standard input, a PNG on the output.

The recipe of a statement: ``title``, ``balance_label`` and ``balance`` as words, ``months`` (labels, oldest first),
``series`` (``label`` and ``values``, one a month: earned, used and, where there were any, expired points).
"""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_FONTS = Path(__file__).parent / "fonts"
INK, PALE, GRID = "#22333b", "#7b8794", "#e6e9ec"
COLOURS = ("#2a9d8f", "#f2a65a", "#b8bec6")
_GAP = 0.08
"""Between the bars of a month, as a share of the month's width."""


def draw_statement(recipe: dict[str, Any]) -> bytes:
    """Return the chart as a PNG of 1200 by 750 pixels."""
    figure = Figure(figsize=(8, 5), dpi=150, facecolor="white")
    axes = figure.add_axes((0.075, 0.12, 0.895, 0.6))
    _draw_head(figure, recipe)
    _draw_bars(axes, recipe["months"], recipe["series"])
    _dress(axes, recipe["months"])
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _draw_head(figure: Figure, recipe: dict[str, Any]) -> None:
    figure.text(0.045, 0.925, recipe["title"], size=19, weight="bold", color=INK, va="center")
    figure.text(0.955, 0.935, recipe["balance"], size=25, weight="bold", color=COLOURS[0], ha="right", va="center")
    figure.text(0.955, 0.865, recipe["balance_label"], size=11, color=PALE, ha="right", va="center")


def _draw_bars(axes: Axes, months: list[str], series: list[dict[str, Any]]) -> None:
    width = (1 - 2.5 * _GAP) / max(2, len(series)) - _GAP
    most = max((value for one in series for value in one["values"]), default=0)
    for nth, one in enumerate(series):
        shift = (nth - (len(series) - 1) / 2) * (width + _GAP / 2)
        places = [place + shift for place in range(len(months))]
        axes.bar(places, one["values"], width, color=COLOURS[nth], label=one["label"], zorder=2)
        for place, value in zip(places, one["values"], strict=True):
            if value:
                axes.text(place, value + most * 0.02, _short(value), size=8.5, color=INK, ha="center", va="bottom")
    axes.set_ylim(0, max(most * 1.14, 1))
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.045, 1.04), ncols=3, frameon=False, fontsize=11, labelcolor=INK,
        handlelength=0.9, handleheight=0.9, columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip


def _short(value: int) -> str:
    """Return a number as it fits above a bar."""
    for size, sign in ((1_000_000, "M"), (10_000, "k")):
        if value >= size:
            whole = value / (1_000_000 if sign == "M" else 1_000)
            return f"{whole:.1f}".removesuffix(".0") + sign
    return f"{value:,}"


def _dress(axes: Axes, months: list[str]) -> None:
    axes.set_xticks(range(len(months)), months, size=11, color=INK)
    axes.set_xlim(-0.55, len(months) - 0.45)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=2))
    axes.yaxis.set_major_formatter(lambda value, _place: _short(int(value)))
    axes.tick_params(axis="y", labelsize=9, labelcolor=PALE, length=0)
    axes.tick_params(axis="x", length=0, pad=8)
    axes.grid(axis="y", color=GRID, linewidth=1, zorder=0)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALE)


def run(draw: Callable[[dict[str, Any]], bytes]) -> None:
    """Draw what standard input asks for, in the fonts that come with the program."""
    for path in sorted(_FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(path)
    rcParams["font.family"] = [font_manager.get_font(_FONTS / "NotoSansSC-Regular.ttf").family_name]
    sys.stdout.buffer.write(draw(json.load(sys.stdin.buffer)))


if __name__ == "__main__":
    run(draw_statement)
