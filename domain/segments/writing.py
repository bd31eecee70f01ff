"""Writing a segment down in one way, so that reading it gives the same tree."""

import re
from datetime import date
from decimal import Decimal

from domain.segments.grammar import KEYWORDS
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
    Segment,
    Span,
    Value,
    Within,
)

_WORD = re.compile(r"[^\W\d][\w/-]*")


def format_segment(segment: Segment) -> str:
    """Return the expression of a segment in its canonical form: small letters, no needless brackets or quotes."""
    return _node(segment.root)


def _node(node: Node) -> str:
    if isinstance(node, Either):
        return " or ".join(_node(part) for part in node.parts)
    if isinstance(node, Both):
        return " and ".join(_bracketed(part, Either) for part in node.parts)
    if isinstance(node, Not):
        return f"not {_bracketed(node.part, (Both, Either))}"
    return _condition(node)


def _bracketed(node: Node, kinds: type | tuple[type, ...]) -> str:
    return f"({_node(node)})" if isinstance(node, kinds) else _node(node)


def _condition(node: Node) -> str:
    if isinstance(node, Named):
        return f"segment({_quoted(node.name)})"
    assert not isinstance(node, (Both, Either, Not))
    asked = field_name(node.field)
    if isinstance(node, Compare):
        return f"{asked} {node.op.value} {value_text(node.value)}"
    if isinstance(node, OneOf):
        return f"{asked} in ({', '.join(value_text(value) for value in node.values)})"
    if isinstance(node, Contains):
        return f"{asked} contains {value_text(node.text)}"
    if isinstance(node, Within):
        return f"{asked} in {value_text(node.span)}"
    if isinstance(node, Known):
        return f"{asked} is {'known' if node.known else 'unknown'}"
    assert isinstance(node, Flag)
    return asked


def field_name(asked: Field) -> str:
    """Return a field as it is written."""
    part = f".{asked.key}" if asked.key else ""
    window = f"({value_text(asked.window)})" if asked.window else ""
    return f"{asked.name}{part}{window}"


def value_text(value: Value) -> str:
    """Return a value as it is written."""
    if isinstance(value, Span):
        return f"{value.count}{value.unit.value}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return value if _WORD.fullmatch(value) and value.lower() not in KEYWORDS else _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
