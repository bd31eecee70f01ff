"""Import runs and how far they are; the keys seen in a file; whom an imported line is about."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import randbits
from types import TracebackType
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from domain.codes import CUSTOMER_SIGNS, spell
from domain.purchases import Purchase
from storage.columns import Instant
from storage.database import Tx
from storage.people import birthday_columns, birthday_of
from storage.records import Record
from storage.tables import customer_tags, customers, import_runs, point_entries, purchases


@dataclass(frozen=True, slots=True)
class Run:
    """One file's import: how many lines are done, and the counts until there."""

    id: int
    lines_done: int
    counts: dict[str, int]
    started_at: datetime


async def open_run(tx: Tx, *, kind: str, fingerprint: str, now: datetime) -> Run:
    """Return the run of this file: where it was stopped, or from the beginning when it is new or was finished."""
    fresh = {"lines_done": 0, "counts": {}, "started_at": now, "ended_at": None}
    insert = tx.insert(import_runs).values(kind=kind, fingerprint=fingerprint, **fresh)
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=["kind", "fingerprint"], set_=fresh, where=import_runs.c.ended_at.is_not(None)
        )
    )
    known = (import_runs.c.kind == kind, import_runs.c.fingerprint == fingerprint)
    row = (await tx.execute(select(import_runs).where(*known))).one()
    return Run(row.id, row.lines_done, dict(row.counts), row.started_at)


async def get_run(tx: Tx, *, kind: str, fingerprint: str) -> Run | None:
    """Return the run of this file, if it was begun and not finished."""
    known = (import_runs.c.kind == kind, import_runs.c.fingerprint == fingerprint, import_runs.c.ended_at.is_(None))
    row = (await tx.execute(select(import_runs).where(*known))).first()
    return Run(row.id, row.lines_done, dict(row.counts), row.started_at) if row else None


async def mark_lines_done(
    tx: Tx, run: Run, *, lines_done: int, counts: dict[str, int], ended_at: datetime | None = None
) -> Run | None:
    """Note how far a run is; ``None`` when somebody else has brought it forward since ``run`` was read."""
    values = {"lines_done": lines_done, "counts": counts, "ended_at": ended_at}
    statement = update(import_runs).where(
        import_runs.c.id == run.id,
        import_runs.c.lines_done == run.lines_done,
        import_runs.c.started_at == run.started_at,
        import_runs.c.ended_at.is_(None),
    )
    done = await tx.execute(statement.values(**values))
    return Run(run.id, lines_done, counts, run.started_at) if done.rowcount == 1 else None


def is_conflict(error: BaseException) -> bool:
    """Return whether somebody else wrote the same key in the same moment, so that looking again helps."""
    return isinstance(error, IntegrityError)


class _Scratch(AbstractContextManager[Any]):
    """A database of its own that the system takes away again: millions of rows in a few megabytes of memory."""

    _MEMORY_KIB = 8192

    def __init__(self, table: str) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{self._MEMORY_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(table)
        self._database.execute("BEGIN")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        self._database.close()


class SeenKeys(_Scratch):
    """The keys of a file and the lines they stand in."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def first_line(self, key: str, line: int) -> int:
        """Return the first line in which ``key`` was seen: ``line`` itself when it is new."""
        if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount:
            return line
        found: int = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()[0]
        return found


class Sums(_Scratch):
    """A running sum for each of many customers."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE sums (customer_id INTEGER PRIMARY KEY, sum INTEGER NOT NULL)")

    def add(self, customer_id: int, points: int) -> None:
        """Add to a customer's sum."""
        self._database.execute(
            "INSERT INTO sums VALUES (?, ?) ON CONFLICT (customer_id) DO UPDATE SET sum = sum + excluded.sum",
            (customer_id, points),
        )

    def of(self, customer_id: int) -> int:
        """Return a customer's sum."""
        found = self._database.execute("SELECT sum FROM sums WHERE customer_id = ?", (customer_id,)).fetchone()
        return int(found[0]) if found else 0


_RECORDS = select(customers).where(customers.c.source_key.in_(bindparam("keys", expanding=True)))
_RECORDS_LOCKED = _RECORDS.order_by(customers.c.id).with_for_update(key_share=True)
_TAGS = select(customer_tags.c.customer_id, customer_tags.c.tag).where(
    customer_tags.c.customer_id.in_(bindparam("ids", expanding=True))
)
_OWN = tuple(name for name in Record.__slots__ if name not in ("birthday", "custom", "tags"))


async def list_records(tx: Tx, keys: Sequence[str]) -> dict[str, Record]:
    """Return the records imported under these keys, locked until the end of a transaction that writes."""
    found = (await tx.execute(_RECORDS_LOCKED if tx.for_update else _RECORDS, {"keys": list(keys)})).all()
    tags: dict[int, list[str]] = {}
    for row in await tx.execute(_TAGS, {"ids": [row.id for row in found]}) if found else ():
        tags.setdefault(row.customer_id, []).append(row.tag)
    return {
        row.source_key: Record(
            **{name: getattr(row, name) for name in _OWN},
            birthday=birthday_of(row),
            custom=dict(row.custom or {}),
            tags=tuple(sorted(tags.get(row.id, ()))),
        )
        for row in found
    }


async def add_record(tx: Tx, *, source_key: str, values: dict[str, Any], now: datetime) -> int:
    """Add an imported record with the next bulk write and return its id; ``values`` name all fields."""
    customer_id = await tx.new_id(customers)
    code = spell(randbits(64), CUSTOMER_SIGNS)
    tx.add(customers, id=customer_id, code=code, source_key=source_key, created_at=now, **_columns(values))
    _add_tags(tx, customer_id, values["tags"], now)
    return customer_id


def change_record(
    tx: Tx, customer_id: int, *, values: dict[str, Any], fresh_tags: Iterable[str], now: datetime
) -> None:
    """Change fields of a record and add tags with the next bulk write; a new number is nobody's proved one."""
    columns = _columns(values)
    if "phone" in columns:
        columns["phone_proved_at"] = None
    if columns:
        tx.change(customers, customer_id, **columns)
    _add_tags(tx, customer_id, fresh_tags, now)


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in values.items() if name not in ("birthday", "tags")}
    if "birthday" in values:
        columns |= birthday_columns(values["birthday"])
    if "custom" in values:
        columns["custom"] = values["custom"] or None
    return columns


def _add_tags(tx: Tx, customer_id: int, tags: Iterable[str], now: datetime) -> None:
    for tag in sorted(tags):
        tx.add(customer_tags, customer_id=customer_id, tag=tag, at=now)


@dataclass(frozen=True, slots=True)
class Found:
    """A customer found by a name in a file, merges followed."""

    id: int
    erased: bool


_FOUND = (customers.c.id, customers.c.merged_into, customers.c.erased_at)
_BY_KEYS = select(customers.c.source_key.label("name"), *_FOUND).where(
    customers.c.source_key.in_(bindparam("names", expanding=True))
)
_BY_CODES = select(customers.c.code.label("name"), *_FOUND).where(
    customers.c.code.in_(bindparam("names", expanding=True))
)
_BY_IDS = select(customers.c.id.label("name"), *_FOUND).where(customers.c.id.in_(bindparam("names", expanding=True)))
_BY_PHONES = (
    select(customers.c.phone, customers.c.id)
    .where(
        customers.c.phone.in_(bindparam("names", expanding=True)),
        customers.c.merged_into.is_(None),
        customers.c.erased_at.is_(None),
    )
    .order_by(customers.c.id)
)


async def find_by_keys(tx: Tx, keys: Sequence[str]) -> dict[str, Found]:
    """Return the customers imported under these keys."""
    return await _find(tx, _BY_KEYS, keys)


async def find_by_codes(tx: Tx, codes: Sequence[str]) -> dict[str, Found]:
    """Return the customers with these public codes, written as they are kept."""
    return await _find(tx, _BY_CODES, [code for code in codes if code])


async def find_by_phones(tx: Tx, phones: Sequence[str]) -> dict[str, list[int]]:
    """Return the living customers with these numbers (E.164), oldest first."""
    found: dict[str, list[int]] = {}
    for row in await tx.execute(_BY_PHONES, {"names": list(phones)}) if phones else ():
        found.setdefault(row.phone, []).append(row.id)
    return found


async def follow_merges(tx: Tx, customer_ids: Iterable[int]) -> dict[int, int]:
    """Return the record that stands for each of these today."""
    found = await _find(tx, _BY_IDS, list(dict.fromkeys(customer_ids)))
    return {customer_id: record.id for customer_id, record in found.items()}


async def _find(tx: Tx, statement: Select[Any], names: Sequence[Any]) -> dict[Any, Found]:
    if not names:
        return {}
    found = {row.name: row for row in await tx.execute(statement, {"names": list(names)})}
    while merged := [row.merged_into for row in found.values() if row.merged_into is not None]:
        into = {row.id: row for row in await tx.execute(_BY_IDS, {"names": merged})}
        found = {name: row if row.merged_into is None else into[row.merged_into] for name, row in found.items()}
    return {name: Found(row.id, row.erased_at is not None) for name, row in found.items()}


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry of the points ledger booked under a key."""

    customer_id: int
    points: int


_BOOKED = select(point_entries.c.source_key, point_entries.c.customer_id, point_entries.c.points).where(
    point_entries.c.source_key.in_(bindparam("keys", expanding=True))
)


async def list_booked(tx: Tx, keys: Sequence[str]) -> dict[str, Booked]:
    """Return what is booked under these keys."""
    found = await tx.execute(_BOOKED, {"keys": list(keys)})
    return {row.source_key: Booked(row.customer_id, row.points) for row in found}


_LIVING = (
    select(customers.c.merged_into, customers.c.erased_at)
    .where(customers.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(customers.c.id)
    .with_for_update(read=True, key_share=True)
)


async def lock_living(tx: Tx, customer_ids: Sequence[int]) -> bool:
    """Keep these records as they are until the end of the transaction; returns whether all of them still live."""
    if not (tx.for_update and customer_ids):
        return True  # on SQLite the whole transaction holds the writer already
    found = await tx.execute(_LIVING, {"ids": list(customer_ids)})
    return all(row.merged_into is None and row.erased_at is None for row in found.all())


_PURCHASE = tuple(purchases.c[name] for name in Purchase.__slots__)
_RECORDED = select(*_PURCHASE).where(purchases.c.source_key.in_(bindparam("keys", expanding=True)))
_TIERS = select(customers.c.id, customers.c.tier).where(customers.c.id.in_(bindparam("ids", expanding=True)))


async def list_recorded(tx: Tx, keys: Sequence[str]) -> dict[str, Purchase]:
    """Return the purchases recorded under these keys."""
    return {row.source_key: Purchase(*row) for row in await tx.execute(_RECORDED, {"keys": list(keys)})}


async def add_purchase(tx: Tx, purchase: Purchase) -> Purchase:
    """Add a purchase whose key is not taken with the next bulk write; returns it with its id."""
    purchase = replace(purchase, id=await tx.new_id(purchases))
    tx.add(purchases, **{name: getattr(purchase, name) for name in Purchase.__slots__})
    return purchase


_buyer = purchases.c.customer_id + literal_column("0")  # else SQLite would walk all purchases ever, by customer
_BUYERS = (
    select(_buyer)
    .where(purchases.c.noted_at >= bindparam("since", type_=Instant), _buyer > bindparam("after_id"))
    .distinct()
    .order_by(_buyer)
    .limit(bindparam("limit"))
)


async def list_buyers(tx: Tx, *, since: datetime, after_id: int, limit: int) -> list[int]:
    """Return up to ``limit`` customers above ``after_id`` of whom a purchase was noted ``since`` then."""
    return list((await tx.execute(_BUYERS, {"since": since, "after_id": after_id, "limit": limit})).scalars())


async def list_tiers(tx: Tx, customer_ids: Sequence[int]) -> dict[int, str]:
    """Return the tiers of these customers."""
    return {row.id: row.tier for row in await tx.execute(_TIERS, {"ids": list(customer_ids)})}
