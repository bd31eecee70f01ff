"""Promised answers: the customer hears of a new time before the old one passes, and never of one nobody can keep."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.cases import Case
from domain.outgoing import Purpose
from domain.people import SYSTEM
from services import cards, desk
from services.case_door import change_case, moment_for
from services.hours import Back, calendar_of, person_back
from services.sla import promise_of
from services.speech import say_html
from services.work import Work, person_of_contact
from storage import cases as case_rows
from storage.escalations import get_open

WARN_BEFORE = 0.25
"""The share of the answer time that is left when staff are reminded of a promise that was renewed."""
RENEW_BEFORE = timedelta(minutes=2)
"""How long before it passes a promise is renewed; the tick runs more often than that."""
MOST_RENEWALS = 3
"""After so many new times the customer is not asked to wait again by machine; staff go on being reminded."""


async def keep_promises(work: Work, *, limit: int = 100) -> int:
    """Renew promises about to pass, and remind staff of those renewed before; returns how many cases it touched.

    While everybody is away, promises that would pass before the first is back are renewed at once; when nobody can say
    when that is, the customer hears just that, and a time as soon as somebody is there. Staff hear of a first promise
    by the clock of the first answer (``services.sla_watch``).
    """
    back, calendar = await person_back(work), calendar_of(work)
    renew_before = work.now + min(RENEW_BEFORE, work.rules.answer_within * WARN_BEFORE)
    if back.at is not None:
        renew_before = max(renew_before, back.at)
    warn_before = max(calendar.add(work.now, work.rules.answer_within * WARN_BEFORE), renew_before)
    due = await case_rows.list_promises_due(
        work.tx, warn_before=warn_before, renew_before=renew_before, unnamed=back.known, limit=limit
    )
    for case_id in sorted(due):
        case = await case_rows.get_case(work.tx, case_id)
        if case is None or not case.live or case.first_response_at is not None:
            continue
        if case.promised_at is None:
            await _name(work, case)
        elif case.promised_at <= renew_before:
            await _renew(work, case, back)
        else:
            await _warn(work, case)
    return len(due)


async def _warn(work: Work, case: Case) -> None:
    changed = replace(case, promise_warned=True)
    case_rows.save_case(work.tx, changed, promise_warned=True)
    await desk.notice_case(work, case, "desk.promise_near", number=case.public_number, moment=case.promised_at)


async def _name(work: Work, case: Case) -> None:
    """Name a time to a customer to whom none could be named while everybody was away."""
    at = await promise_of(work, case)
    changed = change_case(work, case, by=SYSTEM, action="case.name_promise", promised_at=at)
    await cards.show_card(work, changed)
    await _tell(work, changed, "clock.promise_named", at)


async def _renew(work: Work, case: Case, back: Back) -> None:
    at = await promise_of(work, case)
    renewals = case.promise_renewals + 1
    changed = change_case(
        work,
        case,
        by=SYSTEM,
        action="case.renew_promise",
        promised_at=at,
        promise_renewals=renewals,
        promise_warned=False,
    )
    if not await _handed_up(work, case):
        await desk.notice_case(work, changed, "desk.promise_renewed", number=case.public_number)
    await cards.show_card(work, changed)
    if renewals <= MOST_RENEWALS:
        await _tell(work, changed, "case.promise_renewed" if back.known else "clock.promise_away", at)


async def _handed_up(work: Work, case: Case) -> bool:
    """Return whether the ladder tells staff that nobody has answered, so that they do not read it twice."""
    due_at = case.first_response_due_at
    if due_at is not None and case.paused_at is None and due_at <= work.now + RENEW_BEFORE:
        return True  # by the clock of the first answer, now or at the next tick
    return await get_open(work.tx, case.id) is not None


async def _tell(work: Work, case: Case, key: str, at: datetime | None) -> None:
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    if person is not None:
        moment = {"moment": moment_for(work, person, at)} if at is not None else {}
        html = work.texts.say(key, person.language, number=case.public_number, **moment)
        await say_html(work, person, html, purpose=Purpose.PROMISE, case_id=case.id)
