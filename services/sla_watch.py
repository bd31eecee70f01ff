"""The tick over the clocks of cases: warns when most of a target has passed, hands a case up when all of it has."""

from dataclasses import replace

from domain.cases import Case
from domain.ladder import Cause
from domain.people import SYSTEM
from domain.sla import ClockKind, Told, clocks_of, kept_form, start, target_of, told_of
from services import escalations
from services.hours import calendar_of
from services.sla import keep_told, looks_of, on_target_moved, seal_of
from services.work import Work
from storage import cases as case_rows
from storage import people as people_rows
from storage import sla as rows


async def watch_clocks(work: Work, *, limit: int = 20) -> int:
    """Look at the clocks that fall due, and tell staff what there is to tell; returns how many cases it looked at.

    What was told is kept with the case, so that nothing is told twice or not at all after a restart. When the hours or
    the targets have changed since the last look, all clocks are reckoned anew.
    """
    seal = seal_of(work)
    known = await rows.swap_seal(work.tx, seal)
    if known is not None and known != seal:
        await rows.look_at_all(work.tx, now=work.now)
    due = await rows.list_looks_due(work.tx, now=work.now, limit=limit)
    for case_id in sorted(due):
        case = await case_rows.get_case(work.tx, case_id)
        if case is not None and case.sla_look_at is not None and case.sla_look_at <= work.now:
            await _look(work, case)
    return len(due)


async def _look(work: Work, case: Case) -> None:
    if not case.live:
        keep_told(work, case, case.sla_told, clocks={})
        return
    case = await on_target_moved(work, case if case.sla_clocks else await _adopted(work, case))
    due = [look for look in looks_of(work, clocks_of(case).values(), case.sla_told) if look.at <= work.now]
    missed = {look.kind for look in due if look.what is Told.BREACHED}
    told = [told_of(look.kind, look.what) for look in due]
    keep_told(work, case, (*case.sla_told, *told))
    for look in due:
        case = await case_rows.get_case(work.tx, case.id) or case
        if look.what is Told.BREACHED:
            await escalations.escalate(work, case, cause=Cause.BREACH, reason=look.kind.value, by=SYSTEM)
        elif look.kind not in missed:
            await escalations.warn(work, case, kind=look.kind.value, due_at=look.due_at)


async def _adopted(work: Work, case: Case) -> Case:
    """Return a case from before there were clocks with one that began when it was opened."""
    kind = ClockKind.FIRST_RESPONSE
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    target = target_of(work.rules, case.priority, customer.tier if customer else "").first_response
    if case.first_response_at is not None or target is None:
        return case
    if case.first_response_due_at is not None:
        target = calendar_of(work).between(case.opened_at, case.first_response_due_at) or target
    case = replace(case, sla_clocks=kept_form({kind: start(kind, case.opened_at, target)}))
    case_rows.save_case(work.tx, case, sla_clocks=case.sla_clocks)
    return case
