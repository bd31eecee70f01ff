"""Members as the Bot API shows them, and the updates when they change."""

from __future__ import annotations

from simulator.model import ADMIN_RIGHTS, BotAccount, Chat, Json, Member, Person
from simulator.posting import tell_bot
from simulator.state import State


def all_rights(overrides: dict[str, bool] | None = None, base: dict[str, bool] | None = None) -> dict[str, bool]:
    """Return every administrator's right, held unless ``base`` or ``overrides`` say otherwise.

    Raises ``ValueError`` for a right that does not exist.
    """
    rights = dict(base) if base else dict.fromkeys(ADMIN_RIGHTS, True)
    known = {*ADMIN_RIGHTS, "is_anonymous"}
    unknown = (overrides or {}).keys() - known
    if unknown:
        raise ValueError(f"no such right: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    return rights | (overrides or {})


def member_json(member: Member, user: Json) -> Json:
    """Return a Bot API ``ChatMember``."""
    shown: Json = {"status": member.status, "user": user}
    if member.status == "creator":
        shown["is_anonymous"] = member.rights.get("is_anonymous", False)
    elif member.status == "administrator":
        rights = {name: member.rights.get(name, False) for name in ADMIN_RIGHTS}
        shown |= {"can_be_edited": False, "is_anonymous": member.rights.get("is_anonymous", False), **rights}
    elif member.status == "kicked":
        shown["until_date"] = 0
    return shown


def tell_member_change(
    state: State, chat: Chat, old: Member, new: Member, by: BotAccount | Person, user: BotAccount | Person
) -> None:
    """Tell a bot that its own standing changed, and the other bots that administer the chat."""
    shown = user.as_user()
    change: Json = {
        "chat": chat.as_json(),
        "from": by.as_user(),
        "date": state.now_s(),
        "old_chat_member": member_json(old, shown),
        "new_chat_member": member_json(new, shown),
    }
    for bot in state.bots_by_id.values():
        if bot.id == user.id:
            tell_bot(bot, "my_chat_member", change)
        elif chat.member(bot.id).is_admin:
            tell_bot(bot, "chat_member", change)


def tell_block(state: State, chat: Chat, bot: BotAccount, person: Person, *, blocked: bool) -> None:
    """Tell a bot that a person blocked or unblocked it."""
    was, now = ("member", "kicked") if blocked else ("kicked", "member")
    change: Json = {
        "chat": chat.as_json(),
        "from": person.as_user(),
        "date": state.now_s(),
        "old_chat_member": member_json(Member(bot.id, was), bot.as_user()),
        "new_chat_member": member_json(Member(bot.id, now), bot.as_user()),
    }
    tell_bot(bot, "my_chat_member", change)
