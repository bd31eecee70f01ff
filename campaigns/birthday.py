"""Birthday care: planned a day ahead in each person's own time, asked again when due, said once a year."""

from datetime import date, datetime, timedelta
from typing import Any

from domain.calendars import birthday_year, births_kept_on, due_at, is_kept_on, next_send_at
from domain.contact import FOR_GOOD, Hold, Verdict
from domain.instants import zone_named
from domain.outgoing import Button, Purpose
from domain.people import Actor, ActorKind, Birthday, ConsentClass
from services.contact import verdicts
from services.speech import say_html
from services.work import Person, Work
from storage import deliveries as delivery_rows
from storage.deliveries import Candidate, Delivery
from storage.people import KnownContact, list_contacts_of_customers

CAMPAIGN = "birthday"
_AUTHOR = Actor(ActorKind.CAMPAIGN)
_SLICE = 500
_EARLIEST, _LATEST = timedelta(hours=-12), timedelta(hours=14)
"""How far the clocks of the world are from UTC."""

_LOOK_AGAIN = timedelta(minutes=15)
BIRTHDAY_CHANGED, LATE = "birthday_changed", "late"
_RENEWABLE = (Hold.NO_CONSENT.value, Hold.SNOOZED.value, BIRTHDAY_CHANGED, LATE)
"""Why a delivery was skipped before it was queued; its person may still be congratulated once the cause is gone."""


async def plan(work: Work) -> int:
    """Freeze a delivery for everyone whose birthday is today or tomorrow where they live; returns how many.

    Writes one slice at most; asked again it goes on, until there is nothing left and it returns 0.
    """
    if not work.rules.birthday.enabled:
        return 0
    days = _days_somewhere(work.now)
    after_id = 0
    while True:
        found = await delivery_rows.list_birthday_candidates(
            work.tx,
            bot_id=work.bot_id,
            births=births_kept_on(days, work.rules.birthday.leap_day),
            occasions_on=[day.isoformat() for day in days],
            campaign=CAMPAIGN,
            consent=ConsentClass.CARE.value,
            now=work.now,
            renewable=_RENEWABLE,
            after_id=after_id,
            limit=_SLICE,
        )
        rows = [row for candidate in found if (row := _planned(work, candidate)) is not None]
        planned = await delivery_rows.insert_planned(work.tx, rows, renewable=_RENEWABLE)
        if planned or not found:  # one who was greeted this year already, on another day, is no news
            return planned
        after_id = found[-1].customer_id


def _days_somewhere(now: datetime) -> list[date]:
    """Return the dates that are today or tomorrow anywhere in the world."""
    first = (now + _EARLIEST).date()
    last = (now + _LATEST).date() + timedelta(days=1)
    return [first + timedelta(days=nth) for nth in range((last - first).days + 1)]


def _planned(work: Work, candidate: Candidate) -> dict[str, Any] | None:
    """Return the delivery to freeze for this person, unless the day is another or its hour has long passed."""
    rules = work.rules.birthday
    zone = zone_named(candidate.zone, work.rules.zone)
    today = work.now.astimezone(zone).date()
    birthday = Birthday(candidate.birth_month, candidate.birth_day, None, candidate.lunar, candidate.leap)
    for on in (today, today + timedelta(days=1)):
        if not is_kept_on(birthday, on, rules.leap_day):
            continue
        due = due_at(on, rules.send_at, work.rules.quiet, zone)
        if next_send_at(work.now, work.rules.quiet, zone) > due + rules.late_after:
            return None
        return {
            "campaign": CAMPAIGN,
            "occasion": str(birthday_year(birthday, on)),
            "customer_id": candidate.customer_id,
            "occasion_on": on.isoformat(),
            "zone": zone.key,
            "due_at": due,
            "late_after_at": due + rules.late_after,
            "planned_at": work.now,
        }
    return None


async def feed(work: Work, *, limit: int) -> int:
    """Ask again about deliveries that are due, and queue those still wanted; returns how many it settled."""
    due = await delivery_rows.list_due(work.tx, campaign=CAMPAIGN, now=work.now, limit=limit)
    if not due:
        return 0
    ids = [delivery.customer_id for delivery in due]
    known = await list_contacts_of_customers(work.tx, ids)
    answers = await verdicts(work, ids, ConsentClass.CARE, campaign=CAMPAIGN)
    for delivery in due:
        person = _person(known.get(delivery.customer_id))
        await _feed_one(work, delivery, person, answers[delivery.customer_id])
    return len(due)


async def _feed_one(work: Work, delivery: Delivery, person: Person | None, verdict: Verdict) -> None:
    why = _why_not(work, delivery, person)
    if person is not None and why is None and verdict.allowed and work.now <= delivery.late_after_at:
        await _congratulate(work, delivery, person)
        delivery_rows.mark_queued(work.tx, delivery.id, now=work.now)
    elif (again_at := _again_at(work, delivery, verdict)) is not None:
        delivery_rows.postpone_delivery(work.tx, delivery.id, due_at=again_at)
    else:
        why = why or _reason(verdict)
        delivery_rows.set_delivery_state(work.tx, delivery.id, state="skipped", reason=why, now=work.now)


def _again_at(work: Work, delivery: Delivery, verdict: Verdict) -> datetime | None:
    """Return when to ask again about a delivery held back: what only an event ends, every now and then."""
    if verdict.why is None or verdict.why in FOR_GOOD or work.now >= delivery.late_after_at:
        return None
    if verdict.until is None:
        return min(work.now + _LOOK_AGAIN, delivery.late_after_at)
    return verdict.until if verdict.until <= delivery.late_after_at else None


def _reason(verdict: Verdict) -> str:
    """Return why a delivery is skipped that was held back until it was late; the night is not the person's reason."""
    return LATE if verdict.why in (None, Hold.QUIET_HOURS) else str(verdict.why)


def _person(known: KnownContact | None) -> Person | None:
    return Person(known.contact, known.customer, known.dialogue, known.notice_version) if known else None


def _why_not(work: Work, delivery: Delivery, person: Person | None) -> str | None:
    """Return why a delivery is not to go out, whatever the person's wishes are."""
    if person is None:
        return "no_contact"
    birthday = person.customer.birthday
    occasion_on = date.fromisoformat(delivery.occasion_on)
    kept = birthday is not None and is_kept_on(birthday, occasion_on, work.rules.birthday.leap_day)
    return None if kept else BIRTHDAY_CHANGED


async def _congratulate(work: Work, delivery: Delivery, person: Person) -> None:
    html = work.texts.render(
        CAMPAIGN, person.language, name=person.customer.name.strip(), business=work.rules.business_name
    )
    mute = Button(work.texts.button("campaign.button.mute_care", person.language), data="c:mute:care")
    await say_html(
        work,
        person,
        html,
        purpose=Purpose.BIRTHDAY,
        buttons=((mute,),),
        dedupe_key=f"{CAMPAIGN}:{delivery.id}",
        delivery_id=delivery.id,
        author=_AUTHOR,
    )
