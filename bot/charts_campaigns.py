"""Draws the results of a campaign and ends: a program of its own like ``bot.charts``, a recipe in, a PNG out.

The recipe: ``title``, ``span``, ``value`` and ``label`` as words; ``shares`` and ``variants`` (``title`` and ``bars``,
each with ``label``, ``value``, ``low``, ``high`` from 0 to 1, one of the variants ``best``); ``uplifts`` (the same,
from -1 to 1, each ``sure`` or not, ``good`` or bad); ``notes``, lines at the foot.
"""

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bot.charts import COLOURS, GRID, INK, PALE, run

_WIDTH = 8.0
_HEAD, _FOOT = 1.15, 0.62
_ROW, _GAP = 0.34, 0.62
_LEFT, _RIGHT = 0.24, 0.70
"""Where the bars begin and end, as shares of the width; labels stand before, figures behind them."""
_PLAIN, _BEST, _WORSE = "#5b8fb9", COLOURS[0], "#d1603d"
_LABEL_LETTERS, _TITLE_LETTERS, _NOTE_LETTERS = 20, 40, 110
_WIDE = 0x2E80
"""From here on a sign is as wide as two letters."""


def draw_campaign(recipe: dict[str, Any]) -> bytes:
    """Return the chart as a PNG 1200 pixels wide, as high as its bars need."""
    parts = [(name, recipe[name]) for name in ("shares", "variants", "uplifts") if recipe[name]["bars"]]
    height = _HEAD + _FOOT + sum(_GAP + _ROW * len(part["bars"]) for _, part in parts)
    figure = Figure(figsize=(_WIDTH, height), dpi=150, facecolor="white")
    _draw_head(figure, recipe, height)
    top = height - _HEAD
    for name, part in parts:
        figure.text(0.045, (top - 0.2) / height, part["title"], size=11, color=INK, va="center", weight="normal")
        top -= _GAP - 0.22
        tall = _ROW * len(part["bars"])
        axes = figure.add_axes((_LEFT, (top - tall) / height, _RIGHT - _LEFT, tall / height))
        (_draw_uplifts if name == "uplifts" else _draw_shares)(axes, part["bars"])
        top -= tall + 0.22
    for nth, note in enumerate(reversed(recipe["notes"][:2])):
        figure.text(0.045, (0.17 + 0.21 * nth) / height, _cut(note, _NOTE_LETTERS), size=8.5, color=PALE, va="center")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _draw_head(figure: Figure, recipe: dict[str, Any], height: float) -> None:
    title = _cut(recipe["title"], _TITLE_LETTERS)
    figure.text(0.045, 1 - 0.42 / height, title, size=17, color=INK, va="center")
    figure.text(0.045, 1 - 0.78 / height, recipe["span"], size=10, color=PALE, va="center")
    figure.text(0.955, 1 - 0.42 / height, recipe["value"], size=23, weight="bold", color=_BEST, ha="right", va="center")
    figure.text(0.955, 1 - 0.78 / height, recipe["label"], size=10, color=PALE, ha="right", va="center")


def _draw_shares(axes: Axes, bars: list[dict[str, Any]]) -> None:
    most = max((bar["high"] for bar in bars), default=0) or 1
    for place, bar in _placed(bars):
        colour = _BEST if bar.get("best") else _PLAIN
        axes.barh(place, most, 0.5, color=GRID, zorder=1)
        axes.barh(place, bar["value"], 0.5, color=colour, zorder=2)
        axes.plot([bar["low"], bar["high"]], [place, place], color=INK, linewidth=1.4, zorder=3)
        _label(
            axes, place, bar["label"], f"{_percent(bar['value'])}   {_percent(bar['low'])} – {_percent(bar['high'])}"
        )
    axes.set_xlim(0, most)
    _dress(axes, len(bars))


def _draw_uplifts(axes: Axes, bars: list[dict[str, Any]]) -> None:
    most = max(max(abs(bar["low"]), abs(bar["high"])) for bar in bars) or 1
    axes.axvline(0, color=PALE, linewidth=1, zorder=1)
    for place, bar in _placed(bars):
        colour = PALE if not bar["sure"] else _BEST if bar["good"] else _WORSE
        axes.plot([bar["low"], bar["high"]], [place, place], color=colour, linewidth=5, alpha=0.45, zorder=2)
        axes.plot([bar["value"]], [place], color=colour, marker="o", markersize=8, zorder=3)
        figures = f"{_points(bar['value'])}   {_points(bar['low'])} … {_points(bar['high'])}"
        _label(axes, place, bar["label"], figures)
    axes.set_xlim(-most * 1.05, most * 1.05)
    _dress(axes, len(bars))


def _placed(bars: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Return each bar with its place, the first one on top."""
    return [(len(bars) - 1 - nth, bar) for nth, bar in enumerate(bars)]


def _label(axes: Axes, place: int, label: str, figures: str) -> None:
    across = axes.get_yaxis_transform()
    axes.text(-0.03, place, _cut(label, _LABEL_LETTERS), size=10, color=INK, ha="right", va="center", transform=across)
    axes.text(1.04, place, figures, size=9.5, color=INK, ha="left", va="center", transform=across)


def _percent(share: float) -> str:
    """Return a share in per cent, small ones with a digit more."""
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share * 100:.1f}%" if 0 < share < 0.0995 else f"{share * 100:.0f}%"


def _points(share: float) -> str:
    hundredths = round(share * 100, 1)
    sign = "+" if hundredths > 0 else "\u2212" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths):.1f}"


def _dress(axes: Axes, count: int) -> None:
    axes.set_ylim(-0.5, count - 0.5)
    axes.set_axis_off()


def _cut(text: str, most: int) -> str:
    """Return a text that fits into so many letters; Chinese signs count twice."""
    if _width(text) <= most:
        return text
    while _width(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def _width(text: str) -> int:
    return sum(2 if ord(sign) >= _WIDE else 1 for sign in text)


if __name__ == "__main__":
    run(draw_campaign)
