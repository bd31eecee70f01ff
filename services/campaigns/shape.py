"""How a campaign's document is written: its keys, and what each may be. What is said of faults is as for surveys."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from domain.campaigns import ButtonKind, Measure, OccasionKind
from domain.people import ConsentClass
from domain.surveys import Every
from services.document_parts import (
    Language,
    Part,
    SomeSpan,
    Span,
    WordsPart,
    clock_of,
    event_of,
    number_of,
    seed_of,
    short_key_of,
    shown,
)

_BUTTON_KEY = re.compile(r"[a-z0-9_]{1,16}")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _button_key(value: Any) -> str:
    if isinstance(value, str) and _BUTTON_KEY.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no key; write 1 to 16 of a-z, 0-9 and _")


def _share(value: Any) -> Decimal:
    share = number_of(value)
    if not 0 <= share <= 1:
        raise ValueError("must be a share from 0 to 1, such as 0.1 for one in ten")
    return share


def _weekday(value: Any) -> int:
    if isinstance(value, str) and value.strip().lower()[:3] in _DAYS:
        return _DAYS.index(value.strip().lower()[:3]) + 1
    raise ValueError(f"{shown(value)} is no day of the week; write one of {', '.join(_DAYS)}")


def _on(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError("must be a day such as 2026-12-24; the time of day is written as at")
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is no day; write it as 2026-12-24") from None


def _moment(value: Any) -> datetime:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is not None:
        raise ValueError("must be a local day and time such as 2026-12-20T18:00")
    return at


Day = Annotated[date, BeforeValidator(_on)]
ButtonKey = Annotated[str, BeforeValidator(_button_key)]


class WhenPart(Part):
    """``[when]``."""

    occasion: OccasionKind
    holiday: StrictStr | None = None
    on: Day | None = None
    every: Every | None = None
    day: StrictInt = 1
    cron: StrictStr | None = None
    field: StrictStr | None = None
    yearly: StrictBool = False
    event: Annotated[str, BeforeValidator(event_of)] | None = None
    silence: StrictInt | None = None
    invitation: StrictStr | None = None
    lead_days: StrictInt = 0
    after: Span = timedelta()
    at: Annotated[time, BeforeValidator(clock_of)] | None = None
    weekdays: list[Annotated[int, BeforeValidator(_weekday)]] = Field([])
    until: Day | None = None
    late_after: SomeSpan = timedelta(hours=12)
    jitter: Span = timedelta()


class VariantPart(Part):
    """``[[variants]]``."""

    key: ButtonKey
    text: WordsPart
    weight: StrictInt = 1
    picture: StrictStr | None = None


class ButtonPart(Part):
    """``[[buttons]]``."""

    key: ButtonKey
    kind: ButtonKind
    label: WordsPart
    url: StrictStr | None = None
    ref: StrictStr | None = None
    reply: WordsPart = Field({})


class GiftPart(Part):
    """``[gift]``."""

    reward: StrictStr | None = None
    points: StrictInt | None = None
    cost_minor: StrictInt = 0


class TaskPart(Part):
    """``[task]``."""

    title: WordsPart
    within: SomeSpan = timedelta(days=1)
    alone: StrictBool = False


class InvitationPart(Part):
    """``[invitation]``."""

    at: Annotated[datetime, BeforeValidator(_moment)]
    place: WordsPart = Field({})
    capacity: StrictInt | None = None


class LearningPart(Part):
    """``[learning]``."""

    holdout: Annotated[Decimal, BeforeValidator(_share)] = Decimal(0)
    measure: Measure = Measure.ANSWERS
    attribution: SomeSpan = timedelta(days=7)
    decide_after: SomeSpan | None = None
    hours: Annotated[Decimal, BeforeValidator(number_of)] = Decimal(0)


class CampaignPart(Part):
    """The whole document as it is written."""

    key: Annotated[str, BeforeValidator(short_key_of)]
    title: WordsPart
    when: WhenPart
    text: WordsPart = Field({})
    picture: StrictStr | None = None
    variants: list[VariantPart] = Field([])
    consent: ConsentClass = ConsentClass.CARE
    segment: StrictStr | None = None
    priority: StrictInt = 5
    solemn: StrictBool = False
    personal: StrictBool = False
    paid: StrictBool = False
    seed: Annotated[str, BeforeValidator(seed_of)] = ""
    buttons: list[ButtonPart] = Field([])
    gift: GiftPart | None = None
    task: TaskPart | None = None
    invitation: InvitationPart | None = None
    learning: LearningPart = LearningPart()
    fallbacks: dict[str, WordsPart] = Field({})
    fallback: Language | None = None
