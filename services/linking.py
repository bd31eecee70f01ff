"""Linking a chat to the record its person already has: by the number Telegram vouches for, or by a one-time code."""

from dataclasses import dataclass, replace
from secrets import randbits

from domain.codes import read_code, spell
from domain.outcomes import Refusal
from domain.people import Actor, Permission
from domain.phones import read_telegram_phone
from domain.records import differences, initial_of
from services import desk, webhooks
from services.merging import join_records
from services.permits import may
from services.records import resolve
from services.work import Person, Work
from storage import links as rows
from storage import records as record_rows
from storage.audit import add_audit
from storage.cases import load_owed
from storage.people import get_contact
from storage.records import Record

CODE_SIGNS = 16
"""Eighty bits: whoever guesses a thousand a second needs longer than the world has stood."""
CODE_PREFIX = "l-"
_BAD_CODE = Refusal("record.refused.link_code")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be this person's; nothing of it is shown but the initial of its first name."""

    customer_id: int
    initial: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What a number led to: records to choose from, ``linked`` already, or neither (``known_elsewhere``: to staff)."""

    candidates: tuple[Candidate, ...] = ()
    linked: bool = False
    known_elsewhere: bool = False


async def make_link_code(work: Work, customer_id: int, *, by: Actor) -> str | Refusal:
    """Return a code that links one chat to this record, once, for as long as the settings say.

    It goes behind ``t.me/<bot>?start=l-``; only its hash is kept. Raises :class:`NotFound`.
    """
    if not await may(work, by, Permission.EDIT_CUSTOMERS):
        return Refusal("desk.refused.not_allowed")
    record = await record_rows.get_record(work.tx, await resolve(work, customer_id))
    if record is None or record.erased_at is not None:
        return Refusal("record.refused.erased")
    if await rows.is_linked(work.tx, record.id):
        return Refusal("record.refused.linked", {"code": record.code})
    code = spell(randbits(5 * CODE_SIGNS), CODE_SIGNS)
    expires_at = work.now + work.rules.record.link_code_for
    await rows.insert_code(work.tx, code=code, customer_id=record.id, expires_at=expires_at, now=work.now)
    _audit(work, record.id, by, "customer.link_code", after={"expires_at": expires_at.isoformat()})
    return code


async def link_by_code(work: Work, person: Person, code: str) -> Refusal | None:
    """Link this chat to the record the code was made for.

    A code that was used, is too old or never was gets one and the same answer.
    """
    kept = await rows.get_code(work.tx, read_code(code))
    if kept is None or kept.used_at is not None or kept.expires_at <= work.now:
        return _BAD_CODE
    target_id = await resolve(work, kept.customer_id)
    record = await record_rows.get_record(work.tx, target_id)
    if record is None or record.erased_at is not None:
        return _BAD_CODE
    refusal = await _link(work, person, record, how="code")
    if refusal is None:
        await rows.mark_used(work.tx, kept.id, now=work.now)
    return refusal


async def link_by_contact(
    work: Work, person: Person, *, phone: str, contact_user_id: int | None, sender_id: int, forwarded: bool
) -> Proved | Refusal:
    """Take the number a person shared by the button, and return the records it may belong to.

    It counts only when Telegram says that the contact is the sender's own, and it was not forwarded: such a one may
    be old or made up by whoever sent it first. It is kept as proved on the person's record; nothing is linked before
    :func:`link_candidate`.
    """
    if forwarded:
        return Refusal("record.refused.forwarded_contact")
    if contact_user_id is None or contact_user_id != sender_id:
        return Refusal("record.refused.not_own_contact")
    number = read_telegram_phone(phone)
    if number is None:
        return Refusal("record.refused.phone", {"phone": phone[:40]})
    await _prove(work, person, number)
    own = person.customer.id
    others = [found for found in await record_rows.list_by_phone(work.tx, number) if found != own]
    free = [found for found in others if not await rows.is_linked(work.tx, found)]
    if await rows.is_established(work.tx, own):
        if free:
            await _tell_staff(work, person, free[0], "record.staff.maybe_same")
        return Proved(linked=True, known_elsewhere=bool(free))
    candidates = [await _candidate(work, found) for found in free]
    initials = [candidate.initial for candidate in candidates]
    if candidates and all(initials) and len(set(initials)) == len(initials):
        return Proved(tuple(candidates))
    if others:
        await _tell_staff(work, person, others[0], "record.staff.maybe_same")
    return Proved(known_elsewhere=bool(others))


async def _candidate(work: Work, customer_id: int) -> Candidate:
    record = await record_rows.get_record(work.tx, customer_id)
    return Candidate(customer_id, initial_of(record.called) if record else "")


async def link_candidate(work: Work, person: Person, customer_id: int) -> Refusal | None:
    """Link this chat to one of the records its proved number led to; asked again, since the offer may be old."""
    record = await record_rows.get_record(work.tx, customer_id)
    own = await record_rows.get_record(work.tx, person.customer.id)
    if record is None or own is None or own.phone_proved_at is None or record.phone != own.phone:
        return Refusal("record.refused.link_stale")
    return await _link(work, person, record, how="contact")


async def refer_to_staff(work: Work, person: Person, customer_id: int) -> None:
    """Let staff look, since the person knows none of the names or their number is on a record with another chat."""
    await _tell_staff(work, person, customer_id, "record.staff.maybe_same")


async def _link(work: Work, person: Person, record: Record, *, how: str) -> Refusal | None:
    """Merge the record this chat made by itself into the one its person already had."""
    own = person.customer.id
    if record.id == own:
        return Refusal("record.refused.already_yours")
    if await rows.is_linked(work.tx, record.id) or await rows.is_established(work.tx, own):
        await _tell_staff(work, person, record.id, "record.staff.second_chat")
        return Refusal("record.refused.to_staff")
    refusal = await join_records(work, keep_id=record.id, duplicate_id=own, by=person.actor, reason=f"linked by {how}")
    if refusal is not None:
        return refusal
    record_rows.change_record(work.tx, record.id, language=person.language)
    _audit(work, record.id, Actor(person.actor.kind, record.id), "customer.link", after={"how": how, "from": own})
    await _become(work, person)
    return None


async def _become(work: Work, person: Person) -> None:
    """Let the person at hand be whom the chat belongs to from now on."""
    known = await get_contact(work.tx, person.contact.id)
    assert known is not None
    person.contact, person.customer = known.contact, known.customer
    person.case_ids = [case.id for case in await load_owed(work.tx, [known.customer.id])]


async def _prove(work: Work, person: Person, number: str) -> None:
    record = await record_rows.get_record(work.tx, person.customer.id)
    assert record is not None
    if record.phone == number and record.phone_proved_at is not None:
        return
    record_rows.change_record(work.tx, record.id, phone=number, phone_proved_at=work.now)
    person.customer = replace(person.customer, phone=number)
    before, after = differences({"phone": record.phone}, {"phone": number})
    _audit(work, record.id, person.actor, "customer.phone_proved", before=before, after=after)
    data = {"customer_id": record.id, "fields": ["phone"]}
    await webhooks.emit(work, "customer.changed", customer_id=record.id, data=data)


async def _tell_staff(work: Work, person: Person, customer_id: int, key: str) -> None:
    """Tell the staff group, once a day and pair, that two records may be one person's."""
    record = await record_rows.get_record(work.tx, customer_id)
    if record is None:
        return
    today = work.now.astimezone(work.rules.zone).date().isoformat()
    await desk.notice_staff(
        work,
        key,
        customer_id=person.customer.id,
        dedupe_key=f"link:{person.contact.id}:{customer_id}:{today}",
        name=person.customer.called,
        code=person.customer.code,
        other_name=record.called,
        other_code=record.code,
    )


def _audit(work: Work, customer_id: int, by: Actor, action: str, **sides: dict[str, object]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("customer", customer_id),
        customer_id=customer_id,
        **sides,
    )
