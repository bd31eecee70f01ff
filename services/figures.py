"""The desk's figures, as a shop owner reads them: how fast, how well, by whom, over a span of time."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from services.work import Work
from storage import figures as rows
from storage import staff as staff_rows
from storage.figures import ClockFigures, MemberFigures


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """Everything counted in a span; ``members`` are named, ``escalations`` are by level and cause."""

    since_at: datetime
    until_at: datetime
    opened: int
    resolved: int
    reopened: int
    ended: dict[str, int]
    clocks: dict[str, ClockFigures]
    escalations: dict[tuple[int, str], int]
    members: list[tuple[str, MemberFigures]]

    @property
    def scores(self) -> tuple[int, ...]:
        """The satisfaction scores of all, 1 to 5."""
        return tuple(score for _, member in self.members for score in member.scores)


async def desk_figures(work: Work, *, since_at: datetime, until_at: datetime) -> DeskFigures:
    """Return the figures of what happened from ``since_at`` until before ``until_at``."""
    done = await rows.count_actions(work.tx, since_at, until_at)
    members = []
    for member in await rows.list_members(work.tx, since_at, until_at):
        known = await staff_rows.get_member(work.tx, member.member_id)
        members.append((known.name if known else "?", member))
    return DeskFigures(
        since_at=since_at,
        until_at=until_at,
        opened=await rows.count_opened(work.tx, since_at, until_at),
        resolved=done.get("case.resolve", 0),
        reopened=done.get("case.reopen", 0),
        ended=await rows.count_ended(work.tx, since_at, until_at),
        clocks={clock.kind: clock for clock in await rows.list_clocks(work.tx, since_at, until_at)},
        escalations=await rows.count_escalations(work.tx, since_at, until_at),
        members=members,
    )


def kept_share(clock: ClockFigures | MemberFigures) -> float | None:
    """Return the share of clocks that were kept, ``None`` of none."""
    ended = clock.kept + clock.missed
    return clock.kept / ended if ended else None


def satisfied_share(scores: tuple[int, ...]) -> float | None:
    """Return the CSAT: the share of scores 4 and 5 over those that were given, ``None`` of none."""
    return sum(score >= 4 for score in scores) / len(scores) if scores else None


def median_s(clock: ClockFigures) -> float | None:
    """Return the median of the working seconds that a kind of clock took, ``None`` of none."""
    return median(clock.worked_s) if clock.worked_s else None
