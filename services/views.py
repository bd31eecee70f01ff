"""The staff side as a view that may be lost: groups come, move, fall silent and go; cases are shown anew elsewhere."""

from dataclasses import dataclass, replace
from typing import Any

from domain.cases import Case
from domain.deeds import Deed
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import Action, Outgoing, Purpose, to_case, to_staff_group
from domain.people import Actor, StaffGroup, StaffMember
from services import cards, desk, outages
from services.case_door import access_case, actor_of, change_case
from services.groups import audit_group, group_of_customer
from services.work import Work
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.desk_queue import drop_of_group, drop_same
from storage.outbox import add_outgoing, content_to_json, end_pause


async def follow_group(work: Work, *, old_chat_id: int, new_chat_id: int, by: Actor) -> StaffGroup | None:
    """Keep serving a staff group that became a supergroup, and show its cases there; ``None`` when it is not ours.

    Telegram tells of one move in both chats; the second time nothing is left to do.
    """
    moved = await staff_rows.move_group(work.tx, bot_id=work.bot_id, old_chat_id=old_chat_id, new_chat_id=new_chat_id)
    group = (await staff_rows.load_staff(work.tx, bot_id=work.bot_id)).groups.get(new_chat_id)
    if moved and group is not None:
        audit_group(
            work, group, by=by, action="group.move", before={"chat_id": old_chat_id}, after={"chat_id": new_chat_id}
        )
        await rebuild_views(work, group.id)
    return group


async def lose_group(work: Work, group: StaffGroup, *, by: Actor) -> None:
    """Record that we were removed from a staff group: what is to be said there waits until we are back."""
    if group.unreachable_since_at is None:
        await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=work.now)
    audit_group(work, group, by=by, action="group.lost")


async def join_group(work: Work, group: StaffGroup, *, by: Actor, may_write: bool, may_open_topics: bool) -> None:
    """Record that we are in a staff group with these rights, look at it anew, and go on where we stopped."""
    if not may_write:
        await lose_group(work, group, by=by)
        return
    audit_group(work, group, by=by, action="group.rights", after={"may_open_topics": may_open_topics})
    await outages.end_outage(work, group)
    await staff_rows.set_forum(work.tx, group_id=group.id, forum=None)
    await end_pause(work.tx, bot_id=work.bot_id, scope=f"g{group.id}", now=work.now)
    if group.forum and not may_open_topics:
        await desk.notice_staff(work, "desk.rights_missing", dedupe_key=f"rights:{group.id}:{work.now.date()}")


async def add_group(
    work: Work, *, chat_id: int, name: str, language: str | None, takes: dict[str, list[str]] | None, by: Actor
) -> StaffGroup:
    """Take a Telegram group as a staff group from now on, or change what one is called and takes."""
    known = {group.chat_id: group for group in await staff_rows.list_groups(work.tx, bot_id=work.bot_id, active=False)}
    old = known.get(chat_id)
    values: dict[str, Any] = {"name": name, "language": language, "takes": takes}
    if old is None:
        await staff_rows.insert_missing_group(work.tx, bot_id=work.bot_id, chat_id=chat_id, **values)
    else:
        await staff_rows.change_group(work.tx, old.id, active=True, forum=None, unreachable_since_at=None, **values)
    found = await staff_rows.list_groups(work.tx, bot_id=work.bot_id)
    group = next(group for group in found if group.chat_id == chat_id)
    audit_group(work, group, by=by, action="group.add", after={"chat_id": chat_id, **values})
    return group


async def remove_group(work: Work, group: StaffGroup, *, by: Actor) -> int:
    """Let a staff group be none from now on; returns how many live cases are shown in another one within a minute.

    Without another group they wait for one.
    """
    await staff_rows.change_group(work.tx, group.id, active=False, lag_told_at=None, lag_message_id=None)
    await drop_of_group(work.tx, bot_id=work.bot_id, group_id=group.id, now=work.now, error="the group was removed")
    audit_group(work, group, by=by, action="group.remove")
    return await case_rows.count_shown_in(work.tx, staff_group_id=group.id)


async def adopt_cases(work: Work, *, limit: int) -> int:
    """Show live cases that no staff group shows in the one that takes them; returns how many."""
    if await staff_rows.get_first_group(work.tx, bot_id=work.bot_id) is None:
        return 0
    waiting = await case_rows.list_without_view(work.tx, limit=limit)
    for case in waiting:
        group = await group_of_customer(work, customer_id=case.customer_id, aspect=case.aspect)
        assert group is not None
        await _show_in(work, case, group)
    return len(waiting)


async def _show_in(work: Work, case: Case, group: StaffGroup) -> None:
    adopted = replace(case, staff_group_id=group.id)
    case_rows.save_case(work.tx, adopted, staff_group_id=group.id)
    if case.staff_group_id is None:
        await desk.show_case(work, adopted, privately=False)
    else:
        await rebuild_view(work, adopted)


async def move_case(work: Work, *, case_id: int, to_group_id: int, by: StaffMember) -> Case | Refusal:
    """Show a case in another staff group from now on; the old one reads where it went."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.MOVETO)
    if isinstance(case, Refusal):
        return case
    groups = await staff_rows.list_groups(work.tx, bot_id=work.bot_id)
    group = next((group for group in groups if group.id == to_group_id), None)
    if group is None:
        return Refusal("views.refused.no_group")
    if case.confidential:
        return Refusal("views.refused.confidential", {"number": case.public_number})
    if case.staff_group_id == group.id:
        return Refusal("views.refused.there_already", {"number": case.public_number, "group": group.name})
    if case.staff_group_id is not None:
        await _leave_word(work, case, case.staff_group_id, group=group, by=by)
    old_group_id = case.staff_group_id
    moved = change_case(work, case, by=actor_of(by), action="case.move_group", staff_group_id=group.id)
    if old_group_id is None:
        await desk.show_case(work, moved, privately=False)
    else:
        await rebuild_view(work, moved)
    return moved


async def _leave_word(work: Work, case: Case, group_id: int, *, group: StaffGroup, by: StaffMember) -> None:
    """Say in the old view of a case where it went; what was still to be said there is read in the new one."""
    await drop_of_group(
        work.tx, bot_id=work.bot_id, group_id=group_id, case_id=case.id, now=work.now, error="moved to another group"
    )
    topic = await case_rows.get_topic(work.tx, case.id)
    if topic is None or topic.staff_group_id != group_id or topic.card_message_id is None:
        return
    language = cards.desk_language(work, await staff_rows.get_group(work.tx, group_id))
    values = {"number": case.public_number, "group": group.name, "name": by.name}
    message = Outgoing(
        purpose=Purpose.STAFF_NOTICE,
        target=to_staff_group(group_id),
        content=Content(Kind.TEXT, work.texts.say("views.moved_away", language, **values)),
        html=True,
        customer_id=case.customer_id,
        extra={"thread_id": topic.thread_id, "under": topic.card_message_id},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


async def topic_closed(work: Work, group: StaffGroup, *, thread_id: int) -> None:
    """Open a topic again that somebody closed by hand, and say how its case is closed; an ended case's stays closed."""
    case_id = await case_rows.find_case_of_thread(work.tx, staff_group_id=group.id, thread_id=thread_id)
    case = await case_rows.get_case(work.tx, case_id) if case_id is not None else None
    if case is None or not case.live or case.confidential or case.staff_group_id != group.id:
        return
    opened = Outgoing(
        purpose=Purpose.STAFF_NOTICE,
        target=to_case(case.id, group.id),
        content=Content(Kind.TEXT),
        action=Action.REOPEN,
        customer_id=case.customer_id,
        case_id=case.id,
    )
    await add_outgoing(work.tx, opened, bot_id=work.bot_id, now=work.now)
    await desk.notice_case(work, case, "views.topic_closed", number=case.public_number)


async def rebuild_views(work: Work, group_id: int, *, limit: int = 500) -> None:
    """Show the live cases of a group anew, because nothing said there before can be found again."""
    for case in await case_rows.list_shown_in(work.tx, staff_group_id=group_id, limit=limit):
        await rebuild_view(work, case)


async def rebuild_view(work: Work, case: Case) -> None:
    """Show a case anew, because its topic or its messages are gone."""
    await case_rows.lose_topic(work.tx, case_id=case.id)
    await cards.show_card(work, case)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new view of a case begins with: its topic's name, the card and what was said before, as outbox bodies."""

    topic_name: str
    messages: tuple[dict[str, Any], ...]


async def opening_of(work: Work, *, case_id: int, group_id: int) -> Opening | None:
    """Return how a case is to be shown where no view of it stands yet; ``None`` when it went to another group."""
    case = await case_rows.get_case(work.tx, case_id)
    if case is None or case.staff_group_id != group_id:
        return None
    view = await cards.view_of_case(work, case_id=case_id)
    history = [
        {"content": content_to_json(Content(Kind.TEXT, text)), "html": True}
        for text in await desk.history_of_view(work, case)
    ]
    return Opening(view.topic_name, (view.card_body, *history))


async def keep_view(
    work: Work, opening: Opening, *, case_id: int, group_id: int, thread_id: int | None, card_message_id: int | None
) -> None:
    """Keep where a case is shown from now on; a card that waits and says the same is not said again."""
    case = await case_rows.get_case(work.tx, case_id)
    if case is None or case.staff_group_id != group_id:
        return
    await case_rows.set_topic(
        work.tx, case_id=case_id, staff_group_id=group_id, thread_id=thread_id, card_message_id=card_message_id
    )
    if card_message_id is not None:
        await drop_same(work.tx, f"card:{case_id}", opening.messages[0], now=work.now)
