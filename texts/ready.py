"""Ready answers of staff: their texts are templates with variables, filled in as plain words; the shipped ones."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

_SHIPPED = Path(__file__).parent / "shipped_answers.toml"
_BEGIN, _END = "\x01", "\x02"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_VALUE = re.compile(rf"( ?){_BEGIN}([^{_END}]*){_END}( ?)")
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Filter,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
"""Values, filters and plain ifs: nothing that loops or reckons, so that no text can keep the program busy."""
_FILTERS = frozenset({"default", "d", "upper", "lower", "capitalize"})


class _Missing(Undefined):
    """A value that the case does not have: an ``if`` may ask for it, but it cannot be written."""

    __slots__ = ()

    def __str__(self) -> str:
        raise UndefinedError(self._undefined_name)


class MissingValue(Exception):
    """A text would write a value that is not there; the message is the variable's name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text: ``syntax``, ``unknown`` (variable), ``filter`` or ``complicated``, and which word."""

    kind: str
    word: str = ""
    line: int = 1


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=_Missing, autoescape=False, keep_trailing_newline=False)
    environment.filters = {name: f for name, f in environment.filters.items() if name in _FILTERS}
    environment.globals.clear()
    environment.tests.clear()
    return environment


@lru_cache(maxsize=256)
def _template(source: str) -> Template:
    return _environment().from_string(source)


def find_fault(source: str, known: frozenset[str]) -> Fault | None:
    """Return what keeps ``source`` from being a text with the variables ``known``; ``None`` when it is one."""
    try:
        tree = _environment().parse(source)
    except TemplateSyntaxError as error:
        return Fault("syntax", line=error.lineno)
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            return Fault("filter", node.name, node.lineno)
        if not isinstance(node, _ALLOWED):
            return Fault("complicated", line=node.lineno)
    unknown = sorted(find_undeclared_variables(tree) - known)
    if unknown:
        return Fault("unknown", unknown[0])
    return None


def fill_in(source: str, values: dict[str, str]) -> str:
    """Return a text that has no fault with ``values`` filled in, as plain words.

    Between Chinese and a value that is Latin or a number stands a space, between Chinese and Chinese none. Raises
    :class:`MissingValue` for a variable that would be written and is not among the values.
    """
    marked = {name: f"{_BEGIN}{_clean(value)}{_END}" for name, value in values.items()}
    try:
        written = _template(source).render(marked)
    except UndefinedError as error:
        raise MissingValue(str(error)) from None
    return _spaced(written).strip()


def _clean(value: str) -> str:
    return value.replace(_BEGIN, "").replace(_END, "").strip()


def _spaced(text: str) -> str:
    """Return ``text`` with its values unmarked and the gaps around them as the letters beside them want."""

    def unmarked(found: re.Match[str]) -> str:
        value = found[2]
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        return _gap(before, found[1], value[:1]) + value + _gap(after, found[3], value[-1:])

    return _VALUE.sub(unmarked, text)


def _gap(neighbour: str, written: str, letter: str) -> str:
    if not re.match(f"[{_HAN}]", neighbour):
        return written
    if re.match(f"[{_HAN}]", letter):
        return ""
    return " " if letter.isascii() and letter.isalnum() else written


@dataclass(frozen=True, slots=True)
class ShippedAnswer:
    """A ready answer that comes with the program: its names and texts by language."""

    names: dict[str, str]
    texts: dict[str, str]
    words: str
    event: str | None = None
    tag: str | None = None


@cache
def shipped_answers() -> tuple[ShippedAnswer, ...]:
    """Return the ready answers that come with the program."""
    entries: list[dict[str, Any]] = tomllib.loads(_SHIPPED.read_text("utf-8"))["answer"]
    return tuple(ShippedAnswer(**entry) for entry in entries)
