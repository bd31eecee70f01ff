"""``carebot points explain``: how the points of an entry were reckoned, or those of a purchase would be."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.clock import Clock
from bot.commands.common import printable, run, store
from bot.settings import Settings
from bot.settings_file import load_settings
from bot.settings_values import hint, parse_day
from domain.earning import Working, read_working, reckon, reckon_occasion
from domain.errors import BadInput, NotFound
from domain.languages import DEFAULT_LANGUAGE
from domain.loyalty import LoyaltyRules, Occasion, Tier
from domain.money import in_units, read_amount
from domain.points import Entry
from storage.points import get_entry
from texts import Texts
from texts.workings import working_in_words

_LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained: an entry, or a purchase there might be."""

    entry: str | None = None
    amount: str | None = None
    tier: str | None = None
    on: str | None = None
    first: bool = False


def explain(file: Path | None, asked: Asked) -> None:
    """Print the working; raises :class:`BadInput` for what is neither an entry nor a purchase."""
    of_a_purchase = (asked.amount, asked.tier, asked.on, asked.first or None)
    if asked.entry is not None:
        if any(given is not None for given in of_a_purchase):
            raise BadInput("give the id of an entry, or --amount and what belongs to it, not both")
        run(_explain_entry(file, asked.entry))
        return
    if asked.amount is None:
        raise BadInput("give the id of an entry, such as 12, or an amount, such as --amount 123.45")
    settings = load_settings(file)
    for line in _purchase_lines(settings, settings.rules().loyalty, asked, asked.amount):
        print(line)


async def _explain_entry(file: Path | None, entry_id: str) -> None:
    if not (entry_id.isascii() and entry_id.isdigit() and len(entry_id) <= _LONGEST_ID):
        raise BadInput(f"{printable(entry_id)!r} is no entry; give its number, as `carebot points show` names it")
    async with store(file) as (settings, database), database.read() as tx:
        entry = await get_entry(tx, int(entry_id))
        if entry is None:
            raise NotFound(f"there is no entry {entry_id}; `carebot points show` lists a customer's")
        for line in _entry_lines(settings, entry):
            print(line)


def _entry_lines(settings: Settings, entry: Entry) -> list[str]:
    at = entry.at.astimezone(settings.business.time_zone)
    of = f"of entry {entry.reverses_id}" if entry.reverses_id is not None else "no reason given"
    why = entry.rule or entry.reason or of
    head = f"entry {entry.id}: {entry.kind.value} {entry.points:+}, {at:%Y-%m-%d %H:%M:%S}, {printable(why)}"
    if entry.purchase_id is not None:
        head += f", purchase {entry.purchase_id}"
    working = read_working(entry.working)
    if working is None:
        return [head, "  not reckoned by the earning rules: there is no working to show"]
    return [head, *_working_lines(working)]


def _working_lines(working: Working) -> list[str]:
    words = working_in_words(Texts((DEFAULT_LANGUAGE,)), working, DEFAULT_LANGUAGE)
    return [*(f"  {printable(line)}" for line in words), f"  {_points(working.points)}"]


def _points(points: int) -> str:
    return f"{points} point" if points == 1 else f"{points} points"


def _purchase_lines(settings: Settings, loyalty: LoyaltyRules, asked: Asked, amount: str) -> list[str]:
    amount_minor, tier, on = _amount(loyalty, amount), _tier(loyalty, asked.tier), _day(settings, asked.on)
    sum_ = f"{in_units(amount_minor, loyalty.currency):f} {loyalty.currency}"
    lines = [f"{sum_}, customer in tier {tier.key}, {on:%A} {on}:"]
    purchase = reckon(loyalty.earning, tier, amount_minor=amount_minor, currency=loyalty.currency, on=on)
    lines += _working_lines(purchase)
    if asked.first:
        first = reckon_occasion(loyalty.earning, Occasion.FIRST_PURCHASE, earned_today=purchase.points)
        lines += ["and as a first purchase:", *_working_lines(first)]
        lines.append(f"together {_points(purchase.points + first.points)}")
    if not loyalty.enabled:
        lines.append("loyalty.enabled is false: at present nothing is earned")
    return [*lines, _terms(loyalty)]


def _amount(loyalty: LoyaltyRules, amount: str) -> int:
    try:
        minor = read_amount(amount, loyalty.currency)
    except ValueError as error:
        raise BadInput(f"--amount: {error}") from None
    if minor <= 0:
        raise BadInput("--amount: must be greater than nothing")
    return minor


def _tier(loyalty: LoyaltyRules, key: str | None) -> Tier:
    tiers = loyalty.tiering.tiers
    known = [tier.key for tier in tiers]
    if key is not None and key not in known:
        mend = hint(key, known) or f"; loyalty.tiers knows {', '.join(known)}"
        raise BadInput(f"--tier: unknown tier {printable(key)}{mend}")
    return next((tier for tier in tiers if tier.key == key), tiers[0])


def _day(settings: Settings, on: str | None) -> date:
    if on is None:
        now: datetime = Clock().now()
        return now.astimezone(settings.business.time_zone).date()
    try:
        return parse_day(on)
    except ValueError as error:
        raise BadInput(f"--on: {error}") from None


def _terms(loyalty: LoyaltyRules) -> str:
    earning = loyalty.earning
    begins = f"after {_days(earning.pending_for)}" if earning.pending_for else "at once"
    ends = f"for {_days(earning.expire_after)} from then on" if earning.expire_after else "for ever"
    return f"can be spent {begins}, good {ends}"


def _days(length: timedelta) -> str:
    days, rest = divmod(length, timedelta(days=1))
    return f"{days} days" if not rest else str(length)
