"""Points by rule: for purchases and for occasions, up to the cap of a day, each entry with its working."""

from datetime import date, datetime, time, timedelta

from domain import earning as rules
from domain.calendars import birthday_year, births_kept_on, is_kept_on
from domain.earning import PURCHASE, RULES, Working
from domain.instants import local_instant, zone_named
from domain.loyalty import Occasion
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Birthday
from domain.points import Entry
from domain.purchases import Purchase
from domain.tiers import tier_called
from services import notices, points
from services.notices import NoticeKind
from services.work import Work
from storage import earning as rows
from storage.people import get_customer
from storage.points import get_entry_by_key

ONCE = "1"
"""The reference of an occasion there is only once in a lifetime."""

_EARLIEST, _LATEST = timedelta(hours=-12), timedelta(hours=14)
"""How far the clocks of the world are from UTC."""

_CATCH_UP_DAYS = 3
"""A birthday that passed while the program was down is made up for within so many days."""


def key_of(purchase: Purchase) -> str:
    """Return the source key of the ledger entry of a purchase's points."""
    return f"{PURCHASE}:{purchase.id}"


async def earn_for_purchase(work: Work, purchase: Purchase, *, by: Actor) -> Entry | None:
    """Give the points a purchase earns; ``None`` when it earns none.

    They can be spent when the time of pending is over since it was made, and are good from then on as usual.
    """
    loyalty = work.rules.loyalty
    await points.lock_account(work, purchase.customer_id)
    customer = await get_customer(work.tx, purchase.customer_id)
    assert customer is not None
    on = purchase.bought_at.astimezone(work.rules.zone).date()
    working = rules.reckon(
        loyalty.earning,
        tier_called(loyalty.tiering, customer.tier),
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
        on=on,
        earned_today=await _earned_on(work, purchase.customer_id, on),
    )
    return await _earn(
        work, purchase.customer_id, working, rule=PURCHASE, key=key_of(purchase), by=by, purchase=purchase
    )


async def _earned_on(work: Work, customer_id: int, on: date) -> int:
    """Return what counts against the cap of a local day of the business; it is not asked where there is no cap."""
    if work.rules.loyalty.earning.day_cap is None:
        return 0
    since, until = (
        local_instant(datetime.combine(day, time()), work.rules.zone) for day in (on, on + timedelta(days=1))
    )
    return await rows.sum_earned(work.tx, customer_id, rules=RULES, since=since, until=until)


async def _earn(
    work: Work,
    customer_id: int,
    working: Working,
    *,
    rule: str,
    key: str,
    by: Actor,
    purchase: Purchase | None = None,
) -> Entry | None:
    if working.points <= 0:
        return None
    earned_at = purchase.bought_at if purchase else work.now
    pending = work.rules.loyalty.earning.pending_for if purchase else timedelta()
    entry = await points.earn(
        work,
        customer_id,
        points=working.points,
        source_key=key,
        by=by,
        rule=rule,
        working=working.as_json(),
        purchase_id=purchase.id if purchase else None,
        available_at=earned_at + pending if purchase else None,
    )
    if isinstance(entry, Refusal):
        return None
    await _tell(work, entry, earned_at, earned_at + pending)
    return entry


async def _tell(work: Work, entry: Entry, earned_at: datetime, available_at: datetime) -> None:
    """Let the customer hear of points, unless they are for something too long ago to speak of."""
    if earned_at < work.now - work.rules.loyalty.notices.stale_after:
        return
    pending = {"available_at": available_at.isoformat()} if available_at > work.now else {}
    data = {"points": entry.points, "rule": entry.rule, **pending}
    await notices.note(work, entry.customer_id, NoticeKind.EARNED, key=f"earned:{entry.id}", data=data)


async def reward_occasion(
    work: Work, customer_id: int, occasion: Occasion, *, ref: str, by: Actor, purchase: Purchase | None = None
) -> Entry | None:
    """Give the points of an occasion, once for each ``ref``; ``None`` when there are none, or they were given.

    Those of a ``purchase`` go back with it when it is refunded. A cap that is used up gives none, now or later.
    """
    earning = work.rules.loyalty.earning
    if not work.rules.loyalty.enabled or earning.occasions.get(occasion, 0) <= 0:
        return None
    await points.lock_account(work, customer_id)
    key = f"{occasion.value}:{customer_id}:{ref}"
    if await get_entry_by_key(work.tx, key) or await rows.was_given(work.tx, customer_id, rule=occasion, ref=ref):
        return None
    on = (purchase.bought_at if purchase else work.now).astimezone(work.rules.zone).date()
    working = rules.reckon_occasion(earning, occasion, earned_today=await _earned_on(work, customer_id, on))
    return await _earn(work, customer_id, working, rule=occasion.value, key=key, by=by, purchase=purchase)


async def reward_birthdays(work: Work, *, limit: int) -> int:
    """Give birthday points to everyone whose birthday it is where they live, once a year; returns to how many.

    A birthday missed by a few days, while the program was down, is made up for.
    """
    loyalty = work.rules.loyalty
    if not loyalty.enabled or loyalty.earning.occasions.get(Occasion.BIRTHDAY, 0) <= 0:
        return 0
    for day in _days_somewhere(work.now):  # one a transaction, so that accounts are locked in the order of their ids
        if given := await _reward_births(work, day, limit=limit):
            return given
    return 0


def _days_somewhere(now: datetime) -> list[date]:
    """Return the dates that are today anywhere in the world, and the few before them."""
    first, last = (now + _EARLIEST).date() - timedelta(days=_CATCH_UP_DAYS), (now + _LATEST).date()
    return [first + timedelta(days=nth) for nth in range((last - first).days + 1)]


async def _reward_births(work: Work, day: date, *, limit: int) -> int:
    births = births_kept_on([day], work.rules.birthday.leap_day)
    solar, lunar = birthday_year(Birthday(1, 1), day), _lunar_year(day)
    given, after_id = 0, 0
    while given < limit:
        found = await rows.list_unrewarded_births(
            work.tx,
            births=births,
            solar_year=solar,
            lunar_year=lunar,
            rule=Occasion.BIRTHDAY.value,
            after_id=after_id,
            limit=limit,
        )
        for born in found:
            given += await _reward_birth(work, born, day)
        if len(found) < limit:
            break
        after_id = found[-1].customer_id
    return given


def _lunar_year(day: date) -> int | None:
    try:
        return birthday_year(Birthday(1, 1, lunar=True), day)
    except ValueError:  # beyond the years whose lunar calendar is known
        return None


async def _reward_birth(work: Work, born: rows.Born, day: date) -> bool:
    """Give one person's points, if the day has come where that person lives and is the one on which it is kept."""
    today = work.now.astimezone(zone_named(born.zone, work.rules.zone)).date()
    if day > today or not is_kept_on(born.birthday, day, work.rules.birthday.leap_day):
        return False
    ref = str(birthday_year(born.birthday, day))
    return await reward_occasion(work, born.customer_id, Occasion.BIRTHDAY, ref=ref, by=SYSTEM) is not None
