"""Where staff work: lists of cases to choose from, and a case taken to the private chat or left there again."""

from domain.cases import number_in
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.staff.verbs import Ask, Done, Verb
from services.private_work import leave, list_to_work_on, switch_desk, work_here
from storage.cases import get_case_by_number
from storage.focus import CaseLine


async def _work(ask: Ask) -> Done | Refusal:
    """Take a case to the private chat: the one named, else the one at hand."""
    case_id = ask.case
    if (number := number_in(ask.words.upper())) is not None:
        named = await get_case_by_number(ask.work.tx, number)
        case_id = named.id if named is not None else -1
    done = await work_here(ask.work, case_id=case_id, by=ask.member)
    if isinstance(done, Refusal):
        return _with_way(ask, done)
    key = "private.here" if ask.context.at_desk else "private.there"
    return Done(key, {"number": done.public_number}, shown=ask.context.at_desk, deed=False)


def _with_way(ask: Ask, refusal: Refusal) -> Refusal:
    """Let a refusal that asks a person to write to the bot say who that is."""
    if refusal.key != "private.refused.write_first":
        return refusal
    return Refusal(refusal.key, {"bot": f"@{ask.context.bot_username}"})


async def _done(ask: Ask) -> Done | Refusal:
    done = await leave(ask.work, ask.member)
    return done if isinstance(done, Refusal) else Done("private.left", {"number": done.public_number}, deed=False)


async def _desk(ask: Ask) -> Done | Refusal:
    done = await switch_desk(ask.work, ask.member)
    if isinstance(done, Refusal):
        return _with_way(ask, done)
    return Done("private.desk_on" if done else "private.desk_off", deed=False)


async def _cases(ask: Ask) -> Done | Refusal:
    """List one's own cases and those nobody owns, each a button that brings it to the private chat."""
    found = await list_to_work_on(ask.work, ask.member, privately=ask.context.at_desk)
    if isinstance(found, Refusal):
        return found
    buttons = (*_rows(ask, found.mine, "👤"), *_rows(ask, found.unowned, "🆕"))
    key = "private.cases" if buttons else "private.no_cases"
    return Done(key, {"mine": len(found.mine), "unowned": len(found.unowned)}, buttons, shown=True, deed=False)


def _rows(ask: Ask, lines: list[CaseLine], sign: str) -> Rows:
    return tuple((Button(_label(ask, line, sign), data=f"k:work:{line.id}"),) for line in lines)


def _label(ask: Ask, line: CaseLine, sign: str) -> str:
    state = ask.context.label(f"desk.state.{line.state}")
    lock = "🔒 " if line.confidential else ""
    return f"{sign} {lock}C-{line.number} · {line.customer[:24]} · {state}"


VERBS: tuple[Verb, ...] = (
    Verb("work", _work),
    Verb("done", _done, needs_case=False, aliases=("leave",), menu=False),
    Verb("desk", _desk, needs_case=False, menu=False),
    Verb("cases", _cases, needs_case=False, menu=False),
)
