"""The things of the simulated world: bots, people, chats, topics, messages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import telegram

from simulator.updates import UpdateQueue
from simulator.webhooks import WebhookSettings

Json = dict[str, Any]

ANONYMOUS_ADMIN_ID = 1087968824
ADMIN_RIGHTS = tuple(
    slot
    for slot in telegram.ChatMemberAdministrator.__slots__
    if slot.startswith("can_")
    and slot
    not in (
        "can_be_edited",
        "can_post_messages",
        "can_edit_messages",
        "can_manage_direct_messages",
        "can_manage_tags",
    )
)


@dataclass(slots=True)
class BotAccount:
    """A bot: its token, its own words about itself, its commands and its updates."""

    id: int
    token: str
    username: str
    name: str
    reads_all: bool
    queue: UpdateQueue
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)
    known_people: set[int] = field(default_factory=set)

    def as_user(self) -> Json:
        """Return the bot as a Bot API ``User``."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def as_me(self) -> Json:
        """Return the bot as ``getMe`` tells it."""
        return {
            **self.as_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_all,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }


@dataclass(slots=True)
class Person:
    """A human being with a Telegram account."""

    id: int
    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None
    deactivated: bool = False

    def as_user(self) -> Json:
        """Return the person as a Bot API ``User``."""
        return {"id": self.id, "is_bot": False, **self._names(), **self._language()}

    def as_chat(self) -> Json:
        """Return the person's private chat as a Bot API ``Chat``."""
        return {"id": self.id, "type": "private", **self._names()}

    def _names(self) -> Json:
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {key: value for key, value in names.items() if value}

    def _language(self) -> Json:
        return {"language_code": self.language_code} if self.language_code else {}


@dataclass(slots=True)
class Member:
    """What somebody is in a group: ``creator``, ``administrator``, ``member``, ``left`` or ``kicked``."""

    user_id: int
    status: str
    rights: dict[str, bool] = field(default_factory=dict)

    @property
    def present(self) -> bool:
        """Whether the member is in the group now."""
        return self.status in ("creator", "administrator", "member", "restricted")

    @property
    def is_admin(self) -> bool:
        """Whether the member may administer the group."""
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        """Whether the member holds an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))


@dataclass(slots=True)
class Topic:
    """A forum topic; its id is the message id of its creation."""

    thread_id: int
    name: str
    icon_color: int
    creator_id: int
    icon_custom_emoji_id: str | None = None
    closed: bool = False
    deleted: bool = False


@dataclass(slots=True)
class StoredMessage:
    """A message as the chat holds it; ``body`` is its Bot API form and is replaced, never changed."""

    body: Json
    author_id: int
    from_bot: bool
    sent_at: float
    topic_id: int | None = None
    reply_to: int | None = None
    reply_keyboard: Json | None = None
    pinned: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The message's number in its chat."""
        return int(self.body["message_id"])

    @property
    def is_service(self) -> bool:
        """Whether Telegram itself wrote the message."""
        return not SERVICE_KINDS.isdisjoint(self.body)


SERVICE_KINDS = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
    }
)


@dataclass(slots=True)
class Chat:
    """A private chat of one person with one bot, or a group; messages are bounded by ``history``."""

    id: int
    type: str
    history: int
    title: str | None = None
    person: Person | None = None
    bot_id: int | None = None
    forum: bool = False
    started: bool = False
    blocked: bool = False
    migrated_to: int | None = None
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: OrderedDict[int, StoredMessage] = field(default_factory=OrderedDict)
    last_message_id: int = 0

    @property
    def is_private(self) -> bool:
        """Whether the chat is one person's with one bot."""
        return self.type == "private"

    def as_json(self) -> Json:
        """Return the chat as a Bot API ``Chat``."""
        if self.person is not None:
            return self.person.as_chat()
        shown: Json = {"id": self.id, "type": self.type, "title": self.title}
        return {**shown, "is_forum": True} if self.forum else shown

    def next_id(self) -> int:
        """Take the next message number."""
        self.last_message_id += 1
        return self.last_message_id

    def keep(self, message: StoredMessage) -> None:
        """Add a message, forgetting the oldest beyond the bound."""
        self.messages[message.id] = message
        while len(self.messages) > self.history:
            self.messages.popitem(last=False)

    def member(self, user_id: int) -> Member:
        """Return what somebody is here; a stranger has left."""
        return self.members.get(user_id) or Member(user_id, "left")
