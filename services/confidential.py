"""Complaints about a person who works here: seen and worked on by those who supervise, never by that person."""

from collections.abc import Sequence
from html import escape

from domain.cases import Case
from domain.deeds import Deed, sees
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import Action, Button, Outgoing, Purpose, to_card, to_case, to_member
from domain.people import Actor, StaffMember
from services import cards, private_desk
from services.case_door import access_case, change_case, living_case
from services.permits import member_of
from services.work import Work
from storage import cases as case_rows
from storage import confidential as rows
from storage import focus as focus_rows
from storage import staff as staff_rows
from storage.outbox import add_outgoing

NEUTRAL = "neutral"
"""The mark in ``extra`` of what may be said about a confidential case where others read."""


async def make_confidential(work: Work, *, case_id: int, about_id: int | None, by: Actor) -> Case | Refusal:
    """Take a case out of the group and keep it among those who supervise, but not from ``about_id``.

    ``about_id`` is whom it is about, ``None`` when nobody knows. Told again it corrects who that is.
    """
    member = await member_of(work, by)
    if member is not None:
        case = await access_case(work, case_id=case_id, by=member, deed=Deed.CONFIDENTIAL)
    else:
        case = await case_rows.get_case(work.tx, case_id) or Refusal("desk.refused.no_such_case")
    if isinstance(case, Refusal):
        return case
    if about_id is not None and await staff_rows.get_member(work.tx, about_id) is None:
        return Refusal("private.refused.nobody_here")
    if case.confidential and case.about_member_id == about_id:
        return Refusal("private.refused.confidential_already", {"number": case.public_number})
    main = await living_case(work, case)
    if main is not case:
        return Refusal("casework.refused.merged_into", {"number": case.public_number, "into": main.public_number})
    for duplicate_id in await rows.list_merged_into(work.tx, case.id):
        duplicate = await case_rows.get_case(work.tx, duplicate_id)
        if duplicate is not None:  # its card and its history say the same words
            await _confide(work, duplicate, about_id=about_id, by=by)
    case = await _confide(work, case, about_id=about_id, by=by)
    await tell_readers(work, case)
    return case


async def _confide(work: Work, case: Case, *, about_id: int | None, by: Actor) -> Case:
    group_id = case.staff_group_id
    case = change_case(
        work,
        case,
        by=by,
        action="case.confidential",
        confidential=True,
        about_member_id=about_id,
        staff_group_id=None,
    )
    staff = (await focus_rows.load_private_desk(work.tx)).members
    others = [member for member in staff if not sees(case, member)]
    if case.owner_id in [member.id for member in others]:
        case = change_case(work, case, by=by, action="case.unassign", owner_id=None)
    allowed = [f"m{member.id}" for member in staff if sees(case, member)]
    await rows.drop_waiting(work.tx, case_id=case.id, but=allowed, now=work.now)
    await _leave_chats(work, case, others)
    if group_id is not None:
        await _leave_group(work, case, group_id)
    return case


async def _leave_chats(work: Work, case: Case, others: Sequence[StaffMember]) -> None:
    """End the work of those who may no longer see it, and take the card out of their private chats."""
    here = (await focus_rows.load_private_desk(work.tx)).focused_on(case.id)
    await focus_rows.clear_focus(work.tx, [member.id for member in others if member.id in here])
    for member in others:
        key = f"m{member.id}"
        if await focus_rows.find_card(work.tx, customer_id=case.customer_id, case_id=case.id, chat_key=key):
            html = _neutral(work, case, private_desk.language_of(work, member))
            await _queue(work, case, Outgoing(Purpose.CARD, to_member(member.id), html, action=Action.EDIT))


async def _leave_group(work: Work, case: Case, group_id: int) -> None:
    """Let the card and the topic say no more than that others work on it, and close the topic."""
    group = await staff_rows.get_group(work.tx, group_id)
    html = _neutral(work, case, cards.desk_language(work, group))
    await _queue(work, case, Outgoing(Purpose.CARD, to_card(case.id, group_id), html))
    await _queue(work, case, Outgoing(Purpose.STAFF_NOTICE, to_case(case.id, group_id), html))
    if group is not None and group.forum:
        closing = Outgoing(Purpose.STAFF_NOTICE, to_case(case.id, group_id), Content(Kind.TEXT), action=Action.CLOSE)
        await _queue(work, case, closing)


def _neutral(work: Work, case: Case, language: str) -> Content:
    return Content(Kind.TEXT, work.texts.say("private.elsewhere", language, number=escape(case.public_number)))


async def _queue(work: Work, case: Case, message: Outgoing) -> None:
    neutral = Outgoing(
        message.purpose,
        message.target,
        message.content,
        action=message.action,
        html=True,
        case_id=case.id,
        customer_id=case.customer_id,
        extra={NEUTRAL: True},
    )
    await add_outgoing(work.tx, neutral, bot_id=work.bot_id, now=work.now)


async def tell_readers(work: Work, case: Case) -> int:
    """Show a confidential case to everybody who may see it; returns how many there are."""
    readers = await private_desk.readers(work, case)
    about = await staff_rows.get_member(work.tx, case.about_member_id) if case.about_member_id else None
    for member in readers:
        await cards.show_card_to(work, case, member)
        words = work.texts.button("private.button.work", private_desk.language_of(work, member))
        await private_desk.tell_member(
            work,
            member,
            "private.confidential_about" if about else "private.confidential_new",
            buttons=((Button(words, data=f"k:work:{case.id}"),),),
            case=case,
            number=case.public_number,
            name=about.name if about else "",
        )
    return len(readers)


async def show_unseen(work: Work, *, limit: int) -> int:
    """Show confidential cases that nobody was able to see when they came, once somebody is; returns how many."""
    shown = 0
    for case_id in await rows.list_unshown(work.tx, limit=limit):
        case = await case_rows.get_case(work.tx, case_id)
        if case is not None and case.confidential and case.live and await _has_reader(work, case):
            await tell_readers(work, case)
            shown += 1
    return shown


async def _has_reader(work: Work, case: Case) -> bool:
    staff = (await focus_rows.load_private_desk(work.tx)).members
    return any(sees(case, member) and private_desk.reachable(member) for member in staff)


async def list_whom(work: Work) -> list[StaffMember]:
    """Return whom a complaint may be about, in the order in which they came: everybody who works here."""
    return list((await focus_rows.load_private_desk(work.tx)).members)
