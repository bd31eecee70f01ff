"""The digest: once a working day, and whenever somebody asks, how the desk stands and what presses most."""

from datetime import date, datetime, time, timedelta

from domain.deeds import Deed, why_not
from domain.instants import local_instant
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows, to_staff_group
from domain.people import Permission, StaffGroup, StaffMember
from services import cards, private_desk
from services.hours import calendar_of
from services.lag import lag_of
from services.speech import tell
from services.work import Work
from storage import digest as rows
from storage.bans import was_said
from storage.digest import Counts, Pressing, Span
from storage.staff import list_active, list_groups
from texts.catalogue import safe
from texts.days import day_in_words

PRESSING = 5
_LONGEST_BREAK = 14
"""So many days a digest looks back at most for the last working day."""
_NAMED = ("open", "unowned", "waiting", "overdue", "breached", "escalated", "reopened", "detractors", "unreachable")


async def ask_digest(work: Work, *, by: StaffMember, language: str, group: StaffGroup | None = None) -> str | Refusal:
    """Return the digest as Telegram HTML for a member of staff who asks."""
    refusal = why_not(Deed.DIGEST, by)
    return refusal if refusal is not None else await digest_in_words(work, language, group=group)


async def digest_in_words(work: Work, language: str, *, group: StaffGroup | None = None) -> str:
    """Return how the desk stands as Telegram HTML: of one group's cases where there are several, else of all."""
    group_id = group.id if group is not None and len(await list_groups(work.tx, bot_id=work.bot_id)) > 1 else None
    span = _span(work)
    counts = await rows.count(work.tx, span, group_id=group_id)
    lines = _count_lines(work, counts, language, since=span.since)
    lines += await _absence_lines(work, language)
    lines += await _lag_lines(work, language, group)
    if not lines:
        return work.texts.say("ready.digest.quiet", language)
    pressing = await rows.list_pressing(work.tx, span, group_id=group_id, limit=PRESSING)
    if pressing:
        lines += ["", work.texts.say("ready.digest.pressing", language)]
        lines += [_pressing_line(work, nth, one, language) for nth, one in enumerate(pressing, 1)]
    return "\n".join([work.texts.say("ready.digest.head", language), "", *lines])


def _span(work: Work) -> Span:
    """Return what the digest looks at: the last working day and the days off since, and today."""
    today = work.now.astimezone(work.rules.zone).date()
    last = today - timedelta(days=1)
    for _ in range(_LONGEST_BREAK):
        if works_on(work, last):
            break
        last -= timedelta(days=1)
    else:
        last = today - timedelta(days=1)
    return Span(work.now, _midnight(work, last), _midnight(work, today), _midnight(work, today + timedelta(days=1)))


def _midnight(work: Work, day: date) -> datetime:
    return local_instant(datetime.combine(day, time()), work.rules.zone)


def works_on(work: Work, day: date) -> bool:
    """Return whether there is any working time on a day."""
    opening = calendar_of(work).next_opening(_midnight(work, day))
    return opening is None or opening < _midnight(work, day + timedelta(days=1))


def _count_lines(work: Work, counts: Counts, language: str, *, since: datetime) -> list[str]:
    on, today = (at.astimezone(work.rules.zone).date() for at in (since, work.now))
    day = day_in_words(on, language, today=today)
    lines = [
        work.texts.say(f"ready.digest.{name}", language, count=number, day=day)
        for name in _NAMED
        if (number := getattr(counts, name))
    ]
    if counts.tasks:
        lines.append(work.texts.say("ready.digest.tasks", language, count=counts.tasks))
    return lines


async def _absence_lines(work: Work, language: str) -> list[str]:
    away = [member for member in await list_active(work.tx) if not member.present(work.now)]
    if not away:
        return []
    names = [_absent(work, member, language) for member in away]
    return [work.texts.say("ready.digest.away", language, names=safe(", ".join(names)))]


def _absent(work: Work, member: StaffMember, language: str) -> str:
    if member.absent_until_at is None:
        return work.texts.say("ready.digest.absent", language, name=member.name)
    moment = work.texts.moment(member.absent_until_at, language, zone=work.rules.zone, now=work.now)
    return work.texts.say("ready.digest.absent_until", language, name=member.name, moment=moment)


async def _lag_lines(work: Work, language: str, group: StaffGroup | None) -> list[str]:
    lag = await lag_of(work, group) if group is not None else None
    if lag is None or not lag.minutes:
        return []
    return [work.texts.say("ready.digest.lag", language, count=lag.rows, minutes=lag.minutes)]


def _pressing_line(work: Work, nth: int, one: Pressing, language: str) -> str:
    owner = one.owner or work.texts.button("ready.digest.nobody", language)
    values = {"nth": nth, "number": f"C-{one.number}", "customer": one.customer, "owner": owner}
    values["priority"] = work.texts.button(f"desk.priority.{one.priority}", language)
    if one.due_at is None:
        return work.texts.say("ready.digest.case", language, **values)
    moment = work.texts.moment(one.due_at, language, zone=work.rules.zone, now=work.now)
    key = "ready.digest.case_late" if one.due_at < work.now else "ready.digest.case_due"
    return work.texts.say(key, language, moment=moment, **values)


async def send_digest(work: Work) -> int:
    """Send the daily digest where it was not sent today: to every staff group, else to who supervises; the tick.

    Once a day, on days with working time, from ``digest_at`` on; returns how many it sent.
    """
    at = work.rules.desk.digest_at
    local = work.now.astimezone(work.rules.zone)
    if at is None or local.time() < at or not works_on(work, local.date()):
        return 0
    groups = [group for group in await list_groups(work.tx, bot_id=work.bot_id) if not group.unreachable_since_at]
    if groups:
        return sum([await _send_to_group(work, group, local.date()) for group in groups])
    leads = [member for member in await list_active(work.tx) if member.may(Permission.SUPERVISE)]
    return sum([await _send_to_member(work, member, local.date()) for member in leads])


async def _send_to_group(work: Work, group: StaffGroup, on: date) -> int:
    key = f"digest:g{group.id}:{on.isoformat()}"
    if await was_said(work.tx, key):
        return 0
    language = cards.desk_language(work, group)
    html = await digest_in_words(work, language, group=group)
    await tell(work, to_staff_group(group.id), html, buttons=buttons(work, language), dedupe_key=key)
    return 1


async def _send_to_member(work: Work, member: StaffMember, on: date) -> int:
    key = f"digest:m{member.id}:{on.isoformat()}"
    if await was_said(work.tx, key):
        return 0
    language = private_desk.language_of(work, member)
    html = await digest_in_words(work, language)
    told = await private_desk.tell_member(
        work, member, "ready.digest.whole", buttons=buttons(work, language), dedupe_key=key, digest=safe(html)
    )
    return int(told is not None)


def buttons(work: Work, language: str) -> Rows:
    """Return the ways from a digest to its lists."""
    names = ("cases", "tasks", "bans")
    return (tuple(Button(work.texts.button(f"ready.button.{name}", language), data=f"k:{name}:0") for name in names),)
