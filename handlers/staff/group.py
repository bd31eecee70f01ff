"""What happens to a staff group itself: it moves, we are removed, we come back, our rights change."""

from telegram import (
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberOwner,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Update,
)

from domain.people import NOBODY, SYSTEM, Actor
from handlers.context import CareContext
from services.case_door import actor_of
from services.members import hear_leaving
from services.views import follow_group, join_group, lose_group, topic_closed

_GONE = (ChatMember.LEFT, ChatMember.BANNED)


async def on_change(update: Update, context: CareContext) -> bool:
    """Take what a message tells of a staff group itself; returns whether it told of any such thing."""
    return await on_migration(update, context) or await on_topic_closed(update, context)


async def on_migration(update: Update, context: CareContext) -> bool:
    """Follow a staff group that became a supergroup; returns whether the message told of that.

    Telegram tells of it in the old chat and in the new one, in either order.
    """
    message = update.message
    if message is None or not (message.migrate_to_chat_id or message.migrate_from_chat_id):
        return False
    context.group = await follow_group(
        context.work,
        old_chat_id=message.migrate_from_chat_id or message.chat_id,
        new_chat_id=message.migrate_to_chat_id or message.chat_id,
        by=_actor(context, context.said.speaker.user_id),
    )
    return True


async def on_topic_closed(update: Update, context: CareContext) -> bool:
    """Open a topic again that somebody closed by hand; returns whether the message told of that."""
    message, group = update.message, context.group
    if message is None or group is None or message.forum_topic_closed is None or message.message_thread_id is None:
        return False
    if context.said.speaker.user_id != context.work.bot_id:
        await topic_closed(context.work, group, thread_id=message.message_thread_id)
    return True


async def on_our_membership(change: ChatMemberUpdated, context: CareContext) -> None:
    """Keep what became of the bot's place in a staff group."""
    group, now = context.group, change.new_chat_member
    assert group is not None
    by = _actor(context, change.from_user.id)
    if now.status in _GONE:
        await lose_group(context.work, group, by=by)
        return
    may_write = not isinstance(now, ChatMemberRestricted) or now.can_send_messages
    may_open_topics = isinstance(now, ChatMemberOwner) or (
        isinstance(now, ChatMemberAdministrator) and bool(now.can_manage_topics)
    )
    await join_group(context.work, group, by=by, may_write=may_write, may_open_topics=may_open_topics)


async def on_membership(change: ChatMemberUpdated, context: CareContext) -> None:
    """Ask what becomes of the cases of a member of staff who left a staff group, or was removed from it."""
    group, now = context.group, change.new_chat_member
    member = context.staff.member(now.user.id)
    was_here = change.old_chat_member.status not in _GONE
    if group is not None and member is not NOBODY and was_here and now.status in _GONE:
        await hear_leaving(context.work, member, group_name=group.name)


def _actor(context: CareContext, user_id: int) -> Actor:
    member = context.staff.member(user_id)
    return SYSTEM if member is NOBODY else actor_of(member)
