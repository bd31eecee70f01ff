"""A person's quick words that still wait for the same topic become one message: a group takes few in a minute."""

from typing import Any

from domain.interactions import Kind
from domain.outgoing import Action, Outgoing, Purpose, Target, TargetKind
from domain.signing import TEXT_LIMIT, utf16_length
from storage.outbox import content_to_json

_BETWEEN = "\n"


def joining_key(target: Target) -> str:
    """Return the key under which the words that wait for one topic find each other."""
    return f"words:{target.chat_key}:{target.ref}"


def joins(message: Outgoing) -> bool:
    """Return whether words may become one message with others: plain ones, on their way to a topic."""
    return (
        message.purpose is Purpose.CUSTOMER_WORDS
        and message.target.kind is TargetKind.CASE
        and message.action is Action.SEND
        and message.content.kind is Kind.TEXT
        and message.content.media is None
    )


def item_of(message: Outgoing) -> dict[str, Any]:
    """Return words as one part of a message, by which they are found in it again."""
    return {"interaction_id": message.interaction_id, "text": message.content.text}


def joined(body: dict[str, Any], message: Outgoing) -> dict[str, Any] | None:
    """Return the body of a waiting message with more words behind its own, each part under its interaction.

    ``None`` when they do not fit, or answer something else than it does.
    """
    content = body["content"]
    first, more = content.get("text", ""), message.content
    if message.reply_to not in (None, body.get("reply_to")):
        return None
    shift = utf16_length(first + _BETWEEN)
    if shift + utf16_length(more.text) > TEXT_LIMIT:
        return None
    moved = [{**entity, "offset": entity["offset"] + shift} for entity in more.entities]
    words = {**content_to_json(more), "text": first + _BETWEEN + more.text}
    if entities := [*content.get("entities", ()), *moved]:
        words["entities"] = entities
    extra = body.get("extra", {})
    return {**body, "content": words, "extra": {**extra, "items": [*extra.get("items", ()), item_of(message)]}}
