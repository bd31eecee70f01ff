"""My cases: where each stands, words added to it, its end and its reopening. Only ever the customer's own."""

from datetime import timedelta

from domain.cases import Case, CaseState
from domain.dialogues import DialogueName
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.context import CareContext
from handlers.customers.conversation import dialogue_of, recorded, running
from handlers.customers.free import answered, case_label
from handlers.customers.keyboards import button, column, one_row
from services.case_door import moment_for, own_case
from services.cases import confirm_solved, hear_words, reopen_by_customer
from services.dialogues import PATIENCE, begin, gather, said_in
from services.drafts import settle
from services.gathered import shortened
from storage.cases import get_case, list_of_customer

_SHOWN = 5
_LINE_LETTERS = 60
_DETAIL_LETTERS = 800


async def on_list(context: CareContext) -> None:
    """Show the newest cases, each with its state and promise in words."""
    person = context.customer
    found = await list_of_customer(context.work.tx, person.customer.id, limit=_SHOWN)
    replacing = context.tap.message_id if context.tap else None
    if not found:
        buttons = one_row(button(context, "cases.button.report", "c:complaint"))
        await context.say("cases.none", buttons=buttons, replacing=replacing)
        return
    lines = "\n\n".join(_line(context, case) for case in found)
    labels = (Button(case_label(case), data=f"c:case:{case.id}") for case in found)
    await context.say("cases.list", lines=lines, buttons=column(labels), replacing=replacing)


def _line(context: CareContext, case: Case) -> str:
    summary = shortened(case.summary.replace("\n", " "), _LINE_LETTERS)
    return f"{case.public_number} · {standing(context, case)}" + (f"\n“{summary}”" if summary else "")


def standing(context: CareContext, case: Case) -> str:
    """Return where a case stands, in the customer's words."""
    work, person = context.work, context.customer
    if case.state is CaseState.RESOLVED:
        return context.label("cases.standing.resolved")
    if case.state is CaseState.CLOSED:
        at = moment_for(work, person, case.closed_at or case.opened_at)
        return context.label("cases.standing.closed", moment=at)
    if case.first_response_at is None and case.promised_at is not None:
        return context.label("cases.standing.promised", moment=moment_for(work, person, case.promised_at))
    key = "cases.standing.waiting" if case.state is CaseState.WAITING else "cases.standing.open"
    return context.label(key)


async def _tapped_case(context: CareContext) -> Case | None:
    case = await own_case(context.work, case_id=context.tapped.number(), by=context.customer)
    if isinstance(case, Refusal):
        await context.refuse(case)
        return None
    return case


async def on_case(context: CareContext) -> None:
    """Show one case and what can be done with it."""
    case = await _tapped_case(context)
    if case is not None:
        await _show(context, case)


async def _show(context: CareContext, case: Case) -> None:
    await context.say(
        "cases.detail",
        buttons=_choices(context, case),
        replacing=context.tapped.message_id,
        case_id=case.id,
        number=case.public_number,
        kind=context.label(f"case.kind.{case.kind}"),
        standing=standing(context, case),
        opened=moment_for(context.work, context.customer, case.opened_at),
        summary=shortened(case.summary, _DETAIL_LETTERS) or "–",
    )


def _choices(context: CareContext, case: Case) -> Rows:
    add = button(context, "cases.button.add", f"c:add:{case.id}")
    solved = button(context, "case.button.solved", f"c:solved:{case.id}")
    back = button(context, "cases.button.back", "c:cases")
    if case.live:
        return ((add, solved), (button(context, "aftercare.call.button", f"c:call:{case.id}"),), (back,))
    if case.state is CaseState.RESOLVED:
        return ((solved, button(context, "case.button.not_solved", f"c:unsolved:{case.id}")), (back,))
    ended = case.closed_at or case.resolved_at
    if ended is not None and context.work.now < ended + _window(context):
        return ((button(context, "cases.button.reopen", f"c:reopen:{case.id}"),), (back,))
    return ((back,),)


def _window(context: CareContext) -> timedelta:
    return context.work.rules.reopen_within


async def on_solved(context: CareContext) -> None:
    """Close a case because the customer says that it is solved."""
    case = await _tapped_case(context)
    if case is None:
        return
    done = await confirm_solved(context.work, context.customer, case=case, replacing=context.tapped.message_id)
    if isinstance(done, Refusal):
        await context.refuse(done)
        return
    _leave_adding(context, case)


async def on_unsolved(context: CareContext) -> None:
    """Take up a case again because the customer says that it is not solved; what they write next goes there."""
    case = await _tapped_case(context)
    if case is None:
        return
    done = await reopen_by_customer(context.work, context.customer, case=case, replacing=context.tapped.message_id)
    if isinstance(done, Refusal):
        await context.refuse(done)
        return
    await settle(context.work, context.customer)
    _begin_adding(context, done)


def _begin_adding(context: CareContext, case: Case) -> None:
    begin(
        context.work,
        context.customer,
        DialogueName.ADD_WORDS,
        "add",
        key=case.id,
        waits=PATIENCE,
    )


def _leave_adding(context: CareContext, case: Case) -> None:
    dialogue = context.customer.dialogue
    if dialogue and dialogue.name is DialogueName.ADD_WORDS and dialogue.data["key"] == case.id:
        context.customer.leave(context.work)


async def on_add(context: CareContext) -> None:
    """Ask for the words to add."""
    case = await _tapped_case(context)
    if case is None:
        return
    if not case.takes_words(context.work.now, context.work.rules.reopen_within):
        context.answer("refused.closed_already", alert=True, number=case.public_number)
        return
    await settle(context.work, context.customer)
    _begin_adding(context, case)
    await context.say("cases.add", buttons=_done(context, case.id), case_id=case.id, number=case.public_number)


def _done(context: CareContext, case_id: int) -> Rows:
    return one_row(button(context, "button.done", f"c:added:{case_id}"))


async def in_adding(context: CareContext) -> bool:
    """Pass words on to the chosen case until Done or a pause; the first of a burst is acknowledged."""
    work, person = context.work, context.customer
    case = await get_case(work.tx, dialogue_of(context).data["key"])
    if case is None or not case.takes_words(work.now, work.rules.reopen_within):
        person.leave(work)
        return False
    starts = gather(work, person, recorded(context), waits=PATIENCE)
    await hear_words(
        work,
        person,
        case=case,
        interaction_id=recorded(context),
        content=context.said.content,
        reply_to=(await answered(context))[0],
        acknowledge=False,
    )
    after = await get_case(work.tx, case.id)
    if after is None or not after.live:
        person.leave(work)
    elif starts and case.live:
        await context.say("cases.added", buttons=_done(context, case.id), case_id=case.id, number=case.public_number)
    return True


async def on_added(context: CareContext) -> None:
    """End adding words."""
    dialogue = running(context, DialogueName.ADD_WORDS)
    if dialogue is None:
        return
    said = bool(said_in(dialogue))
    context.customer.leave(context.work)
    await context.say("cases.added_all" if said else "cancel.left", replacing=context.tapped.message_id)
