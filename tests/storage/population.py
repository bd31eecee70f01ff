"""A small town whose people are known twice: as rows of the database, and as plain values for an independent judge.

The judge evaluates a segment for one person in plain Python, by other means than the SQL: local dates are compared
as dates, birthdays are looked for day by day.
"""

import calendar
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import LeapDayPolicy, is_kept_on
from domain.lunar import lunar_day_of
from domain.people import Birthday
from domain.segments import Segment
from domain.segments.tree import (
    Both,
    Compare,
    Contains,
    Either,
    Field,
    Flag,
    Known,
    Node,
    Not,
    OneOf,
    Op,
    Span,
    Unit,
    Value,
    Within,
)
from storage import tables
from storage.database import Tx
from tests.segments import SPANS, TEXTS, VOCABULARY

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TODAY = NOW.astimezone(ZONE).date()


@dataclass
class Facts:
    """What is known of one person."""

    id: int = 0
    name: str = ""
    phone: str | None = None
    language: str = "en"
    zone: str | None = None
    branch: str | None = None
    source: str | None = None
    owner: str | None = None
    tags: set[str] = field(default_factory=set)
    tier: str = "new"
    lots: list[tuple[int, datetime | None, datetime | None]] = field(default_factory=list)
    owed: int = 0
    purchases: list[tuple[datetime, int, int, str]] = field(default_factory=list)
    cases: list[tuple[str, str, datetime, bool]] = field(default_factory=list)
    said: list[tuple[str, datetime]] = field(default_factory=list)
    contacted: list[datetime] = field(default_factory=list)
    joined: datetime = NOW
    birthday: Birthday | None = None
    stars: list[tuple[datetime, int | None]] = field(default_factory=list)
    consents: dict[str, tuple[bool, datetime | None]] = field(default_factory=dict)
    reach: str | None = None
    vouchers: list[tuple[str, datetime]] = field(default_factory=list)
    referred: bool = False
    lost: bool = False
    lost_reason: str | None = None
    custom: dict[str, Any] | None = None
    erased: bool = False
    merged: bool = False


def make_people(count: int) -> list[Facts]:
    """Return people of every kind, the same ones every time; instants lie on the edges that spans and days have."""
    dice = random.Random(7)
    edges: list[datetime] = [NOW - timedelta(days=days) for days in (0, 30, 420)] + [
        _moment(span, True) for span in SPANS
    ]
    edges += [edge + timedelta(milliseconds=shift) for edge in edges for shift in (-1, 1)]
    midnights = [datetime(2026, 11, 21, 23, 0, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)]
    edges += [midnight + timedelta(milliseconds=shift) for midnight in midnights for shift in (-1, 0, 1)]

    def some(make: Any, most: int = 3) -> list[Any]:
        return [make() for _ in range(dice.randrange(most + 1))]

    def at() -> datetime:
        return dice.choice(edges)

    def maybe(*values: Any) -> Any:
        return dice.choice((None, *values))

    def born() -> Birthday | None:
        if dice.random() < 0.2:
            return None
        lunar = dice.random() < 0.5
        near = TODAY + timedelta(days=dice.choice((-1, 0, 1, 6, 7, 8, 30, 31, 100, 200)))
        month, day = (lunar_day_of(near).month, lunar_day_of(near).day) if lunar else (near.month, near.day)
        if dice.random() < 0.1:
            month, day = (10, 30) if lunar else (2, 29)
        return Birthday(month, day, maybe(1990, 2008), lunar, lunar and dice.random() < 0.3)

    def own() -> dict[str, Any] | None:
        values = {
            "shoe": maybe(36, 36.5, 0.1, "36"),
            "allergy": maybe(*TEXTS),
            "wedding": maybe("2026-11-22", "2026-10-23", "2025-11-21", 5),
            "club": maybe(True, False, "yes"),
            "seat": maybe("window", "aisle"),
        }
        known = {key: value for key, value in values.items() if value is not None}
        return known if dice.random() < 0.7 else None

    return [
        Facts(
            name=dice.choice(TEXTS),
            phone=maybe("+8613800138000"),
            language=dice.choice(VOCABULARY.languages),
            zone=maybe("Asia/Shanghai"),
            branch=maybe("main", "ANN"),
            source=maybe("s-door", "50%"),
            owner=maybe("Ann", "王小明"),
            tags=set(some(lambda: dice.choice(("vip", "小", "and")))),
            tier=dice.choice((*VOCABULARY.tiers, "platinum")),
            lots=some(lambda: (dice.choice((1, 2, 5, 100)), maybe(at(), NOW + timedelta(days=1)), maybe(at(), NOW))),
            owed=dice.choice((0, 0, 0, 3)),
            purchases=some(lambda: (at(), *dice.choice(((10001, 0), (9999, 0), (500, 500))), maybe("USD") or "CNY")),
            cases=some(lambda: (*dice.choice(_CASES), at(), False), 2),
            said=some(lambda: (dice.choice(("in", "out")), at())),
            contacted=some(at, 2),
            joined=at(),
            birthday=born(),
            stars=some(lambda: (at(), maybe(1, 3, 5))),
            consents={
                kind: (dice.random() < 0.5, maybe(NOW, NOW + timedelta(days=1))) for kind in some(_consent(dice))
            },
            reach=maybe("reachable", "blocked"),
            vouchers=some(lambda: (dice.choice(("issued", "used")), dice.choice((NOW, NOW + timedelta(1)))), 2),
            referred=dice.random() < 0.3,
            lost=dice.random() < 0.3,
            lost_reason=maybe("price", "service"),
            custom=own(),
            erased=dice.random() < 0.05,
            merged=dice.random() < 0.05,
        )
        for _ in range(count)
    ]


_CASES = (("complaint", "new"), ("complaint", "closed"), ("question", "resolved"), ("question", "open"))


def _consent(dice: random.Random) -> Any:
    return lambda: dice.choice(("care", "offers", "points"))


class Judge:
    """Says for one person whether a segment means them."""

    def __init__(self, person: Facts) -> None:
        self.person = person

    def is_member(self, segment: Segment) -> bool:
        """Return whether the segment means this person."""
        return not (self.person.erased or self.person.merged) and self._holds(segment.root)

    def _holds(self, node: Node) -> bool:
        if isinstance(node, Both):
            return all(self._holds(part) for part in node.parts)
        if isinstance(node, Either):
            return any(self._holds(part) for part in node.parts)
        if isinstance(node, Not):
            return not self._holds(node.part)
        assert isinstance(node, (Compare, OneOf, Contains, Within, Known, Flag))
        found = self._value(node.field)
        if isinstance(node, Known):
            return (found not in (None, set())) is node.known
        if isinstance(node, Flag):
            return bool(found == "yes")
        if found is None:
            return False
        if isinstance(node, Contains):
            return _small(node.text) in _small(found)
        if isinstance(node, Within):
            return _is_kept(found, _coming(node.span))
        if isinstance(node, OneOf):
            return any(self._compare(node.field, found, Op.EQ, value) for value in node.values)
        return self._compare(node.field, found, node.op, node.value)

    def _compare(self, asked: Field, found: Any, op: Op, value: Value) -> bool:
        if asked.name == "tag":
            return bool(value in found)
        if asked.name == "birthday":
            months = {month for month in range(1, 13) if _is(Decimal(month), op, value)}
            days = (date(TODAY.year, 1, 1) + timedelta(days=nth) for nth in range(365))
            return _is_kept(found, tuple(day for day in days if day.month in months))
        if asked.name == "tier":
            tiers = VOCABULARY.tiers
            return found in tiers and _is(tiers.index(found), op, tiers.index(str(value)))
        if isinstance(value, Span):
            return _is(_moment(value, isinstance(found, datetime)), op, found)
        if isinstance(found, datetime):
            return _is(found.astimezone(ZONE).date(), op, value)
        if isinstance(found, str):
            return _is(_small(found), op, _small(str(value)))
        return _is(found, op, value)

    def _value(self, asked: Field) -> Any:
        """Return what is known: ``None`` for nothing, "yes" or "no" for a flag."""
        him = self.person
        if asked.name == "custom":
            return _own_value(str(asked.key), (him.custom or {}).get(str(asked.key)))
        if asked.name == "consent":
            answer = him.consents.get(str(asked.key))
            return answer and _yes(answer[0] or (answer[1] is not None and answer[1] <= NOW))
        if asked.name in ("spent", "purchases", "complaints"):
            return self._counted(asked)
        if asked.name in ("first_purchase", "last_purchase"):
            bought = [at for at, amount, back, _ in him.purchases if amount > back]
            return (min if asked.name == "first_purchase" else max)(bought, default=None)
        simple = {
            "name": him.name or None,
            "birthday": him.birthday,
            "points": self._points(),
            "last_heard": max((at for way, at in him.said if way == "in"), default=None),
            "last_contacted": max(him.contacted, default=None),
            "age": _age(him.birthday),
            "score": next((stars for _, _, stars in sorted(self._starred(), reverse=True)), None),
            "open_case": _yes(any(state in ("new", "open") for _, state, _, _ in him.cases)),
            "reachable": _yes(him.reach == "reachable"),
            "voucher": _yes(any(state == "issued" and until > NOW for state, until in him.vouchers)),
            "referred": _yes(him.referred),
            "lost": _yes(him.lost),
            "tag": him.tags,
            "tier": him.tier if him.tier in VOCABULARY.tiers else None,
        }
        return simple[asked.name] if asked.name in simple else getattr(him, asked.name)

    def _starred(self) -> list[tuple[datetime, int, int]]:
        return [(at, nth, stars) for nth, (at, stars) in enumerate(self.person.stars) if stars is not None]

    def _points(self) -> int:
        good = (n for n, since, until in self.person.lots if since and since <= NOW and (not until or until > NOW))
        return sum(good) - self.person.owed

    def _counted(self, asked: Field) -> Any:
        since = _moment(asked.window, True) if asked.window else datetime.min.replace(tzinfo=UTC)
        if asked.name == "complaints":
            return sum(1 for kind, _, at, _ in self.person.cases if kind == "complaint" and at >= since)
        bought = [one for one in self.person.purchases if one[0] >= since]
        if asked.name == "purchases":
            return sum(1 for _, amount, back, _ in bought if amount > back)
        return Decimal(sum(amount - back for _, amount, back, currency in bought if currency == "CNY")) / 100


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _small(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _is(found: Any, op: Op, value: Any) -> bool:
    answers: dict[Op, bool] = {
        Op.EQ: found == value,
        Op.NE: found != value,
        Op.LT: found < value,
        Op.LE: found <= value,
        Op.GT: found > value,
        Op.GE: found >= value,
    }
    return answers[op]


def _moment(span: Span, exact: bool) -> Any:
    """Return the day, or the ``exact`` instant, a span ago, at the same time by the clocks of the town."""
    days = {Unit.DAYS: span.count, Unit.WEEKS: 7 * span.count}.get(span.unit)
    day = TODAY - timedelta(days=days) if days is not None else TODAY
    for _ in range(span.count * {Unit.MONTHS: 1, Unit.YEARS: 12}.get(span.unit, 0)):
        first = day.replace(day=1) - timedelta(days=1)
        day = first.replace(day=min(TODAY.day, calendar.monthrange(first.year, first.month)[1]))
    clock = NOW.astimezone(ZONE).time()
    return datetime.combine(day, clock, ZONE).astimezone(UTC) if exact else day


@cache
def _is_kept(birthday: Birthday, days: tuple[date, ...]) -> bool:
    return any(is_kept_on(birthday, day, LeapDayPolicy.FEB_28) for day in days)


def _coming(span: Span) -> tuple[date, ...]:
    last = TODAY
    if span.unit in (Unit.DAYS, Unit.WEEKS):
        last += timedelta(days=span.count * (7 if span.unit is Unit.WEEKS else 1))
    else:
        months = TODAY.month - 1 + span.count * (12 if span.unit is Unit.YEARS else 1)
        last = date(TODAY.year + months // 12, months % 12 + 1, TODAY.day)
    return tuple(TODAY + timedelta(days=nth) for nth in range(min(385, (last - TODAY).days) + 1))


def _age(birthday: Birthday | None) -> int | None:
    if birthday is None or birthday.year is None:
        return None
    lunar = lunar_day_of(TODAY)
    year, month, day = (lunar.year, lunar.month, lunar.day) if birthday.lunar else (TODAY.year, TODAY.month, TODAY.day)
    return year - birthday.year - ((birthday.month, birthday.day) > (month, day))


def _own_value(key: str, value: Any) -> Any:
    """Return a value of an own field, if it is of the kind that the field is declared as."""
    if key == "club":
        return _yes(value) if isinstance(value, bool) else None
    if key == "shoe":
        return Decimal(str(value)) if isinstance(value, (int, float)) else None
    if not isinstance(value, str):
        return None
    return date.fromisoformat(value) if key == "wedding" else value


async def settle(tx: Tx, people: list[Facts]) -> None:
    """Write these people into the database."""
    for code in ("main", "ANN"):
        await tx.execute(tables.branches.insert().values(code=code, name=code))
    for nth, name in enumerate(("Ann", "王小明")):
        await tx.execute(tables.staff_members.insert().values(user_id=nth, name=name, role="agent"))
    reward = {"key": "tea", "price_points": 1, "voucher_days": 1, "texts": {}}
    await tx.execute(tables.rewards.insert().values(**reward))
    first = await _insert(tx, tables.customers, name="Zoe", language="en", code="first", created_at=NOW, erased_at=NOW)
    for nth, him in enumerate(people):
        him.id = await _settle_one(tx, nth, him, first)


async def _insert(tx: Tx, table: Any, **values: Any) -> int:
    done = await tx.execute(table.insert().values(**values))
    key = done.inserted_primary_key
    return int(key[0]) if key and isinstance(key[0], int) else 0


async def _settle_one(tx: Tx, nth: int, him: Facts, first: int) -> int:
    born = him.birthday or Birthday(0, 0)
    his = await _insert(
        tx,
        tables.customers,
        code=f"c{nth}",
        name=him.name,
        phone=him.phone,
        language=him.language,
        zone=him.zone,
        branch_id={None: None, "main": 1, "ANN": 2}[him.branch],
        source=him.source,
        owner_id={None: None, "Ann": 1, "王小明": 2}[him.owner],
        tier=him.tier,
        created_at=him.joined,
        birth_month=born.month or None,
        birth_day=born.day or None,
        birth_year=born.year,
        birth_calendar="lunar" if born.lunar else "solar",
        birth_leap=born.leap,
        custom=him.custom,
        lost_at=NOW if him.lost else None,
        lost_reason=him.lost_reason,
        erased_at=NOW if him.erased else None,
        merged_into=first if him.merged else None,
    )
    one = {"customer_id": his}
    for tag in him.tags:
        await _insert(tx, tables.customer_tags, **one, tag=tag, at=NOW)
    for kind, (given, until) in him.consents.items():
        answer = {"kind": kind, "given": given, "until_at": until}
        await _insert(tx, tables.consents, **one, **answer, notice_version=1, changed_at=NOW)
    if him.reach:
        await _insert(tx, tables.contact_points, **one, bot_id=1, chat_id=nth, reach=him.reach, reach_since_at=NOW)
    await _settle_points(tx, nth, him, his)
    for number, (at, amount, back, currency) in enumerate(him.purchases):
        sale = {"bought_at": at, "amount_minor": amount, "refunded_minor": back, "currency": currency}
        await _insert(tx, tables.purchases, **one, **sale, source_key=f"{nth}-{number}", noted_at=NOW)
    await _settle_speech(tx, nth, him, his)
    if him.referred:
        await _insert(tx, tables.referrals, referrer_id=first, referred_id=his, at=NOW)
    return his


async def _settle_points(tx: Tx, nth: int, him: Facts, his: int) -> None:
    one = {"customer_id": his}
    booked = {"kind": "earn", "points": 1, "at": NOW, "actor_kind": "system", "uncovered": him.owed}
    entry = await _insert(tx, tables.point_entries, **one, **booked, source_key=f"e{nth}")
    for points, since, until in him.lots:
        lot = {"points": points, "remaining": points, "available_at": since, "expires_at": until}
        await _insert(tx, tables.point_lots, **one, **lot, entry_id=entry)
    for number, (state, until) in enumerate(him.vouchers):
        issued = {"code": f"v{nth}-{number}", "state": state, "issued_at": NOW, "expires_at": until}
        await _insert(tx, tables.vouchers, **one, **issued, reward_id=1, entry_id=entry, points=1)


async def _settle_speech(tx: Tx, nth: int, him: Facts, his: int) -> None:
    one = {"customer_id": his}
    for number, (kind, state, at, _) in enumerate(him.cases):
        closed = NOW if state == "closed" else None
        opened = {"number": nth * 10 + number, "kind": kind, "state": state, "opened_at": at, "closed_at": closed}
        await _insert(tx, tables.cases, **one, **opened)
    for way, at in him.said:
        words = {"author_kind": "customer", "direction": way, "visibility": "customer", "kind": "text"}
        await _insert(tx, tables.interactions, **one, **words, at=at, bot_id=1)
    for number, at in enumerate(him.contacted):
        planned = {"campaign": "x", "occasion": str(number), "occasion_on": "", "zone": "", "state": "sent"}
        when = dict.fromkeys(("due_at", "late_after_at", "planned_at", "queued_at"), at)
        await _insert(tx, tables.deliveries, **one, **planned, **when)
    for at, stars in him.stars:
        await _insert(tx, tables.feedback, **one, at=at, kind="rating", stars=stars)
