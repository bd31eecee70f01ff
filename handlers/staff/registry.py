"""All that staff can ask for, by name; each module of this room adds its own."""

from collections.abc import Iterator

from handlers.staff import (
    basics,
    causes,
    escalations,
    loyalty,
    recovery,
    working,
)
from handlers.staff.verbs import Verb

_MODULES = (
    basics,
    causes,
    escalations,
    loyalty,
    recovery,
    working,
)


def _all() -> Iterator[Verb]:
    for module in _MODULES:
        yield from module.VERBS


VERBS: dict[str, Verb] = {verb.name: verb for verb in _all()}
_ALIASES: dict[str, Verb] = {alias: verb for verb in VERBS.values() for alias in verb.aliases}


def find_verb(name: str | None) -> Verb | None:
    """Return what a command or a button's word asks for; ``None`` when nobody knows it."""
    return None if name is None else VERBS.get(name) or _ALIASES.get(name)
