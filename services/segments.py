"""Segments: read, previewed, and saved under names by which others may refer to them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Permission
from domain.segments import Segment, SegmentError, Vocabulary, format_segment
from domain.segments import parse as parse_expression
from domain.segments.errors import Place
from domain.segments.moments import Today
from domain.segments.tree import Both, Either, Not, expand, walk
from services.permits import may
from services.segment_words import explain, explain_error
from services.work import Work
from storage import saved_segments as saved_rows
from storage import segments as rows
from storage.audit import add_audit
from storage.saved_segments import SavedSegment

__all__ = (
    "Preview",
    "SavedSegment",
    "count_and_sample",
    "delete",
    "explain",
    "explain_error",
    "get",
    "list_all",
    "members",
    "parse",
    "save",
)

NAME_LETTERS = 64
MOST_EXPANDED = 300
"""So many conditions a segment may have with those of the segments it refers to."""
_NOT_ALLOWED = Refusal("segments.refused.not_allowed")


@dataclass(frozen=True, slots=True)
class Preview:
    """How many customers a segment has now, and the ids and names of some of them."""

    count: int
    sample: tuple[tuple[int, str], ...]


def parse(work: Work, expression: str) -> Segment:
    """Return what an expression says in this business's words. Raises :class:`SegmentError`."""
    return parse_expression(expression, Vocabulary.of(work.rules))


async def members(work: Work, segment: Segment) -> Any:
    """Return the query of the ids of a segment's members, for storage to join. Raises :class:`SegmentError`."""
    whole = await _resolved(work, segment)
    today = Today(work.now, work.rules.zone, work.rules.birthday.leap_day)
    return rows.members_query(whole, today=today, vocabulary=Vocabulary.of(work.rules))


async def count_and_sample(work: Work, segment: Segment, *, sample: int = 5, by: Actor = SYSTEM) -> Preview | Refusal:
    """Count a segment's members and name some. Raises :class:`SegmentError` for a name in it that is not saved."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    query = await members(work, segment)
    count = await rows.count_members(work.tx, query)
    return Preview(count, tuple(await rows.sample_members(work.tx, query, limit=sample)))


async def _resolved(work: Work, segment: Segment, others: Mapping[str, Segment] | None = None) -> Segment:
    """Return a segment with the saved segments it names put in their places; ``others`` stand in for saved ones."""
    if not segment.names:
        return segment
    found = {one.name: one.expression for one in await saved_rows.list_saved(work.tx)}
    known = dict(others or {})
    done: dict[str, Segment] = {}

    def put(one: Segment, within: tuple[str, ...]) -> Segment:
        for name in sorted(one.names):
            if name in within:
                raise _fault(segment, "cycle", name)
            if name not in known and name not in found:
                close = get_close_matches(name, [*known, *found], 1)
                meant = f'segment("{close[0]}")' if close else None
                raise _fault(segment, "unknown_segment", name, suggestion=meant)
            if name not in done:  # read only now: one that can be read no more is in nobody else's way
                done[name] = put(known.get(name) or parse(work, found[name]), (*within, name))
        whole = expand(one, done)
        if sum(1 for node in walk(whole.root) if not isinstance(node, (Both, Either, Not))) > MOST_EXPANDED:
            raise _fault(segment, "too_many", "", most=MOST_EXPANDED)
        return whole

    return put(segment, ())


def _fault(segment: Segment, key: str, name: str, **values: Any) -> SegmentError:
    """Return a fault of a name, shown where it or what leads to it stands."""
    expression = format_segment(segment)
    at = expression.find(f'segment("{name}")')
    place = Place(at + 1, len(name) + len('segment("")')) if at >= 0 else Place(1, len(expression))
    return SegmentError(key, expression, place, found=name, **values)


async def save(work: Work, *, name: str, expression: str, by: Actor, replace: bool = False) -> SavedSegment | Refusal:
    """Save an expression, in its canonical form, under a name; one that is taken only with ``replace``.

    Raises :class:`SegmentError` for an expression that cannot be read, or would contain itself.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    called = _name(name)
    if called is None:
        return Refusal("segments.refused.name", {"most": NAME_LETTERS})
    segment = parse(work, expression)
    await _resolved(work, segment, {called: segment})
    if called in segment.names:
        raise _fault(segment, "cycle", called)
    written = format_segment(segment)
    before = await saved_rows.get_saved(work.tx, called)
    if before is None and not await saved_rows.insert_segment(work.tx, name=called, expression=written, now=work.now):
        before = await saved_rows.get_saved(work.tx, called)
    if before is not None:
        if before.expression == written:
            return before
        if not replace:
            return Refusal("segments.refused.taken", {"name": called})
        await saved_rows.change_segment(work.tx, name=called, expression=written, now=work.now)
    after = await saved_rows.get_saved(work.tx, called)
    assert after is not None
    _audit(work, by, "segment.save", after.id, before.expression if before else None, written)
    return after


def _name(name: str) -> str | None:
    """Return a name as it is kept, or ``None`` for what can be none."""
    folded = " ".join(unicodedata.normalize("NFKC", name).split())
    return folded if 0 < len(folded) <= NAME_LETTERS and folded.isprintable() else None


def _audit(work: Work, by: Actor, action: str, segment_id: int, before: str | None, after: str | None) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("segment", segment_id),
        before={"expression": before} if before is not None else None,
        after={"expression": after} if after is not None else None,
    )


async def list_all(work: Work) -> list[SavedSegment]:
    """Return all saved segments, by name."""
    return await saved_rows.list_saved(work.tx)


async def get(work: Work, name: str) -> SavedSegment | None:
    """Return the segment saved under a name."""
    called = _name(name)
    return await saved_rows.get_saved(work.tx, called) if called else None


async def delete(work: Work, name: str, *, by: Actor) -> Refusal | None:
    """Forget a saved segment; one that another refers to stays."""
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return _NOT_ALLOWED
    found = await get(work, name)
    if found is None:
        return Refusal("segments.refused.unknown", {"name": name})
    for other in await saved_rows.list_saved(work.tx):
        if found.name in _names_in(work, other):
            return Refusal("segments.refused.in_use", {"name": found.name, "other": other.name})
    await saved_rows.delete_segment(work.tx, name=found.name)
    _audit(work, by, "segment.delete", found.id, found.expression, None)
    return None


def _names_in(work: Work, saved: SavedSegment) -> frozenset[str]:
    """Return the segments a saved one refers to; one that can be read no more, since the settings changed, none."""
    try:
        return parse(work, saved.expression).names
    except SegmentError:
        return frozenset()
