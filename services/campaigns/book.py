"""The book of campaigns: kept in versions that never change, drafts until they are started; shipped ones are seeded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.campaigns import ButtonKind, Campaign, CampaignState, OccasionKind, PauseReason
from domain.errors import SettingsError
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Permission
from services.campaigns.document import Document, bad_campaign, parse_canonical, read_toml
from services.campaigns.faults import faults_of, warnings_of
from services.permits import may
from services.surveys.book import get_survey, why_no_segment
from services.work import Work
from storage import campaigns as rows
from storage.audit import add_audit
from storage.campaigns import CampaignRow
from storage.rewards import get_reward_by_key
from texts.campaigns import shipped_campaign_files

_NOT_ALLOWED = Refusal("campaign_message.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a campaign that is kept, and where the campaign stands; see ``storage.tables.campaigns``."""

    id: int
    key: str
    state: CampaignState
    version: int
    campaign: Campaign
    shipped: bool
    launch_at: datetime | None
    launched_at: datetime | None
    paused_at: datetime | None
    pause_reason: PauseReason | None
    ended_at: datetime | None
    swept_on: date | None
    asked_by: int | None
    asked_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None
    approved_version: int | None
    paid_yes_at: datetime | None
    winner: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a document; ``warnings`` are lines about what is allowed but seldom meant."""

    kept: Kept
    is_new: bool
    is_new_version: bool
    warnings: tuple[str, ...] = ()


def _kept(row: CampaignRow) -> Kept:
    taken: dict[str, Any] = {
        name: getattr(row, name)
        for name in Kept.__slots__
        if name not in ("state", "campaign", "pause_reason", "swept_on")
    }
    return Kept(
        **taken,
        state=CampaignState(row.state),
        campaign=parse_canonical(row.document),
        pause_reason=PauseReason(row.pause_reason) if row.pause_reason else None,
        swept_on=date.fromisoformat(row.swept_on) if row.swept_on else None,
    )


async def get_campaign(work: Work, key: str, *, version: int | None = None) -> Kept | None:
    """Return a campaign as it is sent now, or in an older version."""
    row = await rows.get_campaign(work.tx, key, version=version)
    return _kept(row) if row else None


async def list_campaigns(work: Work, *, state: CampaignState | None = None) -> list[Kept]:
    """Return all campaigns as they are sent now, or those in one state, by key."""
    return [_kept(row) for row in await rows.list_campaigns(work.tx, state=state.value if state else None)]


async def list_versions(work: Work, key: str) -> list[Kept]:
    """Return all versions of a campaign, oldest first."""
    return [_kept(row) for row in await rows.list_versions(work.tx, key)]


async def add_campaign(
    work: Work, document: Document, *, by: Actor, shipped: bool = False, forgiven: Collection[str] = ()
) -> Added | Refusal:
    """Keep a document: as a new campaign, a draft, or as the next version of its campaign.

    The same content again changes nothing. One that runs must be paused first; one that is over becomes a draft again.
    Raises :class:`BadCampaign` for faults of :func:`faults_here`, but for those ``forgiven``: they keep it from going.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    campaign = document.campaign()
    faults = [] if shipped else [one for one in await faults_here(work, campaign) if one not in forgiven]
    if faults:
        raise bad_campaign(document.name or f"campaign {campaign.key}", faults)
    await rows.hold_campaigns(work.tx)
    before = await get_campaign(work, campaign.key)
    if before is None:
        campaign_id = await rows.insert_campaign(
            work.tx,
            key=campaign.key,
            document=document.canonical(),
            state=CampaignState.DRAFT.value,
            shipped=shipped,
            by=by,
            now=work.now,
        )
        _audit(work, by, "campaign.add", campaign_id, None, {"key": campaign.key, "version": 1})
        return Added(await _current(work, campaign.key), True, True, warnings_of(campaign))
    if campaign == before.campaign:
        return Added(before, False, False, warnings_of(campaign))
    if before.state is CampaignState.RUNNING:
        return Refusal("campaign_message.refused.running", {"campaign": before.key})
    await _next_version(work, document, before, shipped=shipped, by=by)
    return Added(await _current(work, campaign.key), False, True, warnings_of(campaign))


def wrong_state(kept: Kept) -> Refusal:
    """Return why something is not done with a campaign: where it stands, and what that leaves."""
    return Refusal(f"campaign_staff.refused.state.{kept.state.value}", {"campaign": kept.key})


async def faults_here(work: Work, campaign: Campaign) -> list[str]:
    """Return what keeps a campaign from being sent by this business, a line ``key: what; mend`` each."""
    faults = faults_of(campaign, work.rules, languages=work.rules.languages)
    if campaign.segment is not None and (problem := await why_no_segment(work, campaign.segment)) is not None:
        faults.append(f"segment: {problem}")
    for nth, button in enumerate(campaign.buttons, 1):
        if button.kind is ButtonKind.SURVEY and button.ref and await get_survey(work, button.ref) is None:
            faults.append(f"buttons #{nth}.ref: there is no survey {button.ref[:40]}; `carebot survey list` shows them")
        if button.kind is ButtonKind.REDEEM and button.ref and await get_reward_by_key(work.tx, button.ref) is None:
            faults.append(f"buttons #{nth}.ref: there is no reward {button.ref[:40]}; `carebot rewards` shows them")
    reward = campaign.gift.reward if campaign.gift else None
    if reward is not None and await get_reward_by_key(work.tx, reward) is None:
        faults.append(f"gift.reward: there is no reward {reward[:40]}; `carebot rewards` shows them")
    if campaign.when.kind is OccasionKind.RSVP and campaign.when.invitation:
        inviting = await get_campaign(work, campaign.when.invitation)
        if inviting is None or inviting.campaign.invitation is None:
            faults.append(f"when.invitation: no campaign {campaign.when.invitation[:40]} invites to anything")
    return faults


async def _next_version(work: Work, document: Document, before: Kept, *, shipped: bool, by: Actor) -> None:
    version = before.version + 1
    more: dict[str, Any] = {"shipped": shipped}
    if document.campaign().variants != before.campaign.variants:
        more |= {"winner": None, "winner_at": None}  # other words are compared anew
    is_over = before.state in (CampaignState.FINISHED, CampaignState.CANCELLED)
    if is_over or _costs_otherwise(before.campaign, document.campaign()):
        more["paid_yes_at"] = None  # the yes was to another cost
    if is_over:
        more |= {"state": CampaignState.DRAFT.value, "launched_at": None, "launch_at": None, "ended_at": None}
    await rows.add_version(work.tx, before.id, version, document=document.canonical(), by=by, now=work.now, **more)
    after = {"key": before.key, "version": version}
    _audit(work, by, "campaign.version", before.id, {"version": before.version}, after)


def _costs_otherwise(before: Campaign, after: Campaign) -> bool:
    return (before.paid, before.segment, before.when) != (after.paid, after.segment, after.when)


async def _current(work: Work, key: str) -> Kept:
    kept = await get_campaign(work, key)
    assert kept is not None
    return kept


def _audit(
    work: Work, by: Actor, action: str, campaign_id: int, before: dict[str, object] | None, after: dict[str, object]
) -> None:
    add_audit(
        work.tx, at=work.now, actor=by, action=action, subject=("campaign", campaign_id), before=before, after=after
    )


async def seed_shipped(work: Work) -> int:
    """Keep the shipped campaigns the database does not know in this version; returns how many.

    Those of the rules run from the start, the others are drafts. What somebody changed by hand is theirs, and stays.
    """
    await rows.hold_campaigns(work.tx)
    documents = [_as_settings_say(work, read_toml(text, name=name)) for name, text in shipped_campaign_files()]
    keys = [document.key for document in documents]
    for key in work.rules.campaigns.shipped:
        if key not in keys:
            raise SettingsError(
                f"campaigns.shipped: no campaign {key} comes with carebot; there are: {', '.join(keys)}"
            )
    return sum([await _seed_one(work, document, keys) for document in documents])


def _as_settings_say(work: Work, document: Document) -> Document:
    """Return the shipped birthday as late as the settings let it be; afterwards the campaign says so itself."""
    if document.when.occasion is not OccasionKind.BIRTHDAY:
        return document
    when = document.when.model_copy(update={"late_after": work.rules.birthday.late_after})
    return document.model_copy(update={"when": when})


async def _seed_one(work: Work, document: Document, keys: Sequence[str]) -> bool:
    before = await get_campaign(work, document.key)
    if before is not None and (not before.shipped or before.state is not CampaignState.DRAFT):
        return False
    added = await add_campaign(work, document, by=SYSTEM, shipped=True)
    if isinstance(added, Refusal):
        return False
    birthday = document.when.occasion is OccasionKind.BIRTHDAY
    runs = document.key in work.rules.campaigns.shipped and (work.rules.birthday.enabled or not birthday)
    if added.is_new and runs:
        await rows.change_campaign(
            work.tx, added.kept.id, state=CampaignState.RUNNING.value, launched_at=work.now, changed_at=work.now
        )
        _audit(work, SYSTEM, "campaign.start", added.kept.id, None, {"key": document.key})
    return added.is_new_version
