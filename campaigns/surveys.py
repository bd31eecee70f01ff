"""Surveys that go out by themselves: planned, put in turn for each person, asked again when due, reminded of, ended."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from campaigns.survey_plans import plan_cases, plan_events, plan_purchases, plan_reminders, plan_waves
from domain.cases import Case, CaseState, EndedAs
from domain.contact import Hold, Verdict
from domain.people import ConsentClass
from domain.surveys import SurveyState
from domain.surveys.occasions import Cause, Occasion, case_occasion, read_occasion
from domain.surveys.turns import Asked, Waiting, WhyNot, in_turn, is_within_cadence, put_off
from services.contact import verdicts
from services.feeding import LOOK_AGAIN, again_when, may_go, reason, skip
from services.surveys import book
from services.surveys.asking import ask, remind
from services.surveys.book import Kept
from services.surveys.waves import judged, last_asked
from services.work import Person, Work
from storage import cases as case_rows
from storage import deliveries as delivery_rows
from storage import survey_due as rows
from storage.deliveries import Delivery
from storage.erasure import lock_customers
from storage.people import KnownContact, list_contacts_of_customers
from storage.responses import OPEN, Response, get_response, lock_response
from storage.survey_waves import list_stopped

__all__ = (
    "expire",
    "feed",
    "plan_cases",
    "plan_events",
    "plan_purchases",
    "plan_reminders",
    "plan_waves",
)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One person's asking whose turn it is, and the others that wait for it; a reminder has its response."""

    delivery: Delivery
    occasion: Occasion
    kept: Kept | None
    others: tuple[Waiting, ...]
    response: Response | None = None

    @property
    def case_id(self) -> int | None:
        """The case it is about."""
        return self.response.case_id if self.response is not None else self.occasion.case_id


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the slice's turns depend on; ``asked`` is by person and survey, ``known`` by survey and occasion."""

    contacts: dict[int, KnownContact]
    verdicts: dict[int, Verdict]
    asked: dict[tuple[int, str], Asked]
    known: frozenset[tuple[str, str]]
    stopped: frozenset[tuple[str, str]]


async def feed(work: Work, *, limit: int) -> int:
    """Judge the askings that are due, of each person the one whose turn it is, and ask where that may be.

    Returns how many people it dealt with, so that it is asked again until 0: each was asked, or waits.
    """
    customer_ids = await rows.list_due_customers(work.tx, now=work.now, limit=limit)
    if not customer_ids:
        return 0
    await lock_customers(work.tx, customer_ids)  # nobody else judges another survey of the same person meanwhile
    due = await rows.list_due_of(work.tx, customer_ids, now=work.now)
    kept = {one.key: one for one in await book.list_surveys(work)}
    turns = [await _turn(work, deliveries, kept) for deliveries in due.values()]
    for case_id in sorted({turn.case_id for turn in turns if turn.case_id is not None}):
        await case_rows.get_case(work.tx, case_id)  # locked in the order of their ids
    facts = await _facts(work, turns)
    for turn in turns:
        await _take(work, turn, facts)
    return len(customer_ids)


async def _turn(work: Work, deliveries: list[Delivery], kept: dict[str, Kept]) -> _Turn:
    """Return whose turn it is among one person's askings."""
    by_id = {delivery.id: delivery for delivery in deliveries}
    first, *others = in_turn([_waiting(delivery, kept.get(_survey(delivery))) for delivery in deliveries])
    delivery = by_id[first.id]
    occasion = read_occasion(delivery.occasion)
    response = await get_response(work.tx, occasion.ref) if occasion.reminder and occasion.ref else None
    return _Turn(delivery, occasion, kept.get(_survey(delivery)), tuple(others), response)


def _survey(delivery: Delivery) -> str:
    return delivery.campaign.removeprefix(rows.CAMPAIGN)


def _waiting(delivery: Delivery, kept: Kept | None) -> Waiting:
    return Waiting(
        delivery.id,
        delivery.due_at,
        delivery.late_after_at,
        kept.survey.when.cadence if kept is not None else None,
        read_occasion(delivery.occasion).reminder,
    )


async def _facts(work: Work, turns: list[_Turn]) -> _Facts:
    answers: dict[int, Verdict] = {}
    alike: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for turn in turns:
        alike[turn.delivery.campaign, turn.case_id is not None].append(turn.delivery.customer_id)
    for (campaign, about_case), ids in alike.items():
        answers |= await verdicts(work, ids, ConsentClass.SURVEYS, campaign=campaign, about_case=about_case)
    contacts = await list_contacts_of_customers(work.tx, [turn.delivery.customer_id for turn in turns])
    asked = await last_asked(work, [(turn.delivery.customer_id, turn.kept) for turn in turns if turn.kept])
    known = await rows.list_known(work.tx, [_response_key(turn) for turn in turns])
    waves = [(_survey(turn.delivery), turn.delivery.occasion) for turn in turns if turn.occasion.of_wave]
    return _Facts(contacts, answers, asked, known, await list_stopped(work.tx, waves))


def _response_key(turn: _Turn) -> tuple[str, str]:
    return _survey(turn.delivery), turn.occasion.of_response(turn.delivery.customer_id)


async def _take(work: Work, turn: _Turn, facts: _Facts) -> None:
    """Ask whose turn it is, or let them wait, or not any more; the others wait for them."""
    held_until = None
    contact = facts.contacts.get(turn.delivery.customer_id)
    if contact is None:
        skip(work, turn.delivery, Hold.NO_CONTACT.value)
    elif (why := await _why_never(work, turn, facts)) is not None:
        skip(work, turn.delivery, why)
    else:
        person = Person(contact.contact, contact.customer, contact.dialogue, contact.notice_version)
        held_until = await _judge(work, turn, facts, person)
    for other in turn.others:
        again_at = put_off(other, now=work.now, first_until=held_until)
        delivery_rows.postpone_delivery(work.tx, other.id, due_at=again_at)


async def _why_never(work: Work, turn: _Turn, facts: _Facts) -> str | None:
    """Return why a survey is not asked whatever its person's wishes are, if so."""
    kept, delivery = turn.kept, turn.delivery
    if kept is None or kept.state is not SurveyState.ON or not work.rules.surveys.enabled:
        return WhyNot.OFF
    if (kept.key, delivery.occasion) in facts.stopped:
        return WhyNot.STOPPED
    if turn.occasion.reminder:
        return None if turn.response is not None and turn.response.state == OPEN else WhyNot.ANSWERED
    if _response_key(turn) in facts.known:
        return WhyNot.ASKED
    if turn.occasion.cause is Cause.CASE and not _is_silent(await _case(work, turn), delivery):
        return WhyNot.SPOKEN
    if is_within_cadence(facts.asked[delivery.customer_id, kept.key], kept.survey.when.cadence, work.now):
        return WhyNot.CADENCE
    return None


async def _case(work: Work, turn: _Turn) -> Case | None:
    return await case_rows.get_case(work.tx, turn.case_id) if turn.case_id is not None else None


def _is_silent(case: Case | None, delivery: Delivery) -> bool:
    """Return whether nothing was said since that resolution: the case waits, or was closed because nobody spoke."""
    if case is None or case_occasion(case.id, case.resolutions) != delivery.occasion:
        return False
    return case.state is CaseState.RESOLVED or (case.state is CaseState.CLOSED and case.ended_as is EndedAs.SILENCE)


async def _judge(work: Work, turn: _Turn, facts: _Facts, person: Person) -> datetime | None:
    """Ask if that may be now; returns until when it is held, ``None`` when it was asked or given up."""
    delivery, kept = turn.delivery, turn.kept
    assert kept is not None
    verdict = facts.verdicts[delivery.customer_id]
    if not turn.occasion.reminder and turn.occasion.cause is not Cause.CASE:
        verdict = judged(work, verdict, facts.asked[delivery.customer_id, kept.key])
    if may_go(work, delivery, verdict):
        await _say(work, turn, kept, person)
        return None
    again_at = again_when(work, delivery, verdict, look_again=LOOK_AGAIN)
    if again_at is None:
        skip(work, delivery, reason(verdict))
    else:
        delivery_rows.postpone_delivery(work.tx, delivery.id, due_at=again_at)
    return again_at


async def _say(work: Work, turn: _Turn, kept: Kept, person: Person) -> None:
    """Ask, or remind, and let the delivery count in the contact budget from now on."""
    if turn.occasion.reminder:
        said, why = await _remind(work, turn, person), WhyNot.ANSWERED
    else:
        said, why = await _ask(work, turn, kept, person), WhyNot.ASKED
    if said:
        delivery_rows.mark_queued(work.tx, turn.delivery.id, now=work.now)
    else:
        skip(work, turn.delivery, why)


async def _remind(work: Work, turn: _Turn, person: Person) -> bool:
    response = await lock_response(work.tx, turn.response.id) if turn.response is not None else None
    return response is not None and await remind(work, person, response, delivery_id=turn.delivery.id)


async def _ask(work: Work, turn: _Turn, kept: Kept, person: Person) -> bool:
    occasion = turn.occasion
    response_id = await ask(
        work,
        person,
        kept,
        occasion=occasion.of_response(turn.delivery.customer_id),
        cause=occasion.cause.value,
        case=await _case(work, turn),
        purchase_id=occasion.ref if occasion.cause is Cause.PURCHASE else None,
        delivery_id=turn.delivery.id,
        unasked=True,
    )
    return response_id is not None


async def expire(work: Work, *, limit: int) -> int:
    """End open surveys whose time is over; returns how many."""
    return await rows.expire_responses(work.tx, now=work.now, limit=limit)
