"""The picture of a campaign's results: what the chart is drawn from, in the words of whoever reads it."""

from collections.abc import Iterator
from typing import Any

from domain.campaigns.learning import Finding, Uplift
from domain.campaigns.outcomes import MEASURED, OF_ANYBODY, Deed, Results
from domain.surveys.scores import Estimate
from services.campaigns.plain_words import in_words
from services.surveys.result_words import percent
from services.work import Work
from texts.catalogue import plain
from texts.days import number_in_words

_MOST_VARIANTS = 6
_WELCOME = frozenset({Deed.PURCHASES, Deed.POINTS})
_SHOWN = (Deed.ANSWERS, Deed.CLICKS, Deed.PURCHASES, Deed.POINTS, Deed.OPTOUTS, Deed.BLOCKS, Deed.COMPLAINTS)


def recipe_of(work: Work, found: Results, language: str) -> dict[str, Any]:
    """Return the recipe of the chart, see ``bot.charts_campaigns``."""

    def say(key: str, **values: object) -> str:
        return work.texts.button(f"campaign_results.{key}", language, **values)

    measured = MEASURED[found.measure]
    reached = number_in_words(found.all.reached, language)
    main = found.all.shares[measured]
    return {
        "title": in_words(work, found.title, language) or found.key,
        "span": say(
            "chart.span",
            reached=reached,
            meant=number_in_words(found.all.meant, language),
            span=work.texts.span(found.attribution, language),
        ),
        "value": percent(main.value) if main.value is not None else "–",
        "label": say(f"deed.{measured}"),
        "shares": {
            "title": say("chart.shares", n=reached),
            "bars": [
                {"label": say(f"deed.{deed}"), **_bar(found.all.shares[deed])}
                for deed in _SHOWN
                if found.all.shares[deed].value or deed in (Deed.ANSWERS, Deed.CLICKS, Deed.PURCHASES)
            ],
        },
        "variants": {
            "title": say("chart.variants", deed=say(f"deed.{measured}")),
            "bars": _of_variants(found, measured),
        },
        "uplifts": {
            "title": say("chart.uplifts", n=number_in_words(found.held_out.meant if found.held_out else 0, language)),
            "bars": [{"label": say(f"deed.{deed}"), **bar} for deed, bar in _of_uplifts(found)],
        },
        "notes": _notes(work, found, language),
    }


def _of_variants(found: Results, measured: Deed) -> list[dict[str, Any]]:
    """Return a bar a message that reached anybody, none where there is nothing to compare."""
    if len(found.variants) < 2:
        return []
    return [
        {"label": group.key, "best": group.key == found.comparison.winner, **_bar(group.shares[measured])}
        for group in found.variants[:_MOST_VARIANTS]
        if group.reached
    ]


def _of_uplifts(found: Results) -> Iterator[tuple[Deed, dict[str, Any]]]:
    """Yield what more or fewer did it than of those held out, leaving out what nobody of either did."""
    if found.held_out is None:
        return
    for deed in OF_ANYBODY:
        one = found.uplifts.get(deed)
        if one is not None and (found.all.shares[deed].value or found.held_out.shares[deed].value):
            yield deed, {"value": one.share, "low": one.low, "high": one.high, **_judged(deed, one)}


def _judged(deed: Deed, one: Uplift) -> dict[str, bool]:
    """Return whether a difference is sure, and whether it is to the good: more purchases, fewer complaints."""
    return {"sure": one.sure, "good": (one.share > 0) == (deed in _WELCOME)}


def _bar(one: Estimate) -> dict[str, Any]:
    return {"value": one.value or 0, "low": one.low or 0, "high": one.high or 0}


def _notes(work: Work, found: Results, language: str) -> list[str]:
    """Return the lines at the foot: what the comparison came to, and the weightiest warning."""
    notes = []
    if found.comparison.finding not in (Finding.ALONE, Finding.TOO_FEW):
        words = {"variant": found.comparison.winner} if found.comparison.winner is not None else {}
        said = work.texts.say(f"campaign_results.finding.{found.comparison.finding}", language, **words)
        notes.append(plain(said).removeprefix("🏆 "))
    notes += [plain(work.texts.say(one.key, language, **one.values)) for one in found.warnings[:1]]
    return notes
