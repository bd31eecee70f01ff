"""Invitations: who comes, who waits for a place, who came."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from domain.calendars import next_send_at
from domain.campaigns import Campaign, Invitation
from domain.instants import local_instant
from domain.outcomes import Refusal
from domain.people import Permission, StaffMember
from domain.surveys import in_language
from services.campaigns.book import get_campaign, list_campaigns
from services.case_door import actor_of
from services.permits import may
from services.records import find_customer
from services.speech import say
from services.work import Person, Work
from storage import campaign_taps as rows
from storage.audit import add_audit
from storage.campaign_taps import Guest
from storage.deliveries import Delivery
from storage.people import get_customer, list_contacts_of_customers

YES, NO, MAYBE, WAITING = "yes", "no", "maybe", "waiting"
_NOT_ALLOWED = Refusal("campaign_tap.refused.not_allowed")
Step = Callable[[Work], Awaitable[int]]
"""What is written after a look; returns how many were told."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was understood: ``said`` is yes, no, maybe or waiting; ``values`` fill the words."""

    said: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """Everybody who answered one invitation, in the order of their answers; who waits has said yes too late."""

    campaign: str
    title: dict[str, str]
    invitation: Invitation
    coming: tuple[Guest, ...] = ()
    waiting: tuple[Guest, ...] = ()
    maybe: tuple[Guest, ...] = ()
    declined: tuple[Guest, ...] = ()

    @property
    def everybody(self) -> tuple[Guest, ...]:
        """All who answered."""
        return (*self.coming, *self.waiting, *self.maybe, *self.declined)


async def answer_invitation(
    work: Work, person: Person, delivery: Delivery, campaign: Campaign, *, answer: str
) -> Answered | Refusal:
    """Keep whether somebody comes; the newest answer counts. Places are given in the order of the answers."""
    invitation = campaign.invitation
    if invitation is None:
        return Refusal("tap.stale")
    if work.now >= local_instant(invitation.at, work.rules.zone):
        return Refusal("campaign_tap.refused.party_over")
    await rows.lock_invitation(work.tx, delivery.campaign)
    before = await party(work, delivery.campaign)
    mine = [guest for guest in before.everybody if _is(guest, person)] if before is not None else []
    is_new = not mine or mine[0].answer != answer
    if is_new:
        await _tap(work, delivery.id, person.customer.id, delivery.campaign, kind="rsvp", button=answer)
    found = await party(work, delivery.campaign)
    if found is not None:
        await _tell_placed(work, found)
    values = {"place": in_language(invitation.place, person.language), "when": _when(work, invitation, person.language)}
    if answer != YES:
        return Answered(answer, values)
    waits = found is not None and any(_is(guest, person) for guest in found.waiting)
    if waits and is_new:
        await _tap(work, delivery.id, person.customer.id, delivery.campaign, kind=WAITING, button=YES)
    return Answered(WAITING if waits else YES, values)


async def _tap(work: Work, delivery_id: int, customer_id: int, campaign: str, *, kind: str, button: str) -> None:
    whose: dict[str, Any] = {"delivery_id": delivery_id, "customer_id": customer_id, "campaign": campaign}
    await rows.add_tap(work.tx, **whose, kind=kind, button=button, now=work.now)


async def look(work: Work) -> Step | None:
    """Read whether a place came free for somebody who waits, such as when a guest was forgotten or there are more."""
    free = [found.campaign for found in await _coming_up(work) if await _placed(work, found)]
    if not free:
        return None

    async def tell(writing: Work) -> int:
        told = 0
        for key in free:
            await rows.lock_invitation(writing.tx, key)
            found = await party(writing, key)
            told += await _tell_placed(writing, found) if found is not None else 0
        return told

    return tell


async def tell_placed(work: Work) -> int:
    """Tell those who waited for a place that there is one for them now; returns how many."""
    step = await look(work)
    return await step(work) if step is not None else 0


async def _coming_up(work: Work) -> list[Party]:
    found = await list_parties(work)
    return [one for one in found if work.now < local_instant(one.invitation.at, work.rules.zone)]


async def _placed(work: Work, found: Party) -> list[tuple[Guest, Person]]:
    """Return who was told to wait and now has a place, but for those in whose night it is."""
    waiting = await rows.list_still_waiting(work.tx, found.campaign)
    guests = [guest for guest in found.coming if guest.customer_id in waiting]
    contacts = await list_contacts_of_customers(work.tx, [guest.customer_id for guest in guests])
    known = {
        one: Person(each.contact, each.customer, each.dialogue, each.notice_version) for one, each in contacts.items()
    }
    awake = [one for one, person in known.items() if not _sleeps(work, person)]
    return [(guest, known[guest.customer_id]) for guest in guests if guest.customer_id in awake]


def _sleeps(work: Work, person: Person) -> bool:
    return next_send_at(work.now, work.rules.quiet, person.zone(work.rules)) > work.now


async def _tell_placed(work: Work, found: Party) -> int:
    """Tell those who waited that there is a place for them now, once: they asked for it."""
    placed = await _placed(work, found)
    for guest, person in placed:
        place = in_language(found.invitation.place, person.language)
        when = _when(work, found.invitation, person.language)
        await say(work, person, "campaign_tap.place_free", place=place, when=when)
        await _tap(work, guest.delivery_id, guest.customer_id, found.campaign, kind="placed", button=YES)
    return len(placed)


def _is(guest: Guest, person: Person) -> bool:
    return guest.customer_id == person.customer.id


def _when(work: Work, invitation: Invitation, language: str) -> str:
    at = local_instant(invitation.at, work.rules.zone)
    return work.texts.moment(at, language, zone=work.rules.zone, now=work.now)


async def party(work: Work, key: str) -> Party | None:
    """Return who answered an invitation, ``None`` when the campaign invites to nothing."""
    kept = await get_campaign(work, key)
    invitation = kept.campaign.invitation if kept is not None else None
    if kept is None or invitation is None:
        return None
    guests = await rows.list_guests(work.tx, key)
    yes = [guest for guest in guests if guest.answer == YES]
    places = len(yes) if invitation.capacity is None else invitation.capacity
    return Party(
        key,
        dict(kept.campaign.title),
        invitation,
        coming=tuple(yes[:places]),
        waiting=tuple(yes[places:]),
        maybe=tuple(guest for guest in guests if guest.answer == MAYBE),
        declined=tuple(guest for guest in guests if guest.answer == NO),
    )


async def list_parties(work: Work) -> list[Party]:
    """Return every campaign that invites, the next one first."""
    found = [await party(work, kept.key) for kept in await list_campaigns(work) if kept.campaign.invitation is not None]
    return sorted((one for one in found if one is not None), key=lambda one: one.invitation.at)


async def check_in(work: Work, *, code: str, key: str, by: StaffMember) -> Guest | Refusal:
    """Keep that a guest has come, by the customer's public code; a second time changes nothing."""
    if not await may(work, actor_of(by), Permission.READ):
        return _NOT_ALLOWED
    customer_id = await find_customer(work, code=code)
    await rows.lock_invitation(work.tx, key)
    found = await party(work, key)
    if customer_id is None or found is None:
        return Refusal("campaign_tap.refused.no_guest")
    guest = next((one for one in found.everybody if one.customer_id == customer_id), None)
    if guest is None:
        customer = await get_customer(work.tx, customer_id)
        return Refusal("campaign_tap.refused.not_invited", {"name": customer.called if customer else "?"})
    if guest.arrived_at is not None:
        return guest
    await rows.add_tap(
        work.tx,
        delivery_id=guest.delivery_id,
        customer_id=customer_id,
        campaign=key,
        kind="checkin",
        button=guest.answer,
        now=work.now,
        by_id=by.id,
    )
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action="campaign.check_in",
        subject=("delivery", guest.delivery_id),
        customer_id=customer_id,
        after={"campaign": key},
    )
    return guest
