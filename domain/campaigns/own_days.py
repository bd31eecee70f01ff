"""Days of each person's own: which occasion of a birthday, an anniversary or a date on record falls on a day; pure."""

from dataclasses import dataclass
from datetime import date

from domain.calendars import LeapDayPolicy, birthday_year, is_kept_on
from domain.campaigns.definition import OccasionKind, When
from domain.people import Birthday


@dataclass(frozen=True, slots=True)
class OwnDays:
    """What one person's days hang on; ``joined_on`` is the local date, ``field`` what the record's field says."""

    birthday: Birthday | None
    joined_on: date
    field: str | None = None


def own_occasion(when: When, own: OwnDays, on: date, policy: LeapDayPolicy) -> str | None:
    """Return which occasion of this person falls on a day, ``None`` when none does.

    It is the year by the birthday's own calendar, the year of an anniversary, or the date that a field names.
    """
    if when.kind is OccasionKind.BIRTHDAY:
        kept = own.birthday is not None and is_kept_on(own.birthday, on, policy)
        return str(birthday_year(own.birthday, on)) if own.birthday is not None and kept else None
    if when.kind is OccasionKind.ANNIVERSARY:
        return str(on.year) if is_kept_yearly(own.joined_on, on, policy) else None
    origin = read_day(own.field)
    if origin is None:
        return None
    return on.isoformat() if origin == on or (when.yearly and is_kept_yearly(origin, on, policy)) else None


def read_day(value: object) -> date | None:
    """Return the date that a field of the record holds, ``None`` for what is none."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def is_kept_yearly(origin: date, on: date, policy: LeapDayPolicy) -> bool:
    """Return whether a yearly day such as a membership anniversary falls on ``on``, in a later year."""
    if on.year <= origin.year:
        return False
    try:
        return origin.replace(year=on.year) == on
    except ValueError:  # 29 February
        return on == (date(on.year, 2, 28) if policy is LeapDayPolicy.FEB_28 else date(on.year, 3, 1))
