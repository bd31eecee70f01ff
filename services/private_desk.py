"""Staff in their private chats with the bot: what they are told there, and which cases come there."""

from dataclasses import replace
from datetime import datetime

import structlog

from domain.cases import Case
from domain.deeds import sees
from domain.interactions import ALBUM_KINDS, Content, Interaction, Kind
from domain.outgoing import Button, Outgoing, Purpose, Rows, to_case, to_member
from domain.people import ActorKind, MemberReach, Permission, StaffMember
from domain.signing import signed
from services.gathered import shortened
from services.speech import tell
from services.work import Work
from storage import people as people_rows
from storage import staff as staff_rows
from storage.focus import load_private_desk
from storage.interactions import Origin, get_interaction

log = structlog.get_logger("private_desk")

_CAPTIONED = ALBUM_KINDS | {Kind.VOICE, Kind.ANIMATION}
_LINE_LETTERS = 300
_NAMED = frozenset({Purpose.ESCALATION, Purpose.PROMPT, Purpose.NOTE_PROMPT, Purpose.DESK_LAG})
"""What is said to somebody by name, or to a group as such, is not copied to private chats."""


def language_of(work: Work, member: StaffMember) -> str:
    """Return the language a member of staff reads in private: their own, else the business's first."""
    return member.language or work.rules.languages[0]


def reachable(member: StaffMember) -> bool:
    """Return whether it is worth writing to this person in private: who never wrote to the bot is tried."""
    return member.active and member.reach is not MemberReach.BLOCKED


async def tell_member(
    work: Work,
    member: StaffMember,
    key: str,
    /,
    *,
    buttons: Rows = (),
    purpose: Purpose = Purpose.MEMBER_NOTICE,
    case: Case | None = None,
    customer_id: int | None = None,
    dedupe_key: str | None = None,
    reply_to: int | None = None,
    replacing: int | None = None,
    force_reply: bool = False,
    **values: object,
) -> int | None:
    """Queue words for a member's private chat in their language; returns the row, ``None`` when nothing can go there.

    Instants among ``values`` are told on the business's clock. ``replacing`` is a message of ours in that chat,
    ``reply_to`` an interaction. ``customer_id`` is whom the words name; with ``case`` it is known.
    """
    if not reachable(member) or (case is not None and not sees(case, member)):
        return None
    language = language_of(work, member)
    said = {name: told(work, value, language) for name, value in values.items()}
    return await tell(
        work,
        to_member(member.id),
        work.texts.say(key, language, **said),
        purpose=purpose,
        buttons=buttons,
        case_id=case.id if case else None,
        customer_id=case.customer_id if case else customer_id,
        reply_to=reply_to,
        replacing=replacing,
        force_reply=force_reply,
        dedupe_key=dedupe_key,
    )


def told(work: Work, value: object, language: str) -> object:
    """Return a value of a text as staff read it: an instant on the business's clock, all else as it is."""
    if isinstance(value, datetime):
        return work.texts.moment(value, language, zone=work.rules.zone, now=work.now)
    return value


async def readers(work: Work, case: Case) -> list[StaffMember]:
    """Return whose private chats show this case: who works on it there, and all who must when no group shows it.

    A confidential case comes to everybody who may see it, one whose group is away to those who supervise.
    """
    desk = await load_private_desk(work.tx)
    able = [m for m in desk.members if reachable(m) and m.may(Permission.WORK_CASES) and sees(case, m)]
    if case.confidential:
        if not able:
            log.warning("nobody_may_see_case", case=case.public_number)
        return able
    here = desk.focused_on(case.id)
    away = case.staff_group_id not in desk.groups

    def reads(member: StaffMember) -> bool:
        if member.id in here or (member.id == case.owner_id and (member.works_privately or away)):
            return True
        return away and case.live and member.may(Permission.SUPERVISE)

    return [member for member in able if reads(member)]


async def card_row(work: Work, case: Case, member: StaffMember) -> Rows:
    """Return what a card offers in a private chat besides: to write to this customer here, or no longer."""
    here = member.id in (await load_private_desk(work.tx)).focused_on(case.id)
    name, verb = ("leave", "done") if here else ("work", "work")
    words = work.texts.button(f"private.button.{name}", language_of(work, member))
    return ((Button(words, data=f"k:{verb}:{case.id}"),),)


async def noticed(work: Work, case: Case, purpose: Purpose) -> list[StaffMember]:
    """Return whose private chats a notice about this case goes to."""
    return [] if purpose in _NAMED else await readers(work, case)


async def author_in_private(work: Work, interaction_id: int | None) -> StaffMember | None:
    """Return the member of staff who wrote this in their private chat; ``None`` for all else that was ever said."""
    said = await get_interaction(work.tx, interaction_id) if interaction_id is not None else None
    return await writer_in_private(work, said) if said is not None else None


async def writer_in_private(work: Work, said: Interaction) -> StaffMember | None:
    """Return the member of staff who wrote ``said``, if it was written in their private chat."""
    if said.author.kind is not ActorKind.STAFF or said.chat_id is None:
        return None
    desk = await load_private_desk(work.tx)
    return next((member for member in desk.members if member.user_id == said.chat_id), None)


async def copy_words(
    work: Work,
    case: Case,
    interaction_id: int,
    content: Content,
    *,
    reply_to: int | None = None,
    only: StaffMember | None = None,
) -> list[Outgoing]:
    """Return a customer's words as they come to private chats: with whose they are and which case they are about.

    ``only`` is whose chat alone they come to.
    """
    members = [only] if only else await readers(work, case)
    if not members:
        return []
    head = await _head(work, case)
    shown, apart = _headed(content, head)
    if apart:
        album = content.media_group_id if only is None else None
        for member in members:
            once = f"head:{case.id}:{album}:m{member.id}" if album else None
            await tell_member(work, member, "private.head", case=case, dedupe_key=once, head=head)
    return [
        Outgoing(
            purpose=Purpose.CUSTOMER_WORDS,
            target=to_member(member.id),
            content=shown,
            reply_to=reply_to,
            customer_id=case.customer_id,
            case_id=case.id,
            interaction_id=interaction_id,
        )
        for member in members
    ]


async def _head(work: Work, case: Case) -> str:
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    return f"{case.public_number} · {customer.called if customer else ''}".rstrip(" ·")


def _headed(content: Content, head: str) -> tuple[Content, bool]:
    """Return the words under their head, and whether the head has to be said apart: over an album, or a sticker."""
    if content.media_group_id is not None and content.kind in ALBUM_KINDS:
        return content, True
    if content.kind in _CAPTIONED and content.media and not content.text:
        bold = {"type": "bold", "offset": 0, "length": len(head.encode("utf-16-le")) // 2}
        return replace(content, text=head, entities=(bold,)), False
    shown = signed(content, head)
    return shown, shown is content


async def tell_colleagues(
    work: Work, case: Case, *, by: StaffMember, content: Content, origin: Origin, key: str = "private.line.answer"
) -> None:
    """Let those who do not see what a member of staff wrote read it as one line, so that all places tell one story.

    What was written in private is shown in the topic; what was written anywhere, in the other private chats.
    """
    kind = f"desk.kind.{content.kind}"
    privately = origin.chat_id is not None and origin.chat_id > 0
    if privately and case.staff_group_id is not None:
        group = await staff_rows.get_group(work.tx, case.staff_group_id)
        language = (group.language if group else None) or work.rules.languages[0]
        words = shortened(content.text, _LINE_LETTERS) or work.texts.button(kind, language)
        html = work.texts.say(key, language, name=by.name, words=words, number=case.public_number)
        await tell(work, to_case(case.id, case.staff_group_id), html, case_id=case.id)
    for member in await readers(work, case):
        if member.id != by.id:
            words = shortened(content.text, _LINE_LETTERS) or work.texts.button(kind, language_of(work, member))
            await tell_member(work, member, key, case=case, name=by.name, words=words, number=case.public_number)
