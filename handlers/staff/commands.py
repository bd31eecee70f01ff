"""Commands of staff, each equal to a button, and answers to what a button asked."""

from domain.cases import Case, number_in
from domain.interactions import Content, Interaction, Kind, Visibility
from domain.outcomes import Refusal
from handlers.context import CareContext
from handlers.staff.doing import perform, tell_in_place
from handlers.staff.registry import VERBS, find_verb
from handlers.staff.replies import reply
from handlers.staff.verbs import Ask, Done
from services.answers import Place, hold_words
from services.case_door import actor_of
from services.prompts import Prompt
from services.speech import record_heard
from storage.cases import get_case, get_case_by_number
from storage.interactions import get_interaction, is_recorded
from storage.staff import get_member


def is_for_another_bot(context: CareContext) -> bool:
    """Return whether the message is a command for a bot that is not us."""
    if context.said.command is None:
        return False
    _, _, name = context.said.content.text.split(maxsplit=1)[0].partition("@")
    return bool(name) and name.lower() != context.bot_username.lower()


def is_known(context: CareContext) -> bool:
    """Return whether the message is a command we know."""
    return find_verb(context.said.command) is not None


def is_empty(context: CareContext) -> bool:
    """Return whether the message is a command without words."""
    return context.said.command is not None and not context.said.argument


async def on_command(context: CareContext, place: Place) -> None:
    """Do what a known command asks, to the case it stands at, or else to the one it names first."""
    verb = find_verb(context.said.command)
    assert verb is not None
    case_id, words = place.case_id, context.said.argument
    if verb.needs_case and case_id is None and (number := number_in(words.upper())) is not None:
        named = await get_case_by_number(context.work.tx, number)
        case_id, words = (named.id if named else -1), words.partition(" ")[2].strip()
    ask = Ask(context, case_id, words=words, replied=await _replied(context, place))
    done = await perform(verb, ask)
    case = await _case(context, case_id)
    if isinstance(done, Done) and done.deed and case is not None:
        await _record(context, case, Content(Kind.COMMAND, context.said.content.text))
    await tell_in_place(context, done, case=case, place=place.case_id)


async def on_answer(context: CareContext, place: Place) -> None:
    """Take the answer to a question of ours as the words it asked for; from the person who was asked alone."""
    prompt = place.prompt
    if prompt is None or prompt.member_id != context.member.id:
        await _hold(context, place, prompt)
        return
    verb, words = VERBS.get(prompt.verb), context.said.content.text.strip()
    if verb is None or not words:
        await reply(context, "desk.refused.words_needed" if verb else "desk.refused.old_button", case_id=place.case_id)
        return
    done = await perform(verb, Ask(context, prompt.case_id, prompt.arguments, words))
    case = await _case(context, prompt.case_id)
    if case is not None:
        await _record(context, case, context.said.content)
    await tell_in_place(context, done, case=case, place=place.case_id)


async def on_other_command(context: CareContext, case_id: int | None) -> None:
    """Help with a command nobody knows; other words without a case are chatter."""
    if context.said.command is not None:
        await perform(VERBS["help"], Ask(context, case_id))


async def _hold(context: CareContext, place: Place, prompt: Prompt | None) -> None:
    """Keep words back that answer somebody else's question, or one whose meaning was deleted after its time."""
    asked = await get_member(context.work.tx, prompt.member_id) if prompt is not None else None
    key = "desk.held_others" if prompt is not None else "desk.held_old_prompt"
    name = asked.name if asked else "?"
    if place.case_id is None:
        await reply(context, key, case_id=None, name=name)
        return
    done = await hold_words(
        context.work,
        case_id=place.case_id,
        by=context.member,
        content=context.said.content,
        origin=context.said.origin,
        key=key,
        name=name,
    )
    if isinstance(done, Refusal):
        await reply(context, done.key, case_id=place.case_id, **context.told(done.values))


async def _replied(context: CareContext, place: Place) -> Interaction | None:
    return await get_interaction(context.work.tx, place.replied) if place.replied is not None else None


async def _case(context: CareContext, case_id: int | None) -> Case | None:
    return await get_case(context.work.tx, case_id) if case_id is not None else None


async def _record(context: CareContext, case: Case, content: Content) -> None:
    """Keep what did something among what was said about the case, for staff alone, unless it stands there already."""
    origin, work = context.said.origin, context.work
    assert origin.update_id is not None
    if await is_recorded(work.tx, bot_id=work.bot_id, update_id=origin.update_id):
        return
    await record_heard(
        work,
        author=actor_of(context.member),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        visibility=Visibility.INTERNAL,
    )
