"""The section of the configuration about the staff desk: hours, targets, priorities, the ladder, ready answers."""

from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from bot.settings_base import KeyFault, Section, refuse_twins, refuse_unoffered
from bot.settings_values import (
    Day,
    HolidayRegion,
    Length,
    Name,
    OptionalClock,
    Span,
    Spans,
    Words,
    hint,
    parse_clock,
    parse_length,
    parse_list,
)
from domain.cases import Aspect, Priority
from domain.desk import (
    Assigning,
    CannedSeed,
    DeskRules,
    FloodRules,
    Hours,
    Interval,
    LadderRules,
    PriorityRules,
    RhythmRules,
    SlaRules,
    Targets,
)

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_DAYS = 366
_ALL_DAY: tuple[Interval, ...] = ((time(0), time(0)),)
_Spans = Annotated[Spans | None, NoDecode]


class ExceptionSection(Section):
    """One ``[[desk.hours.exceptions]]``: days with hours of their own, or none."""

    first_on: Day
    last_on: Day | None = None
    hours: Annotated[Spans, NoDecode] = Field(())

    @field_validator("last_on", mode="after")
    @classmethod
    def _a_span_of_days(cls, value: date | None, info: ValidationInfo) -> date | None:
        first_on = info.data.get("first_on")
        if first_on is None or value is None:
            return value
        if value < first_on:
            raise ValueError(f"{value} lies before first_on, {first_on}; write the last of these days")
        if (value - first_on).days >= _MOST_DAYS:
            raise ValueError("an exception lasts a year at most; for longer ones change the hours of the week")
        return value

    def days(self) -> list[date]:
        """Return the days it is about."""
        last_on = self.last_on or self.first_on
        return [self.first_on + timedelta(days=n) for n in range((last_on - self.first_on).days + 1)]


class HoursSection(Section):
    """``[desk.hours]``: when staff work; without any hours, always."""

    mon: _Spans = None
    tue: _Spans = None
    wed: _Spans = None
    thu: _Spans = None
    fri: _Spans = None
    sat: _Spans = None
    sun: _Spans = None
    holidays_of: HolidayRegion = ""
    exceptions: list[ExceptionSection] = Field([])

    @field_validator("exceptions", mode="after")
    @classmethod
    def _each_day_once(cls, value: list[ExceptionSection]) -> list[ExceptionSection]:
        seen: set[date] = set()
        for nth, entry in enumerate(value, 1):
            twice = seen & set(entry.days())
            if twice:
                raise KeyFault(f"#{nth}.first_on", f"{min(twice)} has an exception already; keep one of them")
            seen |= set(entry.days())
        return value

    def rules(self) -> Hours:
        """Return the hours as services need them."""
        given = [getattr(self, day) for day in _WEEK]
        always = all(spans is None for spans in given)
        week = tuple(_ALL_DAY if always else (spans or ()) for spans in given)
        exceptions = {day: entry.hours for entry in self.exceptions for day in entry.days()}
        return Hours(week=week, region=self.holidays_of, exceptions=exceptions)


class TargetSection(Section):
    """One ``[[desk.sla.targets]]``: the targets of a priority, for all tiers or for one."""

    priority: Priority
    tier: Name | None = None
    first_response: Length | None = None
    next_response: Length | None = None
    resolution: Length | None = None

    def rules(self) -> Targets:
        """Return the targets as services need them."""
        return Targets(self.first_response, self.next_response, self.resolution)


class SlaSection(Section):
    """``[desk.sla]``: within which working time answers and solutions are due."""

    warn_at: float = Field(0.75, gt=0, lt=1)
    targets: list[TargetSection] = Field([])

    @field_validator("targets", mode="after")
    @classmethod
    def _each_once(cls, value: list[TargetSection]) -> list[TargetSection]:
        seen = set()
        for nth, target in enumerate(value, 1):
            key = (target.priority, target.tier)
            if key in seen:
                raise KeyFault(f"#{nth}.priority", f"{target.priority} has targets already; keep one of them")
            seen.add(key)
        return value

    def rules(self) -> SlaRules:
        """Return the targets as services need them."""
        tiers: dict[str, dict[Priority, Targets]] = {}
        for target in self.targets:
            if target.tier is not None:
                tiers.setdefault(target.tier, {})[target.priority] = target.rules()
        targets = {target.priority: target.rules() for target in self.targets if target.tier is None}
        return SlaRules(targets=targets, tiers=tiers, warn_at=self.warn_at)


class PrioritySection(Section):
    """``[desk.priority]``: what makes a case press by itself."""

    tiers: dict[Name, Priority] = Field({"diamond": Priority.HIGH})
    aspects: dict[Aspect, Priority] = Field({})
    keywords: dict[str, Priority] = Field({})
    repeat_within: Span = parse_length("14d")
    repeat: Priority = Priority.HIGH
    low_score: Priority = Priority.HIGH

    @field_validator("keywords", mode="after")
    @classmethod
    def _words(cls, value: dict[str, Priority]) -> dict[str, Priority]:
        for words in value:
            if not words.strip() or len(words) > 128:
                raise ValueError("a keyword has 1 to 128 letters")
        return value

    def rules(self) -> PriorityRules:
        """Return the rules as services need them."""
        return PriorityRules(
            tiers=dict(self.tiers),
            aspects=dict(self.aspects),
            keywords=dict(self.keywords),
            repeat_within=self.repeat_within,
            repeat=self.repeat,
            low_score=self.low_score,
        )


class LadderSection(Section):
    """``[desk.ladder]``: how an escalation climbs while nobody takes it."""

    answer_within: Length = parse_length("15m")
    repeat_every: Length = parse_length("60m")
    only_at_work: bool = True


class FloodSection(Section):
    """``[desk.flood]``: so many messages within a span are too many at once."""

    messages: int = Field(20, ge=2, le=10_000)
    within: Length = parse_length("1m")


class RhythmSection(Section):
    """``[desk.rhythm]``: when a good customer has stayed away for longer than they use to."""

    tiers: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field(["silver", "gold", "diamond"])
    least: int = Field(4, ge=3, le=1000)
    factor: float = Field(2.0, gt=1, le=100)


class CannedSection(Section):
    """One ``[[desk.canned]]``: a ready answer, or a macro that does something to the case besides."""

    name: str = Field(min_length=1, max_length=64)
    texts: Words
    words: str = Field("", max_length=256)
    event: Literal["resolve", "hold", "wait"] | None = None
    tag: str | None = Field(None, min_length=1, max_length=64)

    def rules(self) -> CannedSeed:
        """Return the seed as services need it."""
        return CannedSeed(self.name, dict(self.texts), self.words, self.event, self.tag)


class DeskSection(Section):
    """``[desk]``: how staff work."""

    assigning: Assigning = Assigning.NONE
    digest_at: OptionalClock = parse_clock("09:00")
    reach_us: Words = Field({})
    ask_score: bool = True
    ask_score_after: Length = parse_length("24h")
    task_reminder: Span = parse_length("30m")
    hours: HoursSection = HoursSection()
    sla: SlaSection = SlaSection()
    priority: PrioritySection = PrioritySection()
    ladder: LadderSection = LadderSection()
    flood: FloodSection = FloodSection()
    rhythm: RhythmSection = RhythmSection()
    canned: list[CannedSection] = Field([])

    @field_validator("canned", mode="after")
    @classmethod
    def _each_once(cls, value: list[Any]) -> list[Any]:
        return refuse_twins(value, "name")

    def check_languages(self, offered: list[str]) -> None:
        """Raise :class:`KeyFault` for a ready answer or other words in a language that is not offered."""
        refuse_unoffered(self.reach_us, offered, "reach_us")
        for nth, canned in enumerate(self.canned, 1):
            refuse_unoffered(canned.texts, offered, f"canned #{nth}.texts")

    def check_tiers(self, known: list[str]) -> None:
        """Raise :class:`KeyFault` for a tier that ``[[loyalty.tiers]]`` does not have; defaults may name others."""
        named = {f"sla.targets #{nth}.tier": target.tier for nth, target in enumerate(self.sla.targets, 1)}
        if "tiers" in self.priority.model_fields_set:
            named |= {f"priority.tiers.{tier}": tier for tier in self.priority.tiers}
        if "tiers" in self.rhythm.model_fields_set:
            named |= {f"rhythm.tiers #{nth}": tier for nth, tier in enumerate(self.rhythm.tiers, 1)}
        for key, tier in named.items():
            if tier is not None and tier not in known:
                raise KeyFault(key, f"there is no tier {tier} in loyalty.tiers{hint(tier, known)}")

    def rules(self) -> DeskRules:
        """Return the rules of the desk as services need them."""
        return DeskRules(
            hours=self.hours.rules(),
            sla=self.sla.rules(),
            priority=self.priority.rules(),
            ladder=LadderRules(self.ladder.answer_within, self.ladder.repeat_every, self.ladder.only_at_work),
            flood=FloodRules(self.flood.messages, self.flood.within),
            rhythm=RhythmRules(tuple(self.rhythm.tiers), self.rhythm.least, self.rhythm.factor),
            assigning=self.assigning,
            canned=tuple(entry.rules() for entry in self.canned),
            digest_at=self.digest_at,
            reach_us=dict(self.reach_us),
            ask_score=self.ask_score,
            ask_score_after=self.ask_score_after,
            task_reminder=self.task_reminder,
        )


class TakesSection(Section):
    """``staff.groups.takes``: which cases come to a group; what is left out is all."""

    branches: Annotated[list[str], NoDecode, BeforeValidator(parse_list)] = Field([])
    aspects: Annotated[list[Aspect], NoDecode, BeforeValidator(parse_list)] = Field([])
    tiers: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field([])
    languages: Annotated[list[str], NoDecode, BeforeValidator(parse_list)] = Field([])

    def check(self, key: str, known: dict[str, list[str]]) -> None:
        """Raise :class:`KeyFault` for a branch, tier or language the business does not have: no case would come."""
        for name, there_are in known.items():
            for value in getattr(self, name):
                if value not in there_are:
                    among = ", ".join(there_are) or "none yet"
                    raise KeyFault(
                        f"{key}.{name}", f"there is no {value} here; there are: {among}{hint(value, there_are)}"
                    )

    def seed(self) -> dict[str, list[str]] | None:
        """Return what the group takes, as the database keeps it."""
        given = {name: [str(each) for each in getattr(self, name)] for name in type(self).model_fields}
        return {name: values for name, values in given.items() if values} or None
