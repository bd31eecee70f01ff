"""How campaigns, their progress and their results go in and out of the API."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from console.api.shapes import Moment, Shape
from domain.campaigns.learning import Difference, Uplift
from domain.campaigns.outcomes import Group, Results
from domain.surveys.scores import Estimate
from services.campaigns.book import Added, Kept
from services.campaigns.document import canonical_of
from services.campaigns.progress import Progress


class NewCampaign(Shape):
    """A campaign as a document."""

    document: dict[str, Any] = Field(
        description="The same names and values as in a file, see docs/campaign-format.md; dates and times as texts. "
        "Pictures are added with the file, from the command line.",
        examples=[
            {
                "key": "autumn",
                "title": {"en": "Autumn"},
                "when": {"occasion": "date", "on": "2026-12-01", "at": "10:00"},
                "text": {"en": "Good day {{ name }}!"},
            }
        ],
    )


class Start(Shape):
    """When to start, and a yes to what it costs."""

    at: Moment | None = Field(None, description="Not before this instant; null: now.")
    paid_yes: bool = Field(False, description="Yes to the cost of paid broadcast, which a refusal names first.")


class Resume(Shape):
    """A yes to what it costs now."""

    paid_yes: bool = Field(False, description="Yes to the cost of paid broadcast, which a refusal names first.")


class CampaignOut(BaseModel):
    """A campaign and where it stands."""

    key: str
    title: dict[str, str]
    state: str = Field(description="draft, scheduled, running, paused, finished or cancelled.")
    pause_reason: str | None
    version: int
    shipped: bool = Field(description="Whether it came with carebot.")
    launch_at: datetime | None
    launched_at: datetime | None
    ended_at: datetime | None
    winner: str | None = Field(description="The message that all still to come get.")
    changed_at: datetime


class CampaignsOut(BaseModel):
    """All campaigns."""

    items: list[CampaignOut]


class WholeCampaignOut(CampaignOut):
    """A campaign with its document."""

    document: dict[str, Any]


class AddedOut(WholeCampaignOut):
    """A campaign that was added."""

    is_new: bool
    is_new_version: bool = Field(description="False when it says the same as before: then nothing was added.")
    warnings: list[str]


class ProgressOut(BaseModel):
    """How far a campaign is."""

    total: int = Field(description="Everybody planned so far, whatever became of them.")
    planned: int
    held: dict[str, int] = Field(description="Those of the planned ones that wait for something, by reason.")
    queued: int
    sending: int
    sent: int
    skipped: dict[str, int]
    failed: dict[str, int]
    unknown: int = Field(description="Nobody knows whether these arrived.")
    blocked: int
    answered: int
    clicked: int
    rate_per_s: float
    planning: bool = Field(description="Whether it is still being found out whom it is for.")
    paused_until: datetime | None
    finish_at: datetime | None


class ShareOut(BaseModel):
    """A share with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class GroupOut(BaseModel):
    """People who got one message, all who were meant, or those left out on purpose."""

    key: str
    meant: int
    reached: int
    shares: dict[str, ShareOut]
    points_used: int
    spent_minor: int


class DifferenceOut(BaseModel):
    """How much larger one message's share is than another's."""

    one: str
    other: str
    value: float
    low: float
    high: float
    p: float = Field(description="Corrected for all that are compared at once.")


class UpliftOut(BaseModel):
    """How much more was done than by those left out on purpose."""

    share: float
    low: float
    high: float
    n: int
    sure: bool


class CostOut(BaseModel):
    """What it cost."""

    total_minor: int
    messages_minor: int
    gifts_minor: int
    hours_minor: int
    stars: float


class GainOut(BaseModel):
    """What it brought in."""

    buyers: float
    per_buyer_minor: int
    minor: int
    low_minor: int
    high_minor: int
    worth: str = Field(description="margin, assumed_margin or amount.")


class NoteOut(BaseModel):
    """What to beware of."""

    code: str
    detail: str


class CampaignResultsOut(BaseModel):
    """What came of a campaign."""

    key: str
    version: int
    occasion: str | None
    attribution_s: int
    first_at: datetime | None
    open_until: datetime | None
    measure: str
    all: GroupOut
    variants: list[GroupOut]
    held_out: GroupOut | None
    finding: str = Field(description="alone, too_few, no_difference or winner.")
    best: str | None
    winner: str | None
    differences: list[DifferenceOut]
    uplifts: dict[str, UpliftOut]
    currency: str
    cost: CostOut
    gain: GainOut | None
    warnings: list[NoteOut]


def campaign_fields(kept: Kept) -> dict[str, Any]:
    """Return what is told of a campaign."""
    return {
        "key": kept.key,
        "title": dict(kept.campaign.title),
        "state": kept.state.value,
        "pause_reason": kept.pause_reason.value if kept.pause_reason is not None else None,
        "version": kept.version,
        "shipped": kept.shipped,
        "launch_at": kept.launch_at,
        "launched_at": kept.launched_at,
        "ended_at": kept.ended_at,
        "winner": kept.winner,
        "changed_at": kept.changed_at,
    }


def whole_campaign_out(kept: Kept) -> WholeCampaignOut:
    """Return a campaign with its document."""
    return WholeCampaignOut(**campaign_fields(kept), document=json.loads(canonical_of(kept.campaign)))


def added_out(added: Added) -> AddedOut:
    """Return a campaign that was added."""
    return AddedOut(
        **whole_campaign_out(added.kept).model_dump(),
        is_new=added.is_new,
        is_new_version=added.is_new_version,
        warnings=list(added.warnings),
    )


def progress_out(found: Progress) -> ProgressOut:
    """Return how far a campaign is."""
    return ProgressOut(**{name: getattr(found, name) for name in ProgressOut.model_fields})


def _share_out(one: Estimate) -> ShareOut:
    return ShareOut(value=one.value, low=one.low, high=one.high, n=one.n)


def _group_out(group: Group) -> GroupOut:
    return GroupOut(
        key=group.key,
        meant=group.meant,
        reached=group.reached,
        shares={deed.value: _share_out(one) for deed, one in group.shares.items()},
        points_used=group.points_used,
        spent_minor=group.spent_minor,
    )


def _difference_out(one: Difference) -> DifferenceOut:
    return DifferenceOut(**{name: getattr(one, name) for name in DifferenceOut.model_fields})


def _uplift_out(one: Uplift) -> UpliftOut:
    return UpliftOut(**{name: getattr(one, name) for name in UpliftOut.model_fields})


def results_out(found: Results, warnings: Sequence[NoteOut]) -> CampaignResultsOut:
    """Return what came of a campaign; ``warnings`` are its, in words."""
    cost, gain = found.cost, found.gain
    return CampaignResultsOut(
        key=found.key,
        version=found.version,
        occasion=found.occasion,
        attribution_s=int(found.attribution.total_seconds()),
        first_at=found.first_at,
        open_until=found.open_until,
        measure=found.measure.value,
        all=_group_out(found.all),
        variants=[_group_out(group) for group in found.variants],
        held_out=_group_out(found.held_out) if found.held_out is not None else None,
        finding=found.comparison.finding.value,
        best=found.comparison.winner,
        winner=found.winner,
        differences=[_difference_out(one) for one in found.comparison.differences],
        uplifts={deed.value: _uplift_out(one) for deed, one in found.uplifts.items()},
        currency=found.currency,
        cost=CostOut(**{name: getattr(cost, name) for name in CostOut.model_fields}),
        gain=GainOut(**{name: getattr(gain, name) for name in GainOut.model_fields}) if gain is not None else None,
        warnings=list(warnings),
    )
