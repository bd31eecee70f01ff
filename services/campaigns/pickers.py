"""Whom a campaign is for, picked from a list in plain words: everything picked has to be true of a customer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from domain.outcomes import Refusal
from domain.people import Actor
from domain.segments import Segment, SegmentError, format_segment
from domain.segments.tree import Both, Compare, Field, Named, Node, Op, both
from services import segments
from services.membership import tier_in_words
from services.segments import Preview
from services.work import Work
from storage.records import list_tags_in_use

_MOST_TAGS = 8
_MOST_SAVED = 12
_MOST_TIERS = 6
_SAMPLE = 3
_CARE: Mapping[str, str] = {
    "lately": "last_purchase < 30d",
    "away": "last_purchase > 90d",
    "joined": "joined < 30d",
    "birthday": "birthday in 30d",
    "points": "points > 0",
    "content": "score >= 4",
}
"""What is offered besides tiers, tags and saved segments."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing to pick: its code in a button, the words on it, and the condition it stands for."""

    code: str
    label: str
    condition: Node

    @property
    def expression(self) -> str:
        """The condition as segments are written."""
        return format_segment(Segment(self.condition))


async def picks_of(work: Work, language: str) -> list[Pick]:
    """Return everything there is to pick from, in a language."""
    tags = await list_tags_in_use(work.tx, limit=_MOST_TAGS)
    saved = (await segments.list_all(work))[:_MOST_SAVED]
    return [
        *_tiers(work, language),
        *(Pick(code, _label(work, code, language), segments.parse(work, text).root) for code, text in _CARE.items()),
        *(
            Pick(f"tag.{_short(tag)}", _label(work, "tag", language, tag=tag), Compare(Field("tag"), Op.EQ, tag))
            for tag in tags
        ),
        *(Pick(f"saved.{one.id}", one.name, Named(one.name)) for one in saved),
    ]


def _tiers(work: Work, language: str) -> list[Pick]:
    tiers = [tier.key for tier in work.rules.loyalty.tiering.tiers]
    found = []
    for tier in tiers[1 : 1 + _MOST_TIERS]:
        key = "top" if tier == tiers[-1] else "tier"
        label = _label(work, key, language, tier=tier_in_words(work, tier, language))
        found.append(Pick(f"tier.{_short(tier)}", label, Compare(Field("tier"), Op.GE, tier)))
    return found


def _label(work: Work, name: str, language: str, **values: object) -> str:
    return work.texts.button(f"campaign_staff.pick.{name}", language, **values)


def _short(word: str) -> str:
    """Return a few letters that stand for a word of any length in a button's data."""
    return hashlib.sha256(word.encode()).hexdigest()[:10]


def picked(work: Work, expression: str | None, picks: list[Pick]) -> frozenset[str]:
    """Return the codes of what is picked in a segment; what was written by hand besides has none."""
    there = {format_segment(Segment(part)) for part in _parts(work, expression)}
    return frozenset(pick.code for pick in picks if pick.expression in there)


def toggled(work: Work, expression: str | None, pick: Pick) -> str | None:
    """Return a segment with something picked besides, or no longer; ``None`` is everybody.

    Of tiers only one is picked at a time. Raises :class:`SegmentError` for a segment that cannot be read any more.
    """
    parts = list(_parts(work, expression))
    written = [format_segment(Segment(part)) for part in parts]
    if pick.expression in written:
        del parts[written.index(pick.expression)]
    else:
        if _is_tier(pick.condition):
            parts = [part for part in parts if not _is_tier(part)]
        parts.append(pick.condition)
    return format_segment(Segment(both(*parts))) if parts else None


def _is_tier(node: Node) -> bool:
    return isinstance(node, Compare) and node.field.name == "tier" and node.op is Op.GE


def _parts(work: Work, expression: str | None) -> tuple[Node, ...]:
    if expression is None:
        return ()
    root = segments.parse(work, expression).root
    return root.parts if isinstance(root, Both) else (root,)


async def look(work: Work, expression: str | None, *, by: Actor) -> Preview | Refusal:
    """Return how many customers are picked now, and the names of some."""
    try:
        segment = segments.parse(work, expression or "joined is known")
        return await segments.count_and_sample(work, segment, sample=_SAMPLE, by=by)
    except SegmentError:
        return Refusal("campaign_staff.refused.segment")
