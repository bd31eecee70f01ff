"""A segment as a tree of plain values. Equal trees mean the same, however they were written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    """What a span is counted in; months and years are those of the calendar."""

    DAYS = "d"
    WEEKS = "w"
    MONTHS = "m"
    YEARS = "y"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time back from now, such as ``60d``."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Field:
    """What is asked of a customer: a name, of some fields which part of it, of some in which window."""

    name: str
    key: str | None = None
    window: Span | None = None


class Op(StrEnum):
    """How a value is compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


Value = str | Decimal | date | Span


@dataclass(frozen=True, slots=True)
class Compare:
    """A field compared with one value."""

    field: Field
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that is one of several values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A text in which another stands."""

    field: Field
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """A day of the year that comes within a span from today on; today counts."""

    field: Field
    span: Span


@dataclass(frozen=True, slots=True)
class Known:
    """Whether anything is known of a field."""

    field: Field
    known: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes."""

    field: Field


@dataclass(frozen=True, slots=True)
class Named:
    """Another segment, by the name under which it is saved."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite: everybody whom ``part`` does not match."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Both:
    """All of two or more parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of two or more parts."""

    parts: tuple["Node", ...]


Condition = Compare | OneOf | Contains | Within | Known | Flag | Named
Node = Condition | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Segment:
    """A whole rule."""

    root: Node

    @property
    def names(self) -> frozenset[str]:
        """The other segments it refers to."""
        return frozenset(node.name for node in walk(self.root) if isinstance(node, Named))


def both(*parts: Node) -> Node:
    """Return all of these at once, without brackets that mean nothing."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Both) else (part,)))
    return flat[0] if len(flat) == 1 else Both(flat)


def either(*parts: Node) -> Node:
    """Return at least one of these, without brackets that mean nothing."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,)))
    return flat[0] if len(flat) == 1 else Either(flat)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything under it."""
    yield node
    if isinstance(node, (Both, Either)):
        for part in node.parts:
            yield from walk(part)
    elif isinstance(node, Not):
        yield from walk(node.part)


def depth(node: Node) -> int:
    """Return how deep not, and and or are nested."""
    if isinstance(node, (Both, Either)):
        return 1 + max(depth(part) for part in node.parts)
    return 1 + depth(node.part) if isinstance(node, Not) else 0


def expand(segment: Segment, named: dict[str, Segment]) -> Segment:
    """Return the segment with each name in it replaced by what it stands for, already expanded."""

    def put(node: Node) -> Node:
        if isinstance(node, Named):
            return named[node.name].root
        if isinstance(node, Not):
            return Not(put(node.part))
        if isinstance(node, Both):
            return both(*(put(part) for part in node.parts))
        if isinstance(node, Either):
            return either(*(put(part) for part in node.parts))
        return node

    return Segment(put(segment.root))
