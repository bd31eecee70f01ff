"""Learning from complaints: a case is given its cause; a cause gets an owner, an action and a date; what was changed
is told to those who complained.
"""

from datetime import date, timedelta

from domain.cases import Case
from domain.deeds import Deed, why_not
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, StaffMember
from services import cards
from services.case_door import access_case, actor_of, change_case
from services.work import Work
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.causes import (
    Cause,
    Standing,
    add_cause,
    change_cause,
    find_cause,
    get_cause,
    list_causes,
    list_complainers,
)
from storage.deliveries import insert_planned

CAMPAIGN = "changed"
LOOKED_BACK = timedelta(days=90)
"""Over how long the top causes are counted."""
TOLD_FOR = timedelta(days=14)
"""For how long after a change it is still news."""
_MOST_NAME, _MOST_WORDS = 128, 600


async def name_cause(work: Work, *, case_id: int, by: StaffMember, name: str) -> Case | Refusal:
    """Give a case its cause, a new one when nobody has named it so before."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= _MOST_NAME:
        return Refusal("learning.refused.name", {"most": _MOST_NAME})
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.CAUSE)
    if isinstance(case, Refusal):
        return case
    cause = await find_cause(work.tx, name) or await _add(work, name, by=by)
    return await _put(work, case, cause, by=by)


async def _add(work: Work, name: str, *, by: StaffMember) -> Cause:
    cause = await add_cause(work.tx, name=name, now=work.now)
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action="cause.add",
        subject=("cause", cause.id),
        after={"name": cause.name},
    )
    return cause


async def choose_cause(work: Work, *, case_id: int, by: StaffMember, cause_id: int) -> Case | Refusal:
    """Give a case a cause that is known."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.CAUSE)
    if isinstance(case, Refusal):
        return case
    cause = await get_cause(work.tx, cause_id)
    return Refusal("learning.refused.no_cause") if cause is None else await _put(work, case, cause, by=by)


async def _put(work: Work, case: Case, cause: Cause, *, by: StaffMember) -> Case:
    if case.cause_id == cause.id:
        return case
    case = change_case(work, case, by=actor_of(by), action="case.cause", cause_id=cause.id)
    await cards.show_card(work, case)
    return case


async def plan_cause(
    work: Work, *, cause_id: int, by: StaffMember, action: str, owner_id: int | None = None, due_on: date | None = None
) -> Cause | Refusal:
    """Say who does what about a cause until when; the owner is whoever says so unless another is named."""
    if (refusal := why_not(Deed.EDIT_CAUSES, by)) is not None:
        return refusal
    action = action.strip()
    if not 2 <= len(action) <= _MOST_WORDS:
        return Refusal("learning.refused.words", {"most": _MOST_WORDS})
    cause = await get_cause(work.tx, cause_id)
    owner = await staff_rows.get_member(work.tx, owner_id) if owner_id is not None else by
    if cause is None or owner is None or not owner.active:
        return Refusal("learning.refused.no_cause")
    changed = {"owner_id": owner.id, "action": action, "due_on": due_on.isoformat() if due_on else None}
    await change_cause(work.tx, cause.id, **changed)
    before = {"owner_id": cause.owner_id, "action": cause.action, "due_on": cause.due_on}
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action="cause.plan",
        subject=("cause", cause.id),
        before=before,
        after=changed,
    )
    return await get_cause(work.tx, cause.id) or cause


async def tell_change(work: Work, *, cause_id: int, by: StaffMember, note: str) -> int | Refusal:
    """Say that a cause was changed for the better; each who complained of it is told when they may be written to.

    Returns to how many people the news will go out.
    """
    if (refusal := why_not(Deed.EDIT_CAUSES, by)) is not None:
        return refusal
    note = note.strip()
    if not 2 <= len(note) <= _MOST_WORDS:
        return Refusal("learning.refused.words", {"most": _MOST_WORDS})
    cause = await get_cause(work.tx, cause_id)
    if cause is None:
        return Refusal("learning.refused.no_cause")
    if cause.changed_at is not None and work.now < cause.changed_at + TOLD_FOR:
        return Refusal("learning.refused.told_already", {"cause": cause.name})
    await change_cause(work.tx, cause.id, note=note, changed_at=work.now)
    told = await _plan(work, cause)
    after = {"note": note, "people": told}
    add_audit(
        work.tx, at=work.now, actor=actor_of(by), action="cause.changed", subject=("cause", cause.id), after=after
    )
    return told


async def _plan(work: Work, cause: Cause) -> int:
    """Freeze a delivery for each who complained; whether it may go is asked when it is due."""
    today = work.now.astimezone(work.rules.zone).date()
    people = await list_complainers(work.tx, cause.id)
    rows = [
        {
            "campaign": CAMPAIGN,
            "occasion": f"cause:{cause.id}:{today:%y%m%d}",
            "customer_id": customer_id,
            "occasion_on": today.isoformat(),
            "zone": zone or work.rules.zone.key,
            "due_at": work.now,
            "late_after_at": work.now + TOLD_FOR,
            "planned_at": work.now,
        }
        for customer_id, zone in people
    ]
    return await insert_planned(work.tx, rows, renewable=("",))


def cause_of(occasion: str) -> int:
    """Return which cause the occasion of such a delivery is about."""
    return int(occasion.split(":")[1])


async def top_causes(work: Work, *, limit: int = 10) -> list[Standing]:
    """Return the most frequent causes of the last months; those without a case in that time come last."""
    return await list_causes(work.tx, since_at=work.now - LOOKED_BACK, limit=limit)


async def owner_of(work: Work, cause: Cause) -> StaffMember | None:
    """Return who looks after a cause."""
    return await staff_rows.get_member(work.tx, cause.owner_id) if cause.owner_id else None


SPEAKER = Actor(ActorKind.CAMPAIGN)
"""In whose name the news goes out."""
