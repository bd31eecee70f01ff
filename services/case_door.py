"""The one door to a case: who may reach it, and how it is changed with its audit row."""

from dataclasses import replace
from typing import Any

from domain.cases import Case, CaseEvent, CaseState, state_after
from domain.deeds import TABLE, Deed, lacks, sees, why_not
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, Permission, StaffMember
from services.work import Person, Work
from storage import cases as case_rows
from storage.audit import add_audit


def actor_of(member: StaffMember) -> Actor:
    """Return a member of staff as the author of a change."""
    return Actor(ActorKind.STAFF, member.id)


async def access_case(work: Work, *, case_id: int, by: StaffMember, deed: Deed | None = None) -> Case | Refusal:
    """Return the case if this person may do ``deed`` to it: the one door through which staff reach a case.

    Without a deed it is whether this person works on cases. A confidential case is as unknown as one that never was to
    whoever may not see it.
    """
    refusal = lacks(by, TABLE[deed].permission if deed is not None else Permission.WORK_CASES)
    if refusal is not None:
        return refusal
    case = await case_rows.get_case(work.tx, case_id)
    if case is None or not sees(case, by):
        return Refusal("desk.refused.no_such_case")
    refusal = why_not(deed, by, case) if deed is not None else None
    if refusal is None:
        return case
    main = await living_case(work, case)
    if main is not case:
        return Refusal("casework.refused.merged_into", {"number": case.public_number, "into": main.public_number})
    return refusal


async def access_case_for(
    work: Work, *, case_id: int, by: StaffMember, deed: Deed, event: CaseEvent
) -> tuple[Case, CaseState] | Refusal:
    """Return the case with the state to which this person's ``deed`` leads it, through the door of all."""
    case = await access_case(work, case_id=case_id, by=by, deed=deed)
    if isinstance(case, Refusal):
        return case
    state = state_on(work, case, event)
    return (case, state) if state is not None else Refusal(TABLE[deed].otherwise, {"number": case.public_number})


def state_on(work: Work, case: Case, event: CaseEvent) -> CaseState | None:
    """Return the state to which ``event`` leads the case now, ``None`` when it cannot happen to it."""
    return state_after(case, event, now=work.now, reopen_window=work.rules.reopen_within)


async def living_case(work: Work, case: Case) -> Case:
    """Return the case that a merged duplicate lives on in, or the case itself."""
    seen = {case.id}
    while case.merged_into is not None and case.merged_into not in seen:
        seen.add(case.merged_into)
        main = await case_rows.get_case(work.tx, case.merged_into)
        if main is None:
            break
        case = main
    return case


async def own_case(work: Work, *, case_id: int, by: Person) -> Case | Refusal:
    """Return the case if it is this customer's own; another's is as unknown as one that never was."""
    case = await case_rows.get_case(work.tx, case_id)
    if case is None or case.customer_id != by.customer.id:
        return Refusal("refused.no_such_case")
    return case


def change_case(work: Work, case: Case, *, by: Actor, action: str, **changed: Any) -> Case:
    """Change columns of a case with its audit row, and return the case as it is now."""
    if case.held_until_at and changed.get("state", case.state) is not CaseState.ON_HOLD:
        changed.setdefault("held_until_at", None)
    before = {name: _plain(getattr(case, name)) for name in changed}
    changed_case = replace(case, **changed)
    if changed:
        case_rows.save_case(work.tx, changed_case, **changed)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("case", case.id),
        customer_id=case.customer_id,
        before=before,
        after={name: _plain(value) for name, value in changed.items()},
    )
    return changed_case


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def moment_for(work: Work, person: Person, at: Any) -> str:
    """Return an instant in the customer's words, on the customer's clock."""
    return work.texts.moment(at, person.language, zone=person.zone(work.rules), now=work.now)
