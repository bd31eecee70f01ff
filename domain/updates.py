"""The little that must be known of a raw Telegram update before it is handled: its id and its ordering key."""

from typing import Any

_CHAT_FIELDS = (
    "message",
    "edited_message",
    "my_chat_member",
    "message_reaction",
    "chat_member",
    "chat_join_request",
    "channel_post",
    "edited_channel_post",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction_count",
    "chat_boost",
    "removed_chat_boost",
)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def _id_in(value: Any) -> int | None:
    return _integer(value.get("id")) if isinstance(value, dict) else None


def update_id_of(update: Any) -> int | None:
    """Return the ``update_id`` of a raw update, or ``None`` when it has none that a database can keep."""
    return _integer(update.get("update_id")) if isinstance(update, dict) else None


def chat_of(update: dict[str, Any]) -> int:
    """Return the chat whose order ``update`` belongs to; without a chat the person's id; without either 0."""
    for field in _CHAT_FIELDS:
        part = update.get(field)
        if isinstance(part, dict):
            return _id_in(part.get("chat")) or _id_in(part.get("from")) or 0
    tap = update.get("callback_query")
    if isinstance(tap, dict):
        message = tap.get("message")
        chat = _id_in(message.get("chat")) if isinstance(message, dict) else None
        return chat or _id_in(tap.get("from")) or 0
    for part in update.values():
        if isinstance(part, dict) and (person := _id_in(part.get("from")) or _id_in(part.get("user"))):
            return person
    return 0
