"""“We changed it”: those who complained hear what their complaint has changed, when they may be written to."""

from datetime import datetime, timedelta

from domain.contact import FOR_GOOD, Hold, Verdict
from domain.outgoing import Button, Purpose
from domain.people import ConsentClass
from services.causes import CAMPAIGN, SPEAKER, cause_of
from services.contact import verdicts
from services.speech import say_html
from services.work import Person, Work
from storage import deliveries as delivery_rows
from storage.causes import Cause, get_causes
from storage.deliveries import Delivery
from storage.people import list_contacts_of_customers

_LOOK_AGAIN = timedelta(hours=1)
"""How often what only an event ends is asked about again, such as a case that is still open."""


async def feed(work: Work, *, limit: int) -> int:
    """Ask about the news that is due, and queue what may go; returns how many it dealt with."""
    due = await delivery_rows.list_due(work.tx, campaign=CAMPAIGN, now=work.now, limit=limit)
    if not due:
        return 0
    ids = [delivery.customer_id for delivery in due]
    known = await list_contacts_of_customers(work.tx, ids)
    answers = await verdicts(work, ids, ConsentClass.CARE, campaign=CAMPAIGN)
    causes = await get_causes(work.tx, sorted({cause_of(delivery.occasion) for delivery in due}))
    for delivery in due:
        contact = known.get(delivery.customer_id)
        person = Person(contact.contact, contact.customer) if contact else None
        await _feed_one(work, delivery, causes.get(cause_of(delivery.occasion)), person, answers[delivery.customer_id])
    return len(due)


async def _feed_one(
    work: Work, delivery: Delivery, cause: Cause | None, person: Person | None, verdict: Verdict
) -> None:
    if person is None or cause is None or not cause.note:
        _skip(work, delivery, Hold.NO_CONTACT.value)
    elif verdict.allowed and work.now <= delivery.late_after_at:
        await _tell(work, delivery, person, cause)
        delivery_rows.mark_queued(work.tx, delivery.id, now=work.now)
    elif (again_at := _again_at(work, delivery, verdict)) is not None:
        delivery_rows.postpone_delivery(work.tx, delivery.id, due_at=again_at)
    else:
        _skip(work, delivery, str(verdict.why or "late"))


def _skip(work: Work, delivery: Delivery, why: str) -> None:
    delivery_rows.set_delivery_state(work.tx, delivery.id, state="skipped", reason=why, now=work.now)


def _again_at(work: Work, delivery: Delivery, verdict: Verdict) -> datetime | None:
    """Return when to ask again about news held back, ``None`` when it would be late by then."""
    if verdict.why is None or verdict.why in FOR_GOOD:
        return None
    again_at = verdict.until or work.now + _LOOK_AGAIN
    return again_at if again_at <= delivery.late_after_at else None


async def _tell(work: Work, delivery: Delivery, person: Person, cause: Cause) -> None:
    html = work.texts.say(
        "learning.changed",
        person.language,
        name=person.customer.called,
        note=cause.note,
        business=work.rules.business_name,
    )
    mute = Button(work.texts.button("campaign.button.mute_care", person.language), data="c:mute:care")
    await say_html(
        work,
        person,
        html,
        purpose=Purpose.CHANGE_NEWS,
        buttons=((mute,),),
        dedupe_key=f"{CAMPAIGN}:{delivery.id}",
        delivery_id=delivery.id,
        author=SPEAKER,
    )
