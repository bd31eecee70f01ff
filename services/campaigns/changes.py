"""Does what a message hangs on still stand when it is due? A birthday may have been corrected, a voucher used."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from domain.campaigns import OccasionKind, When
from domain.campaigns.own_days import OwnDays, own_occasion
from domain.campaigns.schedule import ONCE, comings, due_on
from domain.instants import local_instant, zone_named
from services.work import Work
from storage import campaign_changed as rows
from storage.deliveries import Delivery
from storage.people import KnownContact

_DAY = timedelta(days=1)
_Contacts = Mapping[int, KnownContact]
_Look = Callable[[Work, When, Sequence[Delivery], _Contacts], Awaitable[set[int]]]


async def list_changed(
    work: Work, due: Sequence[Delivery], whens: Mapping[str, When], contacts: _Contacts
) -> frozenset[int]:
    """Return which of these deliveries have lost what they hang on, by campaign's ``whens``; in few queries."""
    by_campaign: dict[str, list[Delivery]] = defaultdict(list)
    for one in due:
        if one.customer_id in contacts:
            by_campaign[one.campaign].append(one)
    changed: set[int] = set()
    for key, ours in by_campaign.items():
        begins = _NAMED.get(whens[key].kind, "")
        fitting = [one for one in ours if one.occasion.startswith(begins)]  # it may have hung on something else
        standing = await _LOOKS[whens[key].kind](work, whens[key], fitting, contacts)
        changed |= {one.id for one in ours if one.id not in standing}
    return frozenset(changed)


async def _own_days(work: Work, when: When, due: Sequence[Delivery], contacts: _Contacts) -> set[int]:
    ids = [one.customer_id for one in due]
    joined = await rows.list_joined_at(work.tx, ids) if when.kind is OccasionKind.ANNIVERSARY else {}
    fields = await rows.list_field(work.tx, when.field or "", ids) if when.kind is OccasionKind.FIELD else {}
    return {
        one.id
        for one in due
        if own_occasion(
            when,
            OwnDays(
                contacts[one.customer_id].customer.birthday,
                _local_date(work, joined.get(one.customer_id), one.zone),
                fields.get(one.customer_id),
            ),
            date.fromisoformat(one.occasion_on),
            work.rules.birthday.leap_day,
        )
        == one.occasion
    }


def _local_date(work: Work, at: datetime | None, zone: str) -> date:
    return at.astimezone(zone_named(zone, work.rules.zone)).date() if at is not None else date.max


async def _comes(work: Work, when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    coming = await rows.list_coming(work.tx, when.invitation or "", [one.customer_id for one in due])
    return {one.id for one in due if one.customer_id in coming}


async def _unused(work: Work, _when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    vouchers = {one.id: int(one.occasion.removeprefix("v:")) for one in due}
    unused = await rows.list_unused(work.tx, list(vouchers.values()))
    return {one.id for one in due if vouchers[one.id] in unused}


async def _expiring(work: Work, _when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    standing: set[int] = set()
    for on, ours in _by_date(due).items():
        ids = [one.customer_id for one in ours]
        since, until = _begins(work, on), _begins(work, on + _DAY)
        left = await rows.list_with_points(work.tx, ids, since=since, until=until)
        standing |= {one.id for one in ours if one.customer_id in left}
    return standing


async def _silent(work: Work, _when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    standing: set[int] = set()
    for on, ours in _by_date(due).items():
        active = await rows.list_active(work.tx, [one.customer_id for one in ours], since=_begins(work, on + _DAY))
        standing |= {one.id for one in ours if one.customer_id not in active}
    return standing


def _by_date(due: Sequence[Delivery]) -> dict[date, list[Delivery]]:
    """Return deliveries by the date in the name of their occasion, such as ``x:2026-12-31``."""
    found: dict[date, list[Delivery]] = defaultdict(list)
    for one in due:
        found[date.fromisoformat(one.occasion[2:])].append(one)
    return found


def _begins(work: Work, on: date) -> datetime:
    return local_instant(datetime.combine(on, time()), work.rules.zone)


async def _kept_on(work: Work, when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    """Return what the campaign still keeps on that day: it may have been moved while the campaign was paused."""
    if when.kind is OccasionKind.DATE:
        occasion = when.on.isoformat() if when.on is not None else ONCE
        return {one.id for one in due if one.occasion == occasion}
    days: dict[str, set[str]] = {}
    for on in {one.occasion_on for one in due}:
        day = due_on(date.fromisoformat(on), when)
        days[on] = {each.occasion for each in comings(when, work.rules, since=day, until=day)}
    return {one.id for one in due if one.occasion in days[one.occasion_on]}


async def _happened(_work: Work, _when: When, due: Sequence[Delivery], _contacts: _Contacts) -> set[int]:
    return {one.id for one in due}


_LOOKS: dict[OccasionKind, _Look] = {
    OccasionKind.HOLIDAY: _kept_on,
    OccasionKind.DATE: _kept_on,
    OccasionKind.EVERY: _kept_on,
    OccasionKind.CRON: _kept_on,
    OccasionKind.JOINED: _happened,
    OccasionKind.PURCHASE: _happened,
    OccasionKind.CASE: _happened,
    OccasionKind.EVENT: _happened,
    OccasionKind.TIER_UP: _happened,
    OccasionKind.TIER_DOWN: _happened,
    OccasionKind.BIRTHDAY: _own_days,
    OccasionKind.ANNIVERSARY: _own_days,
    OccasionKind.FIELD: _own_days,
    OccasionKind.RSVP: _comes,
    OccasionKind.VOUCHER_EXPIRING: _unused,
    OccasionKind.POINTS_EXPIRING: _expiring,
    OccasionKind.SILENCE: _silent,
}
_NAMED = {
    OccasionKind.VOUCHER_EXPIRING: "v:",
    OccasionKind.POINTS_EXPIRING: "x:",
    OccasionKind.SILENCE: "s:",
    OccasionKind.JOINED: "joined",
    OccasionKind.PURCHASE: "p:",
    OccasionKind.CASE: "case:",
    OccasionKind.EVENT: "e:",
    OccasionKind.TIER_UP: "t:",
    OccasionKind.TIER_DOWN: "t:",
}
"""How the names of occasions begin that say what happened, a voucher or a date."""
