"""Verbs by which a person acts: writes, edits, taps, reacts."""

from __future__ import annotations

from typing import Any

from simulator.errors import ControlError
from simulator.members import tell_block
from simulator.model import Chat, Json, Person, StoredMessage, Topic
from simulator.posting import Post, remove, rewrite, tell_bot, write
from simulator.state import REMEMBERED_CALLBACKS, Callback, State
from simulator.text import format_text
from simulator.verbs.contents import caption_fields, content_for
from simulator.verbs.people import checked_payload


class ActingVerbs(State):
    """People act here; every act has its updates."""

    def send(
        self,
        person_id: int,
        text: str | None = None,
        chat_id: int | None = None,
        *,
        token: str | None = None,
        thread_id: int | None = None,
        reply_to: int | None = None,
        kind: str = "text",
        media_group_id: str | None = None,
        anonymous: bool = False,
        forward_from: int | str | None = None,
        **given: Any,
    ) -> Json:
        """Have a person send a message: privately to the bot, or into the group ``chat_id``.

        ``given`` by kind: ``caption``, ``file_size``, ``file_name``, ``mime_type``, ``content`` (bytes;
        ``content_base64`` over HTTP), ``latitude``, ``longitude``, ``phone``, ``contact_user_id``, ``emoji``.
        ``forward_from`` is a person's id, or the name of somebody who hides the account.
        Returns the message as bots get it, with its ``id``, ``chat_id`` and ``thread_id`` beside.
        """
        person = self.person(person_id)
        chat, topic = self._place(person, chat_id, token, thread_id)
        _refuse_unknown(given)
        content = content_for(kind, {"text": text, **given}, self.files, person, next(self.numbers))
        if media_group_id is not None:
            content["media_group_id"] = media_group_id
        if forward_from is not None:
            content["forward_origin"] = self._origin(forward_from)
        if anonymous and not chat.member(person_id).is_admin:
            raise ControlError("only administrators of a group can be anonymous")
        answered = self._message(chat, reply_to) if reply_to is not None else None
        if answered is not None and topic is None:
            topic = chat.topics.get(answered.topic_id or 0)
        return said(write(self, chat, Post(content, person, anonymous, topic, answered)))

    def send_album(
        self,
        person_id: int,
        items: list[Json],
        chat_id: int | None = None,
        thread_id: int | None = None,
        *,
        token: str | None = None,
    ) -> list[Json]:
        """Have a person send an album; each item is ``{"kind", "caption"}``."""
        album = str(10**16 + next(self.numbers))
        return [
            self.send(
                person_id,
                chat_id=chat_id,
                thread_id=thread_id,
                token=token,
                media_group_id=album,
                **{"kind": "photo", **item},
            )
            for item in items
        ]

    def start(self, person_id: int, payload: str | None = None, token: str | None = None) -> Json:
        """Have a person press Start, perhaps by a deep link; a blocked bot is unblocked first."""
        text = "/start" if payload is None else f"/start {checked_payload(payload)}"
        person, bot = self.person(person_id), self.bot(token)
        chat = self.private_chat(person, bot)
        if chat.blocked:
            chat.blocked = False
            tell_block(self, chat, bot, person, blocked=False)
        return self.send(person_id, text, token=token)

    def _place(
        self, person: Person, chat_id: int | None, token: str | None, thread_id: int | None
    ) -> tuple[Chat, Topic | None]:
        if person.deactivated:
            raise ControlError("a deleted account does nothing")
        if chat_id is None or chat_id == person.id:
            chat = self.private_chat(person, self.bot(token))
            if chat.blocked:
                raise ControlError("the person has blocked the bot: unblock it first")
            chat.started = True
            return chat, None
        chat = self.group(chat_id)
        member = chat.member(person.id)
        if not member.present:
            raise ControlError(f"person {person.id} is not in the group {chat.id}")
        if thread_id is None:
            return chat, None
        topic = chat.topics.get(thread_id)
        if topic is None or topic.deleted:
            raise ControlError(f"there is no topic {thread_id}")
        if topic.closed and not member.is_admin:
            raise ControlError(f"the topic {thread_id} is closed")
        return chat, topic

    def _origin(self, source: int | str) -> Json:
        made: Json = {"date": self.now_s() - 60}
        if isinstance(source, str):
            return {"type": "hidden_user", "sender_user_name": source, **made}
        return {
            "type": "user",
            "sender_user": self.user_json(source) or self.person(source).as_user(),
            **made,
        }

    def _chat_of(self, person_id: int, chat_id: int | None, token: str | None = None) -> Chat:
        if chat_id is None or chat_id == person_id:
            return self.private_chat(self.person(person_id), self.bot(token))
        return self.group(chat_id)

    def _message(self, chat: Chat, message_id: int) -> StoredMessage:
        message = chat.messages.get(message_id)
        if message is None:
            raise ControlError(f"there is no message {message_id} in the chat {chat.id}")
        return message

    def edit(
        self,
        person_id: int,
        chat_id: int | None,
        message_id: int,
        text: str | None = None,
        caption: str | None = None,
        *,
        token: str | None = None,
    ) -> Json:
        """Have a person edit an own message."""
        chat = self._chat_of(person_id, chat_id, token)
        message = self._message(chat, message_id)
        if message.author_id != person_id:
            raise ControlError("only own messages can be edited")
        if caption is not None:
            none: Json = {"caption": None, "caption_entities": None}
            rewrite(self, chat, message, none | caption_fields(caption))
        else:
            shown, entities = format_text(text or "")
            rewrite(self, chat, message, {"text": shown, "entities": entities or None})
        return said(message)

    def delete_message(self, chat_id: int, message_id: int, token: str | None = None) -> None:
        """Have somebody delete a message; bots are not told."""
        chat = self._chat_of(chat_id, chat_id, token) if chat_id > 0 else self.group(chat_id)
        if not remove(self, chat, message_id):
            raise ControlError(f"there is no message {message_id} in the chat {chat_id}")

    def tap(
        self,
        person_id: int,
        chat_id: int | None,
        message_id: int,
        text: str | None = None,
        data: str | None = None,
        *,
        forged: bool = False,
        token: str | None = None,
    ) -> Json:
        """Have a person tap the inline button with this text or data; ``forged`` data needs no button.

        Returns ``{"callback_query_id"}``, or ``{"url"}`` for a link, which tells the bot nothing.
        """
        chat = self._chat_of(person_id, chat_id, token)
        message = self._message(chat, message_id)
        if not chat.is_private and not chat.member(person_id).present:
            raise ControlError(f"person {person_id} is not in the group {chat.id}")
        if chat.blocked:
            raise ControlError("the person has blocked the bot: unblock it first")
        if not forged:
            button = _button(message, text, data)
            if "callback_data" not in button:
                return {"url": button.get("url")}
            data = str(button["callback_data"])
        return {"callback_query_id": self._tell_tap(person_id, chat, message, data or "")}

    def _tell_tap(self, person_id: int, chat: Chat, message: StoredMessage, data: str) -> str:
        bot = self.bots_by_id.get(message.author_id)
        if bot is None:
            raise ControlError("only a bot's message can be tapped")
        number = next(self.numbers)
        tap = Callback(str(4 * 10**18 + number), bot.id, person_id, chat.id, message.id, data, self.clock.time())
        self.callbacks[tap.id] = tap
        while len(self.callbacks) > REMEMBERED_CALLBACKS:
            self.callbacks.popitem(last=False)
        bot.known_people.add(person_id)
        query: Json = {"id": tap.id, "from": self.person(person_id).as_user(), "message": message.body}
        tell_bot(bot, "callback_query", query | {"chat_instance": str(chat.id), "data": data})
        return tap.id

    def tap_latest(
        self,
        person_id: int,
        text: str | None = None,
        chat_id: int | None = None,
        thread_id: int | None = None,
        *,
        data: str | None = None,
        token: str | None = None,
    ) -> Json:
        """Have a person tap a button on the newest message of the chat (or topic) that has it."""
        chat = self._chat_of(person_id, chat_id, token)
        for message in reversed(chat.messages.values()):
            if thread_id in (None, message.topic_id) and _find_button(message, text, data) is not None:
                return self.tap(person_id, chat_id, message.id, text, data, token=token)
        raise ControlError(f"no message in the chat {chat.id} has the button {text or data!r}")

    def react(
        self,
        person_id: int,
        chat_id: int | None,
        message_id: int,
        emoji: str | None = None,
        token: str | None = None,
    ) -> None:
        """Have a person react to a message, or take the reaction back with ``None``."""
        chat = self._chat_of(person_id, chat_id, token)
        message = self._message(chat, message_id)
        old = message.reactions.get(person_id, [])
        new: list[Json] = [{"type": "emoji", "emoji": emoji}] if emoji else []
        message.reactions[person_id] = new
        change: Json = {"chat": chat.as_json(), "message_id": message_id, "date": self.now_s()}
        change |= {"user": self.person(person_id).as_user(), "old_reaction": old, "new_reaction": new}
        for bot in self.bots_in(chat):
            if chat.is_private or chat.member(bot.id).is_admin:
                tell_bot(bot, "message_reaction", change)
        self.changed.notify()


_GIVEN = frozenset(
    {
        "caption",
        "file_size",
        "file_name",
        "mime_type",
        "content",
        "content_base64",
        "latitude",
        "longitude",
        "phone",
        "contact_user_id",
        "emoji",
    }
)


def said(message: StoredMessage) -> Json:
    """Return a person's message as bots get it, with the names that the looking verbs use beside."""
    chat_id = message.body["chat"]["id"]
    return {**message.body, "id": message.id, "chat_id": chat_id, "thread_id": message.topic_id}


def _refuse_unknown(given: Json) -> None:
    unknown = given.keys() - _GIVEN
    if unknown:
        raise ControlError(f"send does not know {', '.join(sorted(unknown))}")


def _find_button(message: StoredMessage, text: str | None, data: str | None) -> Json | None:
    for row in message.body.get("reply_markup", {}).get("inline_keyboard", ()):
        for button in row:
            if text in (None, button["text"]) and data in (None, button.get("callback_data")):
                found: Json = button
                return found
    return None


def _button(message: StoredMessage, text: str | None, data: str | None) -> Json:
    button = _find_button(message, text, data)
    if button is None:
        raise ControlError(f"message {message.id} has no button {text or data!r}")
    return button
