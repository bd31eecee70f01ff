"""What a member of staff wrote, changed afterwards: every version is kept, the customer sees the newest in time."""

from dataclasses import replace
from datetime import timedelta

from domain.cases import Case
from domain.interactions import Content, Direction, Interaction, Kind, Visibility
from domain.marks import Meaning
from domain.outcomes import Refusal
from domain.outgoing import Action, Outgoing, Purpose, to_contact
from domain.people import StaffMember
from domain.signing import signed
from services import desk, private_desk
from services.answers import HELD, is_held, meaning, sent_version
from services.case_door import access_case, actor_of
from services.speech import record_heard
from services.work import Work
from storage.deleting import list_deleted
from storage.interactions import Origin, list_said_at
from storage.outbox import add_outgoing

EDIT_WINDOW = timedelta(hours=48)
"""How long after it was said an answer may still be changed at the customer's."""


async def correct_words(work: Work, *, by: StaffMember, content: Content, origin: Origin) -> None:
    """Keep a changed message as a new version, and change it at the customer's if it went there.

    Staff are told when a change is not passed on: because it now looks like a note, or comes too late.
    """
    assert origin.chat_id is not None
    assert origin.message_id is not None
    said = await list_said_at(work.tx, bot_id=work.bot_id, chat_id=origin.chat_id, message_id=origin.message_id)
    sent = sent_version(said)
    original = sent or next((i for i in said if i.version_of is None), None)
    if original is None or original.case_id is None or _same(said[-1].content, content):
        return
    case = await access_case(work, case_id=original.case_id, by=by)
    if isinstance(case, Refusal):
        return  # someone who may no longer work on cases corrects nothing
    stays = content.kind is Kind.LOCATION  # a shared position moves by itself
    refusal = await _why_not(work, sent, content) if sent and not stays else None
    passed_on = sent is not None and not stays and refusal is None
    version_id = await record_heard(
        work,
        author=actor_of(by),
        content=replace(content, extra={**content.extra, HELD: True}) if is_held(original) else content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        direction=Direction.OUT if passed_on else Direction.IN,
        visibility=Visibility.CUSTOMER if passed_on else Visibility.INTERNAL,
        version_of=original.id,
    )
    if sent is not None and passed_on:
        await _change_at_customer(work, case, sent=sent, version_id=version_id, content=content, by=by)
        await private_desk.tell_colleagues(work, case, by=by, content=content, origin=origin, key="private.line.edit")
    if refusal is not None:
        await desk.notice_case(work, case, refusal, reply_to=version_id)


async def _why_not(work: Work, sent: Interaction, content: Content) -> str | None:
    if await list_deleted(work.tx, [sent.id]):
        return "private.edit_deleted"
    if meaning(work, content) is not Meaning.PLAIN:
        return "desk.edit_is_note"
    return "desk.edit_too_late" if work.now > sent.at + EDIT_WINDOW else None


def _same(before: Content, after: Content) -> bool:
    """Return whether nothing a person reads was changed: Telegram also reports link previews as edits."""
    return (before.kind, before.text, before.entities, before.media and before.media.file_unique_id) == (
        after.kind,
        after.text,
        after.entities,
        after.media and after.media.file_unique_id,
    )


async def _change_at_customer(
    work: Work, case: Case, *, sent: Interaction, version_id: int, content: Content, by: StaffMember
) -> None:
    """Queue the change; another picture or file cannot take the old one's place, so it follows as an answer to it."""
    if case.contact_point_id is None:
        return
    name = by.name if work.rules.show_staff_names else None
    shown = signed(content, name) if name else content
    in_place = _file(sent.content) == _file(content)
    message = Outgoing(
        purpose=Purpose.STAFF_ANSWER,
        target=to_contact(case.contact_point_id),
        content=shown,
        action=Action.EDIT if in_place else Action.SEND,
        reply_to=None if in_place else sent.id,
        customer_id=case.customer_id,
        case_id=case.id,
        interaction_id=version_id,
        extra={"edit_of": sent.id} if in_place else {},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


def _file(content: Content) -> str | None:
    return content.media.file_unique_id if content.media else None
