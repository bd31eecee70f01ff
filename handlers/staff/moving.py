"""Showing a case in another staff group: the hand of a supervisor over where cases are worked on."""

from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.outgoing import Button
from handlers.staff.verbs import Ask, Done, Verb
from services.case_door import access_case
from services.views import move_case
from storage.staff import list_groups


async def _move(ask: Ask) -> Done | Refusal:
    """Move a case to the group that was chosen or named, else let whoever asks choose."""
    groups = await list_groups(ask.work.tx, bot_id=ask.work.bot_id)
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.MOVETO)
    if isinstance(case, Refusal):
        return case
    wanted = ask.number() if ask.arguments else None
    if wanted is None and ask.words:
        named = [group.id for group in groups if group.name.casefold() == ask.words.strip().casefold()]
        wanted = named[0] if len(named) == 1 else None
    if wanted is None:
        others = [group for group in groups if group.id != case.staff_group_id]
        if not others:
            return Refusal("views.refused.one_group")
        rows = tuple((Button(group.name, data=f"k:moveto:{case.id}:{group.id}"),) for group in others)
        return Done("views.moveto.ask", {"number": case.public_number}, rows, shown=True, deed=False)
    moved = await move_case(ask.work, case_id=case.id, to_group_id=wanted, by=ask.member)
    if isinstance(moved, Refusal):
        return moved
    name = next(group.name for group in groups if group.id == wanted)
    return Done("views.moveto.done", {"number": case.public_number, "group": name})


VERBS = (Verb("moveto", _move),)
