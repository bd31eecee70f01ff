"""From an update to its handler. Everything said in a private chat is recorded before anyone decides what it means."""

from telegram import ChatMember, ChatMemberUpdated, MessageReactionUpdated, ReactionTypeEmoji, Update
from telegram.constants import ChatType

from domain.interactions import Content, Kind
from domain.people import Reach
from handlers import strangers
from handlers.context import CareContext
from handlers.customers import edits as customer_edits
from handlers.customers import reactions as customer_reactions
from handlers.customers import taps as customer_taps
from handlers.customers import words as customer_words
from handlers.reading import Speaker, read_message, read_tap
from handlers.staff import group as staff_group
from handlers.staff import private as staff_private
from handlers.staff import taps as staff_taps
from handlers.staff import words as staff_words
from services import floods
from services.customers import meet, set_reach
from services.speech import record_heard
from services.work import Person
from storage.interactions import Origin


async def route(update: Update, context: CareContext) -> None:
    """Handle one update; what nobody asked for, such as a channel post, changes nothing."""
    if (heard := read_message(update)) is not None:
        context.heard = heard
        await _on_message(update, context)
    elif (tap := read_tap(update)) is not None:
        context.tap = tap
        await _on_tap(update, context)
    elif update.my_chat_member is not None:
        await _on_membership(update.my_chat_member, context)
    elif update.chat_member is not None:
        await staff_group.on_membership(update.chat_member, context)
    elif update.message_reaction is not None:
        await _on_reaction(update.message_reaction, context, update.update_id)


async def _on_message(update: Update, context: CareContext) -> None:
    chat = update.effective_chat
    assert chat is not None
    if chat.type == ChatType.PRIVATE:
        await _on_private_message(context)
    elif chat.type == ChatType.CHANNEL or await staff_group.on_change(update, context):
        return
    elif context.group is not None:
        await (staff_words.on_edit if context.said.edited else staff_words.on_message)(context)
    else:
        await strangers.on_message(context)


async def _on_private_message(context: CareContext) -> None:
    heard = context.said
    if heard.service or await staff_private.takes(context):
        return
    person = await _know(context, heard.speaker, heard.chat_id)
    await set_reach(context.work, person, Reach.REACHABLE, by=person.actor)  # whoever writes can be reached
    if heard.edited:
        await customer_edits.on_edit(context)
        return
    context.interaction_id = await context.record()
    await floods.hear(context.work, person)
    await customer_words.on_message(context)


async def _know(context: CareContext, speaker: Speaker, chat_id: int) -> Person:
    """Return the person in this private chat, with a new record when they speak for the first time."""
    if context.person is None:
        context.person = await meet(
            context.work,
            chat_id=chat_id,
            name=speaker.name,
            username=speaker.username,
            language_code=speaker.language_code,
        )
    return context.person


async def _on_tap(update: Update, context: CareContext) -> None:
    tap = context.tapped
    assert update.callback_query is not None
    message = update.callback_query.message
    private = message is None or message.chat.type == ChatType.PRIVATE
    context.answer()
    if not private:
        if context.group is not None:
            await staff_taps.on_tap(context)
        return
    if await staff_private.takes(context):
        return
    if context.person is None and tap.verb in customer_taps.OF_THE_FORGOTTEN:
        return
    person = await _know(context, tap.speaker, tap.chat_id)
    context.interaction_id = await record_heard(
        context.work,
        author=person.actor,
        content=Content(Kind.TAP, tap.data),
        origin=tap.origin,
        customer_id=person.customer.id,
    )
    await customer_taps.on_tap(context)


async def _on_membership(change: ChatMemberUpdated, context: CareContext) -> None:
    gone = change.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT)
    if change.chat.type != ChatType.PRIVATE:
        if context.group is not None:
            await staff_group.on_our_membership(change, context)
        elif not gone:
            await strangers.on_added(change, context)
        return
    await staff_private.on_membership(context, change.chat.id, gone=gone)
    if context.person is not None:
        person = context.person
        await set_reach(context.work, person, Reach.BLOCKED if gone else Reach.REACHABLE, by=person.actor)


async def _on_reaction(reaction: MessageReactionUpdated, context: CareContext, update_id: int) -> None:
    if reaction.chat.type != ChatType.PRIVATE or context.person is None:
        return
    emoji = [r.emoji for r in reaction.new_reaction if isinstance(r, ReactionTypeEmoji)]
    context.interaction_id = await record_heard(
        context.work,
        author=context.person.actor,
        content=Content(Kind.REACTION, "".join(emoji)),
        origin=Origin(reaction.chat.id, None, update_id),
        customer_id=context.person.customer.id,
    )
    await customer_reactions.on_reaction(context, message_id=reaction.message_id, emoji=emoji)
