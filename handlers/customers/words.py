"""A new private message: a command, a button of the menu, words in a conversation, or words out of the blue."""

from collections.abc import Awaitable, Callable

from domain.dialogues import Dialogue, DialogueName
from domain.interactions import Kind
from handlers.context import CareContext
from handlers.customers import birthday, cases, complaint, feedback, free, welcome, wishes
from handlers.customers.keyboards import menu_key
from services.commands import set_commands
from services.drafts import settle, spoken_last

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
    "feedback": feedback.on_begin,
    "complaint": complaint.on_begin,
    "birthday": birthday.on_begin,
}
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
}


async def on_message(context: CareContext) -> None:
    """Answer a new private message; it is on record already."""
    if context.customer.is_new:
        await set_commands(context.work, context.customer)
    if context.said.command is not None:
        await _COMMANDS.get(context.said.command, welcome.on_unknown_command)(context)
    elif (key := menu_key(context)) is not None:
        await _MENU[key](context)
    else:
        await _hear(context)


async def _hear(context: CareContext) -> None:
    content, work = context.said.content, context.work
    if content.kind is Kind.UNSUPPORTED:
        await context.say("unsupported")
        return
    if content.media is not None and (content.media.size or 0) > work.rules.media_limit_bytes:
        await context.say("too_large", size=work.rules.media_limit_bytes // (1024 * 1024))
    dialogue = context.customer.dialogue
    if dialogue is not None and await _answers_staff(context, dialogue):
        await settle(work, context.customer)
        dialogue = None
    if dialogue is None or not await _IN_DIALOGUE[dialogue.name](context):
        await free.on_words(context)


async def _answers_staff(context: CareContext, dialogue: Dialogue) -> bool:
    """Return whether staff spoke after this conversation's last step: what is said now answers them."""
    gathering = dialogue.name in (DialogueName.DRAFT, DialogueName.COMPLAINT) and dialogue.data.get("said")
    if gathering or dialogue.name is DialogueName.ADD_WORDS:
        return False
    case = spoken_last(await context.customer.cases(context.work))
    return bool(case and case.last_staff_at and case.last_staff_at > dialogue.updated_at)
