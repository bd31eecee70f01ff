"""Calls customers ask for: a task with an honest time, made before the number is known so that no wish is lost."""

from datetime import datetime

from domain.cases import Case
from domain.outgoing import Button
from domain.phones import phone_in_words, read_phone
from domain.tasks import Task, TaskKind
from services import cards, desk, sla
from services.hours import calendar_of
from services.task_ends import audit_task
from services.tasks import TOLD, add_task
from services.work import Person, Work
from storage import tasks as rows


async def wish_call(work: Work, person: Person, case: Case) -> tuple[Task, bool]:
    """Note that the customer of a live case wants to be called; returns the task, and whether it is new.

    While one call is owed, another wish joins it.
    """
    for task in await rows.list_open_of_case(work.tx, case.id):
        if task.kind is TaskKind.CALL_BACK:
            return task, False
    made = await add_task(
        work,
        kind=TaskKind.CALL_BACK,
        owner_id=case.owner_id,
        due_at=await _due_at(work, case, person),
        text=await _text(work, case, person, person.customer.phone),
        by=person.actor,
        customer_id=person.customer.id,
        case_id=case.id,
        why={TOLD: True},
    )
    assert made is not None  # it has no key that another could share
    await _show_staff(work, person, case, made, person.customer.phone)
    return made, True


async def _due_at(work: Work, case: Case, person: Person) -> datetime:
    """Return by when the customer can be called: when an answer is promised anyway, else the time of an answer."""
    if case.first_response_at is None and case.promised_at is not None and case.promised_at > work.now:
        return case.promised_at
    promised = await sla.promise_at(work, priority=case.priority, tier=person.customer.tier)
    return promised or calendar_of(work).add(work.now, work.rules.answer_within)


async def _text(work: Work, case: Case, person: Person, phone: str | None) -> str:
    language = await cards.language_of_case(work, case)
    number = phone_in_words(phone) if phone else work.texts.button("aftercare.contact.no_phone", language)
    return work.texts.button("aftercare.call.task", language, name=person.customer.called, phone=number)


async def _show_staff(work: Work, person: Person, case: Case, task: Task, phone: str | None) -> None:
    language = await cards.language_of_case(work, case)
    number = phone_in_words(phone) if phone else work.texts.button("aftercare.contact.no_phone", language)
    call = Button(work.texts.button("staff.button.call", language), data=f"k:call:{case.id}")
    await desk.notice_case(
        work,
        case,
        "aftercare.call.here",
        buttons=((call,),),
        name=person.customer.called,
        phone=number,
        moment=task.due_at,
    )


def read_number(work: Work, text: str) -> str | None:
    """Return the number somebody typed to be called on; it proves nothing, and is kept with the wish alone."""
    return read_phone(text, region=work.rules.record.phone_region)


async def give_number(work: Work, person: Person, case: Case, *, phone: str) -> Task | None:
    """Keep the number to call with the open wish, and show staff; ``None`` when it is over already."""
    for task in await rows.list_open_of_case(work.tx, case.id):
        if task.kind is TaskKind.CALL_BACK:
            await rows.change_task(work.tx, task.id, text=await _text(work, case, person, phone))
            audit_task(work, task, by=person.actor, action="task.phone")
            await _show_staff(work, person, case, task, phone)
            return task
    return None


async def forget_wish(work: Work, person: Person, case: Case) -> None:
    """Call a wish off because the customer wants no call after all."""
    for task in await rows.list_open_of_case(work.tx, case.id):
        if task.kind is TaskKind.CALL_BACK:
            await rows.change_task(work.tx, task.id, cancelled_at=work.now, word_at=None)
            audit_task(work, task, by=person.actor, action="task.cancel")
