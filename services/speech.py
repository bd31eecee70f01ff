"""Recording what was said, in and out, and queueing what is to be said. Nothing here talks to Telegram."""

from datetime import datetime
from typing import Any

from domain.interactions import Content, Direction, Kind, Visibility
from domain.outgoing import Action, Lane, Outgoing, Purpose, Rows, Target, to_contact
from domain.people import SYSTEM, Actor
from services.work import Person, Work
from storage.interactions import NOWHERE, Origin, add_interaction, keep_media
from storage.jobs import insert_job
from storage.outbox import add_outgoing, queue_or_replace
from texts.catalogue import plain

FETCH_MEDIA = "fetch_media"


async def record_heard(
    work: Work,
    *,
    author: Actor,
    content: Content,
    origin: Origin,
    customer_id: int | None,
    case_id: int | None = None,
    visibility: Visibility = Visibility.CUSTOMER,
    direction: Direction = Direction.IN,
    version_of: int | None = None,
    reply_to: int | None = None,
) -> int:
    """Append what a person said or did; a file's reference is kept at once, its bytes are fetched by a job."""
    media_id = None
    if content.media is not None:
        media_id, wanted = await keep_media(
            work.tx,
            content.media,
            bot_id=work.bot_id,
            now=work.now,
            limit_bytes=work.rules.media_limit_bytes,
        )
        if wanted:
            await insert_job(work.tx, kind=FETCH_MEDIA, ref=media_id, due_at=work.now)
    return await add_interaction(
        work.tx,
        bot_id=work.bot_id,
        at=work.now,
        author=author,
        direction=direction,
        visibility=visibility,
        content=content,
        customer_id=customer_id,
        case_id=case_id,
        origin=origin,
        media_id=media_id,
        version_of=version_of,
        reply_to=reply_to,
    )


async def say_html(
    work: Work,
    person: Person,
    html: str,
    *,
    purpose: Purpose = Purpose.CONVERSATION,
    buttons: Rows = (),
    keyboard: tuple[tuple[str, ...], ...] = (),
    replacing: int | None = None,
    case_id: int | None = None,
    dedupe_key: str | None = None,
    coalesce_key: str | None = None,
    delivery_id: int | None = None,
    author: Actor = SYSTEM,
    kind: Kind = Kind.TEXT,
    lane: Lane | None = None,
    extra: dict[str, Any] | None = None,
) -> int:
    """Record and queue words of the business for a customer; returns the interaction.

    ``replacing`` is the id of a message of ours in the chat that is edited instead of sending a new one. Words that
    still wait to be sent under the same ``coalesce_key`` give way to these. ``kind`` is another than text for words
    under a picture, which ``extra`` names.
    """
    interaction_id = await add_interaction(
        work.tx,
        bot_id=work.bot_id,
        at=work.now,
        author=author,
        direction=Direction.OUT,
        visibility=Visibility.CUSTOMER,
        content=Content(kind, plain(html)),
        customer_id=person.customer.id,
        case_id=case_id,
        origin=Origin(chat_id=person.contact.chat_id) if author is not SYSTEM else NOWHERE,
    )
    message = Outgoing(
        purpose=purpose,
        target=to_contact(person.contact.id),
        content=Content(kind, html),
        html=True,
        action=Action.EDIT if replacing else Action.SEND,
        buttons=buttons,
        keyboard=keyboard,
        message_id=replacing,
        dedupe_key=dedupe_key,
        coalesce_key=coalesce_key,
        customer_id=person.customer.id,
        case_id=case_id,
        interaction_id=interaction_id,
        delivery_id=delivery_id,
        lane=lane,
        extra=extra or {},
    )
    queue = queue_or_replace if coalesce_key else add_outgoing
    await queue(work.tx, message, bot_id=work.bot_id, now=work.now)
    return interaction_id


async def say(
    work: Work,
    person: Person,
    key: str,
    *,
    purpose: Purpose = Purpose.CONVERSATION,
    buttons: Rows = (),
    keyboard: tuple[tuple[str, ...], ...] = (),
    replacing: int | None = None,
    case_id: int | None = None,
    dedupe_key: str | None = None,
    **values: object,
) -> int:
    """Say the text under ``key`` to a customer, in their language; returns the interaction."""
    return await say_html(
        work,
        person,
        work.texts.say(key, person.language, **values),
        purpose=purpose,
        buttons=buttons,
        keyboard=keyboard,
        replacing=replacing,
        case_id=case_id,
        dedupe_key=dedupe_key,
    )


async def tell(
    work: Work,
    target: Target,
    html: str,
    *,
    purpose: Purpose = Purpose.STAFF_NOTICE,
    buttons: Rows = (),
    case_id: int | None = None,
    customer_id: int | None = None,
    reply_to: int | None = None,
    replacing: int | None = None,
    force_reply: bool = False,
    dedupe_key: str | None = None,
    not_before_at: datetime | None = None,
    lane: Lane | None = None,
    extra: dict[str, Any] | None = None,
    coalesce_key: str | None = None,
) -> int:
    """Queue words that are no interaction with a customer: to staff, or to a chat that is not ours.

    ``customer_id`` is whom they name, so that they go when that customer is forgotten; with ``case_id`` it is known.
    Words that still wait under the same ``coalesce_key`` give way to these.
    """
    asks = bool(buttons) and target.chat_key.startswith("g")
    message = Outgoing(
        purpose=purpose,
        target=target,
        content=Content(Kind.TEXT, html),
        html=True,
        action=Action.EDIT if replacing else Action.SEND,
        buttons=buttons,
        message_id=replacing,
        reply_to=reply_to,
        force_reply=force_reply,
        dedupe_key=dedupe_key,
        not_before_at=not_before_at,
        extra=extra or {},
        customer_id=customer_id,
        case_id=case_id,
        lane=Lane.REPLY if asks else lane,  # what asks waits behind nothing
        coalesce_key=coalesce_key,
    )
    queue = queue_or_replace if coalesce_key else add_outgoing
    return await queue(work.tx, message, bot_id=work.bot_id, now=work.now)
