"""Notices in words: what waits for one person becomes the lines of one message, true at the moment of telling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from domain.points import Balance
from domain.rewards import last_day
from domain.tiers import tier_called, tier_reached
from services import points, statements
from services.membership import tier_in_words
from services.notices import NoticeKind
from services.work import Person, Work
from storage import care as rows
from storage.care import NoticeRow
from storage.tiers import load_standing
from texts.catalogue import safe
from texts.days import day_in_words, money_in_words, number_in_words
from texts.months import month_in_words

OVER = "over"
"""Why a notice is dropped that is no longer true: spent, taken back, or changed again."""

_MOST_LINES = 5
"""So many lines of one kind; what is more is summed up in a last one."""
_RULES = frozenset({"purchase", "first_purchase", "birthday", "survey", "feedback", "referrer", "referred"})


@dataclass(slots=True)
class Bundle:
    """What one message tells. ``told`` and ``over`` are notices; ``picture`` is the recipe of a statement's."""

    lines: list[str] = field(default_factory=list)
    told: list[NoticeRow] = field(default_factory=list)
    over: list[NoticeRow] = field(default_factory=list)
    picture: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Listener:
    """Whom the words are for, and what is true of them now."""

    work: Work
    person: Person
    balance: Balance
    zone: ZoneInfo

    def say(self, key: str, **values: Any) -> str:
        return self.work.texts.say(f"notices.{key}", self.person.language, **values)

    def counted(self, key: str, amount: int, **values: Any) -> str:
        return self.say(key, count=amount, points=self.number(amount), **values)

    def number(self, amount: int) -> str:
        return number_in_words(amount, self.person.language)

    def day(self, day: date) -> str:
        return day_in_words(day, self.person.language, today=self.work.now.astimezone(self.zone).date())

    def tier(self, key: str) -> str:
        return tier_in_words(self.work, key, self.person.language)


async def bundle(work: Work, person: Person, waiting: Sequence[NoticeRow]) -> Bundle:
    """Return the message that tells a person everything that waits and is still true."""
    balance = await points.balance_of(work, person.customer.id)
    listener, made = _Listener(work, person, balance, person.zone(work.rules)), Bundle()
    by_kind = {kind: [notice for notice in waiting if notice.kind == kind] for kind in NoticeKind}
    _take_newest(made, by_kind[NoticeKind.TIER_UP], partial(_tier_up, listener))
    _take_newest(made, by_kind[NoticeKind.TIER_DOWN], partial(_tier_down, listener))
    await _take_earned(made, listener, by_kind[NoticeKind.EARNED])
    _take_expiring(made, listener, by_kind[NoticeKind.EXPIRING])
    await _take_review(made, listener, by_kind[NoticeKind.TIER_REVIEW])
    await _take_statement(made, listener, by_kind[NoticeKind.STATEMENT])
    if any(notice.kind in (NoticeKind.EARNED, NoticeKind.STATEMENT) for notice in made.told):
        made.lines.append(listener.counted("balance", balance.spendable))
    return made


def _take_newest(made: Bundle, waiting: Sequence[NoticeRow], told: Callable[[NoticeRow], str | None]) -> None:
    """Tell the newest notice of a kind, if it is true; older ones have been overtaken by it."""
    for notice in reversed(waiting):
        line = told(notice) if notice is waiting[-1] else None
        (made.over if line is None else made.told).append(notice)
        made.lines += [line] if line else []


def _tier_up(listener: _Listener, notice: NoticeRow) -> str | None:
    after = notice.data["after"]
    return listener.say("tier_up", tier=listener.tier(after)) if listener.person.customer.tier == after else None


def _tier_down(listener: _Listener, notice: NoticeRow) -> str | None:
    before, after = notice.data["before"], notice.data["after"]
    if listener.person.customer.tier != after:
        return None
    return listener.say("tier_down", tier=listener.tier(after), before=listener.tier(before))


async def _take_review(made: Bundle, listener: _Listener, waiting: Sequence[NoticeRow]) -> None:
    """Tell what is missing for the tier to stay, as the review will count it; once that is spent nothing is to tell."""
    if not waiting:
        return
    loyalty, newest = listener.work.rules.loyalty, waiting[-1].data
    review_at = datetime.fromisoformat(newest["review_at"])
    standing = await load_standing(
        listener.work.tx,
        listener.person.customer.id,
        currency=loyalty.currency,
        since=review_at - loyalty.tiering.window,
    )
    spent = standing.spent_minor if standing else 0
    missing = tier_called(loyalty.tiering, newest["tier"]).threshold_minor - spent
    is_true = standing and (standing.tier, standing.review_at) == (newest["tier"], review_at) and missing > 0

    def told(_notice: NoticeRow) -> str | None:
        if not is_true:
            return None
        return listener.say(
            "tier_review",
            tier=listener.tier(newest["tier"]),
            missing=money_in_words(missing, loyalty.currency, listener.person.language),
            day=listener.day(last_day(review_at, listener.zone)),
            would_be=listener.tier(tier_reached(loyalty.tiering, spent).key),
        )

    _take_newest(made, waiting, told)


def _entry_id(notice: NoticeRow) -> int | None:
    """Return the ledger entry by which points were earned: its id stands in the notice's key."""
    head, _, number = notice.key.partition(":")
    return int(number) if head == NoticeKind.EARNED and number.isdecimal() else None


async def _take_earned(made: Bundle, listener: _Listener, waiting: Sequence[NoticeRow]) -> None:
    """Sum up by reason and day what was earned, less what was taken back since."""
    ids = [entry_id for notice in waiting if (entry_id := _entry_id(notice)) is not None]
    taken = await rows.sum_taken_back(listener.work.tx, ids) if ids else {}
    sums: dict[tuple[str, date | None], int] = {}
    for notice in waiting:
        left = int(notice.data["points"]) - taken.get(_entry_id(notice) or 0, 0)
        if left <= 0:
            made.over.append(notice)
            continue
        made.told.append(notice)
        rule = notice.data.get("rule", "")
        key = (rule if rule in _RULES else "other", _available_on(listener, notice))
        sums[key] = sums.get(key, 0) + left
    for (rule, on), amount in _at_most(sums):
        line = listener.counted(f"earned.{rule}", amount)
        made.lines.append(listener.say("earned.from", line=safe(line), day=listener.day(on)) if on else line)


def _at_most(sums: dict[tuple[str, date | None], int]) -> list[tuple[tuple[str, date | None], int]]:
    """Return the sums, those beyond the greatest as one, which is there when the last of them is."""
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    if len(ordered) <= _MOST_LINES:
        return ordered
    kept, rest = ordered[: _MOST_LINES - 1], ordered[_MOST_LINES - 1 :]
    days = [on for (_, on), _ in rest if on is not None]
    return [*kept, (("other", max(days, default=None)), sum(amount for _, amount in rest))]


def _available_on(listener: _Listener, notice: NoticeRow) -> date | None:
    """Return the local day from which points can be spent, unless that is now."""
    at = notice.data.get("available_at")
    available_at = datetime.fromisoformat(at) if at else None
    if available_at is None or available_at <= listener.work.now:
        return None
    return available_at.astimezone(listener.zone).date()


def _take_expiring(made: Bundle, listener: _Listener, waiting: Sequence[NoticeRow]) -> None:
    """Tell by day what of the noted lots is still there to be spent."""
    lots = {lot.id: lot for lot in listener.balance.lots if lot.is_available(listener.work.now)}
    noted = {notice.data["lot_id"] for notice in waiting}
    days: dict[date, int] = {}
    for lot in (lots[lot_id] for lot_id in noted if lot_id in lots):
        if lot.expires_at is not None:
            on = last_day(lot.expires_at, listener.zone)
            days[on] = days.get(on, 0) + lot.remaining
    for notice in waiting:
        (made.told if notice.data["lot_id"] in lots else made.over).append(notice)
    ordered = sorted(days.items())
    if len(ordered) > _MOST_LINES:
        ordered, rest = ordered[: _MOST_LINES - 1], ordered[_MOST_LINES - 1 :]
    else:
        rest = []
    made.lines += [listener.counted("expiring", amount, day=listener.day(on)) for on, amount in ordered]
    if rest:
        amount = sum(amount for _, amount in rest)
        made.lines.append(listener.counted("expiring_more", amount, day=listener.day(rest[-1][0])))


async def _take_statement(made: Bundle, listener: _Listener, waiting: Sequence[NoticeRow]) -> None:
    """Tell the newest statement that has something in it, with its picture."""
    for notice in sorted(waiting, key=lambda each: str(each.data["month"]), reverse=True):
        months: tuple[statements.Month, ...] = ()
        if made.picture is None:
            months = await statements.reckon(
                listener.work, listener.person.customer.id, notice.data["month"], listener.zone
            )
        if not months:
            made.over.append(notice)
            continue
        made.told.append(notice)
        made.lines.append(_statement(listener, months[-1]))
        made.picture = statements.recipe(
            listener.work, months, balance=listener.balance.spendable, language=listener.person.language
        )


def _statement(listener: _Listener, month: statements.Month) -> str:
    line = listener.say(
        "statement",
        month=month_in_words(month.first_on, listener.person.language),
        earned=listener.number(month.earned),
        used=listener.number(month.used),
    )
    if month.expired:
        gap = " " if listener.person.language == "en" else ""
        line += gap + listener.counted("statement_expired", month.expired)
    return line
