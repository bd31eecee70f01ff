"""Escalations: a case is handed up by hand, by a missed clock or a low score, until a person says *I have it*.

All of it is in the database: the tick only asks which rung nobody has taken in time. Everything is done under the
lock of the case, and ended by a conditional statement, so two who act at once do not both.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.approvals import is_reason
from domain.cases import Case
from domain.deeds import Deed
from domain.ladder import (
    Cause,
    Ending,
    Escalation,
    Rung,
    causes_of,
    ends_with_answer,
    is_top,
    level_of,
    next_rung,
    whom_to_warn,
)
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, StaffMember
from domain.workdays import WorkCalendar
from services import cards
from services.case_door import access_case, actor_of
from services.gathered import shortened
from services.ladder_words import (
    history_in_words,
    rewrite_copies,
    tell_escalator,
    tell_joined,
    tell_rung,
    tell_warning,
)
from services.work import Work
from storage import cases as case_rows
from storage import escalations as rows
from storage.audit import add_audit
from storage.members import list_members
from storage.staff import get_member

__all__ = (
    "climb_due",
    "end_of_case",
    "escalate",
    "escalate_by",
    "find_open",
    "history_in_words",
    "names_of",
    "pass_on",
    "take_it",
    "warn",
)

_REASON_LETTERS = 1000
_LEAST_WAIT = timedelta(minutes=1)


async def escalate(
    work: Work, case: Case, *, cause: Cause, reason: str = "", by: Actor, to_level: int | None = None
) -> Escalation:
    """Hand a case up a rung and tell the people there; the case is locked by whoever obtained it.

    While an escalation of it is open, another cause only joins its history, unless it reaches higher. For a breach
    ``reason`` is the clock that was missed (``first_response``, ``next_response``, ``resolution``).
    """
    case = await _fresh(work, case)
    reason = shortened(reason.strip(), _REASON_LETTERS)
    staff = await list_members(work.tx)
    open_one = await rows.get_open(work.tx, case.id)
    author = next((member for member in staff if by == actor_of(member)), None)
    leaving = {author.id} if author else {case.owner_id} if case.owner_id else set()
    stands = open_one.level - 1 if open_one else case.level
    below = to_level - 1 if to_level is not None else stands
    rung = next_rung(max(stands, below, level_of(author)), staff, work.now, case, leaving=leaving)
    if open_one is not None and rung.level <= open_one.level:
        return await _join(work, case, open_one, cause=cause, reason=reason, by=by)
    if open_one is not None:
        await rows.end(work.tx, open_one.id, ending=Ending.RAISED, now=work.now)
    return await _open(work, case, rung, staff, cause=cause, reason=reason, by=by)


async def _fresh(work: Work, case: Case) -> Case:
    """Return the case as this transaction sees it, locked."""
    return await case_rows.get_case(work.tx, case.id) or case


async def _join(work: Work, case: Case, open_one: Escalation, *, cause: Cause, reason: str, by: Actor) -> Escalation:
    joined = await rows.insert_escalation(
        work.tx,
        case_id=case.id,
        level=open_one.level,
        cause=cause,
        reason=reason,
        by=by,
        at=work.now,
        told=(),
        ended_at=work.now,
        ended_as=Ending.JOINED,
    )
    _audit(work, case, by, "case.escalate", cause=cause, joined=True)
    if cause is Cause.HAND:
        await tell_joined(work, case, joined, open_one.told)
    return joined


async def _open(
    work: Work,
    case: Case,
    rung: Rung,
    staff: list[StaffMember],
    *,
    cause: Cause,
    reason: str,
    by: Actor,
    key: str = "ladder.told",
) -> Escalation:
    """Open a rung, keep the case's level, and tell the people on it."""
    opened = await rows.insert_escalation(
        work.tx,
        case_id=case.id,
        level=rung.level,
        cause=cause,
        reason=reason,
        by=by,
        at=work.now,
        told=rung.told,
        answer_due_at=_due(work, top=is_top(rung.level, staff, work.now, case)),
    )
    _audit(work, case, by, "case.escalate", cause=cause, level=max(case.level, rung.level))
    if rung.level > case.level:
        case = replace(case, level=rung.level)
        case_rows.save_case(work.tx, case, level=rung.level)
    causes = causes_of(await rows.list_of_case(work.tx, case.id))
    await tell_rung(work, case, opened, rung.people, causes=causes, key=key)
    await cards.show_card(work, case)
    return opened


def _due(work: Work, *, top: bool) -> datetime:
    """Return by when somebody has to take a rung: within the answer time, at the top until it is repeated."""
    rules = work.rules.desk.ladder
    span = max(rules.repeat_every if top else rules.answer_within, _LEAST_WAIT)
    if not rules.only_at_work:
        return work.now + span
    return WorkCalendar(work.rules.desk.hours, work.rules.zone).add(work.now, span)


def _audit(work: Work, case: Case, by: Actor, action: str, **after: object) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("case", case.id),
        customer_id=case.customer_id,
        before={"level": case.level} if "level" in after else None,
        after=after,
    )


async def escalate_by(work: Work, *, case_id: int, by: StaffMember, reason: str) -> Escalation | Refusal:
    """Hand a case up by hand; the reason is read by whoever it comes to."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.ESCALATE)
    if isinstance(case, Refusal):
        return case
    if not is_reason(reason):
        return Refusal("ladder.refused.reason", {"number": case.public_number})
    return await escalate(work, case, cause=Cause.HAND, reason=reason, by=actor_of(by))


async def warn(work: Work, case: Case, *, kind: str, due_at: datetime) -> None:
    """Tell a case's owner, or whoever could become it, that the clock ``kind`` runs out at ``due_at``."""
    staff = await list_members(work.tx)
    owner = next((member for member in staff if member.id == case.owner_id), None)
    rung = whom_to_warn(owner, staff, work.now, case)
    await rows.insert_escalation(
        work.tx,
        case_id=case.id,
        level=case.level,
        cause=Cause.WARNING,
        reason=kind,
        by=SYSTEM,
        at=work.now,
        told=rung.told,
        ended_at=work.now,
    )
    await tell_warning(work, case, rung.people, kind=kind, due_at=due_at)


async def take_it(work: Work, *, escalation_id: int, by: StaffMember) -> Case | Refusal:
    """Say *I have it*: the ladder stops and the others read who has it; the second of two is told who was first.

    It may be said by whoever was told on any rung so far, or stands as high; of an older rung it means the open one.
    """
    found = await _find_open(work, escalation_id, by=by, deed=Deed.ACKNOWLEDGE)
    if isinstance(found, Refusal):
        return found
    case, rung, history = found
    if not await rows.end(work.tx, rung.id, ending=Ending.TAKEN, now=work.now, taken_by=by.id):
        return Refusal("ladder.refused.over", {"number": case.public_number})
    _audit(work, case, actor_of(by), "case.acknowledge", escalation=rung.id)
    await rewrite_copies(work, case, _open_chain(history), "ladder.taken", name=by.name)
    await tell_escalator(work, case, causes_of(history), "ladder.taken_for_you", by=by)
    return case


async def _find_open(
    work: Work, escalation_id: int, *, by: StaffMember, deed: Deed
) -> tuple[Case, Escalation, list[Escalation]] | Refusal:
    """Return the case of an escalation, its open rung and all its rungs, if this person may answer for it."""
    asked = await rows.get_escalation(work.tx, escalation_id)
    if asked is None:
        return Refusal("desk.refused.old_button")
    case = await access_case(work, case_id=asked.case_id, by=by)
    if isinstance(case, Refusal):
        return case
    history = await rows.list_of_case(work.tx, case.id)
    rung = next((one for one in history if one.open), None)
    if rung is None:
        return await _who_has_it(work, case, history)
    case = await access_case(work, case_id=case.id, by=by, deed=deed)
    if isinstance(case, Refusal):
        return case
    if level_of(by) < rung.level and not any(by.id in one.told for one in _open_chain(history)):
        return Refusal("ladder.refused.not_asked", {"number": case.public_number})
    return case, rung, history


async def _who_has_it(work: Work, case: Case, history: list[Escalation]) -> Refusal:
    last = next((one for one in reversed(history) if one.ended_as not in (None, Ending.JOINED)), None)
    if last is None or last.ended_as is not Ending.TAKEN:
        return Refusal("ladder.refused.over", {"number": case.public_number})
    taker = await get_member(work.tx, last.taken_by or 0)
    values = {"number": case.public_number, "name": taker.name if taker else "?"}
    return Refusal("ladder.refused.taken", values)


def _open_chain(history: list[Escalation]) -> list[Escalation]:
    """Return the rungs of the newest escalation on which people were asked."""
    first = causes_of(history)[0].id
    return [one for one in history if one.id >= first and one.told]


async def pass_on(work: Work, *, escalation_id: int, by: StaffMember, reason: str = "") -> Escalation | Refusal:
    """Hand an escalation one rung further up, with a reason; at the top there is nobody to pass it on to."""
    found = await _find_open(work, escalation_id, by=by, deed=Deed.PASS_ON)
    if isinstance(found, Refusal):
        return found
    case, rung, _ = found
    if not is_reason(reason):
        return Refusal("ladder.refused.reason", {"number": case.public_number})
    staff = await list_members(work.tx)
    higher = next_rung(max(rung.level, level_of(by)), staff, work.now, case, leaving={by.id})
    if higher.level <= rung.level:
        return Refusal("ladder.refused.top", {"number": case.public_number})
    if not await rows.end(work.tx, rung.id, ending=Ending.PASSED_ON, now=work.now):
        return Refusal("ladder.refused.over", {"number": case.public_number})
    reason = shortened(reason.strip(), _REASON_LETTERS)
    return await _open(work, case, higher, staff, cause=Cause.HAND, reason=reason, by=actor_of(by))


async def climb_due(work: Work, *, limit: int = 100) -> int:
    """Hand up what nobody took in time, and repeat it at the top; returns how many escalations it looked at.

    Cases are locked in the order of their ids, and each rung is looked at again under the lock.
    """
    due = await rows.list_due(work.tx, now=work.now, limit=limit)
    for overdue in sorted(due, key=lambda one: one.case_id):
        case = await case_rows.get_case(work.tx, overdue.case_id)
        rung = await rows.get_escalation(work.tx, overdue.id)
        assert case is not None
        assert rung is not None
        if rung.open and rung.answer_due_at == overdue.answer_due_at:
            await _climb(work, case, rung)
    return len(due)


async def _climb(work: Work, case: Case, rung: Escalation) -> None:
    if not case.live:
        await end_of_case(work, case)
        return
    staff = await list_members(work.tx)
    higher = next_rung(rung.level, staff, work.now, case)
    if higher.level <= rung.level:
        await _repeat(work, case, rung, higher, staff)
    elif await rows.end(work.tx, rung.id, ending=Ending.UNANSWERED, now=work.now):
        key = "ladder.told.unanswered"
        await _open(work, case, higher, staff, cause=Cause.UNANSWERED, reason=rung.reason, by=SYSTEM, key=key)


async def _repeat(work: Work, case: Case, rung: Escalation, again: Rung, staff: list[StaffMember]) -> None:
    told = (*rung.told, *(who for who in again.told if who not in rung.told))
    if not await rows.repeat(work.tx, rung, told=told, answer_due_at=_due(work, top=True)):
        return
    history = await rows.list_of_case(work.tx, case.id)
    repeated = next(one for one in history if one.id == rung.id)
    await tell_rung(work, case, repeated, again.people, causes=causes_of(history), key="ladder.told.repeat")


async def find_open(work: Work, *, case_id: int) -> int | None:
    """Return the id of the rung of a case on which somebody is waited for."""
    rung = await rows.get_open(work.tx, case_id)
    return rung.id if rung else None


async def names_of(work: Work, member_ids: Sequence[int]) -> list[str]:
    """Return the names of these members of staff, in this order."""
    names = {member.id: member.name for member in await list_members(work.tx, active=False)}
    return [names[member_id] for member_id in member_ids if member_id in names]


async def end_of_case(work: Work, case: Case) -> None:
    """Let nobody be waited for any more: the case has ended, or the answer that was missed was given.

    What a person handed up waits for a person's tap, also when the customer was answered meanwhile.
    """
    rung = await rows.get_open(work.tx, case.id)
    if rung is None:
        return
    history = await rows.list_of_case(work.tx, case.id)
    if case.live and not ends_with_answer(causes_of(history)):
        return
    ending = Ending.ANSWERED if case.live else Ending.CASE_ENDED
    if await rows.end(work.tx, rung.id, ending=ending, now=work.now):
        await rewrite_copies(work, case, _open_chain(history), f"ladder.over.{ending}")
