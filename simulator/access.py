"""Who may reach what: a call's chat, topic, answered message and rights, with Telegram's refusals."""

from __future__ import annotations

from simulator.errors import BadRequest, Forbidden
from simulator.model import BotAccount, Chat, StoredMessage, Topic
from simulator.state import State


def find_chat(state: State, bot: BotAccount, chat_id: int | str) -> Chat:
    """Return the chat a bot means, if the bot can know it; it may still be unable to write there."""
    if isinstance(chat_id, str):
        raise BadRequest("chat not found")
    if chat_id > 0:
        return _find_private(state, bot, chat_id)
    chat = state.groups.get(chat_id)
    if chat is None or bot.id not in chat.members:
        raise BadRequest("chat not found")
    if chat.migrated_to is not None:
        raise BadRequest(
            "group chat was upgraded to a supergroup chat",
            parameters={"migrate_to_chat_id": chat.migrated_to},
        )
    status = chat.members[bot.id].status
    if status == "kicked":
        raise Forbidden(f"bot was kicked from the {chat.type} chat")
    if status == "left":
        raise Forbidden(f"bot is not a member of the {chat.type} chat")
    return chat


def _find_private(state: State, bot: BotAccount, person_id: int) -> Chat:
    if person_id in state.bots_by_id and person_id != bot.id:
        raise Forbidden("bots can't send messages to bots")
    chat = state.private.get((person_id, bot.id))
    if chat is not None and chat.started:
        return chat
    if person_id in state.people and person_id in bot.known_people:
        raise Forbidden("bot can't initiate conversation with a user")
    raise BadRequest("chat not found")


def writable_chat(state: State, bot: BotAccount, chat_id: int | str) -> Chat:
    """Return the chat a bot writes to, or raise why it cannot."""
    chat = find_chat(state, bot, chat_id)
    if chat.person is not None and chat.person.deactivated:
        raise Forbidden("user is deactivated")
    if chat.blocked:
        raise Forbidden("bot was blocked by the user")
    return chat


def writable_topic(state: State, bot: BotAccount, chat: Chat, thread_id: int | None) -> Topic | None:
    """Return the topic a bot writes to; ``None`` is the chat itself or the General topic."""
    if thread_id is None:
        return None
    topic = chat.topics.get(thread_id) if chat.forum else None
    if topic is None:
        raise BadRequest("message thread not found")
    if topic.deleted:
        if state.deleted_topic == "general":
            return None
        raise BadRequest(state.deleted_topic)
    if topic.closed and not chat.member(bot.id).may("can_manage_topics"):
        raise BadRequest("TOPIC_CLOSED")
    return topic


def managed_topic(
    bot: BotAccount, chat: Chat, thread_id: int, *, doing: str, right: str = "can_manage_topics"
) -> Topic:
    """Return a topic that a bot manages: by an administrator's ``right``, or because it made it."""
    _require_forum(chat)
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise BadRequest("TOPIC_ID_INVALID")
    if not chat.member(bot.id).may(right) and topic.creator_id != bot.id:
        raise BadRequest(f"not enough rights to {doing} the topic")
    if topic.deleted:
        raise BadRequest("TOPIC_DELETED")
    return topic


def require_topic_creation(bot: BotAccount, chat: Chat) -> None:
    """Refuse unless the bot may create topics here."""
    _require_forum(chat)
    if not chat.member(bot.id).may("can_manage_topics"):
        raise BadRequest("not enough rights to create a topic")


def _require_forum(chat: Chat) -> None:
    if not chat.forum:
        raise BadRequest("the chat is not a forum")


def find_message(chat: Chat, message_id: int, missing: str) -> StoredMessage:
    """Return a message of a chat, or raise ``BadRequest`` with the words for its absence."""
    message = chat.messages.get(message_id)
    if message is None:
        raise BadRequest(missing)
    return message
