"""Updates that could not be handled: the person is told, staff are told, and the update waits for a replay."""

from domain.outgoing import Purpose, to_chat
from services import desk
from services.speech import say, tell
from services.work import Work, person_of_contact
from storage.people import load_contacts


async def tell_of_dead_letter(work: Work, *, inbox_id: int, chat_id: int) -> None:
    """Apologise to whoever sent the update, and tell staff which dead letter to look at. Once an update."""
    dedupe_key = f"apology:{inbox_id}"
    known = (await load_contacts(work.tx, bot_id=work.bot_id, chat_ids=[chat_id])).get(chat_id)
    name, customer_id = "", None
    if known is not None:
        person = await person_of_contact(work, known.contact.id)
        assert person is not None
        name, customer_id = known.customer.name, known.customer.id
        await say(work, person, "apology", purpose=Purpose.APOLOGY, dedupe_key=dedupe_key)
    elif chat_id > 0:
        html = work.texts.say("apology", work.rules.languages[0])
        await tell(work, to_chat(chat_id), html, purpose=Purpose.APOLOGY, dedupe_key=dedupe_key)
    await desk.notice_staff(
        work,
        "desk.dead_letter",
        customer_id=customer_id,
        dedupe_key=f"dead:{inbox_id}",
        number=inbox_id,
        name=name or "?",
    )
