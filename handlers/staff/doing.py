"""Doing what staff ask for, whichever way they asked, and saying what came of it where they asked."""

from dataclasses import replace

from domain.cases import Case
from domain.deeds import deed_of, sees, why_not
from domain.outcomes import Refusal
from handlers.context import CareContext
from handlers.staff.replies import reply
from handlers.staff.verbs import Ask, Done, Verb
from services import prompts
from services.case_door import access_case
from services.private_desk import readers
from storage.confidential import load_confided

ASKED = "desk.asked"
"""Said for a tap when the words are asked for in a message of its own."""


async def perform(verb: Verb, ask: Ask) -> Done | Refusal:
    """Do what is asked, or ask for the words it still needs."""
    if verb.needs_case and ask.case_id is None:
        return Refusal("desk.refused.no_such_case" if ask.tapped else "desk.which_case")
    if await is_elsewhere(ask.context, ask.case_id):
        return Refusal("private.refused.in_private")
    if verb.prompt is not None and not ask.words and not ask.arguments:
        return await _ask_for_words(verb, ask, verb.prompt)
    done = await verb.do(ask)
    if isinstance(done, Done) and done.prompt is not None:
        asking = replace(ask, arguments=done.arguments or ask.arguments)
        return await _ask_for_words(verb, asking, done.prompt, values=done.values)
    return done


async def is_elsewhere(context: CareContext, case_id: int | None) -> bool:
    """Return whether a group asks about a case that is confidential, and so worked on in private chats alone.

    To whoever may not know of it there is no such case; they are told so like of any other.
    """
    if context.group is None or case_id is None:
        return False
    case = (await load_confided(context.work.tx, [case_id])).get(case_id)  # locks nothing: each deed has its order
    return case is not None and sees(case, context.member)


async def _ask_for_words(verb: Verb, ask: Ask, key: str, *, values: dict[str, object] | None = None) -> Done | Refusal:
    """Ask whoever asks for words, unless they may not do it anyway."""
    deed, case = deed_of(verb.name), None
    if ask.case_id is not None:
        found = await access_case(ask.work, case_id=ask.case_id, by=ask.member, deed=deed)
        if isinstance(found, Refusal):
            return found
        case = found
    elif deed is not None and (refusal := why_not(deed, ask.member)) is not None:
        return refusal
    group = ask.context.group
    await prompts.ask(
        ask.work,
        case,
        key,
        by=ask.member,
        verb=verb.name,
        arguments=ask.arguments,
        group_id=group.id if group else None,
        language=ask.language,
        **ask.context.told(values or {}),
    )
    return Done(ASKED if ask.tapped else None, deed=False)


async def reads_here(context: CareContext, case: Case | None, place: int | None) -> bool:
    """Return whether a notice about this case comes to where whoever asks is: its topic, or their private chat."""
    if case is None:
        return False
    if context.group is not None:
        return place == case.id and case.staff_group_id == context.group.id
    return any(member.id == context.member.id for member in await readers(context.work, case))


async def tell_in_place(context: CareContext, done: Done | Refusal, *, case: Case | None, place: int | None) -> None:
    """Say what came of a command or an answer where it was written: in the topic of ``place``, or outside of any."""
    if isinstance(done, Refusal):
        await reply(context, done.key, case_id=place, **context.told(done.values))
    elif done.key is not None and not (done.told and await reads_here(context, case, place)):
        await reply(
            context,
            done.key,
            case_id=place,
            customer_id=case.customer_id if case else None,
            buttons=done.buttons,
            picker=bool(done.buttons),
            **context.told(done.values),
        )
