"""The arithmetic of the points ledger, pure: which lots pay for what, what is owed, and what is there at an instant.

A *lot* is what one earning entry brought. A *use* says how many points of a lot an entry took; uses are only ever
added, a negative one gives back. What a lot has left and what an entry still owes are sums over uses. A *debt* is the
part of a negative entry that no lot has paid yet; it is paid by the first points that become available.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from domain.loyalty import Clawback
from domain.people import Actor

MOST_POINTS = 1_000_000_000
"""So many points one entry can move; a greater number is a slip of somebody's fingers."""


class EntryKind(StrEnum):
    """Why points came or went.

    Coming: earn, return (of a spend, or of an expiry that a refund overtook), forgive (of a debt, when a customer is
    forgotten). Going: spend, reversal (taken back), expire, forfeit (when a customer is forgotten). Adjust: both ways.
    """

    EARN = "earn"
    ADJUST = "adjust"
    SPEND = "spend"
    RETURN = "return"
    REVERSAL = "reversal"
    EXPIRE = "expire"
    FORFEIT = "forfeit"
    FORGIVE = "forgive"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a customer's account. ``points`` are signed.

    ``reverses_id`` is the entry taken back or returned. ``uncovered`` is what of it is still owed. ``forgiven`` is what
    was asked back but not there to take; negative when it was there after all, later.
    """

    id: int
    customer_id: int
    kind: EntryKind
    points: int
    at: datetime
    source_key: str
    actor: Actor
    rule: str | None = None
    working: Any = None
    reason: str | None = None
    purchase_id: int | None = None
    reverses_id: int | None = None
    case_id: int | None = None
    uncovered: int = 0
    forgiven: int = 0

    def is_wish_of(self, other: "Entry") -> bool:
        """Return whether both were asked for alike: the same thing, for the same customer, of the same size."""
        return self._wish() == other._wish()

    def _wish(self) -> tuple[Any, ...]:
        return (self.customer_id, self.kind, abs(self.points) + self.forgiven, self.points > 0, self.reverses_id)


@dataclass(frozen=True, slots=True)
class Lot:
    """Earned points: ``remaining`` of them can be spent from ``available_at`` on until just before ``expires_at``.

    ``available_at`` is ``None`` until what the lot ``awaits`` has happened; ``expires_at`` is ``None`` for never.
    """

    id: int
    entry_id: int
    points: int
    remaining: int
    available_at: datetime | None
    expires_at: datetime | None = None
    awaits: str | None = None

    def is_expired(self, at: datetime) -> bool:
        """Return whether what is left can no longer be spent at ``at``."""
        return self.expires_at is not None and self.expires_at <= at

    def is_available(self, at: datetime) -> bool:
        """Return whether what is left can be spent at ``at``."""
        return self.available_at is not None and self.available_at <= at and not self.is_expired(at)

    def is_pending(self, at: datetime) -> bool:
        """Return whether what is left can be spent later, but not yet at ``at``."""
        return (self.available_at is None or self.available_at > at) and not self.is_expired(at)


@dataclass(frozen=True, slots=True)
class Debt:
    """``owed`` points of entry ``entry_id`` that no lot has paid; its ``own_entry_id`` is the entry taken back."""

    entry_id: int
    owed: int
    at: datetime
    own_entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """So many points of a lot went to an entry; negative ones came back by it."""

    lot_id: int
    entry_id: int
    points: int


@dataclass(frozen=True, slots=True)
class Taking:
    """So many points to be taken from a lot, for an entry that is not written yet."""

    lot_id: int
    points: int

    def by(self, entry_id: int) -> Use:
        """Return this as the use of an entry."""
        return Use(self.lot_id, entry_id, self.points)


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's lots and debts; the debts are paid by everything that became available until ``settled_at``."""

    settled_at: datetime
    lots: tuple[Lot, ...] = ()
    debts: tuple[Debt, ...] = ()

    def available(self, at: datetime) -> int:
        """Return how many points lie in lots that can be spent at ``at``."""
        return sum(lot.remaining for lot in self.lots if lot.is_available(at))

    @property
    def owed(self) -> int:
        """How many points are owed."""
        return sum(debt.owed for debt in self.debts)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer has at one instant; ``lots`` are those with points left, earliest-expiring first.

    Lots of pending points are among them, expired ones are not.
    """

    available: int
    pending: int
    owed: int
    lots: tuple[Lot, ...] = ()

    @property
    def points(self) -> int:
        """The balance: negative when more is owed than there is."""
        return self.available - self.owed

    @property
    def spendable(self) -> int:
        """How many points can be spent right now."""
        return max(0, self.points)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _spending_order(lot: Lot) -> tuple[datetime, int]:
    return (lot.expires_at or _NEVER, lot.id)


def in_spending_order(lots: Iterable[Lot]) -> list[Lot]:
    """Return lots in the order in which they are spent: earliest-expiring first, never-expiring last, then oldest."""
    return sorted(lots, key=_spending_order)


def apply(account: Account, uses: Sequence[Use]) -> Account:
    """Return the account after these uses. Raises ``ValueError`` when a lot would hold less than nothing or too much.

    Only debts the account knows are paid down; a use by any other entry just takes from its lot, or gives back.
    """
    taken: dict[int, int] = {}
    paid: dict[int, int] = {}
    for use in uses:
        taken[use.lot_id] = taken.get(use.lot_id, 0) + use.points
        paid[use.entry_id] = paid.get(use.entry_id, 0) + use.points
    if unknown := taken.keys() - {lot.id for lot in account.lots}:
        raise ValueError(f"the account has no lots {sorted(unknown)}")
    lots = tuple(replace(lot, remaining=lot.remaining - taken.get(lot.id, 0)) for lot in account.lots)
    debts = tuple(replace(debt, owed=debt.owed - paid.get(debt.entry_id, 0)) for debt in account.debts)
    if any(not 0 <= lot.remaining <= lot.points for lot in lots) or any(debt.owed < 0 for debt in debts):
        raise ValueError(f"these uses do not fit the account: {uses}")
    return replace(account, lots=lots, debts=debts)


def take_in_order(lots: Iterable[Lot], points: int) -> tuple[Taking, ...]:
    """Return up to ``points`` from ``lots``, one after the other as given."""
    takings = []
    for lot in lots:
        part = min(points, lot.remaining)
        if part > 0:
            takings.append(Taking(lot.id, part))
            points -= part
    return tuple(takings)


def _paying_order(account: Account, at: datetime) -> list[Lot]:
    """Return the lots that pay debts: those that became available since the last time, as of then, then all others."""
    came: list[tuple[datetime, Lot]] = [
        (lot.available_at, lot)
        for lot in account.lots
        if lot.available_at and account.settled_at < lot.available_at <= at and not lot.is_expired(lot.available_at)
    ]
    came.sort(key=lambda each: (each[0], *_spending_order(each[1])))
    return [lot for _, lot in came] + in_spending_order(lot for lot in account.lots if lot.is_available(at))


def settle(account: Account, at: datetime) -> list[Use]:
    """Return the uses by which debts are paid with everything that became available until ``at``, oldest debt first.

    A lot pays as of the instant it became available, even when it has expired since. What was taken back is paid by
    its own lot before any other, whatever the state of that lot. ``at`` is not before ``account.settled_at``.
    """
    owed = {debt.entry_id: debt.owed for debt in account.debts if debt.owed > 0}
    if not owed:
        return []
    debts = sorted((debt for debt in account.debts if debt.owed > 0), key=lambda debt: (debt.at, debt.entry_id))
    left = {lot.id: lot.remaining for lot in account.lots}
    uses: list[Use] = []

    def pay(debt: Debt, lot: Lot) -> None:
        part = min(owed[debt.entry_id], left[lot.id])
        if part > 0:
            uses.append(Use(lot.id, debt.entry_id, part))
            owed[debt.entry_id] -= part
            left[lot.id] -= part

    for debt in debts:
        for lot in account.lots:
            if lot.entry_id == debt.own_entry_id:
                pay(debt, lot)
    for lot in _paying_order(account, at):
        for debt in debts:
            pay(debt, lot)
    return uses


def settled(account: Account, at: datetime) -> tuple[Account, list[Use]]:
    """Return the account with its debts paid up to ``at``, and how; an account's time never runs backwards."""
    at = max(at, account.settled_at)
    uses = settle(account, at)
    return replace(apply(account, uses), settled_at=at), uses


def balance(account: Account, now: datetime) -> Balance:
    """Return what is there at ``now``, whether or not anything was written since the last change."""
    account, _ = settled(account, now)
    at = account.settled_at
    open_lots = in_spending_order(lot for lot in account.lots if lot.remaining > 0 and not lot.is_expired(at))
    pending = sum(lot.remaining for lot in open_lots if lot.is_pending(at))
    return Balance(account.available(at), pending, account.owed, tuple(open_lots))


def spend(account: Account, points: int) -> tuple[Taking, ...] | None:
    """Return what a settled account gives for ``points``, ``None`` when it has not so many after its debts."""
    at = account.settled_at
    if points > account.available(at) - account.owed:
        return None
    return take_in_order(in_spending_order(lot for lot in account.lots if lot.is_available(at)), points)


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What an expiry entry took from a lot and has not given back."""

    entry_id: int
    lot_id: int
    points: int


@dataclass(frozen=True, slots=True)
class TakingBack:
    """How points are taken back: first ``restored`` from entries that wrote them off, then the ``takings``.

    Of what was not there ``owed`` becomes a debt, and ``forgiven`` does not.
    """

    takings: tuple[Taking, ...]
    restored: tuple[WrittenOff, ...] = ()
    owed: int = 0
    forgiven: int = 0

    @property
    def taken(self) -> int:
        """How many points the entry takes, owed ones included."""
        return sum(taking.points for taking in self.takings) + self.owed


def take_back(
    account: Account,
    points: int,
    *,
    policy: Clawback,
    own_entry_id: int | None = None,
    written_off: Sequence[WrittenOff] = (),
) -> TakingBack:
    """Return how a settled account gives ``points`` back.

    They come from the lot of ``own_entry_id``, pending or expired as it may be, then from what can be spent; what is
    missing then is up to ``policy``. Whether expired points of the own lot were ``written_off`` makes no difference.
    """
    own = [lot for lot in account.lots if lot.entry_id == own_entry_id]
    restored = []
    missing = points - sum(lot.remaining for lot in own)
    for expiry in reversed(written_off):
        if missing > 0:
            part = min(missing, expiry.points)
            restored.append(replace(expiry, points=part))
            missing -= part
    back = [Use(each.lot_id, each.entry_id, -each.points) for each in restored]
    account = apply(account, back)
    own = [lot for lot in account.lots if lot.entry_id == own_entry_id]
    others = [lot for lot in account.lots if lot.entry_id != own_entry_id and lot.is_available(account.settled_at)]
    takings = take_in_order(own + in_spending_order(others), points)
    short = points - sum(taking.points for taking in takings)
    is_owed = policy is Clawback.NEGATIVE
    return TakingBack(takings, tuple(restored), owed=short if is_owed else 0, forgiven=0 if is_owed else short)


@dataclass(frozen=True, slots=True)
class Forgiven:
    """What was asked back of an earning entry, was not there, and has not come back since."""

    own_entry_id: int
    points: int


@dataclass(frozen=True, slots=True)
class GivingBack:
    """What comes back to each lot, and which of it is then taken for what was asked back before and not there."""

    uses: tuple[Taking, ...] = ()
    caught_up: tuple[tuple[int, Taking], ...] = ()


def give_back(account: Account, used: Sequence[Taking], forgiven: Sequence[Forgiven]) -> GivingBack:
    """Return how what an entry ``used`` goes back to its lots, each keeping its expiry.

    Points whose own earning was taken back while they were spent do not come back: they are caught up with.
    ``caught_up`` names the earning entry with each such taking.
    """
    lots = {lot.id: lot for lot in account.lots}
    open_ = {each.own_entry_id: each.points for each in forgiven}
    caught_up = []
    for taking in used:
        own = lots[taking.lot_id].entry_id
        owed = sum(debt.owed for debt in account.debts if debt.own_entry_id == own)
        part = min(open_.get(own, 0), max(0, taking.points - owed))
        if part > 0:
            caught_up.append((own, Taking(taking.lot_id, part)))
    return GivingBack(tuple(replace(taking, points=-taking.points) for taking in used), tuple(caught_up))
