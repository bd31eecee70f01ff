"""The points ledger: earned, spent, given back, taken back and adjusted, each once a source key.

Entries and uses are only ever added; the balance is what they come to. Whether points are expired is judged at the
instant they are asked for. What is done to an account is done under its lock, and settled first: debts are paid by
whatever became available meanwhile, as of when it did.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from types import EllipsisType
from typing import Any

from domain import points as rules
from domain.loyalty import Clawback
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Permission
from domain.points import MOST_POINTS, Balance, Entry, EntryKind, Lot, TakingBack, in_spending_order, take_in_order
from services.permits import may
from services.points_book import Book, answer_repeat, moment, open_book
from services.points_upkeep import (
    cancel_awaited,
    forfeit_all,
    join_accounts,
    lock_account,
    release,
    write_off_expired,
)
from services.work import Work
from storage import points as rows
from storage import points_check as checks

__all__ = (
    "adjust",
    "balance_of",
    "cancel_awaited",
    "check_accounts",
    "count_accounts",
    "earn",
    "forfeit_all",
    "give_back",
    "grant",
    "join_accounts",
    "list_history",
    "lock_account",
    "release",
    "spend",
    "take_back",
    "write_off_expired",
)


async def balance_of(work: Work, customer_id: int) -> Balance:
    """Return what a customer has now: the same whether or not anything was written since the last change."""
    now = moment(work.now)
    holder = await rows.load_holder(work.tx, customer_id, now=now)
    return rules.balance(holder.account, now) if holder else Balance(0, 0, 0)


async def list_history(work: Work, customer_id: int, *, before_id: int | None = None, limit: int = 10) -> list[Entry]:
    """Return up to ``limit`` entries of a customer, newest first, from just before ``before_id`` on."""
    return await rows.list_entries(work.tx, customer_id, before_id=before_id, limit=limit)


async def check_accounts(work: Work, *, after_id: int, accounts: int = 500) -> checks.Slice:
    """Reckon up to ``accounts`` accounts after customer ``after_id`` again; returns what does not add up."""
    return await checks.check_slice(work.tx, after_id=after_id, accounts=accounts)


async def count_accounts(work: Work) -> int:
    """Return how many customers have a points account."""
    return await checks.count_accounts(work.tx)


async def earn(
    work: Work,
    customer_id: int,
    *,
    points: int,
    source_key: str,
    by: Actor,
    rule: str | None = None,
    working: Any = None,
    reason: str | None = None,
    purchase_id: int | None = None,
    case_id: int | None = None,
    available_at: datetime | None = None,
    awaits: str | None = None,
    expires_at: datetime | EllipsisType | None = ...,
) -> Entry | Refusal:
    """Give points: at once, from ``available_at`` on, or when what they await is released.

    Without ``expires_at`` they last as long as the rules say, counted from when they are available; ``None`` is for
    ever. Raises ``ValueError`` when both an instant and an event are named.
    """
    if refusal := await _refused(work, by, points):
        return refusal
    if awaits and available_at:
        raise ValueError("points await an instant or an event, not both")
    book = await open_book(work, customer_id, lots=False)
    if isinstance(book, Refusal):
        return book
    wish = Entry(
        0, book.customer_id, EntryKind.EARN, points, book.at, source_key, by, rule, working, reason, purchase_id
    )
    lot, lasts_s = _new_lot(book, points, available_at, awaits, expires_at)
    return await _finish(book, replace(wish, case_id=case_id), lot=lot, lasts_s=lasts_s)


def _new_lot(
    book: Book,
    points: int,
    available_at: datetime | None = None,
    awaits: str | None = None,
    expires_at: datetime | EllipsisType | None = ...,
) -> tuple[Lot, int | None]:
    """Return a new lot, and how long it lasts when that cannot be counted yet."""
    lasts = book.work.rules.loyalty.earning.expire_after
    from_at = None if awaits else moment(available_at) if available_at else book.at
    if not isinstance(expires_at, EllipsisType):
        ends_at, lasts = moment(expires_at) if expires_at else None, None
    else:
        ends_at = from_at + lasts if from_at and lasts is not None else None
    lasts_s = lasts // timedelta(seconds=1) if awaits and lasts is not None else None
    return Lot(0, 0, points, points, from_at, ends_at, awaits), lasts_s


async def spend(
    work: Work, customer_id: int, *, points: int, source_key: str, by: Actor, reason: str | None = None
) -> Entry | Refusal:
    """Take points for something, earliest-expiring first; refused when there are not so many."""
    if refusal := await _refused(work, by, points):
        return refusal
    book = await open_book(work, customer_id)
    if isinstance(book, Refusal):
        return book
    if by.kind is ActorKind.CUSTOMER and by.id not in (customer_id, book.customer_id):
        return Refusal("desk.refused.not_allowed")
    wish = Entry(0, book.customer_id, EntryKind.SPEND, -points, book.at, source_key, by, reason=reason)
    takings = rules.spend(book.account, points)
    if takings is None:
        return await _short(book, wish)
    return await _finish(book, wish, takings)


async def give_back(
    work: Work, entry_id: int, *, source_key: str, by: Actor, reason: str | None = None
) -> Entry | Refusal:
    """Undo a spend: every lot gets back what was taken of it and keeps its expiry. Asked twice, it is done once.

    Points whose own purchase was refunded while they were spent are taken at once, as they would have been then.
    """
    if refusal := await _refused(work, by):
        return refusal
    spent = await rows.get_entry(work.tx, entry_id)
    if spent is None or spent.kind is not EntryKind.SPEND:
        return Refusal("points.refused.no_such_spend")
    book = await open_book(work, spent.customer_id)
    if isinstance(book, Refusal):
        return book
    wish = _entry(book, EntryKind.RETURN, -spent.points, source_key, by, reason=reason, reverses_id=entry_id)
    if (first := await rows.get_return_of(work.tx, entry_id)) is not None:
        under_key = await rows.get_entry_by_key(work.tx, source_key)
        return first if under_key in (None, first) else Refusal("points.refused.key_taken")
    used = await rows.list_takings(work.tx, entry_id)
    await book.view_lots(ids=[taking.lot_id for taking in used])
    earned_by = {lot.entry_id for lot in book.account.lots}
    giving = rules.give_back(book.account, used, await rows.list_forgiven(work.tx, earned_by))
    entry = await book.book(wish, giving.uses)
    if entry is None:
        return await answer_repeat(work, wish)
    for own_id, taking in giving.caught_up:
        key, taken = f"caught-up:{entry.id}:{own_id}", -taking.points
        reversal = _entry(book, EntryKind.REVERSAL, taken, key, by, reverses_id=own_id, forgiven=taken)
        await book.book(reversal, [taking])
    book.close()
    return entry


async def take_back(
    work: Work,
    customer_id: int,
    *,
    points: int,
    source_key: str,
    by: Actor,
    of_entry_id: int | None = None,
    reason: str | None = None,
    purchase_id: int | None = None,
) -> Entry | Refusal:
    """Take earned points back, such as for a refund: from their own lot first, then from what else is there.

    What is missing is forgiven or owed, as the rules say; the entry holds what was taken or is owed.
    """
    if refusal := await _refused(work, by, points, is_for_customers=False):
        return refusal
    book = await open_book(work, customer_id)
    if isinstance(book, Refusal):
        return book
    if of_entry_id is not None and not await _view_earned(book, of_entry_id):
        return Refusal("points.refused.no_such_entry")
    written_off = await rows.list_written_off(work.tx, of_entry_id) if of_entry_id is not None else []
    policy = work.rules.loyalty.clawback
    back = rules.take_back(book.account, points, policy=policy, own_entry_id=of_entry_id, written_off=written_off)
    wish = _entry(book, EntryKind.REVERSAL, -back.taken, source_key, by, reason=reason, reverses_id=of_entry_id)
    wish = replace(wish, purchase_id=purchase_id, uncovered=back.owed, forgiven=back.forgiven)
    entry = await book.add(wish)
    if entry is None:
        return await answer_repeat(work, wish)
    await _restore(book, back, entry)
    book.take(entry, back.takings)
    book.close()
    return entry


def _entry(
    book: Book,
    kind: EntryKind,
    points: int,
    source_key: str,
    by: Actor,
    *,
    reverses_id: int | None,
    reason: str | None = None,
    forgiven: int = 0,
) -> Entry:
    """Return an entry of this account, at its moment, that undoes another; not added yet."""
    wish = Entry(0, book.customer_id, kind, points, book.at, source_key, by, reason=reason, reverses_id=reverses_id)
    return replace(wish, forgiven=forgiven)


async def _view_earned(book: Book, entry_id: int) -> bool:
    """Take the lot of an entry of this account into view, if it made one."""
    entry = await rows.get_entry(book.work.tx, entry_id)
    if entry is None or entry.customer_id != book.customer_id or entry.kind not in (EntryKind.EARN, EntryKind.ADJUST):
        return False
    await book.view_lots(of_entries=[entry_id])
    return True


async def _restore(book: Book, back: TakingBack, reversal: Entry) -> None:
    """Undo as much of expiry entries as the reversal takes: it would have found those points expired in their lot."""
    for expiry in back.restored:
        key = f"restored:{reversal.id}:{expiry.entry_id}"
        wish = _entry(book, EntryKind.RETURN, expiry.points, key, SYSTEM, reverses_id=expiry.entry_id)
        restored = await book.add(wish)
        assert restored is not None, "the key holds the key of an entry that was just added"
        book.take(restored, [rules.Taking(expiry.lot_id, -expiry.points)])


async def adjust(
    work: Work,
    customer_id: int,
    *,
    points: int,
    source_key: str,
    by: Actor,
    reason: str,
    case_id: int | None = None,
) -> Entry | Refusal:
    """Change points by hand, for a reason; what one person may change alone is not asked here.

    More than there is can be taken only where the rules let a customer owe points.
    """
    if refusal := await _refused(work, by, abs(points), is_for_customers=False):
        return refusal
    return await _adjust(work, customer_id, points=points, source_key=source_key, by=by, reason=reason, case_id=case_id)


async def grant(
    work: Work,
    customer_id: int,
    *,
    points: int,
    source_key: str,
    by: Actor,
    reason: str,
    case_id: int | None = None,
) -> Entry | Refusal:
    """Give the points that pay for a voucher which is a gift: as by hand, and a campaign may as well."""
    if by.kind is not ActorKind.CAMPAIGN and (refusal := await _refused(work, by, points, is_for_customers=False)):
        return refusal
    if not 0 < points <= MOST_POINTS:
        return Refusal("points.refused.amount")
    return await _adjust(work, customer_id, points=points, source_key=source_key, by=by, reason=reason, case_id=case_id)


async def _adjust(
    work: Work, customer_id: int, *, points: int, source_key: str, by: Actor, reason: str, case_id: int | None
) -> Entry | Refusal:
    if not reason.strip():
        return Refusal("points.refused.reason")
    book = await open_book(work, customer_id, lots=points < 0)
    if isinstance(book, Refusal):
        return book
    wish = Entry(
        0, book.customer_id, EntryKind.ADJUST, points, book.at, source_key, by, reason=reason.strip(), case_id=case_id
    )
    if points > 0:
        lot, _ = _new_lot(book, points)
        return await _finish(book, wish, lot=lot)
    wanted = -points
    if rules.spend(book.account, wanted) is None and work.rules.loyalty.clawback is Clawback.ZERO:
        return await _short(book, wish)
    there = in_spending_order(lot for lot in book.account.lots if lot.is_available(book.at))
    takings = take_in_order(there, wanted)
    owed = wanted - sum(taking.points for taking in takings)
    return await _finish(book, replace(wish, uncovered=owed), takings)


async def _refused(work: Work, by: Actor, points: int = 1, *, is_for_customers: bool = True) -> Refusal | None:
    """Return why this person may not do this, or nobody may do it with so many points."""
    if by.kind is ActorKind.STAFF:
        is_allowed = await may(work, by, Permission.CHANGE_POINTS)
    else:
        is_allowed = is_for_customers or by.kind in (ActorKind.SYSTEM, ActorKind.API)
    if not is_allowed:
        return Refusal("desk.refused.not_allowed")
    return None if 0 < points <= MOST_POINTS else Refusal("points.refused.amount")


async def _short(book: Book, wish: Entry) -> Entry | Refusal:
    """Answer a wish for more points than there are, which may have been granted before under the same key."""
    if await rows.get_entry_by_key(book.work.tx, wish.source_key) is not None:
        return await answer_repeat(book.work, wish)
    spendable = max(0, book.account.available(book.at) - book.account.owed)
    return Refusal("points.refused.not_enough", {"needed": -wish.points, "available": spendable})


async def _finish(
    book: Book,
    wish: Entry,
    takings: tuple[rules.Taking, ...] = (),
    *,
    lot: Lot | None = None,
    lasts_s: int | None = None,
) -> Entry | Refusal:
    entry = await book.book(wish, takings, lot, lasts_s=lasts_s)
    if entry is None:
        return await answer_repeat(book.work, wish)
    book.close()
    return entry
