"""Handing campaign messages over: judged when due, one a person in turn, a few seconds ahead of what may be sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import structlog

from domain.campaigns import Campaign, CampaignRules, CampaignState, PauseReason
from domain.interactions import Kind
from domain.outcomes import Refusal
from domain.outgoing import PAID, PICTURE, PROTECT, Lane, Purpose
from domain.people import SYSTEM, Actor, ActorKind
from services.campaigns import control
from services.campaigns.book import Kept, list_campaigns
from services.campaigns.checks import Answer, Facts, gather, judge
from services.campaigns.follow_up import make_task
from services.campaigns.gifts import give_gift
from services.campaigns.messages import MessageFault, Rendered, render
from services.campaigns.notices import tell_marketers
from services.campaigns.taps import buttons_of
from services.campaigns.variables import Values, load_values
from services.speech import say_html
from services.work import Person, Work
from storage import campaign_feed as rows
from storage.campaign_feed import Ended
from storage.deliveries import Delivery
from storage.erasure import lock_customers

log = structlog.get_logger("campaigns")

FAULT, NO_GIFT, TURN = "fault", "no_gift", "turn"
_AUTHOR = Actor(ActorKind.CAMPAIGN)
_WAIT = timedelta(minutes=1)
"""So long the others of one person wait when the first of them went out."""
_WINDOW = 4
"""So many times the least number of messages are judged by, the last ones."""
_LOOKED_AT = 2000
"""Among so many of the last messages of all kinds those of a campaign are looked for."""
_SAMPLE_VOUCHER = {"voucher": "AB12CD34", "voucher_until": "2030-12-31"}
_BLOCKS = ("blocked", "not_found")


@dataclass(slots=True)
class _Room:
    """How many more messages may wait in the outbox, in all and of those that are paid for."""

    free: int
    paid: int

    def takes(self, *, paid: bool) -> bool:
        """Return whether one more may."""
        return (self.paid if paid else self.free) > 0

    def take(self, *, paid: bool) -> None:
        """Count one more."""
        if paid:
            self.paid -= 1
        else:
            self.free -= 1


@dataclass(frozen=True, slots=True)
class _Going:
    """One delivery that goes: with its words, or without any when it is a task alone."""

    delivery: Delivery
    kept: Kept
    person: Person
    params: dict[str, Any]
    rendered: Rendered | None


@dataclass(frozen=True, slots=True)
class _Slice:
    """What one slice is judged by, and what came of it."""

    book: Mapping[str, Kept]
    facts: Facts
    values: Mapping[int, Values]
    room: _Room
    going: list[_Going]


async def feed(work: Work, *, limit: int) -> int:
    """Judge up to ``limit`` people who are due for running campaigns, and hand over what may go.

    Returns how many people it dealt with, so that it is asked again until 0: then nobody is due, or enough messages
    wait in the outbox. One slice is one short transaction: replies never wait for it.
    """
    book = {kept.key: kept for kept in await list_campaigns(work)}
    running = {key: kept for key, kept in book.items() if kept.state is CampaignState.RUNNING}
    if not running:
        return 0
    room = await _room(work, running.values())
    wanted = {k: kept.campaign.priority for k, kept in running.items() if room.takes(paid=_is_paid(work, kept))}
    most = min(limit, max(room.free, 0) + max(room.paid, 0))
    customer_ids = await rows.list_due_people(work.tx, wanted, now=work.now, limit=most)
    if not customer_ids:
        return 0
    await lock_customers(work.tx, customer_ids)  # nobody else judges another message of the same person meanwhile
    keys = await rows.hold_running(work.tx, sorted(running))
    due = await rows.list_due_of(work.tx, customer_ids, sorted(keys), now=work.now)
    if not due:
        return 0
    everything = [one for ours in due.values() for one in ours]
    facts = await gather(work, everything, book)
    values = await load_values(work, sorted(due), params=[one.params for one in everything])
    part = _Slice(book, facts, values, room, [])
    judged = 0
    for customer_id in sorted(due):
        turn = sorted(due[customer_id], key=lambda one: (-book[one.campaign].campaign.priority, one.due_at, one.id))
        judged += await _take_turn(work, turn, part)
    for going in part.going:
        await _hand_over(work, going)
    return judged


async def _room(work: Work, running: Iterable[Kept]) -> _Room:
    rules = work.rules.campaigns
    soon = work.now + timedelta(seconds=rules.ahead_s)
    waiting = await rows.count_ready(work.tx, bot_id=work.bot_id, lane=Lane.CAMPAIGN, soon=soon)
    room = _Room(int(rules.ahead_s * rules.per_second) - waiting, 0)
    if any(_is_paid(work, kept) for kept in running):
        waiting = await rows.count_ready(work.tx, bot_id=work.bot_id, lane=Lane.PAID, soon=soon)
        room.paid = int(rules.ahead_s * rules.paid_per_second) - waiting
    return room


def _is_paid(work: Work, kept: Kept) -> bool:
    return kept.campaign.paid and work.rules.campaigns.paid_broadcast and kept.paid_yes_at is not None


def _is_alone(campaign: Campaign) -> bool:
    return campaign.task is not None and campaign.task.alone


async def _take_turn(work: Work, turn: Sequence[Delivery], part: _Slice) -> bool:
    """Judge one person's deliveries: the first that may go goes, the ones after it wait; returns whether it was done.

    It is not, and nothing is changed, where the one whose turn it is has to wait for room in the outbox.
    """
    settled: list[tuple[Delivery, Answer]] = []
    for nth, delivery in enumerate(turn):
        kept = part.book[delivery.campaign]
        answer = judge(work, delivery, kept.campaign, part.facts)
        paid, alone = _is_paid(work, kept), _is_alone(kept.campaign)
        if answer.goes:
            if not alone and not part.room.takes(paid=paid):
                return False
            answer = await _prepare(work, delivery, kept, part)
        if answer.goes:
            if not alone:
                part.room.take(paid=paid)
            settled += [(other, Answer(TURN, min(work.now + _WAIT, other.late_after_at))) for other in turn[nth + 1 :]]
            break
        settled.append((delivery, answer))
    for delivery, answer in settled:
        _settle(work, delivery, answer)
    return True


def _settle(work: Work, delivery: Delivery, answer: Answer) -> None:
    assert answer.why is not None
    if answer.again_at is not None:
        rows.hold(work.tx, delivery.id, reason=answer.why, until=answer.again_at)
    else:
        rows.skip(work.tx, delivery.id, reason=answer.why, now=work.now)


async def _prepare(work: Work, delivery: Delivery, kept: Kept, part: _Slice) -> Answer:
    """Find the words, give the gift and make the task of a delivery that may go; or say why it does not after all."""
    known = part.facts.contacts[delivery.customer_id]
    person = Person(known.contact, known.customer, known.dialogue, known.notice_version)
    params = dict(delivery.params or {})
    alone = _is_alone(kept.campaign)
    try:
        rendered = None if alone else _words(work, delivery, kept, part, params, sample=kept.campaign.gift is not None)
        if kept.campaign.gift is not None:
            given = await give_gift(work, kept, delivery=delivery, person=person)
            if given is None:
                return Answer(NO_GIFT)
            if not _sample_of(kept.campaign).keys() <= given.keys():
                return Answer(FAULT)  # another gift came with it before a pause: it stays, and these words do not fit
            params |= given
            rendered = None if alone else _words(work, delivery, kept, part, params)
    except MessageFault as fault:
        log.warning("campaign_fault", campaign=kept.key, delivery=delivery.id, fault=type(fault).__name__)
        return Answer(FAULT)
    if kept.campaign.task is not None:
        await make_task(work, kept, delivery=delivery, person=person)
    part.going.append(_Going(delivery, kept, person, params, rendered))
    return Answer()


def _words(
    work: Work, delivery: Delivery, kept: Kept, part: _Slice, params: Mapping[str, Any], *, sample: bool = False
) -> Rendered:
    """Return the words for one person; ``sample``: as if the gift had been given, so that a fault costs none."""
    given = {**params, "on": delivery.occasion_on, "zone": delivery.zone}
    if sample:
        given = {**_sample_of(kept.campaign), **given}
    return render(
        work,
        kept,
        variant=delivery.variant,
        values=part.values[delivery.customer_id],
        params=given,
        language=part.facts.contacts[delivery.customer_id].customer.language,
    )


def _sample_of(campaign: Campaign) -> dict[str, Any]:
    """Return what the words would say of the gift, as long as what they will say."""
    points = campaign.gift.points if campaign.gift is not None else None
    return _SAMPLE_VOUCHER if points is None else {"gift_points": points}


async def _hand_over(work: Work, going: _Going) -> None:
    """Record and queue one message; of a task alone only that it was made."""
    delivery, version, params = going.delivery, going.kept.version, going.params or None
    if going.rendered is None:
        rows.end_alone(work.tx, delivery.id, version=version, params=params, now=work.now)
        return
    await _queue(work, going, going.rendered)
    rows.hand_over(work.tx, delivery.id, version=version, params=params, now=work.now)


async def _queue(work: Work, going: _Going, rendered: Rendered) -> None:
    person, delivery, campaign = going.person, going.delivery, going.kept.campaign
    paid = _is_paid(work, going.kept)
    extra = {PICTURE: rendered.picture, PAID: paid, PROTECT: campaign.personal}
    await say_html(
        work,
        person,
        rendered.html,
        purpose=Purpose.CAMPAIGN,
        buttons=buttons_of(work, going.kept, delivery_id=delivery.id, language=person.language),
        dedupe_key=f"campaign:{delivery.id}:{delivery.recalls}",
        delivery_id=delivery.id,
        author=_AUTHOR,
        kind=Kind.PHOTO if rendered.picture else Kind.TEXT,
        lane=Lane.PAID if paid else Lane.CAMPAIGN,
        extra={name: value for name, value in extra.items() if value},
    )


async def watch_faults(work: Work) -> int:
    """Pause campaigns of whose last messages too many failed or found themselves blocked; returns how many.

    Those who run campaigns hear of it. What ended before the campaign was last changed or resumed counts no more.
    """
    running = {kept.key: kept for kept in await list_campaigns(work, state=CampaignState.RUNNING)}
    since = {key: kept.changed_at for key, kept in running.items()}
    last = await rows.list_ended(work.tx, since, limit=_LOOKED_AT)
    stopped = 0
    for key, ended in last.items():
        counts = _count(ended[: _WINDOW * work.rules.campaigns.stop_least])
        if (reason := _too_many(work.rules.campaigns, counts)) is None:
            continue
        paused = await control.pause(work, key, by=SYSTEM, reason=reason)
        if not isinstance(paused, Refusal):
            await tell_marketers(work, paused, f"campaign_control.notice.{reason.value}", **asdict(counts))
            stopped += 1
    return stopped


@dataclass(frozen=True, slots=True)
class _Counts:
    """How so many last messages ended: failed for another reason, blocked, or not even written."""

    count: int
    failed: int
    blocked: int
    faults: int


def _count(ended: Sequence[Ended]) -> _Counts:
    blocked = sum(1 for one in ended if one.state == "failed" and one.reason in _BLOCKS)
    failed = sum(1 for one in ended if one.state == "failed") - blocked
    return _Counts(len(ended), failed, blocked, sum(1 for one in ended if one.state == "skipped"))


def _too_many(rules: CampaignRules, last: _Counts) -> PauseReason | None:
    if last.count < rules.stop_least:
        return None
    if last.blocked > rules.stop_blocks * last.count:
        return PauseReason.BLOCKED
    if last.failed + last.faults > rules.stop_errors * last.count:
        return PauseReason.FAULT if last.faults > last.failed else PauseReason.ERRORS
    return None
