"""How a survey's document is written: its keys, and what each may be."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from domain.cases import Aspect
from domain.surveys import SCALES, AfterCase, Every, QuestionKind
from services import document_parts
from services.document_parts import (
    Key,
    Language,
    Number,
    Part,
    SomeSpan,
    Span,
    WordsPart,
    clock_of,
    event_of,
    seed_of,
    share_of,
    short_key_of,
    span_or_never_of,
)

RATING = (1, 5)
"""The scale of a rating that names none."""


class OptionPart(Part):
    """``[[questions.options]]``."""

    key: Key
    label: WordsPart


class JumpPart(Part):
    """``[[questions.jumps]]``; the bounds are as people write the number."""

    to: StrictStr
    at_least: Number | None = None
    at_most: Number | None = None
    chosen: list[StrictStr] = Field([])
    skipped: StrictBool = False


class QuestionPart(Part):
    """``[[questions]]``."""

    key: Key
    kind: QuestionKind
    text: WordsPart
    required: StrictBool = False
    options: list[OptionPart] = Field([])
    low: Number | None = None
    high: Number | None = None
    decimals: StrictInt = 0
    low_label: WordsPart = Field({})
    high_label: WordsPart = Field({})
    aspect: Aspect | None = None
    jumps: list[JumpPart] = Field([])


def scale_of(part: QuestionPart) -> tuple[Decimal | None, Decimal | None]:
    """Return the lowest and highest answer of a question, as people write them."""
    fixed = SCALES.get(part.kind) or (RATING if part.kind is QuestionKind.RATING else (None, None))
    low, high = (Decimal(bound) if bound is not None else None for bound in fixed)
    return part.low if part.low is not None else low, part.high if part.high is not None else high


class ThanksPart(Part):
    """``[[thanks]]``."""

    text: WordsPart
    at_least: StrictInt | None = None
    at_most: StrictInt | None = None
    refer: StrictBool = False


class WhenPart(Part):
    """``[when]``."""

    after_case: AfterCase | None = None
    after_purchase: Span | None = None
    after_event: Annotated[str, BeforeValidator(event_of)] | None = None
    event_delay: Span = timedelta()
    every: Every | None = None
    day: StrictInt = 1
    at: Annotated[time, BeforeValidator(clock_of)] | None = None
    segment: StrictStr | None = None
    sample: Annotated[Decimal, BeforeValidator(share_of)] = Decimal(1)
    seed: Annotated[str, BeforeValidator(seed_of)] = ""
    cadence: SomeSpan | None = None
    late_after: SomeSpan = timedelta(days=7)
    remind_after: Annotated[timedelta | None, BeforeValidator(span_or_never_of)] = timedelta(days=3)
    expires_after: SomeSpan = timedelta(days=14)


class DocumentPart(Part):
    """The whole document as it is written."""

    key: Annotated[str, BeforeValidator(short_key_of)]
    title: WordsPart
    questions: list[QuestionPart]
    intro: WordsPart = Field({})
    when: WhenPart = WhenPart()
    thanks: list[ThanksPart] = Field([])
    score_by: StrictStr | None = None
    acts: StrictBool = True
    fallback: Language | None = None


_MISSING = {
    "key": 'give it a key of its own, such as key = "price"',
    "title": 'write its name for staff, such as title.en = "After a purchase"',
    "questions": "begin each question with [[questions]]",
    "kind": f"write one of {', '.join(QuestionKind)}",
    "text": 'write what is said, such as text.en = "How was it?"',
    "label": 'write what stands on the button, such as label.en = "The price"',
    "to": 'write the key of a later question, or "end"',
}


def line_of(error: Any) -> str:
    """Return one of pydantic's findings as ``key: what; mend``."""
    return document_parts.line_of(error, DocumentPart, _MISSING)
