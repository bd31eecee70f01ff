"""Questions to a member of staff that are answered in place: who was asked, and for what the words are wanted."""

from dataclasses import dataclass
from html import escape
from typing import Any

from domain.cases import Case
from domain.interactions import Content, Kind
from domain.outgoing import Lane, Outgoing, Purpose, Target, to_case, to_member, to_staff_group
from domain.people import StaffMember
from services import cards
from services.work import Work
from storage import staff as staff_rows
from storage.outbox import OutboxRow, add_outgoing
from texts.catalogue import safe

_PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question put to one member of staff: the answer is the words for ``verb``."""

    verb: str
    member_id: int
    case_id: int | None = None
    arguments: tuple[str, ...] = ()


async def ask(
    work: Work,
    case: Case | None,
    key: str,
    *,
    by: StaffMember,
    verb: str,
    arguments: tuple[str, ...] = (),
    group_id: int | None = None,
    language: str | None = None,
    reply_to: int | None = None,
    purpose: Purpose = Purpose.PROMPT,
    **values: object,
) -> int:
    """Ask ``by`` for the words that ``verb`` wants; returns the outbox row.

    The question stands in the staff group ``group_id``, in the topic of the case where that is one of the group's, and
    names the person; without a group it goes to their private chat. ``values`` fill the text, which may use
    ``{number}``, the case's.
    """
    group = await staff_rows.get_group(work.tx, group_id) if group_id is not None else None
    language = language or (cards.desk_language(work, group) if group else by.language or work.rules.languages[0])
    question = work.texts.say(key, language, **{"number": case.public_number if case else "", **values})
    if group is not None:
        question = work.texts.say("desk.prompt", language, name=mention(by), question=safe(question))
    asked = {"verb": verb, "member_id": by.id, "arguments": list(arguments), "case_id": case.id if case else None}
    message = Outgoing(
        purpose=purpose,
        target=to_member(by.id) if group is None else _place(case, group.id),
        content=Content(Kind.TEXT, question),
        html=True,
        force_reply=True,
        lane=Lane.REPLY,  # somebody waits for it
        reply_to=reply_to,
        case_id=case.id if case else None,
        customer_id=case.customer_id if case else None,
        extra={_PROMPT: asked},
    )
    return await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


def _place(case: Case | None, group_id: int) -> Target:
    """Address the case's topic, never opening one for it in a group that does not show it."""
    return to_case(case.id, group_id) if case and case.staff_group_id == group_id else to_staff_group(group_id)


def mention(member: StaffMember) -> Any:
    """Return a member's name as a link that calls them."""
    return safe(f'<a href="tg://user?id={member.user_id}">{escape(member.name)}</a>')


def prompt_in(row: OutboxRow) -> Prompt | None:
    """Return what was asked by this message of ours; ``None`` when its words were deleted after their time."""
    asked = (row.body or {}).get("extra", {}).get(_PROMPT)
    if row.purpose is not Purpose.PROMPT or asked is None:
        return None
    return Prompt(asked["verb"], asked["member_id"], asked["case_id"], tuple(asked["arguments"]))
