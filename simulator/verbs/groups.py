"""Verbs about groups: who is in them, their topics, their migration."""

from __future__ import annotations

from simulator.errors import ControlError
from simulator.groups import change_member, migrate, new_group, some_human
from simulator.members import all_rights
from simulator.methods.topics import ICON_COLORS, erase_topic, open_topic, set_closed
from simulator.model import BotAccount, Chat, Json, Person, Topic
from simulator.state import State

_STATUSES = frozenset({"member", "administrator", "creator"})


class GroupVerbs(State):
    """Groups come into the world and change here."""

    def add_group(self, title: str, forum: bool = False, chat_id: int | None = None, kind: str = "supergroup") -> Json:
        """Make a group without members: a supergroup, or a basic group with ``kind="group"``."""
        if kind not in ("group", "supergroup") or (forum and kind == "group"):
            raise ControlError("a group is a supergroup (with or without topics) or a basic group")
        if chat_id is not None and (chat_id >= 0 or chat_id in self.groups):
            raise ControlError(f"the id {chat_id} cannot be given to a group")
        return new_group(self, title, kind, chat_id, forum).as_json()

    def join_group(
        self,
        chat_id: int,
        member: int | str | None = None,
        status: str = "member",
        rights: dict[str, bool] | None = None,
        *,
        person_id: int | None = None,
        token: str | None = None,
        by: int | None = None,
    ) -> None:
        """Bring a person (by id) or a bot (by token) into a group, in the name of ``by``.

        An administrator holds every right that ``rights`` does not deny.
        """
        if status not in _STATUSES:
            raise ControlError(f"status is one of {', '.join(sorted(_STATUSES))}")
        user = self._someone(member, person_id, token)
        held = all_rights(rights) if status == "administrator" else dict(rights or {})
        author = self.person(by) if by is not None else None
        change_member(self, self.group(chat_id), user, status, by=author, rights=held)

    def leave_group(
        self,
        chat_id: int,
        member: int | str | None = None,
        *,
        person_id: int | None = None,
        token: str | None = None,
        kicked: bool | None = None,
        by: int | None = None,
    ) -> None:
        """Take somebody out of a group; a bot is thrown out (``kicked``) unless told otherwise."""
        user = self._someone(member, person_id, token)
        thrown_out = isinstance(user, BotAccount) if kicked is None else kicked
        author = self.person(by) if by is not None else None
        change_member(self, self.group(chat_id), user, "kicked" if thrown_out else "left", by=author)

    def set_bot_rights(self, chat_id: int, token: str | None = None, **rights: bool) -> None:
        """Make a bot administrator with exactly these changes to its rights (all held at first)."""
        chat, bot = self.group(chat_id), self.bot(token)
        old = chat.member(bot.id)
        held = all_rights(rights, old.rights if old.status == "administrator" else None)
        change_member(self, chat, bot, "administrator", rights=held)

    def demote(self, chat_id: int, member: int | str) -> None:
        """Make an administrator a plain member."""
        change_member(self, self.group(chat_id), self._someone(member, None, None), "member")

    def _someone(self, member: int | str | None, person_id: int | None, token: str | None) -> BotAccount | Person:
        named = next((name for name in (member, person_id, token) if name is not None), None)
        if isinstance(named, int):
            return self.bots_by_id.get(named) or self.person(named)
        return self.bot(named)

    def set_forum(self, chat_id: int, forum: bool) -> None:
        """Switch topics on or off in a supergroup."""
        chat = self.group(chat_id)
        if chat.type != "supergroup":
            raise ControlError("only a supergroup can have topics: migrate the group first")
        chat.forum = forum

    def migrate_group(self, chat_id: int) -> int:
        """Turn a basic group into a supergroup and return its new id."""
        chat = self.group(chat_id)
        if chat.type != "group":
            raise ControlError("only a basic group can migrate")
        return migrate(self, chat).id

    def topics(self, chat_id: int) -> list[Json]:
        """List a forum's topics, the deleted ones too."""
        return [
            {
                "id": topic.thread_id,
                "thread_id": topic.thread_id,
                "name": topic.name,
                "closed": topic.closed,
                "deleted": topic.deleted,
                "icon_color": topic.icon_color,
                "icon_custom_emoji_id": topic.icon_custom_emoji_id,
            }
            for topic in self.group(chat_id).topics.values()
        ]

    def add_topic(self, chat_id: int, person_id: int, name: str) -> Json:
        """Have a person create a topic."""
        chat = self.group(chat_id)
        if not chat.forum:
            raise ControlError("the group has no topics")
        topic = open_topic(self, chat, self.person(person_id), name, {"icon_color": ICON_COLORS[0]})
        return {"thread_id": topic.thread_id, "name": topic.name}

    def delete_topic(self, chat_id: int, thread_id: int) -> None:
        """Have somebody delete a topic with its messages; bots are not told."""
        chat, topic = self._topic(chat_id, thread_id)
        erase_topic(self, chat, topic)

    def close_topic(self, chat_id: int, thread_id: int, person_id: int | None = None) -> None:
        """Have a person close a topic."""
        self._set_closed(chat_id, thread_id, person_id, True)

    def reopen_topic(self, chat_id: int, thread_id: int, person_id: int | None = None) -> None:
        """Have a person reopen a topic."""
        self._set_closed(chat_id, thread_id, person_id, False)

    def _set_closed(self, chat_id: int, thread_id: int, person_id: int | None, closed: bool) -> None:
        chat, topic = self._topic(chat_id, thread_id)
        person = self.person(person_id) if person_id is not None else some_human(self, chat)
        if person is None:
            raise ControlError("nobody in the group could do this")
        if topic.closed != closed:
            set_closed(self, chat, person, topic, closed)

    def _topic(self, chat_id: int, thread_id: int) -> tuple[Chat, Topic]:
        chat = self.group(chat_id)
        topic = chat.topics.get(thread_id)
        if topic is None or topic.deleted:
            raise ControlError(f"there is no topic {thread_id}")
        return chat, topic
