"""Priorities that a person decides, with a reason: the only way down."""

from domain.approvals import is_reason
from domain.cases import Case, Priority
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.people import StaffMember
from services import cards
from services.case_door import access_case, actor_of, change_case
from services.sla import on_target_moved
from services.work import Work

_REASON_LETTERS = 300


async def set_priority(work: Work, *, case_id: int, by: StaffMember, priority: Priority, reason: str) -> Case | Refusal:
    """Give a case another priority, for a reason; to lower it takes somebody who supervises."""
    case = await may_set(work, case_id=case_id, by=by, priority=priority)
    if isinstance(case, Refusal):
        return case
    if not is_reason(reason):
        return Refusal("clock.refused.reason", {"number": case.public_number})
    told = " ".join(reason.split())[:_REASON_LETTERS]
    why = {"kind": "hand", "by": by.id, "reason": told, "priority": priority.value}
    case = change_case(
        work,
        case,
        by=actor_of(by),
        action="case.priority",
        priority=priority,
        priority_why=(*case.priority_why, why),
    )
    case = await on_target_moved(work, case)
    await cards.show_card(work, case)
    return case


async def may_set(work: Work, *, case_id: int, by: StaffMember, priority: Priority | None) -> Case | Refusal:
    """Return the case if this person may give it this priority (or any), before a reason is asked for."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.PRIORITY)
    if isinstance(case, Refusal) or priority is None:
        return case
    if priority is case.priority:
        return Refusal("clock.refused.same", {"number": case.public_number})
    if priority.weight < case.priority.weight and why_not(Deed.LOWER_PRIORITY, by, case) is not None:
        return Refusal("clock.refused.lowering", {"number": case.public_number})
    return case
