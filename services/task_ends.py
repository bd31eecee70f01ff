"""How tasks end: done, called off, or with the case they are about."""

from typing import Any

from domain.cases import Case, EndedAs
from domain.people import SYSTEM, Actor, ActorKind
from domain.tasks import OWED, Task
from services.work import Work
from storage import tasks as rows
from storage.audit import add_audit


def audit_task(
    work: Work,
    task: Task,
    *,
    by: Actor,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Record a change of a task."""
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("task", task.id),
        customer_id=task.customer_id,
        before=before,
        after=after,
    )


async def mark_done(work: Work, task: Task, *, by: Actor, outcome: str) -> None:
    """Call a task done with what came of it."""
    done_by = by.id if by.kind is ActorKind.STAFF else None
    await rows.change_task(work.tx, task.id, done_at=work.now, done_by=done_by, outcome=outcome, word_at=None)
    audit_task(work, task, by=by, action="task.done", after={"kind": task.kind.value, "outcome": outcome})


async def mark_cancelled(work: Work, task: Task, *, by: Actor) -> None:
    """Call a task off."""
    await rows.change_task(work.tx, task.id, cancelled_at=work.now, word_at=None)
    audit_task(work, task, by=by, action="task.cancel", after={"kind": task.kind.value})


async def end_of_case(work: Work, case: Case, *, by: Actor = SYSTEM) -> None:
    """Let the tasks of an ended case go with it: to the case it was merged into, or called off where they are moot.

    A visit and a check-back outlive the case: they ask whether what was solved has stayed so.
    """
    for task in await rows.list_open_of_case(work.tx, case.id):
        if case.ended_as is EndedAs.MERGED and case.merged_into is not None:
            await rows.change_task(work.tx, task.id, case_id=case.merged_into)
            moved = {"case_id": case.merged_into}
            audit_task(work, task, by=by, action="task.merge", before={"case_id": case.id}, after=moved)
        elif case.ended_as in (EndedAs.SPAM, EndedAs.ERASED) or (case.ended_as is EndedAs.SOLVED and task.kind in OWED):
            await mark_cancelled(work, task, by=by)
