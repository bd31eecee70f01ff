"""Importing points: opening balances and corrections of another system, through the ledger, each key once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.loyalty import Clawback
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.points import MOST_POINTS
from domain.words import bare
from services import points as ledger
from services.imports import cells
from services.imports.columns import KEY_LETTERS, Layout, Row, Wrong, aliases_of, read_key
from services.imports.known import Known
from services.imports.outcomes import Outcome, Result
from services.imports.whom import look_up
from services.work import Work
from storage import imports as rows
from storage.imports import Booked, Run, Sums
from texts.catalogue import read_phrases
from texts.tables import read_table

_REASON_LETTERS = 200
_REASON = "import"
_PREFIX = "import:"
"""Before the keys of a file, so that they are nobody else's keys in the ledger."""
_REFUSALS = {
    "points.refused.not_enough": ("takes {needed:,} points of {available:,} that are there; take fewer", "points"),
    "points.refused.key_taken": (
        "is booked already with another customer or number of points; give the line an id of its own",
        "id",
    ),
    "points.refused.forgotten": ("was forgotten at their own wish; take the line out", "customer"),
}


class Points:
    """Imports points under keys of another system."""

    least = 10

    def __init__(self, known: Known) -> None:
        self._may_owe = known.rules.loyalty.clawback is Clawback.NEGATIVE
        self._sums = Sums()
        self.layout = _layout(known)

    async def store(self, work: Work, lines: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Book the points of one slice; with ``dry_run`` nothing is written."""
        people = await look_up(work, [row.values["customer"] for row in lines])
        booked = await rows.list_booked(work.tx, [_PREFIX + row.key for row in lines])
        standing = await rows.follow_merges(work.tx, [entry.customer_id for entry in booked.values()])
        outcomes = []
        for row in lines:
            try:
                customer_id = people.one(row.values["customer"])
                if entry := booked.get(_PREFIX + row.key):
                    _check_same(row, entry, customer_id, standing)
                    outcomes.append(Outcome(row.line, Result.SAME))
                    continue
                await (self._try if dry_run else _book)(work, row, customer_id)
                outcomes.append(Outcome(row.line, Result.NEW, f"{row.values['points']:+,} points"))
            except Wrong as wrong:
                value = str(row.values.get(wrong.column, row.key))
                outcomes.append(Outcome(row.line, Result.BAD, str(wrong), wrong.column, value))
        return outcomes

    async def _try(self, work: Work, row: Row, customer_id: int) -> None:
        """Find out whether the ledger would book this, after the lines before."""
        wanted = -row.values["points"]
        if wanted > 0 and not self._may_owe:
            there = (await ledger.balance_of(work, customer_id)).spendable + self._sums.of(customer_id)
            if there < wanted:
                raise _refused(Refusal("points.refused.not_enough", {"needed": wanted, "available": there}))
        self._sums.add(customer_id, -wanted)

    async def finish(self, work: Work, run: Run, *, after_id: int, limit: int) -> int | None:
        """Nothing is left when all lines are stored."""
        return None

    def close(self) -> None:
        """Let go of what was kept for the trial."""
        self._sums.close()


async def _book(work: Work, row: Row, customer_id: int) -> None:
    points, key, reason = row.values["points"], _PREFIX + row.key, row.values.get("reason", _REASON)
    if points < 0:
        done = await ledger.adjust(work, customer_id, points=points, source_key=key, by=SYSTEM, reason=reason)
    else:
        expires_at = row.values.get("expires", ...)
        done = await ledger.earn(
            work, customer_id, points=points, source_key=key, by=SYSTEM, reason=reason, expires_at=expires_at
        )
    if isinstance(done, Refusal):
        raise _refused(done)


def _refused(refusal: Refusal) -> Wrong:
    text, column = _REFUSALS[refusal.key]
    return Wrong(text.format(**refusal.values), column)


def _check_same(row: Row, entry: Booked, customer_id: int, standing: dict[int, int]) -> None:
    if (standing.get(entry.customer_id), entry.points) != (customer_id, row.values["points"]):
        raise Wrong(*_REFUSALS["points.refused.key_taken"])


def _layout(known: Known) -> Layout:
    readers: dict[str, Any] = {
        "id": read_key,
        "customer": lambda cell: {"customer": cells.words(cell, letters=KEY_LETTERS)},
        "points": lambda cell: {"points": _points(cell)},
        "reason": lambda cell: {"reason": cells.words(cell, letters=_REASON_LETTERS)},
        "expires": lambda cell: {"expires": _expires(cell, known)},
    }
    return Layout(
        readers, ("id", "customer", "points"), aliases_of(list(readers), read_table("columns_points")), check=_check
    )


def _points(cell: str) -> int:
    points = cells.whole_number(cell)
    if not 0 < abs(points) <= MOST_POINTS:
        raise Wrong(f"is not between 1 and {MOST_POINTS:,}; write how many points come, or with a minus go")
    return points


def _expires(cell: str, known: Known) -> datetime | None:
    if bare(cell) in read_phrases("never"):
        return None
    expires_at = cells.later_instant(cell, zone=known.rules.zone)
    if expires_at <= known.now:
        raise Wrong("is in the past: these points could not be spent; leave the line out, or write a later day")
    return expires_at


def _check(values: dict[str, Any]) -> None:
    if "expires" in values and values["points"] < 0:
        raise Wrong("is for points that come in; leave it empty where points go", "expires")
