"""The staff side as a view that may be lost: groups come, move, fall silent and go; cases are shown anew elsewhere."""

from dataclasses import dataclass, replace
from typing import Any

from domain.cases import Case
from domain.interactions import Content, Kind
from domain.people import Actor, StaffGroup
from services import cards, desk
from services.groups import group_of_customer
from services.work import Work
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.desk_queue import drop_same
from storage.outbox import content_to_json, set_pause


async def follow_group(work: Work, *, old_chat_id: int, new_chat_id: int, by: Actor) -> StaffGroup | None:
    """Keep serving a staff group that became a supergroup, and show its cases there; ``None`` when it is not ours.

    Telegram tells of one move in both chats; the second time nothing is left to do.
    """
    moved = await staff_rows.move_group(work.tx, bot_id=work.bot_id, old_chat_id=old_chat_id, new_chat_id=new_chat_id)
    group = (await staff_rows.load_staff(work.tx, bot_id=work.bot_id)).groups.get(new_chat_id)
    if moved and group is not None:
        audit(work, group, by=by, action="group.move", before={"chat_id": old_chat_id}, after={"chat_id": new_chat_id})
        await rebuild_views(work, group.id)
    return group


async def lose_group(work: Work, group: StaffGroup, *, by: Actor) -> None:
    """Record that we were removed from a staff group: what is to be said there waits until we are back."""
    await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=work.now)
    audit(work, group, by=by, action="group.lost")


async def join_group(work: Work, group: StaffGroup, *, by: Actor, may_write: bool, may_open_topics: bool) -> None:
    """Record that we are in a staff group with these rights, look at it anew, and go on where we stopped."""
    if not may_write:
        await lose_group(work, group, by=by)
        return
    audit(work, group, by=by, action="group.rights", after={"may_open_topics": may_open_topics})
    await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=None)
    await staff_rows.set_forum(work.tx, group_id=group.id, forum=None)
    await set_pause(work.tx, bot_id=work.bot_id, scope=f"g{group.id}", until_at=work.now, reason="we are back")
    if group.forum and not may_open_topics:
        await desk.notice_staff(work, "desk.rights_missing", dedupe_key=f"rights:{group.id}:{work.now.date()}")


async def adopt_cases(work: Work, *, limit: int) -> int:
    """Show live cases that no staff group shows in the one that takes them; returns how many."""
    if await staff_rows.get_first_group(work.tx, bot_id=work.bot_id) is None:
        return 0
    waiting = await case_rows.list_without_view(work.tx, limit=limit)
    for case in waiting:
        group = await group_of_customer(work, customer_id=case.customer_id, aspect=case.aspect)
        assert group is not None
        adopted = replace(case, staff_group_id=group.id)
        case_rows.save_case(work.tx, adopted, staff_group_id=group.id)
        await desk.show_case(work, adopted, privately=False)
    return len(waiting)


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


def audit(
    work: Work,
    group: StaffGroup,
    *,
    by: Actor,
    action: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Keep who did what to a staff group."""
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("group", group.id), before=before, after=after)
