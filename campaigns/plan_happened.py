"""What happened to somebody: joining, purchases, solved cases, events, silence, tiers, what is about to expire."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from campaigns.plan_rows import jitter_of, meant, members_of, planned_row, running
from domain.campaigns import CampaignState, OccasionKind, When
from domain.campaigns.schedule import BEHIND, due_after
from domain.instants import local_instant, zone_named
from domain.segments import SegmentError
from services.campaigns.book import Kept, get_campaign
from services.campaigns.guests import party
from services.campaigns.watching import Step
from services.work import Work
from storage import campaign_happened as rows
from storage.campaign_feed import hold_running
from storage.campaign_happened import Asked, Happened
from storage.campaign_planning import insert_rows, list_in_touch
from storage.care import get_cursor, set_cursor
from storage.database import Tx

_DAY = timedelta(days=1)
_LOOKED_AT = "campaign.happened"
"""The cursor that names the campaign looked at last."""


async def plan_happened(work: Work, *, limit: int) -> int:
    """Freeze rows for those to whom something happened that a running campaign waits for.

    One slice of one campaign a time, so that nobody waits long for the writer; returns how much it did. Asked again it
    goes on with the next campaign, until all were looked at and it is 0.
    """
    last_id = await get_cursor(work.tx, _LOOKED_AT)
    kept = min((one for one in await running(work) if one.id > last_id), key=lambda one: one.id, default=None)
    if kept is None:
        if last_id:
            await set_cursor(work.tx, _LOOKED_AT, 0)
        return 0
    done = await _plan(work, kept, limit)
    if not done:
        await set_cursor(work.tx, _LOOKED_AT, kept.id)
    return done or 1


async def _plan(work: Work, kept: Kept, limit: int) -> int:
    try:
        members = await members_of(work, kept, kept.campaign.segment)
    except SegmentError:  # the campaign is paused by now
        return 0
    return await insert_rows(work.tx, await _rows(work, kept, members, limit))


async def look_happened(work: Work, *, limit: int) -> Step | None:
    """Read to whom something happened that a running campaign waits for; returns how to freeze their rows.

    About ``limit`` of them at once; ``None`` when there is nobody. Looking writes nothing, so nobody waits for it.
    """
    waiting: list[dict[str, Any]] = []
    broken: list[str] = []
    versions: dict[str, int] = {}
    for kept in sorted(await running(work), key=lambda one: one.id):
        try:
            members = await meant(work, kept.campaign.segment)
        except SegmentError:
            broken.append(kept.key)
            continue
        versions[kept.key] = kept.version
        waiting += await _rows(work, kept, members, limit - len(waiting))
        if len(waiting) >= limit:
            break
    if not waiting and not broken:
        return None

    async def freeze(writing: Work) -> int:
        return await _pause(writing, broken) + await _freeze(writing, waiting, versions)

    return freeze


async def _pause(work: Work, keys: Sequence[str]) -> int:
    """Pause what still runs and whose segment means nothing any more; returns how many campaigns."""
    paused = 0
    for key in keys:
        kept = await get_campaign(work, key)
        if kept is None or kept.state is not CampaignState.RUNNING:
            continue
        try:
            await members_of(work, kept, kept.campaign.segment)
        except SegmentError:
            paused += 1
    return paused


async def _freeze(work: Work, waiting: Sequence[dict[str, Any]], versions: Mapping[str, int]) -> int:
    """Freeze what was read a moment ago of campaigns that run as they did then, for people who are still there."""
    held = await hold_running(work.tx, sorted({row["campaign"] for row in waiting}))
    same = {one.key for one in await running(work) if one.key in held and one.version == versions.get(one.key)}
    there = await list_in_touch(work.tx, sorted({row["customer_id"] for row in waiting}), bot_id=work.bot_id)
    rows_left = [row for row in waiting if row["campaign"] in same and row["customer_id"] in there]
    return await insert_rows(work.tx, rows_left)


async def _rows(work: Work, kept: Kept, members: Any, limit: int) -> list[dict[str, Any]]:
    found = await _look(work, kept, _asked(work, kept, members, limit))
    return [row for one in found if (row := _row(work, kept, one)) is not None]


def _asked(work: Work, kept: Kept, members: Any, limit: int) -> Asked:
    """Return what is looked for: what is ready to be told by now, since the launch, and not all too long ago."""
    when = kept.campaign.when
    delay = delay_of(when)
    oldest = work.now - work.rules.campaigns.catch_up - when.late_after
    since, until = max(kept.launched_at or work.now, oldest) - delay, work.now - delay
    if when.until is not None:  # from then on it is the day after everywhere
        until = min(until, datetime.combine(when.until + _DAY, time(), UTC) + BEHIND)
    return Asked(
        campaign=kept.key,
        bot_id=work.bot_id,
        members=members,
        since=since,
        until=until,
        days=_business_days(work, since, until),
        now=work.now,
        limit=limit,
    )


def _business_days(work: Work, since: datetime, until: datetime) -> list[tuple[str, datetime]]:
    zone = work.rules.zone
    first, last = since.astimezone(zone).date(), max(since, until).astimezone(zone).date()
    days = [first + nth * _DAY for nth in range((last - first).days + 1)]
    return [(day.isoformat(), local_instant(datetime.combine(day + _DAY, time()), zone)) for day in days]


def delay_of(when: When) -> timedelta:
    """Return how long after what happened people are told of it; negative for what is told before it happens."""
    if when.kind is OccasionKind.SILENCE:
        return timedelta(days=when.silence_days or 0)
    if when.kind in (OccasionKind.POINTS_EXPIRING, OccasionKind.VOUCHER_EXPIRING, OccasionKind.RSVP):
        return timedelta(days=-when.lead_days)
    return when.after


async def _look(work: Work, kept: Kept, asked: Asked) -> list[Happened]:
    when = kept.campaign.when
    if when.kind is OccasionKind.EVENT:
        return await rows.list_events(work.tx, asked, when.event or "")
    if when.kind in (OccasionKind.TIER_UP, OccasionKind.TIER_DOWN):
        changes = _tier_changes(work, up=when.kind is OccasionKind.TIER_UP)
        return await rows.list_tier_changes(work.tx, asked, changes) if changes else []
    if when.kind is OccasionKind.RSVP:
        return await _coming(work, when, asked)
    return await _LOOKS[when.kind](work.tx, asked)


_LOOKS: dict[OccasionKind, Callable[[Tx, Asked], Awaitable[list[Happened]]]] = {
    OccasionKind.JOINED: rows.list_joined,
    OccasionKind.PURCHASE: rows.list_bought,
    OccasionKind.CASE: rows.list_resolved,
    OccasionKind.SILENCE: rows.list_silent,
    OccasionKind.POINTS_EXPIRING: rows.list_expiring_points,
    OccasionKind.VOUCHER_EXPIRING: rows.list_expiring_vouchers,
}


def _tier_changes(work: Work, *, up: bool) -> list[tuple[str, str]]:
    keys = [tier.key for tier in work.rules.loyalty.tiering.tiers]
    lower = [(keys[low], keys[high]) for high in range(len(keys)) for low in range(high)]
    return lower if up else [(high, low) for low, high in lower]


async def _coming(work: Work, when: When, asked: Asked) -> list[Happened]:
    """Return who comes to what the campaign named as its invitation invites to; whoever waits for a place does not."""
    found = await party(work, when.invitation or "")
    if found is None:
        return []
    at = local_instant(found.invitation.at, work.rules.zone)
    if not asked.since <= at <= asked.until:
        return []
    coming: list[Happened] = []
    ids = [guest.customer_id for guest in found.coming]
    for first in range(0, len(ids), asked.limit):
        if len(coming) < asked.limit:
            coming += await rows.list_coming(work.tx, asked, ids[first : first + asked.limit], at)
    return [replace(one, params=one.params | {"place": dict(found.invitation.place)}) for one in coming]


def _row(work: Work, kept: Kept, one: Happened) -> dict[str, Any] | None:
    when = kept.campaign.when
    zone = zone_named(one.zone, work.rules.zone)
    on = one.base_at.astimezone(zone).date()
    if when.until is not None and on > when.until:
        return None
    jitter = jitter_of(kept.campaign, one.occasion, one.customer_id)
    due = due_after(one.base_at + delay_of(when), when, jitter=jitter, zone=zone, rules=work.rules)
    params = one.params | _said(when, one)
    return planned_row(work, kept, one.occasion, one.customer_id, on=on, zone=zone, due_at=due, params=params or None)


def _said(when: When, one: Happened) -> dict[str, str]:
    """Return the instant that the words may name, of what has no row of its own."""
    if when.kind is OccasionKind.POINTS_EXPIRING:
        return {"expires_at": one.base_at.isoformat()}
    if when.kind is OccasionKind.SILENCE:
        return {"last_at": one.base_at.isoformat()}
    if when.kind is OccasionKind.RSVP:
        return {"at": one.base_at.isoformat(), "invitation": when.invitation or ""}
    return {}
