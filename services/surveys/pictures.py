"""The picture of a survey's results: what the chart is drawn from, in the words of whoever reads it."""

from datetime import date
from typing import Any

from domain.surveys import SCALES, QuestionKind
from domain.surveys.results import QuestionResult, Results
from domain.surveys.scores import DETRACTOR_UP_TO, PROMOTER_FROM, SATISFIED_FROM
from services.surveys.question_words import words_in
from services.surveys.result_words import figure, in_figures, percent, warned
from services.work import Work
from texts.months import month_in_words

_MOST_MONTHS = 6
_DISCONTENT = 2


def recipe_of(work: Work, found: Results, language: str) -> dict[str, Any]:
    """Return the recipe of the chart, see ``bot.charts_surveys``."""
    scored = next((one for one in found.questions if one.key == found.score_by), None)
    shown = scored or next((one for one in found.questions if one.distribution), None)
    return {
        "title": words_in(work, found.title, language),
        "span": work.texts.button(
            "survey_staff.chart.span",
            language,
            delivered=found.delivered,
            started=found.started,
            rate=percent(found.response_rate.value) if found.response_rate.value is not None else "–",
        ),
        "score": _score(work, found, language),
        "distribution": _distribution(work, shown, language),
        "trend": _trend(work, found, language),
        "questions": [
            _question(work, one, language)
            for one in found.questions
            if one is not shown and one.estimate is not None and one.estimate.value is not None
        ],
        "notes": _notes(work, found, language),
    }


def _score(work: Work, found: Results, language: str) -> dict[str, str]:
    score = found.score
    if found.score_by is None or score.value is None:
        return {"value": "–", "interval": work.texts.button("survey_results.none", language)}
    name = work.texts.button(f"survey_staff.chart.score.{found.score_kind or 'share'}", language)
    value = f"{name} {in_figures(found.score_kind, score.value)}"
    if score.low is None or score.high is None:
        interval = f"n {score.n}"
    else:
        low, high = in_figures(found.score_kind, score.low), in_figures(found.score_kind, score.high)
        interval = work.texts.button("survey_staff.chart.interval", language, low=low, high=high, n=score.n)
    if found.too_few:
        interval = work.texts.button("survey_staff.chart.too_few", language, interval=interval)
    return {"value": value, "interval": interval}


def _distribution(work: Work, shown: QuestionResult | None, language: str) -> dict[str, Any]:
    if shown is None:
        return {"title": "", "labels": [], "values": [], "bands": []}
    labels = [
        words_in(work, shown.options[key], language) if key in shown.options else key for key, _ in shown.distribution
    ]
    return {
        "title": words_in(work, shown.words, language),
        "labels": labels,
        "values": [count for _, count in shown.distribution],
        "bands": [_band(shown.kind, key) for key, _ in shown.distribution],
    }


def _band(kind: QuestionKind, key: str) -> str:
    """Return how an answer is taken: what counts for the score is high, what counts against it is low."""
    if kind is QuestionKind.NPS:
        return "high" if int(key) >= PROMOTER_FROM else "low" if int(key) <= DETRACTOR_UP_TO else "middle"
    if kind is QuestionKind.CSAT:
        return "high" if int(key) >= SATISFIED_FROM else "low" if int(key) <= _DISCONTENT else "middle"
    return "plain"


def _trend(work: Work, found: Results, language: str) -> dict[str, Any]:
    months = found.trend[-_MOST_MONTHS:]
    factor = 100 if found.score_kind is QuestionKind.CSAT else 1

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * factor

    return {
        "title": work.texts.button("survey_staff.chart.trend", language),
        "labels": [month_in_words(date.fromisoformat(f"{one.label}-01"), language, short=True) for one in months],
        "values": [scaled(one.score.value) for one in months],
        "lows": [scaled(one.score.low) for one in months],
        "highs": [scaled(one.score.high) for one in months],
    }


def _question(work: Work, one: QuestionResult, language: str) -> dict[str, Any]:
    assert one.estimate is not None
    assert one.estimate.value is not None
    kind = one.kind if one.kind in SCALES else None if one.kind is QuestionKind.CHOICE else one.kind
    words = figure(work, language, kind, one.estimate, too_few=one.too_few)
    return {"label": words_in(work, one.words, language), "words": words, "share": _share(one)}


def _share(one: QuestionResult) -> float | None:
    """Return how far up its scale a figure lies, as a fraction."""
    assert one.estimate is not None
    value = one.estimate.value
    if value is None:
        return None
    if one.kind is QuestionKind.CSAT:
        return value
    low, high = (-100, 100) if one.kind is QuestionKind.NPS else one.scale or (0, 0)
    return max(0.0, min(1.0, (value - low) / (high - low))) if high > low else None


def _notes(work: Work, found: Results, language: str) -> list[str]:
    notes = [warned(work, language, warning) for warning in found.warnings[:1]]
    return [*notes, work.texts.button("survey_staff.chart.silent", language)]
