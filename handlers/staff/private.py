"""Staff in their private chats with the bot: whether what they write is work, and how they choose a case there."""

from domain.outgoing import Button, Rows, TargetKind
from domain.people import ActorKind, MemberReach, Permission
from handlers.context import CareContext
from handlers.customers.keyboards import menu_key
from handlers.customers.words import COMMANDS as CUSTOMER_COMMANDS
from handlers.staff import taps, words
from handlers.staff.registry import find_verb
from handlers.staff.replies import reply
from services.answers import Answering, Place, place_in_private
from services.case_door import actor_of
from services.commands import set_staff_commands
from services.member_reach import set_member_reach
from services.private_work import touch
from storage.focus import get_focus
from storage.interactions import list_said_at
from storage.outbox import find_sent

_OURS = frozenset({"cases", "help"})
"""Commands that customers have too, and that mean the work when a member of staff writes them."""


async def takes(context: CareContext) -> bool:
    """Take a private message, edit or tap if it is about staff's work; else the person goes on as a customer."""
    if context.tap is not None:
        return await _takes_tap(context)
    member = context.member
    if not member.may(Permission.READ):
        return False
    if member.reach is not MemberReach.REACHABLE:
        await set_member_reach(context.work, member.id, MemberReach.REACHABLE, by=actor_of(member))
        await set_staff_commands(context.work, member)
    if context.said.edited:
        return await _takes_edit(context)
    place = await _place(context)
    if place is None:
        return False
    context.at_desk = True
    if _asks_to_start(context):
        await reply(context, "private.welcome", case_id=None, buttons=_as_customer(context))
        return True
    await words.hear(context, place, to_us=place.answering is not Answering.NOTHING)
    return True


async def on_membership(context: CareContext, user_id: int, *, gone: bool) -> None:
    """Keep that a member of staff stopped the bot in their private chat, or let it back in."""
    member = context.staff.member(user_id)
    if member.id:
        reach = MemberReach.BLOCKED if gone else MemberReach.REACHABLE
        await set_member_reach(context.work, member.id, reach, by=actor_of(member))


async def _takes_tap(context: CareContext) -> bool:
    """Take every button of staff: one that is pressed by somebody who works here no longer is refused there."""
    if not context.tapped.verb.startswith("k:"):
        return False
    context.at_desk = True
    await taps.on_tap(context)
    return True


async def _takes_edit(context: CareContext) -> bool:
    heard, work = context.said, context.work
    said = await list_said_at(work.tx, bot_id=work.bot_id, chat_id=heard.chat_id, message_id=heard.message_id)
    if not any(one.author.kind is ActorKind.STAFF for one in said):
        return False
    context.at_desk = True
    await words.on_edit(context)
    return True


async def _place(context: CareContext) -> Place | None:
    """Return to which case a private message belongs; ``None`` when it is not about work but a customer's."""
    heard, work, member = context.said, context.work, context.member
    answers_work = await _answers_work(context)
    if heard.reply_to is not None and answers_work is False:
        return None
    focus = await get_focus(work.tx, member.id)
    at_hand = focus is not None or bool(answers_work)
    if not (_is_command_of_staff(context, at_hand=at_hand) if heard.command else at_hand and menu_key(context) is None):
        return None
    case_id = focus.case_id if focus is not None else None
    place = await place_in_private(work, case_id=case_id, reply_to=heard.reply_to, by=member)
    if case_id is None or place.case_id != case_id:
        return place
    forgotten = await touch(work, member)
    plain = place.answering is Answering.NOTHING and heard.command is None
    return Place(case_id, Answering.STAFF_TALK) if forgotten and plain else place


async def _answers_work(context: CareContext) -> bool | None:
    """Return whether the message answers something of staff's work; ``None`` when nobody knows what it answers."""
    heard, work = context.said, context.work
    if heard.reply_to is None:
        return None
    row = await find_sent(work.tx, bot_id=work.bot_id, chat_id=heard.chat_id, message_id=heard.reply_to)
    if row is not None:
        return row.target_kind is TargetKind.MEMBER
    said = await list_said_at(work.tx, bot_id=work.bot_id, chat_id=heard.chat_id, message_id=heard.reply_to)
    return any(one.author.kind is ActorKind.STAFF for one in said) if said else None


def _is_command_of_staff(context: CareContext, *, at_hand: bool) -> bool:
    """Return whether a command is meant for the work: one that customers have too is, where a case is at hand.

    A command that nobody knows makes no customer of a member of staff.
    """
    command = context.said.command
    if _asks_to_start(context) or command in _OURS:
        return True
    if command in CUSTOMER_COMMANDS:
        return at_hand and command != "start" and find_verb(command) is not None
    return at_hand or context.person is None or find_verb(command) is not None


def _asks_to_start(context: CareContext) -> bool:
    """Return whether a member of staff says hello to the bot who never was a customer, and follows no link."""
    return context.said.command == "start" and not context.said.argument and context.person is None


def _as_customer(context: CareContext) -> Rows:
    return ((Button(context.label("private.button.as_customer"), data="c:help"),),)
