"""What plans campaigns by the clock: runs opened and planned, days of people's own, what happened, what is over."""

from dataclasses import replace
from datetime import timedelta

from campaigns.plan_dated import look_dated, plan_dated
from campaigns.plan_happened import delay_of, look_happened, plan_happened
from campaigns.plan_rows import audit
from campaigns.plan_runs import due_occasions, open_runs, plan_runs
from domain.campaigns import CampaignState, OccasionKind
from domain.campaigns.schedule import BEHIND, due_on
from domain.surveys.periods import begins_at
from services.campaigns.book import Kept, get_campaign, list_campaigns
from services.campaigns.watching import Figures, Step, ended_figures, on_ended
from services.work import Work
from storage import campaign_planning as planning
from storage import campaign_runs as run_rows
from storage.campaigns import change_campaign, hold_campaigns

__all__ = (
    "finish",
    "look_dated",
    "look_finished",
    "look_happened",
    "open_runs",
    "plan_dated",
    "plan_happened",
    "plan_runs",
)

_SPREAD = timedelta(days=2)
"""For so long after the business's day has begun somewhere it goes on anywhere, and a little longer."""


async def finish(work: Work) -> int:
    """End running campaigns that have nothing left to do; returns how many."""
    step = await look_finished(work)
    return await step(work) if step is not None else 0


async def look_finished(work: Work) -> Step | None:
    """Read which running campaigns have nothing left to do, and count them; returns how to end them."""
    running = await list_campaigns(work, state=CampaignState.RUNNING)
    over = [kept.key for kept in running if await _is_over(work, kept)]
    if not over:
        return None
    counted = {key: await ended_figures(work, key) for key in over}

    async def end(writing: Work) -> int:
        await hold_campaigns(writing.tx)  # nobody pauses or starts one meanwhile
        return sum([await _finish(writing, key, figures) for key, figures in counted.items()])

    return end


async def _finish(work: Work, key: str, figures: Figures | None) -> bool:
    kept = await get_campaign(work, key)
    if kept is None or kept.state is not CampaignState.RUNNING or not await _is_over(work, kept):
        return False
    finished = {"state": CampaignState.FINISHED.value, "ended_at": work.now, "changed_at": work.now}
    await change_campaign(work.tx, kept.id, **finished)
    audit(work, kept, "campaign.finish", {"state": CampaignState.FINISHED.value})
    await on_ended(work, replace(kept, state=CampaignState.FINISHED), figures)
    return True


async def _is_over(work: Work, kept: Kept) -> bool:
    """Return whether nobody is to be planned any more, and no row of a campaign is open."""
    if not await _is_planned(work, kept) or await run_rows.has_unplanned(work.tx, kept.key):
        return False
    return not await planning.has_open(work.tx, kept.key)


async def _is_planned(work: Work, kept: Kept) -> bool:
    """Return whether no further occasion of a campaign will come, and all that came have been looked for."""
    when = kept.campaign.when
    last = when.on if when.kind is OccasionKind.DATE and when.on is not None else when.until
    if when.kind.collective:
        known = await run_rows.list_occasions(work.tx, kept.key, launched_at=kept.launched_at or work.now)
        came = when.kind is OccasionKind.DATE and (when.on is None or when.on.isoformat() in known)
        passed = last is not None and work.now > begins_at(due_on(last, when)) + _SPREAD
        return (came or passed) and due_occasions(work, kept).keys() <= known
    if last is None:
        return False
    if when.kind.dated:
        return kept.swept_on is not None and kept.swept_on >= due_on(last, when)
    return work.now > begins_at(last) + BEHIND + _SPREAD + max(delay_of(when), timedelta())
