"""Methods of forum topics."""

from __future__ import annotations

from typing import Any

from simulator.access import managed_topic, require_topic_creation
from simulator.errors import BadRequest
from simulator.methods.registry import Call, api_method
from simulator.model import BotAccount, Chat, Json, Person, Topic
from simulator.posting import Post, remove, service, write
from simulator.state import State
from simulator.text import utf16_length

ICON_COLORS = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)
MAX_NAME = 128


def open_topic(state: State, chat: Chat, author: BotAccount | Person, name: str, look: Json) -> Topic:
    """Create a topic with its service message; ``look`` has ``icon_color`` and maybe a custom emoji."""
    topic = Topic(chat.last_message_id + 1, name, creator_id=author.id, **look)
    chat.topics[topic.thread_id] = topic
    shown = {"name": name, **look}
    write(state, chat, Post(content={"forum_topic_created": shown}, author=author, topic=topic))
    return topic


def set_closed(state: State, chat: Chat, author: BotAccount | Person, topic: Topic, closed: bool) -> None:
    """Close or reopen a topic with its service message."""
    topic.closed = closed
    service(state, chat, author, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, topic)


def erase_topic(state: State, chat: Chat, topic: Topic) -> None:
    """Delete a topic and everything in it; nobody is told, as with Telegram."""
    topic.deleted = True
    for message in [m for m in chat.messages.values() if m.topic_id == topic.thread_id]:
        remove(state, chat, message.id)


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped:
        raise BadRequest("topic name must be non-empty")
    if utf16_length(stripped) > MAX_NAME:
        raise BadRequest("topic name is too long")
    return stripped


@api_method("createForumTopic")
def create_forum_topic(call: Call) -> Any:
    """Create a topic; counts against the group's flood limit."""
    chat = call.writable()
    require_topic_creation(call.bot, chat)
    name = _checked_name(call.params["name"])
    color = call.get("icon_color", ICON_COLORS[0])
    if color not in ICON_COLORS:
        raise BadRequest("TOPIC_ICON_COLOR_INVALID")
    look: Json = {"icon_color": color}
    if call.get("icon_custom_emoji_id"):
        look["icon_custom_emoji_id"] = call.params["icon_custom_emoji_id"]
    call.pass_gate(chat)
    topic = open_topic(call.state, chat, call.bot, name, look)
    return {"message_thread_id": topic.thread_id, "name": name, **look}


def _topic(call: Call, doing: str) -> tuple[Chat, Topic]:
    chat = call.writable()
    return chat, managed_topic(call.bot, chat, call.params["message_thread_id"], doing=doing)


@api_method("editForumTopic")
def edit_forum_topic(call: Call) -> Any:
    """Rename a topic or change its icon."""
    chat, topic = _topic(call, "edit")
    changes: Json = {}
    if call.get("name"):
        changes["name"] = _checked_name(call.params["name"])
    if "icon_custom_emoji_id" in call.params:
        changes["icon_custom_emoji_id"] = call.params["icon_custom_emoji_id"]
    known = {"name": topic.name, "icon_custom_emoji_id": topic.icon_custom_emoji_id or ""}
    changes = {key: value for key, value in changes.items() if known[key] != value}
    if not changes:
        raise BadRequest("TOPIC_NOT_MODIFIED")
    call.pass_gate(chat)
    topic.name = changes.get("name", topic.name)
    topic.icon_custom_emoji_id = changes.get("icon_custom_emoji_id", topic.icon_custom_emoji_id) or None
    service(call.state, chat, call.bot, {"forum_topic_edited": changes}, topic)
    return True


def _toggle(call: Call, doing: str, closed: bool) -> bool:
    chat, topic = _topic(call, doing)
    if topic.closed == closed:
        raise BadRequest("TOPIC_NOT_MODIFIED")
    call.pass_gate(chat)
    set_closed(call.state, chat, call.bot, topic, closed)
    return True


@api_method("closeForumTopic")
def close_forum_topic(call: Call) -> Any:
    """Close a topic."""
    return _toggle(call, "close", True)


@api_method("reopenForumTopic")
def reopen_forum_topic(call: Call) -> Any:
    """Reopen a topic."""
    return _toggle(call, "reopen", False)


@api_method("deleteForumTopic")
def delete_forum_topic(call: Call) -> Any:
    """Delete a topic with its messages; needs the right to delete messages."""
    chat = call.writable()
    thread_id = call.params["message_thread_id"]
    topic = managed_topic(call.bot, chat, thread_id, doing="delete", right="can_delete_messages")
    erase_topic(call.state, chat, topic)
    return True
