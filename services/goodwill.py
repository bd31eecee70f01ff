"""What a customer hears when something is made good: warm words in their language, kept with the case."""

from domain.cases import Case
from domain.interactions import Content, Kind, Visibility
from domain.people import Actor
from domain.points import Entry
from domain.rewards import Reward, Voucher
from services import speech
from services.vouchers import good_until, person_of_customer
from services.work import Person, Work, person_of_contact
from storage import cases as case_rows
from storage.audit import add_audit
from storage.interactions import NOWHERE
from texts.days import number_in_words


async def tell_points(work: Work, entry: Entry, *, by: Actor, reason: str) -> None:
    """Note points from us on their case, and tell the customer."""
    case, person = await _whom(work, entry.customer_id, entry.case_id)
    _audit(work, entry.customer_id, case, by=by, given={"points": entry.points, "reason": reason})
    if person is None:
        await _keep(work, entry.customer_id, case, by=by, words=f"+{entry.points} · {reason}")
        return
    await speech.say(
        work,
        person,
        "recovery.told.points",
        case_id=case.id if case else None,
        dedupe_key=f"goodwill:{entry.id}",
        name=person.customer.called,
        points=number_in_words(entry.points, person.language),
    )


async def tell_voucher(
    work: Work, voucher: Voucher, reward: Reward, *, case_id: int | None, by: Actor, reason: str
) -> None:
    """Note a voucher from us on its case, and tell the customer; its picture follows by itself."""
    case, person = await _whom(work, voucher.customer_id, case_id)
    _audit(work, voucher.customer_id, case, by=by, given={"reward": reward.key, "reason": reason})
    if person is None:
        await _keep(work, voucher.customer_id, case, by=by, words=f"{reward.key} · {reason}")
        return
    language = person.language
    await speech.say(
        work,
        person,
        "recovery.told.voucher",
        case_id=case.id if case else None,
        dedupe_key=f"goodwill:voucher:{voucher.id}",
        name=person.customer.called,
        reward=reward.name(language),
        code=voucher.shown_code,
        day=good_until(work, voucher, language),
    )


async def _whom(work: Work, customer_id: int, case_id: int | None) -> tuple[Case | None, Person | None]:
    """Return the case, and the person in the chat it came from, else in the one used last."""
    case = await case_rows.get_case(work.tx, case_id) if case_id is not None else None
    person = await person_of_contact(work, case.contact_point_id) if case and case.contact_point_id else None
    return case, person or await person_of_customer(work, customer_id)


def _audit(work: Work, customer_id: int, case: Case | None, *, by: Actor, given: dict[str, object]) -> None:
    if case is not None:
        add_audit(
            work.tx,
            at=work.now,
            actor=by,
            action="case.recover",
            subject=("case", case.id),
            customer_id=customer_id,
            after=given,
        )


async def _keep(work: Work, customer_id: int, case: Case | None, *, by: Actor, words: str) -> None:
    """Keep with the case, for staff, what was given to somebody who has no chat to be told in."""
    await speech.record_heard(
        work,
        author=by,
        content=Content(Kind.TEXT, words),
        origin=NOWHERE,
        customer_id=customer_id,
        case_id=case.id if case else None,
        visibility=Visibility.INTERNAL,
    )
