"""All that staff can ask for, by name; each module of this room adds its own."""

from collections.abc import Iterator

from handlers.staff import (
    bans,
    basics,
    campaign_follow,
    campaign_wizard,
    campaigns,
    canned,
    causes,
    confiding,
    contacts,
    deleting,
    digest,
    escalations,
    loyalty,
    menus,
    moving,
    ownership,
    priority,
    recovery,
    states,
    surveys,
    tasks,
    working,
)
from handlers.staff.verbs import Verb

_MODULES = (
    bans,
    basics,
    campaign_follow,
    campaign_wizard,
    campaigns,
    canned,
    causes,
    confiding,
    contacts,
    deleting,
    digest,
    escalations,
    loyalty,
    moving,
    ownership,
    priority,
    recovery,
    states,
    surveys,
    tasks,
    working,
)


def all_verbs() -> Iterator[Verb]:
    """Return the verbs of every module, as they are written there."""
    for module in _MODULES:
        yield from module.VERBS


_DEEDS: dict[str, Verb] = {verb.name: verb for verb in all_verbs()}
VERBS: dict[str, Verb] = {**_DEEDS, **{verb.name: verb for verb in menus.menu_verbs(_DEEDS)}}
_ALIASES: dict[str, Verb] = {alias: verb for verb in VERBS.values() for alias in verb.aliases}


def find_verb(name: str | None) -> Verb | None:
    """Return what a command or a button's word asks for; ``None`` when nobody knows it."""
    return None if name is None else VERBS.get(name) or _ALIASES.get(name)
