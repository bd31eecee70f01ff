"""How much a case presses: what raises it by itself, and in which order of weight. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.cases import Aspect, Priority
from domain.desk import PriorityRules
from domain.folding import fold

Why = dict[str, Any]
"""One reason as it is kept with a case: its ``kind``, the ``priority`` it asks for, and what it is about."""

KEYWORD_LETTERS = 128


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """Words that raise a case in which they are said; ``words`` are folded."""

    id: int
    words: str
    priority: Priority


def keyword(text: str) -> str | None:
    """Return ``text`` as it is looked for, ``None`` when there is nothing to look for, or too much."""
    folded = fold(text)
    return folded if any(sign.isalnum() for sign in folded) and len(folded) <= KEYWORD_LETTERS else None


def says(folded: str, words: str) -> bool:
    """Return whether ``words`` stand in ``folded``: spaced scripts as whole words, Chinese anywhere."""
    at = folded.find(words)
    while at >= 0:
        end = at + len(words)
        if not _cuts(folded, at, words[0]) and not _cuts(folded, end, words[-1]):
            return True
        at = folded.find(words, at + 1)
    return False


def _cuts(text: str, at: int, edge: str) -> bool:
    """Return whether a border at ``at`` would cut a word of a spaced script in two."""
    if not 0 < at < len(text) or not _spaced(edge):
        return False
    return _spaced(text[at - 1]) and _spaced(text[at])


def _spaced(sign: str) -> bool:
    return sign.isalnum() and ord(sign) < 0x2E80


def reasons(
    rules: PriorityRules,
    *,
    texts: Iterable[str],
    keywords: Sequence[KeywordRule],
    tier: str | None = None,
    aspect: Aspect | None = None,
    repeats: int | None = None,
) -> list[Why]:
    """Return all that asks for a priority: tier, aspect, words said, an earlier complaint (its number ``repeats``)."""
    found: list[Why] = []
    if tier is not None and tier in rules.tiers:
        found.append({"kind": "tier", "tier": tier, "priority": rules.tiers[tier].value})
    if aspect is not None and aspect in rules.aspects:
        found.append({"kind": "aspect", "aspect": aspect.value, "priority": rules.aspects[aspect].value})
    if repeats is not None:
        found.append({"kind": "repeat", "number": repeats, "priority": rules.repeat.value})
    if keywords:
        said = [fold(text) for text in texts]
        found += [
            {"kind": "keyword", "words": rule.words, "priority": rule.priority.value}
            for rule in keywords
            if any(says(text, rule.words) for text in said)
        ]
    return found


def fresh(found: Iterable[Why], known: Sequence[Why]) -> list[Why]:
    """Return the reasons that were not known before: what a person has overruled does not come back by itself."""
    return [why for why in found if why not in known]


def raised(priority: Priority, found: Iterable[Why]) -> Priority:
    """Return the highest priority asked for, never a lower one than ``priority``."""
    asked = [Priority(why["priority"]) for why in found]
    return max([priority, *asked], key=lambda one: one.weight)


def telling(priority: Priority, known: Sequence[Why]) -> list[Why]:
    """Return the reasons to be named for the priority a case has: what a person decided, and what weighs as much."""
    by_hand = [why for why in known if why["kind"] == "hand"][-1:]
    alike = [why for why in known if why["kind"] != "hand" and why["priority"] == priority.value]
    if by_hand and by_hand[0]["priority"] == priority.value:
        return by_hand
    return alike if priority is not Priority.NORMAL else []
