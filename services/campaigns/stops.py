"""Fewer messages: one tap stops that kind, a second one narrows it to the occasion; each has a way back."""

from domain.campaigns import Campaign, OccasionKind
from domain.campaigns.holidays import HOLIDAYS
from domain.outcomes import Refusal
from domain.people import ConsentClass
from services.campaigns.answers import message_of
from services.campaigns.book import Kept, get_campaign, list_campaigns
from services.campaigns.checks import OPTED_OUT
from services.campaigns.plain_words import holiday_words
from services.customers import list_consents, set_consent
from services.work import Person, Work
from storage import campaign_optouts as rows
from storage import campaign_taps as taps
from storage.audit import add_audit
from storage.campaign_feed import skip_queued_of
from storage.deliveries import Delivery

MUTE, OPTOUT = "mute", "optout"
_STALE = Refusal("tap.stale")


async def stop_kind(work: Work, person: Person, *, delivery_id: int) -> Kept | Refusal:
    """Stop the kind of message that this one was of: its class of consent; what is service, this topic alone."""
    found = await message_of(work, person, delivery_id)
    if found is None:
        return _STALE
    delivery, kept = found
    if kept.campaign.consent is ConsentClass.SERVICE:
        await _opt_out(work, person, delivery, kept)
        return kept
    kind = kept.campaign.consent
    before = (await list_consents(work, person))[kind]
    if before.given or before.until_at is not None:
        await set_consent(work, person, kind, given=False)
    if before.given:  # each time, so that it is known whether what stands now was said here
        await _tap(work, delivery, MUTE)
    return kept


async def stop_topic(work: Work, person: Person, *, delivery_id: int) -> Kept | Refusal:
    """Stop only what this message hung on, such as one holiday.

    Other messages of its class come again if they were stopped here: a no said elsewhere, or never a yes, stays a no.
    """
    found = await message_of(work, person, delivery_id)
    if found is None:
        return _STALE
    delivery, kept = found
    await _opt_out(work, person, delivery, kept)
    kind = kept.campaign.consent
    if kind is not ConsentClass.SERVICE and await rows.was_muted_by(work.tx, delivery.id, person.customer.id, kind):
        await set_consent(work, person, kind, given=True)
    return kept


async def bring_back(work: Work, person: Person, *, delivery_id: int) -> Kept | Refusal:
    """Let the kind of this message come again, its occasion too."""
    found = await message_of(work, person, delivery_id)
    if found is None:
        return _STALE
    _, kept = found
    if kept.campaign.consent is not ConsentClass.SERVICE:
        await set_consent(work, person, kept.campaign.consent, given=True)
    await want_topic(work, person, kept.campaign.topic)
    return kept


async def want_topic(work: Work, person: Person, topic: str) -> bool:
    """Take back the wish not to hear of a topic; returns whether there was one."""
    dropped = await rows.drop_optout(work.tx, person.customer.id, topic)
    if dropped:
        _audit(work, person, "campaign.want_topic", topic)
    return dropped


async def list_unwanted(work: Work, person: Person) -> list[tuple[str, str]]:
    """Return the topics this person does not want to hear of, each with its words."""
    topics = await rows.list_topics(work.tx, person.customer.id)
    return [(topic, await topic_words(work, topic, person.language)) for topic in topics]


async def _opt_out(work: Work, person: Person, delivery: Delivery, kept: Kept) -> None:
    if await rows.add_optout(work.tx, person.customer.id, kept.campaign.topic, now=work.now):
        _audit(work, person, "campaign.optout", kept.campaign.topic)
        same = [one.key for one in await list_campaigns(work) if one.campaign.topic == kept.campaign.topic]
        await skip_queued_of(work.tx, person.customer.id, same, reason=OPTED_OUT, now=work.now)
    if not any(tap.kind == OPTOUT for tap in await taps.list_taps(work.tx, delivery.id)):
        await _tap(work, delivery, OPTOUT)


async def _tap(work: Work, delivery: Delivery, kind: str) -> None:
    await taps.add_tap(
        work.tx,
        delivery_id=delivery.id,
        customer_id=delivery.customer_id,
        campaign=delivery.campaign,
        kind=kind,
        button=kind,
        now=work.now,
    )


def _audit(work: Work, person: Person, action: str, topic: str) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action=action,
        subject=("customer", person.customer.id),
        customer_id=person.customer.id,
        after={"topic": topic},
    )


async def topic_words(work: Work, topic: str, language: str) -> str:
    """Return what people call a topic: a holiday, their birthday, or what a campaign hangs on.

    Never what staff call the campaign: that may say what they think of somebody.
    """
    if topic in HOLIDAYS:
        return holiday_words(work, topic, language)
    if topic in (OccasionKind.BIRTHDAY.value, OccasionKind.ANNIVERSARY.value):
        return work.texts.button(f"campaign_tap.topic.{topic}", language)
    kept = await get_campaign(work, topic)
    name = _name_of(kept.campaign) if kept is not None else OccasionKind.DATE.value
    return work.texts.button(f"campaign_tap.topic.{name}", language)


def _name_of(campaign: Campaign) -> str:
    return "invitation" if campaign.invitation is not None else campaign.when.kind.value
