"""When somebody is there: working hours and who is away, and what a customer reads while nobody is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.people import Permission, StaffMember
from domain.workdays import WorkCalendar
from services.case_door import moment_for
from services.work import Person, Work
from storage.staff import list_active


def calendar_of(work: Work) -> WorkCalendar:
    """Return the business's working calendar."""
    return WorkCalendar(work.rules.desk.hours, work.rules.zone)


@dataclass(frozen=True, slots=True)
class Back:
    """When somebody is back at the desk: ``at``, ``None`` for right now; not ``known`` when nobody can say."""

    at: datetime | None = None
    known: bool = True

    @property
    def here(self) -> bool:
        """Whether somebody is there right now."""
        return self.known and self.at is None


async def person_back(work: Work) -> Back:
    """Return when somebody who works on cases is back, by the hours and by who said to be away.

    Away without an end counts as until the next opening while the desk is closed; in working hours nobody knows. A
    business that has named no staff is taken to be there whenever it is open.
    """
    calendar = calendar_of(work)
    opening = calendar.next_opening(work.now) or work.now
    staff = [member for member in await list_active(work.tx) if member.may(Permission.WORK_CASES)]
    if not staff or any(member.present(opening) for member in staff):
        return Back(opening if opening > work.now else None)
    if (returning := _first_return(staff)) is not None:
        return Back(calendar.next_opening(returning) or returning)
    return Back(opening) if opening > work.now else Back(known=False)


def _first_return(staff: list[StaffMember]) -> datetime | None:
    return min((member.absent_until_at for member in staff if member.absent_until_at is not None), default=None)


async def next_person_at(work: Work) -> datetime | None:
    """Return when somebody is back, ``None`` for right now; when nobody can say, the opening after this one's end."""
    back = await person_back(work)
    if back.known:
        return back.at
    calendar = calendar_of(work)
    closing = calendar.next_closing(work.now) or work.now + timedelta(days=1)
    return calendar.next_opening(closing) or closing


async def closed_words(work: Work, person: Person) -> str | None:
    """Return what a customer reads (Telegram HTML) while nobody is there: who is back when, and that words are kept."""
    back = await person_back(work)
    if back.here:
        return None
    if back.at is None:
        return work.texts.say("clock.nobody", person.language)
    key = "clock.away" if calendar_of(work).is_working(work.now) else "clock.closed"
    return work.texts.say(key, person.language, moment=moment_for(work, person, back.at))


async def with_closed_words(work: Work, person: Person, html: str) -> str:
    """Return ``html`` with what a customer reads while nobody is there, if nobody is."""
    words = await closed_words(work, person)
    return f"{html}\n\n{words}" if words else html


async def promise_html(
    work: Work, person: Person, keys: tuple[str, str], *, at: datetime | None, closed: bool = True, **values: object
) -> str:
    """Return a promise in words: the first of ``keys`` names the ``moment``, the second is said where none is known.

    With ``closed`` it says also who is back when, and that the words are kept.
    """
    timed, timeless = keys
    moment = {"moment": moment_for(work, person, at)} if at is not None else {}
    html = work.texts.say(timed if at is not None else timeless, person.language, **values, **moment)
    return await with_closed_words(work, person, html) if closed else html
