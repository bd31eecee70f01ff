"""People who got a campaign's message, made in the database at once: what taps, gifts and invitations are tried on."""

from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass
from services.campaigns.book import Kept, add_campaign
from services.campaigns.document import read_toml
from services.customers import set_consent
from services.work import Person, Work
from storage import tables
from storage.deliveries import Delivery, list_deliveries
from tests.services.shop import arrive
from tests.services.traces import insert

PAPER = """
key = "{key}"
consent = "{consent}"
fallback = "en"
title.en = "{title}"
{more}
[text]
en = "Hello"
[when]
{when}
{parts}
"""
PARTY = """
[invitation]
at = 2030-12-20T18:00:00
place.en = "The shop"
capacity = {capacity}
[[buttons]]
key = "yes"
kind = "rsvp"
label.en = "I'm coming"
[[buttons]]
key = "maybe"
kind = "rsvp"
label.en = "Perhaps"
[[buttons]]
key = "no"
kind = "rsvp"
label.en = "I can't"
"""


async def keep(
    work: Work,
    parts: str = "",
    *,
    key: str = "tea",
    consent: str = "care",
    title: str = "Lost for the price",
    when: str = 'occasion = "date"',
    more: str = "",
) -> Kept:
    """Keep a campaign, or its next version."""
    paper = PAPER.format(key=key, consent=consent, title=title, when=when, more=more, parts=parts)
    added = await add_campaign(work, read_toml(paper, name=f"{key}.toml"), by=SYSTEM)
    assert not isinstance(added, Refusal), added
    return added.kept


async def invite(work: Work, *, capacity: int = 1) -> Kept:
    """Keep a tea tasting with so many places."""
    return await keep(work, PARTY.format(capacity=capacity))


async def get(work: Work, kept: Kept, person: Person, *, state: str = "sent", occasion: str = "once") -> Delivery:
    """Let a person have got the message of a campaign."""
    times = dict.fromkeys(("due_at", "late_after_at", "planned_at", "queued_at", "settled_at"), work.now)
    whose = {"campaign": kept.key, "occasion": occasion, "customer_id": person.customer.id, "version": kept.version}
    more = {"state": state, "consent": kept.campaign.consent.value, "occasion_on": "2026-11-22", "zone": "UTC"}
    delivery_id = await insert(work.tx, tables.deliveries, **whose, **more, **times)
    return (await list_deliveries(work.tx, [delivery_id]))[delivery_id]


async def guest(work: Work, kept: Kept, *, chat_id: int, name: str) -> tuple[Person, Delivery]:
    """Return somebody who has joined, agreed to care messages, and got the message."""
    person = await arrive(work, chat_id=chat_id, name=name)
    await set_consent(work, person, ConsentClass.CARE, given=True)
    return person, await get(work, kept, person)
