"""May this person be told this now? Everything asked of somebody who is due, in one order, for all who ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendars import next_send_at
from domain.campaigns import Campaign, OccasionKind
from domain.campaigns.holidays import is_solemn
from domain.campaigns.schedule import usual_at
from domain.contact import FOR_GOOD, Hold, Verdict
from domain.instants import local_instant, zone_named
from domain.people import ConsentClass
from services.campaigns.book import Kept
from services.campaigns.changes import list_changed
from services.contact import verdicts
from services.feeding import LATE, LOOK_AGAIN
from services.work import Work
from storage import campaign_feed as rows
from storage.campaign_optouts import list_opted_out
from storage.deliveries import Delivery
from storage.people import KnownContact, list_contacts_of_customers

OPTED_OUT, GREETED, CHANGED, SOLEMN = "opted_out", "greeted", "changed", "solemn"
_GREETINGS = frozenset({OccasionKind.BIRTHDAY, OccasionKind.ANNIVERSARY, OccasionKind.HOLIDAY})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a message may go. If not: why, and when to ask again (``None``: never, it is skipped)."""

    why: str | None = None
    again_at: datetime | None = None

    @property
    def goes(self) -> bool:
        """Whether it may go now."""
        return self.why is None


_GOES = Answer()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the answers of one batch depend on; ``rivals`` by campaign are those that greet for the same day."""

    contacts: Mapping[int, KnownContact]
    verdicts: Mapping[tuple[str, int], Verdict]
    opted_out: Mapping[str, set[int]]
    rivals: Mapping[str, tuple[str, ...]]
    said: set[tuple[str, str, int]]
    changed: frozenset[int]


async def gather(work: Work, due: Sequence[Delivery], book: Mapping[str, Kept]) -> Facts:
    """Ask for everything the answers to these depend on, in few queries for all of them; ``book`` is by key."""
    people = {key: sorted({one.customer_id for one in due if one.campaign == key}) for key in {d.campaign for d in due}}
    everybody = sorted({one.customer_id for one in due})
    contacts = await list_contacts_of_customers(work.tx, everybody)
    rivals = {key: _rivals(key, book) for key in people}
    others = sorted({rival for ours in rivals.values() for rival in ours})
    said = await rows.list_said(work.tx, everybody, others) if others else set()
    changed = await list_changed(work, due, {key: book[key].campaign.when for key in people}, contacts)
    opted_out = {}
    for key, ids in people.items():
        opted_out[key] = await list_opted_out(work.tx, book[key].campaign.topic, ids)
    return Facts(contacts, await _verdicts(work, people, book), opted_out, rivals, said, changed)


async def _verdicts(
    work: Work, people: Mapping[str, Sequence[int]], book: Mapping[str, Kept]
) -> dict[tuple[str, int], Verdict]:
    """Return the verdicts by campaign and customer; campaigns that are judged alike are asked about together."""
    alike: dict[tuple[ConsentClass, str | None], list[str]] = {}
    for key in people:
        unbudgeted = key if key in work.rules.contact.unbudgeted else None
        alike.setdefault((book[key].campaign.consent, unbudgeted), []).append(key)
    found: dict[tuple[str, int], Verdict] = {}
    for (consent, unbudgeted), keys in alike.items():
        ids = sorted({customer_id for key in keys for customer_id in people[key]})
        answers = await verdicts(work, ids, consent, campaign=unbudgeted)
        found |= {(key, customer_id): answers[customer_id] for key in keys for customer_id in people[key]}
    return found


def _rivals(key: str, book: Mapping[str, Kept]) -> tuple[str, ...]:
    """Return the other campaigns that greet for the same day: nobody is greeted twice for one."""
    ours = book[key].campaign
    if ours.when.kind not in _GREETINGS:
        return ()
    return tuple(
        other
        for other, kept in book.items()
        if other != key and kept.campaign.when.kind in _GREETINGS and kept.campaign.topic == ours.topic
    )


def judge(work: Work, delivery: Delivery, campaign: Campaign, facts: Facts) -> Answer:
    """Answer for one delivery that is due."""
    key, customer_id = delivery.campaign, delivery.customer_id
    if customer_id not in facts.contacts:
        return Answer(Hold.NO_CONTACT.value)
    if customer_id in facts.opted_out[key]:
        return Answer(OPTED_OUT)
    if any((rival, delivery.occasion, customer_id) in facts.said for rival in facts.rivals[key]):
        return Answer(GREETED)
    if delivery.id in facts.changed:
        return Answer(CHANGED)
    if work.now > delivery.late_after_at:
        return Answer(LATE)
    verdict = facts.verdicts[key, customer_id]
    if campaign.task is not None and campaign.task.alone:
        return Answer(str(verdict.why)) if verdict.why is Hold.ERASED else _GOES
    if not verdict.allowed:
        return _held(work, delivery, verdict)
    return _on_solemn_day(work, delivery, campaign)


def _held(work: Work, delivery: Delivery, verdict: Verdict) -> Answer:
    """Let it wait until the reason ends, or is asked about again; skip what would be late by then."""
    why = str(verdict.why)
    again_at = verdict.until if verdict.until is not None else work.now + LOOK_AGAIN
    if verdict.why not in FOR_GOOD and again_at <= delivery.late_after_at:
        return Answer(why, again_at)
    return Answer(LATE if verdict.why is Hold.QUIET_HOURS else why)


def _on_solemn_day(work: Work, delivery: Delivery, campaign: Campaign) -> Answer:
    """Hold offers on a solemn day until the same time of the next day."""
    rules = work.rules.campaigns
    if not rules.solemn_hold or campaign.solemn or campaign.consent is not ConsentClass.OFFERS:
        return _GOES
    zone = zone_named(delivery.zone, work.rules.zone)
    today: date = work.now.astimezone(zone).date()
    if not is_solemn(today, rules.region):
        return _GOES
    tomorrow = local_instant(datetime.combine(today + _DAY, usual_at(campaign.when, work.rules)), zone)
    again_at = next_send_at(tomorrow, work.rules.quiet, zone)
    return Answer(SOLEMN, again_at if again_at <= delivery.late_after_at else None)


async def judge_people(work: Work, kept: Kept, customer_ids: Sequence[int]) -> dict[int, str | None]:
    """Return why each of these could not be told by this campaign now, ``None`` for those who could.

    It is a forecast: whoever only sleeps now is told in the morning, and what depends on the occasion is left out.
    """
    contacts = await list_contacts_of_customers(work.tx, customer_ids)
    opted_out = await list_opted_out(work.tx, kept.campaign.topic, customer_ids)
    answers = await verdicts(work, customer_ids, kept.campaign.consent, campaign=kept.key)
    return {
        customer_id: _forecast(customer_id, kept.campaign, contacts, opted_out, answers[customer_id])
        for customer_id in customer_ids
    }


def _forecast(
    customer_id: int, campaign: Campaign, contacts: Mapping[int, KnownContact], opted_out: set[int], verdict: Verdict
) -> str | None:
    if customer_id not in contacts:
        return Hold.NO_CONTACT.value
    if customer_id in opted_out:
        return OPTED_OUT
    alone = campaign.task is not None and campaign.task.alone
    if verdict.allowed or verdict.why is Hold.QUIET_HOURS or (alone and verdict.why is not Hold.ERASED):
        return None
    return str(verdict.why)
