"""Whose turn it is: which member of staff gets a case next. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from domain.cases import Case
from domain.deeds import sees
from domain.desk import Assigning
from domain.people import Permission, Role, StaffMember

TURNS = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
"""Who gets cases in turn: agents; supervisors when no agent is here; admins when nobody else is."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(milliseconds=1)


def on_turn(members: Sequence[StaffMember], case: Case, now: datetime) -> list[StaffMember]:
    """Return among whom a case is given in turn: those present of the first of :data:`TURNS` that has any.

    Whoever may not know of the case is never among them.
    """
    for role in TURNS:
        here = [one for one in members if one.role is role and one.present(now) and sees(case, one)]
        if here:
            return here
    return []


def choose(members: Sequence[StaffMember], assigning: Assigning, loads: Mapping[int, int]) -> StaffMember | None:
    """Return who gets the next case: whoever waited longest for one, or has the fewest live cases (``loads``).

    Among equals it is whoever waited longest, then whoever came first.
    """
    if not members or assigning is Assigning.NONE:
        return None

    def place(member: StaffMember) -> tuple[int, datetime, int]:
        load = loads.get(member.id, 0) if assigning is Assigning.LEAST_LOADED else 0
        return load, member.assigned_at or _NEVER, member.id

    return min(members, key=place)


def turn_after(members: Sequence[StaffMember], now: datetime) -> datetime:
    """Return the instant to note for whoever gets a case now, later than everybody's, so that turns never tie."""
    last = max((member.assigned_at for member in members if member.assigned_at), default=_NEVER)
    return max(now, last + _STEP)


def can_own(member: StaffMember, case: Case) -> bool:
    """Return whether a case can be this person's: they work on cases and may know of it."""
    return member.may(Permission.WORK_CASES) and sees(case, member)


def present_first(members: Sequence[StaffMember], now: datetime) -> list[StaffMember]:
    """Return people in the order in which they are offered: those present first, each part by name."""
    return sorted(members, key=lambda one: (not one.present(now), one.name.casefold(), one.id))
