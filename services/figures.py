"""The desk's figures, as a shop owner reads them: how fast, how well, by whom, over a span of time."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from domain.surveys.definition import QuestionKind
from domain.surveys.lows import score_question
from domain.surveys.scores import SATISFIED_FROM
from services.surveys.book import get_survey
from services.work import Work
from storage import figures as rows
from storage import staff as staff_rows
from storage.figures import ClockFigures, MemberFigures, MemberScore


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
    scored = await _satisfaction(work, since_at, until_at)
    for member in await rows.list_members(work.tx, since_at, until_at, scored=scored):
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


async def _satisfaction(work: Work, since_at: datetime, until_at: datetime) -> list[MemberScore]:
    """Return the scores of satisfaction among all that are credited: those of other kinds have other scales."""
    kinds: dict[tuple[str, int], QuestionKind | None] = {}
    found = await rows.list_scores(work.tx, since_at, until_at)
    for survey, version in {(one.survey, one.version) for one in found}:
        kept = await get_survey(work, survey, version=version)
        question = score_question(kept.survey) if kept is not None else None
        kinds[survey, version] = question.kind if question is not None else None
    return [one for one in found if kinds[one.survey, one.version] is QuestionKind.CSAT]


def kept_share(clock: ClockFigures | MemberFigures) -> float | None:
    """Return the share of clocks that were kept, ``None`` of none."""
    ended = clock.kept + clock.missed
    return clock.kept / ended if ended else None


def satisfied_share(scores: tuple[int, ...]) -> float | None:
    """Return the CSAT: the share of scores 4 and 5 over those that were given, ``None`` of none."""
    return sum(score >= SATISFIED_FROM for score in scores) / len(scores) if scores else None


def median_s(clock: ClockFigures) -> float | None:
    """Return the median of the working seconds that a kind of clock took, ``None`` of none."""
    return median(clock.worked_s) if clock.worked_s else None
