"""Beginning a campaign by buttons: what it hangs on, in plain words; or taking a draft up again."""

from datetime import date, timedelta
from functools import partial

from domain.campaigns import OccasionKind
from domain.campaigns.holidays import HOLIDAYS, next_day
from domain.deeds import Deed, why_not
from domain.moments import read_when
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.staff.campaign_cards import UNKNOWN, in_rows, overview
from handlers.staff.campaign_screens import AFTERS, OWN, days_later, show_whom, title_of
from handlers.staff.verbs import Ask, Done
from services.campaigns import wizard
from services.campaigns.plain_words import holiday_words, weekday_words
from services.case_door import actor_of
from texts.days import day_in_words

_KINDS = (
    OccasionKind.BIRTHDAY,
    OccasionKind.HOLIDAY,
    OccasionKind.DATE,
    OccasionKind.EVERY,
    OccasionKind.JOINED,
    OccasionKind.PURCHASE,
    OccasionKind.CASE,
    OccasionKind.SILENCE,
    OccasionKind.ANNIVERSARY,
    OccasionKind.TIER_UP,
    OccasionKind.POINTS_EXPIRING,
)
_SILENCES = (30, 60, 90, 180)
_MONTH_DAYS = (1, 10, 15, 20, 25)
_MOST_DRAFTS = 4
_MOST_HOLIDAYS = 16
_MORE = "more"
_STALE = Refusal("campaign_staff.refused.choice")


async def on_campaign(ask: Ask) -> Done | Refusal:
    """Begin a campaign, or take a draft up again where it was left."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, ask.member)) is not None:
        return refusal
    if ask.argument() == "new":
        return await _new(ask, ask.argument(1), ask.argument(2))
    if ask.argument():
        kept = await wizard.find_by_id(ask.work, ask.number())
        return await overview(ask, kept) if kept is not None else UNKNOWN
    drafts = await wizard.list_drafts(ask.work, limit=_MOST_DRAFTS)
    going_on = [
        Button(
            ask.context.label("campaign_staff.button.go_on", title=title_of(ask, kept)), data=f"k:campaign:0:{kept.id}"
        )
        for kept in drafts
    ]
    kinds = [
        Button(ask.context.label(f"campaign_staff.button.kind.{kind.value}"), data=f"k:campaign:0:new:{kind.value}")
        for kind in _KINDS
    ]
    ready = Button(ask.context.label("campaign_staff.button.ready_made"), data="k:campaigns:0:ready")
    rows = (*in_rows(going_on, 1), *in_rows(kinds), (ready,))
    return Done("campaign_staff.wizard.start", buttons=rows, shown=True, deed=False)


# What it hangs on


async def _new(ask: Ask, kind: str, choice: str) -> Done | Refusal:
    if choice == OWN:
        if not ask.words:
            return Done(None, prompt="campaign_staff.prompt.day", arguments=("new", kind, OWN), deed=False)
        read = read_when(ask.words, now=ask.work.now.astimezone(ask.work.rules.zone).replace(tzinfo=None))
        if read.on is None:
            return Refusal("campaign_staff.refused.day")
        choice = read.on.isoformat()
    if (kind, choice) == (OccasionKind.HOLIDAY, _MORE):
        return _screen(OccasionKind.HOLIDAY, in_rows(_holidays(ask)[_MOST_HOLIDAYS:]))
    try:
        when = wizard.occasion_of(kind, choice, today=_today(ask))
    except ValueError:
        return _STALE
    if when is None:
        return _which(ask, OccasionKind(kind))
    kept = await wizard.begin(ask.work, when, by=actor_of(ask.member))
    return kept if isinstance(kept, Refusal) else await show_whom(ask, kept)


def _today(ask: Ask) -> date:
    return ask.work.now.astimezone(ask.work.rules.zone).date()


def _which(ask: Ask, kind: OccasionKind) -> Done:
    """Ask which holiday, which day, how long after."""
    ways = {OccasionKind.HOLIDAY: _next_holidays, OccasionKind.DATE: _days, OccasionKind.EVERY: _everies}
    return _screen(kind, ways[kind](ask) if kind in ways else _spans(ask, kind))


def _screen(kind: OccasionKind, rows: Rows) -> Done:
    return Done(f"campaign_staff.wizard.which.{kind.value}", buttons=rows, shown=True, deed=False)


def _choice(kind: OccasionKind, label: str, value: str) -> Button:
    return Button(label, data=f"k:campaign:0:new:{kind.value}:{value}")


def _next_holidays(ask: Ask) -> Rows:
    every = _holidays(ask)
    rows = in_rows(every[:_MOST_HOLIDAYS])
    if len(every) <= _MOST_HOLIDAYS:
        return rows
    return (*rows, (_choice(OccasionKind.HOLIDAY, ask.context.label("campaign_staff.button.more"), _MORE),))


def _holidays(ask: Ask) -> list[Button]:
    """Return a button for each holiday kept here, the next one first."""
    today, region = _today(ask), ask.work.rules.campaigns.region
    coming = [(next_day(key, today - timedelta(days=1), region), key) for key in HOLIDAYS]
    return [
        _choice(
            OccasionKind.HOLIDAY,
            f"{holiday_words(ask.work, key, ask.language)} · {day_in_words(on, ask.language, today=today)}",
            key,
        )
        for on, key in sorted((on, key) for on, key in coming if on is not None)
    ]


def _days(ask: Ask) -> Rows:
    choice = partial(_choice, OccasionKind.DATE)
    today = _today(ask)
    days = [today + timedelta(days=ahead) for ahead in (1, 2, 3, 7)]
    listed = [choice(day_in_words(day, ask.language, today=today), day.isoformat()) for day in days]
    label = ask.context.label
    return (
        (choice(label("campaign_staff.choice.at_once"), "now"),),
        *in_rows(listed),
        (choice(label("campaign_staff.choice.other_day"), OWN),),
    )


def _everies(ask: Ask) -> Rows:
    choice = partial(_choice, OccasionKind.EVERY)
    label = ask.context.label
    weekly = [
        choice(label("campaign_staff.choice.week", day=weekday_words(day, ask.language)), f"week.{day}")
        for day in range(1, 8)
    ]
    monthly = [choice(label("campaign_staff.choice.month", day=day), f"month.{day}") for day in _MONTH_DAYS]
    return (*in_rows(weekly), *in_rows(monthly))


def _spans(ask: Ask, kind: OccasionKind) -> Rows:
    silence = kind is OccasionKind.SILENCE
    days = _SILENCES if silence else AFTERS.get(kind, (1, 3, 7))
    name = "silence" if silence else "after"
    return in_rows(_choice(kind, days_later(ask, name, count), str(count)) for count in days)
