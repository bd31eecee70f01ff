"""Marking a case as a complaint about a colleague: it leaves the group, and that person no longer sees it."""

from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.outgoing import Button
from handlers.staff.verbs import Ask, Done, Verb
from services.case_door import access_case, actor_of
from services.confidential import list_whom, make_confidential
from services.members import find_member
from services.private_desk import tell_member

_MOST = 40


async def _confidential(ask: Ask) -> Done | Refusal:
    """Keep a case from the person named or chosen; without a name offer those who work here."""
    if ask.arguments:
        about_id: int | None = ask.number() or None
    elif ask.words:
        member = await find_member(ask.work, ask.words)
        if member is None:
            return Refusal("private.refused.nobody_here")
        about_id = member.id
    else:
        return await _choose(ask)
    done = await make_confidential(ask.work, case_id=ask.case, about_id=about_id, by=actor_of(ask.member))
    if isinstance(done, Refusal):
        return done
    if ask.context.group is not None:
        return Done(None)  # what the topic says besides would only draw eyes
    return Done("private.confidential_done", {"number": done.public_number})


async def _choose(ask: Ask) -> Done | Refusal:
    """Offer names where nobody else reads them: in the private chat, wherever it was asked."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.CONFIDENTIAL)
    if isinstance(case, Refusal):
        return case
    names = [(member.name, member.id) for member in await list_whom(ask.work)][:_MOST]
    rows = tuple((Button(name, data=f"k:confidential:{case.id}:{member_id}"),) for name, member_id in names)
    nobody = (Button(ask.context.label("private.confidential_nobody"), data=f"k:confidential:{case.id}:0"),)
    key, number, buttons = "private.confidential_whom", case.public_number, (*rows, nobody)
    if ask.context.group is None:
        return Done(key, {"number": number}, buttons=buttons, shown=True, deed=False)
    if await tell_member(ask.work, ask.member, key, buttons=buttons, case=case, number=number) is None:
        return Refusal("private.refused.write_first", {"bot": f"@{ask.context.bot_username}"})
    return Done("private.asked_there", deed=False)


VERBS: tuple[Verb, ...] = (Verb("confidential", _confidential),)
