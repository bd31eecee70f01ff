"""What staff write, in their group or in private: answers, notes, commands, and corrections of them."""

from domain.outcomes import Refusal
from domain.people import NOBODY
from handlers.context import CareContext
from handlers.staff import commands
from handlers.staff.doing import is_elsewhere
from handlers.staff.replies import reply
from services.answers import Answering, Place, hear_staff, place_of
from services.corrections import correct_words
from services.members import note_username

_STRANGER_ONCE_S = 3600


async def on_message(context: CareContext) -> None:
    """Take words about a case from whoever may work on it; chatter about none is nobody's business."""
    heard, group = context.said, context.group
    assert group is not None
    if heard.service or commands.is_for_another_bot(context):
        return
    to_us = heard.answered == context.work.bot_id
    place = await place_of(
        context.work,
        group,
        thread_id=heard.thread_id,
        reply_to=heard.reply_to,
        by=context.member,
        our_topic=heard.topic_name if to_us else None,
    )
    if context.member is NOBODY:
        await _refuse_stranger(context, place)
    else:
        await hear(context, place, to_us=to_us)


async def hear(context: CareContext, place: Place, *, to_us: bool = False) -> None:
    """Take what a member of staff wrote at ``place``: a command, what was asked for, or words about the case.

    ``to_us``: it answers a message of ours, so that words without a case are no chatter.
    """
    heard = context.said
    await note_username(context.work, context.member, heard.speaker.username)
    if await is_elsewhere(context, place.case_id):
        await reply(context, "private.refused.in_private", case_id=None)
    elif commands.is_known(context):
        await commands.on_command(context, place)
    elif place.answering is Answering.PROMPT and heard.command is None:
        await commands.on_answer(context, place)
    elif place.case_id is None and to_us and heard.command is None:
        await reply(context, "desk.which_case", case_id=None)
    elif place.case_id is None or commands.is_empty(context):
        await commands.on_other_command(context, place.case_id)
    else:
        done = await hear_staff(
            context.work, place=place, by=context.member, content=heard.content, origin=heard.origin
        )
        if isinstance(done, Refusal):
            await reply(context, done.key, case_id=place.case_id, **context.told(done.values))


async def _refuse_stranger(context: CareContext, place: Place) -> None:
    """Say aloud that somebody's words went nowhere, where it was about a case; never in the middle of chatter.

    Whoever hides behind the group may well work here, so their commands and answers are refused everywhere.
    """
    speaker, case_id = context.said.speaker, place.case_id
    meant_us = case_id is not None or place.answering is Answering.PROMPT or commands.is_known(context)
    if speaker.anonymous and meant_us:
        await reply(context, "desk.refused.anonymous", case_id=case_id)
        return
    if case_id is None or speaker.anonymous:
        return
    hour = int(context.work.now.timestamp()) // _STRANGER_ONCE_S
    once = f"stranger:{context.said.chat_id}:{speaker.user_id}:{hour}"
    await reply(context, "desk.refused.stranger", case_id=case_id, once=once, name=speaker.name)


async def on_edit(context: CareContext) -> None:
    """Pass a correction on to where the first words went."""
    if context.said.service or context.member is NOBODY:
        return
    await correct_words(context.work, by=context.member, content=context.said.content, origin=context.said.origin)
