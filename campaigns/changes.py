"""“We changed it”: those who complained hear what their complaint has changed, when they may be written to."""

from domain.contact import Hold, Verdict
from domain.outgoing import Button, Purpose
from domain.people import ConsentClass
from services.causes import CAMPAIGN, SPEAKER, cause_of
from services.contact import verdicts
from services.feeding import hold_or_skip, may_go, skip
from services.speech import say_html
from services.work import Person, Work
from storage import deliveries as delivery_rows
from storage.causes import Cause, get_causes
from storage.deliveries import Delivery
from storage.people import list_contacts_of_customers


async def feed(work: Work, *, limit: int) -> int:
    """Ask about the news that is due, and queue what may go; returns how many it dealt with."""
    due = await delivery_rows.list_due(work.tx, campaign=CAMPAIGN, now=work.now, limit=limit)
    if not due:
        return 0
    ids = [delivery.customer_id for delivery in due]
    known = await list_contacts_of_customers(work.tx, ids)
    answers = await verdicts(work, ids, ConsentClass.CARE, campaign=CAMPAIGN)
    causes = await get_causes(work.tx, sorted({cause_of(delivery.occasion) for delivery in due}))
    first = {delivery.customer_id: delivery for delivery in reversed(due)}  # what is said counts for what comes next
    for delivery in first.values():
        contact = known.get(delivery.customer_id)
        person = Person(contact.contact, contact.customer) if contact else None
        await _feed_one(work, delivery, causes.get(cause_of(delivery.occasion)), person, answers[delivery.customer_id])
    return len(first)


async def _feed_one(
    work: Work, delivery: Delivery, cause: Cause | None, person: Person | None, verdict: Verdict
) -> None:
    if person is None or cause is None or not cause.note:
        skip(work, delivery, Hold.NO_CONTACT.value)
    elif may_go(work, delivery, verdict):
        await _tell(work, delivery, person, cause)
        delivery_rows.mark_queued(work.tx, delivery.id, now=work.now)
    else:
        hold_or_skip(work, delivery, verdict)


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
