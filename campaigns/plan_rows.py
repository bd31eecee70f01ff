"""The row that is frozen for one person: drawn, timed, and kept back at once where it must be."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.campaigns import Campaign, CampaignState, PauseReason
from domain.campaigns.draws import choose, coefficients, draw, salt_of
from domain.campaigns.schedule import late_after_at
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.segments import SegmentError
from services import segments
from services.campaigns import control
from services.campaigns.book import Kept, list_campaigns
from services.campaigns.notices import tell_marketers
from services.campaigns.why import HOLDOUT, LATE
from services.work import Work
from storage.audit import add_audit


def factors_of(campaign: Campaign, occasion: str, what: str) -> tuple[int, int, int, int]:
    """Return what is drawn with: ``what`` is holdout, variant or jitter."""
    return coefficients(campaign.seed, salt_of(campaign.key, occasion, what))


def weights_of(kept: Kept) -> dict[str, int]:
    """Return the variants that are tried, with their weights; once there is a winner it is the only one."""
    weights = {variant.key: variant.weight for variant in kept.campaign.variants}
    return {kept.winner: 1} if kept.winner in weights else weights


def jitter_of(campaign: Campaign, occasion: str, customer_id: int) -> timedelta:
    """Return by how much somebody is due later than others."""
    seconds = int(campaign.when.jitter.total_seconds())
    return timedelta(seconds=draw(seconds + 1, factors_of(campaign, occasion, "jitter"), customer_id))


def planned_row(
    work: Work,
    kept: Kept,
    occasion: str,
    customer_id: int,
    *,
    on: date,
    zone: ZoneInfo,
    due_at: datetime,
    params: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Return the frozen row of one person: planned, held out on purpose, or already too late ``at`` (now)."""
    campaign = kept.campaign
    late_at = late_after_at(due_at, campaign.when)
    held_out = draw(1000, factors_of(campaign, occasion, "holdout"), customer_id) < campaign.learning.holdout_permille
    why = HOLDOUT if held_out else LATE if (at or work.now) > late_at else None
    weights = weights_of(kept)
    drawn = draw(sum(weights.values()), factors_of(campaign, occasion, "variant"), customer_id)
    return {
        "campaign": kept.key,
        "occasion": occasion,
        "customer_id": customer_id,
        "consent": campaign.consent.value,
        "state": "skipped" if why else "planned",
        "reason": why,
        "settled_at": work.now if why else None,
        "occasion_on": on.isoformat(),
        "zone": zone.key,
        "due_at": due_at,
        "late_after_at": late_at,
        "planned_at": work.now,
        "variant": list(weights)[choose(list(weights.values()), drawn)],
        "params": params,
    }


async def running(work: Work, *, collective: bool = False, dated: bool = False) -> list[Kept]:
    """Return the running campaigns of one sort; those of neither wait for what happens."""
    kinds = ((kept, kept.campaign.when.kind) for kept in await list_campaigns(work, state=CampaignState.RUNNING))
    return [kept for kept, kind in kinds if (kind.collective, kind.dated) == (collective, dated)]


async def meant(work: Work, expression: str | None) -> Any:
    """Return the query of who is meant, ``None`` for everybody. Raises :class:`SegmentError`."""
    return await segments.members(work, segments.parse(work, expression)) if expression else None


async def members_of(work: Work, kept: Kept, expression: str | None) -> Any:
    """Return the query of who is meant, ``None`` for everybody.

    An expression that means nothing any more, since a segment or a field it names is gone, pauses the campaign, and
    those who run campaigns hear of it; then :class:`SegmentError` is raised.
    """
    try:
        return await meant(work, expression)
    except SegmentError:
        paused = await control.pause(work, kept.key, by=SYSTEM, reason=PauseReason.SEGMENT)
        if not isinstance(paused, Refusal):
            await tell_marketers(work, paused, "campaign_control.notice.segment")
        raise


def audit(work: Work, kept: Kept, action: str, after: dict[str, object]) -> None:
    """Put on record what planning did with a campaign."""
    told = {"campaign": kept.key, **after}
    add_audit(work.tx, at=work.now, actor=SYSTEM, action=action, subject=("campaign", kept.id), after=told)
