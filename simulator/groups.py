"""Changes of a group: who is in it, what it is, where it moved."""

from __future__ import annotations

from simulator.members import tell_member_change
from simulator.model import BotAccount, Chat, Member, Person
from simulator.posting import service
from simulator.state import SUPERGROUP_BASE, State

_STRANGER = Person(777000, "Telegram", None, None, None)


def change_member(
    state: State,
    chat: Chat,
    user: BotAccount | Person,
    status: str,
    *,
    by: BotAccount | Person | None = None,
    rights: dict[str, bool] | None = None,
) -> Member:
    """Make somebody ``status`` in a group, with the service message and updates that belong to it."""
    old, new = chat.member(user.id), Member(user.id, status, rights or {})
    author = by or some_human(state, chat) or (user if isinstance(user, Person) else _STRANGER)
    chat.members[user.id] = new
    tell_member_change(state, chat, old, new, author, user)
    if new.present and not old.present:
        service(state, chat, author, {"new_chat_members": [user.as_user()]})
    elif old.present and not new.present:
        service(state, chat, author, {"left_chat_member": user.as_user()})
    state.changed.notify()
    return new


def some_human(state: State, chat: Chat) -> Person | None:
    """Return the person in whose name things happen in a group: its first administrator, else a member."""
    present = [m for m in chat.members.values() if m.present and m.user_id in state.people]
    chosen = next((m for m in present if m.is_admin), present[0] if present else None)
    return state.people[chosen.user_id] if chosen is not None else None


def new_group(state: State, title: str, kind: str, chat_id: int | None, forum: bool) -> Chat:
    """Make a group without members."""
    if chat_id is None and kind == "group":
        chat_id = -next(state.next_group_id)
    elif chat_id is None:
        chat_id = SUPERGROUP_BASE - next(state.next_supergroup_id)
    chat = Chat(chat_id, kind, state.settings.history, title=title, forum=forum)
    state.groups[chat_id] = chat
    return chat


def migrate(state: State, old: Chat) -> Chat:
    """Turn a basic group into a supergroup: a new chat with the same members and no messages."""
    new = new_group(state, old.title or "", "supergroup", None, forum=False)
    author = some_human(state, old) or _STRANGER
    new.members = {user_id: Member(m.user_id, m.status, dict(m.rights)) for user_id, m in old.members.items()}
    service(state, old, author, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    service(state, new, author, {"migrate_from_chat_id": old.id})
    return new
