"""The clocks of a case: started, paused, met and moved with what happens to it, and what is promised by them."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.cases import Case, EndedAs, Priority
from domain.desk import Targets
from domain.outgoing import Purpose
from domain.people import StaffMember
from domain.sla import (
    Clock,
    ClockKind,
    Look,
    Told,
    clocks_in,
    clocks_of,
    kept_form,
    looks_at,
    meet,
    pause,
    resume,
    start,
    target_of,
    to_full_minute,
    told_of,
)
from services.case_door import moment_for
from services.hours import calendar_of, person_back
from services.speech import say
from services.work import Work, person_of_contact
from storage import cases as case_rows
from storage import people as people_rows
from storage.sla import add_result, take_back_result

_DUE = {
    ClockKind.FIRST_RESPONSE: "first_response_due_at",
    ClockKind.NEXT_RESPONSE: "next_response_due_at",
    ClockKind.RESOLUTION: "resolution_due_at",
}
_ANSWERS = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE)
_SOONEST_NEWS = timedelta(minutes=5)
"""A promise is not moved to a time nearer than this: the answer is there as soon as the message about it."""
_NOBODYS_RESULT = frozenset({EndedAs.SPAM, EndedAs.MERGED, EndedAs.ERASED})
_TIERS_EVERY = timedelta(minutes=15)
"""Where tiers have targets of their own, clocks are looked at this often: a customer's tier may have changed."""


async def promise_at(
    work: Work, *, within: timedelta | None = None, priority: Priority = Priority.NORMAL, tier: str = ""
) -> datetime | None:
    """Return by when an answer can be promised now: a full minute of working time in which somebody is there.

    ``within`` is the working time it takes, the target of ``priority`` and ``tier`` when it is not given. ``None``
    when nobody can say when somebody is back.
    """
    back = await person_back(work)
    if not back.known:
        return None
    span = within or target_of(work.rules, priority, tier).first_response or work.rules.answer_within
    return to_full_minute(calendar_of(work).add(back.at or work.now, span))


async def promise_of(work: Work, case: Case) -> datetime | None:
    """Return by when an answer to this case can be promised now, see :func:`promise_at`."""
    return await promise_at(work, priority=case.priority, tier=await _tier(work, case))


async def start_clocks(work: Work, case: Case) -> Case:
    """Start the clocks of a case that was opened just now, and promise its customer a time."""
    return await _begin(work, case, {})


async def _begin(work: Work, case: Case, clocks: dict[ClockKind, Clock], **changed: Any) -> Case:
    """Start what a case without a first answer, or one that is taken up again, owes."""
    targets = await _targets(work, case)
    if case.first_response_at is None and targets.first_response is not None:
        clocks[ClockKind.FIRST_RESPONSE] = start(ClockKind.FIRST_RESPONSE, work.now, targets.first_response)
        changed["promised_at"] = await promise_at(work, within=targets.first_response)
    if targets.resolution is not None:
        clocks[ClockKind.RESOLUTION] = start(ClockKind.RESOLUTION, work.now, targets.resolution)
    return _keep(work, case, clocks, sla_told=(), paused_at=None, **changed)


async def _targets(work: Work, case: Case) -> Targets:
    return target_of(work.rules, case.priority, await _tier(work, case))


async def _tier(work: Work, case: Case) -> str:
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    return customer.tier if customer else ""


def _keep(work: Work, case: Case, clocks: dict[ClockKind, Clock], **changed: Any) -> Case:
    """Keep the clocks with their case, the times they give, and when they are looked at next."""
    calendar = calendar_of(work)
    told = changed.get("sla_told", case.sla_told)
    form = kept_form(clocks)
    clocks = clocks_in(form)  # to the millisecond, as they will be read again
    looks = looks_of(work, clocks.values(), told)
    changed |= {"sla_clocks": form, "sla_look_at": _next_look(work, looks)}
    for kind, column in _DUE.items():
        clock = clocks.get(kind)
        if clock is not None and (due := clock.due_at(calendar)) is not None:
            changed[column] = due
        elif clock is None and kind is not ClockKind.FIRST_RESPONSE:
            changed[column] = None
    changed = {name: value for name, value in changed.items() if getattr(case, name) != value}
    if not changed:
        return case
    case = replace(case, **changed)
    case_rows.save_case(work.tx, case, **changed)
    return case


def keep_told(work: Work, case: Case, told: tuple[str, ...], *, clocks: dict[ClockKind, Clock] | None = None) -> Case:
    """Keep what staff were told of a case's clocks, and when these are looked at next."""
    return _keep(work, case, clocks_of(case) if clocks is None else clocks, sla_told=told)


def looks_of(work: Work, clocks: Iterable[Clock], told: Iterable[str]) -> list[Look]:
    """Return what is still to be told of these clocks, soonest first."""
    return looks_at(list(clocks), tuple(told), calendar_of(work), warn_at=work.rules.desk.sla.warn_at)


def _next_look(work: Work, looks: list[Look]) -> datetime | None:
    if not looks:
        return None
    return min(looks[0].at, work.now + _TIERS_EVERY) if work.rules.desk.sla.tiers else looks[0].at


async def on_customer_spoke(work: Work, case: Case) -> Case:
    """Let the clocks run on because the customer spoke; what was answered before is owed an answer again."""
    clocks = clocks_of(case)
    answered = case.first_response_at is not None and ClockKind.FIRST_RESPONSE not in clocks
    if case.paused_at is None and (not answered or ClockKind.NEXT_RESPONSE in clocks):
        return case
    targets = await _targets(work, case)
    clocks = _retargeted(_resumed(work, case, clocks), targets)
    told = case.sla_told
    if answered and ClockKind.NEXT_RESPONSE not in clocks and targets.next_response is not None:
        clocks[ClockKind.NEXT_RESPONSE] = start(ClockKind.NEXT_RESPONSE, work.now, targets.next_response)
        told = _without(told, ClockKind.NEXT_RESPONSE)
    return _keep(work, case, clocks, paused_at=None, sla_told=told)


def _without(told: tuple[str, ...], kind: ClockKind) -> tuple[str, ...]:
    return tuple(word for word in told if word not in {told_of(kind, what) for what in Told})


def _resumed(work: Work, case: Case, clocks: dict[ClockKind, Clock]) -> dict[ClockKind, Clock]:
    return {kind: resume(clock, work.now) for kind, clock in clocks.items()} if case.paused_at else clocks


def _retargeted(clocks: dict[ClockKind, Clock], targets: Targets) -> dict[ClockKind, Clock]:
    """Return the clocks with the targets that hold now; a solution without a target any more has no clock."""
    found = {kind: (clock, getattr(targets, kind.value)) for kind, clock in clocks.items()}
    return {kind: replace(clock, target=target) for kind, (clock, target) in found.items() if target is not None}


async def on_answered(work: Work, case: Case, by: StaffMember | None) -> Case:
    """End the clocks of an answer that is given now; called before the case keeps it as its first one."""
    return await _end(work, case, _ANSWERS, by)


async def _end(work: Work, case: Case, kinds: Iterable[ClockKind], by: StaffMember | None, **changed: Any) -> Case:
    clocks, calendar = clocks_of(case), calendar_of(work)
    ended = [clocks.pop(kind) for kind in kinds if kind in clocks]
    if not ended and not changed:
        return case
    tier = await _tier(work, case) if ended else ""
    for clock in ended:
        met = meet(clock, work.now, calendar)
        add_result(
            work.tx,
            case_id=case.id,
            kind=clock.kind.value,
            started_at=clock.counts_from_at,
            due_at=met.due_at,
            ended_at=work.now,
            kept=met.kept,
            worked_s=met.worked // timedelta(seconds=1),
            priority=case.priority.value,
            tier=tier,
            member_id=by.id if by is not None else None,
        )
    return _keep(work, case, clocks, **changed)


async def on_answer_failed(work: Work, case: Case, *, answered_at: datetime) -> Case:
    """Let the clock that the answer of ``answered_at`` ended run on from where it stood: the answer never arrived."""
    kept = await take_back_result(work.tx, case_id=case.id, kinds=[kind.value for kind in _ANSWERS], at=answered_at)
    if kept is None or not case.live:
        return case
    kind, targets = ClockKind(kept.kind), await _targets(work, case)
    clocks = _retargeted(_resumed(work, case, clocks_of(case)), targets)
    clocks.pop(ClockKind.NEXT_RESPONSE, None)
    if (target := getattr(targets, kind.value)) is not None:
        worked = timedelta(seconds=kept.worked_s)
        clocks[kind] = replace(start(kind, work.now, target), counts_from_at=kept.started_at, worked=worked)
    return _keep(work, case, clocks, paused_at=None)


async def on_paused(work: Work, case: Case) -> Case:
    """Let all clocks stand still: the case waits for its customer, or is on hold."""
    if case.paused_at is not None:
        return case
    calendar = calendar_of(work)
    clocks = {kind: pause(clock, work.now, calendar) for kind, clock in clocks_of(case).items()}
    return _keep(work, case, clocks, paused_at=work.now)


async def on_resumed(work: Work, case: Case) -> Case:
    """Let the clocks run on with exactly the working time that was left, by the targets that hold now."""
    if case.paused_at is None:
        return case
    clocks = _retargeted(_resumed(work, case, clocks_of(case)), await _targets(work, case))
    return _keep(work, case, clocks, paused_at=None)


async def on_resolved(work: Work, case: Case, by: StaffMember | None) -> Case:
    """End every clock: the case was called solved."""
    return await _end(work, case, ClockKind, by, paused_at=None)


async def on_reopened(work: Work, case: Case) -> Case:
    """Start the clocks of a case that is taken up again; one without a first answer gets a new promise."""
    renewed = {"promise_renewals": 0, "promise_warned": False} if case.first_response_at is None else {}
    return await _begin(work, case, {}, **renewed)


async def on_closed(work: Work, case: Case) -> Case:
    """End every clock of a case that is closed; spam and duplicates leave no figures behind."""
    if case.ended_as in _NOBODYS_RESULT:
        return _keep(work, case, {}, paused_at=None)
    return await _end(work, case, ClockKind, None, paused_at=None)


async def on_target_moved(work: Work, case: Case, *, tell: bool = True) -> Case:
    """Reckon what is due anew, because the priority, the tier, the targets or the hours changed.

    What has been worked stays counted. The promise moves when an answer is due sooner, or when it lies outside the
    hours now; the customer is told so. A promise is never taken back because a case presses less.
    """
    before = clocks_of(case)
    if not before:
        return case
    targets = await _targets(work, case)
    clocks = _retargeted(before, targets)
    if targets.resolution is not None and ClockKind.RESOLUTION not in before:
        fresh = start(ClockKind.RESOLUTION, work.now, targets.resolution)
        clocks[ClockKind.RESOLUTION] = fresh if case.paused_at is None else replace(fresh, since_at=None)
    case = _keep(work, case, clocks, sla_told=_still_told(work, case, clocks))
    return await _move_promise(work, case, clocks, was=before.get(ClockKind.FIRST_RESPONSE), tell=tell)


def _still_told(work: Work, case: Case, clocks: dict[ClockKind, Clock]) -> tuple[str, ...]:
    """Return what was told and still holds: what is due later than now is told of again when it comes."""
    ahead = {told_of(look.kind, look.what) for look in looks_of(work, clocks.values(), ()) if look.at > work.now}
    return tuple(word for word in case.sla_told if word not in ahead)


async def _move_promise(
    work: Work, case: Case, clocks: dict[ClockKind, Clock], *, was: Clock | None, tell: bool
) -> Case:
    clock = clocks.get(ClockKind.FIRST_RESPONSE)
    if clock is None or was is None or case.promised_at is None or case.promised_at <= work.now:
        return case
    calendar = calendar_of(work)
    stands = any(calendar.is_working(case.promised_at - back) for back in (timedelta(), timedelta(minutes=1)))
    if stands and clock.target >= was.target:
        return case
    left = clock.target - clock.passed(work.now, calendar)
    at = await promise_at(work, within=max(left, _SOONEST_NEWS))
    if at is None or at == case.promised_at or (stands and at > case.promised_at):
        return case
    case = replace(case, promised_at=at)
    case_rows.save_case(work.tx, case, promised_at=at)
    person = await person_of_contact(work, case.contact_point_id) if tell and case.contact_point_id else None
    if person is not None:
        await say(
            work,
            person,
            "clock.promise_moved",
            purpose=Purpose.PROMISE,
            case_id=case.id,
            number=case.public_number,
            moment=moment_for(work, person, at),
        )
    return case


def seal_of(work: Work) -> int:
    """Return a number that changes with the rules that clocks follow."""
    rules = work.rules
    told = repr((rules.zone.key, rules.desk.hours, rules.desk.sla, rules.answer_within))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:7])


async def due_in_words(work: Work, case: Case, language: str) -> str | None:
    """Return for the card what is due next and when, or since when its clocks stand still; ``None`` without any."""

    def moment(at: datetime) -> str:
        return work.texts.moment(at, language, zone=work.rules.zone, now=work.now)

    clocks, calendar = clocks_of(case), calendar_of(work)
    if not clocks or not case.live:
        return None
    if case.paused_at is not None:
        return work.texts.say("clock.card.paused", language, moment=moment(case.paused_at))
    dues = [(due, kind) for kind, clock in clocks.items() if (due := clock.due_at(calendar)) is not None]
    if not dues:
        return None
    due, kind = min(dues)
    key = f"clock.card.{'late' if due < work.now else 'due'}.{kind}"
    return work.texts.say(key, language, moment=moment(due))
