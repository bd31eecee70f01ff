"""Bans: what somebody writes is kept and passed on to nobody until an end date; once a day they are told so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.cases import Case
from domain.deeds import Deed, why_not
from domain.interactions import Interaction, Kind
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, StaffMember
from domain.signing import TEXT_LIMIT, utf16_length
from services import cards, desk
from services.case_door import access_case, actor_of, moment_for
from services.dialogues import said_in
from services.gathered import shortened
from services.speech import say
from services.work import Person, Work, person_of_contact
from storage import bans as rows
from storage import cases as case_rows
from storage.audit import add_audit
from storage.bans import Ban
from storage.interactions import assign_case
from storage.people import change_contact

LONGEST_BAN = timedelta(days=366)
REASON_LETTERS = 500
_MOST_SAID = 200
_MOST_FILES = 10
_COMMAND = re.compile(r"\s*/\w+(@\w+)?\s*", re.ASCII)
_NO_WORDS = frozenset({Kind.TAP, Kind.COMMAND, Kind.REACTION, Kind.MEMBERSHIP})


@dataclass(frozen=True, slots=True)
class Lifted:
    """Whose ban was lifted; the case in whose topic it was told with what came meanwhile, ``None`` if nothing came."""

    name: str
    told_in: int | None


def is_banned(person: Person, now: datetime) -> bool:
    """Return whether what this person writes now is passed on to nobody; known from what every update loads."""
    until = person.contact.banned_until_at
    return until is not None and now < until


async def ban(work: Work, *, case_id: int, by: StaffMember, until: datetime, reason: str) -> Ban | Refusal:
    """Ban the customer of a case until an instant; an earlier ban of theirs gives way to this one."""
    refusal = why_not(Deed.BAN, by)
    if refusal is not None:
        return refusal
    contacts = await rows.lock_contacts_of_case(work.tx, case_id)
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.BAN)
    if isinstance(case, Refusal):
        return case
    if until <= work.now:
        return Refusal("ready.refused.past")
    if until > work.now + LONGEST_BAN:
        return Refusal("ready.refused.too_far", {"days": LONGEST_BAN.days})
    if not contacts:
        return Refusal("desk.refused.no_contact", {"number": case.public_number})
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_LETTERS:
        return Refusal("ready.refused.reason", {"most": REASON_LETTERS})
    for earlier in await rows.list_of_customer(work.tx, case.customer_id):
        await rows.end_ban(work.tx, earlier.id, now=work.now)
    ban_id = await rows.insert_ban(
        work.tx, customer_id=case.customer_id, reason=reason, by=actor_of(by), now=work.now, until_at=until
    )
    for contact_id in contacts:
        change_contact(work.tx, contact_id, banned_until_at=until)
        await _end_conversation(work, contact_id, case)
    after = {"until_at": until.isoformat(), "reason": reason}
    _audit(work, case.customer_id, by=actor_of(by), action="customer.ban", after=after)
    await cards.show_card(work, case)
    found = await rows.get_ban(work.tx, ban_id)
    assert found is not None
    return found


async def _end_conversation(work: Work, contact_id: int, case: Case) -> None:
    """Put what was gathered for a case not opened yet into this one, so that none opens by itself during the ban."""
    person = await person_of_contact(work, contact_id)
    if person is not None and person.dialogue is not None:
        await assign_case(work.tx, ids=said_in(person.dialogue), case_id=case.id)
        person.leave(work)


async def lift(
    work: Work, *, by: StaffMember, case_id: int | None = None, ban_id: int | None = None
) -> Lifted | Refusal:
    """End the bans of a case's customer, or one ban, before their time."""
    refusal = why_not(Deed.UNBAN, by)
    if refusal is not None:
        return refusal
    customer_id = await _banned_customer(work, by=by, case_id=case_id, ban_id=ban_id)
    if isinstance(customer_id, Refusal):
        return customer_id
    contacts = await rows.lock_contacts_of(work.tx, customer_id)
    lifted = [one for one in await rows.list_of_customer(work.tx, customer_id) if await _end(work, one, contacts)]
    if not lifted:
        return Refusal("ready.refused.not_banned")
    _audit(work, customer_id, by=actor_of(by), action="customer.unban", after={"ban_id": lifted[-1].id})
    told = [await _tell_said(work, one, key="ready.ban.lifted_words") for one in lifted]
    return Lifted(lifted[-1].name, next((case_id for case_id in told if case_id is not None), None))


async def _banned_customer(work: Work, *, by: StaffMember, case_id: int | None, ban_id: int | None) -> int | Refusal:
    if ban_id is not None:
        found = await rows.get_ban(work.tx, ban_id)
        return found.customer_id if found is not None else Refusal("ready.refused.not_banned")
    await rows.lock_contacts_of_case(work.tx, case_id or -1)
    case = await access_case(work, case_id=case_id or -1, by=by, deed=Deed.UNBAN)
    return case if isinstance(case, Refusal) else case.customer_id


async def _end(work: Work, one: Ban, contacts: list[int]) -> bool:
    for contact_id in contacts:
        change_contact(work.tx, contact_id, banned_until_at=None)
    return await rows.end_ban(work.tx, one.id, now=work.now)


async def list_bans(work: Work, *, by: StaffMember, limit: int = 20) -> list[Ban] | Refusal:
    """Return the bans in force, the one that ends next first."""
    refusal = why_not(Deed.UNBAN, by)
    return refusal if refusal is not None else await rows.list_in_force(work.tx, now=work.now, limit=limit)


async def end_bans(work: Work, *, limit: int) -> int:
    """End bans whose time has passed, and show staff what was written meanwhile; returns how many."""
    over = await rows.list_over(work.tx, now=work.now, limit=limit)
    for one in over:
        contacts = await rows.lock_contacts_of(work.tx, one.customer_id)
        if not await _end(work, one, contacts):
            continue
        _audit(work, one.customer_id, by=SYSTEM, action="customer.ban_ends", after={"ban_id": one.id})
        await _tell_said(work, one, key="ready.ban.over_words")
    return len(over)


async def keep_quiet(work: Work, person: Person, interaction_id: int) -> None:
    """Keep what a banned person wrote with their case, and tell them once a day that nobody reads it here."""
    case_id = await rows.get_last_case_id(work.tx, person.customer.id)
    if case_id is not None:
        await assign_case(work.tx, ids=[interaction_id], case_id=case_id)
    until = person.contact.banned_until_at
    assert until is not None
    today = work.now.astimezone(person.zone(work.rules)).date()
    key = f"banned:{person.contact.id}:{today.isoformat()}"
    if await rows.was_said(work.tx, key):
        return
    moment, elsewhere = moment_for(work, person, until), _reach_us(work, person.language)
    text = "ready.ban.line_elsewhere" if elsewhere else "ready.ban.line"
    await say(work, person, text, dedupe_key=key, moment=moment, elsewhere=elsewhere)


def _reach_us(work: Work, language: str) -> str:
    words = work.rules.desk.reach_us
    order = (language, *work.rules.languages)
    return next((words[one] for one in order if words.get(one)), "")


def _is_words(said: Interaction) -> bool:
    """Return whether somebody said something: neither a tap nor a command with nothing behind it."""
    content = said.content
    bare = not content.media and _COMMAND.fullmatch(content.text) is not None
    return content.kind not in _NO_WORDS and not bare


async def _tell_said(work: Work, one: Ban, *, key: str) -> int | None:
    """Show in the case's topic what its customer wrote while they were banned, files included; returns the case.

    ``None`` when there is nothing to show.
    """
    case_id = await rows.get_last_case_id(work.tx, one.customer_id)
    case = await case_rows.get_case(work.tx, case_id) if case_id is not None else None
    said = await rows.list_said_since(work.tx, customer_id=one.customer_id, since=one.at, limit=_MOST_SAID)
    words = [each for each in said if _is_words(each)]
    if case is None or case.staff_group_id is None or not words:
        return None
    await desk.notice_case(work, case, key, name=one.name, count=len(words))
    for piece in await _pieces(work, case, words):
        await desk.notice_case(work, case, "ready.ban.said", lines=piece)
    for each in [each for each in words if each.content.media][-_MOST_FILES:]:
        content = replace(each.content, media_group_id=None)
        await desk.pass_on(work, case, interaction_id=each.id, content=content)
    return case.id


async def _pieces(work: Work, case: Case, said: list[Interaction]) -> list[str]:
    """Return what was said as lines with their times, in pieces that fit into a message."""
    language = await cards.language_of_case(work, case)
    pieces: list[str] = []
    for each in said:
        at = work.texts.moment(each.at, language, zone=work.rules.zone, now=work.now)
        words = shortened(each.content.text, 300) or work.texts.button(f"desk.kind.{each.content.kind}", language)
        line = f"{at} · {words}"
        if pieces and utf16_length(pieces[-1]) + utf16_length(line) < TEXT_LIMIT - 100:
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line)
    return pieces


def _audit(work: Work, customer_id: int, *, by: Actor, action: str, after: Mapping[str, object]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("customer", customer_id),
        customer_id=customer_id,
        after=dict(after),
    )
