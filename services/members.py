"""Members of staff: who is here, who is away, who comes and goes, and to whom goes what was theirs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case, CaseState
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.ownership import can_own
from domain.people import SYSTEM, Actor, Permission, Role, StaffMember
from services import cards, desk
from services.case_door import actor_of, change_case
from services.ownership import give_if_absent, give_in_turn, give_unowned
from services.permits import may_administer, member_of
from services.private_desk import language_of, tell_member
from services.tasks import move_tasks
from services.work import Work
from storage import members as rows
from storage.audit import add_audit
from storage.case_lists import give_customer, list_live_of_owner, list_owed_of_owner, lock_customers_of
from storage.staff import get_first_group, get_member, insert_missing_member

LONGEST_ABSENCE = timedelta(days=366)
"""How far away a return date may be; whoever is away longer says so without one."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How much went from one member of staff to another."""

    cases: int
    customers: int
    tasks: int

    def __bool__(self) -> bool:
        return bool(self.cases or self.customers or self.tasks)

    def in_words(self, work: Work, language: str) -> str:
        """Return how much it was, without what there was none of."""
        counts = (
            ("casework.count.cases", self.cases),
            ("casework.count.customers", self.customers),
            ("casework.count.tasks", self.tasks),
        )
        said = [work.texts.button(key, language, count=count) for key, count in counts if count]
        return work.texts.button("casework.count.between", language).join(said)


async def find_member(work: Work, who: str) -> StaffMember | None:
    """Return the active member of staff meant by ``@name``, a name, or a Telegram user id; ``None`` if not just one.

    A Telegram name stands above a name, a whole name above its first word.
    """
    word = who.strip().removeprefix("@").strip().casefold()
    members = await rows.list_members(work.tx)
    for known_as in (_user_id, _username, _name, _first_word) if word else ():
        found = [one for one in members if known_as(one) == word]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _user_id(member: StaffMember) -> str:
    return str(member.user_id)


def _username(member: StaffMember) -> str:
    return (member.username or "").casefold()


def _name(member: StaffMember) -> str:
    return member.name.strip().casefold()


def _first_word(member: StaffMember) -> str:
    return _name(member).partition(" ")[0]


async def note_username(work: Work, member: StaffMember, username: str | None) -> None:
    """Keep a member's Telegram name, by which colleagues call them."""
    if username and username != member.username:
        await rows.change_member(work.tx, member.id, username=username)


async def set_absent(work: Work, member_id: int, *, until: datetime | None, by: Actor) -> StaffMember | Refusal:
    """Record that somebody is away, until an instant or until they say that they are back.

    Cases of theirs that wait for the business are given to others in turn, by the setting; else supervisors are shown
    them, with one tap to give them on.
    """
    member = await _one(work, member_id, by=by, deed=Deed.AWAY)
    if isinstance(member, Refusal):
        return member
    if until is not None and until <= work.now:
        return Refusal("casework.refused.past")
    if until is not None and until > work.now + LONGEST_ABSENCE:
        return Refusal("casework.refused.too_far", {"days": LONGEST_ABSENCE.days})
    waiting = await list_live_of_owner(work.tx, member_id, states=(CaseState.NEW, CaseState.OPEN))
    (member,) = await rows.lock_members(work.tx, [member_id])
    was_here = member.present(work.now)
    since = work.now if was_here else member.absent_since_at
    await rows.change_member(work.tx, member_id, absent_since_at=since, absent_until_at=until)
    _audit(
        work,
        by,
        "member.away",
        member_id,
        before=_absence(member.absent_since_at, member.absent_until_at),
        after=_absence(since, until),
    )
    left = [case for case in waiting if (await give_if_absent(work, case)).owner_id == member_id]
    for case in left:
        await cards.show_card(work, case)
    if left and was_here:  # another end of the same absence leaves nothing new
        await _ask_supervisors(work, member, left, key="casework.left_by_absent", but=by)
    return await _again(work, member_id)


async def set_present(work: Work, member_id: int, *, by: Actor) -> StaffMember | Refusal:
    """Record that somebody is back."""
    member = await _one(work, member_id, by=by, deed=Deed.BACK)
    if isinstance(member, Refusal):
        return member
    if member.present(work.now):
        return Refusal("casework.refused.present_already", {"name": member.name})
    before = _absence(member.absent_since_at, member.absent_until_at)
    await rows.change_member(work.tx, member_id, absent_since_at=None, absent_until_at=None)
    _audit(work, by, "member.back", member_id, before=before, after=_absence(None, None))
    await give_unowned(work)
    for case in await list_live_of_owner(work.tx, member_id):
        await cards.show_card(work, case)
    return await _again(work, member_id)


async def hand_over(
    work: Work, *, from_id: int, to_id: int, by: Actor, replacing: int | None = None
) -> HandedOver | Refusal:
    """Give everything one person has to another in one step: cases not closed, customers, open tasks; all audited.

    A case the successor may not know of becomes nobody's. ``replacing`` is the message of ours in the first staff group
    in whose place it is told; where there was nothing nobody is told.
    """
    giver = await _one(work, from_id, by=by, deed=Deed.HANDOVER, gone_too=True)
    if isinstance(giver, Refusal):
        return giver
    done = await _move_all(work, giver, to_id, by=by)
    if isinstance(done, Refusal) or not done:
        return done
    successor = await _again(work, to_id)
    in_group = cards.desk_language(work, await get_first_group(work.tx, bot_id=work.bot_id))
    names: dict[str, Any] = {"giver": giver.name, "name": successor.name}
    what = done.in_words(work, in_group)
    await desk.notice_staff(work, "casework.handed_over", replacing=replacing, **names, what=what)
    if by != actor_of(successor):
        what = done.in_words(work, language_of(work, successor))
        await tell_member(work, successor, "casework.handed_to_you", giver=giver.name, what=what)
    return done


async def _move_all(work: Work, giver: StaffMember, to_id: int | None, *, by: Actor) -> HandedOver | Refusal:
    """Move what is the giver's to ``to_id``, to nobody when that is ``None``. Locks cases, customers, then people."""
    if to_id == giver.id:
        return Refusal("casework.refused.same_person")
    cases = await list_owed_of_owner(work.tx, giver.id)
    customers = await lock_customers_of(work.tx, giver.id)
    people = {one.id: one for one in await rows.lock_members(work.tx, [giver.id, *([to_id] if to_id else [])])}
    successor = people.get(to_id) if to_id is not None else None
    if to_id is not None and (successor is None or not successor.may(Permission.WORK_CASES)):
        return Refusal("casework.refused.not_theirs_to_work", {"name": successor.name if successor else "?"})
    for case in cases:
        await _move_case(work, case, successor, by=by)
    for customer_id in customers:
        give_customer(work.tx, customer_id, owner_id=to_id)
        add_audit(
            work.tx,
            at=work.now,
            actor=by,
            action="customer.handover",
            subject=("customer", customer_id),
            customer_id=customer_id,
            before={"owner_id": giver.id},
            after={"owner_id": to_id},
        )
    tasks = await move_tasks(work, giver.id, to_id, by)
    done = HandedOver(len(cases), len(customers), tasks)
    _audit(
        work,
        by,
        "member.handover",
        giver.id,
        after={"to": to_id, "cases": done.cases, "customers": done.customers, "tasks": done.tasks},
    )
    return done


async def _move_case(work: Work, case: Case, successor: StaffMember | None, *, by: Actor) -> None:
    owner_id = successor.id if successor is not None and can_own(successor, case) else None
    case = change_case(work, case, by=by, action="case.handover", owner_id=owner_id)
    if case.live and owner_id is None:
        case = await give_in_turn(work, case)
    await cards.show_card(work, case)


async def add_member(
    work: Work, *, user_id: int, name: str, role: Role, language: str | None = None, by: Actor
) -> StaffMember | Refusal:
    """Let somebody work here, or work here again with this name and role."""
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    known = await rows.get_by_user_id(work.tx, user_id)
    if known is not None and known.active:
        return Refusal("casework.refused.member_already", {"name": known.name, "role": known.role.value})
    if known is None:
        await insert_missing_member(work.tx, user_id=user_id, name=name, role=role, language=language)
    else:
        again = {"active": True, "absent_since_at": None, "absent_until_at": None}
        await rows.change_member(work.tx, known.id, name=name, role=role.value, language=language, **again)
    member = await rows.get_by_user_id(work.tx, user_id)
    assert member is not None
    before = {"active": False, "role": known.role.value} if known else None
    after = {"active": True, "role": role.value, "user_id": user_id}
    _audit(work, by, "member.add", member.id, before=before, after=after)
    return member


async def remove_member(work: Work, member_id: int, *, successor_id: int | None, by: Actor) -> HandedOver | Refusal:
    """Let somebody work here no more; what was theirs goes to the successor, or to nobody, in the same step.

    Cases that are nobody's are given in turn, by the setting. The last one who administers stays.
    """
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    member = await get_member(work.tx, member_id)
    if member is None or not member.active:
        return Refusal("casework.refused.no_member")
    others = [one for one in await rows.list_members(work.tx) if one.id != member_id]
    if member.role is Role.ADMIN and not any(one.role is Role.ADMIN for one in others):
        return Refusal("casework.refused.last_admin", {"name": member.name})
    if successor_id is not None:
        successor = next((one for one in others if one.id == successor_id), None)
        if successor is None or not successor.may(Permission.WORK_CASES):
            return Refusal("casework.refused.not_theirs_to_work", {"name": successor.name if successor else "?"})
    await list_owed_of_owner(work.tx, member_id)  # locks cases before people
    await lock_customers_of(work.tx, member_id)
    await rows.change_member(work.tx, member_id, active=False)
    _audit(work, by, "member.remove", member_id, before={"active": True}, after={"active": False, "to": successor_id})
    if successor_id is None:
        return await _move_all(work, member, None, by=by)
    return await hand_over(work, from_id=member_id, to_id=successor_id, by=by)


async def hear_leaving(work: Work, member: StaffMember, *, group_name: str) -> None:
    """Ask supervisors what becomes of the cases of somebody who left a staff group; nothing happens by itself."""
    _audit(work, SYSTEM, "member.left_group", member.id, after={"group": group_name})
    owned = await list_owed_of_owner(work.tx, member.id)
    await _ask_supervisors(work, member, owned, key="casework.left_group", group=group_name)


async def _ask_supervisors(
    work: Work, member: StaffMember, cases: list[Case], *, key: str, but: Actor | None = None, **values: Any
) -> None:
    """Show the staff group, and whoever supervises in private, what waits for somebody who is not here."""
    numbers = ", ".join(case.public_number for case in cases if not case.confidential) or "–"
    said: dict[str, Any] = {"name": member.name, "count": len(cases), "numbers": numbers, **values}
    in_group = cards.desk_language(work, await get_first_group(work.tx, bot_id=work.bot_id))
    await desk.notice_staff(work, key, buttons=_give_on(work, member, in_group), **said)
    for one in await rows.list_members(work.tx, roles=(Role.SUPERVISOR, Role.ADMIN)):
        if one.id != member.id and (but is None or but.id != one.id) and one.present(work.now):
            await tell_member(work, one, key, buttons=_give_on(work, member, language_of(work, one)), **said)


def _give_on(work: Work, member: StaffMember, language: str) -> Rows:
    label = work.texts.button("casework.button.give_on", language)
    return ((Button(label, data=f"k:handover:0:{member.id}"),),)


async def _one(work: Work, member_id: int, *, by: Actor, deed: Deed, gone_too: bool = False) -> StaffMember | Refusal:
    """Return a member of staff to whom ``by`` may do ``deed``."""
    if by != SYSTEM:
        author = await member_of(work, by)
        refusal = why_not(deed, author, whose=member_id) if author else Refusal("desk.refused.not_allowed")
        if refusal is not None:
            return refusal
    member = await get_member(work.tx, member_id)
    if member is None or not (member.active or gone_too):
        return Refusal("casework.refused.no_member")
    return member


async def _again(work: Work, member_id: int) -> StaffMember:
    member = await get_member(work.tx, member_id)
    assert member is not None
    return member


def _absence(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    return {
        "absent_since_at": since.isoformat() if since else None,
        "absent_until_at": until.isoformat() if until else None,
    }


def _audit(
    work: Work,
    by: Actor,
    action: str,
    member_id: int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    add_audit(
        work.tx, at=work.now, actor=by, action=action, subject=("staff_member", member_id), before=before, after=after
    )
