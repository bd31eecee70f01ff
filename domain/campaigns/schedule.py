"""When an occasion comes, and when a person is due for it. Everything here is reckoned, nothing asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from domain.calendars import next_send_at
from domain.campaigns.definition import Campaign, OccasionKind, When
from domain.campaigns.holidays import days_of
from domain.instants import local_instant
from domain.rules import Rules
from domain.surveys.periods import asked_at, begins_at, period_at, start_of

ONCE = "once"
"""The occasion of what goes out as soon as it runs."""
OPENS_BEFORE = timedelta(hours=1)
"""So long before its day begins anywhere a run is opened, so that everybody is planned in time."""
AHEAD, BEHIND = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of the world are ahead of UTC, and behind it."""
_DAY = timedelta(days=1)
_MOST_COMINGS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Coming:
    """One coming of a collective occasion: people are due on the local day ``due_on`` at ``at``."""

    due_on: date
    at: time
    occasion: str
    on: date


def usual_at(when: When, rules: Rules) -> time:
    """Return the local time of day at which people are due whose campaign names none, or the one it names."""
    if when.at is not None:
        return when.at
    return rules.birthday.send_at if when.kind is OccasionKind.BIRTHDAY else rules.campaigns.send_at


def due_on(on: date, when: When) -> date:
    """Return the local day on which people are due for an occasion that falls on ``on``."""
    return next_allowed(on - timedelta(days=when.lead_days), when)


def next_allowed(day: date, when: When) -> date:
    """Return ``day``, or the next one on which the campaign may go."""
    while when.weekdays and day.isoweekday() not in when.weekdays:
        day += _DAY
    return day


def due_at(day: date, at: time, *, jitter: timedelta, zone: ZoneInfo, rules: Rules) -> datetime:
    """Return the UTC instant at which somebody is due on a local day: jitter added, moved out of the quiet hours.

    A time the clocks skip moves on with them, of one they show twice it is the first.
    """
    return next_send_at(local_instant(datetime.combine(day, at), zone) + jitter, rules.quiet, zone)


def due_after(ready_at: datetime, when: When, *, jitter: timedelta, zone: ZoneInfo, rules: Rules) -> datetime:
    """Return the UTC instant at which somebody is due for what was ready to be said at ``ready_at``.

    With a time of day it is the first such time from then on; without one it is then. A day on which the campaign may
    not go moves on to the next one that is allowed, at the same time of day.
    """
    return next_send_at(first_allowed(ready_at, when, zone) + jitter, rules.quiet, zone)


def first_allowed(ready_at: datetime, when: When, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant from ``ready_at`` on at which the campaign's hour and weekdays allow it to go."""
    wall = ready_at.astimezone(zone)
    at, today = when.at, wall.date()
    if at is None:
        day = next_allowed(today, when)
        return ready_at.astimezone(UTC) if day == today else asked_at(day, wall.time(), zone)
    days = (today + nth * _DAY for nth in range(-1, 10))
    return next(
        instant for day in days if next_allowed(day, when) == day and (instant := asked_at(day, at, zone)) >= ready_at
    )


def late_after_at(due: datetime, when: When) -> datetime:
    """Return the instant after which it is not sent any more."""
    return due + when.late_after


def comings(when: When, rules: Rules, *, since: date, until: date) -> list[Coming]:
    """Return the comings of a collective occasion whose local due day lies from ``since`` to ``until``, in order.

    What goes out as soon as it runs has none. Raises ``ValueError`` for a cron expression that means nothing.
    """
    last = when.until or date.max
    found = (one for one in _comings(when, rules, since, until) if since <= one.due_on <= until and one.on <= last)
    return sorted(found)


def _comings(when: When, rules: Rules, since: date, until: date) -> Iterator[Coming]:
    lead = timedelta(days=when.lead_days)
    first, last = since + lead - timedelta(days=7), until + lead
    at = usual_at(when, rules)
    if when.kind is OccasionKind.CRON:
        yield from _by_cron(when, first, last)
        return
    for on in _days(when, rules, first, last):
        yield Coming(due_on(on, when), at, on.isoformat(), on)


def _days(when: When, rules: Rules, first: date, last: date) -> Iterator[date]:
    if when.kind is OccasionKind.DATE and when.on is not None:
        yield when.on
    elif when.kind is OccasionKind.HOLIDAY and when.holiday is not None:
        for year in range(first.year, last.year + 1):
            yield from days_of(when.holiday, year, rules.campaigns.region)
    elif when.kind is OccasionKind.EVERY and when.every is not None:
        day = start_of(when.every, first)
        while day <= last:
            period = period_at(when.every, when.day, day)
            yield period.on
            day = _next_start(when, day)


def _next_start(when: When, start: date) -> date:
    assert when.every is not None
    beyond = start
    while start_of(when.every, beyond) == start:
        beyond += _DAY
    return beyond


def _by_cron(when: When, first: date, last: date) -> Iterator[Coming]:
    """Yield the local wall-clock times of a cron expression, the same in every zone."""
    walls = read_cron(when.cron or "", datetime.combine(first, time()) - timedelta(minutes=1))
    for _ in range(_MOST_COMINGS):
        wall = next(walls, None)
        if wall is None or wall.date() > last:
            return
        on = wall.date()
        yield Coming(due_on(on, when), wall.time(), wall.isoformat(timespec="minutes"), on)


def read_cron(expression: str, after: datetime) -> Iterator[datetime]:
    """Return the naive local times after ``after`` of a five-field expression. Raises ``ValueError``."""
    if len(expression.split()) != 5:
        raise ValueError("a cron expression has five fields: minute hour day month weekday")
    try:
        return CronSim(expression, after)
    except CronSimError as error:
        raise ValueError(str(error)) from None


def opens_at(coming: Coming) -> datetime:
    """Return the instant from which a run is planned."""
    return begins_at(coming.due_on) - OPENS_BEFORE


def is_over(coming: Coming, when: When, now: datetime, rules: Rules) -> bool:
    """Return whether a coming was missed by so much that it is not looked for any more."""
    furthest = datetime.combine(coming.due_on, coming.at, UTC) + BEHIND + when.jitter + when.late_after
    return now > furthest + rules.campaigns.catch_up


def coming(when: When, rules: Rules, *, launched_at: datetime, now: datetime) -> list[Coming]:
    """Return the comings of a collective occasion for which a run is due now, in order.

    Their day has begun somewhere in the world, or begins there within the hour. One whose day was over for the business
    when the campaign was launched is left out; so is one missed by too much. Launched on the eve, it goes: that the day
    has begun at the other end of the world keeps it from nobody.
    """
    launch_on = launched_at.astimezone(rules.zone).date()
    missed = rules.campaigns.catch_up + when.late_after + when.jitter
    found = comings(when, rules, since=(now - missed - BEHIND).date() - _DAY, until=(now + AHEAD + OPENS_BEFORE).date())
    return [
        one for one in found if opens_at(one) <= now and one.due_on >= launch_on and not is_over(one, when, now, rules)
    ]


def is_missed(when: When, rules: Rules, *, launched_at: datetime) -> bool:
    """Return whether a certain day was over for the business when the campaign is launched: nobody would hear of it."""
    return when.on is not None and due_on(when.on, when) < launched_at.astimezone(rules.zone).date()


def days_ahead(campaign: Campaign, region: str, rules: Rules, since: date, until: date) -> list[tuple[date, str]]:
    """Return the local due days and occasions from ``since`` to ``until`` that a calendar can show beforehand."""
    if not campaign.when.kind.collective:
        return []
    here = replace(rules, campaigns=replace(rules.campaigns, region=region))
    return [(one.due_on, one.occasion) for one in comings(campaign.when, here, since=since, until=until)]
