"""Handing a case up, taking what was handed up, passing it on, and how it all went."""

from domain.deeds import Deed, why_not
from domain.ladder import Ending, Escalation
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.staff.verbs import Ask, Done, Verb
from services import escalations
from services.case_door import access_case
from services.ownership import assign_case
from texts.catalogue import safe

_OWN = "own"
_HISTORY_LETTERS = 3200
"""So many letters of a ladder's newest lines are shown: with their marks they fit into one message."""


async def on_escalate(ask: Ask) -> Done | Refusal:
    """Hand a case up, for a reason."""
    done = await escalations.escalate_by(ask.work, case_id=ask.case, by=ask.member, reason=ask.words)
    return done if isinstance(done, Refusal) else await _handed_up(ask, done)


async def _handed_up(ask: Ask, done: Escalation) -> Done | Refusal:
    """Say who was told, unless it stands in this very topic already."""
    case = await access_case(ask.work, case_id=done.case_id, by=ask.member)
    if isinstance(case, Refusal):
        return case
    number, group = case.public_number, ask.context.group
    if group is not None and case.staff_group_id == group.id and not case.confidential:
        return Done(None)
    if done.ended_as is Ending.JOINED:
        return Done("ladder.joined_yours", {"number": number}, shown=True)
    names = await escalations.names_of(ask.work, done.told)
    if not names:
        return Done("ladder.handed_to_nobody", {"number": number}, shown=True)
    return Done("ladder.handed_up", {"number": number, "people": ", ".join(names)}, shown=True)


async def on_ack(ask: Ask) -> Done | Refusal:
    """Say *I have it*, and then, when one wants to, own the case as well."""
    if ask.argument(1) == _OWN:
        owned = await assign_case(ask.work, case_id=ask.case, to=ask.member.id, by=ask.member)
        if isinstance(owned, Refusal):
            return owned
        return Done("ladder.owned", {"number": owned.public_number, "name": ask.member.name}, shown=True)
    escalation_id = await _escalation_of(ask)
    case = await escalations.take_it(ask.work, escalation_id=escalation_id, by=ask.member)
    if isinstance(case, Refusal):
        return case
    values: dict[str, object] = {"number": case.public_number, "name": ask.member.name}
    if case.owner_id == ask.member.id or why_not(Deed.ASSIGN, ask.member, case) is not None:
        return Done("ladder.you_have_it", values)
    button = Button(ask.context.label("ladder.button.own"), data=f"k:ack:{case.id}:{escalation_id}:{_OWN}")
    rows: Rows = ((button,),)
    return Done("ladder.offer_owner", values, buttons=rows, shown=True)


async def _escalation_of(ask: Ask) -> int:
    """Return the escalation of the tapped button; of a command that of its case, -1 when there is none."""
    if ask.arguments:
        return ask.number()
    return await escalations.find_open(ask.work, case_id=ask.case) or -1


async def on_pass(ask: Ask) -> Done | Refusal:
    """Hand it one rung further up; why is asked for when it was not said."""
    if not ask.words:
        return Done(None, prompt="ladder.pass_prompt", arguments=ask.arguments, deed=False)
    done = await escalations.pass_on(ask.work, escalation_id=await _escalation_of(ask), by=ask.member, reason=ask.words)
    return done if isinstance(done, Refusal) else await _handed_up(ask, done)


async def on_ladder(ask: Ask) -> Done | Refusal:
    """Show when a case was handed up, why, to whom, and who took it after how long."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member, deed=Deed.LADDER)
    if isinstance(case, Refusal):
        return case
    lines = await escalations.history_in_words(ask.work, case, ask.language)
    if not lines:
        return Done("ladder.history.none", {"number": case.public_number}, shown=True, deed=False)
    shown = _newest(lines)
    if left := len(lines) - len(shown):
        shown.insert(0, ask.context.text("ladder.history.earlier", count=left))
    values: dict[str, object] = {"number": case.public_number, "lines": safe("\n".join(shown))}
    return Done("ladder.history", values, shown=True, deed=False)


def _newest(lines: list[str]) -> list[str]:
    shown: list[str] = []
    room = _HISTORY_LETTERS
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            break
        shown.insert(0, line)
    return shown


VERBS: tuple[Verb, ...] = (
    Verb("escalate", on_escalate, prompt="ladder.reason_prompt"),
    Verb("ack", on_ack, menu=False, command=False),
    Verb("pass", on_pass, menu=False, command=False),
    Verb("ladder", on_ladder),
)
