"""The score of a case: five buttons once a resolution, with the thanks or, when its customer stays silent, unasked."""

from datetime import datetime, timedelta

from domain.cases import Case, CaseState, EndedAs
from domain.contact import FOR_GOOD, Verdict
from domain.dialogues import Dialogue, DialogueName
from domain.outgoing import Button, Purpose, Rows
from domain.people import Actor, ActorKind, ConsentClass
from services.contact import verdicts
from services.speech import say_html
from services.work import Person, Work
from storage import cases as case_rows
from storage import deliveries as delivery_rows
from storage import people as people_rows
from storage import responses as rows
from storage.deliveries import Delivery
from texts.catalogue import safe

SURVEY = rows.CASE_SURVEY
VERSION = 1
MOST = 5
_PREFIX = "case:"
SCORE_AWAITED = timedelta(minutes=10)
"""For so long a bare digit is taken for the score."""
_AUTHOR = Actor(ActorKind.CAMPAIGN)
_LOOK_AGAIN = timedelta(hours=1)
_STALE_AFTER = timedelta(days=3)
"""For so long after the case would be closed in silence its customer may still be asked."""


def occasion_of(case: Case) -> str:
    """Return which resolution of a case a score is about."""
    return f"{_PREFIX}{case.id}:{case.resolutions}"


async def ask_score(work: Work, person: Person, case: Case, *, replacing: int | None = None) -> bool:
    """Thank for the confirmation and ask how it was; returns whether this person was asked, else nothing was said.

    Nobody is asked twice about one resolution, nor who said no to surveys, nor about what nobody has answered.
    """
    if not work.rules.desk.ask_score or (case.last_staff_at is None and case.resolutions == 0):
        return False
    if not await _may_be_asked(work, person):
        return False
    response_id = await _keep_asked(work, case)
    if response_id is None:
        return False
    html = work.texts.say(
        "aftercare.score.ask_closed",
        person.language,
        closed=safe(work.texts.say("case.closed", person.language, number=case.public_number)),
    )
    await say_html(
        work, person, html, buttons=_score_buttons(work, person, response_id), replacing=replacing, case_id=case.id
    )
    running = person.dialogue
    if running is None or (running.name is DialogueName.ADD_WORDS and running.data.get("key") == case.id):
        data, due_at = {"key": response_id}, work.now + SCORE_AWAITED
        person.enter(work, Dialogue(person.contact.id, DialogueName.SCORE, "score", work.now, data, due_at))
    return True


async def _may_be_asked(work: Work, person: Person) -> bool:
    """Return whether this person has not said no to surveys: here they speak with us, and a yes is not needed."""
    given = await people_rows.list_consenting(work.tx, [person.customer.id], ConsentClass.SURVEYS)
    consent = given.get(person.customer.id)
    return consent is None or consent.allows(work.now)


async def _keep_asked(work: Work, case: Case) -> int | None:
    return await rows.insert_response(
        work.tx,
        survey=SURVEY,
        version=VERSION,
        occasion=occasion_of(case),
        customer_id=case.customer_id,
        case_id=case.id,
        member_id=case.resolver_id or case.owner_id,
        now=work.now,
    )


def _score_buttons(work: Work, person: Person, response_id: int) -> Rows:
    """Return the five buttons in one row."""
    texts, language = work.texts, person.language
    return (
        tuple(
            Button(texts.button(f"aftercare.score.{score}", language), data=f"c:score:{response_id}:{score}")
            for score in range(1, MOST + 1)
        ),
    )


async def ask_silent(work: Work, *, limit: int) -> int:
    """Ask those who said nothing since their case was called solved, when they may be written to.

    Returns how many it planned or dealt with, so that it is asked again until 0.
    """
    if not work.rules.desk.ask_score:
        return 0
    return await _plan(work, limit=limit) + await _feed(work, limit=limit)


def _late_after(work: Work, resolved_at: datetime) -> datetime:
    return resolved_at + max(work.rules.reopen_within, work.rules.desk.ask_score_after) + _STALE_AFTER


async def _plan(work: Work, *, limit: int) -> int:
    before = work.now - work.rules.desk.ask_score_after
    since = work.now - (work.rules.reopen_within + _STALE_AFTER)
    silent = await rows.list_silent(
        work.tx, survey=SURVEY, prefix=_PREFIX, before=before, since=min(since, before), limit=limit
    )
    planned = [
        {
            "campaign": SURVEY,
            "occasion": f"{_PREFIX}{found.case_id}:{found.resolutions}",
            "customer_id": found.customer_id,
            "occasion_on": work.now.astimezone(work.rules.zone).date().isoformat(),
            "zone": found.zone or work.rules.zone.key,
            "due_at": work.now,
            "late_after_at": _late_after(work, found.resolved_at),
            "planned_at": work.now,
            "consent": ConsentClass.SURVEYS.value,
        }
        for found in silent
    ]
    return await delivery_rows.insert_planned(work.tx, planned, renewable=("",))


async def _feed(work: Work, *, limit: int) -> int:
    due = await delivery_rows.list_due(work.tx, campaign=SURVEY, now=work.now, limit=limit)
    if not due:
        return 0
    ids = [delivery.customer_id for delivery in due]
    for case_id in sorted({_case_id(delivery) for delivery in due}):
        await case_rows.get_case(work.tx, case_id)  # locked in the order of their ids
    known = await people_rows.list_contacts_of_customers(work.tx, ids)
    answers = await verdicts(work, ids, ConsentClass.SURVEYS, campaign=SURVEY)
    for delivery in due:
        contact = known.get(delivery.customer_id)
        person = Person(contact.contact, contact.customer, contact.dialogue) if contact else None
        await _feed_one(work, delivery, person, answers[delivery.customer_id])
    return len(due)


def _case_id(delivery: Delivery) -> int:
    return int(delivery.occasion.split(":")[1])


async def _feed_one(work: Work, delivery: Delivery, person: Person | None, verdict: Verdict) -> None:
    case = await case_rows.get_case(work.tx, _case_id(delivery))
    if person is None or case is None:
        _skip(work, delivery, "no_contact")
    elif not _is_silent(case, delivery):
        _skip(work, delivery, "spoken")
    elif verdict.allowed and work.now <= delivery.late_after_at:
        await _ask(work, delivery, person, case)
    elif (again_at := _again_at(work, delivery, verdict)) is not None:
        delivery_rows.postpone_delivery(work.tx, delivery.id, due_at=again_at)
    else:
        _skip(work, delivery, str(verdict.why or "late"))


def _is_silent(case: Case, delivery: Delivery) -> bool:
    """Return whether nothing was said since that resolution: the case waits, or was closed because nobody spoke."""
    quiet = case.state is CaseState.RESOLVED or (case.state is CaseState.CLOSED and case.ended_as is EndedAs.SILENCE)
    return quiet and occasion_of(case) == delivery.occasion


def _skip(work: Work, delivery: Delivery, why: str) -> None:
    delivery_rows.set_delivery_state(work.tx, delivery.id, state="skipped", reason=why, now=work.now)


def _again_at(work: Work, delivery: Delivery, verdict: Verdict) -> datetime | None:
    """Return when to ask again about a question held back, ``None`` when it would be late by then."""
    if verdict.why is None or verdict.why in FOR_GOOD:
        return None
    again_at = verdict.until or work.now + _LOOK_AGAIN
    return again_at if again_at <= delivery.late_after_at else None


async def _ask(work: Work, delivery: Delivery, person: Person, case: Case) -> None:
    response_id = await _keep_asked(work, case)
    if response_id is None:
        _skip(work, delivery, "asked")
        return
    mute = Button(work.texts.button("aftercare.button.mute_surveys", person.language), data="c:mute:surveys")
    await say_html(
        work,
        person,
        work.texts.say(
            "aftercare.score.ask_silent", person.language, number=case.public_number, name=person.customer.called
        ),
        purpose=Purpose.SURVEY,
        buttons=(*_score_buttons(work, person, response_id), (mute,)),
        case_id=case.id,
        dedupe_key=f"{SURVEY}:{delivery.id}",
        delivery_id=delivery.id,
        author=_AUTHOR,
    )
    delivery_rows.mark_queued(work.tx, delivery.id, now=work.now)


async def last_score(work: Work, customer_id: int) -> int | None:
    """Return the newest score this customer gave a case, ``None`` when there is none."""
    return await rows.get_last_score(work.tx, survey=SURVEY, customer_id=customer_id)
