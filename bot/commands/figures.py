"""``carebot figures``: how fast and how well the desk worked, over a span of days."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.commands.common import printable, run, store, work_of
from services.figures import DeskFigures, desk_figures, kept_share, median_s, satisfied_share
from services.review import read_period
from storage.figures import ClockFigures, MemberFigures

_CLOCKS = {"first_response": "first answer", "next_response": "further answers", "resolution": "solution"}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_FEW = 5
"""Below so many scores a share says little, and is marked."""


def figures(file: Path | None, since: str | None, until: str | None, as_json: bool) -> None:
    """Print the desk's figures of the days from ``since`` until ``until``, both included."""
    run(_figures(file, since, until, as_json))


async def _figures(file: Path | None, since: str | None, until: str | None, as_json: bool) -> None:
    async with store(file) as (settings, database):
        period = read_period(since, until, zone=settings.business.time_zone)
        async with database.read() as tx:
            work = work_of(settings, tx)
            found = await desk_figures(work, since_at=period.since or _LONG_AGO, until_at=period.until or work.now)
        if as_json:
            json.dump(as_values(found), sys.stdout, ensure_ascii=False, indent=2)
            print()
        else:
            _print(found)


def as_values(found: DeskFigures) -> dict[str, Any]:
    """Return the figures as JSON values."""
    return {
        "opened": found.opened,
        "resolved": found.resolved,
        "reopened": found.reopened,
        "ended": found.ended,
        "clocks": {
            kind: {
                "kept": clock.kept,
                "missed": clock.missed,
                "kept_share": kept_share(clock),
                "median_s": median_s(clock),
            }
            for kind, clock in found.clocks.items()
        },
        "escalations": [
            {"level": level, "cause": cause, "count": count}
            for (level, cause), count in sorted(found.escalations.items())
        ],
        "satisfaction": {"answers": len(found.scores), "satisfied_share": satisfied_share(found.scores)},
        "members": [
            {
                "name": name,
                "resolved": member.resolved,
                "kept": member.kept,
                "missed": member.missed,
                "scores": list(member.scores),
            }
            for name, member in found.members
        ],
    }


def _print(found: DeskFigures) -> None:
    ended = ", ".join(f"{count} {ended_as}" for ended_as, count in sorted(found.ended.items())) or "none"
    print(f"cases: {found.opened} opened, {found.resolved} called solved, {found.reopened} reopened; closed: {ended}")
    for (level, cause), count in sorted(found.escalations.items()):
        print(f"escalated to level {level} ({cause}): {count}")
    console = Console(highlight=False, soft_wrap=True)
    if found.clocks:
        console.print(_clock_table(found))
    if found.members:
        console.print(_member_table(found))
    if found.scores:
        print(f"satisfied: {_satisfied(found.scores)}")


def _clock_table(found: DeskFigures) -> Table:
    table = Table("due", "kept", "missed", "share kept", "median")
    for kind, clock in found.clocks.items():
        table.add_row(_CLOCKS.get(kind, kind), *_ends(clock), _working(median_s(clock)))
    return table


def _member_table(found: DeskFigures) -> Table:
    table = Table("who", "kept", "missed", "share kept", "called solved", "satisfied")
    for name, member in found.members:
        table.add_row(printable(name), *_ends(member), str(member.resolved), _satisfied(member.scores))
    return table


def _ends(clock: ClockFigures | MemberFigures) -> tuple[str, str, str]:
    share = kept_share(clock)
    return str(clock.kept), str(clock.missed), "–" if share is None else f"{share:.0%}"


def _satisfied(scores: tuple[int, ...]) -> str:
    share = satisfied_share(scores)
    if share is None:
        return "–"
    few = ", too few to tell" if len(scores) < _FEW else ""
    return f"{share:.0%} of {len(scores)}{few}"


def _working(seconds: float | None) -> str:
    """Return a working time in hours and minutes."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
