"""Edited words: kept as a new version, passed on when they belong to a case, joined when they are still gathered."""

from domain.cases import Case
from domain.dialogues import DialogueName
from domain.interactions import Content, Interaction, Kind
from handlers.context import CareContext
from handlers.customers import complaint, words
from handlers.customers.conversation import dialogue_of, recorded
from services.bans import is_banned
from services.case_door import own_case
from services.desk import pass_on_edit
from services.dialogues import move, said_in
from services.summaries import correct_summary
from storage.feedback import add_words
from storage.interactions import list_said_at


async def on_edit(context: CareContext) -> None:
    """Keep an edited private message as a new version; one whose first version we never saw is new to us."""
    work, heard = context.work, context.said
    said = await list_said_at(work.tx, bot_id=work.bot_id, chat_id=heard.chat_id, message_id=heard.message_id)
    if not said or said[0].customer_id != context.customer.customer.id:
        context.interaction_id = await context.record()
        await words.on_message(context)
        return
    original = said[0]
    context.interaction_id = await context.record(version_of=original.id, case_id=original.case_id)
    if _reads_the_same(said[-1].content, heard.content) or is_banned(context.customer, work.now):
        return
    if original.case_id is not None:
        await _pass_on(context, original, before=said[-1].content.text)
    elif original.id in said_in(context.customer.dialogue):
        await _join(context, original)
    else:
        await _correct_order(context, original)


def _reads_the_same(before: Content, after: Content) -> bool:
    """Return whether nothing a person would notice was changed, as when a preview or a live location moved on."""
    if after.kind is Kind.LOCATION:
        return True
    files = [content.media.file_unique_id if content.media else None for content in (before, after)]
    return before.text == after.text and files[0] == files[1]


async def _pass_on(context: CareContext, original: Interaction, *, before: str) -> None:
    case = await own_case(context.work, case_id=original.case_id or 0, by=context.customer)
    if isinstance(case, Case):
        await pass_on_edit(
            context.work,
            case,
            interaction_id=recorded(context),
            original_id=original.id,
            content=context.said.content,
        )
        await correct_summary(
            context.work, case, before=before, after=context.said.content.text, by=context.customer.actor
        )


async def _join(context: CareContext, original: Interaction) -> None:
    """Let the new version join the words still being gathered; nothing is said."""
    dialogue = dialogue_of(context)
    said = [*said_in(dialogue), recorded(context)]
    move(context.work, context.customer, waits=context.work.rules.gather_for, said=said)
    if dialogue.name is DialogueName.FEEDBACK:
        await add_words(context.work.tx, feedback_id=int(dialogue.data["key"]), interaction_id=recorded(context))
    await complaint.refresh(context)


async def _correct_order(context: CareContext, original: Interaction) -> None:
    """Take a corrected order number over into the complaint that is still being written."""
    dialogue = context.customer.dialogue
    order = context.said.content.text.strip()
    if dialogue and dialogue.data.get("order_said") == original.id and complaint.looks_like_order(order):
        move(context.work, context.customer, order=order)
        await complaint.refresh(context)
