"""One customer's points account, locked and opened for writing: what every change of points goes through."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.errors import NotFound
from domain.instants import from_ms, to_ms
from domain.outcomes import Refusal
from domain.points import Account, Debt, Entry, EntryKind, Lot, Taking, Use, apply, settled
from services.webhooks import emit
from services.work import Work
from storage import points as rows
from storage.audit import add_audit

UNTOLD = (EntryKind.FORFEIT, EntryKind.FORGIVE)
"""What other systems are not told of: they hear that the customer is forgotten."""


@dataclass(slots=True)
class Book:
    """A locked account at its own moment: ``account`` is what it will be once :meth:`close` has written it.

    Its time never runs backwards: ``at`` is the work's ``now``, or the last moment it was settled at when a clock
    went back.
    """

    work: Work
    customer_id: int
    at: datetime
    account: Account
    _stored: Account
    _uses: list[Use] = field(default_factory=list)

    async def book(
        self, entry: Entry, takings: Sequence[Taking] = (), lot: Lot | None = None, *, lasts_s: int | None = None
    ) -> Entry | None:
        """Add an entry with what it takes of lots, and the lot it makes; ``None`` when its key is taken.

        The ids of ``entry`` and ``lot`` are not looked at.
        """
        added = await self.add(entry)
        if added is not None:
            self.take(added, takings)
            if lot is not None:
                await self._add_lot(replace(lot, entry_id=added.id), lasts_s)
        return added

    async def add(self, entry: Entry) -> Entry | None:
        """Add an entry alone; ``None`` when its key is taken. It is audited, and other systems are told."""
        entry_id = await rows.insert_entry(self.work.tx, entry)
        if entry_id is None:
            return None
        entry = replace(entry, id=entry_id)
        add_audit(
            self.work.tx,
            at=self.work.now,
            actor=entry.actor,
            action=f"ledger.{entry.kind}",
            subject=("entry", entry_id),
            customer_id=self.customer_id,
            after={"points": entry.points, "reason": entry.reason, "reverses_id": entry.reverses_id},
        )
        if entry.kind not in UNTOLD:
            await tell(self.work, entry)
        return entry

    def take(self, entry: Entry, takings: Sequence[Taking]) -> None:
        """Let an added entry take points of lots, or give them back; what it leaves uncovered is owed from now on."""
        uses = [taking.by(entry.id) for taking in takings]
        self.account = apply(self.account, uses)
        self._uses += uses
        if entry.uncovered:
            self._know(debts=(Debt(entry.id, entry.uncovered, entry.at, entry.reverses_id),))

    async def _add_lot(self, lot: Lot, lasts_s: int | None) -> None:
        lot_id = await rows.insert_lot(self.work.tx, lot, customer_id=self.customer_id, lasts_s=lasts_s)
        self._know(lots=(replace(lot, id=lot_id),))

    def _know(self, *, lots: Sequence[Lot] = (), debts: Sequence[Debt] = ()) -> None:
        """Take rows into view that stand in the database just so."""
        known = {lot.id for lot in self.account.lots}
        new = tuple(lot for lot in lots if lot.id not in known)
        for name in ("account", "_stored"):
            before: Account = getattr(self, name)
            setattr(self, name, replace(before, lots=before.lots + new, debts=before.debts + tuple(debts)))

    def change_lot(self, changed: Lot) -> None:
        """See a lot in view as it stands in the database from now on."""
        for name in ("account", "_stored"):
            before: Account = getattr(self, name)
            lots = tuple(changed if lot.id == changed.id else lot for lot in before.lots)
            setattr(self, name, replace(before, lots=lots))

    def settle(self) -> None:
        """Pay what is owed with what became available until now."""
        self.account, uses = settled(self.account, self.at)
        self._uses += uses

    async def view_lots(self, *, of_entries: Sequence[int] = (), ids: Sequence[int] = ()) -> None:
        """Take further lots into view, such as empty ones to which points come back."""
        if of_entries:
            self._know(lots=await rows.list_lots_of(self.work.tx, of_entries))
        if ids:
            self._know(lots=await rows.list_lots(self.work.tx, ids))

    def close(self) -> None:
        """Pay what is owed with what came in, and let everything be written."""
        self.settle()
        rows.save_account(self.work.tx, self.customer_id, self._stored, self.account, self._uses)
        self._stored, self._uses = self.account, []


async def open_book(work: Work, customer_id: int, *, lots: bool = True) -> Book | Refusal:
    """Lock and settle a customer's account; a merged record's is the one it was merged into, however long ago.

    Without ``lots`` only debts are read, and lots when there are any debts: enough for points that come in.
    Raises :class:`NotFound` for a customer nobody knows. A forgotten customer's account is refused.
    """
    while True:
        holder = await _locked(work, customer_id, lots=lots)
        if holder.merged_into is None:
            break
        customer_id = holder.merged_into
    if holder.erased:
        return Refusal("points.refused.forgotten")
    return await _opened(work, holder, lots=lots)


async def open_book_as_it_is(work: Work, customer_id: int) -> Book:
    """Lock and settle the account of just this record, merged or forgotten as it may be."""
    return await _opened(work, await _locked(work, customer_id, lots=True), lots=True)


async def _locked(work: Work, customer_id: int, *, lots: bool) -> rows.Holder:
    now = moment(work.now)
    await rows.lock_account(work.tx, customer_id, now=now)
    holder = await rows.load_holder(work.tx, customer_id, now=now, lots=lots)
    if holder is None:
        raise NotFound(f"there is no customer {customer_id}")
    return holder


async def _opened(work: Work, holder: rows.Holder, *, lots: bool) -> Book:
    now = moment(work.now)
    if holder.is_new:
        await rows.open_account(work.tx, holder.customer_id, now=now)
    account = holder.account
    if account.debts and not lots:
        account = replace(account, lots=await rows.list_open_lots(work.tx, holder.customer_id))
    book = Book(work, holder.customer_id, max(now, account.settled_at), account, account)
    book.settle()
    return book


def moment(at: datetime) -> datetime:
    """Return an instant as the database keeps it, so that what was read compares with what was written.

    Raises ``ValueError`` for a naive one.
    """
    return from_ms(to_ms(at))


async def tell(work: Work, entry: Entry) -> None:
    """Tell other systems that a customer's points changed."""
    data = {
        "entry_id": entry.id,
        "kind": entry.kind.value,
        "points": entry.points,
        "purchase_id": entry.purchase_id,
        "reverses_entry_id": entry.reverses_id,
    }
    await emit(work, "points.changed", customer_id=entry.customer_id, data=data)


async def answer_repeat(work: Work, wish: Entry) -> Entry | Refusal:
    """Return what was booked under a key that is taken: the same wish gets its first answer."""
    first = await rows.get_entry_by_key(work.tx, wish.source_key)
    if first is not None and first.is_wish_of(wish):
        return first
    return Refusal("points.refused.key_taken")
