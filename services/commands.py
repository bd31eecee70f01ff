"""The commands Telegram shows to customers and staff, in the language they read."""

import hashlib
import json
from typing import Any

from domain.interactions import Content, Kind
from domain.outgoing import Action, Outgoing, Purpose, Target, to_chat, to_contact, to_member, to_staff_group
from domain.people import MemberReach, StaffMember
from services.work import Person, Work
from storage.members import get_by_user_id
from storage.outbox import add_outgoing
from storage.staff import load_staff

COMMANDS = (
    "complaint",
    "feedback",
    "cases",
    "points",
    "survey",
    "language",
    "birthday",
    "link",
    "privacy",
    "mydata",
    "forgetme",
    "stop",
    "cancel",
    "help",
    "start",
)
STAFF_COMMANDS = (
    *("take", "answer", "canned", "note", "resolve", "reopen", "hold", "resume", "escalate"),
    *("assign", "transfer", "priority", "tag", "merge", "history"),
    *("call", "visit", "promise", "task", "recover", "points", "voucher", "cause", "ban"),
    *("cases", "tasks", "work", "done", "more", "card", "away", "back", "handover", "digest", "surveys", "help"),
    *("campaigns", "campaign", "calendar", "checkin"),
)
"""What staff need most; whatever else they can do stands in the menu of a card and is understood when typed."""


async def set_commands(work: Work, person: Person, *, occasion: int | None = None) -> None:
    """Queue the list of commands in the person's language, once a language and ``occasion`` of choosing it.

    Somebody who works here sees their work's commands first.
    """
    listed = _customers(work, person.language)
    member = await get_by_user_id(work.tx, person.contact.chat_id)
    if member is not None and member.active:
        listed = _staffs_own(work, member, listed)
    key = f"commands:{person.contact.id}:{person.language}"
    message = Outgoing(
        purpose=Purpose.SETUP,
        target=to_contact(person.contact.id),
        content=Content(Kind.TEXT),
        action=Action.COMMANDS,
        dedupe_key=f"{key}:{occasion}" if occasion else key,
        customer_id=person.customer.id,
        extra={"commands": listed},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


def _customers(work: Work, language: str) -> list[list[str]]:
    return [[name, work.texts.button(f"command.{name}", language)] for name in COMMANDS]


def _staffs(work: Work, language: str) -> list[list[str]]:
    return [[name, work.texts.button(f"command.staff.{name}", language)] for name in STAFF_COMMANDS]


def _staffs_own(work: Work, member: StaffMember, as_customer: list[list[str]]) -> list[list[str]]:
    """Return the commands of a member's private chat: the work's, then those they have as a customer besides."""
    work_commands = _staffs(work, member.language or work.rules.languages[0])
    taken = {name for name, _ in work_commands}
    return [*work_commands, *([name, words] for name, words in as_customer if name not in taken)]


async def set_staff_commands(work: Work, member: StaffMember) -> None:
    """Queue the commands of a member of staff's private chat, in their language; once a change of these."""
    language = member.language or work.rules.languages[0]
    listed = _staffs_own(work, member, _customers(work, language))
    await _queue_menu(work, to_member(member.id), {"commands": listed})


async def queue_menus(work: Work) -> None:
    """Queue the commands everyone sees before choosing a language, and those of staff; once a change.

    Who works here has them in the private chat from the first word there on, and renewed here.
    """
    for code, language in _language_codes(work).items():
        listed = _customers(work, language)
        extra = {"commands": listed, "scope": {"type": "all_private_chats"}, "language_code": code}
        await _queue_menu(work, to_chat(0), extra)
    staff = await load_staff(work.tx, bot_id=work.bot_id)
    for group in staff.groups.values():
        listed = _staffs(work, group.language or work.rules.languages[0])
        await _queue_menu(work, to_staff_group(group.id), {"commands": listed})
    for member in staff.members.values():
        if member.active and member.reach is MemberReach.REACHABLE:
            await set_staff_commands(work, member)


def _language_codes(work: Work) -> dict[str, str]:
    """Return a language for each of Telegram's codes; the empty code stands for all others."""
    languages = work.rules.languages
    codes = {"": languages[0]}
    for language in languages:
        codes.setdefault(language.partition("_")[0], language)
    return codes


async def _queue_menu(work: Work, target: Target, extra: dict[str, Any]) -> None:
    seal = hashlib.sha256(json.dumps(extra, sort_keys=True).encode()).hexdigest()[:16]
    message = Outgoing(
        purpose=Purpose.SETUP,
        target=target,
        content=Content(Kind.TEXT),
        action=Action.COMMANDS,
        dedupe_key=f"menu:{work.bot_id}:{target.chat_key}:{extra.get('language_code', '')}:{seal}",
        extra=extra,
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)
