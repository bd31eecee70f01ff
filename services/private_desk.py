"""Staff in their private chats with the bot: what they are told there, and which cases come there."""

from datetime import datetime

from domain.cases import Case
from domain.outgoing import Purpose, Rows, to_member
from domain.people import MemberReach, StaffMember
from services.speech import tell
from services.work import Work


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
    if not reachable(member):
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
