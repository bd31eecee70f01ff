"""Days of each person's own: birthdays, membership anniversaries, dates on the record; planned a day ahead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from campaigns.plan_rows import jitter_of, meant, members_of, planned_row, running
from domain.calendars import births_kept_on, next_send_at
from domain.campaigns import OccasionKind
from domain.campaigns.own_days import OwnDays, own_occasion
from domain.campaigns.schedule import AHEAD, BEHIND, due_at, due_on, usual_at
from domain.instants import zone_named
from domain.people import Birthday
from domain.segments import SegmentError
from services.campaigns.book import Kept
from services.campaigns.watching import Step
from services.campaigns.why import LATE
from services.work import Work
from storage import campaign_dated as rows
from storage import campaign_planning as planning
from storage.campaign_dated import Born, Wanted
from storage.campaigns import change_campaign

RENEWABLE = ("no_consent", "snoozed", "changed", "birthday_changed", LATE)
"""Why a row was skipped before it was handed over; its person may still be greeted once the cause is gone."""
_DAY = timedelta(days=1)
_WEEK = timedelta(days=6)
"""By so much a day is moved on at most to one of the week on which the campaign may go."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom a look found who may be planned for a campaign now; nobody, where all that is left is to keep that.

    ``over_on`` is the last local date that was over everywhere then.
    """

    campaign: str
    customer_ids: tuple[int, ...]
    over_on: date


async def plan_dated(work: Work, *, limit: int) -> int:
    """Freeze rows for those whose day is today or tomorrow where they live, and for days missed.

    Writes one slice at most and returns how much it did; asked again it goes on, until nothing is left and it is 0.
    """
    step = await look_dated(work, limit=limit)
    return await step(work) if step is not None else 0


async def look_dated(work: Work, *, limit: int) -> Step | None:
    """Read whose day is to be planned, ``limit`` people at most; returns how to do that, ``None`` without anybody.

    Looking writes nothing, so nobody waits for it; what it found is looked at again by those who write, a few rows.
    """
    for kept in await _looked_for(work):
        if (found := await _look(work, kept, limit)) is not None:
            return partial(_plan, found=found)
    return None


async def _looked_for(work: Work) -> list[Kept]:
    """Return the running campaigns of this kind; that of birthdays is left out while they are switched off."""
    kind, off = OccasionKind.BIRTHDAY, not work.rules.birthday.enabled
    found = await running(work, dated=True)
    return [kept for kept in found if not (off and kept.shipped and kept.campaign.when.kind is kind)]


async def _look(work: Work, kept: Kept, limit: int) -> _Found | None:
    """Return what is to be written of a campaign: people planned, how far it came, its segment lost."""
    over_on = _over_on(work)
    try:
        members = await meant(work, kept.campaign.segment)
    except SegmentError:
        return _Found(kept.key, (), over_on)
    days, after_id = _occasion_days(work, kept), 0
    while born := await _list(work, kept, members, days, limit=limit, after_id=after_id):
        if found := await _left(work, kept, [row for one in born for row in _rows(work, kept, one, days)]):
            return _Found(kept.key, tuple(found), over_on)
        after_id = born[-1].customer_id
    return _Found(kept.key, (), over_on) if kept.swept_on is None or kept.swept_on < over_on else None


async def _left(work: Work, kept: Kept, planned: Sequence[dict[str, Any]]) -> list[int]:
    """Return whose rows would be written: those not there yet, and those left out once that may be planned now.

    A birthday that was moved is found on its new day, too, though its person was greeted this year already.
    """
    if not planned:
        return []
    there = await rows.list_frozen(work.tx, kept.key, [row["customer_id"] for row in planned], renewable=RENEWABLE)
    left = set()
    for row in planned:
        again = there.get((row["customer_id"], row["occasion"]))
        if again is None or (again and row["state"] == "planned"):
            left.add(row["customer_id"])
    return sorted(left)


async def _plan(work: Work, *, found: _Found) -> int:
    """Freeze the rows of those who were found a moment ago, as they and their campaign are now; returns how many."""
    kept = next((one for one in await _looked_for(work) if one.key == found.campaign), None)
    if kept is None:
        return 0
    try:
        members = await members_of(work, kept, kept.campaign.segment)
    except SegmentError:  # the campaign is paused by now
        return 1
    if not found.customer_ids:
        await change_campaign(work.tx, kept.id, swept_on=found.over_on.isoformat())
        return 1
    days = _occasion_days(work, kept)
    born = await _list(work, kept, members, days, limit=len(found.customer_ids), among=found.customer_ids)
    planned = [row for one in born for row in _rows(work, kept, one, days)]
    return await planning.insert_rows(work.tx, planned, renewable=RENEWABLE)


async def _list(
    work: Work,
    kept: Kept,
    members: Any,
    days: Sequence[date],
    *,
    limit: int,
    after_id: int = 0,
    among: Sequence[int] = (),
) -> list[Born]:
    """Return up to ``limit`` people who may have one of these days, by id after ``after_id``, or ``among`` some."""
    when = kept.campaign.when
    wanted = await _wanted(work, kept, days)
    if not wanted.among:
        return []
    return await rows.list_dated(
        work.tx,
        replace(wanted, among=[rows.among(among)]) if among else wanted,
        bot_id=work.bot_id,
        campaign=kept.key,
        consent=kept.campaign.consent.value,
        members=members,
        renewable=RENEWABLE,
        now=work.now,
        field=when.field if when.kind is OccasionKind.FIELD else None,
        after_id=after_id,
        limit=limit,
    )


def _occasion_days(work: Work, kept: Kept) -> list[date]:
    """Return the dates of occasions for which somebody may be due on a day that is looked for now."""
    when = kept.campaign.when
    first, last = swept_span(work, kept)
    lead = timedelta(days=when.lead_days)
    begin, end = first + lead - (_WEEK if when.weekdays else timedelta()), last + lead
    days = [begin + nth * _DAY for nth in range((end - begin).days + 1)]
    return [on for on in days if first <= due_on(on, when) and (when.until is None or on <= when.until)]


def swept_span(work: Work, kept: Kept) -> tuple[date, date]:
    """Return the first and last local due day that is looked for: from where the last sweep ended to tomorrow.

    Somewhere it is still today when elsewhere tomorrow has begun; days missed long ago are let go.
    """
    behind = (work.now - BEHIND).date()
    launched_on = ((kept.launched_at or work.now) - BEHIND).date()
    since = kept.swept_on + _DAY if kept.swept_on is not None else launched_on
    oldest = (work.now - BEHIND - work.rules.campaigns.catch_up).date()
    return max(min(since, behind), oldest, launched_on), (work.now + AHEAD).date() + _DAY


def _over_on(work: Work) -> date:
    """Return the last day that is over everywhere."""
    return (work.now - BEHIND).date() - _DAY


async def _wanted(work: Work, kept: Kept, ons: Sequence[date]) -> Wanted:
    """Return whom to look for.

    A birthday or a date may be changed from one of the days to another, so each is asked for by itself; when somebody
    joined stays, and which day that is depends on where they live.
    """
    when, policy = kept.campaign.when, work.rules.birthday.leap_day
    if not ons:
        return Wanted([], [])
    if when.kind is OccasionKind.ANNIVERSARY:
        first_at = await rows.first_joined(work.tx)
        return rows.by_joining([on.isoformat() for on in ons], _joined_on(ons, first_at or work.now))
    if when.kind is OccasionKind.BIRTHDAY:
        return rows.by_birth({on.isoformat(): births_kept_on([on], policy) for on in ons})
    alike = {on.isoformat(): _alike(on) if when.yearly else [on.isoformat()] for on in ons}
    return rows.by_field(when.field or "", alike, yearly=when.yearly)


def _alike(on: date) -> list[str]:
    """Return the day, and 29 February when it may be kept on it."""
    is_near = (on.month, on.day) in ((2, 28), (3, 1))
    return [on.isoformat(), "2000-02-29"] if is_near else [on.isoformat()]


def _joined_on(ons: Sequence[date], first_at: datetime) -> list[tuple[datetime, datetime]]:
    """Return the spans in which those joined whose anniversary may be on one of these days, wherever they live."""
    first, last = min(ons), max(ons)
    spans = []
    for years in range(1, last.year - first_at.year + 2):
        begin = datetime.combine(_years_before(first, years), time(), UTC) - AHEAD - _DAY
        end = datetime.combine(_years_before(last, years), time(), UTC) + BEHIND + 2 * _DAY
        spans.append((begin, end))
    return spans


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _rows(work: Work, kept: Kept, born: Born, ons: Sequence[date]) -> list[dict[str, Any]]:
    """Return the rows of one person, for each day of theirs for which they are due by tomorrow, where they live."""
    when, rules = kept.campaign.when, work.rules
    zone = zone_named(born.zone, rules.zone)
    tomorrow = work.now.astimezone(zone).date() + _DAY
    launched_on = (kept.launched_at or work.now).astimezone(zone).date()
    own = _own(born, born.joined_at.astimezone(zone).date())
    goes_at = next_send_at(work.now, rules.quiet, zone)
    found = []
    for on in ons:
        day = due_on(on, when)
        occasion = own_occasion(when, own, on, rules.birthday.leap_day) if launched_on <= day <= tomorrow else None
        if occasion is None:
            continue
        jitter = jitter_of(kept.campaign, occasion, born.customer_id)
        due = due_at(day, usual_at(when, rules), jitter=jitter, zone=zone, rules=rules)
        found.append(planned_row(work, kept, occasion, born.customer_id, on=on, zone=zone, due_at=due, at=goes_at))
    return found


def _own(born: Born, joined_on: date) -> OwnDays:
    birthday = None
    if born.birth_month is not None and born.birth_day is not None:
        birthday = Birthday(born.birth_month, born.birth_day, None, born.lunar, born.leap)
    return OwnDays(birthday, joined_on, born.field)
