"""Collective occasions: a run is opened when its day begins anywhere in the world, its people are planned in slices."""

from datetime import date, datetime

from campaigns.plan_rows import audit, factors_of, members_of, running, weights_of
from domain.calendars import next_send_at, quiet_spans
from domain.campaigns import OccasionKind
from domain.campaigns.schedule import ONCE, Coming, coming, due_on, first_allowed, opens_at
from domain.instants import local_instant, zone_named
from domain.segments import SegmentError
from services.campaigns.book import Kept, get_campaign
from services.work import Work
from storage import campaign_planning as planning
from storage import campaign_runs as rows
from storage.campaign_planning import ZoneDue
from storage.campaign_runs import Run


async def open_runs(work: Work) -> int:
    """Open the runs of running campaigns whose day has begun somewhere, or will within the hour; returns how many."""
    due = {kept.key: (kept, due_occasions(work, kept)) for kept in await running(work, collective=True)}
    asked = [(key, occasion) for key, (_, occasions) in due.items() for occasion in occasions]
    launched = {key: kept.launched_at or work.now for key, (kept, _) in due.items()}
    known = await rows.list_known(work.tx, asked, launched=launched)
    opened = 0
    for key, occasion in asked:
        if (key, occasion) not in known:
            kept, occasions = due[key]
            opened += await _open(work, kept, occasion, occasions[occasion])
    return opened


async def _open(work: Work, kept: Kept, occasion: str, one: Coming | None) -> bool:
    launched_at = kept.launched_at or work.now
    run = await rows.open_run(
        work.tx,
        kept.key,
        occasion,
        segment=kept.campaign.segment,
        starts_at=opens_at(one) if one is not None else launched_at,
        on=one.on if one is not None else None,
        at=one.at if one is not None else None,
        launched_at=launched_at,
        now=work.now,
    )
    if run is not None:
        audit(work, kept, "campaign.run", {"occasion": occasion})
    return run is not None


def due_occasions(work: Work, kept: Kept) -> dict[str, Coming | None]:
    """Return the occasions for which there is to be a run now; ``None`` for what goes out at once."""
    when = kept.campaign.when
    if when.kind is OccasionKind.DATE and when.on is None:
        return {ONCE: None}
    found = coming(when, work.rules, launched_at=kept.launched_at or work.now, now=work.now)
    return {one.occasion: one for one in found}


async def plan_runs(work: Work, *, limit: int) -> int:
    """Plan the next slice of ``limit`` customers of the earliest run; asked again until 0 it plans all there are.

    The run keeps how far it has come with the slice: a restart goes on from there, and two who plan at the same time
    take different runs, or one of them nothing.
    """
    run = await rows.next_unplanned(work.tx, now=work.now)
    kept = await get_campaign(work, run.campaign) if run is not None else None
    if run is None or kept is None:
        return 0
    until_id = await planning.end_of_slice(work.tx, after_id=run.after_id, until_id=run.cutoff_id, size=limit)
    if until_id is None:
        await rows.change_run(work.tx, run.id, planned_at=work.now)
        return 1
    try:
        members = await members_of(work, kept, run.segment)
    except SegmentError:  # the campaign is paused by now
        return 1
    part = await _slice(work, run, kept, until_id)
    await planning.insert_slice(work.tx, part, bot_id=work.bot_id, members=members, now=work.now)
    await rows.change_run(work.tx, run.id, after_id=until_id)
    return 1


async def _slice(work: Work, run: Run, kept: Kept, until_id: int) -> planning.Slice:
    campaign = kept.campaign
    on_record = await planning.list_zones(work.tx, after_id=run.after_id, until_id=until_id)
    return planning.Slice(
        campaign=run.campaign,
        occasion=run.occasion,
        on=_day_of(work, run),
        consent=campaign.consent.value,
        after_id=run.after_id,
        until_id=until_id,
        zones=tuple(_zone_due(work, run, kept, name) for name in ("", *sorted(filter(None, on_record)))),
        late_after=campaign.when.late_after,
        jitter_s=int(campaign.when.jitter.total_seconds()),
        jitter=factors_of(campaign, run.occasion, "jitter"),
        holdout_permille=campaign.learning.holdout_permille,
        holdout=factors_of(campaign, run.occasion, "holdout"),
        variant=factors_of(campaign, run.occasion, "variant"),
        weights=tuple(weights_of(kept).items()),
    )


def _day_of(work: Work, run: Run) -> date:
    return run.on or run.starts_at.astimezone(work.rules.zone).date()


def _zone_due(work: Work, run: Run, kept: Kept, name: str) -> ZoneDue:
    """Return when people with this zone on record are due: at one instant, or spread from it on."""
    when, quiet = kept.campaign.when, work.rules.quiet
    zone = zone_named(name, work.rules.zone)
    if run.on is not None and run.at is not None:
        base = local_instant(datetime.combine(due_on(run.on, when), run.at), zone)
    else:
        base = first_allowed(run.starts_at, when, zone)
    if not when.jitter:
        return ZoneDue(name, zone.key, next_send_at(base, quiet, zone))
    return ZoneDue(name, zone.key, base, tuple(quiet_spans(base, base + when.jitter, quiet, zone)))
