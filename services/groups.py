"""What becomes of a staff group: it moves to another chat, we are removed from it, we come back."""

from domain.people import Actor, StaffGroup
from services import desk
from services.work import Work
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.outbox import set_pause


async def follow_group(work: Work, *, old_chat_id: int, new_chat_id: int, by: Actor) -> StaffGroup | None:
    """Keep serving a staff group that became a supergroup, and show its cases there; ``None`` when it is not ours.

    Telegram tells of one move in both chats; the second time nothing is left to do.
    """
    moved = await staff_rows.move_group(work.tx, bot_id=work.bot_id, old_chat_id=old_chat_id, new_chat_id=new_chat_id)
    group = (await staff_rows.load_staff(work.tx, bot_id=work.bot_id)).groups.get(new_chat_id)
    if moved and group is not None:
        _audit(work, group, by=by, action="group.move", before={"chat_id": old_chat_id}, after={"chat_id": new_chat_id})
        await desk.rebuild_views(work, group.id)
    return group


async def lose_group(work: Work, group: StaffGroup, *, by: Actor) -> None:
    """Record that we were removed from a staff group: what is to be said there waits until we are back."""
    await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=work.now)
    _audit(work, group, by=by, action="group.lost")


async def join_group(work: Work, group: StaffGroup, *, by: Actor, may_write: bool, may_open_topics: bool) -> None:
    """Record that we are in a staff group with these rights, look at it anew, and go on where we stopped."""
    if not may_write:
        await lose_group(work, group, by=by)
        return
    _audit(work, group, by=by, action="group.rights", after={"may_open_topics": may_open_topics})
    await staff_rows.set_group_reach(work.tx, group_id=group.id, unreachable_since_at=None)
    await staff_rows.set_forum(work.tx, group_id=group.id, forum=None)
    await set_pause(work.tx, bot_id=work.bot_id, scope=f"g{group.id}", until_at=work.now, reason="we are back")
    if group.forum and not may_open_topics:
        await desk.notice_staff(work, "desk.rights_missing", dedupe_key=f"rights:{group.id}:{work.now.date()}")


def _audit(
    work: Work,
    group: StaffGroup,
    *,
    by: Actor,
    action: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("group", group.id), before=before, after=after)
