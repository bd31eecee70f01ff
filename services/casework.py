"""What staff do with a case: take it, answer it, keep a note, resolve it, take it up again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case, CaseEvent, CaseState, EndedAs
from domain.deeds import Deed
from domain.interactions import Content, Direction, Visibility
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import SYSTEM, StaffMember
from domain.sla import PAUSED_IN
from services import cards, desk, escalations, private_desk, sla
from services.case_door import access_case, access_case_for, actor_of, change_case, state_on
from services.ownership import give_if_absent, keep_reason, tell_owner
from services.speech import record_heard, say
from services.task_ends import end_of_case as end_of_tasks
from services.work import Person, Work, person_of_contact
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.case_lists import list_holds_due
from storage.interactions import NOWHERE, Origin

LONGEST_HOLD = timedelta(days=366)
"""How far away the end of a hold may be."""


async def take_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Make this person the owner of a case that is nobody's, or whose owner is away; the second of two is refused."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.TAKE, event=CaseEvent.TAKE)
    if isinstance(found, Refusal):
        return found
    case, state = found
    if case.owner_id == by.id:
        return Refusal("desk.refused.yours_already", {"number": case.public_number})
    owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id is not None else None
    if owner is not None and owner.present(work.now):
        return Refusal("desk.refused.taken", {"number": case.public_number, "name": owner.name})
    case = change_case(work, case, by=actor_of(by), action="case.take", owner_id=by.id, state=state)
    await cards.show_card(work, case)
    return case


async def answer_case(
    work: Work,
    *,
    case_id: int,
    by: StaffMember,
    content: Content,
    origin: Origin,
    reply_to: int | None = None,
) -> int | Refusal:
    """Pass a staff member's words to the customer; whoever answers a case nobody owns becomes its owner.

    Returns the interaction.
    """
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.ANSWER, event=CaseEvent.ANSWER)
    if isinstance(found, Refusal):
        return found
    case, state = found
    if case.contact_point_id is None:
        return Refusal("desk.refused.no_contact", {"number": case.public_number})
    interaction_id = await record_heard(
        work,
        author=actor_of(by),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        direction=Direction.OUT,
        reply_to=reply_to,
    )
    await desk.answer_customer(
        work,
        case,
        contact_point_id=case.contact_point_id,
        interaction_id=interaction_id,
        content=content,
        name=by.name if work.rules.show_staff_names else None,
        reply_to=reply_to,
    )
    await private_desk.tell_colleagues(work, case, by=by, content=content, origin=origin)
    await _after_answer(work, case, by=by, state=state)
    return interaction_id


async def _after_answer(work: Work, case: Case, *, by: StaffMember, state: CaseState) -> None:
    changed: dict[str, Any] = {"last_staff_at": work.now}
    case = await sla.on_answered(work, case, by)
    if case.first_response_at is None:
        changed["first_response_at"] = work.now
    if case.owner_id is None:
        changed["owner_id"] = by.id
    if state is not case.state:
        changed["state"] = state
    if len(changed) == 1:
        case_rows.save_case(work.tx, case := replace(case, **changed), **changed)
        await escalations.end_of_case(work, case)
        return
    case = change_case(work, case, by=actor_of(by), action="case.answer", **changed)
    case = await sla.on_paused(work, case) if case.state in PAUSED_IN else case
    await cards.show_card(work, case)
    await escalations.end_of_case(work, case)


async def add_note(work: Work, *, case_id: int, by: StaffMember, content: Content, origin: Origin) -> int | Refusal:
    """Keep a note that only staff can read; returns the interaction."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.NOTE)
    if isinstance(case, Refusal):
        return case
    return await record_heard(
        work,
        author=actor_of(by),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        direction=Direction.IN,
        visibility=Visibility.INTERNAL,
    )


async def resolve_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Call a case solved and ask the customer whether it is."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.RESOLVE, event=CaseEvent.RESOLVE)
    if isinstance(found, Refusal):
        return found
    case, state = found
    changed: dict[str, Any] = {
        "state": state,
        "resolved_at": work.now,
        "resolver_id": by.id,
        "resolutions": case.resolutions + 1,
    }
    if case.owner_id is None:
        changed["owner_id"] = by.id
    if case.first_response_at is None:
        changed["first_response_at"] = work.now
    case = change_case(work, case, by=actor_of(by), action="case.resolve", **changed)
    case = await sla.on_resolved(work, case, by)
    await cards.show_card(work, case)
    await escalations.end_of_case(work, case)
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    if person is not None:
        await say(
            work,
            person,
            "case.resolved",
            buttons=_solved_buttons(work, person, case),
            case_id=case.id,
            number=case.public_number,
        )
    return case


def _solved_buttons(work: Work, person: Person, case: Case) -> Rows:
    return (
        (
            Button(work.texts.button("case.button.solved", person.language), data=f"c:solved:{case.id}"),
            Button(work.texts.button("case.button.not_solved", person.language), data=f"c:unsolved:{case.id}"),
        ),
    )


async def reopen_by_staff(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Take up an ended case again because staff see that it is not done; the customer is not disturbed."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.REOPEN, event=CaseEvent.REOPEN)
    if isinstance(found, Refusal):
        return found
    case, state = found
    case = change_case(
        work,
        case,
        by=actor_of(by),
        action="case.reopen",
        state=state,
        resolved_at=None,
        closed_at=None,
        ended_as=None,
        reopens=case.reopens + 1,
    )
    case = await sla.on_reopened(work, case)
    case = await give_if_absent(work, case)
    await cards.show_card(work, case)
    return case


async def hold_case(
    work: Work,
    *,
    case_id: int,
    by: StaffMember,
    until: datetime | None = None,
    reason: str = "",
    origin: Origin = NOWHERE,
) -> Case | Refusal:
    """Put a case on hold until an instant, or until somebody goes on with it; its clocks stand still meanwhile."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.HOLD, event=CaseEvent.HOLD)
    if isinstance(found, Refusal):
        return found
    case, state = found
    if until is not None and until <= work.now:
        return Refusal("casework.refused.past")
    if until is not None and until > work.now + LONGEST_HOLD:
        return Refusal("casework.refused.too_far", {"days": LONGEST_HOLD.days})
    await keep_reason(work, case, by=by, reason=reason, origin=origin)
    changed: dict[str, Any] = {"state": state, "held_until_at": until}
    if case.owner_id is None:
        changed["owner_id"] = by.id
    case = await sla.on_paused(work, change_case(work, case, by=actor_of(by), action="case.hold", **changed))
    await cards.show_card(work, case)
    return case


async def resume_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Go on with a case that was on hold, or that waited for the customer."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.RESUME, event=CaseEvent.RESUME)
    if isinstance(found, Refusal):
        return found
    case, state = found
    case = change_case(work, case, by=actor_of(by), action="case.resume", state=state)
    case = await sla.on_resumed(work, case)
    await cards.show_card(work, case)
    return case


async def spam_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Close a case as spam; whoever wrote it is not told."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.SPAM, event=CaseEvent.SPAM)
    if isinstance(found, Refusal):
        return found
    case, state = found
    case = change_case(
        work,
        case,
        by=actor_of(by),
        action="case.spam",
        state=state,
        closed_at=work.now,
        ended_as=EndedAs.SPAM,
    )
    case = await sla.on_closed(work, case)
    await cards.show_card(work, case)
    await end_of_tasks(work, case, by=actor_of(by))
    await escalations.end_of_case(work, case)
    return case


async def end_due_holds(work: Work, *, limit: int = 100) -> int:
    """Go on with cases whose hold ends now, and tell whose they are; returns how many."""
    found = await list_holds_due(work.tx, now=work.now, limit=limit)
    for case in found:
        if (state := state_on(work, case, CaseEvent.HOLD_ENDS)) is None:
            continue
        case = change_case(work, case, by=SYSTEM, action="case.hold_ends", state=state)
        case = await sla.on_resumed(work, case)
        case = await give_if_absent(work, case)
        await cards.show_card(work, case)
        await desk.notice_case(work, case, "casework.hold_over", number=case.public_number)
        await tell_owner(work, case, "casework.hold_over")
    return len(found)


async def close_forgotten(work: Work, *, limit: int = 100) -> int:
    """Close resolved cases whose reopen window has passed in silence; returns how many."""
    before = work.now - work.rules.reopen_within
    found = await case_rows.list_resolved_before(work.tx, before=before, limit=limit)
    for case in found:
        if (state := state_on(work, case, CaseEvent.CLOSE)) is None:
            continue
        changed = change_case(
            work,
            case,
            by=SYSTEM,
            action="case.close",
            state=state,
            closed_at=work.now,
            ended_as=EndedAs.SILENCE,
        )
        await cards.show_card(work, changed)
    return len(found)
