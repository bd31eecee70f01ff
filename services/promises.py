"""Promised answers: staff are reminded in time, the customer hears of a new time before the old one passes."""

from dataclasses import replace
from datetime import timedelta

from domain.cases import Case, first_response_due
from domain.outgoing import Purpose
from domain.people import SYSTEM
from services import cards, desk
from services.case_door import change_case, moment_for
from services.speech import say
from services.work import Work, person_of_contact
from storage import cases as case_rows

WARN_BEFORE = 0.25
"""The share of the answer time that is left when staff are reminded."""
RENEW_BEFORE = timedelta(minutes=2)
"""How long before it passes a promise is renewed; the tick runs more often than that."""
MOST_RENEWALS = 3
"""After so many new times the customer is not asked to wait again by machine; staff go on being reminded."""


async def keep_promises(work: Work, *, limit: int = 100) -> int:
    """Remind staff of answers that fall due, and renew promises about to pass; returns how many cases it touched."""
    renew_before = work.now + min(RENEW_BEFORE, work.rules.answer_within * WARN_BEFORE)
    warn_before = max(work.now + work.rules.answer_within * WARN_BEFORE, renew_before)
    due = await case_rows.list_promises_due(work.tx, warn_before=warn_before, renew_before=renew_before, limit=limit)
    for case in due:
        if case.promised_at and case.promised_at <= renew_before:
            await _renew(work, case)
        else:
            await _warn(work, case)
    return len(due)


async def _warn(work: Work, case: Case) -> None:
    changed = replace(case, promise_warned=True)
    case_rows.save_case(work.tx, changed, promise_warned=True)
    await desk.notice_case(work, case, "desk.promise_near", number=case.public_number, moment=case.promised_at)


async def _renew(work: Work, case: Case) -> None:
    due = first_response_due(work.now, work.rules.answer_within)
    renewals = case.promise_renewals + 1
    changed = change_case(
        work,
        case,
        by=SYSTEM,
        action="case.renew_promise",
        promised_at=due,
        promise_renewals=renewals,
        promise_warned=False,
    )
    await desk.notice_case(work, changed, "desk.promise_renewed", number=case.public_number, count=renewals)
    await cards.show_card(work, changed)
    person = await person_of_contact(work, case.contact_point_id) if case.contact_point_id else None
    if person is not None and renewals <= MOST_RENEWALS:
        await say(
            work,
            person,
            "case.promise_renewed",
            purpose=Purpose.PROMISE,
            case_id=case.id,
            number=case.public_number,
            moment=moment_for(work, person, due),
        )
