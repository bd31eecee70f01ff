"""Cases as customers make them: opened, spoken in, confirmed as solved, taken up again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.cases import (
    Aspect,
    Case,
    CaseEvent,
    CaseKind,
    CaseState,
    EndedAs,
    Priority,
    next_state,
)
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import Purpose
from domain.people import SYSTEM, Actor
from domain.priority import Why
from domain.words import says_thanks
from services import cards, desk, escalations
from services.case_door import change_case, living_case, state_on
from services.confidential import tell_readers
from services.groups import group_for
from services.hours import promise_html, with_closed_words
from services.ownership import give_if_absent, give_in_turn
from services.priority import judge_priority, raise_to
from services.sla import on_closed, on_customer_spoke, on_reopened, start_clocks
from services.speech import say, say_html
from services.surveys.asking import ask_about_case
from services.task_ends import end_of_case as end_of_tasks
from services.work import Person, Work
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.interactions import assign_case, list_by_ids

BURST_GAP = timedelta(minutes=10)
"""Words that follow sooner than this belong to one burst, which is acknowledged once."""


async def open_case(
    work: Work,
    person: Person,
    *,
    kind: CaseKind,
    interaction_ids: Sequence[int],
    aspect: Aspect | None = None,
    order_ref: str | None = None,
    summary: str | None = None,
    by: Actor | None = None,
    told_closed: bool = False,
    confidential: bool = False,
    about_id: int | None = None,
    told_at: datetime | None = None,
    why: Why | None = None,
) -> Case:
    """Open a case from what was said, show it to staff, and promise the customer a time.

    The summary is the customer's own first words unless one is given. ``told_closed``: when somebody is back was said
    just before. A ``confidential`` one is about the member of staff ``about_id`` (``None`` when the customer knows no
    name), and comes to no group. ``told_at``: the caller says this time to the customer and gives the case to somebody,
    so that neither is done here. ``why`` is a reason of the caller's for its priority.
    """
    group = await group_for(work, person, aspect) if not confidential else None
    said = await list_by_ids(work.tx, interaction_ids)
    case = await case_rows.insert_case(
        work.tx,
        number=await case_rows.next_case_number(work.tx),
        customer_id=person.customer.id,
        contact_point_id=person.contact.id,
        kind=kind.value,
        state=CaseState.NEW.value,
        aspect=aspect.value if aspect else None,
        order_ref=order_ref,
        summary=summary if summary is not None else _summary([i.content.text for i in said]),
        staff_group_id=group.id if group else None,
        opened_at=work.now,
        last_customer_at=work.now,
        confidential=confidential,
        about_member_id=about_id,
    )
    case = await _begin(work, case, [one.content.text for one in said], told_at=told_at, why=why)
    person.case_ids.append(case.id)
    _audit_opening(work, case, by or person.actor)
    await assign_case(work.tx, ids=interaction_ids, case_id=case.id)
    await desk.show_case(work, case)
    if confidential:
        await tell_readers(work, case)
    if told_at is not None:
        return case
    promised = case.promised_at
    case = await give_in_turn(work, case)
    keys = ("case.opened", "clock.opened_no_time")
    html = await promise_html(work, person, keys, at=promised, closed=not told_closed, number=case.public_number)
    await say_html(work, person, html, purpose=Purpose.PROMISE, case_id=case.id)
    return case


async def _begin(work: Work, case: Case, texts: Sequence[str], *, told_at: datetime | None, why: Why | None) -> Case:
    """Judge how much a new case presses, and start its clocks by that."""
    case = await judge_priority(work, case, texts, opening=True)
    if why is not None:
        case = await raise_to(work, case, Priority(why["priority"]), why, SYSTEM)
    case = await start_clocks(work, case)
    return promised_by_others(work, case, at=told_at) if told_at is not None else case


def _audit_opening(work: Work, case: Case, by: Actor) -> None:
    promised = case.promised_at.isoformat() if case.promised_at else None
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="case.open",
        subject=("case", case.id),
        customer_id=case.customer_id,
        after={"number": case.number, "kind": case.kind.value, "promised_at": promised},
    )


def promised_by_others(work: Work, case: Case, *, at: datetime) -> Case:
    """Keep the time that its customer is told elsewhere as what is promised, where a first answer is owed."""
    if case.first_response_at is not None or not case.live:
        return case
    case = replace(case, promised_at=at)
    case_rows.save_case(work.tx, case, promised_at=at)
    return case


def _summary(texts: Sequence[str]) -> str:
    return " / ".join(text.strip() for text in texts if text.strip())[:2000]


async def hear_words(
    work: Work,
    person: Person,
    *,
    case: Case,
    interaction_id: int,
    content: Content,
    reply_to: int | None = None,
    acknowledge: bool = True,
) -> None:
    """Take a customer's words into a case: pass them on, reopen what is not solved, close what is.

    Thanks and consent after a resolution close the case and never reopen it. The first words of a burst are
    acknowledged, unless the caller does. ``reply_to`` is the interaction they answer.
    """
    await assign_case(work.tx, ids=[interaction_id], case_id=case.id)
    if case.state is CaseState.RESOLVED:
        if content.kind is Kind.TEXT and says_thanks(content.text, work.texts.phrases("closing")):
            await confirm_solved(work, person, case=case)
            return
        case = await _reopen(work, person, case=case)
        await desk.pass_on(work, case, interaction_id=interaction_id, content=content, reply_to=reply_to)
        return
    acknowledge = acknowledge and _starts_burst(work, case)
    case = await hear_sign(work, person, case=case)
    case = await _keep_time(work, case, content)
    await desk.pass_on(work, case, interaction_id=interaction_id, content=content, reply_to=reply_to)
    if acknowledge:
        await _acknowledge(work, person, case)


async def hear_sign(work: Work, person: Person, *, case: Case) -> Case:
    """Let a live case know that its customer spoke or answered: whoever waited for them owes them an answer now."""
    state = next_state(case.state, CaseEvent.CUSTOMER_SPEAKS) or case.state
    changed: dict[str, Any] = {"last_customer_at": work.now}
    if state is case.state:
        case = replace(case, **changed)
        case_rows.save_case(work.tx, case, **changed)
        return await on_customer_spoke(work, case)
    case = change_case(work, case, by=person.actor, action="case.customer_speaks", state=state, **changed)
    case = await give_if_absent(work, case)
    await cards.show_card(work, case)
    return await on_customer_spoke(work, case)


async def _keep_time(work: Work, case: Case, content: Content) -> Case:
    """Let the clocks run faster when the words press."""
    priority = case.priority
    case = await judge_priority(work, case, [content.text])
    if case.priority is not priority:
        await cards.show_card(work, case)
    return case


def _starts_burst(work: Work, case: Case) -> bool:
    spoke = [at for at in (case.last_customer_at, case.last_staff_at, case.opened_at) if at]
    return all(work.now - at > BURST_GAP for at in spoke)


async def _acknowledge(work: Work, person: Person, case: Case) -> None:
    owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id else None
    if owner and work.rules.show_staff_names:
        html = work.texts.say("case.words_to", person.language, number=case.public_number, name=owner.name)
    else:
        html = work.texts.say("case.words", person.language, number=case.public_number)
    await say_html(work, person, await with_closed_words(work, person, html), case_id=case.id)


async def confirm_solved(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case | Refusal:
    """Close a case because its customer says that it is solved, or no longer matters."""
    state = next_state(case.state, CaseEvent.CLOSE)
    if state is None:
        return Refusal("refused.closed_already", {"number": case.public_number})
    case = change_case(
        work,
        case,
        by=person.actor,
        action="case.close",
        state=state,
        closed_at=work.now,
        ended_as=EndedAs.SOLVED,
    )
    case = await on_closed(work, case)
    if case.id in person.case_ids:
        person.case_ids.remove(case.id)
    await cards.show_card(work, case)
    await escalations.end_of_case(work, case)
    await desk.notice_case(work, case, "desk.confirmed", name=person.customer.name)
    await end_of_tasks(work, case)
    if not await ask_about_case(work, person, case, replacing=replacing):
        await say(work, person, "case.closed", replacing=replacing, case_id=case.id, number=case.public_number)
    return case


async def reopen_by_customer(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case | Refusal:
    """Take up a case again because its customer says that it is not solved, within the reopen window."""
    case = await living_case(work, case)
    if case.live:
        return Refusal("refused.open_already", {"number": case.public_number})
    if state_on(work, case, CaseEvent.CUSTOMER_REOPENS) is None:
        return Refusal("refused.too_late", {"number": case.public_number})
    return await _reopen(work, person, case=case, replacing=replacing)


async def _reopen(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case:
    case = await take_up_again(work, person, case=case)
    keys = ("case.reopened", "clock.reopened_no_time")
    html = await promise_html(work, person, keys, at=case.promised_at, number=case.public_number)
    await say_html(work, person, html, purpose=Purpose.PROMISE, replacing=replacing, case_id=case.id)
    return case


async def take_up_again(work: Work, person: Person, *, case: Case) -> Case:
    """Open an ended case again for its customer, whom the caller tells of it.

    A live one, or one that was merged or erased, stays as it is.
    """
    state = state_on(work, case, CaseEvent.REOPEN)
    if state is None:
        return case
    case = change_case(
        work,
        case,
        by=person.actor,
        action="case.reopen",
        state=state,
        resolved_at=None,
        closed_at=None,
        ended_as=None,
        reopens=case.reopens + 1,
        first_response_at=None,
        last_customer_at=work.now,
    )
    case = await on_reopened(work, case)
    if case.id not in person.case_ids:
        person.case_ids.append(case.id)
    case = await give_if_absent(work, case)
    await cards.show_card(work, case)
    await desk.notice_case(work, case, "desk.reopened", name=person.customer.name)
    return case
