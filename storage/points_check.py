"""Whether the ledger adds up: everything that is kept is reckoned again from entries and uses, a slice at a time.

Each question is one statement, so that it is true of one instant while others write.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from domain.points import EntryKind
from storage.database import Tx
from storage.tables import customers, point_accounts, point_entries, point_lots, point_uses

Range = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not add up: what is ``kept`` and what it should be, in words about row ``row_id``."""

    customer_id: int
    row_id: int
    what: str
    kept: int | None
    reckoned: int | None


@dataclass(frozen=True, slots=True)
class Slice:
    """What was looked at, up to and including customer ``last_id`` (``None``: to the end)."""

    last_id: int | None
    accounts: int
    entries: int
    faults: tuple[Fault, ...]


_EARNING = (EntryKind.EARN.value, EntryKind.FORGIVE.value)
_BACK = point_entries.alias("back")


def _sum(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _remaining(within: Range) -> Select[Any]:
    left = point_lots.c.points - _sum(point_uses.c.points)
    return (
        select(point_lots.c.customer_id, point_lots.c.id, point_lots.c.remaining.label("kept"), left.label("reckoned"))
        .select_from(point_lots.outerjoin(point_uses, point_uses.c.lot_id == point_lots.c.id))
        .where(within(point_lots.c.customer_id))
        .group_by(point_lots.c.id)
        .having(or_(point_lots.c.remaining != left, left < 0, left > point_lots.c.points))
    )


def _uncovered(within: Range) -> Select[Any]:
    """What an entry brought less what it used is what it says; what is missing is still owed."""
    brought = select(_sum(point_lots.c.points)).where(point_lots.c.entry_id == point_entries.c.id).scalar_subquery()
    used = select(_sum(point_uses.c.points)).where(point_uses.c.entry_id == point_entries.c.id).scalar_subquery()
    owed = brought - used - point_entries.c.points
    return select(
        point_entries.c.customer_id,
        point_entries.c.id,
        point_entries.c.uncovered.label("kept"),
        owed.label("reckoned"),
    ).where(within(point_entries.c.customer_id), or_(point_entries.c.uncovered != owed, owed < 0))


def _lots_made(within: Range) -> Select[Any]:
    kind, points = point_entries.c.kind, point_entries.c.points
    made = (
        select(func.count()).select_from(point_lots).where(point_lots.c.entry_id == point_entries.c.id)
    ).scalar_subquery()
    is_earning = or_(kind.in_(_EARNING), and_(kind == EntryKind.ADJUST.value, points > 0))
    due = case((is_earning, 1), else_=0)
    return select(point_entries.c.customer_id, point_entries.c.id, made.label("kept"), due.label("reckoned")).where(
        within(point_entries.c.customer_id), made != due
    )


def _signs(within: Range) -> Select[Any]:
    kind, points = point_entries.c.kind, point_entries.c.points
    comes = (*_EARNING, EntryKind.RETURN.value)
    wrong = or_(
        and_(kind.in_(comes), points <= 0),
        and_(kind.not_in((*comes, EntryKind.ADJUST.value, EntryKind.REVERSAL.value)), points >= 0),
        and_(kind == EntryKind.REVERSAL.value, points > 0),
        and_(kind == EntryKind.ADJUST.value, points == 0),
    )
    return _entries(within, wrong, kept=points)


def _entries(within: Range, wrong: ColumnElement[bool], *, kept: Any) -> Select[Any]:
    columns = (point_entries.c.customer_id, point_entries.c.id, kept.label("kept"))
    return select(*columns).where(within(point_entries.c.customer_id), wrong)


def _given_back(within: Range) -> Select[Any]:
    """No entry gives more points back to a lot than the entry it returns took."""
    taken = func.coalesce(_BACK.c.reverses_id, point_entries.c.id)
    balance = _sum(point_uses.c.points)
    return (
        select(func.min(point_entries.c.customer_id).label("customer_id"), taken.label("id"), balance.label("kept"))
        .select_from(point_entries.join(point_uses, point_uses.c.entry_id == point_entries.c.id))
        .outerjoin(_BACK, and_(_BACK.c.id == point_entries.c.id, _BACK.c.kind == EntryKind.RETURN.value))
        .where(within(point_entries.c.customer_id))
        .group_by(taken, point_uses.c.lot_id)
        .having(balance < 0)
    )


def _strangers(within: Range) -> Select[Any]:
    lot_entries = point_entries.alias("made_by")
    return (
        select(point_lots.c.customer_id, point_lots.c.id, func.max(point_entries.c.customer_id).label("kept"))
        .select_from(point_lots.join(lot_entries, lot_entries.c.id == point_lots.c.entry_id))
        .outerjoin(point_uses, point_uses.c.lot_id == point_lots.c.id)
        .outerjoin(point_entries, point_entries.c.id == point_uses.c.entry_id)
        .where(
            within(point_lots.c.customer_id),
            or_(
                lot_entries.c.customer_id != point_lots.c.customer_id,
                point_entries.c.customer_id != point_lots.c.customer_id,
            ),
        )
        .group_by(point_lots.c.id)
    )


def _spent_in_time(within: Range) -> Select[Any]:
    """Nothing was spent before it was available or after it expired."""
    return (
        select(point_entries.c.customer_id, point_entries.c.id, point_uses.c.points.label("kept"))
        .select_from(point_entries.join(point_uses, point_uses.c.entry_id == point_entries.c.id))
        .join(point_lots, point_lots.c.id == point_uses.c.lot_id)
        .where(
            within(point_entries.c.customer_id),
            point_entries.c.kind == EntryKind.SPEND.value,
            or_(
                point_lots.c.available_at.is_(None),
                point_lots.c.available_at > point_entries.c.at,
                point_lots.c.expires_at <= point_entries.c.at,
            ),
        )
    )


def _holders(within: Range) -> Select[Any]:
    """A merged record holds nothing, a forgotten customer's account comes to nothing, all others have a lock row."""
    total = _sum(point_entries.c.points)
    return (
        select(point_entries.c.customer_id, point_entries.c.customer_id.label("id"), total.label("kept"))
        .select_from(point_entries.join(customers, customers.c.id == point_entries.c.customer_id))
        .outerjoin(point_accounts, point_accounts.c.customer_id == point_entries.c.customer_id)
        .where(within(point_entries.c.customer_id))
        .group_by(
            point_entries.c.customer_id,
            customers.c.merged_into,
            customers.c.erased_at,
            point_accounts.c.customer_id,
        )
        .having(
            or_(
                customers.c.merged_into.is_not(None),
                point_accounts.c.customer_id.is_(None),
                and_(customers.c.erased_at.is_not(None), total != 0),
            )
        )
    )


_QUESTIONS: tuple[tuple[str, Callable[[Range], Select[Any]]], ...] = (
    ("lot {id}: {kept} are kept as remaining, its uses leave {reckoned}", _remaining),
    ("entry {id}: {kept} are kept as owed, its uses leave {reckoned}", _uncovered),
    ("entry {id}: it made {kept} lots instead of {reckoned}", _lots_made),
    ("entry {id}: {kept} points do not fit its kind", _signs),
    ("entry {id}: more came back to a lot than was taken, by {kept}", _given_back),
    ("lot {id}: it belongs to another customer than its entry, or than what used it", _strangers),
    ("entry {id}: {kept} points were spent before they were available, or after they expired", _spent_in_time),
    ("account {id}: {kept} points stand with a merged or forgotten record, or without an account", _holders),
)


async def check_slice(tx: Tx, *, after_id: int, accounts: int) -> Slice:
    """Reckon the accounts of up to ``accounts`` customers after ``after_id`` again and return what does not add up."""
    following = select(point_accounts.c.customer_id).where(point_accounts.c.customer_id > after_id)
    ids = list((await tx.execute(following.order_by(point_accounts.c.customer_id).limit(accounts))).scalars())
    last_id = ids[-1] if len(ids) == accounts else None

    def within(column: Any) -> ColumnElement[bool]:
        is_after: ColumnElement[bool] = column > after_id
        return is_after if last_id is None else and_(is_after, column <= last_id)

    entries = select(func.count()).select_from(point_entries).where(within(point_entries.c.customer_id))
    count = (await tx.execute(entries)).scalar_one()
    faults: list[Fault] = []
    for words, question in _QUESTIONS:
        for row in await tx.execute(question(within)):
            values = row._mapping
            what = words.format(id=row.id, kept=row.kept, reckoned=values.get("reckoned"))
            faults.append(Fault(row.customer_id, row.id, what, row.kept, values.get("reckoned")))
    faults.sort(key=lambda fault: fault.customer_id)
    return Slice(last_id, len(ids), count, tuple(faults))


async def count_accounts(tx: Tx) -> int:
    """Return how many customers have a points account."""
    return int((await tx.execute(select(func.count()).select_from(point_accounts))).scalar_one())
