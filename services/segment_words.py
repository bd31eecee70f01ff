"""A segment in plain words, in each language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.money import minor_per_unit
from domain.segments import Segment, SegmentError, Vocabulary
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
from domain.segments.vocabulary import WINDOWED, Kind
from services.membership import tier_in_words
from services.work import Work
from texts.days import day_in_words, money_in_words
from texts.figures import decimal_in_words
from texts.months import month_in_words


def explain(work: Work, segment: Segment, language: str) -> str:
    """Return a segment in plain words, such as "customers whose tier is gold and who want offers"."""
    words = _Words(work, language, Vocabulary.of(work.rules))
    return words.say("whole", clause=words.clause(segment.root))


def explain_error(work: Work, error: SegmentError, language: str) -> str:
    """Return what is wrong with an expression, and where, in one line."""
    problem = work.texts.button(f"segments.error.{error.key}", language, **error.values)
    line = work.texts.button("segments.error.at", language, column=error.place.column, problem=problem)
    if error.suggestion is None:
        return line
    return work.texts.button("segments.error.meant", language, line=line, suggestion=error.suggestion)


_OPS = {Op.EQ: "eq", Op.NE: "ne", Op.LT: "lt", Op.LE: "le", Op.GT: "gt", Op.GE: "ge"}
_EVER = {
    "first_purchase": "purchase",
    "last_purchase": "purchase",
    "last_heard": "heard",
    "last_contacted": "contacted",
}


@dataclass(frozen=True, slots=True)
class _Words:
    work: Work
    language: str
    vocabulary: Vocabulary

    def say(self, key: str, **values: object) -> str:
        return self.work.texts.button(f"segments.{key}", self.language, **values)

    # The shape

    def clause(self, node: Node) -> str:
        if isinstance(node, Both):
            return self._joined("and", [self._part(part, Either) for part in node.parts])
        if isinstance(node, Either):
            return self._joined("or", [self._part(part, Both) for part in node.parts])
        if isinstance(node, Not):
            return self._opposite(node.part)
        return self._condition(node)

    def _part(self, node: Node, bracketed: type) -> str:
        clause = self.clause(node)
        return self.say("group", clause=clause) if isinstance(node, bracketed) else clause

    def _joined(self, word: str, parts: Sequence[str], *, between: str = "comma") -> str:
        if len(parts) == 1:
            return parts[0]
        return self.say(word, before=self.say(between).join(parts[:-1]), last=parts[-1])

    def _opposite(self, node: Node) -> str:
        if isinstance(node, Flag):
            return self._flag(node.field, "no")
        if isinstance(node, Known):
            return self._known(node.field, not node.known)
        if isinstance(node, (Compare, OneOf)) and self._kind(node.field) is Kind.TAG:
            return self.say("untagged", value=self._values(node.field, _values_of(node)))
        return self.say("not", clause=self.clause(node))

    # One condition

    def _kind(self, asked: Field) -> Kind:
        return self.vocabulary.kind(asked)

    def _condition(self, node: Node) -> str:
        if isinstance(node, Named):
            return self.say("named", name=node.name)
        if isinstance(node, Flag):
            return self._flag(node.field, "yes")
        if isinstance(node, Known):
            return self._known(node.field, node.known)
        if isinstance(node, Within):
            return self.say("birthday", span=self._span(node.span)) if node.span.count else self.say("birthday_today")
        if isinstance(node, Contains):
            return self.say("is.contains", field=self._field(node.field), value=node.text)
        assert isinstance(node, (Compare, OneOf))
        op = "eq" if isinstance(node, OneOf) else _OPS[node.op]
        if self._kind(node.field) is Kind.TAG:
            return self.say("tagged", value=self._values(node.field, _values_of(node)))
        if isinstance(node, Compare) and self._kind(node.field) in (Kind.INSTANT, Kind.DAY):
            return self._moment(node.field, op, node.value)
        values = self._values(node.field, _values_of(node))
        if node.field.name == "birthday" and op == "eq":
            return self.say("birthday_month", month=values)
        return self.say(f"is.{op}", field=self._field(node.field), value=values)

    def _flag(self, asked: Field, answer: str) -> str:
        if asked.name == "custom":
            return self.say(f"{answer}.custom", field=self._field(asked))
        name = f"consent_{asked.key}" if asked.name == "consent" else asked.name
        return self.say(f"{answer}.{name}")

    def _known(self, asked: Field, known: bool) -> str:
        if asked.name in _EVER:
            return self.say(f"{'ever' if known else 'never'}.{_EVER[asked.name]}")
        if asked.name == "tag":
            return self.say("any_tag" if known else "no_tag")
        return self.say("known" if known else "unknown", field=self._field(asked))

    def _moment(self, asked: Field, op: str, value: Value) -> str:
        did = self._field(asked) if asked.name == "custom" else None
        what = self.say("did.custom", field=did) if did else self.say(f"did.{asked.name}")
        if isinstance(value, Span):
            return self.say(f"ago.{op}", did=what, span=self._span(value))
        assert isinstance(value, date)
        return self.say(f"on.{op}", did=what, day=day_in_words(value, self.language, today=date.min))

    # Words

    def _field(self, asked: Field) -> str:
        if asked.name == "custom":
            labels = self.vocabulary.custom[str(asked.key)].labels
            return labels.get(self.language) or labels.get("en") or str(asked.key)
        part = f"_{asked.key}" if asked.key else ""
        name = self.say(f"field.{asked.name}{part}")
        if asked.name in WINDOWED and asked.window:
            return self.say("in_window", field=name, span=self._span(asked.window))
        return name

    def _span(self, span: Span) -> str:
        return self.say(f"span.{span.unit.value}", count=span.count)

    def _values(self, asked: Field, values: Sequence[Value]) -> str:
        return self._joined("or_value", [self._value(asked, value) for value in values], between="comma_value")

    def _value(self, asked: Field, value: Value) -> str:
        kind = self._kind(asked)
        if isinstance(value, Decimal):
            if asked.name == "birthday":
                return month_in_words(date(2000, int(value), 1), self.language)
            return self._money(value) if kind is Kind.MONEY else decimal_in_words(value, self.language)
        if asked.name == "tier":
            return tier_in_words(self.work, str(value), self.language)
        if asked.name == "language":
            return self.work.texts.button(f"language.{value}", str(value))
        if asked.name == "lost_reason":
            return self.say(f"lost.{value}")
        return self.say("quoted", value=value)

    def _money(self, units: Decimal) -> str:
        currency = self.vocabulary.currency
        return money_in_words(int(units * minor_per_unit(currency)), currency, self.language)


def _values_of(node: Compare | OneOf) -> tuple[Value, ...]:
    return node.values if isinstance(node, OneOf) else (node.value,)
