"""Telegram's updates read once into small typed values, so that no handler asks twice whether a field is there."""

from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Message, MessageEntity, Update, User

from domain.interactions import Content, Kind, MediaRef
from domain.words import storable
from storage.interactions import Origin

ANONYMOUS_ADMIN = 1087968824
"""The user id under which Telegram shows group admins who hide who they are."""

_FILES = (
    (Kind.ANIMATION, "animation"),  # an animation comes with a document beside it
    (Kind.VIDEO, "video"),
    (Kind.VIDEO_NOTE, "video_note"),
    (Kind.VOICE, "voice"),
    (Kind.AUDIO, "audio"),
    (Kind.STICKER, "sticker"),
    (Kind.DOCUMENT, "document"),
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sent an update; ``anonymous`` is an admin without an identity or a channel."""

    user_id: int
    name: str
    username: str | None
    language_code: str | None
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, new or edited. ``reply_to`` is the message it answers, ``thread_id`` the forum topic it stands in.

    ``answered`` is the user id of who wrote what it answers; in a topic, where nothing else is answered, of who made
    the topic, whose first ``topic_name`` is then known too. What is ``forwarded`` somebody may have sent elsewhere,
    and to somebody else.
    """

    speaker: Speaker
    content: Content
    origin: Origin
    chat_id: int
    message_id: int
    edited: bool
    thread_id: int | None = None
    reply_to: int | None = None
    answered: int | None = None
    topic_name: str | None = None
    command: str | None = None
    argument: str = ""
    contact_user_id: int | None = None
    forwarded: bool = False
    service: bool = False


@dataclass(frozen=True, slots=True)
class Tap:
    """A button that was pressed: ``verb`` and ``arguments`` of its data, and the message it stands under."""

    speaker: Speaker
    query_id: str
    verb: str
    arguments: tuple[str, ...]
    chat_id: int
    message_id: int | None
    origin: Origin
    data: str

    def number(self, index: int = 0) -> int:
        """Return an argument as a number; a forged or damaged one is -1, which is nobody's id."""
        try:
            value = int(self.arguments[index])
        except (IndexError, ValueError):
            return -1
        return value if 0 <= value < 2**63 else -1

    def word(self, index: int = 0) -> str:
        """Return an argument as text, empty when it is missing."""
        return self.arguments[index] if index < len(self.arguments) else ""


def read_message(update: Update) -> Heard | None:
    """Return the message an update brings, if it brings one."""
    message = update.message or update.edited_message
    if message is None:
        return None
    command, argument = _command(message)
    reply = message.reply_to_message
    in_topic = bool(message.is_topic_message)
    thread_id = message.message_thread_id if in_topic else None
    return Heard(
        speaker=_speaker(message.from_user, message),
        content=content_of(message),
        origin=Origin(message.chat_id, message.message_id, update.update_id),
        chat_id=message.chat_id,
        message_id=message.message_id,
        edited=update.edited_message is not None,
        thread_id=thread_id,
        reply_to=reply.message_id if reply and reply.message_id != thread_id else None,
        answered=reply.from_user.id if reply and reply.from_user else None,
        topic_name=storable(reply.forum_topic_created.name) if reply and reply.forum_topic_created else None,
        command=command,
        argument=argument,
        contact_user_id=message.contact.user_id if message.contact else None,
        forwarded=message.forward_origin is not None,
        service=_is_service(message),
    )


def read_tap(update: Update) -> Tap | None:
    """Return the button press an update brings, if it brings one."""
    query = update.callback_query
    if query is None:
        return None
    data = storable(query.data or "")
    _scope, *rest = data.split(":")
    chat_id, message_id = _tapped(query)
    return Tap(
        speaker=_speaker(query.from_user, None),
        query_id=query.id,
        verb=":".join(data.split(":")[:2]),
        arguments=tuple(rest[1:]),
        chat_id=chat_id,
        message_id=message_id,
        origin=Origin(chat_id, None, update.update_id),
        data=data,
    )


def _tapped(query: CallbackQuery) -> tuple[int, int | None]:
    if query.message is None:
        return query.from_user.id, None
    return query.message.chat.id, query.message.message_id


def _speaker(user: User | None, message: Message | None) -> Speaker:
    if user is None:
        return Speaker(0, "", None, None, anonymous=True)
    hidden = user.id == ANONYMOUS_ADMIN or (message is not None and message.sender_chat is not None)
    return Speaker(user.id, storable(user.full_name), user.username, user.language_code, anonymous=hidden)


def _command(message: Message) -> tuple[str | None, str]:
    """Return a leading ``/command`` (without the bot's name) and the words after it."""
    text = message.text or ""
    first = message.entities[0] if message.entities else None
    if first is None or first.type != MessageEntity.BOT_COMMAND or first.offset != 0:
        return None, ""
    command, _, _bot = text[1 : first.length].partition("@")
    return command.lower(), storable(text[first.length :].strip())


_SERVICE_FIELDS = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_scheduled",
    "video_chat_participants_invited",
    "boost_added",
    "chat_background_set",
    "write_access_allowed",
)


def _is_service(message: Message) -> bool:
    return any(getattr(message, field, None) for field in _SERVICE_FIELDS)


def content_of(message: Message) -> Content:
    """Return what a message is made of; what carebot cannot pass on is ``Kind.UNSUPPORTED``."""
    words = storable(message.text or message.caption or "")
    entities = tuple(entity.to_dict() for entity in (message.entities or message.caption_entities or ()))
    group = message.media_group_id
    if message.text is not None:
        return Content(Kind.TEXT, words, entities)
    if message.photo:
        size = message.photo[-1]
        ref = MediaRef(size.file_id, size.file_unique_id, size.file_size)
        return Content(Kind.PHOTO, words, entities, ref, group)
    for kind, field in _FILES:
        file = getattr(message, field)
        if file is not None:
            return Content(kind, words, entities, _media(file), group)
    return _placed(message)


def _media(file: Any) -> MediaRef:
    name = getattr(file, "file_name", None)
    return MediaRef(
        file.file_id,
        file.file_unique_id,
        file.file_size,
        getattr(file, "mime_type", None),
        storable(name) if name else None,
    )


def _placed(message: Message) -> Content:
    """Return content that is neither words nor a file: a place, a contact, a die, or what cannot be passed on."""
    if message.venue:
        venue = message.venue
        extra = {
            "latitude": venue.location.latitude,
            "longitude": venue.location.longitude,
            "title": storable(venue.title),
            "address": storable(venue.address),
        }
        return Content(Kind.VENUE, storable(f"{venue.title}, {venue.address}"), extra=extra)
    if message.location:
        place = message.location
        extra = {"latitude": place.latitude, "longitude": place.longitude}
        return Content(Kind.LOCATION, f"{place.latitude:.6f}, {place.longitude:.6f}", extra=extra)
    if message.contact:
        person = message.contact
        extra = {
            "phone_number": storable(person.phone_number),
            "first_name": storable(person.first_name),
            "last_name": storable(person.last_name or ""),
        }
        name = " ".join(part for part in (person.first_name, person.last_name) if part)
        return Content(Kind.CONTACT, storable(f"{name} {person.phone_number}"), extra=extra)
    if message.dice:
        return Content(Kind.DICE, f"{message.dice.emoji} {message.dice.value}")
    return Content(Kind.UNSUPPORTED, extra={"fields": _unsupported_fields(message)})


def _unsupported_fields(message: Message) -> list[str]:
    known = {"message_id", "date", "chat", "from", "from_user", "sender_chat", "reply_to_message", "via_bot"}
    return sorted(str(name) for name in message.to_dict() if name not in known)[:8]
