"""A new private message: a command, a button of the menu, words in a conversation, or words out of the blue."""

from collections.abc import Awaitable, Callable

from domain.dialogues import Dialogue, DialogueName
from domain.interactions import Kind
from handlers.context import CareContext
from handlers.customers import (
    birthday,
    call_backs,
    cases,
    complaint,
    feedback,
    free,
    linking,
    mydata,
    points,
    rewards,
    surveys,
    welcome,
    wishes,
)
from handlers.customers.conversation import recorded
from handlers.customers.keyboards import menu_key
from services.bans import is_banned, keep_quiet
from services.campaigns.replies import note_reply
from services.commands import set_commands
from services.drafts import settle
from services.speech import say

Handler = Callable[[CareContext], Awaitable[None]]
_COMMANDS: dict[str, Handler] = {
    "start": welcome.on_start,
    "help": welcome.on_help,
    "menu": welcome.on_help,
    "cancel": welcome.on_cancel,
    "stop": wishes.on_stop,
    "language": wishes.on_language,
    "privacy": wishes.on_privacy,
    "cases": cases.on_list,
    "points": points.on_card,
    "rewards": rewards.on_rewards,
    "vouchers": rewards.on_vouchers,
    "feedback": feedback.on_begin,
    "complaint": complaint.on_begin,
    "birthday": birthday.on_begin,
    "link": linking.on_begin,
    "survey": surveys.on_survey,
    "mydata": mydata.on_mydata,
    "forgetme": mydata.on_forgetme,
}
COMMANDS = frozenset(_COMMANDS)
"""What customers may write."""
_OF_THE_BANNED = frozenset({"forgetme", "mydata", "privacy", "stop", "language"})
_MENU: dict[str, Handler] = {
    "menu.complaint": complaint.on_begin,
    "menu.feedback": feedback.on_begin,
    "menu.cases": cases.on_list,
    "menu.more": welcome.on_more,
}
_IN_DIALOGUE: dict[DialogueName, Callable[[CareContext], Awaitable[bool]]] = {
    DialogueName.DRAFT: free.in_draft,
    DialogueName.COMPLAINT: complaint.in_complaint,
    DialogueName.FEEDBACK: feedback.in_feedback,
    DialogueName.ADD_WORDS: cases.in_adding,
    DialogueName.BIRTHDAY: birthday.in_birthday,
    DialogueName.LINK: linking.in_link,
    DialogueName.FORGET: mydata.in_forgetting,
    DialogueName.SURVEY: surveys.in_survey,
    DialogueName.CALL_BACK: call_backs.in_call_back,
}


async def on_message(context: CareContext) -> None:
    """Answer a new private message; it is on record already."""
    if context.customer.is_new:
        await set_commands(context.work, context.customer)
    if is_banned(context.customer, context.work.now):
        await _hear_banned(context)
    elif context.said.command is not None:
        await _COMMANDS.get(context.said.command, welcome.on_unknown_command)(context)
    elif (key := menu_key(context)) is not None:
        await _MENU[key](context)
    else:
        await _hear(context)


async def _hear_banned(context: CareContext) -> None:
    """Keep what a banned person writes; what is about their own data and language works all the same."""
    command, dialogue = context.said.command, context.customer.dialogue
    if command in _OF_THE_BANNED:
        await _COMMANDS[command](context)
        return
    forgetting = command is None and dialogue is not None and dialogue.name is DialogueName.FORGET
    if not (forgetting and await mydata.in_forgetting(context)):
        await keep_quiet(context.work, context.customer, recorded(context))


async def _hear(context: CareContext) -> None:
    content, work = context.said.content, context.work
    await note_reply(work, context.customer)
    if content.kind is Kind.UNSUPPORTED:
        await context.say("unsupported")
        return
    if content.media is not None and (content.media.size or 0) > work.rules.media_limit_bytes:
        await _say_too_large(context)
    dialogue = context.customer.dialogue
    if dialogue is not None and await _answers_staff(context, dialogue):
        await settle(work, context.customer)
        dialogue = None
    if call_backs.wants_call(context) and await call_backs.on_wish(context):
        return
    elsewhere = dialogue is not None and await _answers_a_case(context, dialogue)
    if dialogue is None or elsewhere or not await _IN_DIALOGUE[dialogue.name](context):
        await free.on_words(context)


async def _say_too_large(context: CareContext) -> None:
    """Say that only a reference is kept, once an album."""
    album = context.said.content.media_group_id or str(context.said.message_id)
    await say(
        context.work,
        context.customer,
        "too_large",
        size=context.work.rules.media_limit_bytes // (1024 * 1024),
        dedupe_key=f"too_large:{context.customer.contact.id}:{album}",
    )


async def _answers_a_case(context: CareContext, dialogue: Dialogue) -> bool:
    """Return whether the message answers one of a case, so that it belongs there and not in the conversation."""
    return dialogue.name is not DialogueName.ADD_WORDS and await free.answered_case(context) is not None


async def _answers_staff(context: CareContext, dialogue: Dialogue) -> bool:
    """Return whether staff spoke after this conversation's last step: what is said now answers them."""
    gathering = dialogue.name in (DialogueName.DRAFT, DialogueName.COMPLAINT) and dialogue.data.get("said")
    if gathering or dialogue.name is DialogueName.ADD_WORDS:
        return False
    spoke = [case.last_staff_at for case in await context.customer.cases(context.work)]
    return any(at > dialogue.updated_at for at in spoke if at)
