"""A survey drawn as lines: its questions one below the other, their answers, and where each leads."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from bot.commands.common import printable
from domain.surveys import (
    END,
    SCALES,
    AfterCase,
    Every,
    Jump,
    Question,
    QuestionKind,
    Survey,
    Thanks,
    When,
    Words,
    in_language,
)
from domain.surveys.answers import bounds_of, written_number
from domain.surveys.periods import USUAL_AT
from domain.surveys.sampling import WHOLE
from services.surveys.document import span_of

_GUTTER = "  │ "
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OF_CASE = {AfterCase.ANY: "after a solved case", AfterCase.RECOVERY: "after a case that a low answer had opened"}


def draw(survey: Survey, language: str, fallbacks: Sequence[str]) -> list[str]:
    """Return a survey as lines, its own texts in one language, or in the first of ``fallbacks`` that has them."""
    return list(_Drawing(language, fallbacks).lines(survey))


def when_in_words(when: When) -> str:
    """Return on which occasions a survey is asked."""
    occasions = [_OF_CASE[when.after_case]] if when.after_case else []
    if when.after_purchase is not None:
        occasions.append(f"{span(when.after_purchase)} after a purchase")
    if when.after_event is not None:
        occasions.append(f"{span(when.event_delay)} after the event {printable(when.after_event)}")
    if when.every is not None:
        occasions.append(f"on {_day(when.every, when.day)} of each {when.every}")
    return ", ".join(occasions) or "when it is sent by hand"


def _day(every: Every, day: int) -> str:
    if every is Every.WEEK:
        return _WEEKDAYS[day - 1]
    return "the first day" if day == 1 else f"day {day}"


def span(length: timedelta) -> str:
    """Return a length of time as the document has it, none at all as at once."""
    return span_of(length) if length else "at once"


def facts_of(survey: Survey) -> list[str]:
    """Return what else is settled about a survey: whom it asks, how often, how long it waits, what comes of it."""
    when = survey.when
    facts = [f"asked: {when_in_words(when)}"]
    if when.at is not None or when.every is not None:
        facts.append(f"at: {when.at or USUAL_AT:%H:%M} local time")
    if when.segment is not None:
        facts.append(f"whom: {printable(when.segment)}")
    if when.sample_permille < WHOLE:
        seed = f" (seed {printable(when.seed)})" if when.seed else ""
        facts.append(f"sample: {Decimal(when.sample_permille) / 10:f} %{seed}")
    if when.cadence is not None:
        facts.append(f"again: not within {span(when.cadence)}")
    remind = "not reminded" if when.remind_after is None else f"reminded once after {span(when.remind_after)}"
    late = f"not asked more than {span(when.late_after)} late"
    facts.append(f"waits: {late}; {remind}, ends after {span(when.expires_after)}")
    score = f"by {survey.score_by}" if survey.score_by else "none"
    acts = "a low answer opens a case" if survey.acts else "no answer opens a case"
    facts.append(f"score: {score}; {acts}")
    return facts


class _Drawing:
    def __init__(self, language: str, fallbacks: Sequence[str]) -> None:
        self._language, self._fallbacks = language, tuple(fallbacks)

    def _say(self, words: Words) -> str:
        return printable(in_language(words, self._language, self._fallbacks))

    def lines(self, survey: Survey) -> Iterator[str]:
        """Yield the drawing, from the title to the thanks."""
        yield self._say(survey.title)
        yield from (f"  {fact}" for fact in facts_of(survey))
        yield ""
        if survey.intro:
            yield f"  {self._say(survey.intro)}"
            yield "  │"
        places = {question.key: nth for nth, question in enumerate(survey.questions, 1)}
        for nth, question in enumerate(survey.questions, 1):
            yield from self._question(question, nth, places)
        yield "  ▼"
        yield "  end"
        for thanks in survey.thanks:
            yield f"      {_condition_of(thanks)}: {self._say(thanks.text)}{' + referral link' if thanks.refer else ''}"

    def _question(self, question: Question, nth: int, places: dict[str, int]) -> Iterator[str]:
        marks = [str(question.kind).replace("_", "-"), *([_scale(question)] if _scale(question) else [])]
        marks += ["required"] if question.required else []
        marks += [f"about {question.aspect}".replace("_", "-")] if question.aspect else []
        yield f"{nth:>3} {question.key} ({', '.join(marks)})"
        yield f"{_GUTTER}{self._say(question.text)}"
        ends = [self._say(label) for label in (question.low_label, question.high_label) if label]
        if ends:
            yield f"{_GUTTER}  {' … '.join(ends)}"
        for option in question.options:
            yield f"{_GUTTER}  ○ {self._say(option.label)} ({option.key})"
        for jump in question.jumps:
            target = END if jump.to == END else f"{places.get(jump.to, '?')} {jump.to}"
            yield f"  ├─ {_condition(question, jump)} ─▶ {target}"


def _scale(question: Question) -> str:
    if question.kind not in (*SCALES, QuestionKind.RATING, QuestionKind.NUMBER):
        return ""
    low, high = (_number(bound, question.decimals) for bound in bounds_of(question))
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""


def _number(number: int | None, decimals: int) -> str:
    return "" if number is None else written_number(number, decimals)


def _condition(question: Question, jump: Jump) -> str:
    if jump.skipped:
        return "skipped"
    least, most = (_number(bound, question.decimals) for bound in (jump.at_least, jump.at_most))
    parts = [_between(least, most)] if least or most else []
    parts += [" or ".join(jump.chosen)] if jump.chosen else []
    return ", ".join(parts) or "in any case"


def _between(least: str, most: str) -> str:
    if least and most:
        return least if least == most else f"{least} to {most}"
    return f"{least} or more" if least else f"{most} or less"


def _condition_of(thanks: Thanks) -> str:
    least, most = (_number(bound, 0) for bound in (thanks.at_least, thanks.at_most))
    return f"score {_between(least, most)}" if least or most else "to everybody else"
