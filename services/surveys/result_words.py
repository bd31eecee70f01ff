"""Figures of surveys in words, as a shop person reads them: the value, how sure it is, of how many answers."""

from domain.surveys import QuestionKind
from domain.surveys.results import Part, Split, Warning
from domain.surveys.scores import Estimate
from services.membership import tier_in_words
from services.work import Work
from texts.catalogue import plain

_SHARES = (QuestionKind.CSAT,)
_NAMED = {QuestionKind.NPS: "nps", QuestionKind.CSAT: "csat", QuestionKind.CES: "ces"}


def percent(value: float) -> str:
    """Return a share as whole per cent; neither a little nor nearly all is rounded away."""
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= value < 1 else f"{value:.0%}"


def in_figures(kind: QuestionKind | None, value: float) -> str:
    """Return a value of a kind of question as it is written in every language: +42, 67%, 5.3; no kind is a share."""
    if kind is QuestionKind.NPS:
        return f"{round(value):+d}" if round(value) else "0"
    if kind is None or kind in _SHARES:
        return percent(value)
    return f"{value:.1f}"


def figure(work: Work, language: str, kind: QuestionKind | None, found: Estimate, *, too_few: bool = False) -> str:
    """Return a figure with its interval as plain words, such as "NPS +42 (95%: +31 to +52; n 120)"."""
    say = work.texts.button
    if found.value is None:
        return say("survey_results.none", language)
    name = "share" if kind is None else _NAMED.get(kind, "mean")
    words = say(f"survey_results.figure.{name}", language, value=in_figures(kind, found.value))
    if found.low is None or found.high is None:
        words = say("survey_results.without_interval", language, figure=words, n=found.n)
    else:
        low, high = in_figures(kind, found.low), in_figures(kind, found.high)
        words = say("survey_results.with_interval", language, figure=words, low=low, high=high, n=found.n)
    return say("survey_results.too_few", language, figure=words) if too_few else words


def method(work: Work, language: str, found: Estimate) -> str:
    """Return in one line how the interval was reckoned."""
    return work.texts.button(f"survey_results.method.{found.method}", language)


def warned(work: Work, language: str, warning: Warning) -> str:
    """Return a warning as plain words."""
    return plain(work.texts.say(warning.key, language, **warning.values))


def part_name(work: Work, language: str, split: Split, part: Part) -> str:
    """Return what a part of a split is called."""
    say = work.texts.button
    if not part.key:
        return say("survey_results.part.nothing", language)
    match split:
        case Split.ASPECT:
            return say(f"aspect.{part.key}", language)
        case Split.TIER:
            return tier_in_words(work, part.key, language)
        case Split.LANGUAGE | Split.CAMPAIGN:
            key = f"language.{part.key}" if split is Split.LANGUAGE else f"survey_results.cause.{part.key}"
            try:
                return say(key, language)
            except KeyError:
                return part.key
        case Split.VERSION:
            return say("survey_results.part.version", language, version=part.key)
    return part.label
