"""Putting messages into chats and telling the bots that may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.model import ANONYMOUS_ADMIN_ID, BotAccount, Chat, Json, Person, StoredMessage, Topic
from simulator.state import State

ANONYMOUS_ADMIN: Json = {
    "id": ANONYMOUS_ADMIN_ID,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be written into a chat, and by whom."""

    content: Json
    author: BotAccount | Person
    anonymous: bool = False
    topic: Topic | None = None
    reply_to: StoredMessage | None = None
    reply_keyboard: Json | None = None


def write(state: State, chat: Chat, post: Post) -> StoredMessage:
    """Add a message to a chat and queue its update for every bot that may see it."""
    body: Json = {"message_id": chat.next_id()}
    body["from"] = ANONYMOUS_ADMIN if post.anonymous else post.author.as_user()
    body["chat"] = chat.as_json()
    body["date"] = state.now_s()
    if post.anonymous:
        body["sender_chat"] = body["chat"]
    _place(chat, post, body)
    body.update(post.content)
    stored = StoredMessage(
        body=body,
        author_id=post.author.id,
        from_bot=isinstance(post.author, BotAccount),
        sent_at=state.clock.time(),
        topic_id=post.topic.thread_id if post.topic else None,
        reply_to=post.reply_to.id if post.reply_to else None,
        reply_keyboard=post.reply_keyboard,
    )
    chat.keep(stored)
    _tell(state, chat, stored, "message")
    state.changed.notify()
    return stored


def _place(chat: Chat, post: Post, body: Json) -> None:
    """Fill in the topic and the answered message the way Telegram shows them."""
    if post.topic is not None:
        body["message_thread_id"] = post.topic.thread_id
        body["is_topic_message"] = True
    elif post.reply_to is not None and chat.type == "supergroup":
        # Outside topics a reply carries its thread's number too; only is_topic_message tells them apart.
        body["message_thread_id"] = post.reply_to.body.get("message_thread_id", post.reply_to.id)
    answered = post.reply_to
    if answered is None and post.topic is not None and not post.content.get("forum_topic_created"):
        # In a topic a message that answers nothing answers the topic's first message.
        answered = chat.messages.get(post.topic.thread_id)
    if answered is not None:
        body["reply_to_message"] = without_reply(answered.body)


def without_reply(body: Json) -> Json:
    """Return a message's body without the message it answers: Telegram nests only one level."""
    return {key: value for key, value in body.items() if key != "reply_to_message"}


def _tell(state: State, chat: Chat, stored: StoredMessage, kind: str) -> None:
    for bot in state.bots_in(chat):
        if _sees(bot, chat, stored):
            bot.queue.put(kind, stored.body)
            bot.known_people.add(stored.author_id)


def _sees(bot: BotAccount, chat: Chat, stored: StoredMessage) -> bool:
    if stored.is_service:
        return True
    if stored.from_bot:
        return False
    if chat.is_private or bot.reads_all or chat.member(bot.id).is_admin:
        return True
    return _addressed_to(bot, stored.body)


def _addressed_to(bot: BotAccount, body: Json) -> bool:
    """Whether a bot in privacy mode sees a message: commands, mentions and replies to it."""
    answered = body.get("reply_to_message", {}).get("from", {})
    if answered.get("id") == bot.id:
        return True
    text = body.get("text") or body.get("caption") or ""
    for entity in body.get("entities") or body.get("caption_entities") or ():
        word = _slice(text, entity)
        if entity["type"] == "bot_command" and ("@" not in word or word.endswith(f"@{bot.username}")):
            return True
        if entity["type"] == "mention" and word == f"@{bot.username}":
            return True
    return False


def _slice(text: str, entity: Json) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    first = entity["offset"] * 2
    return units[first : first + entity["length"] * 2].decode("utf-16-le", "surrogatepass")


def rewrite(state: State, chat: Chat, stored: StoredMessage, changes: Json, *, mark: bool = True) -> None:
    """Change a message: ``None`` removes a field; ``mark`` shows it as edited and tells the bots."""
    body = {**stored.body, **changes}
    if mark:
        body["edit_date"] = state.now_s()
    stored.body = {key: value for key, value in body.items() if value is not None}
    if mark:
        _tell(state, chat, stored, "edited_message")
    state.changed.notify()


def remove(state: State, chat: Chat, message_id: int) -> bool:
    """Take a message away; bots are not told. Tell if there was one."""
    gone = chat.messages.pop(message_id, None)
    if gone is not None:
        state.changed.notify()
    return gone is not None


def service(
    state: State, chat: Chat, author: BotAccount | Person, content: Json, topic: Topic | None = None
) -> StoredMessage:
    """Add a message that Telegram writes by itself in somebody's name."""
    return write(state, chat, Post(content=content, author=author, topic=topic))


def tell_bot(bot: BotAccount, kind: str, content: dict[str, Any]) -> int | None:
    """Queue an update that is no message."""
    return bot.queue.put(kind, content)
