"""The list of those to win back: by worth and reason, with what is to be done about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.campaigns.winback import REASONS, Cause, Gone, Move, core_of, move_of
from domain.outcomes import Refusal
from domain.people import Actor, Permission
from services.permits import may
from services.work import Work
from storage import campaign_winback as rows
from storage.campaign_winback import GoneQuery

QUIET_DAYS = 180
"""Whoever has not bought for so many days stays away, though nobody marked them as lost."""


@dataclass(frozen=True, slots=True)
class Group:
    """How many left for one cause, and what they spent together in the last year in which they came."""

    people: int
    worth_minor: int


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the list, whether they are among the most valuable, and what is done first."""

    gone: Gone
    core: bool
    move: Move


@dataclass(frozen=True, slots=True)
class WinBack:
    """Those to win back, the most valuable first, and all of them by cause; money is in ``currency``."""

    lines: tuple[Line, ...]
    groups: Mapping[Cause, Group]
    currency: str


async def list_to_win_back(
    work: Work, *, by: Actor, cause: Cause | None = None, quiet_days: int = QUIET_DAYS, limit: int = 20
) -> WinBack | Refusal:
    """Return who left or stays away, all or those of one cause. Over credit, fraud or under a ban: nobody.

    The most valuable fifth of all is rung; so is whoever cannot be written to.
    """
    if not await may(work, by, Permission.RUN_CAMPAIGNS):
        return Refusal("campaign_message.refused.not_allowed")
    currency = work.rules.loyalty.currency
    asked = GoneQuery(work.bot_id, currency, work.now - timedelta(days=quiet_days), work.now)
    groups = await _groups(work, asked)
    core = await _core(work, asked, sum(group.people for group in groups.values()))
    found = await rows.list_gone(work.tx, asked, reasons=_reasons(cause), limit=limit)
    lines = tuple(Line(one, is_core := _rank(one) <= core, move_of(one, core=is_core)) for one in found)
    return WinBack(lines, groups, currency)


def _reasons(cause: Cause | None) -> list[str | None] | None:
    if cause is None:
        return None
    return [None] if cause is Cause.QUIET else [reason.value for reason in REASONS[cause]]


def _rank(gone: Gone) -> tuple[int, int]:
    return -gone.worth_minor, gone.customer_id


async def _core(work: Work, asked: GoneQuery, people: int) -> tuple[int, int]:
    """Return the rank of the last one who is worth a call of their own."""
    most = await rows.list_gone(work.tx, asked, reasons=None, limit=core_of(people)) if people else []
    valuable = [one for one in most if one.worth_minor > 0]
    return _rank(valuable[-1]) if valuable else (-(10**30), 0)


async def _groups(work: Work, asked: GoneQuery) -> dict[Cause, Group]:
    cause_of = {reason: cause for cause, reasons in REASONS.items() for reason in reasons}
    groups: dict[Cause, Group] = {}
    for reason, people, worth in await rows.count_gone(work.tx, asked):
        cause = cause_of[reason] if reason is not None else Cause.QUIET
        before = groups.get(cause, Group(0, 0))
        groups[cause] = Group(before.people + people, before.worth_minor + worth)
    return {cause: groups[cause] for cause in Cause if cause in groups}
