"""Words written back to a campaign: whoever writes within some days of a message answers it, whatever it is about."""

from datetime import timedelta

from services.work import Person, Work
from storage import campaign_taps as rows

WITHIN = timedelta(days=7)
REPLY = "reply"


async def note_reply(work: Work, person: Person) -> None:
    """Count the words just heard as an answer to the last campaign message, once each; they go their usual way."""
    found = await rows.last_message(work.tx, person.customer.id, since=work.now - WITHIN)
    if found is None:
        return
    delivery_id, campaign = found
    if any(tap.kind == REPLY for tap in await rows.list_taps(work.tx, delivery_id)):
        return
    await rows.add_tap(
        work.tx,
        delivery_id=delivery_id,
        customer_id=person.customer.id,
        campaign=campaign,
        kind=REPLY,
        button=REPLY,
        now=work.now,
    )
