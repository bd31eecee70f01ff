"""What happens to points without being asked for one by one: events, expiry, forgetting, merging."""

from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

from domain.people import SYSTEM, Actor
from domain.points import Entry, EntryKind, Lot, Taking, in_spending_order
from services.points_book import Book, open_book_as_it_is, tell
from services.work import Work
from storage import points as rows
from storage.audit import add_audit

_KEY_BYTES = 8


async def release(work: Work, awaits: str) -> int:
    """Let every lot that waits for this event become available now; returns how many."""
    return await _end_waits(work, awaits, by=None)


async def cancel_awaited(work: Work, awaits: str, *, by: Actor) -> int:
    """Take back every lot that waits for this event, which will never happen; returns how many."""
    return await _end_waits(work, awaits, by=by)


async def _end_waits(work: Work, awaits: str, *, by: Actor | None) -> int:
    done = 0
    # Asked again until none is left: while a lock was waited for, a lot may have moved to another record.
    while waiting := await rows.list_awaiting(work.tx, awaits):
        for customer_id in sorted({each.customer_id for each in waiting}):
            book = await open_book_as_it_is(work, customer_id)
            for each in await rows.list_awaiting(work.tx, awaits, customer_id=customer_id):
                if by is None:
                    await _release_one(book, each)
                else:
                    await _cancel_one(book, each, by)
                done += 1
            book.close()
    return done


async def _release_one(book: Book, waiting: rows.Awaiting) -> None:
    lot = next((lot for lot in book.account.lots if lot.id == waiting.lot_id), None)
    expires_at = waiting.expires_at
    if waiting.lasts_s is not None:
        expires_at = book.at + timedelta(seconds=waiting.lasts_s)
    rows.end_wait(book.work.tx, waiting.lot_id, available_at=book.at, expires_at=expires_at)
    if lot is None:  # taken back meanwhile, to the last point
        return
    book.change_lot(replace(lot, awaits=None, available_at=book.at, expires_at=expires_at))
    entry = await rows.get_entry(book.work.tx, waiting.entry_id)
    assert entry is not None
    add_audit(
        book.work.tx,
        at=book.work.now,
        actor=SYSTEM,
        action="ledger.release",
        subject=("entry", entry.id),
        customer_id=book.customer_id,
        after={"points": lot.remaining},
    )
    await tell(book.work, entry)


async def _cancel_one(book: Book, waiting: rows.Awaiting, by: Actor) -> None:
    lot = next((lot for lot in book.account.lots if lot.id == waiting.lot_id), None)
    rows.end_wait(book.work.tx, waiting.lot_id, available_at=None, expires_at=waiting.expires_at)
    if lot is None:
        return
    book.change_lot(replace(lot, awaits=None))
    await _book_out(book, EntryKind.REVERSAL, [lot], by=by, reverses_id=waiting.entry_id)


async def _book_out(
    book: Book, kind: EntryKind, lots: list[Lot], *, by: Actor, reverses_id: int | None = None
) -> Entry | None:
    """Take everything that is left in these lots; nothing when they are empty."""
    takings = [Taking(lot.id, lot.remaining) for lot in lots if lot.remaining > 0]
    if not takings:
        return None
    points = sum(taking.points for taking in takings)
    key = f"{kind}:{token_hex(_KEY_BYTES)}"
    return await book.book(
        Entry(0, book.customer_id, kind, -points, book.at, key, by, reverses_id=reverses_id), takings
    )


async def write_off_expired(work: Work, *, limit: int) -> int:
    """Write an expiry entry for up to ``limit`` lots whose points expired, so that the history shows it.

    It changes no balance: what has expired cannot be spent, whether or not this has run. Returns how many such lots
    it found, those that had paid a debt in time included.
    """
    done = 0
    for customer_id in await rows.list_with_expired(work.tx, now=work.now, limit=limit):
        book = await open_book_as_it_is(work, customer_id)
        expired = in_spending_order(lot for lot in book.account.lots if lot.is_expired(book.at))
        await _book_out(book, EntryKind.EXPIRE, expired, by=SYSTEM)
        book.close()
        done += len(expired)
    return done


async def forfeit_all(work: Work, customer_id: int, *, by: Actor) -> None:
    """Let a customer who is forgotten lose every point and owe none: the account adds up to nothing."""
    book = await open_book_as_it_is(work, customer_id)
    await _book_out(book, EntryKind.FORFEIT, in_spending_order(book.account.lots), by=by)
    if owed := book.account.owed:
        key = f"{EntryKind.FORGIVE}:{token_hex(_KEY_BYTES)}"
        forgiven = Entry(0, customer_id, EntryKind.FORGIVE, owed, book.at, key, by)
        await book.book(forgiven, lot=Lot(0, 0, owed, owed, book.at))
    book.close()


async def join_accounts(work: Work, *, from_id: int, to_id: int, by: Actor) -> None:
    """Move everything of a duplicate's account to the record that is kept; what one owes the other's points pay."""
    for customer_id in sorted((from_id, to_id)):
        await lock_account(work, customer_id)
    books = [await open_book_as_it_is(work, customer_id) for customer_id in (from_id, to_id)]
    at = max(book.at for book in books)
    for book in books:
        book.at = at
        book.close()
    entries, lots = await rows.move_account(work.tx, from_id=from_id, to_id=to_id)
    joined = await open_book_as_it_is(work, to_id)
    joined.close()
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="ledger.join",
        subject=("customer", to_id),
        customer_id=to_id,
        before={"from_id": from_id},
        after={"entries": entries, "lots": lots},
    )


async def lock_account(work: Work, customer_id: int) -> None:
    """Make other transactions that change this customer's points wait until this one ends.

    Several accounts are locked in the order of their ids, after contact points and before vouchers and rewards.
    """
    await rows.lock_account(work.tx, customer_id, now=work.now)
