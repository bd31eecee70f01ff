"""A member of staff works on a case in the private chat with the bot: it is shown there, and left again."""

from dataclasses import dataclass
from datetime import timedelta

from domain.cases import Case
from domain.deeds import Deed, sees, why_not
from domain.interactions import Direction
from domain.outcomes import Refusal
from domain.outgoing import to_member
from domain.people import ActorKind, MemberReach, StaffMember
from services import cards, desk
from services.case_door import access_case, actor_of
from services.private_desk import copy_words, language_of
from services.speech import tell
from services.work import Work
from storage import focus as focus_rows
from storage.audit import add_audit
from storage.cases import get_case
from storage.focus import CaseLine
from storage.interactions import list_of_case

FORGOTTEN_AFTER = timedelta(hours=12)
"""After so long a pause, words in a private chat are asked about before they go to the customer of the last case."""
_SHOWN = 30
_SHOWN_FILES = 10
_LISTED = 10


async def work_here(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Let this person work on a case in their private chat: its card and what was said so far come there."""
    if by.reach is MemberReach.BLOCKED:
        return Refusal("private.refused.write_first")
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.WORK_HERE)
    if isinstance(case, Refusal):
        return case
    before = await focus_rows.get_focus(work.tx, by.id)
    await focus_rows.set_focus(work.tx, member_id=by.id, case_id=case.id, now=work.now)
    if before is not None and before.case_id != case.id:
        await _show_left(work, before.case_id, by)
    if before is None or before.case_id != case.id:
        _audit(work, by, before=before.case_id if before else None, after=case.id, case=case)
    await _show_all(work, case, by)
    return case


def _audit(work: Work, by: StaffMember, *, before: int | None, after: int | None, case: Case | None) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action="member.focus",
        subject=("member", by.id),
        customer_id=case.customer_id if case else None,
        before={"case_id": before},
        after={"case_id": after},
    )


async def _show_left(work: Work, case_id: int, by: StaffMember) -> None:
    """Change the card of a case that is worked on here no longer, so that its buttons say so."""
    case = await get_case(work.tx, case_id)
    if case is not None and sees(case, by):
        await cards.show_card_to(work, case, by)


async def _show_all(work: Work, case: Case, member: StaffMember) -> None:
    """Queue what was said so far for a member's private chat: as lines, then the customer's files, then the card."""
    said = await list_of_case(work.tx, case.id, limit=_SHOWN)
    for text in await desk.history_texts(work, said, language_of(work, member), head="private.history"):
        await tell(work, to_member(member.id), text, case_id=case.id, customer_id=case.customer_id)
    files = [one for one in said if one.author.kind is ActorKind.CUSTOMER and one.content.media]
    for one in [one for one in files if one.direction is Direction.IN][-_SHOWN_FILES:]:
        for copy in await copy_words(work, case, one.id, one.content, only=member):
            await desk.queue_words(work, copy)
    await cards.show_card_to(work, case, member, anew=True)


async def leave(work: Work, by: StaffMember) -> Case | Refusal:
    """Let this person work on no case in private any more; returns the case that was left."""
    refusal = why_not(Deed.LEAVE, by)
    focus = await focus_rows.get_focus(work.tx, by.id)
    case = await get_case(work.tx, focus.case_id) if focus is not None else None
    if refusal is not None or case is None:
        return refusal or Refusal("private.refused.no_focus")
    await focus_rows.clear_focus(work.tx, [by.id])
    _audit(work, by, before=case.id, after=None, case=case)
    await _show_left(work, case.id, by)
    return case


async def switch_desk(work: Work, by: StaffMember) -> bool | Refusal:
    """Turn on or off that this person's cases come to the private chat too; returns whether they do now."""
    refusal = why_not(Deed.DESK, by)
    if refusal is not None:
        return refusal
    if by.reach is MemberReach.BLOCKED:
        return Refusal("private.refused.write_first")
    on = not by.works_privately
    await focus_rows.set_works_privately(work.tx, member_id=by.id, works_privately=on)
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action="member.works_privately",
        subject=("member", by.id),
        before={"works_privately": not on},
        after={"works_privately": on},
    )
    return on


@dataclass(frozen=True, slots=True)
class ToWorkOn:
    """Cases to choose from: one's own, and those that nobody owns."""

    mine: list[CaseLine]
    unowned: list[CaseLine]


async def list_to_work_on(work: Work, by: StaffMember, *, privately: bool) -> ToWorkOn | Refusal:
    """Return the live cases this person may take up, oldest first; confidential ones only ``privately``."""
    refusal = why_not(Deed.CASES, by)
    if refusal is not None:
        return refusal
    mine = await focus_rows.list_to_work_on(work.tx, owner_id=by.id, limit=_LISTED)
    unowned = await focus_rows.list_to_work_on(work.tx, owner_id=None, limit=_LISTED)

    def shown(lines: list[CaseLine]) -> list[CaseLine]:
        return [line for line in lines if sees(line, by) and (privately or not line.confidential)]

    return ToWorkOn(shown(mine), shown(unowned))


async def touch(work: Work, by: StaffMember) -> bool:
    """Keep that this person works on their case right now; returns whether that had been forgotten for long."""
    focus = await focus_rows.get_focus(work.tx, by.id)
    if focus is None:
        return False
    await focus_rows.set_focus(work.tx, member_id=by.id, case_id=focus.case_id, now=work.now)
    return work.now > focus.at + FORGOTTEN_AFTER
