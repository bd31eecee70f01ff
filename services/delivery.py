"""What follows from a message having been sent, refused, or lost from sight; and what people decide about lost ones."""

from collections.abc import Sequence
from datetime import datetime

from domain.calendars import next_send_at
from domain.campaigns import CampaignState
from domain.cases import Case
from domain.instants import zone_named
from domain.interactions import Content, Interaction, Kind
from domain.outcomes import Refusal
from domain.outgoing import Action, Lane, Outgoing, Purpose, Target, TargetKind, to_member, to_staff_group
from domain.people import SYSTEM, Actor, ConsentClass, MemberReach, Reach
from services import cards, desk, private_desk
from services.case_door import change_case
from services.customers import set_reach
from services.member_reach import set_member_reach
from services.sla import on_answer_failed
from services.work import Work, person_of_contact
from storage import cases as case_rows
from storage import deliveries as delivery_rows
from storage import outbox
from storage import people as people_rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.campaign_feed import take_rows_back
from storage.deliveries import Delivery, Planned
from storage.interactions import get_interaction
from storage.outbox import OutboxRow

ARRIVED = "👌"
CHANGED = "✍"
_OVER = frozenset({CampaignState.CANCELLED, CampaignState.DRAFT, CampaignState.SCHEDULED})
"""States of a campaign of which nothing that is left may go out."""
_UNREACHABLE = ("blocked", "not_found")


async def after_sent(work: Work, row: OutboxRow, message_id: int | None) -> None:
    """Show that a message arrived: under the words of the member of staff who wrote it, on its delivery."""
    if row.delivery_id is not None:
        delivery_rows.set_delivery_state(work.tx, row.delivery_id, state="sent", now=work.now)
    if row.purpose is not Purpose.STAFF_ANSWER or row.interaction_id is None:
        return
    said = await get_interaction(work.tx, row.interaction_id)
    if said is None or said.message_id is None:
        return
    target, language = await _written_in(work, row, said)
    if target is None:
        return
    mark = Outgoing(
        purpose=Purpose.DELIVERY_MARK,
        target=target,
        content=Content(Kind.REACTION),
        action=Action.REACT,
        message_id=said.message_id,
        reply_to=said.id,
        case_id=row.case_id,
        extra={
            "emoji": CHANGED if said.version_of else ARRIVED,
            "fallback_reply": work.texts.say("desk.arrived", language),
        },
    )
    await outbox.add_outgoing(work.tx, mark, bot_id=work.bot_id, now=work.now)


async def _written_in(work: Work, row: OutboxRow, said: Interaction) -> tuple[Target | None, str]:
    """Return the chat of staff in which words were written, unless it has moved since, and the language read there."""
    author = await private_desk.writer_in_private(work, said)
    if author is not None:
        return to_member(author.id), private_desk.language_of(work, author)
    case = await case_rows.get_case(work.tx, row.case_id) if row.case_id else None
    group = await staff_rows.get_group(work.tx, case.staff_group_id) if case and case.staff_group_id else None
    here = group is not None and group.chat_id == said.chat_id
    return to_staff_group(group.id) if group and here else None, cards.desk_language(work, group)


async def after_failed(work: Work, row: OutboxRow, reason: str) -> None:
    """Tell who must know that a message will not arrive, and stop writing to who cannot be reached.

    ``reason`` is ``blocked``, ``not_found`` or the platform's own words.
    """
    if row.delivery_id is not None:
        delivery_rows.set_delivery_state(work.tx, row.delivery_id, state="failed", reason=reason, now=work.now)
    if row.target_kind is TargetKind.CONTACT and reason in _UNREACHABLE:
        person = await person_of_contact(work, row.target_ref)
        if person is not None:
            await set_reach(work, person, Reach.BLOCKED, by=SYSTEM)
    if row.target_kind is TargetKind.MEMBER and reason in _UNREACHABLE:
        await set_member_reach(work, row.target_ref, MemberReach.BLOCKED)
    if row.purpose is Purpose.DELETION:
        await _tell_author(work, row, "private.delete_failed")
    if row.purpose is Purpose.STAFF_ANSWER:
        await _owe_again(work, row)
        await _tell_author(work, row, f"desk.failed.{reason}" if reason in _UNREACHABLE else "desk.failed.refused")


async def _owe_again(work: Work, row: OutboxRow) -> None:
    case = await case_rows.get_case(work.tx, row.case_id) if row.case_id else None
    said = await get_interaction(work.tx, row.interaction_id) if row.interaction_id else None
    if case is not None and said is not None:
        await owe_again(work, case, said)


async def owe_again(work: Work, case: Case, said: Interaction) -> None:
    """A first answer that never arrived is none: the promise of one stands again, and staff are reminded of it."""
    case = await on_answer_failed(work, case, answered_at=said.at)
    if case.live and case.first_response_at == said.at:
        case = change_case(work, case, by=SYSTEM, action="case.answer_failed", first_response_at=None)
        await cards.show_card(work, case)


async def after_unknown(work: Work, row: OutboxRow) -> None:
    """Keep that nobody knows whether a message arrived; an answer's author is told so."""
    if row.delivery_id is not None:
        delivery_rows.set_delivery_state(work.tx, row.delivery_id, state="unknown", now=work.now)
    if row.purpose is Purpose.STAFF_ANSWER:
        await _tell_author(work, row, "desk.failed.unknown")


async def _tell_author(work: Work, row: OutboxRow, key: str) -> None:
    case = await case_rows.get_case(work.tx, row.case_id) if row.case_id else None
    if case is not None:
        customer = await people_rows.get_customer(work.tx, case.customer_id)
        name = customer.name if customer else ""
        await desk.notice_case(work, case, key, reply_to=row.interaction_id, name=name)


async def find_unwanted(work: Work, rows: Sequence[OutboxRow]) -> dict[int, str]:
    """Return, by row id, why queued unasked messages are no longer to be sent: consent withdrawn, or too late."""
    return _unwanted(work, rows, await _on_the_way(work, rows))


async def _on_the_way(work: Work, rows: Sequence[OutboxRow]) -> dict[int, Planned]:
    return await delivery_rows.list_on_the_way(work.tx, [row.delivery_id for row in rows if row.delivery_id])


def _unwanted(work: Work, rows: Sequence[OutboxRow], planned: dict[int, Planned]) -> dict[int, str]:
    unwanted = {}
    for row in rows:
        known = planned.get(row.delivery_id) if row.delivery_id else None
        if known is None or work.now > known.delivery.late_after_at:
            unwanted[row.id] = "expired"
        elif known.campaign_state in _OVER:
            unwanted[row.id] = "cancelled"
        elif not _wants(known, work.now):
            unwanted[row.id] = "withdrawn"
    return unwanted


def _wants(known: Planned, now: datetime) -> bool:
    """Return whether a person wants this kind of message right now; what they asked for needs no yes."""
    if known.delivery.consent == ConsentClass.SERVICE:
        return True
    return known.consent is not None and known.consent.allows(now)


async def drop_unwanted(work: Work, rows: Sequence[OutboxRow]) -> frozenset[int]:
    """Ask once more about unasked messages that are about to be sent; returns the ids of those that are not to go.

    What is no longer wanted is dropped; what would wake its person waits for the morning; what belongs to a campaign
    that was paused meanwhile, or may not be paid for any more, is taken back.
    """
    rows = [row for row in rows if row.delivery_id is not None]
    planned = await _on_the_way(work, rows)
    unwanted = _unwanted(work, rows, planned)
    held, waiting = [], set()
    for row in rows:
        assert row.delivery_id is not None
        if (why := unwanted.get(row.id)) is not None:
            delivery_rows.set_delivery_state(work.tx, row.delivery_id, state="skipped", reason=why, now=work.now)
            outbox.mark_settled(work.tx, row_id=row.id, state="dropped", now=work.now, error=why)
        elif _is_held(work, row, planned[row.delivery_id]):
            held.append(row)
        elif (send_at := _send_at(work, planned[row.delivery_id].delivery)) > work.now:
            outbox.postpone(work.tx, row_id=row.id, until_at=send_at)
            waiting.add(row.id)
    await take_rows_back(work.tx, [(row.id, row.delivery_id, row.interaction_id) for row in held], now=work.now)
    return frozenset(unwanted.keys() | waiting | {row.id for row in held})


def _is_held(work: Work, row: OutboxRow, known: Planned) -> bool:
    unpaid = row.lane is Lane.PAID and not work.rules.campaigns.paid_broadcast
    return unpaid or known.campaign_state == CampaignState.PAUSED


def _send_at(work: Work, delivery: Delivery) -> datetime:
    return next_send_at(work.now, work.rules.quiet, zone_named(delivery.zone, work.rules.zone))


async def retry_unknown(work: Work, row_id: int, *, by: Actor = SYSTEM) -> Refusal | None:
    """Send again what nobody knows the arrival of, because a person decided so."""
    row = await _unknown_row(work, row_id)
    if isinstance(row, Refusal):
        return row
    if row.body is None:
        return Refusal("desk.refused.words_gone")
    if row.delivery_id is not None and await find_unwanted(work, [row]):
        return Refusal("desk.refused.unwanted")
    outbox.requeue(work.tx, row_id=row.id, not_before_at=None, error=None)
    _decide(work, row, by=by, action="outbox.retry", state="queued")
    return None


async def assume_delivered(work: Work, row_id: int, *, by: Actor = SYSTEM) -> Refusal | None:
    """Take what nobody knows the arrival of for delivered, because a person decided so."""
    row = await _unknown_row(work, row_id)
    if isinstance(row, Refusal):
        return row
    outbox.mark_sent(work.tx, row_id=row.id, now=work.now, chat_id=None, message_id=None)
    _decide(work, row, by=by, action="outbox.assume_delivered", state="sent")
    return None


async def _unknown_row(work: Work, row_id: int) -> OutboxRow | Refusal:
    row = await outbox.get_row(work.tx, row_id, hold=True)  # of two who decide at once one does
    return row if row is not None and row.state == "unknown" else Refusal("desk.refused.not_unknown")


def _decide(work: Work, row: OutboxRow, *, by: Actor, action: str, state: str) -> None:
    if row.delivery_id is not None:
        reason = None if state == "queued" else "assumed"
        settled_at = None if state == "queued" else work.now
        delivery_rows.set_delivery_state(work.tx, row.delivery_id, state=state, reason=reason, now=settled_at)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("outbox", row.id),
        customer_id=row.customer_id,
        before={"state": "unknown"},
        after={"state": state},
    )
