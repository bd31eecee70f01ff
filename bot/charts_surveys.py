"""Draws the results of a survey and ends: a program of its own like ``bot.charts``, a recipe in, a PNG out.

The recipe: ``title`` and ``span`` as words; ``score`` (``label``, ``value``, ``interval`` as words); ``distribution``
(``title``, ``labels``, ``values`` and for each a ``band``: low, middle, high or plain); ``trend`` (``title``,
``labels``, ``values``, ``lows``, ``highs``; a value may be null); ``questions`` (``label``, ``words`` and ``share``, a
fraction of the way up the scale, or null); ``notes``, lines at the foot.
"""

import io
import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bot.charts import COLOURS, GRID, INK, PALE, run

_BANDS = {"low": "#d1603d", "middle": "#e9c46a", "high": COLOURS[0], "plain": "#5b8fb9"}
_MOST_QUESTIONS = 6
_LABEL_LETTERS = 34
_FIGURE_LETTERS = 56
_HALF_LETTERS, _WHOLE_LETTERS = 52, 110
"""So many letters fit above a drawing that shares its line with another, and above one that has it alone."""
_WIDE = 0x2E80
"""From here on a sign is as wide as two letters."""


def draw_survey(recipe: dict[str, Any]) -> bytes:
    """Return the chart as a PNG of 1200 by 1050 pixels, lower without further questions."""
    questions = recipe["questions"][:_MOST_QUESTIONS]
    height = 5.2 + (0.55 + 0.3 * len(questions) if questions else 0)
    figure = Figure(figsize=(8, height), dpi=150, facecolor="white")
    _draw_head(figure, recipe, height)
    top, bottom = 1 - 1.35 / height, 1 - 4.15 / height
    has_trend = len(recipe["trend"]["labels"]) > 1
    wide = 0.4 if has_trend else 0.89
    letters = _HALF_LETTERS if has_trend else _WHOLE_LETTERS
    _draw_distribution(figure.add_axes((0.06, bottom, wide, top - bottom)), recipe["distribution"], letters)
    if has_trend:
        _draw_trend(figure.add_axes((0.56, bottom, 0.39, top - bottom)), recipe["trend"])
    if questions:
        _draw_questions(figure.add_axes((0.37, 0.75 / height, 0.15, 0.3 * len(questions) / height)), questions)
    for nth, note in enumerate(reversed(recipe["notes"][:2])):
        figure.text(0.045, (0.16 + 0.21 * nth) / height, _cut(note, 110), size=8.5, color=PALE, va="center")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _draw_head(figure: Figure, recipe: dict[str, Any], height: float) -> None:
    score = recipe["score"]
    figure.text(0.045, 1 - 0.4 / height, _cut(recipe["title"], 36), size=17, color=INK, va="center")
    figure.text(0.045, 1 - 0.75 / height, recipe["span"], size=10, color=PALE, va="center")
    figure.text(
        0.955, 1 - 0.4 / height, score["value"], size=23, weight="bold", color=COLOURS[0], ha="right", va="center"
    )
    figure.text(0.955, 1 - 0.75 / height, score["interval"], size=10, color=PALE, ha="right", va="center")


def _draw_distribution(axes: Axes, distribution: dict[str, Any], letters: int) -> None:
    values = distribution["values"]
    places = list(range(len(values)))
    most = max(values, default=0)
    axes.bar(places, values, 0.72, color=[_BANDS[band] for band in distribution["bands"]], zorder=2)
    for place, value in zip(places, values, strict=True):
        if value:
            axes.text(place, value + most * 0.02, f"{value:,}", size=8.5, color=INK, ha="center", va="bottom")
    axes.set_ylim(0, max(most * 1.16, 1))
    axes.set_xticks(places, [_wrapped(label) for label in distribution["labels"]], size=9.5, color=INK)
    _dress(axes, _cut(distribution["title"], letters))


def _draw_trend(axes: Axes, trend: dict[str, Any]) -> None:
    known = [place for place, value in enumerate(trend["values"]) if value is not None]
    values = [trend["values"][place] for place in known]
    sure = [place for place in known if trend["lows"][place] is not None and trend["highs"][place] is not None]
    axes.errorbar(
        sure,
        [trend["values"][place] for place in sure],
        yerr=[
            [trend["values"][place] - trend["lows"][place] for place in sure],
            [trend["highs"][place] - trend["values"][place] for place in sure],
        ],
        fmt="none", ecolor=COLOURS[2], elinewidth=5, zorder=2,
    )  # fmt: skip
    axes.plot(known, values, color=COLOURS[0], linewidth=2, marker="o", markersize=6, zorder=3)
    axes.set_xticks(range(len(trend["labels"])), trend["labels"], size=9.5, color=INK)
    axes.set_xlim(-0.5, len(trend["labels"]) - 0.5)
    axes.margins(y=0.12)
    _dress(axes, trend["title"])


def _draw_questions(axes: Axes, questions: list[dict[str, Any]]) -> None:
    places = [len(questions) - 1 - nth for nth in range(len(questions))]
    axes.barh(places, [1] * len(places), 0.5, color=GRID, zorder=1)
    axes.barh(places, [one["share"] or 0 for one in questions], 0.5, color=_BANDS["plain"], zorder=2)
    for place, one in zip(places, questions, strict=True):
        axes.text(-0.07, place, _cut(one["label"], _LABEL_LETTERS), size=9.5, color=INK, ha="right", va="center")
        axes.text(1.07, place, _cut(one["words"], _FIGURE_LETTERS), size=9, color=INK, ha="left", va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.5, len(questions) - 0.5)
    axes.set_axis_off()


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", size=10.5, color=INK, pad=9)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=2))
    axes.tick_params(axis="y", labelsize=8.5, labelcolor=PALE, length=0)
    axes.tick_params(axis="x", length=0, pad=6)
    axes.grid(axis="y", color=GRID, linewidth=1, zorder=0)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALE)


def _width(text: str) -> int:
    return sum(2 if ord(sign) >= _WIDE else 1 for sign in text)


def _cut(text: str, most: int) -> str:
    """Return a text that fits into so many letters; Chinese signs count twice."""
    if _width(text) <= most:
        return text
    while _width(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(_cut(label, 26), 13)) or label


if __name__ == "__main__":
    run(draw_survey)
