"""Duplicates: two live cases of one customer become one, with all that was said, tagged, promised and planned."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.cases import Case, CaseEvent, CaseState, EndedAs, next_state
from domain.deeds import Deed
from domain.interactions import Content, Direction, Kind
from domain.outcomes import Refusal
from domain.people import ActorKind, StaffMember
from domain.sla import ClockKind, clocks_of
from services import cards, desk, escalations, sla
from services.case_door import access_case, access_case_for, actor_of, change_case
from services.hours import calendar_of
from services.speech import say
from services.task_ends import end_of_case as end_of_tasks
from services.work import Work, person_of_contact
from storage import case_merge as rows
from storage.case_lists import list_live_of_customer
from storage.cases import get_case
from storage.interactions import list_of_case

_SHOWN_WORDS = 10
"""So many of the duplicate's newest words are shown anew where the case goes on."""
_OWED = frozenset({CaseState.NEW, CaseState.OPEN})


async def list_mergeable(work: Work, case: Case) -> list[Case]:
    """Return the other live cases of the customer into which this one can be merged."""
    others = await list_live_of_customer(work.tx, case.customer_id)
    return [one for one in others if one.id != case.id and not one.confidential]


async def merge_cases(work: Work, *, case_id: int, into_number: int, by: StaffMember) -> Case | Refusal:
    """Merge the duplicate ``case_id`` into another live case of the same customer; returns the case that goes on.

    Words, tags and tasks move; the earlier due and the higher priority win. The customer is told once.
    """
    into_id = await rows.find_case_id(work.tx, into_number)
    for one in sorted({case_id, into_id} - {None}, key=lambda each: each or 0):
        await get_case(work.tx, one or 0)  # both are locked in the order of their ids
    both = await _both(work, case_id=case_id, into_id=into_id, by=by)
    if isinstance(both, Refusal):
        return both
    duplicate, main, ended = both
    said = [one for one in await list_of_case(work.tx, duplicate.id) if _is_customers(one)]
    await rows.move_words(work.tx, from_id=duplicate.id, to_id=main.id)
    await rows.move_tags(work.tx, from_id=duplicate.id, to_id=main.id)
    main = await _take_over(work, duplicate, main, by=by)
    duplicate = change_case(
        work,
        await get_case(work.tx, duplicate.id) or duplicate,
        by=actor_of(by),
        action="case.merge",
        state=ended,
        closed_at=work.now,
        ended_as=EndedAs.MERGED,
        merged_into=main.id,
    )
    duplicate = await sla.on_closed(work, duplicate)
    await end_of_tasks(work, duplicate, by=actor_of(by))
    await escalations.end_of_case(work, duplicate)
    await _show(work, duplicate, main, said, by=by)
    await _tell_customer(work, duplicate, main)
    return main


async def _both(
    work: Work, *, case_id: int, into_id: int | None, by: StaffMember
) -> tuple[Case, Case, CaseState] | Refusal:
    """Return the duplicate, the case that goes on, and the state in which the duplicate ends."""
    found = await access_case_for(work, case_id=case_id, by=by, deed=Deed.MERGE, event=CaseEvent.MERGE)
    if isinstance(found, Refusal):
        return found
    duplicate, ended = found
    main = await access_case(work, case_id=into_id if into_id is not None else -1, by=by, deed=Deed.MERGE)
    if isinstance(main, Refusal):
        return main
    if main.id == duplicate.id:
        return Refusal("casework.refused.itself", {"number": main.public_number})
    if main.customer_id != duplicate.customer_id:
        return Refusal("casework.refused.other_customer", {"number": main.public_number})
    if main.confidential or duplicate.confidential:
        return Refusal("casework.refused.confidential_merge")
    return duplicate, main, ended


def _is_customers(said: Any) -> bool:
    mute = (Kind.TAP, Kind.COMMAND, Kind.REACTION, Kind.MEMBERSHIP)
    return said.direction is Direction.IN and said.author.kind is ActorKind.CUSTOMER and said.content.kind not in mute


async def _take_over(work: Work, duplicate: Case, main: Case, *, by: StaffMember) -> Case:
    """Let the case that goes on owe everything that the duplicate owed."""
    changed: dict[str, Any] = {"promised_at": _earlier(main.promised_at, duplicate.promised_at)}
    if main.state not in _OWED and duplicate.state in _OWED:
        changed["state"] = next_state(main.state, CaseEvent.CUSTOMER_SPEAKS) or main.state
    if duplicate.priority.weight > main.priority.weight:
        changed |= {"priority": duplicate.priority, "priority_why": duplicate.priority_why}
    for name in ("owner_id", "aspect", "order_ref", "cause_id", "contact_point_id"):
        if getattr(main, name) is None and getattr(duplicate, name) is not None:
            changed[name] = getattr(duplicate, name)
    changed |= {
        "level": max(main.level, duplicate.level),
        "last_customer_at": _later(main.last_customer_at, duplicate.last_customer_at),
    }
    changed = {name: value for name, value in changed.items() if value != getattr(main, name)}
    main = change_case(work, main, by=actor_of(by), action="case.merge_in", **changed)
    return await _join_clocks(work, duplicate, main)


async def _join_clocks(work: Work, duplicate: Case, main: Case) -> Case:
    """Let the clock that is due earlier run on, of each kind; an answer still owed to a duplicate is the next one."""
    main = await sla.on_target_moved(work, await sla.on_resumed(work, main), tell=False)
    calendar, clocks = calendar_of(work), clocks_of(main)
    for clock in clocks_of(await sla.on_resumed(work, duplicate)).values():
        if clock.kind is ClockKind.FIRST_RESPONSE and main.first_response_at is not None:
            clock = replace(clock, kind=ClockKind.NEXT_RESPONSE)
        other = clocks.get(clock.kind)
        due, others_due = clock.due_at(calendar), other.due_at(calendar) if other is not None else None
        if others_due is None or (due is not None and due < others_due):
            clocks[clock.kind] = clock
    main = sla.keep_told(work, main, main.sla_told, clocks=clocks)
    return main if main.state in _OWED else await sla.on_paused(work, main)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


async def _show(work: Work, duplicate: Case, main: Case, said: list[Any], *, by: StaffMember) -> None:
    """Say in both topics what became of them, and show the duplicate's newest words where the case goes on."""
    names: dict[str, Any] = {"number": duplicate.public_number, "into": main.public_number, "name": by.name}
    for case in (duplicate, main):
        await cards.show_card(work, case)
    await desk.notice_case(work, duplicate, "casework.merged_away", **names)
    left_out = max(len(said) - _SHOWN_WORDS, 0)
    if left_out:
        await desk.notice_case(work, main, "casework.merged_in", count=left_out, **names)
    else:
        await desk.notice_case(work, main, "casework.merged_in_all", **names)
    for one in said[-_SHOWN_WORDS:]:
        content: Content = one.content
        await desk.pass_on(work, main, interaction_id=one.id, content=content)


async def _tell_customer(work: Work, duplicate: Case, main: Case) -> None:
    if main.contact_point_id is None:
        return
    person = await person_of_contact(work, main.contact_point_id)
    if person is not None:
        await say(
            work,
            person,
            "casework.customer.merged",
            case_id=main.id,
            number=duplicate.public_number,
            into=main.public_number,
        )
