"""The commands Telegram shows a customer, in the language they read."""

import hashlib
import json
from typing import Any

from domain.interactions import Content, Kind
from domain.outgoing import Action, Outgoing, Purpose, Target, to_chat, to_contact, to_staff_group
from services.work import Person, Work
from storage.outbox import add_outgoing
from storage.staff import load_staff

COMMANDS = (
    "complaint",
    "feedback",
    "cases",
    "points",
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
STAFF_COMMANDS = ("take", "note", "resolve", "reopen", "points", "voucher", "help")


async def set_commands(work: Work, person: Person, *, occasion: int | None = None) -> None:
    """Queue the list of commands in the person's language, once a language and ``occasion`` of choosing it."""
    listed = [[name, work.texts.button(f"command.{name}", person.language)] for name in COMMANDS]
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


async def queue_menus(work: Work) -> None:
    """Queue the commands everyone sees before choosing a language, and those of the staff groups; once a change."""
    for code, language in _language_codes(work).items():
        listed = [[name, work.texts.button(f"command.{name}", language)] for name in COMMANDS]
        extra = {"commands": listed, "scope": {"type": "all_private_chats"}, "language_code": code}
        await _queue_menu(work, to_chat(0), extra)
    staff = await load_staff(work.tx, bot_id=work.bot_id)
    for group in staff.groups.values():
        language = group.language or work.rules.languages[0]
        listed = [[name, work.texts.button(f"command.staff.{name}", language)] for name in STAFF_COMMANDS]
        await _queue_menu(work, to_staff_group(group.id), {"commands": listed})


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
