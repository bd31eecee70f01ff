"""A campaign tried on people before it goes out: on one of them, and dry on everybody."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.campaigns import OccasionKind
from domain.campaigns.forecast import Waiting, finish_at
from domain.campaigns.markup import length_of
from domain.instants import zone_named
from domain.outcomes import Refusal
from domain.outgoing import Rows
from domain.people import SYSTEM, Actor, Permission
from services import segments
from services.campaigns.book import Kept, get_campaign
from services.campaigns.checks import judge_people
from services.campaigns.messages import MessageFault, Values, load_values, render
from services.campaigns.taps import buttons_of
from services.permits import may
from services.work import Work
from storage import campaign_audience as rows
from storage.campaign_feed import count_audience
from storage.people import list_contacts_of_customers

_NOT_ALLOWED = Refusal("campaign_message.refused.not_allowed")
_SLICE = 1000
_MOST_FAULTS = 20
EXAMPLE: Mapping[str, Any] = {"voucher": "K7PX4M2Q", "gift_points": 50, "points": 120}
"""What stands in a preview for what is only given with the message."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A campaign's message as one customer would read it now; ``why`` they would not get it, if so."""

    html: str
    buttons: Rows
    picture: str | None
    would_go: bool
    why: str | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a campaign would come to now, over everybody it is for; nothing is stored.

    ``skips`` are counted by reason. ``faults`` are some of the people whose message cannot be written, with the line
    that says why; there are ``faulty`` of them. Lengths are in UTF-16 units, as Telegram counts. ``judged`` is how many
    were looked at so far, of ``meant``.
    """

    meant: int
    judged: int = 0
    would_go: int = 0
    skips: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[tuple[int, str, str], ...] = ()
    faulty: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    shortest: int = 0
    median: int = 0
    longest: int = 0
    finish_at: datetime | None = None


async def preview(
    work: Work, key: str, customer_id: int, *, by: Actor, variant: str | None = None
) -> Preview | Refusal:
    """Return a campaign's message as a customer would read it now, with examples for what is given with it."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    kept = await get_campaign(work, key)
    if kept is None:
        return Refusal("campaign_message.refused.unknown", {"campaign": key[:64]})
    if variant is not None and variant not in [one.key for one in kept.campaign.variants]:
        return Refusal("campaign_message.refused.no_variant", {"variant": variant[:16]})
    contacts = await list_contacts_of_customers(work.tx, [customer_id])
    values = await load_values(work, [customer_id])
    if customer_id not in contacts or customer_id not in values:
        return Refusal("campaign_message.refused.no_customer")
    language = contacts[customer_id].customer.language
    try:
        said = render(
            work, kept, variant=variant, values=values[customer_id], params=example_of(work, kept), language=language
        )
    except MessageFault as fault:
        return Refusal("campaign_message.refused.fault", {"fault": str(fault)})
    why = (await judge_people(work, kept, [customer_id]))[customer_id]
    buttons = buttons_of(work, kept, delivery_id=0, language=language)
    return Preview(said.html, buttons, said.picture, why is None, why)


def example_of(work: Work, kept: Kept) -> dict[str, Any]:
    """Return examples for what only the occasion, or what comes with the message, will say."""
    today = work.now.astimezone(work.rules.zone).date()
    when = kept.campaign.when
    on = when.on or today + timedelta(days=when.lead_days)
    given = {"on": on.isoformat(), "voucher_until": (today + timedelta(days=30)).isoformat(), **EXAMPLE}
    gift = kept.campaign.gift
    if gift is not None and gift.points is not None:
        given["gift_points"] = gift.points
    return given


@dataclass(slots=True)
class _Tally:
    """What was counted so far."""

    judged: int = 0
    skips: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    faulty: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    zones: Counter[str | None] = field(default_factory=Counter)


async def dry_run(work: Work, key: str, *, by: Actor = SYSTEM) -> AsyncIterator[DryRun | Refusal]:
    """Yield what a campaign would come to, more complete each time, the last time as a whole.

    ``work`` is that of a reading transaction: nobody waits for it. Every person's message is rendered. What depends on
    the occasion (a birthday is not everybody's today) is counted as if it were everybody's now.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        yield _NOT_ALLOWED
        return
    kept = await get_campaign(work, key)
    if kept is None:
        yield Refusal("campaign_message.refused.unknown", {"campaign": key[:64]})
        return
    expression = kept.campaign.segment
    members = await segments.members(work, segments.parse(work, expression)) if expression else None
    meant = await count_audience(work.tx, members, bot_id=work.bot_id)
    tally, after_id = _Tally(), 0
    while ids := await rows.list_audience(work.tx, members, bot_id=work.bot_id, after_id=after_id, limit=_SLICE):
        await _judge(work, kept, ids, tally)
        after_id = ids[-1]
        yield _summary(work, kept, meant, tally, whole=False)
    yield _summary(work, kept, max(meant, tally.judged), tally, whole=True)


async def _judge(work: Work, kept: Kept, customer_ids: Sequence[int], tally: _Tally) -> None:
    reasons = await judge_people(work, kept, customer_ids)
    contacts = await list_contacts_of_customers(work.tx, customer_ids)
    values = await load_values(work, customer_ids)
    params = example_of(work, kept)
    for customer_id in customer_ids:
        tally.judged += 1
        contact = contacts.get(customer_id)
        if contact is None or customer_id not in values:
            tally.skips[reasons[customer_id] or "no_contact"] += 1
            continue
        fault = _try(work, kept, values[customer_id], params, contact.customer.language, tally)
        if fault is not None:
            tally.faulty += 1
            if len(tally.faults) < _MOST_FAULTS:
                tally.faults.append((customer_id, contact.customer.called, fault))
        elif (why := reasons[customer_id]) is not None:
            tally.skips[why] += 1
        else:
            tally.languages[contact.customer.language] += 1
            tally.zones[contact.customer.zone] += 1


def _try(work: Work, kept: Kept, values: Values, params: Mapping[str, Any], language: str, tally: _Tally) -> str | None:
    """Render every variant for one person; returns the first fault."""
    if kept.campaign.task is not None and kept.campaign.task.alone:
        return None
    for variant in kept.campaign.variants:
        try:
            said = render(work, kept, variant=variant.key, values=values, params=params, language=language)
        except MessageFault as fault:
            return str(fault)
        tally.lengths[length_of(said.html)] += 1
    return None


def _summary(work: Work, kept: Kept, meant: int, tally: _Tally, *, whole: bool) -> DryRun:
    would_go = sum(tally.languages.values())
    lengths = tally.lengths
    return DryRun(
        meant=meant,
        judged=tally.judged,
        would_go=would_go,
        skips=dict(sorted(tally.skips.items())),
        faults=tuple(tally.faults),
        faulty=tally.faulty,
        languages=dict(sorted(tally.languages.items())),
        shortest=min(lengths, default=0),
        median=_median(lengths),
        longest=max(lengths, default=0),
        finish_at=would_finish_at(work, kept, tally.zones) if whole else None,
    )


def _median(lengths: Counter[int]) -> int:
    upto, half = 0, (sum(lengths.values()) + 1) // 2
    for length in sorted(lengths):
        upto += lengths[length]
        if upto >= half:
            return length
    return 0


def would_finish_at(work: Work, kept: Kept, zones: Mapping[str | None, int]) -> datetime | None:
    """Return when everybody would have it, were it handed over from now on; days of people's own have no such end.

    ``zones`` counts those who would get it by their own time zone, ``None`` for the business's.
    """
    if not kept.campaign.when.kind.collective and kept.campaign.when.kind is not OccasionKind.RSVP:
        return None
    rules = work.rules.campaigns
    paid = kept.campaign.paid and rules.paid_broadcast
    waiting = [Waiting(work.now, zone_named(name, work.rules.zone), count) for name, count in zones.items()]
    return finish_at(
        waiting,
        now=work.now,
        rate_per_s=rules.paid_per_second if paid else rules.per_second,
        quiet=work.rules.quiet,
        paused_until=None,
    )
