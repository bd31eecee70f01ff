"""A second pair of eyes on a campaign: who is asked, who may say yes, and to which version; alone, one goes on."""

from dataclasses import dataclass
from typing import Any

from domain.approvals import is_reason
from domain.campaigns import ApprovalNeeded, CampaignState
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows, to_staff_group
from domain.people import Actor, ActorKind, MemberReach, Permission, StaffMember
from services import cards
from services.campaigns.book import Kept, get_campaign, wrong_state
from services.campaigns.plain_words import audience_words, sample_words, title_words, when_words
from services.permits import may, member_of
from services.private_desk import language_of, tell_member
from services.speech import tell
from services.work import Work
from storage import campaigns as rows
from storage import staff as staff_rows
from storage.audit import add_audit
from texts.catalogue import safe

ASKABLE = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED})
_REASON_LETTERS = 500
_NOT_ALLOWED = Refusal("campaign_staff.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked to look at a campaign; nobody when whoever asks is the only one who could."""

    kept: Kept
    told: tuple[StaffMember, ...]


async def lacks(work: Work, kept: Kept, *, people: int, by: Actor) -> Refusal | None:
    """Return what a campaign for ``people`` still lacks before ``by`` may let it go out, ``None`` when nothing.

    Where nobody but ``by`` may approve at all, that person goes on alone; it is kept and audited.
    """
    if not is_needed(work, people) or kept.approved_version == kept.version:
        return None
    if await approvers(work, but=by):
        key = "changed_since" if kept.approved_version is not None else "asked" if kept.asked_at else "unapproved"
        return Refusal(f"campaign_staff.refused.{key}", {"campaign": kept.key, "people": people})
    await _stamp(work, kept, by=by, action="campaign.alone")
    return None


def is_needed(work: Work, people: int) -> bool:
    """Return whether the business wants a second look at what goes to so many people."""
    rules = work.rules.campaigns
    if rules.approval is ApprovalNeeded.ABOVE:
        return people > rules.approval_above
    return rules.approval is ApprovalNeeded.ALWAYS


async def approvers(work: Work, *, but: Actor) -> list[StaffMember]:
    """Return who else may say yes to a campaign."""
    own = but.id if but.kind is ActorKind.STAFF else None
    return [one for one in await staff_rows.list_active(work.tx) if one.id != own and _may_approve(one)]


def _may_approve(member: StaffMember) -> bool:
    return member.may(Permission.APPROVE) or member.may(Permission.ADMINISTER)


async def ask_approval(work: Work, key: str, *, by: Actor) -> Asked | Refusal:
    """Ask everybody who may approve to look at a campaign as it is now; an older yes counts no more."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    kept = await _held(work, key)
    if isinstance(kept, Refusal):
        return kept
    if kept.state not in ASKABLE:
        return wrong_state(kept)
    if kept.approved_version == kept.version:
        return Refusal("campaign_staff.refused.approved_already", {"campaign": key})
    asker = by.id if by.kind is ActorKind.STAFF else None
    await rows.change_campaign(
        work.tx, kept.id, asked_by=asker, asked_at=work.now, approved_by=None, approved_at=None, approved_version=None
    )
    _audit(work, by, "campaign.ask", kept, {"version": kept.version})
    others = await approvers(work, but=by)
    for member in others:
        await _ask_member(work, kept, member, by=by)
    return Asked(await _again(work, key), tuple(others))


async def approve(work: Work, key: str, *, by: Actor, version: int | None = None) -> Kept | Refusal:
    """Say yes to a campaign in the version that was looked at (the current one unless ``version`` says which).

    Nobody says yes to what they asked for or wrote themselves, unless nobody else may.
    """
    kept = await _to_decide(work, key, by=by, version=version)
    if isinstance(kept, Refusal):
        return kept
    own = await _own(work, kept, by)
    if own and await approvers(work, but=by):
        return Refusal("campaign_staff.refused.own", {"campaign": key})
    await _stamp(work, kept, by=by, action="campaign.alone" if own else "campaign.approve")
    start = ("start", f"k:campaigngo:0:{kept.id}:start")
    await _tell_asker(work, kept, "campaign_staff.notice.approved", by=by, way=start)
    return await _again(work, key)


async def send_back(work: Work, key: str, *, by: Actor, reason: str) -> Kept | Refusal:
    """Say what should be otherwise; whoever asked is told, and a yes given before counts no more."""
    kept = await _to_decide(work, key, by=by, version=None, again=True)
    if isinstance(kept, Refusal):
        return kept
    if kept.asked_at is None and kept.approved_at is None:
        return Refusal("campaign_staff.refused.not_asked", {"campaign": key})
    if not is_reason(reason):
        return Refusal("campaign_staff.refused.reason")
    said = reason.strip()[:_REASON_LETTERS]
    nobody: dict[str, Any] = dict.fromkeys(("asked_by", "asked_at", "approved_by", "approved_at", "approved_version"))
    await rows.change_campaign(work.tx, kept.id, **nobody)
    _audit(work, by, "campaign.send_back", kept, {"version": kept.version, "reason": said})
    change = ("change", f"k:campaign:0:{kept.id}")
    await _tell_asker(work, kept, "campaign_staff.notice.sent_back", by=by, way=change, reason=said)
    return await _again(work, key)


async def _to_decide(work: Work, key: str, *, by: Actor, version: int | None, again: bool = False) -> Kept | Refusal:
    """Return the campaign that this person may decide about, held until the end of the transaction."""
    member = await member_of(work, by)
    if by.kind is ActorKind.API or (member is None and by.kind is ActorKind.STAFF):
        return _NOT_ALLOWED  # a second person is a person
    if member is not None and not _may_approve(member):
        return Refusal("campaign_staff.refused.approvers")
    kept = await _held(work, key)
    if isinstance(kept, Refusal):
        return kept
    if kept.state not in ASKABLE:
        return wrong_state(kept)
    if version is not None and version != kept.version:
        return Refusal("campaign_staff.refused.changed", {"campaign": key})
    if kept.approved_version == kept.version and not again:
        return Refusal("campaign_staff.refused.approved_already", {"campaign": key})
    return kept


async def _own(work: Work, kept: Kept, by: Actor) -> bool:
    """Return whether this person asked for the look, or wrote what is looked at."""
    asked = kept.asked_at is not None and kept.asked_by == (by.id if by.kind is ActorKind.STAFF else None)
    return asked or await rows.get_author(work.tx, kept.id, kept.version) == (ActorKind.STAFF.value, by.id)


async def _stamp(work: Work, kept: Kept, *, by: Actor, action: str) -> None:
    approver = by.id if by.kind is ActorKind.STAFF else None
    stamped = {"approved_by": approver, "approved_at": work.now, "approved_version": kept.version}
    await rows.change_campaign(work.tx, kept.id, **stamped)
    _audit(work, by, action, kept, {"version": kept.version})


async def _held(work: Work, key: str) -> Kept | Refusal:
    await rows.hold_campaigns(work.tx)
    return await get_campaign(work, key) or Refusal("campaign_staff.refused.unknown")


async def _again(work: Work, key: str) -> Kept:
    kept = await get_campaign(work, key)
    assert kept is not None
    return kept


# Telling them


async def _ask_member(work: Work, kept: Kept, member: StaffMember, *, by: Actor) -> None:
    """Ask one person, in private; who cannot be written to there is called by name in the staff group."""
    asker = await member_of(work, by)
    language = language_of(work, member)
    group = None
    if member.reach is MemberReach.BLOCKED:
        group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
        language = cards.desk_language(work, group)
    values: dict[str, Any] = {
        "asker": asker.name if asker else "carebot",
        "member": member.name,
        "title": title_words(work, kept.campaign, language),
        "when": when_words(work, kept.campaign, language),
        "whom": audience_words(work, kept.campaign, language),
        "words": safe(sample_words(work, kept.campaign, language)),
    }
    once = f"campaign-ask:{kept.id}:{kept.version}:{int(work.now.timestamp())}:{member.id}"
    rows_ = _answers(work, kept, language)
    if member.reach is not MemberReach.BLOCKED:
        await tell_member(work, member, "campaign_staff.notice.asked", buttons=rows_, dedupe_key=once, **values)
    elif group is not None:
        html = work.texts.say("campaign_staff.notice.asked_in_group", language, **values)
        await tell(work, to_staff_group(group.id), html, buttons=rows_, dedupe_key=once)


def _answers(work: Work, kept: Kept, language: str) -> Rows:
    def way(name: str, data: str) -> Button:
        return Button(work.texts.button(f"campaign_staff.button.{name}", language), data=data)

    return (
        (
            way("approve", f"k:campaignyes:0:{kept.id}:{kept.version}"),
            way("send_back", f"k:campaignback:0:{kept.id}"),
        ),
        (way("look", f"k:campaignview:0:{kept.id}"),),
    )


async def _tell_asker(work: Work, kept: Kept, key: str, *, by: Actor, way: tuple[str, str], **values: Any) -> None:
    """Tell whoever asked what was decided, unless it is the same person."""
    asker = await staff_rows.get_member(work.tx, kept.asked_by) if kept.asked_by is not None else None
    if asker is None or asker.id == by.id:
        return
    decider = await member_of(work, by)
    language = language_of(work, asker)
    name, data = way
    buttons = ((Button(work.texts.button(f"campaign_staff.button.{name}", language), data=data),),)
    title = title_words(work, kept.campaign, language)
    who = decider.name if decider else "carebot"
    await tell_member(work, asker, key, buttons=buttons, name=who, title=title, **values)


def _audit(work: Work, by: Actor, action: str, kept: Kept, after: dict[str, object]) -> None:
    add_audit(
        work.tx, at=work.now, actor=by, action=action, subject=("campaign", kept.id), after={"key": kept.key, **after}
    )
