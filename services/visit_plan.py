"""The plan of visits: those of a week by whose they are, what is overdue among them, and what came of those made."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.people import StaffMember
from domain.tasks import Task
from services import task_words
from services.work import Work
from storage.tasks import Head, list_visits

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """Visits from Monday to Sunday; ``of`` are the owners' names (empty: nobody's) with their visits, soonest first."""

    first_on: date
    last_on: date
    of: tuple[tuple[str, tuple[tuple[Task, Head], ...]], ...]


async def week_of(work: Work, by: StaffMember, *, weeks: int = 0) -> Week:
    """Return the plan of this week, or of one so many ``weeks`` away; what is overdue stands in this week's."""
    today = work.now.astimezone(work.rules.zone).date()
    monday = today - timedelta(days=today.weekday()) + weeks * _WEEK
    since, until = _midnight(work, monday), _midnight(work, monday + _WEEK)
    found = await list_visits(work.tx, since=since, until=until)
    if weeks != 0:
        found = [task for task in found if task.due_at >= since]
    names = await task_words.names_of_staff(work)
    by_owner: dict[str, list[tuple[Task, Head]]] = defaultdict(list)
    for task, head in await task_words.visible(work, found, by):
        by_owner[names.get(task.owner_id or 0, "")].append((task, head))
    ordered = sorted(by_owner.items(), key=lambda one: (not one[0], one[0].casefold()))
    return Week(monday, monday + _WEEK - timedelta(days=1), tuple((name, tuple(visits)) for name, visits in ordered))


def _midnight(work: Work, on: date) -> datetime:
    return datetime.combine(on, time(), work.rules.zone).astimezone(UTC)
