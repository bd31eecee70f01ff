"""Letting a campaign go: started, paused, resumed, cancelled; and what nobody knows the arrival of."""

from datetime import datetime
from typing import Any

from domain.campaigns import ApprovalNeeded, CampaignState, PauseReason
from domain.campaigns.schedule import is_missed
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Permission
from domain.segments import SegmentError
from services import segments
from services.campaigns import approval
from services.campaigns.book import Kept, faults_here, get_campaign
from services.campaigns.notices import tell_marketers
from services.campaigns.watching import on_ended
from services.permits import may
from services.work import Work
from storage import campaign_feed as feed_rows
from storage import campaigns as rows
from storage.audit import add_audit
from storage.campaign_feed import Unknown

_NOT_ALLOWED = Refusal("campaign_control.refused.not_allowed")
_SLICE = 5_000
"""So many people are given up in one transaction: no longer than that anybody waits for the writer."""
CANCELLED = "cancelled"


async def launch(
    work: Work, key: str, *, at: datetime | None = None, by: Actor, paid_yes: bool = False
) -> Kept | Refusal:
    """Let a draft run, now or from ``at`` on. What lacks a second look, or a yes to its cost, is refused with that."""
    kept = await _held(work, key, by=by)
    if isinstance(kept, Refusal):
        return kept
    if kept.state not in (CampaignState.DRAFT, CampaignState.SCHEDULED):
        return Refusal(f"campaign_control.refused.{_WHY_NO_START[kept.state]}", {"campaign": key})
    starts_at = max(at, work.now) if at is not None else work.now
    if (lacking := await _lacks(work, kept, by=by, paid_yes=paid_yes, starts_at=starts_at)) is not None:
        return lacking
    if at is not None and at > work.now:
        values = {"state": CampaignState.SCHEDULED.value, "launch_at": at, "launched_at": None}
        return await _change(work, kept, by=by, action="campaign.schedule", told={"at": at.isoformat()}, **values)
    return await _start(work, kept, by=by)


_WHY_NO_START = {
    CampaignState.RUNNING: "running",
    CampaignState.PAUSED: "paused",
    CampaignState.FINISHED: "over",
    CampaignState.CANCELLED: "over",
}


async def start_due(work: Work) -> int:
    """Let the scheduled campaigns run whose time has come; returns how many it dealt with.

    One that was changed since and lacks something is a draft again, and marketers hear of it.
    """
    due = await rows.list_campaigns(work.tx, state=CampaignState.SCHEDULED.value)
    if not any(row.launch_at is not None and row.launch_at <= work.now for row in due):
        return 0
    await rows.hold_campaigns(work.tx)
    started = 0
    for row in due:
        kept = await get_campaign(work, row.key)
        if kept is None or kept.state is not CampaignState.SCHEDULED or not _has_come(work, kept):
            continue
        lacking = await _lacks(work, kept, by=SYSTEM, paid_yes=False, starts_at=work.now)
        if lacking is None:
            await _start(work, kept, by=SYSTEM)
        else:
            values = {"state": CampaignState.DRAFT.value, "launch_at": None}
            await _change(work, kept, by=SYSTEM, action="campaign.not_started", told={"why": lacking.key}, **values)
            await tell_marketers(work, kept, "campaign_control.notice.not_started")
        started += 1
    return started


def _has_come(work: Work, kept: Kept) -> bool:
    return kept.launch_at is not None and kept.launch_at <= work.now


async def _start(work: Work, kept: Kept, *, by: Actor) -> Kept:
    while await feed_rows.skip_planned(work.tx, kept.key, reason=CANCELLED, now=work.now, limit=_SLICE):
        pass  # what was left of an earlier start that was cancelled just now
    values = {"state": CampaignState.RUNNING.value, "launched_at": work.now, "launch_at": None}
    return await _change(work, kept, by=by, action="campaign.start", told={"version": kept.version}, **values)


async def _lacks(work: Work, kept: Kept, *, by: Actor, paid_yes: bool, starts_at: datetime) -> Refusal | None:
    """Return what a campaign still needs to go out: a fault mended, a day to come, a second look, a yes to its cost."""
    if faults := await faults_here(work, kept.campaign):
        return Refusal("campaign_message.refused.faults", {"campaign": kept.key, "fault": faults[0]})
    if is_missed(when := kept.campaign.when, work.rules, launched_at=starts_at):
        return Refusal("campaign_control.refused.day_over", {"campaign": kept.key, "day": str(when.on)})
    try:
        people = await count_people(work, kept) if _depends_on_people(work, kept) else 0
    except SegmentError:
        return Refusal("campaign_control.refused.segment", {"campaign": kept.key})
    if kept.campaign.paid:
        if not work.rules.campaigns.paid_broadcast:
            return Refusal("campaign_control.refused.paid_off", {"campaign": kept.key})
        if not paid_yes and kept.paid_yes_at is None:
            cost = {"campaign": kept.key, "people": people, "stars": stars_for(work, people)}
            return Refusal("campaign_control.refused.paid", cost)
    if (lacking := await approval.lacks(work, kept, people=people, by=by)) is not None:
        return lacking
    if kept.campaign.paid and paid_yes:
        await rows.change_campaign(work.tx, kept.id, paid_yes_at=work.now)
        _audit(work, kept, by, "campaign.paid_yes", {"people": people, "stars": stars_for(work, people)})
    return None


def _depends_on_people(work: Work, kept: Kept) -> bool:
    """Return whether it matters how many there are; counting a million takes a second."""
    return kept.campaign.paid or work.rules.campaigns.approval is not ApprovalNeeded.NEVER


async def count_people(work: Work, kept: Kept) -> int:
    """Return how many people a campaign is for now. Raises :class:`SegmentError` for a segment that means nothing."""
    expression = kept.campaign.segment
    members = await segments.members(work, segments.parse(work, expression)) if expression else None
    return await feed_rows.count_audience(work.tx, members, bot_id=work.bot_id)


def stars_for(work: Work, people: int) -> str:
    """Return what so many messages cost at most by paid broadcast, in Stars."""
    tenths = people * work.rules.campaigns.paid_star_tenths
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


async def pause(work: Work, key: str, *, by: Actor, reason: PauseReason = PauseReason.HAND) -> Kept | Refusal:
    """Let nothing more of a campaign go out: what waits in the outbox is taken back, what is being sent ends."""
    kept = await _held(work, key, by=by)
    if isinstance(kept, Refusal):
        return kept
    if kept.state is not CampaignState.RUNNING:
        return Refusal("campaign_control.refused.not_running", {"campaign": key})
    values = {"state": CampaignState.PAUSED.value, "paused_at": work.now, "pause_reason": reason.value}
    paused = await _change(work, kept, by=by, action="campaign.pause", told={"reason": reason.value}, **values)
    await feed_rows.take_back(work.tx, bot_id=work.bot_id, campaign=key, now=work.now)
    return paused


async def resume(work: Work, key: str, *, by: Actor, paid_yes: bool = False) -> Kept | Refusal:
    """Let a paused campaign go on; who is late by now is left out. A version made meanwhile needs what any does."""
    kept = await _held(work, key, by=by)
    if isinstance(kept, Refusal):
        return kept
    if kept.state is not CampaignState.PAUSED:
        return Refusal("campaign_control.refused.not_paused", {"campaign": key})
    if (
        lacking := await _lacks(work, kept, by=by, paid_yes=paid_yes, starts_at=kept.launched_at or work.now)
    ) is not None:
        return lacking
    values = {"state": CampaignState.RUNNING.value, "paused_at": None, "pause_reason": None}
    return await _change(work, kept, by=by, action="campaign.resume", told={"version": kept.version}, **values)


async def cancel(work: Work, key: str, *, by: Actor) -> Kept | Refusal:
    """End a campaign for good: who was not told yet is not told; what is being sent ends."""
    kept = await _held(work, key, by=by)
    if isinstance(kept, Refusal):
        return kept
    if kept.state not in (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED):
        return Refusal("campaign_control.refused.not_begun", {"campaign": key})
    values: dict[str, Any] = {"state": CampaignState.CANCELLED.value, "ended_at": work.now, "launch_at": None}
    cancelled = await _change(work, kept, by=by, action="campaign.cancel", told={}, **values)
    await feed_rows.take_back(work.tx, bot_id=work.bot_id, campaign=key, now=work.now)
    await feed_rows.stop_runs(work.tx, key, now=work.now)
    await feed_rows.skip_planned(work.tx, key, reason=CANCELLED, now=work.now, limit=_SLICE)
    await on_ended(work, cancelled)
    return cancelled


async def give_up_cancelled(work: Work) -> int:
    """Give up a slice of the people still planned for in cancelled campaigns; returns how many."""
    for row in await rows.list_campaigns(work.tx, state=CampaignState.CANCELLED.value):
        done = await feed_rows.skip_planned(work.tx, row.key, reason=CANCELLED, now=work.now, limit=_SLICE)
        if done:
            return done
    return 0


async def unknown_of(work: Work, key: str, limit: int) -> list[Unknown]:
    """Return the oldest messages of a campaign of which nobody knows whether they arrived.

    The two answers are :func:`services.delivery.retry_unknown` and :func:`services.delivery.assume_delivered`, for the
    id of the row.
    """
    return await feed_rows.list_unknown(work.tx, key, limit=limit)


async def _held(work: Work, key: str, *, by: Actor) -> Kept | Refusal:
    """Return the campaign, which nobody else changes before the end of the transaction."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    await rows.hold_campaigns(work.tx)
    kept = await get_campaign(work, key)
    return kept if kept is not None else Refusal("campaign_control.refused.unknown", {"campaign": key})


async def _change(work: Work, kept: Kept, *, by: Actor, action: str, told: dict[str, object], **values: Any) -> Kept:
    await rows.change_campaign(work.tx, kept.id, changed_at=work.now, **values)
    _audit(work, kept, by, action, told)
    changed = await get_campaign(work, kept.key)
    assert changed is not None
    return changed


def _audit(work: Work, kept: Kept, by: Actor, action: str, told: dict[str, object]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("campaign", kept.id),
        before={"state": kept.state.value},
        after={"key": kept.key, **told},
    )
