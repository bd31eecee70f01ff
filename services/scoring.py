"""A score given: kept once, credited, shown to staff; a low one takes the case up again and promises a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.cases import Case
from domain.contact import LOW_STARS
from domain.dialogues import DialogueName
from domain.interactions import Content, Kind
from domain.ladder import Cause
from domain.loyalty import Occasion
from domain.outcomes import Refusal
from domain.people import SYSTEM, StaffMember
from domain.tasks import TaskKind, same_day_by
from services import cards, cases, desk, escalations, priority
from services.case_door import living_case, moment_for
from services.dialogues import PATIENCE, begin, gather
from services.drafts import settle
from services.earning import reward_occasion
from services.gathered import shortened
from services.hours import calendar_of
from services.scores import MOST
from services.tasks import TOLD, add_task
from services.work import Person, Work
from storage import cases as case_rows
from storage import responses as rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.interactions import assign_case
from storage.responses import Response

LOW = LOW_STARS
"""So low a score takes the case up again."""
_LEAST_DAY = timedelta(hours=1)
"""With less of the working day left, the promise is for the next one."""
_MOST_LETTERS = 20_000


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of a score: after a low one who gets in touch (``None``: names are not shown), and by when."""

    response_id: int
    score: int
    number: str
    name: str | None = None
    promised_at: datetime | None = None


async def own_response(work: Work, person: Person, response_id: int) -> Response | Refusal:
    """Return what this person was asked; another's is as unknown as one that never was."""
    found = await rows.get_response(work.tx, response_id)
    return found if found is not None and found.customer_id == person.customer.id else Refusal("tap.stale")


async def score_case(work: Work, person: Person, *, response_id: int, score: int) -> Scored | Refusal:
    """Keep a person's score of a case, the first one alone, and wait for words; a low one is made good."""
    response = await own_response(work, person, response_id)
    if isinstance(response, Refusal):
        return response
    case = await case_rows.get_case(work.tx, response.case_id) if response.case_id else None
    if not 1 <= score <= MOST or case is None:
        return Refusal("tap.stale")
    if not await rows.set_score(work.tx, response.id, score=score, now=work.now):
        return Refusal("aftercare.refused.scored")
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action="survey.score",
        subject=("survey_response", response.id),
        customer_id=person.customer.id,
        after={"survey": response.survey, "score": score, "member_id": response.member_id, "case_id": case.id},
    )
    await settle(work, person)
    begin(work, person, DialogueName.SCORE, "words", key=response.id, waits=PATIENCE, low=score <= LOW)
    scored = Scored(response.id, score, case.public_number)
    if score <= LOW:
        scored = await _make_good(work, person, case, response, score)
    else:
        await cards.show_card(work, case)
    await _show_staff(work, person, await living_case(work, case), response, scored)
    await reward_occasion(
        work, person.customer.id, Occasion.SURVEY, ref=f"{response.survey}:{response.occasion}", by=person.actor
    )
    return scored


async def _show_staff(work: Work, person: Person, case: Case, response: Response, scored: Scored) -> None:
    credited = await staff_rows.get_member(work.tx, response.member_id) if response.member_id else None
    key = "aftercare.desk.scored_low" if scored.score <= LOW else "aftercare.desk.scored"
    await desk.notice_case(
        work,
        case,
        key,
        name=person.customer.called,
        stars="★" * scored.score + "☆" * (MOST - scored.score),
        member=credited.name if credited else "–",
    )


async def _make_good(work: Work, person: Person, case: Case, response: Response, score: int) -> Scored:
    """Take the case up again, raise it, hand it up, and give somebody by name the task of getting in touch today."""
    case = await living_case(work, case)
    low = work.rules.desk.priority.low_score
    # Raised first, so that its clocks start with the new targets and its customer hears of one time alone.
    case = await priority.raise_to(work, case, low, {"kind": "low_score", "score": score}, SYSTEM)
    case = await cases.take_up_again(work, person, case=case)
    told = await escalations.escalate(work, case, cause=Cause.LOW_SCORE, reason=f"{score}/{MOST}", by=person.actor)
    named = await _named(work, case, told.told)
    by_at = same_day_by(
        work.now, work=calendar_of(work), zone=work.rules.zone, within=work.rules.answer_within, least=_LEAST_DAY
    )
    language = await cards.language_of_case(work, case)
    called = person.customer.called
    await add_task(
        work,
        kind=TaskKind.PROMISE,
        owner_id=named.id if named else None,
        due_at=by_at,
        text=work.texts.button("aftercare.task.low_score", language, name=called, score=score),
        by=SYSTEM,
        customer_id=person.customer.id,
        case_id=case.id,
        key=f"low_score:{response.id}",
        why={TOLD: True, "score": score},
    )
    name = named.name if named is not None and work.rules.show_staff_names else None
    return Scored(response.id, score, case.public_number, name, by_at)


async def _named(work: Work, case: Case, told: tuple[int, ...]) -> StaffMember | None:
    """Return who is promised to get in touch: of those who were told the first who is here, else the case's owner."""
    ids = [*told, case.owner_id] if case.owner_id else [*told]
    people = [member for member_id in ids if (member := await staff_rows.get_member(work.tx, member_id))]
    active = [member for member in people if member.active]
    return next((member for member in active if member.present(work.now)), active[0] if active else None)


def promise_in_words(work: Work, person: Person, scored: Scored) -> str:
    """Return by when somebody gets in touch, on the customer's clock."""
    return moment_for(work, person, scored.promised_at) if scored.promised_at else ""


async def add_words(work: Work, person: Person, *, interaction_id: int, content: Content) -> bool:
    """Keep words said after a score with it, and pass them on to staff; returns whether they start a burst.

    After a low score they belong to the case, which is open again, and count as its customer's words.
    """
    dialogue = person.dialogue
    assert dialogue is not None
    response = await own_response(work, person, int(dialogue.data["key"]))
    if isinstance(response, Refusal):
        person.leave(work)
        return False
    if content.kind is Kind.TEXT:
        text = "\n".join(part for part in (response.text, content.text) if part)
        await rows.change_response(work.tx, response.id, text=shortened(text, _MOST_LETTERS))
    starts = gather(work, person, interaction_id, waits=PATIENCE)
    case = await case_rows.get_case(work.tx, response.case_id) if response.case_id else None
    if case is None:
        return starts
    case = await living_case(work, case)
    if case.live and dialogue.data.get("low"):
        await cases.hear_words(
            work, person, case=case, interaction_id=interaction_id, content=content, acknowledge=False
        )
    else:
        await assign_case(work.tx, ids=[interaction_id], case_id=case.id)
        await desk.pass_on(work, case, interaction_id=interaction_id, content=content)
    return starts


async def finish_words(work: Work, person: Person) -> None:
    """End the conversation after a score: all that belongs to it was said."""
    dialogue = person.dialogue
    if dialogue is not None and dialogue.name is DialogueName.SCORE:
        await rows.change_response(work.tx, int(dialogue.data["key"]), finished_at=work.now)
        person.leave(work)
