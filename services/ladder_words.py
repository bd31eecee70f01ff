"""What is said about an escalation: to whom it comes, to whoever asked for it, and in its history."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from domain.cases import Case
from domain.ladder import RESPONSES, Cause, Ending, Escalation
from domain.outgoing import Button, Purpose, Rows, to_case, to_member
from domain.people import ActorKind, StaffMember
from services import cards, desk
from services.gathered import shortened
from services.private_desk import language_of, reachable, tell_member
from services.prompts import mention
from services.speech import tell
from services.work import Work
from storage import escalations as rows
from storage import people as people_rows
from storage.members import list_members
from storage.outbox import mark_settled
from texts.catalogue import safe

_WORDS = 500
"""So many letters of a reason are shown in one message."""
_CLOCKS = (*RESPONSES, "resolution")
_OWNED = {
    "ladder.told.unanswered": "ladder.told.unanswered_owned",
    "ladder.told.repeat": "ladder.told.repeat_owned",
}
"""What is said instead of a case that is somebody's: it was taken, but nobody answered for the escalation."""


def mentions(people: Sequence[StaffMember]) -> Markup:
    """Return several names that ring."""
    return safe(", ".join(mention(member) for member in people))


def span_in_words(work: Work, length: timedelta, language: str) -> str:
    """Return how long something took: minutes below two hours, hours below two days, then days."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return work.texts.button("ladder.span.minutes", language, count=minutes)
    if minutes < 2 * 24 * 60:
        return work.texts.button("span.hours", language, count=minutes // 60)
    return work.texts.button("span.days", language, count=minutes // (24 * 60))


async def tell_rung(
    work: Work,
    case: Case,
    rung: Escalation,
    people: Sequence[StaffMember],
    *,
    causes: Sequence[Escalation],
    key: str = "ladder.told",
) -> None:
    """Tell people by name, in the topic and each in private, that a case waits for one of them; once a repeat.

    Of a confidential case only in private.
    """
    key = _OWNED.get(key, key) if case.owner_id is not None else key
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    name = customer.called if customer else "?"
    waited = work.now - causes[0].at
    if case.staff_group_id is not None and not case.confidential:
        language = await cards.language_of_case(work, case)
        await desk.notice_case(
            work,
            case,
            key if people else "ladder.nobody",
            purpose=Purpose.ESCALATION,
            buttons=_buttons(work, rung, language),
            dedupe_key=_key(rung),
            people=mentions(people),
            why=await why_in_words(work, causes, language),
            waited=span_in_words(work, waited, language),
            number=case.public_number,
            customer=name,
        )
    for member in people:
        language = language_of(work, member)
        await tell_member(
            work,
            member,
            key,
            buttons=_buttons(work, rung, language),
            purpose=Purpose.ESCALATION,
            case=case,
            dedupe_key=_key(rung, member.id),
            people=member.name,
            why=await why_in_words(work, causes, language),
            waited=span_in_words(work, waited, language),
            number=case.public_number,
            customer=name,
        )


async def tell_joined(work: Work, case: Case, joined: Escalation, told: Sequence[int]) -> None:
    """Let those who were told before read why somebody hands the case up as well; nobody is rung a second time."""
    if case.staff_group_id is not None and not case.confidential:
        why = await why_in_words(work, [joined], await cards.language_of_case(work, case))
        await desk.notice_case(work, case, "ladder.joined", number=case.public_number, why=why)
        return
    for member in [member for member in await list_members(work.tx) if member.id in told]:
        why = await why_in_words(work, [joined], language_of(work, member))
        await tell_member(work, member, "ladder.joined", case=case, number=case.public_number, why=why)


def _buttons(work: Work, rung: Escalation, language: str) -> Rows:
    def button(verb: str) -> Button:
        data = f"k:{verb}:{rung.case_id}:{rung.id}"
        return Button(work.texts.button(f"staff.button.{verb}", language), data=data)

    return ((button("ack"), button("pass")),)


def _key(rung: Escalation, member_id: int | None = None) -> str:
    key = f"ladder:{rung.id}:{rung.repeats}"
    return key if member_id is None else f"{key}:m{member_id}"


async def why_in_words(work: Work, causes: Sequence[Escalation], language: str) -> Markup:
    """Return why a case was handed up, a line each; the newest few where there are many."""
    lines = []
    for one in causes[-3:]:
        name = await _author(work, one)
        key = _why_key(one, name)
        lines.append(work.texts.say(key, language, name=name, reason=shortened(one.reason, _WORDS)))
    return safe("\n".join(lines))


def _why_key(one: Escalation, name: str) -> str:
    if one.cause in (Cause.BREACH, Cause.WARNING) and one.reason in _CLOCKS:
        return f"ladder.why.{one.cause}.{one.reason}"
    if one.cause is Cause.LOW_SCORE:
        return "ladder.why.low_score_words" if one.reason else "ladder.why.low_score"
    if one.cause is Cause.HAND and name:
        return "ladder.why.hand"
    return "ladder.why.unanswered" if one.cause is Cause.UNANSWERED else "ladder.why.other"


async def _author(work: Work, one: Escalation) -> str:
    if one.by.kind is not ActorKind.STAFF:
        return ""
    return next((m.name for m in await list_members(work.tx, active=False) if m.id == one.by.id), "")


async def tell_warning(work: Work, case: Case, people: Sequence[StaffMember], *, kind: str, due_at: datetime) -> None:
    """Tell a case's owner in private that a clock runs out; whoever else it is told to, by name in the topic."""
    once = f"warn:{case.id}:{kind}:{int(due_at.timestamp())}"
    alone = case.confidential or case.staff_group_id is None
    owners = [member for member in people if member.id == case.owner_id]
    for member in people if alone else owners:
        await tell_member(
            work,
            member,
            f"ladder.warning.{kind}",
            purpose=Purpose.ESCALATION,
            case=case,
            dedupe_key=f"{once}:m{member.id}",
            people=member.name,
            number=case.public_number,
            moment=due_at,
        )
    if not alone and not any(reachable(member) for member in owners):
        await desk.notice_case(
            work,
            case,
            f"ladder.warning.{kind}",
            purpose=Purpose.ESCALATION,
            dedupe_key=once,
            people=mentions(people),
            number=case.public_number,
            moment=due_at,
        )


async def rewrite_copies(work: Work, case: Case, rungs: Sequence[Escalation], key: str, **values: object) -> None:
    """Say in the place of every message that asked for somebody what became of it; what waits is not sent any more.

    Of each rung its last repeat; the buttons of older ones say on a tap that they are old.
    """
    keys = {_key(rung): None for rung in rungs} | {_key(rung, who): who for rung in rungs for who in rung.told}
    members = {member.id: member for member in await list_members(work.tx, active=False)}
    for copy in await rows.list_copies(work.tx, list(keys)):
        if copy.state == "queued":
            mark_settled(work.tx, row_id=copy.row_id, state="dropped", now=work.now, error="taken")
            continue
        if copy.state != "sent" or copy.message_id is None:
            continue
        who = keys[copy.key]
        if who is None and case.staff_group_id is None:
            continue
        language = await cards.language_of_case(work, case) if who is None else language_of(work, members[who])
        target = to_case(case.id, case.staff_group_id or 0) if who is None else to_member(who)
        html = work.texts.say(key, language, number=case.public_number, **values)
        await tell(work, target, html, purpose=Purpose.ESCALATION, case_id=case.id, replacing=copy.message_id)


async def tell_escalator(work: Work, case: Case, causes: Sequence[Escalation], key: str, *, by: StaffMember) -> None:
    """Tell whoever asked for help who has the case now: in the topic by name, of a confidential one in private."""
    ids = {one.by.id for one in causes if one.cause is Cause.HAND and one.by.kind is ActorKind.STAFF} - {by.id}
    askers = [member for member in await list_members(work.tx) if member.id in ids]
    if not askers:
        return
    number = case.public_number
    if case.staff_group_id is not None and not case.confidential:
        await desk.notice_case(work, case, key, people=mentions(askers), number=number, name=by.name)
        return
    for asker in askers:
        await tell_member(work, asker, key, case=case, people=asker.name, number=number, name=by.name)


async def history_in_words(work: Work, case: Case, language: str) -> list[str]:
    """Return the whole ladder of a case as Telegram HTML, oldest first: when, why, who was told, who took it."""
    names = {member.id: member.name for member in await list_members(work.tx, active=False)}
    lines = []
    for one in await rows.list_of_case(work.tx, case.id):
        lines.append(
            work.texts.say(
                "ladder.history.step",
                language,
                at=work.texts.moment(one.at, language, zone=work.rules.zone, now=work.now),
                level=work.texts.button(f"ladder.level.{one.level}", language),
                why=await why_in_words(work, [one], language),
            )
        )
        told = ", ".join(names.get(who, "?") for who in one.told)
        if told:
            lines.append(work.texts.say("ladder.history.told", language, names=told))
        if one.repeats:
            lines.append(work.texts.say("ladder.history.repeats", language, count=one.repeats))
        if end := _end_in_words(work, one, names, language):
            lines.append(end)
    return lines


def _end_in_words(work: Work, one: Escalation, names: dict[int, str], language: str) -> str:
    if one.cause is Cause.WARNING:
        return ""
    if one.open:
        return work.texts.say("ladder.history.open", language, waited=span_in_words(work, work.now - one.at, language))
    assert one.ended_at is not None
    return work.texts.say(
        f"ladder.history.{one.ended_as or Ending.CASE_ENDED}",
        language,
        name=names.get(one.taken_by or 0, "?"),
        waited=span_in_words(work, one.ended_at - one.at, language),
    )
