"""Segments in SQL: one statement for who is meant, every value a bound parameter.

What is not known matches nothing; ``not`` matches everybody whom its part does not match. Records that were erased or
merged into another are never members.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from domain.money import minor_per_unit
from domain.people import Birthday
from domain.segments import Segment, Vocabulary
from domain.segments.moments import (
    AGO,
    Today,
    births_in_months,
    births_within,
    bounds_of,
    day_before,
    instant_before,
    lunar_today,
)
from domain.segments.tree import (
    Both,
    Compare,
    Contains,
    Either,
    Field,
    Flag,
    Known,
    Named,
    Node,
    Not,
    OneOf,
    Op,
    Span,
    Value,
    Within,
)
from domain.segments.vocabulary import Kind
from storage.database import Tx
from storage.segments_sql import CustomValue, Number, ascii_lower, lowered, position
from storage.tables import (
    branches,
    cases,
    consents,
    contact_points,
    customer_tags,
    customers,
    deliveries,
    feedback,
    interactions,
    point_entries,
    point_lots,
    purchases,
    referrals,
    staff_members,
    vouchers,
)

Condition = ColumnElement[bool]
_COMPARE: dict[Op, Callable[[Any, Any], Any]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.LT: lt,
    Op.LE: le,
    Op.GT: gt,
    Op.GE: ge,
}


def members_query(segment: Segment, *, today: Today, vocabulary: Vocabulary) -> Select[tuple[int]]:
    """Return the query of the ids of a segment's members; the names in it were replaced before (``tree.expand``)."""
    living = (customers.c.erased_at.is_(None), customers.c.merged_into.is_(None))
    return select(customers.c.id).where(*living, _Compiler(today, vocabulary).condition(segment.root))


def _of_customer(table: Table, *more: Condition) -> Condition:
    return exists().where(table.c.customer_id == customers.c.id, *more)


def _value_of(value: ColumnElement[Any], table: Table, *more: Condition) -> ColumnElement[Any]:
    return select(value).where(table.c.customer_id == customers.c.id, *more).correlate(customers).scalar_subquery()


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Turns a tree into a condition on ``customers``."""

    today: Today
    vocabulary: Vocabulary

    def condition(self, node: Node, *, sure: bool = False) -> Condition:
        """Return the condition of a node; a ``sure`` one is true or false, where others may also be unknown."""
        if isinstance(node, Both):
            return and_(*(self.condition(part, sure=sure) for part in node.parts))
        if isinstance(node, Either):
            return or_(*(self.condition(part, sure=sure) for part in node.parts))
        if isinstance(node, Not):
            return not_(self.condition(node.part, sure=True))
        found = self._leaf(node)
        return func.coalesce(found, false(), type_=Boolean()) if sure else found

    def _leaf(self, node: Node) -> Condition:
        if isinstance(node, Flag):
            return self._flag(node.field)
        if isinstance(node, Known):
            known = self._known(node.field)
            return known if node.known else not_(known)
        if isinstance(node, Within):
            return _born(births_within(self.today, node.span))
        if isinstance(node, Contains):
            return self._text(node.field, lambda text: position(text, ascii_lower(node.text)) > 0)
        if isinstance(node, OneOf):
            return self._one_of(node)
        if isinstance(node, Named):
            raise ValueError(f"the segment {node.name} was not replaced by what it stands for")
        assert isinstance(node, Compare)
        return self._compare(node)

    # Each kind of field

    def _one_of(self, node: OneOf) -> Condition:
        kind = self.vocabulary.kind(node.field)
        if kind is Kind.TAG:
            return _of_customer(customer_tags, customer_tags.c.tag.in_(node.values))
        if kind in (Kind.NUMBER, Kind.COUNT):
            if node.field.name == "birthday":
                return _born(births_in_months(self.today, {int(self._number(value)) for value in node.values}))
            if node.field.name == "custom":
                return or_(*(self._compare(Compare(node.field, Op.EQ, value)) for value in node.values))
            return self._figure(node.field).in_([self._number(value) for value in node.values])
        if kind is Kind.TEXT:
            wanted = [ascii_lower(str(value)) for value in node.values]
            return self._text(node.field, lambda text: text.in_(wanted))
        return self._choice(node.field).in_(node.values)

    def _compare(self, node: Compare) -> Condition:
        kind, compare = self.vocabulary.kind(node.field), _COMPARE[node.op]
        if kind is Kind.TAG:
            return _of_customer(customer_tags, customer_tags.c.tag == node.value)
        if kind is Kind.TEXT:
            return self._text(node.field, lambda text: compare(text, ascii_lower(str(node.value))))
        if kind is Kind.LEVEL:
            tiers = self.vocabulary.tiers
            at = tiers.index(str(node.value))
            return customers.c.tier.in_([tier for nth, tier in enumerate(tiers) if compare(nth, at)])
        if kind is Kind.CHOICE:
            found: Condition = compare(self._choice(node.field), node.value)
            return found
        if kind is Kind.INSTANT:
            return self._instant(node.field, node.op, node.value)
        if kind is Kind.DAY:
            return self._day(node.field, node.op, node.value)
        return self._compare_number(node.field, node.op, node.value)

    def _compare_number(self, asked: Field, op: Op, value: Value) -> Condition:
        assert isinstance(value, Decimal)
        compare, wanted = _COMPARE[op], self._number(value)
        if asked.name == "birthday":
            return _born(births_in_months(self.today, {month for month in range(1, 13) if compare(month, wanted)}))
        if asked.name == "custom":
            found: Condition = compare(CustomValue(customers.c.custom, str(asked.key), "number"), Number(str(value)))
            return found
        if asked.name == "spent":
            wanted = int(value * minor_per_unit(self.vocabulary.currency))
        found = compare(self._figure(asked), wanted)
        return found

    def _number(self, value: Value) -> int:
        assert isinstance(value, Decimal)
        return int(value)

    def _choice(self, asked: Field) -> ColumnElement[Any]:
        if asked.name == "custom":
            return CustomValue(customers.c.custom, str(asked.key), "text")
        return customers.c[asked.name]

    def _text(self, asked: Field, test: Callable[[ColumnElement[Any]], Any]) -> Condition:
        """Return a test of a text, in which capitals of the Latin alphabet do not count; an empty one is unknown."""
        found: Condition
        if asked.name == "branch":
            found = customers.c.branch_id.in_(select(branches.c.id).where(test(lowered(branches.c.code))))
        elif asked.name == "owner":
            found = customers.c.owner_id.in_(select(staff_members.c.id).where(test(lowered(staff_members.c.name))))
        else:
            found = test(lowered(self._own_text(asked)))
        return found

    def _own_text(self, asked: Field) -> ColumnElement[Any]:
        if asked.name == "custom":
            return CustomValue(customers.c.custom, str(asked.key), "text")
        return func.nullif(customers.c[asked.name], "")

    def _figure(self, asked: Field) -> ColumnElement[Any]:
        """Return a number that is asked of a customer; money in minor units."""
        name = asked.name
        if name == "age":
            return self._age()
        if name == "score":
            newest = select(feedback.c.stars).where(
                feedback.c.customer_id == customers.c.id, feedback.c.stars.is_not(None)
            )
            newest = newest.order_by(feedback.c.at.desc(), feedback.c.id.desc()).limit(1)
            return newest.correlate(customers).scalar_subquery()
        if name == "points":
            return self._points()
        if name == "complaints":
            since = self._since(cases.c.opened_at, asked)
            return _value_of(func.count(), cases, cases.c.kind == "complaint", *since)
        since = self._since(purchases.c.bought_at, asked)
        if name == "purchases":
            return _value_of(func.count(), purchases, _NOT_RETURNED, *since)
        assert name == "spent"
        net = func.coalesce(func.sum(purchases.c.amount_minor - purchases.c.refunded_minor), 0)
        return _value_of(net, purchases, purchases.c.currency == self.vocabulary.currency, *since)

    def _since(self, column: ColumnElement[Any], asked: Field) -> Sequence[Condition]:
        return (column >= instant_before(self.today, asked.window),) if asked.window else ()

    def _points(self) -> ColumnElement[Any]:
        now = self.today.now
        good = or_(point_lots.c.expires_at.is_(None), point_lots.c.expires_at > now)
        open_lots = (point_lots.c.remaining > 0, point_lots.c.available_at <= now, good)
        there = _value_of(func.coalesce(func.sum(point_lots.c.remaining), 0), point_lots, *open_lots)
        owed = func.coalesce(func.sum(point_entries.c.uncovered), 0)
        return there - _value_of(owed, point_entries, point_entries.c.uncovered > 0)

    def _age(self) -> ColumnElement[Any]:
        """Return the years completed, by the calendar of the birthday; unknown without a year."""
        of_year = customers.c.birth_month * 100 + customers.c.birth_day
        ages = []
        for year, month, day in (lunar_today(self.today), _ymd(self.today.date)):
            ahead = case((of_year > month * 100 + day, 1), else_=0)
            ages.append(literal(year) - customers.c.birth_year - ahead)
        return case((customers.c.birth_calendar == "lunar", ages[0]), else_=ages[1])

    def _instant(self, asked: Field, op: Op, value: Value) -> Condition:
        if isinstance(value, Span):
            return self._at(asked.name, AGO[op], instant_before(self.today, value))
        assert isinstance(value, date)
        start, after = bounds_of(value, self.today.zone)
        if op is Op.EQ:
            return and_(self._at(asked.name, Op.GE, start), self._at(asked.name, Op.LT, after))
        if op is Op.NE:
            return or_(self._at(asked.name, Op.LT, start), self._at(asked.name, Op.GE, after))
        return self._at(asked.name, Op.GE if op in (Op.GT, Op.GE) else Op.LT, after if op in (Op.GT, Op.LE) else start)

    def _at(self, name: str, op: Op, at: datetime) -> Condition:
        """Compare the first or last of something with an instant, by asking whether there is any before or after."""
        if name == "joined":
            found: Condition = _COMPARE[op](customers.c.created_at, at)
            return found
        towards = (Op.LT, Op.LE) if name == "first_purchase" else (Op.GT, Op.GE)
        if op in towards:
            return self._any(name, _COMPARE[op], at)
        return and_(self._any(name), not_(self._any(name, _COMPARE[_OPPOSITE[op]], at)))

    def _any(
        self, name: str, compare: Callable[[Any, Any], Any] | None = None, at: datetime | None = None
    ) -> Condition:
        """Return whether there is anything of this kind, or any that stands so to an instant."""

        def holds(column: ColumnElement[Any]) -> Sequence[Condition]:
            return (compare(column, at),) if compare is not None else ()

        if name == "last_contacted":
            queued_at = deliveries.c.queued_at
            return _of_customer(deliveries, queued_at.is_not(None), *holds(queued_at))
        if name != "last_heard":
            return _of_customer(purchases, _NOT_RETURNED, *holds(purchases.c.bought_at))
        heard = interactions.c.direction == "in"
        if compare is None:
            return _of_customer(interactions, heard)
        his = interactions.c.customer_id  # found by time, for all at once: a person's own words may be thousands
        return customers.c.id.in_(select(his).where(heard, his.is_not(None), *holds(interactions.c.at)))

    def _day(self, asked: Field, op: Op, value: Value) -> Condition:
        day = CustomValue(customers.c.custom, str(asked.key), "text")
        if isinstance(value, Span):
            op, value = AGO[op], day_before(self.today.date, value)
        assert isinstance(value, date)
        found: Condition = _COMPARE[op](lowered(day), value.isoformat())
        return found

    def _flag(self, asked: Field) -> Condition:
        now, name = self.today.now, asked.name
        if name == "consent":
            allowed = or_(consents.c.given, consents.c.until_at <= now)
            return _of_customer(consents, consents.c.kind == asked.key, allowed)
        if name == "custom":
            found: Condition = CustomValue(customers.c.custom, str(asked.key), "flag") == literal("true")
            return found
        if name == "open_case":
            return _of_customer(cases, cases.c.closed_at.is_(None), cases.c.state != "resolved")
        if name == "reachable":
            return _of_customer(contact_points, contact_points.c.reach == "reachable")
        if name == "voucher":
            return _of_customer(vouchers, vouchers.c.state == "issued", vouchers.c.expires_at > now)
        if name == "referred":
            return exists().where(referrals.c.referred_id == customers.c.id)
        assert name == "lost"
        return customers.c.lost_at.is_not(None)

    def _known(self, asked: Field) -> Condition:
        kind, name = self.vocabulary.kind(asked), asked.name
        if name == "custom":
            form = {Kind.NUMBER: "number", Kind.FLAG: "flag"}.get(kind, "text")
            return CustomValue(customers.c.custom, str(asked.key), form).is_not(None)
        if name == "consent":
            return _of_customer(consents, consents.c.kind == asked.key)
        if kind is Kind.TAG:
            return _of_customer(customer_tags)
        if kind is Kind.LEVEL:
            return customers.c.tier.in_(self.vocabulary.tiers)
        if kind is Kind.INSTANT:
            return true() if name == "joined" else self._any(name)
        if name in _KNOWN_BY:
            return customers.c[_KNOWN_BY[name]].is_not(None)
        if kind is Kind.TEXT:
            return self._own_text(asked).is_not(None)
        return self._figure(asked).is_not(None) if kind is Kind.NUMBER else true()


_OPPOSITE = {Op.LT: Op.GE, Op.LE: Op.GT, Op.GT: Op.LE, Op.GE: Op.LT}
_KNOWN_BY = {"branch": "branch_id", "owner": "owner_id", "birthday": "birth_month", "lost_reason": "lost_reason"}
_NOT_RETURNED = purchases.c.amount_minor > purchases.c.refunded_minor
_LUNAR, _LEAP = 10_000, 20_000


def _ymd(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _born(births: frozenset[Birthday]) -> Condition:
    """Return whether somebody was born on one of these days of one of the two calendars."""
    lunar = customers.c.birth_calendar == "lunar"
    calendar = case((and_(lunar, customers.c.birth_leap), _LUNAR + _LEAP), (lunar, _LUNAR), else_=0)
    numbers = sorted(
        birth.month * 100 + birth.day + _LUNAR * birth.lunar + _LEAP * (birth.lunar and birth.leap) for birth in births
    )
    # Our own numbers, hundreds of them: written into the statement, whose parameters are limited.
    listed: BindParameter[Any] = bindparam(None, numbers, expanding=True, literal_execute=True, unique=True)
    born: Condition = (customers.c.birth_month * 100 + customers.c.birth_day + calendar).in_(listed)
    return born


async def count_members(tx: Tx, members: Select[tuple[int]]) -> int:
    """Return how many customers a query of members finds."""
    return int((await tx.execute(select(func.count()).select_from(members.subquery()))).scalar_one())


async def sample_members(tx: Tx, members: Select[tuple[int]], *, limit: int) -> list[tuple[int, str]]:
    """Return the ids and names of some members, without order but always the same: by their codes, which are random."""
    statement = members.add_columns(customers.c.name).order_by(customers.c.code).limit(limit)
    return [(row.id, row.name) for row in await tx.execute(statement)]
