"""Templates of campaigns' messages, read in a sandbox that knows only values and choices; filled in and checked."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from domain.campaigns.markup import MOST_CAPTION, MOST_LETTERS, fault_in, length_of, read
from services.campaigns.variables import VARIABLES
from texts.catalogue import before_han

_BLANK_LINES = re.compile(r"\n{3,}")
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""What neither Telegram nor a database takes. A file cannot hold it, but a template can spell it: ``"\\x00"``."""
FILTERS = ("before_han", "default", "lower", "upper", "capitalize", "trim")
_KNOWN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.If),
    *(nodes.CondExpr, nodes.Filter, nodes.Test, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand),
)
"""All that a message needs: values, choices, some filters; nothing that could loop, grow or reach elsewhere."""
MOST_WRITTEN = 20_000
"""So long a template may be, with all its choices: reading it keeps nobody waiting."""
MOST_PARTS, MOST_DEPTH = 1_000, 20
"""So many values and choices, one within the other so deep: making code of more would take seconds, or fail."""
_CANNOT = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
_TESTS = ("defined", "none", "odd", "even")


class MessageFault(Exception):
    """A message cannot be said to somebody; the text is one line that says why."""


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which a point reads a field of the customer record and nothing else; an unknown one is empty."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the field, never a method of what holds the fields."""
        return obj.get(attribute, "") if isinstance(obj, Mapping) else self.undefined(obj=obj, name=attribute)


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=True)
    environment.globals.clear()
    kept = {name: environment.filters[name] for name in FILTERS if name in environment.filters}
    environment.filters.clear()
    environment.filters.update(kept, before_han=before_han)
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=2048)
def _compiled(text: str) -> Any:
    return _ENVIRONMENT.from_string(text.strip())


@lru_cache(maxsize=2048)
def variables_in(text: str) -> frozenset[str]:
    """Return the variables that a template names; of one that cannot be read, none."""
    try:
        return frozenset(node.name for node in _ENVIRONMENT.parse(text).find_all(nodes.Name))
    except _CANNOT:
        return frozenset()


def template_faults(text: str, *, fields: Sequence[str]) -> list[str]:
    """Return in one line each what cannot be in a template; ``fields`` are those of the customer record."""
    if len(text) > MOST_WRITTEN:
        return [f"is longer than {MOST_WRITTEN} letters; shorten it"]
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        return [f"line {error.lineno}: {error.message}; write values as {{{{ name }}}}"]
    except _CANNOT:
        return ["cannot be read; write values as {{ name }}"]
    faults: list[str] = []
    parts = 0
    nodes_left: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while nodes_left:
        node, depth = nodes_left.pop()
        parts += 1
        if parts > MOST_PARTS or depth > MOST_DEPTH:
            return [f"has more than {MOST_PARTS} parts, or more than {MOST_DEPTH} within each other; make it simpler"]
        faults += _faults_of(node, fields)
        inner = list(node.iter_child_nodes())
        if isinstance(node, nodes.Getattr) and _is_custom(node.node):
            inner = []
        nodes_left += [(one, depth + 1) for one in reversed(inner)]
    return list(dict.fromkeys(faults))


def _is_custom(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "custom"


def _faults_of(node: nodes.Node, fields: Sequence[str]) -> list[str]:
    if not isinstance(node, _KNOWN):
        return [f"{type(node).__name__.lower()} is not known in messages; they know values and if … else … endif"]
    if _is_custom(node):
        return ["custom alone is the whole customer record; write which field: custom.FIELD"]
    if isinstance(node, nodes.Name) and node.name not in VARIABLES:
        return [f"unknown variable {node.name[:40]}; there are {', '.join(VARIABLES)} and custom.FIELD"]
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return [f"unknown filter {node.name[:40]}; there are {', '.join(FILTERS)}"]
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        return [f"unknown test {node.name[:40]}; there are {', '.join(_TESTS)}"]
    if isinstance(node, nodes.Getattr):
        return _faults_of_field(node, fields)
    return []


def _faults_of_field(node: nodes.Getattr, fields: Sequence[str]) -> list[str]:
    if not _is_custom(node.node):
        return [f".{node.attr[:40]} is not known; only custom.FIELD has a point"]
    if node.attr not in fields:
        there = f"; there are {', '.join(fields)}" if fields else "; the settings declare none"
        return [f"unknown field custom.{node.attr[:40]}{there}"]
    return []


def render_text(text: str, context: Mapping[str, Any], *, with_picture: bool = False) -> str:
    """Return a template filled in. Raises :class:`MessageFault` when Telegram would not take what comes out."""
    try:
        html = _BLANK_LINES.sub("\n\n", _compiled(text).render(context)).strip()
    except _CANNOT as error:
        raise MessageFault(f"the text cannot be filled in: {str(error)[:120]}") from None
    if _UNSAYABLE.search(html):
        raise MessageFault("there is a sign in it that cannot be sent, such as \\x00; take it out")
    if (fault := fault_in(html)) is not None:
        raise MessageFault(fault)
    if not _can_be_seen(html):
        raise MessageFault("nothing is left to say; write something that does not depend on what is known")
    most = MOST_CAPTION if with_picture else MOST_LETTERS
    if (length := length_of(html)) > most:
        raise MessageFault(f"{length} letters are more than the {most} that Telegram takes; shorten it")
    return html


def _can_be_seen(html: str) -> bool:
    """Return whether there is a letter to read: Telegram takes no message of tags, gaps and invisible signs only."""
    return any(unicodedata.category(letter)[0] not in "ZC" for letter in read(html))
