"""Check-backs: some time after a resolution its customer is asked, at the tap of a person, whether it still holds."""

from dataclasses import replace
from datetime import timedelta

from domain.contact import Hold
from domain.instants import to_ms
from domain.outcomes import Refusal
from domain.outgoing import Button, Purpose, Rows
from domain.people import ConsentClass, StaffMember
from domain.tasks import Task, TaskKind
from services import cards, desk
from services.case_door import actor_of, living_case, moment_for
from services.cases import take_up_again
from services.contact import may_contact
from services.speech import say
from services.task_ends import audit_task, mark_done
from services.tasks import access_task
from services.work import Person, Work, person_of_contact
from storage import cases as case_rows
from storage import tasks as rows

ASKED = "asked_at_ms"
"""In ``Task.why``: when the customer was asked."""
_WAITED_FOR = timedelta(days=2)


async def ask_whether_it_holds(work: Work, *, task_id: int, by: StaffMember) -> Task | Refusal:
    """Ask the customer of a check-back whether all is still well; the task waits for the answer."""
    task = await access_task(work, task_id=task_id, by=by)
    if isinstance(task, Refusal):
        return task
    case = await case_rows.get_case(work.tx, task.case_id) if task.case_id else None
    if task.kind is not TaskKind.CHECK_BACK or case is None:
        return Refusal("aftercare.refused.no_such_task")
    if case.live:
        return Refusal("aftercare.refused.still_open")
    if (task.why or {}).get(ASKED):
        return Refusal("aftercare.refused.asked_already")
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    verdict = await may_contact(work, case.customer_id, ConsentClass.SERVICE)
    if person is None or (not verdict.allowed and verdict.why is not Hold.QUIET_HOURS):
        return Refusal("aftercare.refused.not_told")
    if not verdict.allowed:
        return Refusal("aftercare.refused.quiet")
    await say(
        work,
        person,
        "aftercare.check.ask",
        purpose=Purpose.STAFF_ANSWER,
        buttons=_answers(work, person, task),
        case_id=case.id,
        name=person.customer.called,
        number=case.public_number,
    )
    due_at = max(task.due_at, work.now + _WAITED_FOR)
    why = {**(task.why or {}), ASKED: to_ms(work.now)}
    await rows.change_task(work.tx, task.id, why=why, due_at=due_at, reminded_at=None)
    audit_task(work, task, by=actor_of(by), action="task.ask", after={"due_at": due_at.isoformat()})
    return replace(task, why=why, due_at=due_at, reminded_at=None)


def _answers(work: Work, person: Person, task: Task) -> Rows:
    yes = Button(work.texts.button("aftercare.check.yes", person.language), data=f"c:cback:{task.id}:yes")
    no = Button(work.texts.button("aftercare.check.no", person.language), data=f"c:cback:{task.id}:no")
    return ((yes, no),)


async def answer_check(
    work: Work, person: Person, *, task_id: int, holds: bool, replacing: int | None = None
) -> Task | Refusal:
    """Take the customer's answer: all is well and the check-back is done, or the case is taken up again."""
    seen = await rows.get_task(work.tx, task_id)
    if seen is None or seen.kind is not TaskKind.CHECK_BACK or seen.customer_id != person.customer.id:
        return Refusal("tap.stale")
    case = await case_rows.get_case(work.tx, seen.case_id) if seen.case_id else None
    task = await rows.lock_task(work.tx, task_id)
    if case is None or task is None or not task.open or not (task.why or {}).get(ASKED):
        return Refusal("tap.stale")
    language = await cards.language_of_case(work, case)
    key = "aftercare.check.outcome_yes" if holds else "aftercare.check.outcome_no"
    await mark_done(work, task, by=person.actor, outcome=work.texts.button(key, language))
    if holds:
        await desk.notice_case(work, case, "aftercare.check.here", name=person.customer.called)
        await say(work, person, "aftercare.check.glad", replacing=replacing, case_id=case.id)
        return task
    case = await living_case(work, case)
    if not case.live:
        case = await take_up_again(work, person, case=case)
    moment = moment_for(work, person, case.promised_at or work.now)
    await say(
        work,
        person,
        "case.reopened",
        purpose=Purpose.PROMISE,
        replacing=replacing,
        case_id=case.id,
        number=case.public_number,
        moment=moment,
    )
    return replace(task, case_id=case.id)
