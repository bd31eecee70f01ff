"""What a tap on a button under a campaign's message does: counted once, answered at once."""

from dataclasses import dataclass
from typing import Any

from domain.campaigns import ButtonKind, Campaign, CampaignButton
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.surveys import in_language
from services.campaigns.book import Kept, get_campaign
from services.campaigns.guests import answer_invitation
from services.surveys.asking import ask
from services.surveys.book import get_survey
from services.work import Person, Work
from storage import campaign_taps as rows
from storage.deliveries import Delivery, list_deliveries
from storage.rewards import get_reward_by_key
from texts.catalogue import safe

_STALE = Refusal("tap.stale")
CAUSE = "hand"
"""Why a survey is asked that somebody opened from a campaign: it went out by hand."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What is said to who tapped: nothing where the button has said it itself (a survey's first question)."""

    key: str | None
    values: dict[str, Any]
    buttons: Rows = ()


async def message_of(work: Work, person: Person, delivery_id: int) -> tuple[Delivery, Kept] | None:
    """Return a message that this person got, and its campaign in the version it was written in; else ``None``."""
    delivery = (await list_deliveries(work.tx, [delivery_id])).get(delivery_id)
    if delivery is None or delivery.customer_id != person.customer.id or delivery.version is None:
        return None
    kept = await get_campaign(work, delivery.campaign, version=delivery.version)
    return (delivery, kept) if kept is not None else None


async def press(work: Work, person: Person, *, delivery_id: int, button: str) -> Pressed | Refusal:
    """Do what a button of a campaign's message does. A second tap counts no second time.

    A button of somebody else's message, or of none, is stale.
    """
    found = await message_of(work, person, delivery_id)
    if found is None:
        return _STALE
    delivery, kept = found
    chosen = next((one for one in kept.campaign.buttons if one.key == button), None)
    if chosen is None or chosen.kind in (ButtonKind.LINK, ButtonKind.MUTE):
        return _STALE
    if chosen.kind is ButtonKind.RSVP:
        return await _answer_invitation(work, person, delivery, kept.campaign, chosen)
    await _count(work, delivery, chosen)
    if chosen.kind is ButtonKind.TRACKED:
        link = Button(in_language(chosen.label, person.language), url=chosen.url)
        return _said(chosen, person, "campaign_tap.link", buttons=((link,),))
    if chosen.kind is ButtonKind.SURVEY:
        return await _ask(work, person, delivery, chosen)
    if chosen.kind is ButtonKind.REDEEM:
        return await _offer(work, person, chosen)
    return _said(chosen, person, "campaign_tap.thanks")


async def _count(work: Work, delivery: Delivery, chosen: CampaignButton) -> None:
    known = await rows.list_taps(work.tx, delivery.id)
    if any(tap.button == chosen.key and tap.kind == chosen.kind.value for tap in known):
        return
    await rows.add_tap(
        work.tx,
        delivery_id=delivery.id,
        customer_id=delivery.customer_id,
        campaign=delivery.campaign,
        kind=chosen.kind.value,
        button=chosen.key,
        now=work.now,
    )


def _said(chosen: CampaignButton, person: Person, usual: str, *, buttons: Rows = ()) -> Pressed:
    """Return the button's own reply, else our usual words."""
    reply = in_language(chosen.reply, person.language)
    if reply:
        return Pressed("campaign_tap.reply", {"reply": reply}, buttons)
    return Pressed(usual, {}, buttons)


async def _ask(work: Work, person: Person, delivery: Delivery, chosen: CampaignButton) -> Pressed | Refusal:
    kept = await get_survey(work, chosen.ref or "")
    if kept is None:
        return Refusal("campaign_tap.refused.no_survey")
    asked = await ask(
        work,
        person,
        kept,
        occasion=f"c:{delivery.id}",
        cause=CAUSE,
        campaign=delivery.campaign,
        unasked=False,
    )
    return Pressed(None, {}) if asked is not None else Refusal("campaign_tap.refused.asked")


async def _offer(work: Work, person: Person, chosen: CampaignButton) -> Pressed | Refusal:
    reward = await get_reward_by_key(work.tx, chosen.ref or "")
    if reward is None or not reward.is_open(work.now) or reward.sold_out:
        return Refusal("campaign_tap.refused.no_reward")
    way = Button(reward.name(person.language), data=f"c:reward:{reward.id}")
    return _said(chosen, person, "campaign_tap.reward", buttons=((way,),))


async def _answer_invitation(
    work: Work, person: Person, delivery: Delivery, campaign: Campaign, chosen: CampaignButton
) -> Pressed | Refusal:
    kept = await answer_invitation(work, person, delivery, campaign, answer=chosen.key)
    if isinstance(kept, Refusal):
        return kept
    reply = in_language(chosen.reply, person.language)
    words = work.texts.say(f"campaign_tap.rsvp.{kept.said}", person.language, **kept.values)
    whole = f"{work.texts.say('campaign_tap.reply', person.language, reply=reply)}\n\n{words}" if reply else words
    return Pressed("campaign_tap.whole", {"words": safe(whole)})
