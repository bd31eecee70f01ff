"""Calls and visits: what was said with a customer outside the chat, kept with the case and counted as contact."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from domain.cases import Case, CaseEvent, next_state
from domain.deeds import Deed, why_not
from domain.interactions import Content, Direction, Kind, Visibility
from domain.outcomes import Refusal
from domain.people import StaffMember
from domain.tasks import OWED
from services import cards, escalations, sla
from services.case_door import access_case, actor_of, change_case
from services.speech import record_heard
from services.task_ends import mark_done
from services.work import Work
from storage import cases as case_rows
from storage import tasks as task_rows
from storage.audit import add_audit
from storage.interactions import NOWHERE, get_interaction
from storage.people import get_customer

OUTCOME = "outcome"
"""In ``Content.extra`` of a call or visit: what came of it."""
_MOST_LETTERS = 1000


class ContactOutcome(StrEnum):
    """What came of a call or a visit."""

    PICKED_UP = "picked_up"
    NO_ANSWER = "no_answer"
    WILL_CALL = "will_call"
    MET = "met"
    MISSED = "missed"


OUTCOMES: dict[Kind, tuple[ContactOutcome, ...]] = {
    Kind.CALL: (ContactOutcome.PICKED_UP, ContactOutcome.NO_ANSWER, ContactOutcome.WILL_CALL),
    Kind.VISIT: (ContactOutcome.MET, ContactOutcome.MISSED),
}
_SPOKE = frozenset({ContactOutcome.PICKED_UP, ContactOutcome.WILL_CALL, ContactOutcome.MET})
"""With these the customer was spoken to."""
_DEEDS = {Kind.CALL: Deed.CALL, Kind.VISIT: Deed.VISIT}


async def log_contact(
    work: Work,
    *,
    by: StaffMember,
    kind: Kind,
    outcome: str,
    case_id: int | None = None,
    customer_id: int | None = None,
    words: str = "",
) -> int | Refusal:
    """Keep a call or visit with a case, or with a customer without one; returns the interaction.

    Whoever was spoken to counts as answered, and a call that was owed is done with it.
    """
    if kind not in OUTCOMES or outcome not in OUTCOMES[kind]:
        return Refusal("desk.refused.old_button")
    case = None
    if case_id is not None:
        found = await access_case(work, case_id=case_id, by=by, deed=_DEEDS[kind])
        if isinstance(found, Refusal):
            return found
        case, customer_id = found, found.customer_id
    elif (refusal := why_not(_DEEDS[kind], by)) is not None:
        return refusal
    if customer_id is None or await get_customer(work.tx, customer_id) is None:
        return Refusal("desk.refused.no_such_case")
    chosen = ContactOutcome(outcome)
    logged = await record_contact(
        work, case=case, customer_id=customer_id, by=by, kind=kind, outcome=chosen, words=words
    )
    if case is not None and chosen is ContactOutcome.PICKED_UP:
        await _keep_calls_owed(work, case, by=by, words=words)
    return logged


async def record_contact(
    work: Work,
    *,
    case: Case | None,
    customer_id: int,
    by: StaffMember,
    kind: Kind,
    outcome: ContactOutcome,
    words: str = "",
) -> int:
    """Append a call or visit to the record, and let it count for the case; returns the interaction."""
    words = " ".join(words.split())[:_MOST_LETTERS]
    interaction_id = await record_heard(
        work,
        author=actor_of(by),
        content=Content(kind, words, extra={OUTCOME: outcome.value}),
        origin=NOWHERE,
        customer_id=customer_id,
        case_id=case.id if case else None,
        visibility=Visibility.INTERNAL,
        direction=Direction.OUT,
    )
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action=f"contact.{kind.value}",
        subject=("case", case.id) if case else ("customer", customer_id),
        customer_id=customer_id,
        after={"outcome": outcome.value, "interaction_id": interaction_id},
    )
    if case is not None and outcome in _SPOKE:
        await _count(work, case, by=by)
    return interaction_id


async def _count(work: Work, case: Case, *, by: StaffMember) -> None:
    """Let a talk count as contact: a first answer to a case nobody had answered, whose owner is who talked."""
    changed: dict[str, Any] = {"last_staff_at": work.now}
    if case.live:
        case = await sla.on_answered(work, case, by)
        if case.first_response_at is None:
            changed["first_response_at"] = work.now
        if case.owner_id is None:
            changed["owner_id"] = by.id
            changed["state"] = next_state(case.state, CaseEvent.TAKE) or case.state
    if len(changed) == 1:
        case_rows.save_case(work.tx, case := replace(case, **changed), **changed)
        await escalations.end_of_case(work, case)
        return
    case = change_case(work, case, by=actor_of(by), action="case.contact", **changed)
    await cards.show_card(work, case)
    await escalations.end_of_case(work, case)


async def _keep_calls_owed(work: Work, case: Case, *, by: StaffMember, words: str) -> None:
    """A call that was picked up keeps the calls that were owed: the customer's wish, and promises of one's own."""
    for task in await task_rows.list_open_of_case(work.tx, case.id):
        if task.kind in OWED and task.owner_id in (None, by.id):
            outcome = words or work.texts.button(
                "aftercare.contact.picked_up", await cards.language_of_case(work, case)
            )
            await mark_done(work, task, by=actor_of(by), outcome=outcome)


async def add_contact_words(work: Work, *, interaction_id: int, by: StaffMember, words: str) -> int | Refusal:
    """Keep what was said in a call or visit that the same person logged, as its newer version; returns that."""
    logged = await get_interaction(work.tx, interaction_id)
    if logged is None or logged.content.kind not in OUTCOMES or logged.author != actor_of(by):
        return Refusal("aftercare.refused.not_logged")
    if logged.case_id is not None:
        case = await access_case(work, case_id=logged.case_id, by=by, deed=_DEEDS[logged.content.kind])
        if isinstance(case, Refusal):
            return case
    words = " ".join(words.split())[:_MOST_LETTERS]
    if not words:
        return Refusal("aftercare.refused.outcome")
    return await record_heard(
        work,
        author=actor_of(by),
        content=replace(logged.content, text=words),
        origin=NOWHERE,
        customer_id=logged.customer_id,
        case_id=logged.case_id,
        visibility=Visibility.INTERNAL,
        direction=Direction.OUT,
        version_of=logged.version_of or logged.id,
    )
