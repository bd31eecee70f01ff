"""Where logical targets are in Telegram right now: what is missing for a view is said, not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.calls import Address
from domain.deeds import Confided, sees
from domain.interactions import Interaction
from domain.outgoing import Action, Purpose, TargetKind
from domain.people import ActorKind, StaffGroup
from services.confidential import NEUTRAL
from storage import cases as case_rows
from storage import confidential as confidential_rows
from storage import deleting as deleting_rows
from storage import focus as focus_rows
from storage import staff as staff_rows
from storage.cases import Topic
from storage.database import Tx
from storage.desk_queue import find_sent_carrying
from storage.interactions import get_interaction, list_album_before
from storage.outbox import OutboxRow, find_sent_of_interaction
from storage.people import list_chat_ids

_STAFF = frozenset({TargetKind.CASE, TargetKind.CARD, TargetKind.MEMBER})


@dataclass(frozen=True, slots=True)
class Way:
    """How a row reaches its chat. ``address`` is ``None`` when its target is gone for good.

    ``opening``: the case has no topic or card yet in ``group``; it is made on the way.
    """

    address: Address | None
    group: StaffGroup | None = None
    topic: Topic | None = None
    opening: bool = False


async def find_ways(tx: Tx, rows: Sequence[OutboxRow]) -> dict[int, Way]:
    """Return the way of each row, by row id."""
    contacts = await list_chat_ids(tx, [r.target_ref for r in rows if r.target_kind is TargetKind.CONTACT])
    to_staff = [row for row in rows if row.target_kind in _STAFF and row.case_id is not None]
    confided = await confidential_rows.load_confided(tx, [row.case_id for row in to_staff if row.case_id is not None])
    ways = {}
    for row in rows:
        if (case := confided.get(row.case_id or 0)) is not None and not await _may_know(tx, row, case):
            ways[row.id] = Way(None)
        elif row.target_kind is TargetKind.CONTACT:
            chat_id = contacts.get(row.target_ref)
            ways[row.id] = Way(None) if chat_id is None else await _within_chat(tx, row, chat_id)
        elif row.target_kind is TargetKind.CHAT:
            ways[row.id] = await _within_chat(tx, row, row.target_ref)
        elif row.target_kind is TargetKind.MEMBER:
            ways[row.id] = await _to_member(tx, row)
        else:
            ways[row.id] = await _to_staff(tx, row)
    return ways


async def _within_chat(tx: Tx, row: OutboxRow, chat_id: int, thread_id: int | None = None) -> Way:
    body = row.body or {}
    if row.action is Action.DELETE:
        deleted = await deleting_rows.list_shown_messages(tx, body.get("extra", {}).get("deletes", []), chat_id)
        return Way(Address(chat_id, deleted=tuple(deleted)) if deleted else None)
    reply_to = await _message_of(tx, body.get("reply_to"), chat_id)
    message_id = body.get("message_id")
    edit_of = body.get("extra", {}).get("edit_of")
    if row.action is Action.EDIT and edit_of:
        message_id = await _message_of(tx, edit_of, chat_id)
        if message_id is None:
            return Way(None)
    return Way(Address(chat_id, thread_id, reply_to, message_id))


async def _message_of(tx: Tx, interaction_id: int | None, chat_id: int) -> int | None:
    """Return the message in ``chat_id`` that shows an interaction: said there, or passed on to there."""
    if interaction_id is None:
        return None
    said = await get_interaction(tx, interaction_id)
    if said is not None and said.chat_id == chat_id and said.message_id:
        return said.message_id
    carried = await find_sent_of_interaction(tx, interaction_id=interaction_id, chat_id=chat_id)
    if carried is None and said is not None and said.content.media_group_id:
        return await _message_of_album_part(tx, said, chat_id)
    if carried is None and said is not None and said.author.kind is ActorKind.CUSTOMER:
        carried = await find_sent_carrying(tx, interaction_id=interaction_id, chat_id=chat_id)
    return carried.message_id if carried else None


async def _message_of_album_part(tx: Tx, part: Interaction, chat_id: int) -> int | None:
    """Return the message of a later part of an album, which travelled in the row of an earlier one."""
    for earlier in await list_album_before(tx, part):
        row = await find_sent_of_interaction(tx, interaction_id=earlier, chat_id=chat_id)
        items = (row.body or {}).get("extra", {}).get("items", []) if row else []
        places = [nth for nth, item in enumerate(items) if item["interaction_id"] == part.id]
        if row and row.message_id and places:
            return row.message_id + places[0]
    return None


async def _may_know(tx: Tx, row: OutboxRow, case: Confided) -> bool:
    """Return whether a row may say something about a confidential case where it goes to: asked when it is sent."""
    if (row.body or {}).get("extra", {}).get(NEUTRAL) or row.target_kind not in _STAFF:
        return True
    if row.target_kind is not TargetKind.MEMBER:
        return False
    member = await staff_rows.get_member(tx, row.target_ref)
    return member is not None and sees(case, member)


async def _to_member(tx: Tx, row: OutboxRow) -> Way:
    """Return the way to a member's private chat; who no longer works here is told nothing any more."""
    member = await staff_rows.get_member(tx, row.target_ref)
    if member is None or not member.active:
        return Way(None)
    way = await _within_chat(tx, row, member.user_id)
    if row.purpose is not Purpose.CARD or row.action is not Action.EDIT or way.address is None:
        return way
    assert row.customer_id is not None
    assert row.case_id is not None
    card = await focus_rows.find_card(tx, customer_id=row.customer_id, case_id=row.case_id, chat_key=row.chat_key)
    return Way(replace(way.address, message_id=card))


async def _in_group(tx: Tx, row: OutboxRow, group: StaffGroup) -> Address | None:
    """Return where words for a whole group go: to its chat, or to what was the view of a case there (``extra``)."""
    extra = (row.body or {}).get("extra", {})
    address = (await _within_chat(tx, row, group.chat_id, extra.get("thread_id"))).address
    return replace(address, reply_to=extra["under"]) if address and extra.get("under") else address


async def _to_staff(tx: Tx, row: OutboxRow) -> Way:
    group = await staff_rows.get_group(tx, int(row.chat_key.removeprefix("g")))
    if group is None:
        return Way(None)
    if row.target_kind is TargetKind.STAFF_GROUP:
        return Way(await _in_group(tx, row, group), group)
    topic = await case_rows.get_topic(tx, row.target_ref)
    shows = topic is not None and topic.staff_group_id == group.id and topic.card_message_id is not None
    if not shows and (row.body or {}).get("extra", {}).get(NEUTRAL):
        return Way(None)  # a view is not made for saying that it is no more
    if topic is None or topic.staff_group_id != group.id:
        return Way(Address(group.chat_id), group, None, opening=True)
    thread_id = None if group.forum is False else topic.thread_id  # its topics may be back one day
    shown = topic.card_message_id is not None and (thread_id is not None or group.forum is False)
    if not shown:
        return Way(Address(group.chat_id, thread_id), group, topic, opening=True)
    if row.target_kind is TargetKind.CARD:
        return Way(Address(group.chat_id, thread_id, message_id=topic.card_message_id), group, topic)
    within = (await _within_chat(tx, row, group.chat_id, thread_id)).address
    assert within is not None
    if thread_id is None:
        reply_to = within.reply_to or topic.card_message_id
        within = Address(group.chat_id, None, reply_to, within.message_id, reply_required=True)
    return Way(within, group, topic)
