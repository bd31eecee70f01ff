"""Customers: met, spoken to in their language, asked for consent class by class, found unreachable and back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.languages import language_of
from domain.people import UNASKED, Actor, Birthday, Consent, ConsentClass, Reach
from domain.records import ZoneSource
from domain.rules import NOTICE_VERSION
from domain.words import visible
from services import cards, desk, webhooks
from services.records import change_record
from services.work import Person, Work
from storage import cases as case_rows
from storage import people as people_rows
from storage.audit import add_audit

_NAME_LETTERS = 128
SOURCE_PREFIX = "s-"
_PREFIXES = (SOURCE_PREFIX, "r-")
_PAYLOAD_LETTERS = 64


async def meet(work: Work, *, chat_id: int, name: str, username: str | None, language_code: str | None) -> Person:
    """Return a person who speaks for the first time, with a record and a contact point of their own."""
    language = language_of(language_code, offered=work.rules.languages)
    customer = await people_rows.add_customer(
        work.tx,
        name=visible(name)[:_NAME_LETTERS],
        language=language,
        source=None,
        branch_id=None,
        now=work.now,
    )
    contact = await people_rows.add_contact(
        work.tx,
        customer_id=customer.id,
        bot_id=work.bot_id,
        chat_id=chat_id,
        username=username,
        now=work.now,
    )
    await webhooks.emit(work, "customer.created", customer_id=customer.id, data={"customer_id": customer.id})
    return Person(contact, customer, is_new=True)


async def note_source(work: Work, person: Person, payload: str) -> None:
    """Keep the deep link that first brought this person, and the branch it names (``s-CODE``).

    A referral (``r-…``) is kept just so; a record link (``l-…``) is a secret, anything else no deep link of ours.
    """
    if person.customer.source or len(payload) > _PAYLOAD_LETTERS or not payload.startswith(_PREFIXES):
        return
    branch_id = None
    if payload.startswith(SOURCE_PREFIX):
        branch_id = await people_rows.get_branch_id(work.tx, payload.removeprefix(SOURCE_PREFIX))
    _change(work, person, action="customer.source", source=payload, branch_id=branch_id)


async def choose_language(work: Work, person: Person, language: str) -> None:
    """Speak this language with the person from now on."""
    await _edit(work, person, language=language)


async def set_birthday(work: Work, person: Person, birthday: Birthday) -> None:
    """Keep the day on which this person likes to be congratulated."""
    await _edit(work, person, birthday=birthday)


async def set_zone(work: Work, person: Person, zone: str) -> None:
    """Keep the IANA zone in which this person says to live."""
    await _edit(work, person, zone=zone, zone_source=ZoneSource.ASKED)


async def _edit(work: Work, person: Person, *, zone_source: ZoneSource | None = None, **changed: Any) -> None:
    """Change the person's own record through its one door, and let the person at hand show it."""
    named = {"zone_source": zone_source} if zone_source else {}
    refusal = await change_record(work, person.customer.id, by=person.actor, **changed, **named)
    assert refusal is None, refusal
    person.customer = replace(person.customer, **changed)


def _change(work: Work, person: Person, *, action: str, **changed: object) -> None:
    before = {name: getattr(person.customer, name) for name in changed}
    person.customer = replace(person.customer, **changed)  # type: ignore[arg-type]  # columns and fields share names
    people_rows.change_customer(work.tx, person.customer.id, **changed)
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action=action,
        subject=("customer", person.customer.id),
        customer_id=person.customer.id,
        before=before,
        after=dict(changed),
    )


async def list_consents(work: Work, person: Person) -> dict[ConsentClass, Consent]:
    """Return this person's answers for the unasked kinds of message; never asked means no."""
    given = await people_rows.list_consents(work.tx, person.customer.id)
    return {kind: given.get(kind, Consent(kind, False)) for kind in UNASKED}


async def set_consent(
    work: Work, person: Person, kind: ConsentClass, *, given: bool, until_at: datetime | None = None
) -> None:
    """Keep a yes or no for one kind of message; a no ``until_at`` is a snooze. The notice's version stays with it."""
    before = (await list_consents(work, person))[kind]
    consent = Consent(kind, given, until_at)
    await people_rows.set_consent(
        work.tx,
        customer_id=person.customer.id,
        consent=consent,
        notice_version=NOTICE_VERSION,
        now=work.now,
    )
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action=f"consent.{kind}",
        subject=("customer", person.customer.id),
        customer_id=person.customer.id,
        before={"given": before.given},
        after={
            "given": given,
            "until_at": until_at.isoformat() if until_at else None,
            "notice_version": NOTICE_VERSION,
        },
    )


async def stop_unasked(work: Work, person: Person) -> None:
    """Say no to every kind of message nobody asked for; service still answers."""
    for kind in UNASKED:
        await set_consent(work, person, kind, given=False)


async def see_notice(work: Work, person: Person) -> None:
    """Record which version of the privacy notice this person was shown."""
    person.notice_version = NOTICE_VERSION
    people_rows.change_contact(work.tx, person.contact.id, notice_version=NOTICE_VERSION)


async def set_reach(work: Work, person: Person, reach: Reach, *, by: Actor) -> None:
    """Record that this person blocked the bot or can be reached again, and tell the staff of their live cases."""
    if person.contact.reach is reach:
        return
    person.contact = replace(person.contact, reach=reach)
    people_rows.change_contact(work.tx, person.contact.id, reach=reach.value, reach_since_at=work.now)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=f"contact.{reach}",
        subject=("contact", person.contact.id),
        customer_id=person.customer.id,
    )
    for case in [await case_rows.get_case(work.tx, case_id) for case_id in person.case_ids]:
        if case and case.live:
            await desk.notice_case(work, case, f"desk.reach.{reach}", name=person.customer.name)
            await cards.show_card(work, case)
