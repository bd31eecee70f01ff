"""Answers to questions: what was tapped, chosen, written or shown, judged against what the question allows."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from domain.dates import read_birthday
from domain.surveys.definition import SCALES, Question, QuestionKind

MOST_LETTERS = 20_000
_MOST_DIGITS = 15
_ISO = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号號]?")
_SEVERAL = re.compile(r"[\s,，、;；/+&]+")
_CHOICES = (QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one question: ``number`` times ten to the question's decimals, ``choices`` keys of options.

    ``on`` is a local date, ``interaction_id`` the message that answered. A skipped question has nothing else.
    """

    question: str
    kind: QuestionKind
    answered_at: datetime
    number: int | None = None
    choices: tuple[str, ...] = ()
    text: str = ""
    on: date | None = None
    interaction_id: int | None = None
    skipped: bool = False


def bounds_of(question: Question) -> tuple[int | None, int | None]:
    """Return the lowest and highest number a question takes, ``None`` for no bound."""
    return SCALES.get(question.kind, (question.low, question.high))


def is_within(question: Question, number: int) -> bool:
    """Return whether a question takes this number."""
    low, high = bounds_of(question)
    return (low is None or number >= low) and (high is None or number <= high)


def tapped_answer(question: Question, value: object, *, at: datetime) -> Answer | None:
    """Return the answer a button stands for: a number of the scale, or the key of an option; ``None`` for no such."""
    if question.kind is QuestionKind.CHOICE:
        known = [option.key for option in question.options]
        return Answer(question.key, question.kind, at, choices=(str(value),)) if value in known else None
    is_scale = question.kind in SCALES or question.kind is QuestionKind.RATING
    if not is_scale or not isinstance(value, int) or isinstance(value, bool) or not is_within(question, value):
        return None
    return Answer(question.key, question.kind, at, number=value)


def chosen_answer(question: Question, chosen: Iterable[str], *, at: datetime) -> Answer | None:
    """Return the answer that several options make, in the question's order; ``None`` when there is nothing chosen."""
    wanted = set(chosen)
    known = tuple(option.key for option in question.options if option.key in wanted)
    if question.kind is not QuestionKind.MULTI_CHOICE or not known or len(known) != len(wanted):
        return None
    return Answer(question.key, question.kind, at, choices=known)


def typed_answer(
    question: Question,
    words: str,
    *,
    at: datetime,
    today: date,
    interaction_id: int | None = None,
    is_picture: bool = False,
) -> Answer | None:
    """Return the answer that a message makes, ``None`` when it answers the question in no way.

    ``today`` is the local date, for dates without a year.
    """
    kind, text = question.kind, unicodedata.normalize("NFKC", words).strip()

    def answer(**values: object) -> Answer:
        return Answer(question.key, kind, at, interaction_id=interaction_id, **values)  # type: ignore[arg-type]

    if kind is QuestionKind.TEXT:
        return answer(text=words.strip()[:MOST_LETTERS])
    if kind is QuestionKind.PHOTO:
        return answer(text=words.strip()[:MOST_LETTERS]) if is_picture else None
    if kind is QuestionKind.NUMBER:
        number = read_number(text, question.decimals)
        return answer(number=number) if number is not None and is_within(question, number) else None
    if kind is QuestionKind.DATE:
        day = read_day(text, today=today)
        return answer(on=day) if day is not None else None
    if kind in _CHOICES:
        return _typed_choice(question, text, at, interaction_id)
    number = int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None
    return answer(number=number) if number is not None and is_within(question, number) else None


def _typed_choice(question: Question, text: str, at: datetime, interaction_id: int | None) -> Answer | None:
    by_words = {
        unicodedata.normalize("NFKC", label).strip().casefold(): option.key
        for option in question.options
        for label in option.label.values()
    }
    by_words |= {str(nth): option.key for nth, option in enumerate(question.options, 1)}
    whole = by_words.get(text.casefold())
    parts = [whole] if whole else [by_words.get(part.casefold()) for part in _SEVERAL.split(text) if part]
    if not parts or None in parts or (question.kind is QuestionKind.CHOICE and len(parts) > 1):
        return None
    wanted = {key for key in parts if key}
    chosen = tuple(option.key for option in question.options if option.key in wanted)
    return Answer(question.key, question.kind, at, choices=chosen, interaction_id=interaction_id)


def read_number(text: str, decimals: int) -> int | None:
    """Return a number as people write it, with either separator, times ten to ``decimals``; ``None`` for no such."""
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("%").strip()
    if not re.fullmatch(r"[+-]?[\d.,' ]+", plain):
        return None
    plain = re.sub(r"(?<=\d)[' ](?=\d{3}(\D|$))", "", plain)
    found = _with_point(plain, decimals)
    try:
        value = Decimal(found) * 10**decimals
    except InvalidOperation:
        return None
    if value and value.adjusted() >= _MOST_DIGITS:
        return None
    return int(value) if value == value.to_integral_value() else None


def written_number(number: int, decimals: int) -> str:
    """Return a number that is kept times ten to ``decimals`` with its point, as :func:`read_number` takes it."""
    return f"{Decimal(number).scaleb(-decimals):f}"


def _with_point(text: str, decimals: int) -> str:
    """Write a number with one point: the last of two kinds of separators is the decimal one."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text
    head, tail = text[:last], text[last + 1 :]
    both = "." in text and "," in text
    thousands = not both and (text.count(text[last]) > 1 or (len(tail) == 3 and decimals < 3))
    whole = re.sub(r"[.,]", "", head)
    return f"{whole}{tail}" if thousands else f"{whole}.{tail}"


def read_day(text: str, *, today: date) -> date | None:
    """Return a day as people write it in English and Chinese; without a year it is one of this year."""
    if found := _ISO.fullmatch(text.strip()):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    understood = read_birthday(text, today=today)
    if len(understood.days) != 1:
        return None
    day = understood.days[0]
    return None if day.lunar else _date(day.year or today.year, day.month, day.day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
