"""Keeping an eye on tasks: their owner is reminded in time, who supervises hears of what is late, and a customer hears
how a promise stands before its time passes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case
from domain.deeds import sees
from domain.outgoing import Purpose
from domain.people import SYSTEM, Permission, StaffMember
from domain.tasks import OWED, Task
from domain.workdays import WorkCalendar
from services import cards, desk, task_words
from services.case_door import moment_for
from services.hours import calendar_of
from services.private_desk import tell_member
from services.speech import say
from services.task_ends import audit_task
from services.tasks import owner_name
from services.work import Work, person_of_contact
from storage import cases as case_rows
from storage import tasks as rows
from storage.staff import get_first_group, load_staff


async def remind_due(work: Work, *, limit: int) -> int:
    """Remind of tasks that come near or fell due, while staff work; returns how many.

    Each is told of twice at most: before its time, and when that has passed.
    """
    calendar = calendar_of(work)
    if not calendar.is_working(work.now):
        return 0
    near = []
    for task in await rows.list_to_remind(work.tx, now=work.now, limit=limit):
        if not _is_near(task.due_at, work.now, calendar, work.rules.desk.task_reminder):
            break  # the soonest come first
        near.append(task)
    cases = await _lock_cases(work, near)
    for seen in near:
        locked = await rows.lock_task(work.tx, seen.id)
        if locked is not None and locked.open and locked.due_at == seen.due_at:
            await _remind(work, locked, cases.get(locked.case_id or 0))
            await rows.change_task(work.tx, locked.id, reminded_at=work.now)
    return len(near)


def _is_near(due_at: datetime, now: datetime, calendar: WorkCalendar, reminder: timedelta) -> bool:
    """Return whether no more than ``reminder`` is left, on the clock or of the time staff are there."""
    return due_at - now <= reminder or calendar.between(now, due_at) <= reminder


async def _lock_cases(work: Work, found: Sequence[Task]) -> dict[int, Case]:
    """Lock the cases of these tasks in the order of their ids."""
    locked = {}
    for case_id in sorted({task.case_id for task in found if task.case_id is not None}):
        case = await case_rows.get_case(work.tx, case_id)
        if case is not None:
            locked[case_id] = case
    return locked


async def _remind(work: Work, task: Task, case: Case | None) -> None:
    members = (await load_staff(work.tx, bot_id=work.bot_id)).members.values()
    owner = next((one for one in members if one.id == task.owner_id and one.active), None)
    late = task.overdue(work.now)
    key = "aftercare.task.late" if late else "aftercare.task.near"
    told_owner = owner is not None and await _tell(work, owner, task, case, key)
    await _tell_group(work, task, case, key, owner, needed=not told_owner)
    if late or owner is None or not owner.present(work.now):
        for lead in members:
            if lead.may(Permission.SUPERVISE) and lead != owner and (case is None or sees(case, lead)):
                await _tell(
                    work, lead, task, case, "aftercare.task.late_of" if late else "aftercare.task.near_of", owner
                )


async def _tell(
    work: Work, to: StaffMember, task: Task, case: Case | None, key: str, owner: StaffMember | None = None
) -> bool:
    language = to.language or work.rules.languages[0]
    told = await tell_member(
        work,
        to,
        key,
        buttons=task_words.buttons(work, task, language),
        case=case,
        customer_id=task.customer_id,
        **_values(work, task, case, language),
        owner=owner.name if owner else "–",
    )
    return told is not None


def _values(work: Work, task: Task, case: Case | None, language: str) -> dict[str, Any]:
    return {
        "kind": work.texts.button(f"aftercare.kind.{task.kind}", language),
        "text": task.text or "–",
        "number": case.public_number if case else "–",
        "moment": work.texts.moment(task.due_at, language, zone=work.rules.zone, now=work.now),
    }


async def _tell_group(
    work: Work, task: Task, case: Case | None, key: str, owner: StaffMember | None, *, needed: bool
) -> None:
    """Say it in the topic of the case; without a case in the group, when nobody was told in private."""
    if case is not None:
        language = await cards.language_of_case(work, case)
        values = {**_values(work, task, case, language), "owner": owner.name if owner else "–"}
        await desk.notice_case(work, case, f"{key}.here", buttons=task_words.buttons(work, task, language), **values)
    elif needed:
        language = cards.desk_language(work, await get_first_group(work.tx, bot_id=work.bot_id))
        values = {**_values(work, task, None, language), "owner": owner.name if owner else "–"}
        await desk.notice_staff(
            work,
            f"{key}.here",
            customer_id=task.customer_id,
            buttons=task_words.buttons(work, task, language),
            **values,
        )


async def send_progress(work: Work, *, limit: int) -> int:
    """Tell customers of promises about to pass that are not kept yet, once each; returns at how many it looked."""
    due = await rows.list_to_word(work.tx, now=work.now, limit=limit)
    cases = await _lock_cases(work, due)
    for seen in due:
        task = await rows.lock_task(work.tx, seen.id)
        if task is None or not task.open or task.word_at is None or task.word_at > work.now:
            continue
        await rows.change_task(work.tx, task.id, word_at=None)
        case = cases.get(task.case_id or 0)
        if case is not None and case.live and task.kind in OWED:
            await _say_progress(work, task, case)
    return len(due)


async def _say_progress(work: Work, task: Task, case: Case) -> None:
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    if person is None:
        return
    stands = "late" if task.due_at <= work.now else "near"
    name = await owner_name(work, task)
    await say(
        work,
        person,
        f"aftercare.progress.{task.kind}.{stands}",
        purpose=Purpose.PROMISE,
        case_id=case.id,
        dedupe_key=f"progress:{task.id}:{task.due_at:%Y%m%d%H%M}",
        number=case.public_number,
        name=name or work.rules.business_name,
        moment=moment_for(work, person, task.due_at),
    )
    audit_task(work, task, by=SYSTEM, action="task.progress", after={"due_at": task.due_at.isoformat()})
    await desk.notice_case(
        work,
        case,
        "aftercare.progress.here",
        number=case.public_number,
        name=person.customer.called,
        moment=task.due_at,
    )
