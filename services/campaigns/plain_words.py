"""Campaigns in plain words: when they go out, for whom, what they say, what comes with them."""

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from html import escape

from babel import Locale

from domain.campaigns import Campaign, OccasionKind, When
from domain.campaigns.holidays import next_day
from domain.campaigns.schedule import usual_at
from domain.segments import SegmentError
from domain.surveys import Every, Words, in_language
from services import segments
from services.work import Work
from storage.rewards import get_reward_by_key
from texts.catalogue import plain
from texts.days import day_in_words, number_in_words

SHOWN_LETTERS = 600
_SHOWN_VARIANTS = 3
WORKDAYS = (1, 2, 3, 4, 5)
"""Monday to Friday, by their ISO numbers."""
_VALUE = re.compile(r"\{\{-?\s*([a-z_][a-z0-9_.]*)[^}]*\}\}", re.IGNORECASE)
_BLOCK = re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)
_BABEL = {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}
_LEADS = frozenset(
    {
        OccasionKind.BIRTHDAY,
        OccasionKind.ANNIVERSARY,
        OccasionKind.HOLIDAY,
        OccasionKind.DATE,
        OccasionKind.EVERY,
        OccasionKind.FIELD,
    }
)
INSERTS = ("name", "business", "tier", "points", "owner", "date", "occasion", "voucher", "voucher_until")
"""What the wizard offers to insert into words; the marketer's guide lists the others."""


def in_words(work: Work, words: Words, language: str) -> str:
    """Return a campaign's own text in a language, else in the first of the business's that there is."""
    return in_language(words, language, (*work.rules.languages, "en"))


def title_words(work: Work, campaign: Campaign, language: str) -> str:
    """Return how staff call a campaign."""
    return in_words(work, campaign.title, language) or campaign.key


def holiday_words(work: Work, holiday: str, language: str) -> str:
    """Return the name of a holiday."""
    return work.texts.button(f"occasion.{holiday}", language)


def when_words(work: Work, campaign: Campaign, language: str) -> str:
    """Return when a campaign goes out, such as "Mid-Autumn, next on Sep 15 · 1 day before · at 10:00"."""
    say, when = _Say(work, language), campaign.when
    parts = [_occasion(say, campaign)]
    if when.lead_days and when.kind in _LEADS:
        parts.append(say("when.before", count=when.lead_days))
    if when.after:
        parts.append(_after(say, when.after))
    if campaign.task is None or not campaign.task.alone:
        parts.append(_clock(say, when))
    if when.weekdays == WORKDAYS:
        parts.append(say("choice.workdays"))
    elif when.weekdays:
        parts.append(say("when.weekdays", days=say.list([weekday_words(day, language) for day in when.weekdays])))
    if when.until is not None:
        parts.append(say("when.until", day=say.day(when.until)))
    return " · ".join(part for part in parts if part)


class _Say:
    """The words of this module in one language."""

    def __init__(self, work: Work, language: str) -> None:
        self.work, self.language = work, language

    def __call__(self, key: str, **values: object) -> str:
        return self.work.texts.button(f"campaign_staff.{key}", self.language, **values)

    def day(self, day: date) -> str:
        return day_in_words(day, self.language, today=self.work.now.astimezone(self.work.rules.zone).date())

    def list(self, words: Sequence[str]) -> str:
        return self("comma").join(words)


def _occasion(say: _Say, campaign: Campaign) -> str:
    when = campaign.when
    kind = when.kind
    if kind is OccasionKind.HOLIDAY:
        return _holiday(say, when)
    if kind is OccasionKind.DATE:
        return say("when.date", day=say.day(when.on)) if when.on else say("when.once")
    if kind is OccasionKind.EVERY and when.every is not None:
        day = weekday_words(when.day, say.language) if when.every is Every.WEEK else when.day
        return say(f"when.every.{when.every.value}", day=day)
    days = when.silence_days if kind is OccasionKind.SILENCE else when.lead_days
    values = {"count": days or 0, "cron": when.cron, "field": when.field, "event": when.event}
    if kind is OccasionKind.RSVP:
        values["campaign"] = when.invitation
    return say(f"when.{kind.value}", **values)


def _holiday(say: _Say, when: When) -> str:
    name = holiday_words(say.work, str(when.holiday), say.language)
    today = say.work.now.astimezone(say.work.rules.zone).date()
    on = next_day(str(when.holiday), today - timedelta(days=1), say.work.rules.campaigns.region)
    return say("when.holiday", name=name, day=say.day(on)) if on else say("when.holiday_never", name=name)


def _after(say: _Say, after: timedelta) -> str:
    whole_days, rest = divmod(after, timedelta(days=1))
    if rest or not whole_days:
        return say("when.after_hours", count=max(1, int(after.total_seconds() // 3600)))
    return say("when.after_days", count=whole_days)


def _clock(say: _Say, when: When) -> str:
    if when.kind is OccasionKind.CRON:
        return ""
    if when.at is None and not (when.kind.collective or when.kind.dated):
        return ""
    return say("when.at", clock=clock_words(usual_at(when, say.work.rules)))


def clock_words(at: time) -> str:
    """Return a time of day."""
    return at.strftime("%H:%M")


def weekday_words(day: int, language: str) -> str:
    """Return the name of a weekday by its ISO number."""
    locale = Locale.parse(_BABEL.get(language, language))
    return str(locale.days["format"]["abbreviated" if language == "en" else "wide"][day - 1])


def audience_words(work: Work, campaign: Campaign, language: str) -> str:
    """Return for whom a campaign is, such as "customers whose tier is gold"."""
    if campaign.segment is None:
        return work.texts.button("campaign_staff.everybody", language)
    try:
        return segments.explain(work, segments.parse(work, campaign.segment), language)
    except SegmentError as error:
        return segments.explain_error(work, error, language)


def sample_words(work: Work, campaign: Campaign, language: str) -> str:
    """Return what a campaign says (HTML), its variables as names in brackets; a look, not yet the real thing."""
    return "\n\n".join(
        escape(clipped(readable(work, in_words(work, one.text, language), language)), quote=False)
        for one in campaign.variants[:_SHOWN_VARIANTS]
    )


def readable(work: Work, template: str, language: str) -> str:
    """Return a template as people read it: "Dear [name], …"."""

    def named(found: re.Match[str]) -> str:
        name = found[1].lower()
        if name in INSERTS:
            return work.texts.button("campaign_staff.inserted", language, what=insert_words(work, name, language))
        return f"[{name}]"

    return plain(_VALUE.sub(named, _BLOCK.sub("", template))).strip()


def insert_words(work: Work, name: str, language: str) -> str:
    """Return what people call a variable that can be inserted."""
    return work.texts.button(f"campaign_staff.insert.{name}", language)


def clipped(words: str, most: int = SHOWN_LETTERS) -> str:
    """Return words as they are, or their beginning when they are too long for a screen."""
    return words if len(words) <= most else f"{words[:most].rstrip()}…"


async def gift_words(work: Work, campaign: Campaign, language: str) -> str:
    """Return what comes with the message, empty for nothing."""
    gift = campaign.gift
    if gift is None:
        return ""
    if gift.points is not None:
        points = number_in_words(gift.points, language)
        return work.texts.button("campaign_staff.gift.points", language, points=points)
    reward = await get_reward_by_key(work.tx, gift.reward or "")
    name = reward.name(language) if reward else gift.reward
    return work.texts.button("campaign_staff.gift.reward", language, reward=name)
