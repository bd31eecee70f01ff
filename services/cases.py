"""Cases: opened, spoken in, taken, answered, resolved, closed and reopened, each with its words and its audit row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.cases import Aspect, Case, CaseEvent, CaseKind, CaseState, first_response_due, next_state
from domain.interactions import Content, Direction, Kind, Visibility
from domain.outcomes import Refusal
from domain.outgoing import Button, Purpose, Rows
from domain.people import SYSTEM, Actor, ActorKind, Permission, StaffMember
from domain.words import says_thanks
from services import desk
from services.speech import record_heard, say
from services.work import Person, Work, person_of_contact
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.interactions import Origin, assign_case, list_by_ids

BURST_GAP = timedelta(minutes=10)
"""Words that follow sooner than this belong to one burst, which is acknowledged once."""


def actor_of(member: StaffMember) -> Actor:
    """Return a member of staff as the author of a change."""
    return Actor(ActorKind.STAFF, member.id)


async def access_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Return the case if this person may work on it: the one door through which staff reach a case."""
    if not by.may(Permission.WORK_CASES):
        return Refusal("desk.refused.not_allowed")
    case = await case_rows.get_case(work.tx, case_id)
    return case if case is not None else Refusal("desk.refused.no_such_case")


async def own_case(work: Work, *, case_id: int, by: Person) -> Case | Refusal:
    """Return the case if it is this customer's own; another's is as unknown as one that never was."""
    case = await case_rows.get_case(work.tx, case_id)
    if case is None or case.customer_id != by.customer.id:
        return Refusal("refused.no_such_case")
    return case


def change_case(work: Work, case: Case, *, by: Actor, action: str, **changed: Any) -> Case:
    """Change columns of a case with its audit row, and return the case as it is now."""
    before = {name: _plain(getattr(case, name)) for name in changed}
    changed_case = replace(case, **changed)
    case_rows.save_case(work.tx, changed_case, **changed)
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("case", case.id),
        customer_id=case.customer_id,
        before=before,
        after={name: _plain(value) for name, value in changed.items()},
    )
    return changed_case


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


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
) -> Case:
    """Open a case from what was said, show it to staff, and promise the customer a time.

    The summary is the customer's own first words unless one is given.
    """
    group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    said = await list_by_ids(work.tx, interaction_ids)
    due = first_response_due(work.now, work.rules.answer_within)
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
        first_response_due_at=due,
        promised_at=due,
        last_customer_at=work.now,
    )
    person.case_ids.append(case.id)
    add_audit(
        work.tx,
        at=work.now,
        actor=by or person.actor,
        action="case.open",
        subject=("case", case.id),
        customer_id=case.customer_id,
        after={"number": case.number, "kind": case.kind.value, "promised_at": due.isoformat()},
    )
    await assign_case(work.tx, ids=interaction_ids, case_id=case.id)
    await desk.show_case(work, case)
    await say(
        work,
        person,
        "case.opened",
        purpose=Purpose.PROMISE,
        case_id=case.id,
        number=case.public_number,
        moment=moment_for(work, person, due),
    )
    return case


def _summary(texts: Sequence[str]) -> str:
    return " / ".join(text.strip() for text in texts if text.strip())[:2000]


def moment_for(work: Work, person: Person, at: Any) -> str:
    """Return an instant in the customer's words, on the customer's clock."""
    return work.texts.moment(at, person.language, zone=person.zone(work.rules), now=work.now)


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
    state = next_state(case.state, CaseEvent.CUSTOMER_SPEAKS) or case.state
    changed: dict[str, Any] = {"last_customer_at": work.now}
    if state is not case.state:
        changed["state"] = state
        case = change_case(work, case, by=person.actor, action="case.customer_speaks", **changed)
        await desk.show_card(work, case)
    else:
        case = replace(case, **changed)
        case_rows.save_case(work.tx, case, **changed)
    await desk.pass_on(work, case, interaction_id=interaction_id, content=content, reply_to=reply_to)
    if acknowledge:
        await _acknowledge(work, person, case)


def _starts_burst(work: Work, case: Case) -> bool:
    spoke = [at for at in (case.last_customer_at, case.last_staff_at, case.opened_at) if at]
    return all(work.now - at > BURST_GAP for at in spoke)


async def _acknowledge(work: Work, person: Person, case: Case) -> None:
    owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id else None
    if owner and work.rules.show_staff_names:
        await say(work, person, "case.words_to", case_id=case.id, number=case.public_number, name=owner.name)
    else:
        await say(work, person, "case.words", case_id=case.id, number=case.public_number)


async def take_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Make this person the owner of a case nobody owns; the second of two is told who was first."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    if case.owner_id == by.id:
        return Refusal("desk.refused.yours_already", {"number": case.public_number})
    if case.owner_id is not None:
        owner = await staff_rows.get_member(work.tx, case.owner_id)
        return Refusal("desk.refused.taken", {"number": case.public_number, "name": owner.name if owner else "?"})
    state = next_state(case.state, CaseEvent.TAKE)
    if state is None:
        return Refusal("desk.refused.state", {"number": case.public_number})
    case = change_case(work, case, by=actor_of(by), action="case.take", owner_id=by.id, state=state)
    await desk.show_card(work, case)
    return case


async def answer_case(
    work: Work,
    *,
    case_id: int,
    by: StaffMember,
    content: Content,
    origin: Origin,
    reply_to: int | None = None,
) -> int | Refusal:
    """Pass a staff member's words to the customer; whoever answers a case nobody owns becomes its owner.

    Returns the interaction.
    """
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    state = next_state(case.state, CaseEvent.ANSWER)
    if state is None:
        return Refusal("desk.refused.closed", {"number": case.public_number})
    if case.contact_point_id is None:
        return Refusal("desk.refused.no_contact", {"number": case.public_number})
    interaction_id = await record_heard(
        work,
        author=actor_of(by),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        direction=Direction.OUT,
        reply_to=reply_to,
    )
    await desk.answer_customer(
        work,
        case,
        contact_point_id=case.contact_point_id,
        interaction_id=interaction_id,
        content=content,
        name=by.name if work.rules.show_staff_names else None,
        reply_to=reply_to,
    )
    await _after_answer(work, case, by=by, state=state)
    return interaction_id


async def _after_answer(work: Work, case: Case, *, by: StaffMember, state: CaseState) -> None:
    changed: dict[str, Any] = {"last_staff_at": work.now}
    if case.first_response_at is None:
        changed["first_response_at"] = work.now
    if case.owner_id is None:
        changed["owner_id"] = by.id
    if state is not case.state:
        changed["state"] = state
    if len(changed) == 1:
        case_rows.save_case(work.tx, replace(case, **changed), **changed)
        return
    case = change_case(work, case, by=actor_of(by), action="case.answer", **changed)
    await desk.show_card(work, case)


async def add_note(work: Work, *, case_id: int, by: StaffMember, content: Content, origin: Origin) -> int | Refusal:
    """Keep a note that only staff can read; returns the interaction."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    return await record_heard(
        work,
        author=actor_of(by),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        direction=Direction.IN,
        visibility=Visibility.INTERNAL,
    )


async def resolve_case(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Call a case solved and ask the customer whether it is."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    state = next_state(case.state, CaseEvent.RESOLVE)
    if state is None:
        return Refusal("desk.refused.state", {"number": case.public_number})
    changed: dict[str, Any] = {"state": state, "resolved_at": work.now}
    if case.owner_id is None:
        changed["owner_id"] = by.id
    if case.first_response_at is None:
        changed["first_response_at"] = work.now
    case = change_case(work, case, by=actor_of(by), action="case.resolve", **changed)
    await desk.show_card(work, case)
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    if person is not None:
        await say(
            work,
            person,
            "case.resolved",
            buttons=_solved_buttons(work, person, case),
            case_id=case.id,
            number=case.public_number,
        )
    return case


def _solved_buttons(work: Work, person: Person, case: Case) -> Rows:
    return (
        (
            Button(work.texts.button("case.button.solved", person.language), data=f"c:solved:{case.id}"),
            Button(work.texts.button("case.button.not_solved", person.language), data=f"c:unsolved:{case.id}"),
        ),
    )


async def confirm_solved(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case | Refusal:
    """Close a case because its customer says that it is solved, or no longer matters."""
    state = next_state(case.state, CaseEvent.CLOSE)
    if state is None:
        return Refusal("refused.closed_already", {"number": case.public_number})
    case = change_case(work, case, by=person.actor, action="case.close", state=state, closed_at=work.now)
    if case.id in person.case_ids:
        person.case_ids.remove(case.id)
    await desk.show_card(work, case)
    await desk.notice_case(work, case, "desk.confirmed", name=person.customer.name)
    await say(work, person, "case.closed", replacing=replacing, case_id=case.id, number=case.public_number)
    return case


async def reopen_by_customer(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case | Refusal:
    """Take up a case again because its customer says that it is not solved, within the reopen window."""
    ended = case.closed_at or case.resolved_at
    if case.live:
        return Refusal("refused.open_already", {"number": case.public_number})
    if ended is None or work.now >= ended + work.rules.reopen_within:
        return Refusal("refused.too_late", {"number": case.public_number})
    return await _reopen(work, person, case=case, replacing=replacing)


async def _reopen(work: Work, person: Person, *, case: Case, replacing: int | None = None) -> Case:
    due = first_response_due(work.now, work.rules.answer_within)
    case = change_case(
        work,
        case,
        by=person.actor,
        action="case.reopen",
        state=CaseState.OPEN,
        resolved_at=None,
        closed_at=None,
        first_response_at=None,
        promised_at=due,
        promise_renewals=0,
        promise_warned=False,
        last_customer_at=work.now,
    )
    if case.id not in person.case_ids:
        person.case_ids.append(case.id)
    await desk.show_card(work, case)
    await desk.notice_case(work, case, "desk.reopened", name=person.customer.name)
    moment = moment_for(work, person, due)
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
    return case


async def reopen_by_staff(work: Work, *, case_id: int, by: StaffMember) -> Case | Refusal:
    """Take up an ended case again because staff see that it is not done; the customer is not disturbed."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    if next_state(case.state, CaseEvent.REOPEN) is None:
        return Refusal("desk.refused.open_already", {"number": case.public_number})
    case = change_case(
        work, case, by=actor_of(by), action="case.reopen", state=CaseState.OPEN, resolved_at=None, closed_at=None
    )
    await desk.show_card(work, case)
    return case


async def close_forgotten(work: Work, *, limit: int = 100) -> int:
    """Close resolved cases whose reopen window has passed in silence; returns how many."""
    before = work.now - work.rules.reopen_within
    found = await case_rows.list_resolved_before(work.tx, before=before, limit=limit)
    for case in found:
        changed = change_case(work, case, by=SYSTEM, action="case.close", state=CaseState.CLOSED, closed_at=work.now)
        await desk.show_card(work, changed)
    return len(found)
