"""A low answer is put right: a case with somebody in charge, one promise to the customer, a task that reminds of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.cases import Case, CaseEvent, CaseKind, Priority
from domain.ladder import Cause
from domain.people import SYSTEM, StaffMember
from domain.sla import to_full_minute
from domain.surveys.definition import Question, QuestionKind, Survey
from domain.surveys.lows import scale_of
from domain.tasks import Task, TaskKind, same_day_by
from services import cards, cases, desk, escalations, ownership, priority
from services.case_door import change_case, living_case, state_on
from services.groups import group_for
from services.hours import calendar_of
from services.private_desk import tell_member
from services.surveys.loop_words import judged, question_of, title_of
from services.tasks import TOLD, add_task
from services.work import Person, Work
from storage import cases as case_rows
from storage import responses as rows
from storage import staff as staff_rows
from storage import survey_loop as loop_rows
from storage import tasks as task_rows
from storage.interactions import get_interaction
from storage.responses import Response

_LEAST_DAY = timedelta(hours=1)
"""With less of the working day left, the promise is for the next one."""
SAID = frozenset({QuestionKind.TEXT, QuestionKind.PHOTO})
"""The kinds of question whose answers are a customer's own words or pictures."""


class How(StrEnum):
    """What became of a low answer: a new case, an ended one open again, or one that is worked on already."""

    OPENED = "opened"
    REOPENED = "reopened"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Made:
    """The case that puts a low answer right; who gets in touch (``None``: names are not shown), and by when.

    Without ``promised_at`` nothing new is promised.
    """

    case: Case
    name: str | None
    promised_at: datetime | None
    how: How = How.OPENED


@dataclass(frozen=True, slots=True)
class Low:
    """A low answer: which ``number`` to which question of which response."""

    response: Response
    survey: Survey
    question: Question
    number: int

    @property
    def figure(self) -> str:
        """The answer and the highest there is, as the reason of a priority names it."""
        scale = scale_of(self.question)
        return f"{self.number}/{scale[1]}" if scale else str(self.number)


async def make_good(work: Work, person: Person, low: Low) -> Made:
    """Put a low answer right in one case: the one it is about, a live one of an earlier low answer, else a new one."""
    about = await _case_about(work, low)
    if about is not None:
        return await _take_up(work, person, low, about)
    earlier = await _case_of_earlier(work, person)
    if earlier is None:
        # Two answers of one person at once make one case: the second waits here, and looks again.
        await loop_rows.lock_customer(work.tx, person.customer.id)
        earlier = await _case_of_earlier(work, person)
    return await _join(work, person, low, earlier) if earlier is not None else await _open(work, person, low)


async def _case_about(work: Work, low: Low) -> Case | None:
    """Return the case an answer is about, as long as anything can be done in it."""
    if low.response.case_id is None:
        return None
    case = await case_rows.get_case(work.tx, low.response.case_id)
    case = await living_case(work, case) if case is not None else None
    if case is None or not (case.live or state_on(work, case, CaseEvent.REOPEN) is not None):
        return None
    return case


async def _case_of_earlier(work: Work, person: Person) -> Case | None:
    """Return the oldest live case in which an earlier low answer of this person is put right, locked."""
    for case_id in await loop_rows.list_live_opened(work.tx, person.customer.id):
        case = await case_rows.get_case(work.tx, case_id)
        if case is not None and case.live and not case.confidential:
            return case
    return None


async def _take_up(work: Work, person: Person, low: Low, case: Case) -> Made:
    """Take the case up again, raise it, hand it up, and promise that somebody by name gets in touch today."""
    was_live, by_at = case.live, promised_by(work)
    floor = max(work.rules.desk.priority.low_score, work.rules.surveys.loop.priority, key=lambda one: one.weight)
    # Raised first, so that its clocks start with the new targets and its customer hears of one time alone.
    case = await _raise(work, case, low, floor)
    if was_live:
        case = await cases.hear_sign(work, person, case=case)
    else:
        case = cases.promised_by_others(work, await cases.take_up_again(work, person, case=case), at=by_at)
    await rows.change_response(work.tx, low.response.id, opened_case_id=case.id)
    named = await _handed_up(work, person, low, case)
    how = How.JOINED if was_live else How.REOPENED
    return await _promise(work, person, low, case, named, by_at=by_at, how=how)


async def _raise(work: Work, case: Case, low: Low, floor: Priority) -> Case:
    return await priority.raise_to(work, case, floor, {"kind": "low_score", "score": low.figure}, SYSTEM)


async def _handed_up(work: Work, person: Person, low: Low, case: Case) -> StaffMember | None:
    """Hand a case up, and return who is promised to get in touch.

    Of those who were told the first who is here, else the owner of the case.
    """
    told = await escalations.escalate(work, case, cause=Cause.LOW_SCORE, reason=low.figure, by=person.actor)
    ids = [*told.told, case.owner_id] if case.owner_id else [*told.told]
    people = [member for member_id in ids if (member := await staff_rows.get_member(work.tx, member_id))]
    active = [member for member in people if member.active]
    return next((member for member in active if member.present(work.now)), active[0] if active else None)


async def _open(work: Work, person: Person, low: Low) -> Made:
    """Open a case with what was said so far, give it to somebody who is here, and promise that they get in touch."""
    by_at, floor = promised_by(work), work.rules.surveys.loop.priority
    language = cards.desk_language(work, await group_for(work, person, low.question.aspect))
    case = await cases.open_case(
        work,
        person,
        kind=CaseKind.COMPLAINT,
        interaction_ids=await _said_before(work, low),
        aspect=low.question.aspect,
        summary=work.texts.button(
            "survey_loop.summary",
            language,
            title=title_of(low.survey, work, language),
            question=question_of(low.question, work, language),
            score=judged(work, low.question, low.number, language),
        ),
        told_at=by_at,
        why={"kind": "low_score", "score": low.figure, "priority": floor.value},
    )
    await rows.change_response(work.tx, low.response.id, opened_case_id=case.id)
    case, named = await _in_charge(work, person, low, case)
    return await _promise(work, person, low, case, named, by_at=by_at, how=How.OPENED)


async def _said_before(work: Work, low: Low) -> list[int]:
    """Return the words and pictures of this response so far, which no case has yet."""
    answers = await rows.list_answers(work.tx, low.response.id)
    ids = [one.interaction_id for one in answers.values() if one.kind in SAID and one.interaction_id is not None]
    found = [await get_interaction(work.tx, interaction_id) for interaction_id in sorted(ids)]
    return [one.id for one in found if one is not None and one.case_id is None]


async def _in_charge(work: Work, person: Person, low: Low, case: Case) -> tuple[Case, StaffMember | None]:
    """Return the case with who is to get in touch: its owner, the customer's own person, else somebody in turn.

    With nobody here at all it is handed up.
    """
    owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id else None
    if owner is not None and owner.present(work.now):
        return case, owner
    member = await ownership.someone_here(work, case, wished=person.customer.owner_id)
    if member is None:
        return case, await _handed_up(work, person, low, case)
    case = change_case(work, case, by=SYSTEM, action="case.give", owner_id=member.id)
    name = person.customer.called
    await tell_member(work, member, "survey_loop.yours", case=case, number=case.public_number, name=name)
    return case, member


async def _join(work: Work, person: Person, low: Low, case: Case) -> Made:
    """Let a case that puts an earlier low answer right have this one too; what was promised before still holds."""
    case = await _raise(work, case, low, work.rules.surveys.loop.priority)
    case = await cases.hear_sign(work, person, case=case)
    await rows.change_response(work.tx, low.response.id, opened_case_id=case.id)
    for interaction_id in await _said_before(work, low):
        said = await get_interaction(work.tx, interaction_id)
        if said is not None:
            await cases.hear_words(
                work, person, case=case, interaction_id=said.id, content=said.content, acknowledge=False
            )
    case = await case_rows.get_case(work.tx, case.id) or case
    task = await _open_promise(work, case)
    if task is None:
        case, named = await _in_charge(work, person, low, case)
        return await _promise(work, person, low, case, named, by_at=promised_by(work), how=How.JOINED)
    await cards.show_card(work, case)
    owner = await staff_rows.get_member(work.tx, task.owner_id) if task.owner_id else None
    await notice_low(work, person, low, case, "survey_loop.desk.joined", member=owner, at=task.due_at)
    return Made(case, shown_name(work, owner), task.due_at if task.due_at > work.now else None, How.JOINED)


async def _open_promise(work: Work, case: Case) -> Task | None:
    """Return what the customer of a case was told a time for and still waits for."""
    found = await task_rows.list_open_of_case(work.tx, case.id)
    return next((task for task in found if task.kind is TaskKind.PROMISE and (task.why or {}).get(TOLD)), None)


def promised_by(work: Work) -> datetime:
    """Return by when somebody gets in touch after a low answer: the same working day, or within the time set."""
    within = work.rules.surveys.loop.within
    calendar = calendar_of(work)
    if within is not None:
        return to_full_minute(calendar.add(work.now, within))
    span = work.rules.answer_within
    return to_full_minute(same_day_by(work.now, work=calendar, zone=work.rules.zone, within=span, least=_LEAST_DAY))


async def _promise(
    work: Work, person: Person, low: Low, case: Case, named: StaffMember | None, *, by_at: datetime, how: How
) -> Made:
    """Make the task behind the promise, and show staff the case as it is now."""
    language = await cards.language_of_case(work, case)
    await add_task(
        work,
        kind=TaskKind.PROMISE,
        owner_id=named.id if named else None,
        due_at=by_at,
        text=work.texts.button(
            "survey_loop.task",
            language,
            name=person.customer.called,
            score=judged(work, low.question, low.number, language),
            question=question_of(low.question, work, language),
        ),
        by=SYSTEM,
        customer_id=person.customer.id,
        case_id=case.id,
        key=f"low_score:{low.response.id}",
        why={TOLD: True, "score": low.figure},
    )
    await cards.show_card(work, case)
    await notice_low(work, person, low, case, f"survey_loop.desk.{how}", member=named, at=by_at)
    return Made(case, shown_name(work, named), by_at, how)


def shown_name(work: Work, member: StaffMember | None) -> str | None:
    """Return the name by which customers hear of a member of staff, ``None`` when they hear of none."""
    return member.name if member is not None and work.rules.show_staff_names else None


async def notice_low(
    work: Work, person: Person, low: Low, case: Case, key: str, *, member: StaffMember | None, at: datetime
) -> None:
    """Tell the staff of a case which answer was low, and who gets in touch by when."""
    language = await cards.language_of_case(work, case)
    await desk.notice_case(
        work,
        case,
        key,
        name=person.customer.called,
        score=judged(work, low.question, low.number, language),
        question=question_of(low.question, work, language),
        title=title_of(low.survey, work, language),
        member=member.name if member else "–",
        moment=at,
    )
