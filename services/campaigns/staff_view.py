"""Campaigns as staff see them in the chat: the list, the card of one, and the messages nobody knows the arrival of."""

from dataclasses import dataclass

from domain.campaigns import CampaignState
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.people import StaffMember
from services import delivery
from services.campaigns import approval
from services.campaigns.book import Kept, list_campaigns
from services.campaigns.control import unknown_of
from services.campaigns.plain_words import audience_words, gift_words, sample_words, title_words, when_words
from services.campaigns.progress import Progress, progress, sent_and_waiting
from services.campaigns.why import why_key
from services.case_door import actor_of
from services.work import Work
from storage.campaign_feed import Unknown
from storage.staff import get_member
from texts.catalogue import safe

MOST_LISTED = 15
_MOST_REASONS = 4
_MOST_DECIDED = 1000
_ORDER = (
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.SCHEDULED,
    CampaignState.DRAFT,
    CampaignState.FINISHED,
    CampaignState.CANCELLED,
)
_LAUNCHED = frozenset({CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Listed:
    """The campaigns with their lines (HTML), and how many ready-made ones wait untouched besides."""

    lines: list[tuple[Kept, str]]
    ready_made: int


async def list_lines(work: Work, *, by: StaffMember, language: str) -> Listed | Refusal:
    """Return the campaigns people work with: those that run first, then the others; ready-made drafts are counted."""
    if (refusal := why_not(Deed.CAMPAIGNS, by)) is not None:
        return refusal
    every = await list_campaigns(work)
    ours = [kept for kept in every if not _ready_made(kept)]
    ours.sort(key=lambda kept: (_ORDER.index(kept.state), -kept.changed_at.timestamp(), kept.key))
    lines = [(kept, await _line(work, kept, language)) for kept in ours[:MOST_LISTED]]
    return Listed(lines, len(every) - len(ours))


async def list_ready_made(work: Work, *, by: StaffMember) -> list[Kept] | Refusal:
    """Return the campaigns that came with the program and that nobody has started."""
    if (refusal := why_not(Deed.CAMPAIGNS, by)) is not None:
        return refusal
    return [kept for kept in await list_campaigns(work) if _ready_made(kept)]


def _ready_made(kept: Kept) -> bool:
    return kept.shipped and kept.state is CampaignState.DRAFT


async def _line(work: Work, kept: Kept, language: str) -> str:
    values = {
        "title": title_words(work, kept.campaign, language),
        "state": state_words(work, kept, language),
        "when": when_words(work, kept.campaign, language),
    }
    if kept.state not in _LAUNCHED:
        return work.texts.say("campaign_staff.line", language, **values)
    sent, waiting = await sent_and_waiting(work, kept.key)
    figures = work.texts.button("campaign_staff.figures", language, sent=sent, waiting=waiting)
    return work.texts.say("campaign_staff.line_figures", language, figures=figures, **values)


def _waiting(found: Progress) -> int:
    return found.planned + found.queued + found.sending


def state_words(work: Work, kept: Kept, language: str) -> str:
    """Return where a campaign stands."""
    words = work.texts.button(f"campaign_staff.state.{kept.state.value}", language)
    if kept.state is CampaignState.SCHEDULED and kept.launch_at is not None:
        at = work.texts.moment(kept.launch_at, language, zone=work.rules.zone, now=work.now)
        return work.texts.button("campaign_staff.state_at", language, state=words, at=at)
    if kept.state is CampaignState.PAUSED and kept.pause_reason is not None:
        why = work.texts.button(f"campaign_staff.paused.{kept.pause_reason.value}", language)
        return work.texts.button("campaign_staff.state_why", language, state=words, why=why)
    return words


async def card(work: Work, kept: Kept, *, by: StaffMember, language: str) -> str | Refusal:
    """Return everything about a campaign that fits on a screen (HTML)."""
    if (refusal := why_not(Deed.CAMPAIGNS, by)) is not None:
        return refusal
    return "\n".join([*_facts(work, kept, language), *await _more(work, kept, language)])


def _facts(work: Work, kept: Kept, language: str) -> list[str]:
    campaign, say = kept.campaign, work.texts.say
    lines = [
        say(
            "campaign_staff.card.head",
            language,
            title=title_words(work, campaign, language),
            state=state_words(work, kept, language),
        ),
        say("campaign_staff.card.when", language, when=when_words(work, campaign, language)),
        say("campaign_staff.card.whom", language, whom=audience_words(work, campaign, language)),
        say(
            "campaign_staff.card.kind",
            language,
            kind=work.texts.button(f"campaign_staff.consent.{campaign.consent.value}", language),
        ),
    ]
    if campaign.solemn:
        lines.append(say("campaign_staff.card.solemn", language))
    return lines


async def _more(work: Work, kept: Kept, language: str) -> list[str]:
    campaign, say = kept.campaign, work.texts.say
    lines = []
    if gift := await gift_words(work, campaign, language):
        lines.append(say("campaign_staff.card.gift", language, gift=gift))
    if campaign.task is not None:
        lines.append(say("campaign_staff.card.task", language))
    if approved := await _approved(work, kept, language):
        lines.append(approved)
    lines.append(say("campaign_staff.card.words", language, words=safe(sample_words(work, campaign, language))))
    if kept.state in _LAUNCHED:
        lines.append(figures_words(work, await progress(work, kept.key), language))
    return lines


async def _approved(work: Work, kept: Kept, language: str) -> str:
    if kept.approved_version == kept.version:
        member = await get_member(work.tx, kept.approved_by) if kept.approved_by is not None else None
        return work.texts.say("campaign_staff.card.approved", language, name=member.name if member else "carebot")
    if kept.asked_at is None or kept.state not in approval.ASKABLE:
        return ""
    member = await get_member(work.tx, kept.asked_by) if kept.asked_by is not None else None
    return work.texts.say("campaign_staff.card.asked", language, name=member.name if member else "carebot")


def figures_words(work: Work, found: Progress, language: str) -> str:
    """Return how far a campaign is, in words (HTML)."""
    say = work.texts.say
    lines = [
        say(
            "campaign_staff.card.figures",
            language,
            sent=found.sent,
            waiting=_waiting(found),
            answered=found.answered,
            clicked=found.clicked,
        )
    ]
    skipped = sorted(found.skipped.items(), key=lambda item: (-item[1], item[0]))
    if skipped:
        why = reasons_words(work, dict(skipped[:_MOST_REASONS]), language)
        lines.append(say("campaign_staff.card.skipped", language, skipped=sum(found.skipped.values()), why=why))
    if found.failed:
        lines.append(say("campaign_staff.card.failed", language, failed=sum(found.failed.values())))
    if found.unknown:
        lines.append(say("campaign_staff.card.unknown", language, unknown=found.unknown))
    if found.finish_at is not None:
        at = work.texts.moment(found.finish_at, language, zone=work.rules.zone, now=work.now)
        lines.append(say("campaign_staff.card.finish", language, at=at))
    return "\n".join(lines)


def reasons_words(work: Work, reasons: dict[str, int], language: str) -> str:
    """Return why people are left out, with how many for each reason."""
    return work.texts.button("campaign_staff.comma", language).join(
        work.texts.button(
            "campaign_staff.reason", language, number=number, why=work.texts.button(why_key(reason), language)
        )
        for reason, number in reasons.items()
    )


async def unknown_ones(work: Work, kept: Kept, *, by: StaffMember, limit: int) -> list[Unknown] | Refusal:
    """Return the oldest messages of a campaign of which nobody knows whether they arrived."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, by)) is not None:
        return refusal
    return await unknown_of(work, kept.key, limit)


async def decide_unknown(
    work: Work, kept: Kept, *, by: StaffMember, again: bool, row_id: int | None = None
) -> int | Refusal:
    """Send such messages once more (``again``), or take them for delivered: one or all; returns how many."""
    found = await unknown_ones(work, kept, by=by, limit=_MOST_DECIDED)
    if isinstance(found, Refusal):
        return found
    decide = delivery.retry_unknown if again else delivery.assume_delivered
    chosen = [one.row.id for one in found if row_id in (None, one.row.id)]
    if not chosen:
        return Refusal("campaign_staff.refused.not_unknown")
    refusals = [await decide(work, one, by=actor_of(by)) for one in chosen]
    if row_id is not None and refusals[0] is not None:
        return refusals[0]
    return sum(1 for refusal in refusals if refusal is None)
