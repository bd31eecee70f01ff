"""Erasure: the one door by which a customer is forgotten, everywhere and for good."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.cases import CaseState
from domain.errors import NotFound
from domain.outcomes import Refusal
from domain.outgoing import Purpose, to_chat
from domain.people import SYSTEM, Actor, ActorKind, Permission
from services import cards, points
from services.permits import member_of
from services.speech import tell
from services.webhooks import emit
from services.work import Person, Work
from storage import erasure as rows
from storage.audit import add_audit
from storage.cases import get_case


async def erase_customer(work: Work, customer_id: int, *, by: Actor) -> list[str] | Refusal:
    """Forget a customer: every word, name and address goes; that something was said, and when, stays.

    All records of the person go together: this one, and those that were merged into one with it. Points left are
    forfeited, vouchers void. Returns the media files (by SHA-256) that nobody needs any more, for the caller to
    delete after the commit; the sweep of the media folder finds them too. The customer's contact is gone afterwards:
    what is still to be said goes to the bare chat. Asked again, it does the same again. Raises :class:`NotFound`.
    """
    records = await _lock_records(work, customer_id)
    if not await _may_erase(work, records, by):
        return Refusal("privacy.refused.not_allowed")
    if not await rows.is_known(work.tx, customer_id):
        raise NotFound(f"there is no customer {customer_id}")
    for record_id in records:
        await points.forfeit_all(work, record_id, by=by)
    files: set[str] = set()
    for record_id in records:
        files.update(await _erase_record(work, record_id, by=by))
    return sorted(files)


@dataclass(frozen=True, slots=True)
class Losses:
    """What a person gives up by being forgotten: points, vouchers still good, cases still open."""

    points: int
    vouchers: int
    cases: int


async def foresee_losses(work: Work, customer_id: int) -> Losses:
    """Return what a person would lose if they were forgotten now."""
    records = await rows.list_records(work.tx, customer_id)
    balance = await points.balance_of(work, customer_id)
    vouchers = await rows.count_vouchers(work.tx, records, now=work.now)
    return Losses(balance.available + balance.pending, vouchers, await rows.count_open_cases(work.tx, records))


async def forget_me(work: Work, person: Person) -> Refusal | None:
    """Forget this person at their own wish, and say goodbye to the bare chat, the last thing that is ever said there.

    ``person`` is nobody's record afterwards; nothing may be done with it any more.
    """
    chat_id, language = person.contact.chat_id, person.language
    found = await erase_customer(work, person.customer.id, by=person.actor)
    if isinstance(found, Refusal):
        return found
    goodbye = work.texts.say("forget.goodbye", language, business=work.rules.business_name)
    await tell(work, to_chat(chat_id), goodbye, purpose=Purpose.CONVERSATION)
    return None


async def _lock_records(work: Work, customer_id: int) -> list[int]:
    """Return all records of the person, with chats and cases locked; looked at again, for they may just have merged."""
    records: list[int] = []
    while records != (found := await rows.list_records(work.tx, customer_id)):
        records = found
        await rows.lock_customers(work.tx, records)
    await rows.lock_cases(work.tx, records)
    return records


async def _erase_record(work: Work, customer_id: int, *, by: Actor) -> list[str]:
    open_cases = await rows.list_open_cases(work.tx, customer_id)
    code = await rows.get_code(work.tx, customer_id)
    files = await rows.empty_customer(work.tx, customer_id, now=work.now)
    for case_id in await rows.list_case_ids(work.tx, customer_id):
        work.tx.identity.pop(("case", case_id), None)
    for case_id, state in open_cases:
        await _close_view(work, case_id, state, customer_id=customer_id, by=by)
    if code is not None:  # other systems are told once whom to forget
        await emit(work, "customer.erased", customer_id=None, data={"code": code})
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="customer.erase",
        subject=("customer", customer_id),
        customer_id=customer_id,
    )
    return files


async def _may_erase(work: Work, records: Sequence[int], by: Actor) -> bool:
    """Return whether it is the person, an admin, or the system; an API key never erases."""
    if by.kind is ActorKind.STAFF:
        member = await member_of(work, by)
        return member is not None and member.may(Permission.ADMINISTER)
    return by == SYSTEM or (by.kind is ActorKind.CUSTOMER and by.id in records)


async def _close_view(work: Work, case_id: int, state: str, *, customer_id: int, by: Actor) -> None:
    """Record that a case ended here, and show its emptied card."""
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="case.close",
        subject=("case", case_id),
        customer_id=customer_id,
        before={"state": state},
        after={"state": CaseState.CLOSED.value},
    )
    case = await get_case(work.tx, case_id)
    if case is not None:
        await cards.show_card(work, case)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many customers were forgotten again, and the media files that nobody needs any more."""

    customers: int
    files: list[str]


async def replay_erasures(work: Work, *, more: Sequence[int] = ()) -> Replayed:
    """Erase again whoever a restored backup brought back; ``more`` are those erased after that backup was made."""
    files: list[str] = []
    count = 0
    for customer_id in sorted({*await rows.list_unerased(work.tx), *more}):
        if await rows.is_known(work.tx, customer_id):
            found = await erase_customer(work, customer_id, by=SYSTEM)
            assert not isinstance(found, Refusal)
            files += found
            count += 1
    return Replayed(count, files)
