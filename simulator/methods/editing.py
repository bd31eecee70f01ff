"""Methods that change, remove, pin or react to messages that are already there."""

from __future__ import annotations

from typing import Any

from simulator.access import find_message
from simulator.errors import BadRequest
from simulator.markup import read_inline
from simulator.methods.copying import CONTENT_FIELDS
from simulator.methods.media import media_content
from simulator.methods.registry import Call, api_method
from simulator.methods.sending import caption_content, text_content
from simulator.model import Chat, Json, StoredMessage
from simulator.posting import remove, rewrite, service, without_reply

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_NO_ID = "message identifier is not specified"
_EDIT_MISSING = "message to edit not found"
_DELETE_MISSING = "message to delete not found"
_MAX_AT_ONCE = 100
_FREE_REACTIONS = 1


def _editable(call: Call) -> tuple[Chat, StoredMessage]:
    """Return the bot's own message that a call may still edit."""
    if "inline_message_id" in call.params:
        raise BadRequest("MESSAGE_ID_INVALID")
    if "chat_id" not in call.params:
        raise BadRequest("chat_id is empty")
    if "message_id" not in call.params:
        raise BadRequest(_NO_ID)
    chat = call.writable()
    message = find_message(chat, call.params["message_id"], _EDIT_MISSING)
    too_late = call.state.clock.time() - message.sent_at > call.state.settings.edit_window_s
    # Telegram lets nobody edit under a reply keyboard, nor what was forwarded.
    fixed = message.reply_keyboard is not None or "forward_origin" in message.body or message.is_service
    if message.author_id != call.bot.id or fixed or too_late:
        raise BadRequest("message can't be edited")
    return chat, message


def _apply(call: Call, chat: Chat, message: StoredMessage, changes: Json) -> Any:
    """Write the changes and the call's keyboard, or refuse when nothing would change."""
    inline = read_inline(call.get("reply_markup"), chat)
    changes = changes | {"reply_markup": inline}
    if all(message.body.get(name) == value for name, value in changes.items()):
        raise BadRequest(_NOT_MODIFIED)
    call.pass_gate(chat)
    rewrite(call.state, chat, message, changes)
    return message.body


@api_method("editMessageText")
def edit_message_text(call: Call) -> Any:
    """Change the text, and the keyboard with it."""
    chat, message = _editable(call)
    content = text_content(call, call.params["text"])
    if "text" not in message.body:
        raise BadRequest("there is no text in the message to edit")
    preview = call.get("link_preview_options")
    return _apply(call, chat, message, {"entities": None, "link_preview_options": preview} | content)


@api_method("editMessageCaption")
def edit_message_caption(call: Call) -> Any:
    """Change the caption of a file."""
    chat, message = _editable(call)
    if "text" in message.body or not any(name in message.body for name in CONTENT_FIELDS):
        raise BadRequest("there is no caption in the message to edit")
    none: Json = {"caption": None, "caption_entities": None, "show_caption_above_media": None}
    return _apply(call, chat, message, none | caption_content(call, call.params))


@api_method("editMessageReplyMarkup")
def edit_message_reply_markup(call: Call) -> Any:
    """Change or take away the inline keyboard."""
    chat, message = _editable(call)
    return _apply(call, chat, message, {})


@api_method("editMessageMedia")
def edit_message_media(call: Call) -> Any:
    """Put another file in the place of a file."""
    chat, message = _editable(call)
    if "text" in message.body:
        raise BadRequest("there is no media in the message to edit")
    given: Json = call.params["media"]
    content = media_content(call, given["type"], given, "media")
    return _apply(call, chat, message, dict.fromkeys(CONTENT_FIELDS) | content)


def _require_deletable(call: Call, chat: Chat, message: StoredMessage) -> None:
    age = call.state.clock.time() - message.sent_at
    own = message.author_id == call.bot.id
    if chat.is_private and age > call.state.settings.edit_window_s:
        raise BadRequest("message can't be deleted for everyone")
    if not chat.is_private and not chat.member(call.bot.id).may("can_delete_messages"):
        too_late = age > call.state.settings.edit_window_s
        if not own or message.is_service or too_late:
            raise BadRequest("message can't be deleted")


@api_method("deleteMessage")
def delete_message(call: Call) -> Any:
    """Delete one message."""
    chat = call.chat()
    message = find_message(chat, call.params["message_id"], _DELETE_MISSING)
    _require_deletable(call, chat, message)
    remove(call.state, chat, message.id)
    return True


@api_method("deleteMessages")
def delete_messages(call: Call) -> Any:
    """Delete several messages; those that are gone are passed over."""
    chat = call.chat()
    ids: list[int] = call.params["message_ids"]
    if not 1 <= len(ids) <= _MAX_AT_ONCE:
        raise BadRequest("wrong number of message identifiers specified")
    for message in [found for found in map(chat.messages.get, ids) if found is not None]:
        _require_deletable(call, chat, message)
        remove(call.state, chat, message.id)
    return True


def _require_pin_right(call: Call, chat: Chat) -> None:
    if not chat.is_private and not chat.member(call.bot.id).may("can_pin_messages"):
        raise BadRequest("not enough rights to manage pinned messages in the chat")


@api_method("pinChatMessage")
def pin_chat_message(call: Call) -> Any:
    """Pin a message."""
    chat = call.writable()
    _require_pin_right(call, chat)
    message = find_message(chat, call.params["message_id"], "message to pin not found")
    if not message.pinned:
        message.pinned = True
        topic = chat.topics.get(message.topic_id or 0)
        service(call.state, chat, call.bot, {"pinned_message": without_reply(message.body)}, topic)
    return True


@api_method("unpinChatMessage")
def unpin_chat_message(call: Call) -> Any:
    """Unpin a message, the newest pinned one by default."""
    chat = call.writable()
    _require_pin_right(call, chat)
    pinned = [message for message in chat.messages.values() if message.pinned]
    wanted = call.get("message_id", pinned[-1].id if pinned else None)
    chosen = [message for message in pinned if message.id == wanted]
    if not chosen:
        raise BadRequest("message to unpin not found")
    chosen[0].pinned = False
    call.state.changed.notify()
    return True


@api_method("unpinAllChatMessages")
def unpin_all_chat_messages(call: Call) -> Any:
    """Unpin everything."""
    chat = call.writable()
    _require_pin_right(call, chat)
    for message in chat.messages.values():
        message.pinned = False
    return True


@api_method("setMessageReaction")
def set_message_reaction(call: Call) -> Any:
    """Set or take away the bot's one reaction; bots are not told of their own."""
    chat = call.writable()
    message = find_message(chat, call.params["message_id"], "message to react not found")
    reactions: list[Json] = call.get("reaction", [])
    if any(isinstance(reaction, str) for reaction in reactions):
        raise BadRequest("can't parse reaction type: expected an Object")
    if len(reactions) > _FREE_REACTIONS:
        raise BadRequest("REACTIONS_TOO_MANY")
    if any(reaction["type"] == "paid" for reaction in reactions):
        raise BadRequest("REACTION_INVALID")
    message.reactions[call.bot.id] = reactions
    call.state.changed.notify()
    return True
