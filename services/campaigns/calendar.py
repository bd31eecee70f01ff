"""What goes out in a month: the days on which campaigns are due, and the holidays beside them."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.campaigns import CampaignState, OccasionKind
from domain.campaigns.holidays import occasions_of
from domain.campaigns.schedule import days_ahead, usual_at
from domain.outcomes import Refusal
from domain.outgoing import Target
from domain.people import Actor, Permission
from services.campaigns.book import Kept, list_campaigns
from services.campaigns.plain_words import clock_words, holiday_words, title_words, weekday_words
from services.files import order_staff_file
from services.permits import may
from services.work import Work
from texts.months import month_and_year

KIND = "calendar"
"""The kind of file that the picture of a month is."""
_SHOWN = (CampaignState.RUNNING, CampaignState.SCHEDULED, CampaignState.PAUSED, CampaignState.DRAFT)
_FIRST_YEAR, _LAST_YEAR = 2000, 2098
_LETTERS = 3400
_SIGNS = {
    CampaignState.RUNNING: "📣",
    CampaignState.SCHEDULED: "⏰",
    CampaignState.PAUSED: "⏸",
    CampaignState.DRAFT: "✏",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign on one day; ``clock`` is the local time of day where each person lives."""

    key: str
    title: str
    state: CampaignState
    clock: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month: the holidays kept on it, whether it is solemn, and what goes out."""

    on: date
    holidays: tuple[str, ...]
    solemn: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month; ``always`` are the running campaigns whose days are each person's own."""

    first: date
    days: tuple[Day, ...]
    always: tuple[str, ...]


def month_after(first: date, months: int) -> date | None:
    """Return the first day of the month so many months on (or back); ``None`` beyond what calendars know."""
    nth = first.year * 12 + first.month - 1 + months
    year, month = divmod(nth, 12)
    return date(year, month + 1, 1) if _FIRST_YEAR <= year <= _LAST_YEAR else None


def read_month(text: str) -> date | None:
    """Return the first day of a month such as ``2027-02``, ``None`` for what is none."""
    try:
        return month_after(datetime.strptime(text.strip(), "%Y-%m").date(), 0)  # noqa: DTZ007 - a month, no instant
    except ValueError:
        return None


async def month_of(work: Work, first: date, *, by: Actor, language: str) -> Month | Refusal:
    """Return what goes out in the month that begins with ``first``, and what is only a draft yet."""
    if not await may(work, by, Permission.READ):
        return Refusal("desk.refused.not_allowed")
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    campaigns = [kept for kept in await list_campaigns(work) if kept.state in _SHOWN and not _untouched(kept)]
    due: dict[date, list[Entry]] = {}
    for kept in campaigns:
        for on, clock in _days_of(work, kept, first, last):
            entry = Entry(kept.key, title_words(work, kept.campaign, language), kept.state, clock)
            due.setdefault(on, []).append(entry)
    always = [
        title_words(work, kept.campaign, language)
        for kept in campaigns
        if kept.state is CampaignState.RUNNING and not kept.campaign.when.kind.collective
    ]
    return Month(first, tuple(_day(work, on, due.get(on, []), language) for on in _range(first, last)), tuple(always))


def _untouched(kept: Kept) -> bool:
    return kept.shipped and kept.state is CampaignState.DRAFT


def _range(first: date, last: date) -> list[date]:
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _day(work: Work, on: date, entries: Sequence[Entry], language: str) -> Day:
    kept = [one for one in occasions_of(on.year, work.rules.campaigns.region) if one.on == on]
    names = tuple(holiday_words(work, one.key, language) for one in kept)
    ordered = tuple(sorted(entries, key=lambda entry: (entry.clock, entry.title)))
    return Day(on, names, any(one.solemn for one in kept), ordered)


def _days_of(work: Work, kept: Kept, first: date, last: date) -> list[tuple[date, str]]:
    """Return the local days of a month on which a campaign is due, with the time of day."""
    zone, when = work.rules.zone, kept.campaign.when
    begun = kept.launched_at or kept.launch_at
    since = max(first, begun.astimezone(zone).date()) if begun is not None else first
    if when.kind is OccasionKind.DATE and when.on is None:
        if begun is None or not first <= begun.astimezone(zone).date() <= last:
            return []
        return [(begun.astimezone(zone).date(), clock_words(begun.astimezone(zone).time()))]
    if since > last:
        return []
    usual = clock_words(usual_at(when, work.rules))
    found = days_ahead(kept.campaign, work.rules.campaigns.region, work.rules, since, last)
    return [(on, occasion[11:16] if when.kind is OccasionKind.CRON else usual) for on, occasion in found]


def month_lines(work: Work, month: Month, language: str) -> list[str]:
    """Return the days on which something is, one line each (HTML)."""
    lines = []
    for day in month.days:
        if not day.holidays and not day.entries:
            continue
        parts = [*(f"{'🕯' if day.solemn else '🎑'} {name}" for name in day.holidays)]
        parts += [f"{_SIGNS[entry.state]} {entry.title} {entry.clock}" for entry in day.entries]
        weekday = weekday_words(day.on.isoweekday(), language)
        key = "campaign_staff.calendar.day_bold" if day.entries else "campaign_staff.calendar.day"
        lines.append(work.texts.say(key, language, day=day.on.day, weekday=weekday, what=" · ".join(parts)))
    return lines


def fitting_lines(work: Work, month: Month, language: str) -> list[str]:
    """Return as many of these lines as one message holds, and how many days more there are."""
    lines = month_lines(work, month, language)
    kept: list[str] = []
    while len(kept) < len(lines) and sum(len(line) + 1 for line in (*kept, lines[len(kept)])) <= _LETTERS:
        kept.append(lines[len(kept)])
    if len(kept) < len(lines):
        kept.append(work.texts.say("campaign_staff.calendar.more", language, count=len(lines) - len(kept)))
    return kept


def month_words(month: Month, language: str) -> str:
    """Return the name of a month."""
    return month_and_year(month.first, language)


def recipe_of(work: Work, month: Month, language: str) -> dict[str, Any]:
    """Return the recipe of the picture, see ``bot.charts_calendar``."""
    comma = work.texts.button("campaign_staff.comma", language)
    always = work.texts.button("campaign_staff.calendar.always", language, titles=comma.join(month.always))
    return {
        "title": month_words(month, language),
        "weekdays": [weekday_words(day, language) for day in range(1, 8)],
        "offset": month.first.isoweekday() - 1,
        "days": [
            {
                "day": day.on.day,
                "holiday": comma.join(day.holidays),
                "solemn": day.solemn,
                "entries": [
                    {"label": f"{entry.clock} {entry.title}", "state": entry.state.value} for entry in day.entries
                ],
            }
            for day in month.days
        ],
        "legend": {state.value: work.texts.button(f"campaign_staff.state.{state.value}", language) for state in _SHOWN},
        "more": work.texts.button("campaign_staff.calendar.more", language),
        "note": always if month.always else "",
    }


async def order_picture(work: Work, month: Month, *, target: Target, language: str) -> None:
    """Let the picture of a month be drawn and sent to staff."""
    minute = int(work.now.timestamp() // 60)
    await order_staff_file(
        work,
        target,
        kind=KIND,
        recipe=recipe_of(work, month, language),
        name=f"calendar-{month.first:%Y-%m}.png",
        mime="image/png",
        caption=work.texts.say("campaign_staff.calendar.caption", language, month=month_words(month, language)),
        dedupe_key=f"calendar:{month.first:%Y-%m}:{target.chat_key}:{minute}",
    )
