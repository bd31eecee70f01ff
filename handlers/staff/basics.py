"""What staff do all day: write to the customer on purpose, keep a note."""

from domain.deeds import Deed
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from handlers.staff.verbs import Ask, Done, Verb
from services.answers import Answering, Place, ask_for_note, hear_staff, take_note
from services.case_door import access_case


def _words(ask: Ask) -> Content:
    """Return what was written behind a command, or what a message that answers a prompt holds."""
    said = ask.context.said
    if said.command is None:
        return said.content
    return Content(Kind.TEXT, ask.words)


async def _note(ask: Ask) -> Done | Refusal:
    """Keep words among staff; without words ask for them, so that they cannot go astray."""
    if ask.words:
        done = await take_note(
            ask.work, case_id=ask.case, by=ask.member, content=_words(ask), origin=ask.context.said.origin
        )
        return done if isinstance(done, Refusal) else Done(None)
    group = ask.context.group
    refusal = await ask_for_note(
        ask.work, case_id=ask.case, by=ask.member, group_id=group.id if group else None, language=ask.language
    )
    if refusal is not None:
        return refusal
    return Done("desk.answer_below" if ask.tapped else None, deed=False)


async def _answer(ask: Ask) -> Done | Refusal:
    """Send words to the customer; a mark at their head still keeps them back. In a topic one just writes."""
    if not ask.words:
        return await _ask_for_answer(ask)
    replied = ask.replied.id if ask.replied is not None and ask.replied.author.kind == "customer" else None
    refusal = await hear_staff(
        ask.work,
        place=Place(ask.case, Answering.CASE, replied),
        by=ask.member,
        content=_words(ask),
        origin=ask.context.said.origin,
    )
    return refusal or Done(None)


async def _ask_for_answer(ask: Ask) -> Done | Refusal:
    """Say that in the topic one just writes; where nothing would tell the case, ask for the words."""
    group = ask.context.group
    if group is None or group.forum is False:
        return Done(None, prompt="desk.answer_prompt")
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.ANSWER)
    return case if isinstance(case, Refusal) else Done("desk.answer_here", deed=False)


VERBS: tuple[Verb, ...] = (
    Verb("note", _note),
    Verb("answer", _answer),
)
