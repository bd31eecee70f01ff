"""The staff group itself: it moves, we are removed, we come back."""

from typing import Any

from domain.outgoing import TargetKind
from storage.outbox import set_pause
from tests.handlers.staff.desk import BEN, CY, GROUP, Desk, sorted_out

NEW = -100200


async def group_row(desk: Desk) -> Any:
    """Return the group as it is stored."""
    return (await desk.town.rows("staff_groups", id=desk.group_id))[0]


def moved(desk: Desk, *, in_new: bool) -> dict[str, Any]:
    """Return the service message by which Telegram tells of a move, in the old chat or the new one."""
    raw = desk.message(BEN, **({"migrate_from_chat_id": GROUP} if in_new else {"migrate_to_chat_id": NEW}))
    return {**raw, "chat": {**desk.chat(), "id": NEW}} if in_new else raw


async def test_a_group_that_moved_stays_ours_whichever_message_comes_first(plain_desk: Desk) -> None:
    """Both messages are told of one move; the cases are shown anew once."""
    await plain_desk.case_of()
    shown = sorted_out(await plain_desk.town.update(message=moved(plain_desk, in_new=True)))
    again = sorted_out(await plain_desk.town.update(message=moved(plain_desk, in_new=False)))
    row = await group_row(plain_desk)
    assert (row.chat_id, row.forum) == (NEW, None)
    assert [one.target[0] for one in shown.staff] == [TargetKind.CARD]
    assert again.staff == []


async def test_the_move_is_followed_from_the_old_chat_too(plain_desk: Desk) -> None:
    """The old chat's message is enough."""
    await plain_desk.case_of()
    await plain_desk.town.update(message=moved(plain_desk, in_new=False))
    assert (await group_row(plain_desk)).chat_id == NEW
    assert await plain_desk.town.rows("audit", action="group.move")


async def test_another_groups_move_does_not_become_ours(desk: Desk) -> None:
    """Cy's group may move where it likes."""
    raw = desk.message(CY, migrate_from_chat_id=-777)
    await desk.town.update(message={**raw, "chat": {**desk.chat(), "id": -100777}})
    assert (await group_row(desk)).chat_id == GROUP


def membership(status: str, **rights: Any) -> dict[str, Any]:
    """Return the raw change of our place in the group."""
    user = {"id": 7001, "is_bot": True, "first_name": "Care"}
    admin = {
        "can_be_edited": False, "is_anonymous": False, "can_manage_chat": True, "can_delete_messages": True,
        "can_manage_video_chats": True, "can_restrict_members": False, "can_promote_members": False,
        "can_change_info": False, "can_invite_users": True, "can_post_stories": False, "can_edit_stories": False,
        "can_delete_stories": False,
    } if status == "administrator" else {}  # fmt: skip
    return {
        "chat": {"id": GROUP, "type": "supergroup", "title": "Desk", "is_forum": True},
        "from": {"id": BEN, "is_bot": False, "first_name": "Ben"},
        "date": 1,
        "old_chat_member": {"status": "left", "user": user},
        "new_chat_member": {"status": status, "user": user, **admin, **rights},
    }


async def test_being_removed_is_recorded_with_who_did_it(desk: Desk) -> None:
    """The group counts as unreachable from that moment on."""
    await desk.town.update(my_chat_member=membership("left"))
    assert (await group_row(desk)).unreachable_since_at == desk.town.now
    audit = (await desk.town.rows("audit", action="group.lost"))[0]
    assert audit.actor_kind == "staff"


async def test_coming_back_ends_the_pause(desk: Desk) -> None:
    """What waited goes on at once."""
    await desk.town.update(my_chat_member=membership("left"))
    async with desk.town.work() as work:
        until_at = work.now.replace(year=2030)
        await set_pause(work.tx, bot_id=7001, scope=f"g{desk.group_id}", until_at=until_at, reason="gone")
    await desk.town.update(my_chat_member=membership("administrator", can_manage_topics=True))
    assert (await group_row(desk)).unreachable_since_at is None
    assert (await desk.town.rows("pauses"))[0].until_at <= desk.town.now


async def test_missing_rights_are_said_aloud(desk: Desk) -> None:
    """A forum in which we may not open topics gets a word about it."""
    heard = sorted_out(await desk.town.update(my_chat_member=membership("administrator", can_manage_topics=False)))
    assert "right to manage topics" in heard.told_staff
