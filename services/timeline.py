"""The timeline: everything that happened with one customer, newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import BadInput
from domain.instants import from_ms, to_ms
from services.records import resolve
from services.surveys import book
from services.surveys.question_words import words_in
from services.work import Work
from storage import timeline as rows
from storage.timeline import TimelineKind

MOST = 200
_BAD_CURSOR = "this is no place in a timeline; take the cursor of the last page as it is"


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened.

    ``label`` is its kind in its own family (of a message, case, ledger entry; the tier reached; the campaign; the
    survey), ``text`` words, ``number`` a figure (points, amount in minor units, stars, a survey's score, case number, 1
    or 0 for a consent), ``extra`` what else is told (currency, direction, state, tier before). ``internal`` is for
    staff alone.
    """

    at: datetime
    kind: TimelineKind
    id: int
    label: str | None
    text: str | None
    number: int | None
    extra: str | None
    actor_kind: str | None
    actor_id: int | None
    internal: bool

    @property
    def cursor(self) -> str:
        """Where the next page goes on."""
        return f"{to_ms(self.at)}.{self.kind.value}.{self.id}"


async def list_timeline(
    work: Work, customer_id: int, *, before: str | None = None, limit: int = 50
) -> list[TimelineItem]:
    """Return what happened with a customer, newest first; ``before`` is the cursor of the last item seen.

    For staff: notes are among it. Raises :class:`NotFound`, and :class:`BadInput` for a cursor that is none.
    """
    position = _position(before) if before is not None else None
    found = await rows.list_rows(
        work.tx, await resolve(work, customer_id), before=position, limit=max(1, min(limit, MOST))
    )
    titles = await _titles(work) if any(row.kind == TimelineKind.SURVEY for row in found) else {}
    return [
        TimelineItem(
            row.at,
            TimelineKind(row.kind),
            row.id,
            row.label,
            titles.get(row.label or "") if row.kind == TimelineKind.SURVEY else row.text or None,
            row.number,
            row.extra,
            row.actor_kind,
            row.actor_id,
            row.internal,
        )
        for row in found
    ]


async def _titles(work: Work) -> dict[str, str]:
    language = work.rules.languages[0]
    return {kept.key: words_in(work, kept.survey.title, language) for kept in await book.list_surveys(work)}


def _position(cursor: str) -> rows.Position:
    parts = cursor.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts):
        raise BadInput(_BAD_CURSOR)
    at_ms, kind, row_id = (int(part) for part in parts)
    try:
        return from_ms(at_ms), kind, row_id
    except OverflowError:
        raise BadInput(_BAD_CURSOR) from None
