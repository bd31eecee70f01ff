"""Segments made at random, for tests: every field with every comparison it knows, with values that people have."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from domain.loyalty import CustomField, FieldKind
from domain.segments import Segment, Vocabulary
from domain.segments.reading import DEEPEST, MOST_CONDITIONS
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
    both,
    depth,
    either,
    walk,
)
from domain.segments.vocabulary import COMPARED, LISTED, WINDOWED, Kind

CUSTOM = {
    "shoe": CustomField("shoe", FieldKind.NUMBER),
    "allergy": CustomField("allergy", FieldKind.TEXT),
    "wedding": CustomField("wedding", FieldKind.DATE),
    "club": CustomField("club", FieldKind.YES_NO),
    "seat": CustomField("seat", FieldKind.CHOICE, choices=("window", "aisle")),
}
VOCABULARY = Vocabulary(custom=CUSTOM)

TEXTS = (
    "Ann",
    "ann",
    "王小明",
    "小",
    "",
    "nn",
    "O'Neil",
    'say "hi"',
    "50%",
    "a_b",
    "and",
    "main",
    "vip",
    "s-door",
    "\\",
)
SPANS = tuple(Span(count, unit) for count in (0, 1, 7, 30) for unit in Unit)
DAYS = (
    date(2026, 11, 22),
    date(2026, 11, 21),
    date(2026, 10, 23),
    date(2025, 11, 22),
    date(2026, 3, 29),
    date(1, 1, 1),
)
NUMBERS = tuple(Decimal(number) for number in (0, 1, 2, 3, 5, 18, 36, 100, 1000, -1))


def fields() -> st.SearchStrategy[Field]:
    """Return every field, with its parts and windows."""
    split = (name.partition(".") for name in VOCABULARY.names())
    named = [Field(name, key or None) for name, _, key in split]
    windows = [Field(field.name, None, span) for field in named if field.name in WINDOWED for span in SPANS]
    return st.sampled_from([*named, *windows])


def _value(asked: Field) -> st.SearchStrategy[Value]:
    kind = VOCABULARY.kind(asked)
    if asked.name == "birthday":
        return st.integers(1, 12).map(Decimal)
    if kind in (Kind.NUMBER, Kind.COUNT, Kind.MONEY):
        fractions = (Decimal("36.5"), Decimal("0.1")) if asked.name == "custom" else ()
        cents = (Decimal("99.99"), Decimal("100.01")) if kind is Kind.MONEY else ()
        return st.sampled_from([*NUMBERS, *fractions, *cents])
    if kind in (Kind.CHOICE, Kind.LEVEL):
        return st.sampled_from(VOCABULARY.choices(asked))
    if kind in (Kind.INSTANT, Kind.DAY):
        return st.sampled_from(DAYS)
    return st.sampled_from([text for text in TEXTS if kind is not Kind.TAG or text in ("vip", "小", "and")])


@st.composite
def _conditions(draw: st.DrawFn) -> Node:
    asked = draw(fields())
    kind = VOCABULARY.kind(asked)
    made: list[st.SearchStrategy[Node]] = [st.booleans().map(lambda known: Known(asked, known))]
    if kind is Kind.FLAG:
        made += [st.just(Flag(asked))] * 3
    if COMPARED[kind]:
        made += [st.builds(Compare, st.just(asked), st.sampled_from(COMPARED[kind]), _value(asked))] * 3
    if kind in LISTED:
        values = st.lists(_value(asked), min_size=1, max_size=3, unique=True).map(tuple)
        made.append(st.builds(OneOf, st.just(asked), values))
    if kind in (Kind.INSTANT, Kind.DAY):
        ago = st.sampled_from((Op.LT, Op.LE, Op.GT, Op.GE))
        made += [st.builds(Compare, st.just(asked), ago, st.sampled_from(SPANS))] * 3
    if kind is Kind.TEXT:
        made.append(st.builds(Contains, st.just(asked), st.sampled_from(TEXTS)))
    if kind is Kind.BIRTHDAY:
        made += [st.builds(Within, st.just(asked), st.sampled_from(SPANS))] * 3
    return draw(st.one_of(made))


def _nested(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(inner.map(Not), several.map(lambda parts: both(*parts)), several.map(lambda parts: either(*parts)))


def _is_small(node: Node) -> bool:
    conditions = sum(1 for one in walk(node) if not isinstance(one, (Both, Either, Not)))
    return depth(node) <= DEEPEST and conditions <= MOST_CONDITIONS


def made_segments() -> st.SearchStrategy[Segment]:
    """Return segments of every shape within the bounds of what may be written."""
    return st.recursive(_conditions(), _nested, max_leaves=10).filter(_is_small).map(Segment)


def edge_segments() -> list[Segment]:
    """Return every comparison of every field with an order, against every value at which somebody may stand."""
    split = (name.partition(".") for name in VOCABULARY.names())
    asked = [Field(name, key or None) for name, _, key in split]
    asked += [Field(name, None, Span(7, Unit.DAYS)) for name in sorted(WINDOWED)]
    days: list[Value] = [*DAYS[:3], *(span for span in SPANS if span.count in (0, 7) and span.unit is not Unit.WEEKS)]
    return [
        Segment(Compare(field, op, value))
        for field in asked
        for op in COMPARED[VOCABULARY.kind(field)]
        for value in _edges(field, days)
        if not (isinstance(value, Span) and op in (Op.EQ, Op.NE))
    ]


def _edges(asked: Field, days: list[Value]) -> list[Value]:
    kind = VOCABULARY.kind(asked)
    if kind in (Kind.INSTANT, Kind.DAY):
        return days
    if kind in (Kind.CHOICE, Kind.LEVEL):
        return list(VOCABULARY.choices(asked)[:3])
    if asked.name == "birthday":
        return [Decimal(2), Decimal(11)]
    if kind in (Kind.NUMBER, Kind.COUNT, Kind.MONEY):
        return [Decimal(0), Decimal(2), Decimal("100.01") if kind is Kind.MONEY else Decimal(36)]
    return []
