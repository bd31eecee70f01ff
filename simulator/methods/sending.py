"""Methods that send something other than a file, and the way every message takes."""

from __future__ import annotations

import random
from typing import Any

from simulator.access import writable_topic
from simulator.errors import BadRequest
from simulator.markup import read_markup
from simulator.methods.registry import Call, api_method
from simulator.model import Chat, Json, StoredMessage, Topic
from simulator.posting import Post, write
from simulator.text import MAX_CAPTION, MAX_TEXT, format_text, utf16_length

_DICE_FACES = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "⚽️": 5, "🎰": 64}
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send(call: Call, content: Json) -> Json:
    """Send ready content to the chat of the call and return the message."""
    return send_stored(call, content).body


def send_stored(call: Call, content: Json) -> StoredMessage:
    """Send ready content with the call's topic, reply and keyboard, past the flood gate."""
    chat = call.writable()
    topic, answered = destination(call, chat)
    inline, keyboard = read_markup(call.get("reply_markup"), chat)
    if answered is not None:
        content |= _quote(call, answered)
    if inline is not None:
        content["reply_markup"] = inline
    if call.get("protect_content"):
        content["has_protected_content"] = True
    call.pass_gate(chat)
    return write(
        call.state,
        chat,
        Post(content=content, author=call.bot, topic=topic, reply_to=answered, reply_keyboard=keyboard),
    )


def destination(call: Call, chat: Chat) -> tuple[Topic | None, StoredMessage | None]:
    """Return the topic and the answered message of a call; a reply stays in its message's topic."""
    topic = writable_topic(call.state, call.bot, chat, call.get("message_thread_id"))
    answered = _answered(call, chat)
    if topic is None and answered is not None and chat.forum and answered.topic_id in chat.topics:
        topic = writable_topic(call.state, call.bot, chat, answered.topic_id)
    return topic, answered


def _answered(call: Call, chat: Chat) -> StoredMessage | None:
    given = call.get("reply_parameters")
    if given is None and call.get("reply_to_message_id") is not None:
        given = {"message_id": call.params["reply_to_message_id"]}
        given["allow_sending_without_reply"] = call.get("allow_sending_without_reply", False)
    if given is None or given.get("chat_id", chat.id) != chat.id:
        return None
    answered = chat.messages.get(given["message_id"])
    if answered is None and not given.get("allow_sending_without_reply"):
        raise BadRequest("message to be replied not found")
    return answered


def _quote(call: Call, answered: StoredMessage) -> Json:
    """Return the quoted part of the answered message, or refuse one that is not in it."""
    quoted = (call.get("reply_parameters") or {}).get("quote")
    if not quoted:
        return {}
    mode = call.params["reply_parameters"].get("quote_parse_mode")
    text, _ = format_text(quoted, mode)
    whole = answered.body.get("text") or answered.body.get("caption") or ""
    at = whole.find(text)
    if at < 0:
        raise BadRequest("QUOTE_TEXT_INVALID")
    return {"quote": {"text": text, "position": utf16_length(whole[:at]), "is_manual": True}}


def text_content(call: Call, text: str) -> Json:
    """Return the fields of a text message, or refuse an empty or too long one."""
    shown, entities = format_text(text, call.get("parse_mode"), call.get("entities"), call.state.user_json)
    if not shown:
        raise BadRequest("message text is empty")
    if utf16_length(shown) > MAX_TEXT:
        raise BadRequest("message is too long")
    return {"text": shown, "entities": entities} if entities else {"text": shown}


def caption_content(call: Call, given: Json) -> Json:
    """Return the fields of a caption from a call or a media object; empty without a caption."""
    raw = given.get("caption")
    if not raw:
        return {}
    mode, entities = given.get("parse_mode"), given.get("caption_entities")
    shown, spans = format_text(raw, mode, entities, call.state.user_json)
    if utf16_length(shown) > MAX_CAPTION:
        raise BadRequest("message caption is too long")
    content: Json = {"caption": shown} if shown else {}
    if spans:
        content["caption_entities"] = spans
    if given.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


@api_method("sendMessage")
def send_message(call: Call) -> Any:
    """Send a text."""
    content = text_content(call, call.params["text"])
    if call.get("link_preview_options"):
        content["link_preview_options"] = call.params["link_preview_options"]
    return send(call, content)


@api_method("sendLocation")
def send_location(call: Call) -> Any:
    """Send a point on the map."""
    return send(call, {"location": _location(call)})


def _location(call: Call) -> Json:
    optional = ("live_period", "horizontal_accuracy", "heading", "proximity_alert_radius")
    point = {"latitude": call.params["latitude"], "longitude": call.params["longitude"]}
    if abs(point["latitude"]) > 90 or abs(point["longitude"]) > 180:
        raise BadRequest("wrong location specified")
    return point | {name: call.params[name] for name in optional if name in call.params}


@api_method("sendVenue")
def send_venue(call: Call) -> Any:
    """Send a named place."""
    names = ("title", "address", "foursquare_id", "foursquare_type", "google_place_id", "google_place_type")
    fields = {name: call.params[name] for name in names if name in call.params}
    point = _location(call)
    return send(call, {"location": point, "venue": {"location": point, **fields}})


@api_method("sendContact")
def send_contact(call: Call) -> Any:
    """Send a phone contact."""
    names = ("phone_number", "first_name", "last_name", "vcard")
    return send(call, {"contact": {name: call.params[name] for name in names if name in call.params}})


@api_method("sendDice")
def send_dice(call: Call) -> Any:
    """Throw a die."""
    emoji = call.get("emoji", "🎲")
    if emoji not in _DICE_FACES:
        raise BadRequest("EMOTICON_INVALID")
    return send(call, {"dice": {"emoji": emoji, "value": random.randint(1, _DICE_FACES[emoji])}})


@api_method("sendChatAction")
def send_chat_action(call: Call) -> Any:
    """Show that the bot is busy."""
    if call.params["action"] not in _ACTIONS:
        raise BadRequest("wrong parameter action in request")
    chat = call.writable()
    writable_topic(call.state, call.bot, chat, call.get("message_thread_id"))
    return True
