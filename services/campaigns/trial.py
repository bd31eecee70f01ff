"""Trying a campaign before it goes out: sent to oneself, and looked at for some of the people it is for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from domain.campaigns import ButtonKind, Campaign
from domain.campaigns.markup import length_of
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import PICTURE, Button, Lane, Outgoing, Purpose, Rows, to_member
from domain.people import Actor, Permission, StaffMember
from domain.segments import SegmentError
from domain.surveys import in_language
from services import segments
from services.campaigns.book import Kept, get_campaign
from services.campaigns.checks import judge_people
from services.campaigns.control import count_people
from services.campaigns.messages import MessageFault, Rendered, render, render_text
from services.campaigns.plain_words import in_words, title_words
from services.campaigns.preview import example_of, would_finish_at
from services.campaigns.variables import load_values, sample_context
from services.case_door import actor_of
from services.membership import tier_in_words
from services.permits import may
from services.private_desk import reachable
from services.speech import tell
from services.work import Work
from storage.outbox import add_outgoing
from storage.people import list_contacts_of_customers, load_contacts
from storage.segments import sample_members

LOOKED_AT = 200
"""So many people a dry run in the chat looks at one by one; ``carebot campaign dry-run`` looks at everybody."""
_FAULTS_SHOWN = 3
_UNKNOWN = Refusal("campaign_staff.refused.unknown")
_NOT_ALLOWED = Refusal("campaign_staff.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Tried:
    """What would happen now. ``meant`` counts everybody; the rest is about the ``looked_at`` ones among them.

    ``skips`` count people by the reason for which they would get nothing now. ``faults`` are the first few, whose and
    why. ``longest`` is in letters as Telegram counts them. ``finish_at`` is when the last would have it, were it
    started now and everybody like those looked at; ``None`` where people's own days decide.
    """

    meant: int
    looked_at: int
    would_go: int
    skips: Mapping[str, int]
    faults: tuple[tuple[str, str], ...]
    fault_count: int
    languages: Mapping[str, int]
    longest: int
    finish_at: datetime | None


async def test_to_me(work: Work, key: str, *, by: StaffMember, language: str) -> Kept | Refusal:
    """Send every variant of a campaign to whoever asks, as a customer would read it; nothing is counted anywhere.

    Who is a customer here too reads their own values, anybody else examples.
    """
    kept = await _open(work, key, by=actor_of(by))
    if isinstance(kept, Refusal):
        return kept
    if not reachable(by):
        return Refusal("campaign_staff.refused.no_chat")
    messages = []
    for variant in kept.campaign.variants:
        try:
            messages.append((variant.key, await _as_read(work, kept, variant.key, by, language)))
        except MessageFault as fault:
            return Refusal("campaign_staff.refused.fault", {"fault": str(fault)})
    for name, message in messages:
        await _send(work, kept, message, by=by, language=language, variant=name if len(messages) > 1 else "")
    return kept


async def _open(work: Work, key: str, *, by: Actor) -> Kept | Refusal:
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    return await get_campaign(work, key) or _UNKNOWN


async def _as_read(work: Work, kept: Kept, variant: str, by: StaffMember, language: str) -> Rendered:
    known = (await load_contacts(work.tx, bot_id=work.bot_id, chat_ids=[by.user_id])).get(by.user_id)
    params = example_of(work, kept)
    if known is not None:
        values = (await load_values(work, [known.customer.id])).get(known.customer.id)
        if values is not None:
            return render(work, kept, variant=variant, values=values, params=params, language=language)
    chosen = next(one for one in kept.campaign.variants if one.key == variant)
    context = _examples(work, kept.campaign, by, language)
    html = render_text(in_language(chosen.text, language), context, with_picture=chosen.picture is not None)
    return Rendered(html, chosen.picture)


def _examples(work: Work, campaign: Campaign, by: StaffMember, language: str) -> dict[str, Any]:
    tiers = work.rules.loyalty.tiering.tiers
    return {
        **sample_context(campaign, [field.key for field in work.rules.record.fields]),
        "name": by.name,
        "business": work.rules.business_name,
        "occasion": title_words(work, campaign, language),
        "tier": tier_in_words(work, tiers[min(2, len(tiers) - 1)].key, language),
    }


async def _send(work: Work, kept: Kept, message: Rendered, *, by: StaffMember, language: str, variant: str) -> None:
    title = title_words(work, kept.campaign, language)
    head = work.texts.say("campaign_staff.test.head", language, title=title, variant=variant)
    await tell(work, to_member(by.id), head, purpose=Purpose.MEMBER_NOTICE, lane=Lane.REPLY)
    outgoing = Outgoing(
        purpose=Purpose.MEMBER_NOTICE,
        target=to_member(by.id),
        content=Content(Kind.PHOTO if message.picture else Kind.TEXT, message.html),
        html=True,
        buttons=_buttons(work, kept, language),
        lane=Lane.REPLY,
        extra={PICTURE: message.picture} if message.picture else {},
    )
    await add_outgoing(work.tx, outgoing, bot_id=work.bot_id, now=work.now)


def _buttons(work: Work, kept: Kept, language: str) -> Rows:
    """Return the buttons as they look; what they would do for a customer they do not do here, but for plain links."""
    rows = []
    for one in kept.campaign.buttons:
        label = in_words(work, one.label, language)
        link = one.url if one.kind is ButtonKind.LINK else None
        rows.append((Button(label, url=link) if link else Button(label, data=f"k:campaigntry:0:{kept.id}:tap"),))
    return tuple(rows)


async def count(work: Work, kept: Kept, *, by: Actor) -> int | Refusal:
    """Return how many people a campaign is for now."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    try:
        return await count_people(work, kept)
    except SegmentError:
        return Refusal("campaign_staff.refused.segment")


async def try_run(work: Work, key: str, *, by: Actor) -> Tried | Refusal:
    """Count whom a campaign is for, and look at some of them: who would get it now, who not and why, and as what."""
    kept = await _open(work, key, by=by)
    if isinstance(kept, Refusal):
        return kept
    try:
        meant = await count_people(work, kept)
        segment = segments.parse(work, kept.campaign.segment or "reachable")
        query = await segments.members(work, segment)
    except SegmentError:
        return Refusal("campaign_staff.refused.segment")
    names = dict(await sample_members(work.tx, query, limit=LOOKED_AT))
    judged = await judge_people(work, kept, list(names))
    skips = Counter(why for why in judged.values() if why is not None)
    going = [customer_id for customer_id, why in judged.items() if why is None]
    return await _rendered(work, kept, meant, names, going, skips)


async def _rendered(
    work: Work, kept: Kept, meant: int, names: Mapping[int, str], going: list[int], skips: Counter[str]
) -> Tried:
    params = example_of(work, kept)
    values = await load_values(work, going)
    contacts = await list_contacts_of_customers(work.tx, going)
    faults, languages, zones, longest = [], Counter[str](), Counter[str | None](), 0
    for customer_id in going:
        if customer_id not in values or customer_id not in contacts:
            continue
        customer = contacts[customer_id].customer
        language = customer.language
        languages[language] += 1
        zones[customer.zone] += 1
        for variant in kept.campaign.variants:
            try:
                said = render(
                    work, kept, variant=variant.key, values=values[customer_id], params=params, language=language
                )
            except MessageFault as fault:
                faults.append((names[customer_id], str(fault)))
                break
            longest = max(longest, length_of(said.html))
    would_go = len(going) - len(faults)
    shown = tuple(faults[:_FAULTS_SHOWN])
    finish_at = would_finish_at(work, kept, {zone: ceil(count * meant / len(names)) for zone, count in zones.items()})
    return Tried(meant, len(names), would_go, dict(skips), shown, len(faults), dict(languages), longest, finish_at)
