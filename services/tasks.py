"""Tasks of staff: made, finished with what came of them, put off, given to another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case
from domain.deeds import Deed, why_not
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import Purpose
from domain.people import Actor, Permission, StaffMember
from domain.tasks import NEEDS_OUTCOME, OWED, Task, TaskKind, says_something, word_before
from services.case_door import access_case, actor_of, moment_for
from services.contacts_log import ContactOutcome, record_contact
from services.speech import say
from services.task_ends import audit_task, end_of_case, mark_cancelled, mark_done
from services.work import Work, person_of_contact
from storage import cases as case_rows
from storage import staff as staff_rows
from storage import tasks as rows

TOLD = "told"
"""In ``Task.why``: the customer was told the time, and hears when it moves."""
MOST_LETTERS = 1000
_LATEST = timedelta(days=400)


async def add_task(
    work: Work,
    *,
    kind: str,
    owner_id: int | None,
    due_at: datetime,
    text: str,
    by: Actor,
    customer_id: int | None = None,
    case_id: int | None = None,
    word_at: datetime | None = None,
    key: str | None = None,
    why: dict[str, Any] | None = None,
) -> Task | None:
    """Make a task; ``None`` when the same ``key`` made one before.

    What a customer was given a time for gets its ``word_at`` by itself where a case is given.
    """
    chosen = TaskKind(kind)
    if word_at is None and chosen in OWED and case_id is not None:
        word_at = word_before(due_at, now=work.now, reminder=work.rules.desk.task_reminder)
    task = await rows.insert_task(
        work.tx,
        by=by,
        kind=chosen,
        now=work.now,
        owner_id=owner_id,
        due_at=due_at,
        text=text[:MOST_LETTERS],
        customer_id=customer_id,
        case_id=case_id,
        word_at=word_at,
        key=key,
        why=why,
    )
    if task is not None:
        after = {"kind": chosen.value, "owner_id": owner_id, "due_at": due_at.isoformat(), "case_id": case_id}
        audit_task(work, task, by=by, action="task.add", after=after)
    return task


async def plan_task(
    work: Work, *, case_id: int, by: StaffMember, kind: TaskKind, due_at: datetime, text: str, key: str | None = None
) -> Task | Refusal:
    """Make a task of one's own about a case; the same ``key`` a second time changes nothing."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.TASK)
    if isinstance(case, Refusal):
        return case
    refusal = _bad_time(work, due_at)
    if refusal is not None:
        return refusal
    made = await add_task(
        work,
        kind=kind,
        owner_id=by.id,
        due_at=due_at,
        text=" ".join(text.split()),
        by=actor_of(by),
        customer_id=case.customer_id,
        case_id=case.id,
        key=key,
    )
    return made or Refusal("aftercare.refused.made_already")


def _bad_time(work: Work, due_at: datetime) -> Refusal | None:
    if due_at <= work.now:
        return Refusal("aftercare.refused.past")
    return Refusal("aftercare.refused.far") if due_at > work.now + _LATEST else None


async def access_task(work: Work, *, task_id: int, by: StaffMember) -> Task | Refusal:
    """Return an open task if this person may change it, locked: one's own, nobody's, or anybody's who supervises."""
    if (refusal := why_not(Deed.CHANGE_TASK, by)) is not None:
        return refusal
    seen = await rows.get_task(work.tx, task_id)
    if seen is None:
        return Refusal("aftercare.refused.no_such_task")
    if seen.case_id is not None:  # the case is locked before its task
        case = await access_case(work, case_id=seen.case_id, by=by, deed=Deed.TASK)
        if isinstance(case, Refusal):
            return Refusal("aftercare.refused.no_such_task")
    task = await rows.lock_task(work.tx, task_id)
    if task is None or not task.open:
        return Refusal("aftercare.refused.over")
    if why_not(Deed.CHANGE_TASK, by, whose=task.owner_id) is not None:
        owner = await staff_rows.get_member(work.tx, task.owner_id or 0)
        return Refusal("aftercare.refused.others", {"name": owner.name if owner else "?"})
    return task


async def finish_task(work: Work, *, task_id: int, by: StaffMember, outcome: str = "") -> Task | Refusal:
    """Call a task done. A visit, a promise and a call owed are not done before somebody says what came of them."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    outcome = " ".join(outcome.split())[:MOST_LETTERS]
    if task.kind in NEEDS_OUTCOME and not says_something(outcome):
        return Refusal("aftercare.refused.outcome")
    if task.kind is TaskKind.VISIT and task.customer_id is not None:
        await record_contact(
            work,
            case=await case_rows.get_case(work.tx, task.case_id) if task.case_id else None,
            customer_id=task.customer_id,
            by=by,
            kind=Kind.VISIT,
            outcome=ContactOutcome.MET,
            words=outcome,
        )
    await mark_done(work, task, by=actor_of(by), outcome=outcome)
    return replace(task, done_at=work.now, done_by=by.id, outcome=outcome)


async def cancel_task(work: Work, *, task_id: int, by: Actor) -> bool:
    """Call a task off, because it is moot; returns whether it was still open. For services: asks for no permission."""
    task = await rows.lock_task(work.tx, task_id)
    if task is None or not task.open:
        return False
    await mark_cancelled(work, task, by=by)
    return True


async def drop_task(work: Work, *, task_id: int, by: StaffMember) -> Task | Refusal:
    """Call a task off by hand; what a customer was promised cannot be dropped, only kept or put off."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    if task.kind in OWED and (task.why or {}).get(TOLD):
        return Refusal("aftercare.refused.promised")
    await mark_cancelled(work, task, by=actor_of(by))
    return task


async def postpone_task(work: Work, *, task_id: int, by: StaffMember, due_at: datetime) -> Task | Refusal:
    """Put a task off; a customer who was told its time hears of the new one."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    if (refusal := _bad_time(work, due_at)) is not None:
        return refusal
    owed = task.kind in OWED and task.case_id is not None
    word_at = word_before(due_at, now=work.now, reminder=work.rules.desk.task_reminder) if owed else None
    await rows.change_task(work.tx, task.id, due_at=due_at, word_at=word_at, reminded_at=None)
    before, after = {"due_at": task.due_at.isoformat()}, {"due_at": due_at.isoformat()}
    audit_task(work, task, by=actor_of(by), action="task.postpone", before=before, after=after)
    task = replace(task, due_at=due_at, word_at=word_at, reminded_at=None)
    if owed and (task.why or {}).get(TOLD):
        await _say_time(work, task, "aftercare.promise.moved")
    return task


async def give_task(work: Work, *, task_id: int, to_id: int, by: StaffMember) -> Task | Refusal:
    """Give a task to another member of staff who works on cases."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    to = await staff_rows.get_member(work.tx, to_id)
    if to is None or not to.may(Permission.WORK_CASES):
        return Refusal("aftercare.refused.nobody")
    if task.case_id is not None and isinstance(await access_case(work, case_id=task.case_id, by=to), Refusal):
        return Refusal("aftercare.refused.nobody")
    await rows.change_task(work.tx, task.id, owner_id=to.id, reminded_at=None)
    before, after = {"owner_id": task.owner_id}, {"owner_id": to.id}
    audit_task(work, task, by=actor_of(by), action="task.give", before=before, after=after)
    return replace(task, owner_id=to.id, reminded_at=None)


async def tell_promise(work: Work, *, task_id: int, by: StaffMember) -> Task | Refusal:
    """Tell the customer by when somebody gets in touch: the time and a name, never the words of staff."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    if task.kind not in OWED or (task.why or {}).get(TOLD):
        return Refusal("aftercare.refused.told_already")
    if not await _say_time(work, task, "aftercare.promise.told"):
        return Refusal("aftercare.refused.not_told")
    why = {**(task.why or {}), TOLD: True}
    await rows.change_task(work.tx, task.id, why=why)
    audit_task(work, task, by=actor_of(by), action="task.tell", after={"due_at": task.due_at.isoformat()})
    return replace(task, why=why)


async def _say_time(work: Work, task: Task, key: str) -> bool:
    """Tell the customer of a case the time of a task; returns whether there is a chat to tell it in."""
    case: Case | None = await case_rows.get_case(work.tx, task.case_id) if task.case_id else None
    person = await person_of_contact(work, case.contact_point_id) if case and case.contact_point_id else None
    if case is None or person is None:
        return False
    await say(
        work,
        person,
        key,
        purpose=Purpose.PROMISE,
        case_id=case.id,
        number=case.public_number,
        name=await owner_name(work, task) or work.rules.business_name,
        moment=moment_for(work, person, task.due_at),
    )
    return True


async def owner_name(work: Work, task: Task) -> str | None:
    """Return the name under which a customer may know whose task it is; ``None`` where names are not shown."""
    if task.owner_id is None or not work.rules.show_staff_names:
        return None
    owner = await staff_rows.get_member(work.tx, task.owner_id)
    return owner.name if owner is not None and owner.active else None


async def move_tasks(work: Work, from_id: int, to_id: int | None, by: Actor) -> int:
    """Give all open tasks of one member of staff to another, or to nobody, because they leave; returns how many."""
    moved = await rows.move_open(work.tx, from_id=from_id, to_id=to_id)
    for task_id in moved:
        task = await rows.get_task(work.tx, task_id)
        if task is not None:
            audit_task(work, task, by=by, action="task.give", before={"owner_id": from_id}, after={"owner_id": to_id})
    return len(moved)


async def list_open(work: Work, owner_id: int | None, *, limit: int = 200) -> list[Task]:
    """Return open tasks, soonest first: those of one member of staff, or everybody's."""
    return await rows.list_open(work.tx, owner_id=owner_id, limit=limit)


async def list_for(work: Work, by: StaffMember, *, everybody: bool = False) -> Sequence[Task] | Refusal:
    """Return the open tasks a member of staff asks for: their own and nobody's, or everybody's to who supervises."""
    if (refusal := why_not(Deed.ALL_TASKS if everybody else Deed.TASKS, by)) is not None:
        return refusal
    found = await list_open(work, None)
    return found if everybody else [task for task in found if task.owner_id in (None, by.id)]


__all__ = [
    "MOST_LETTERS",
    "TOLD",
    "Task",
    "access_task",
    "add_task",
    "cancel_task",
    "drop_task",
    "end_of_case",
    "finish_task",
    "give_task",
    "list_for",
    "list_open",
    "move_tasks",
    "owner_name",
    "plan_task",
    "postpone_task",
    "tell_promise",
]
