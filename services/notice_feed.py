"""Telling notices: everything that waits for one person goes out in one message, when it may."""

from collections import defaultdict
from collections.abc import Sequence

from domain.contact import FOR_GOOD, Hold, Verdict
from domain.outgoing import Button, Purpose, Rows
from domain.people import Actor, ActorKind, ConsentClass
from services.contact import verdicts
from services.files import order_file
from services.notice_words import OVER, Bundle, bundle
from services.speech import say_html
from services.work import Person, Work
from storage import care as rows
from storage.care import NoticeRow
from storage.deliveries import insert_queued
from storage.erasure import lock_customers
from storage.people import list_contacts_of_customers
from texts.catalogue import plain

CAMPAIGN = "points"
_AUTHOR = Actor(ActorKind.CAMPAIGN)
_STALE = "stale"
_MOST_CAPTION = 1024
"""So many letters Telegram lets stand under a picture."""


async def feed_notices(work: Work, *, limit: int) -> int:
    """Tell up to ``limit`` ready notices, or let them wait as long as their person may not be written to.

    Returns how many people it dealt with, so that it is asked again until 0.
    """
    if not work.rules.loyalty.enabled:
        return 0
    customer_ids = await rows.list_ready(work.tx, now=work.now, limit=limit)
    if not customer_ids:
        return 0
    await lock_customers(work.tx, customer_ids)
    ready_by = work.now + work.rules.loyalty.notices.bundle_for  # what is almost ready goes along
    waiting: dict[int, list[NoticeRow]] = defaultdict(list)
    for notice in await rows.list_waiting(work.tx, customer_ids, ready_by=ready_by):
        waiting[notice.customer_id].append(notice)
    answers = await verdicts(work, customer_ids, ConsentClass.POINTS, campaign=CAMPAIGN)
    allowed = [customer_id for customer_id in waiting if answers[customer_id].allowed]
    known = await list_contacts_of_customers(work.tx, allowed) if allowed else {}
    for customer_id, notices in waiting.items():
        if customer_id in known:
            contact = known[customer_id]
            person = Person(contact.contact, contact.customer, contact.dialogue, contact.notice_version)
            await _tell(work, person, notices)
        else:
            _let_wait(work, notices, answers[customer_id])
    return len(customer_ids)


def _let_wait(work: Work, notices: Sequence[NoticeRow], verdict: Verdict) -> None:
    """Let notices wait until they may be told; drop those that would be stale by then."""
    for notice in notices:
        over = verdict.until is None or verdict.why in FOR_GOOD or verdict.until > notice.stale_at
        if over or verdict.until is None:
            # Who may be written to but has no contact of this bot cannot be told by it.
            rows.drop_notice(work.tx, notice.id, reason=verdict.why or Hold.NO_CONTACT)
        else:
            rows.postpone_notice(work.tx, notice.id, ready_at=verdict.until)


async def _tell(work: Work, person: Person, notices: Sequence[NoticeRow]) -> None:
    fresh = [notice for notice in notices if work.now <= notice.stale_at]
    made = await bundle(work, person, fresh)
    for notice in notices:
        if work.now > notice.stale_at:
            rows.drop_notice(work.tx, notice.id, reason=_STALE)
    for notice in made.over:
        rows.drop_notice(work.tx, notice.id, reason=OVER)
    if made.told:
        delivery_id = await _send(work, person, made)
        for notice in made.told:
            rows.mark_told(work.tx, notice.id, delivery_id=delivery_id)


async def _send(work: Work, person: Person, made: Bundle) -> int:
    """Queue the one message, with a statement's picture if there is one; returns its delivery."""
    zone = person.zone(work.rules)
    first = min(notice.id for notice in made.told)
    delivery_id = await insert_queued(
        work.tx,
        campaign=CAMPAIGN,
        occasion=f"n{first}",
        customer_id=person.customer.id,
        consent=ConsentClass.POINTS.value,
        on=work.now.astimezone(zone).date(),
        zone=zone.key,
        late_after_at=min(notice.stale_at for notice in made.told),
        now=work.now,
    )
    html, key = _message(work, person, made), f"{CAMPAIGN}:{delivery_id}"
    if made.picture is not None and len(plain(html)) <= _MOST_CAPTION:
        await order_file(
            work,
            person,
            kind="statement",
            recipe=made.picture,
            name="statement.png",
            mime="image/png",
            caption=html,
            buttons=_buttons(work, person),
            purpose=Purpose.POINTS_NOTICE,
            as_photo=True,
            dedupe_key=key,
            delivery_id=delivery_id,
        )
    else:
        await say_html(
            work,
            person,
            html,
            purpose=Purpose.POINTS_NOTICE,
            buttons=_buttons(work, person),
            dedupe_key=key,
            delivery_id=delivery_id,
            author=_AUTHOR,
        )
    return delivery_id


def _message(work: Work, person: Person, made: Bundle) -> str:
    """Return the lines; more than two get a head that says what they are about."""
    if len(made.lines) <= 2:
        return "\n".join(made.lines)
    head = work.texts.say("notices.head", person.language, name=person.customer.called)
    return "\n".join([head, "", *made.lines])


def _buttons(work: Work, person: Person) -> Rows:
    """Return the way to the points and the way out of such messages."""
    texts, language = work.texts, person.language
    return (
        (Button(texts.button("notices.button.points", language), data="c:points"),),
        (Button(texts.button("notices.button.stop", language), data="c:mute:points"),),
    )
