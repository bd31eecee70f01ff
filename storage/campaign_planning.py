"""Planning campaigns in the database: one frozen row a person; where many are meant, drawn and timed in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.campaigns.draws import PRIME
from domain.instants import to_ms
from storage.database import Tx
from storage.planned_for import hold_records, in_touch
from storage.tables import customers, deliveries

Factors = tuple[int, int, int, int]
_PLANNED: ColumnElement[bool] = literal_column("state = 'planned'")  # literals, as the partial indexes have them
_LEFT: ColumnElement[bool] = literal_column("state <> 'planned'")
_AFTER_ID, _UNTIL_ID, _PLANNED_MS = (
    bindparam(name, type_=BigInteger) for name in ("after_id", "until_id", "planned_ms")
)
_UNIQUE = ["campaign", "occasion", "customer_id"]
_ROW = (
    "state",
    "reason",
    "settled_at",
    "occasion_on",
    "zone",
    "due_at",
    "late_after_at",
    "planned_at",
    "variant",
    "params",
)


@dataclass(frozen=True, slots=True)
class ZoneDue:
    """When those with one zone on record (``""``: all others) are due: at ``base``, those drawn for later, later.

    Whoever would be due within one of the ``quiet`` spans is due at its end. ``zone`` is the one reckoned with.
    """

    name: str
    zone: str
    base: datetime
    quiet: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Which people of a run are planned now, and how; ``weights`` by variant, the factors are those of the draws."""

    campaign: str
    occasion: str
    on: date
    consent: str
    after_id: int
    until_id: int
    zones: tuple[ZoneDue, ...]
    late_after: timedelta
    jitter_s: int
    jitter: Factors
    holdout_permille: int
    holdout: Factors
    variant: Factors
    weights: tuple[tuple[str, int], ...]


async def list_in_touch(tx: Tx, customer_ids: Sequence[int], *, bot_id: int) -> frozenset[int]:
    """Return which of these customers can be planned for."""
    found = select(customers.c.id).where(customers.c.id.in_(list(customer_ids)), *in_touch(bot_id))
    return frozenset((await tx.execute(found)).scalars())


async def list_zones(tx: Tx, *, after_id: int, until_id: int) -> list[str | None]:
    """Return the zones on record of the customers in a slice."""
    found = select(customers.c.zone).where(customers.c.id > after_id, customers.c.id <= until_id).distinct()
    return list((await tx.execute(found)).scalars())


def drawn(factors: Factors, of: int) -> ColumnElement[int]:
    """Return the draw of :func:`domain.campaigns.draws.draw` for a row of ``customers``."""
    at = cast(customers.c.id, BigInteger) % _whole(PRIME)
    value: ColumnElement[Any] = _whole(0)
    for factor in factors:
        value = (value * at + _whole(factor)) % _whole(PRIME)
    return value % _whole(of)


def _whole(number: int) -> ColumnElement[int]:
    return literal(number, BigInteger)


async def insert_slice(tx: Tx, part: Slice, *, bot_id: int, members: Select[tuple[int]] | None, now: datetime) -> int:
    """Freeze a row for each person of a slice; returns how many. One that exists already stays as it is."""
    await hold_records(tx, customers.c.id > part.after_id, customers.c.id <= part.until_id)
    late = any(zone.base + part.late_after < now for zone in part.zones)  # nobody is due before that
    alike = replace(part, after_id=0, until_id=0)
    if members is None:
        insert = _insert_everybody(tx.dialect, alike, bot_id, late)
    else:
        insert = _insert(tx.dialect, alike, bot_id, late, members)
    bounds = {"after_id": part.after_id, "until_id": part.until_id, "planned_ms": to_ms(now)}
    return (await tx.execute(insert, bounds)).rowcount


@lru_cache(maxsize=8)
def _insert_everybody(dialect: str, part: Slice, bot_id: int, late: bool) -> Executable:
    """Return the statement for all slices of a run that are alike: making it takes as long as a thousand rows."""
    return _insert(dialect, part, bot_id, late, None)


def _insert(dialect: str, part: Slice, bot_id: int, late: bool, members: Select[tuple[int]] | None) -> Executable:
    names = ["campaign", "occasion", "customer_id", "consent", *(name for name in _ROW if name != "params")]
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(deliveries)
    rows = insert.from_select(names, _slice_query(part, bot_id, members, late))
    statement: Executable = rows.on_conflict_do_nothing(index_elements=_UNIQUE)
    return statement


def _slice_query(part: Slice, bot_id: int, members: Select[tuple[int]] | None, late: bool) -> Select[Any]:
    """Return the rows of a slice in the order of the customers, so that indexes grow at their ends."""
    timed = _timed(part, _people(part, bot_id, members))
    late_at = timed.c.due + _span(part.late_after)
    whys: list[tuple[ColumnElement[bool], ColumnElement[str]]] = []
    if part.holdout_permille:
        whys.append((timed.c.holdout < _whole(part.holdout_permille), literal("holdout")))
    if late:
        whys.append((late_at < _PLANNED_MS, literal("late")))
    kept_back = or_(false(), *(condition for condition, _ in whys))
    return (
        select(
            literal(part.campaign),
            literal(part.occasion),
            timed.c.id,
            literal(part.consent),
            case((kept_back, literal("skipped")), else_=literal("planned")),
            case(*whys, else_=None) if whys else null(),
            case((kept_back, _PLANNED_MS), else_=None),
            literal(part.on.isoformat()),
            timed.c.zone,
            timed.c.due,
            late_at,
            _PLANNED_MS,
            _variant(part, timed),
        )
    ).where(true())  # else SQLite takes the ON of ON CONFLICT for that of a join


def _people(part: Slice, bot_id: int, members: Select[tuple[int]] | None) -> Subquery:
    """Return the people of a slice: who they are, which of its zones is theirs, what they draw.

    An ``OFFSET 0`` keeps the database from writing a draw anew wherever it is used.
    """
    within = (customers.c.id > _AFTER_ID, customers.c.id <= _UNTIL_ID)
    meant = [*within, *in_touch(bot_id)]
    if members is not None:
        meant.append(customers.c.id.in_(members.where(*within)))
    nth = {zone.name: _whole(nth) for nth, zone in enumerate(part.zones) if zone.name}
    other = _whole([zone.name for zone in part.zones].index(""))
    columns: list[ColumnElement[Any]] = [customers.c.id]
    columns.append((case(nth, value=customers.c.zone, else_=other) if nth else other).label("nth"))
    if part.jitter_s:
        columns.append((drawn(part.jitter, part.jitter_s + 1) * _whole(1000)).label("jitter"))
    if part.holdout_permille:
        columns.append(drawn(part.holdout, 1000).label("holdout"))
    if len(part.weights) > 1:
        columns.append(drawn(part.variant, sum(weight for _, weight in part.weights)).label("variant"))
    return select(*columns).where(*meant).order_by(customers.c.id).offset(0).subquery("people")


def _timed(part: Slice, people: Subquery) -> Subquery:
    """Return the people with the zone that is reckoned with, and when they are due, in milliseconds since 1970."""
    drawn_too = [people.c[name] for name in ("holdout", "variant") if name in people.c]
    zone = _of_zone(people, [literal(zone.zone) for zone in part.zones]).label("zone")
    due = _of_zone(people, [_due(zone, people) for zone in part.zones]).label("due")
    return select(people.c.id, zone, due, *drawn_too).offset(0).subquery("timed")


def _of_zone(people: Subquery, told: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return what is told of a person's zone, compared with no zone of which it is the same as of the first."""
    others = {nth: one for nth, one in enumerate(told) if not one.compare(told[0])}
    return case(others, value=people.c.nth, else_=told[0]) if others else told[0]


def _due(zone: ZoneDue, people: Subquery) -> ColumnElement[Any]:
    """Return when people of a zone are due, whatever they draw."""
    base = to_ms(zone.base)
    spans = [(to_ms(begin), to_ms(end)) for begin, end in zone.quiet]
    if "jitter" not in people.c:
        return _whole(next((end for begin, end in spans if begin <= base < end), base))
    later = people.c.jitter
    whens = [(and_(later >= _whole(begin - base), later < _whole(end - base)), _whole(end)) for begin, end in spans]
    at = _whole(base) + later
    return case(*whens, else_=at) if whens else at


def _span(span: timedelta) -> ColumnElement[int]:
    return _whole(span // timedelta(milliseconds=1))


def _variant(part: Slice, people: Subquery) -> ColumnElement[Any]:
    *others, (last, _) = part.weights
    if not others:
        return literal(last)
    upto, whens = 0, []
    for key, weight in others:
        upto += weight
        whens.append((people.c.variant < _whole(upto), literal(key)))
    return case(*whens, else_=literal(last))


async def insert_rows(tx: Tx, rows: Sequence[dict[str, Any]], *, renewable: Sequence[str] = ()) -> int:
    """Freeze rows reckoned one by one; returns how many are new, or planned anew.

    One that exists already stays as it is, unless it was skipped for a ``renewable`` reason before it was ever handed
    over and may be planned now.
    """
    if not rows:
        return 0
    await hold_records(tx, customers.c.id.in_(sorted({row["customer_id"] for row in rows})))
    insert = tx.insert(deliveries)
    if renewable:
        again = (
            deliveries.c.state == "skipped",
            or_(*(deliveries.c.reason == reason for reason in renewable)),
            deliveries.c.queued_at.is_(None),
            insert.excluded.state == "planned",
        )
        renewed = {name: insert.excluded[name] for name in _ROW} | {"held": None}
        insert = insert.on_conflict_do_update(index_elements=_UNIQUE, set_=renewed, where=and_(*again))
    else:
        insert = insert.on_conflict_do_nothing(index_elements=_UNIQUE)
    return len((await tx.execute(insert.returning(deliveries.c.id), list(rows))).all())


async def end_of_slice(tx: Tx, *, after_id: int, until_id: int | None, size: int) -> int | None:
    """Return the id of the last of the ``size`` customers after one, no later than another; ``None`` without any."""
    ids = select(customers.c.id).where(customers.c.id > after_id)
    if until_id is not None:
        ids = ids.where(customers.c.id <= until_id)
    part = ids.order_by(customers.c.id).limit(size).subquery()
    last = (await tx.execute(select(func.max(part.c.id)))).scalar_one()
    return int(last) if last is not None else None


async def has_open(tx: Tx, campaign: str) -> bool:
    """Return whether any of a campaign's rows is planned, on its way, or of unknown delivery."""
    his = deliveries.c.campaign == campaign
    on_way = deliveries.c.state.in_(["queued", "sending", "unknown"])
    for open_ in (_PLANNED, and_(_LEFT, on_way)):
        found = select(deliveries.c.id).where(his, open_).limit(1)
        if (await tx.execute(found)).first() is not None:
            return True
    return False
