"""A staff group that cannot be written to: supervisors hear of it in private, once; later nothing stale is said."""

from datetime import timedelta
from typing import Any

from domain.cases import Case
from domain.outgoing import Purpose
from domain.people import SYSTEM, Permission, StaffGroup
from services import desk, private_desk
from services.groups import audit_group
from services.work import Work
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.audit import list_of_subject
from storage.desk_queue import list_queued, list_words_not_copied
from storage.interactions import list_by_ids
from storage.outbox import mark_settled

TOLD_AFTER = timedelta(minutes=1)
"""So long may a group be out of reach before anybody is disturbed."""
_STALE_AFTER = timedelta(hours=1)
_TOLD = "group.outage_told"
_COPIES = 100
_PASSING = (Purpose.PROMPT, Purpose.NOTE_PROMPT, Purpose.DESK_LAG)
"""Said to whoever looks at the group at that moment; later nobody waits for it."""


async def tell_outages(work: Work) -> int:
    """Tell supervisors who are here of groups that have been out of reach for a minute; returns of how many.

    What customers wrote in that minute comes to them too: from then on it does so by itself, see
    :func:`services.private_desk.readers`.
    """
    told = 0
    for group in await staff_rows.list_groups(work.tx, bot_id=work.bot_id):
        since_at = group.unreachable_since_at
        if since_at is None or work.now - since_at < TOLD_AFTER or await _was_told(work, group):
            continue
        audit_group(work, group, by=SYSTEM, action=_TOLD, after={"since_at": since_at.isoformat()})
        cases = await case_rows.count_shown_in(work.tx, staff_group_id=group.id)
        await _tell_supervisors(work, "views.group_lost", group=group.name, since=since_at, count=cases)
        await _copy_waiting(work, group)
        told += 1
    return told


async def end_outage(work: Work, group: StaffGroup) -> None:
    """Go on in a staff group that can be written to again: whoever heard of the outage hears of its end."""
    await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=None)
    if group.unreachable_since_at is None:
        return
    if await _was_told(work, group):
        audit_group(work, group, by=SYSTEM, action="group.outage_ended")
        await _tell_supervisors(work, "views.group_back", group=group.name)
    await _drop_stale(work, group)


async def _was_told(work: Work, group: StaffGroup) -> bool:
    """Return whether supervisors heard of the outage that a group is in."""
    since_at = group.unreachable_since_at
    told = [row.at for row in await list_of_subject(work.tx, "group", group.id) if row.action == _TOLD]
    return since_at is not None and any(at >= since_at for at in told)


async def _tell_supervisors(work: Work, key: str, **values: Any) -> None:
    for member in (await staff_rows.load_staff(work.tx, bot_id=work.bot_id)).members.values():
        if member.may(Permission.SUPERVISE) and member.present(work.now):
            await private_desk.tell_member(work, member, key, **values)


async def _copy_waiting(work: Work, group: StaffGroup) -> None:
    """Let words that only wait for the group come to private chats as well."""
    waiting = await list_words_not_copied(work.tx, bot_id=work.bot_id, group_id=group.id, limit=_COPIES)
    cases: dict[int, Case | None] = {}
    for said in await list_by_ids(work.tx, waiting):
        if said.case_id is None:
            continue
        if said.case_id not in cases:
            cases[said.case_id] = await case_rows.get_case(work.tx, said.case_id)
        case = cases[said.case_id]
        if case is not None and case.live:
            for copy in await private_desk.copy_words(work, case, said.id, said.content):
                await desk.queue_words(work, copy)


async def _drop_stale(work: Work, group: StaffGroup) -> None:
    """Give up what was to be read at once, and old notices that the card tells by now."""
    for row in await list_queued(work.tx, bot_id=work.bot_id, group_id=group.id, purposes=_PASSING):
        mark_settled(work.tx, row_id=row.id, state="dropped", now=work.now, error="stale after an outage")
    for row in await list_queued(work.tx, bot_id=work.bot_id, group_id=group.id, purposes=[Purpose.STAFF_NOTICE]):
        body = row.body or {}
        asks = body.get("buttons") or body.get("reply_to") or body.get("message_id")
        if row.case_id is not None and not asks and work.now - row.created_at > _STALE_AFTER:
            mark_settled(work.tx, row_id=row.id, state="dropped", now=work.now, error="stale after an outage")
