"""By when something is to be done: read from what staff write, or chosen by a button; in the time they work."""

from datetime import UTC, datetime, time, timedelta

from domain.moments import instant_of, read_when
from domain.tasks import TaskKind
from services.hours import calendar_of
from services.work import Work

CHOICES = ("today", "tomorrow", "in3", "monday", "in7")
"""The words of the buttons; their texts are ``aftercare.button.<word>``."""
OWN = "own"
"""The button for a day that is none of the others."""
_USUAL = {TaskKind.CHECK_BACK: time(10)}
_USUALLY = time(17)
_SOON = timedelta(hours=2)
_DAYS = {"tomorrow": 1, "in3": 3, "in7": 7}


def read_due(work: Work, words: str, kind: TaskKind) -> tuple[datetime | None, str]:
    """Return the instant a line names, ``None`` when it is unclear, and the line's other words.

    A line that names no hour means the usual one of its kind; should staff not work then, when they begin again.
    """
    local = work.now.astimezone(work.rules.zone)
    when = read_when(words, now=local.replace(tzinfo=None))
    due = instant_of(when, now=work.now, zone=work.rules.zone, usual=_USUAL.get(kind, _USUALLY))
    if due is not None and when.at is None and when.after is None:
        due = _later_today(work, due) if when.on == local.date() else _opening(work, due)
    return due, when.rest


def choose_due(work: Work, choice: str, kind: TaskKind) -> datetime | None:
    """Return the instant behind a button; ``None`` for one nobody knows."""
    today = work.now.astimezone(work.rules.zone).date()
    if choice == "today":
        return _later_today(work, work.now)
    if choice == "monday":
        days = 7 - today.weekday()
    elif choice in _DAYS:
        days = _DAYS[choice]
    else:
        return None
    at = datetime.combine(today + timedelta(days=days), _USUAL.get(kind, time(10)), work.rules.zone)
    return _opening(work, at.astimezone(UTC))


def _opening(work: Work, at: datetime) -> datetime:
    return calendar_of(work).next_opening(at) or at


def _later_today(work: Work, at: datetime) -> datetime:
    """Return ``at`` when it is to come; else two working hours from now."""
    if at > work.now:
        return at
    return calendar_of(work).add(work.now, _SOON)
