"""Reading an expression: from text to a tree that is known to make sense."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken
from lark.exceptions import VisitError

from domain.records import tag_of
from domain.segments.errors import Place, SegmentError
from domain.segments.grammar import EXPRESSION_LETTERS, KEYWORDS, fold, make_parser
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
    Segment,
    Span,
    Unit,
    Value,
    Within,
    both,
    depth,
    either,
    walk,
)
from domain.segments.vocabulary import ALIASES, COMPARED, LISTED, WINDOWED, Kind, Vocabulary

MOST_CONDITIONS = 60
DEEPEST = 12
MOST_VALUES = 200
MOST_DAYS = 36_500
_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}
_MOST = Decimal(10**12)
_OPS = {"==": Op.EQ, "≠": Op.NE, "≤": Op.LE, "≥": Op.GE}
_SHOWN = 8
_MOMENTS = (Kind.INSTANT, Kind.DAY)
_NUMBERS = (Kind.NUMBER, Kind.COUNT, Kind.MONEY)


def parse(expression: str, vocabulary: Vocabulary | None = None) -> Segment:
    """Return what an expression says. Raises :class:`SegmentError` with the place and what was probably meant."""
    reading = _Reading(expression, vocabulary or Vocabulary())
    if not expression.strip():
        raise reading.fault("empty", Place(1))
    if len(expression) > EXPRESSION_LETTERS:
        raise reading.fault("too_long", Place(EXPRESSION_LETTERS + 1), most=EXPRESSION_LETTERS)
    folded = fold(expression)
    if (deep_at := _too_deep_at(folded)) is not None:
        raise reading.fault("too_deep", Place(deep_at + 1), most=DEEPEST)
    try:
        parsed = _parser().parse(folded)
        found: Segment = reading.transform(parsed)
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedCharacters as error:
        raise reading.strange(cast(int, error.pos_in_stream)) from None
    except UnexpectedEOF:
        raise reading.fault("ended", Place(len(expression) + 1)) from None
    except UnexpectedToken as error:
        raise reading.misplaced(error.token) from None
    return found


@cache
def _parser() -> Lark:
    return make_parser()


_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[()]|\w+')


def _too_deep_at(folded: str) -> int | None:
    """Return where brackets and not are nested far deeper than allowed: found without recursion, before parsing."""
    brackets: list[int] = []
    nots = 0
    for token in _TOKEN.finditer(folded):
        if token[0] == "(":
            brackets.append(nots + 1)
        elif token[0] == ")" and brackets:
            brackets.pop()
        nots = nots + 1 if token[0].lower() == "not" else 0
        if sum(brackets) + nots > 2 * DEEPEST:
            return token.start()
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A field with what it is and where it stands."""

    field: Field
    kind: Kind
    place: Place

    @property
    def name(self) -> str:
        return f"{self.field.name}.{self.field.key}" if self.field.key else self.field.name


def _place(token: Token, end: Token | None = None) -> Place:
    start = token.start_pos or 0
    last = end or token
    return Place(start + 1, (last.start_pos or 0) + len(last) - start)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "") if names else "none are declared"


def _tag(asked: _Asked, text: str) -> str:
    """Return a tag as tags are kept; any other text as it is."""
    return (tag_of(text) or text) if asked.kind is Kind.TAG else text


def _operators(kind: Kind) -> list[str]:
    known = [op.value for op in COMPARED[kind]]
    more = (("in (…)", kind in LISTED), ("contains", kind is Kind.TEXT), ("has", kind is Kind.TAG))
    known += [word for word, knows in more if knows]
    return [*known, "in" if kind is Kind.BIRTHDAY else "is known", "is unknown"]


def _unescaped(text: str) -> Iterator[str]:
    """Yield the signs of a text in which a backslash stands before what it means literally."""
    signs = iter(text)
    for sign in signs:
        yield next(signs, sign) if sign == "\\" else sign


def _close(word: str, known: Sequence[str]) -> str | None:
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


class _Reading(Transformer[Token, Any]):
    """One expression being read: makes the tree and knows the place of each fault."""

    def __init__(self, expression: str, vocabulary: Vocabulary) -> None:
        super().__init__(visit_tokens=False)
        self.expression = expression
        self.vocabulary = vocabulary

    # Faults

    def fault(self, key: str, place: Place, suggestion: str | None = None, **values: Any) -> SegmentError:
        return SegmentError(key, self.expression, place, suggestion=suggestion, **values)

    def strange(self, at: int) -> SegmentError:
        """Return the fault of a sign, or of a word that begins like a number, that is nothing."""
        rest = self.expression[at:]
        if fold(rest[:1]) == '"':
            return self.fault("quote", Place(at + 1))
        found = rest.split()[0] if rest[0].isdigit() or rest[0] == "-" else rest[0]
        return self.fault("character", Place(at + 1, len(found)), found=found)

    def misplaced(self, token: Token) -> SegmentError:
        if token.type == "$END":
            return self.fault("ended", Place(len(self.expression) + 1))
        place = _place(token)
        suggestion = _close(str(token), KEYWORDS) if token.type == "WORD" else None
        found = self.expression[place.column - 1 : place.column - 1 + place.length]
        return self.fault("unexpected", place, suggestion, found=found)

    # The parts of a condition

    def field(self, found: list[Token | None]) -> _Asked:
        name, key, window = found
        assert name is not None
        written = str(name).lower()
        called = ALIASES.get(written, written)
        asked = Field(called, str(key).lower() if key else None, self._span(window) if window else None)
        self._check_name(asked, name, key)
        if window is not None and asked.name not in WINDOWED:
            raise self.fault("window", _place(window), field=called)
        return _Asked(asked, self.vocabulary.kind(asked), _place(name, key))

    def _check_name(self, asked: Field, name: Token, key: Token | None) -> None:
        parts = self.vocabulary.parts(asked.name)
        known = self.vocabulary.names()
        if asked.name not in known and asked.name not in ("consent", "custom"):
            raise self.fault("unknown_field", _place(name), _close(asked.name, known), found=str(name))
        if asked.key is None and asked.name not in known:
            raise self.fault("wants_key", _place(name), field=asked.name, choices=_listed(parts))
        if asked.key is not None and asked.key not in parts:
            assert key is not None
            raise self.fault("no_key", _place(key), _close(asked.key, parts), field=asked.name, found=str(key))

    def value(self, found: list[Token]) -> Token:
        return found[0]

    def _span(self, token: Token) -> Span:
        span = Span(int(token[:-1]) if len(token) < 8 else MOST_DAYS + 1, Unit(token[-1].lower()))
        if span.count * _DAYS[span.unit] > MOST_DAYS:
            raise self.fault("span_range", _place(token), most=MOST_DAYS)
        return span

    def _text(self, token: Token) -> str:
        if token.type != "STRING":
            return str(token)
        inner = self._written(token)[1:-1]
        return "".join(_unescaped(inner))

    def _written(self, token: Token) -> str:
        """Return a token as it was written, before anything was folded."""
        start = token.start_pos or 0
        return self.expression[start : start + len(token)]

    def _read(self, asked: _Asked, token: Token) -> Value:
        """Return a value of the kind that the field is compared with."""
        if asked.kind in _NUMBERS:
            return self._number(asked, token)
        if asked.kind in _MOMENTS:
            return self._moment(asked, token)
        if token.type not in ("WORD", "STRING"):
            raise self._wrong("wants_text", asked, token)
        text = self._text(token)
        return self._choice(asked, token, text) if asked.kind in (Kind.CHOICE, Kind.LEVEL) else _tag(asked, text)

    def _wrong(self, key: str, asked: _Asked, token: Token) -> SegmentError:
        return self.fault(key, _place(token), field=asked.name, found=self._written(token))

    def _number(self, asked: _Asked, token: Token) -> Decimal:
        if token.type != "NUMBER":
            raise self._wrong("wants_number", asked, token)
        number = Decimal(str(token))
        if abs(number) > _MOST:
            raise self._wrong("number_range", asked, token)
        if asked.field.name == "birthday" and not 1 <= number <= 12:
            raise self.fault("unknown_value", _place(token), field=asked.name, found=str(token), choices="1 – 12")
        digits = self.vocabulary.fractions(asked.field)
        if -int(number.normalize().as_tuple().exponent) > digits:
            key = "digits" if digits else "whole_number"
            raise self.fault(key, _place(token), field=asked.name, most=digits)
        return number

    def _moment(self, asked: _Asked, token: Token) -> date | Span:
        if token.type == "DURATION":
            return self._span(token)
        if token.type != "DATE":
            raise self._wrong("wants_moment", asked, token)
        year, month, day = (int(part) for part in token.split("-"))
        try:
            return date(year, month, day)
        except ValueError:
            raise self._wrong("date", asked, token) from None

    def _choice(self, asked: _Asked, token: Token, text: str) -> str:
        choices = self.vocabulary.choices(asked.field)
        found = next((choice for choice in choices if choice.casefold() == text.casefold()), None)
        if found is None:
            suggestion = _close(text, choices)
            shown = {"field": asked.name, "found": text, "choices": _listed(choices)}
            raise self.fault("unknown_value", _place(token), suggestion, **shown)
        return found

    # Conditions

    def _knows(self, asked: _Asked, token_or_word: Token | str, allowed: bool) -> None:
        """Refuse an operator that this kind of field does not know."""
        if allowed:
            return
        if asked.kind is Kind.FLAG:
            raise self.fault("yes_no", asked.place, field=asked.name)
        place = _place(token_or_word) if isinstance(token_or_word, Token) else asked.place
        values = {"field": asked.name, "found": str(token_or_word), "choices": ", ".join(_operators(asked.kind))}
        raise self.fault("operator", place, **values)

    def compare(self, found: list[Any]) -> Node:
        asked, sign, token = found
        op = _OPS.get(str(sign)) or Op(str(sign))
        self._knows(asked, sign, op in COMPARED[asked.kind])
        value = self._read(asked, token)
        if isinstance(value, Span) and op in (Op.EQ, Op.NE):
            raise self.fault("operator", _place(sign), field=asked.name, found=str(op), choices="<, <=, >, >=")
        return Compare(asked.field, op, value)

    def one_of(self, found: list[Any]) -> Node:
        asked, *tokens = found
        self._knows(asked, "in (…)", asked.kind in LISTED)
        if len(tokens) > MOST_VALUES:
            raise self.fault("too_many_values", _place(tokens[MOST_VALUES]), most=MOST_VALUES)
        return OneOf(asked.field, tuple(dict.fromkeys(self._read(asked, token) for token in tokens)))

    def none_of(self, found: list[Any]) -> Node:
        return Not(self.one_of(found))

    def within(self, found: list[Any]) -> Node:
        asked, token = found
        self._knows(asked, "in", asked.kind is Kind.BIRTHDAY)
        if token.type != "DURATION":
            raise self._wrong("wants_span", asked, token)
        return Within(asked.field, self._span(token))

    def contains(self, found: list[Any]) -> Node:
        asked, token = found
        self._knows(asked, "contains", asked.kind is Kind.TEXT)
        if token.type not in ("WORD", "STRING"):
            raise self._wrong("wants_text", asked, token)
        return Contains(asked.field, self._text(token))

    def has(self, found: list[Any]) -> Node:
        asked, token = found
        self._knows(asked, "has", asked.kind is Kind.TAG)
        return Compare(asked.field, Op.EQ, self._read(asked, token))

    def known(self, found: list[_Asked]) -> Node:
        return Known(found[0].field, True)

    def unknown(self, found: list[_Asked]) -> Node:
        return Known(found[0].field, False)

    def flag(self, found: list[_Asked]) -> Node:
        (asked,) = found
        if asked.kind is not Kind.FLAG:
            raise self.fault("no_yes_no", asked.place, field=asked.name)
        return Flag(asked.field)

    def named(self, found: list[Token]) -> Node:
        return Named(self._text(found[0]))

    # The whole

    def opposite_of(self, found: list[Node]) -> Node:
        return Not(found[0])

    def both(self, found: list[Node]) -> Node:
        return both(*found)

    def either(self, found: list[Node]) -> Node:
        return either(*found)

    def start(self, found: list[Node]) -> Segment:
        (root,) = found
        conditions = sum(1 for node in walk(root) if not isinstance(node, (Not, Both, Either)))
        if conditions > MOST_CONDITIONS:
            raise self.fault("too_many", Place(1, len(self.expression)), most=MOST_CONDITIONS)
        if depth(root) > DEEPEST:
            raise self.fault("too_deep", Place(1, len(self.expression)), most=DEEPEST)
        return Segment(root)
