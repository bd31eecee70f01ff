"""Whose a case is: given to somebody by hand, in turn, or back when its owner is away or gone."""

from typing import Any

from domain.cases import Case, CaseEvent, next_state
from domain.deeds import Deed
from domain.desk import Assigning
from domain.interactions import Content, Direction, Kind, Visibility
from domain.outcomes import Refusal
from domain.ownership import can_own, choose, on_turn, present_first, turn_after
from domain.people import SYSTEM, Actor, Permission, StaffMember
from services import cards, desk
from services.case_door import access_case, actor_of, change_case
from services.private_desk import tell_member
from services.prompts import mention
from services.speech import record_heard
from services.work import Work
from storage.case_lists import list_without_owner
from storage.interactions import NOWHERE, Origin
from storage.members import change_member, count_live_cases, list_members, lock_members
from storage.staff import get_member


async def list_choices(work: Work, *, case: Case | None = None) -> list[StaffMember]:
    """Return whom a case can be given to, present people first."""
    members = [one for one in await list_members(work.tx) if one.may(Permission.WORK_CASES)]
    if case is not None:
        members = [one for one in members if can_own(one, case)]
    return present_first(members, work.now)


async def assign_case(
    work: Work, *, case_id: int, to: int, by: StaffMember, note: str = "", origin: Origin = NOWHERE
) -> Case | Refusal:
    """Give a case to somebody: one's own or nobody's, and anybody's for who supervises. The note is kept for staff.

    Whoever gets it reads so in the topic and in private, with the note.
    """
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.ASSIGN)
    if isinstance(case, Refusal):
        return case
    member = await get_member(work.tx, to)
    if member is None or not can_own(member, case):
        return Refusal("casework.refused.not_theirs_to_work", {"name": member.name if member else "?"})
    if case.owner_id == member.id:
        key = "desk.refused.yours_already" if member.id == by.id else "casework.refused.theirs_already"
        return Refusal(key, {"number": case.public_number, "name": member.name})
    await keep_reason(work, case, by=by, reason=note, origin=origin)
    state = next_state(case.state, CaseEvent.ASSIGN) or case.state
    case = change_case(work, case, by=actor_of(by), action="case.assign", owner_id=member.id, state=state)
    await cards.show_card(work, case)
    if member.id != by.id:
        await _tell_assigned(work, case, member, by=by, note=note)
    return case


async def _tell_assigned(work: Work, case: Case, member: StaffMember, *, by: StaffMember, note: str) -> None:
    noted = "_noted" if note else ""
    values: dict[str, Any] = {"number": case.public_number, "by": by.name, **({"note": note} if note else {})}
    await desk.notice_case(work, case, f"casework.assigned{noted}", but=member, name=mention(member), **values)
    await tell_member(work, member, f"casework.yours{noted}", case=case, **values)


async def give_in_turn(work: Work, case: Case) -> Case:
    """Give a case to whoever's turn it is, by the setting; it stays as it is when that is nobody."""
    if work.rules.desk.assigning is Assigning.NONE or not case.live:
        return case
    member = await _take_turn(work, case)
    if member is None or member.id == case.owner_id:
        return case
    case = change_case(work, case, by=SYSTEM, action="case.give", owner_id=member.id)
    await cards.show_card(work, case)
    await desk.notice_case(work, case, "casework.given", but=member, number=case.public_number, name=mention(member))
    await tell_member(work, member, "casework.yours_in_turn", case=case, number=case.public_number)
    return case


async def someone_here(work: Work, case: Case, *, wished: int | None) -> StaffMember | None:
    """Return who is to have a case whose customer is promised somebody by name: ``wished`` if present, else in turn.

    Turns are taken for it also where people take their cases by hand.
    """
    member = await get_member(work.tx, wished) if wished is not None else None
    if member is not None and member.present(work.now) and can_own(member, case):
        return member
    return await _take_turn(work, case)


async def _take_turn(work: Work, case: Case) -> StaffMember | None:
    """Choose under the lock of all who could be chosen, so that two cases at once go to two people."""
    by_hand = work.rules.desk.assigning is Assigning.NONE
    ids = [one.id for one in on_turn(await list_members(work.tx), case, work.now)]
    candidates = on_turn(await lock_members(work.tx, ids), case, work.now) if ids else []
    loads = await count_live_cases(work.tx, [one.id for one in candidates])
    member = choose(candidates, Assigning.ROUND_ROBIN if by_hand else work.rules.desk.assigning, loads)
    if member is not None:
        await change_member(work.tx, member.id, assigned_at=turn_after(candidates, work.now))
    return member


async def give_if_absent(work: Work, case: Case) -> Case:
    """Give a case on whose owner is away or gone (or that has none); with nobody to give it to it waits for a hand."""
    owner = await get_member(work.tx, case.owner_id) if case.owner_id else None
    if owner is not None and owner.present(work.now):
        return case
    if owner is not None and not owner.active:
        case = change_case(work, case, by=SYSTEM, action="case.unassign", owner_id=None)
        await cards.show_card(work, case)
    return await give_in_turn(work, case)


async def give_unowned(work: Work, *, limit: int = 100) -> int:
    """Give the cases that are nobody's to those present, when the setting says so; returns how many."""
    if work.rules.desk.assigning is Assigning.NONE:
        return 0
    given = 0
    for case in await list_without_owner(work.tx, limit=limit):
        given += (await give_if_absent(work, case)).owner_id != case.owner_id
    return given


async def tell_owner(work: Work, case: Case, key: str, **values: Any) -> None:
    """Tell whose case it is something about it in private; nobody when it is nobody's."""
    owner = await get_member(work.tx, case.owner_id) if case.owner_id else None
    if owner is not None:
        await tell_member(work, owner, key, case=case, number=case.public_number, **values)


async def keep_reason(
    work: Work, case: Case, *, by: StaffMember | Actor, reason: str, origin: Origin = NOWHERE
) -> None:
    """Keep why something was done to a case as a note that only staff read."""
    if reason.strip():
        await record_heard(
            work,
            author=actor_of(by) if isinstance(by, StaffMember) else by,
            content=Content(Kind.TEXT, reason.strip()),
            origin=origin,
            customer_id=case.customer_id,
            case_id=case.id,
            direction=Direction.IN,
            visibility=Visibility.INTERNAL,
        )
