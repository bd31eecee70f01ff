"""Verbs that look at the world: messages, answers, calls, figures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from simulator.errors import ControlError
from simulator.files import KINDS
from simulator.markup import visible_buttons, visible_keyboard
from simulator.model import Chat, Json, StoredMessage
from simulator.state import State

_KINDS = ("animation", "venue", *(kind for kind in KINDS if kind != "animation"))
_OTHER_KINDS = ("location", "contact", "dice", "poll", "text")


class LookingVerbs(State):
    """What can be seen of the world from outside."""

    def messages(
        self,
        chat_id: int | None = None,
        person_id: int | None = None,
        thread_id: int | None = None,
        token: str | None = None,
    ) -> list[Json]:
        """Return the messages now visible in a chat, in order; ``person_id`` names the private chat.

        ``thread_id`` narrows a forum to one topic; 0 is the General topic.
        """
        chat = self._looked_at(chat_id, person_id, token)
        return [view(message) for message in chat.messages.values() if _in_topic(message, thread_id)]

    def _looked_at(self, chat_id: int | None, person_id: int | None, token: str | None) -> Chat:
        where = chat_id if chat_id is not None else person_id
        if where is None:
            raise ControlError("say whose chat: chat_id or person_id")
        if where > 0:
            return self.private_chat(self.person(where), self.bot(token))
        if where not in self.groups:
            raise ControlError(f"there is no group {where}")
        return self.groups[where]

    async def wait_message(
        self,
        chat_id: int | None = None,
        person_id: int | None = None,
        *,
        containing: str = "",
        after_id: int = 0,
        timeout_s: float = 10.0,
        thread_id: int | None = None,
        from_bot: bool | None = True,
        token: str | None = None,
    ) -> Json:
        """Wait at most ``timeout_s`` real seconds for a message to be there, and return it.

        Looks at what bots wrote, unless ``from_bot`` is ``False`` (people) or ``None`` (anyone), later
        than the message ``after_id``. Raises ``TimeoutError`` naming what was awaited.
        """
        chat = self._looked_at(chat_id, person_id, token)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            for message in self._newest(chat, after_id):
                wanted = from_bot in (None, message.from_bot) and _in_topic(message, thread_id)
                if wanted and containing in _words(message):
                    return view(message)
            left = deadline - loop.time()
            if left <= 0:
                raise TimeoutError(f"no message containing {containing!r} in chat {chat.id} in {timeout_s} s")
            with self.changed.waiter() as changed:
                await asyncio.wait([changed], timeout=left)

    @staticmethod
    def _newest(chat: Chat, after_id: int) -> Iterator[StoredMessage]:
        later = [message for message in reversed(chat.messages.values()) if message.id > after_id]
        return reversed(later)

    def callback_answers(self) -> list[Json]:
        """Return the answers that bots gave to taps, oldest first."""
        return list(self.callback_log)

    def calls(self, method: str | None = None) -> list[Json]:
        """Return the log of Bot API calls, of one method or all, oldest first."""
        return [call.as_json() for call in self.call_log if method in (None, call.method)]

    def pending_updates(self, token: str | None = None) -> int:
        """Return how many updates wait for the bot."""
        return len(self.bot(token).queue)

    def stats(self) -> Json:
        """Return figures: what there is, calls by method, rates by bot."""
        rates = {}
        for token, rate in self.rates.items():
            bot = self.bots.get(token)
            rates[str(bot.id if bot else 0)] = {
                "peak_per_second": rate.peak_per_second,
                "messages": rate.total,
                "refused_429": rate.refused,
            }
        return {
            "bots": len(self.bots),
            "people": len(self.people),
            "groups": len(self.groups),
            "private_chats": len(self.private),
            "calls": dict(self.call_counts),
            "rates": rates,
            "peak_per_second": max((r.peak_per_second for r in self.rates.values()), default=0),
            "refused_429": sum(r.refused for r in self.rates.values()),
        }


def _in_topic(message: StoredMessage, thread_id: int | None) -> bool:
    return thread_id is None or (message.topic_id or 0) == thread_id


def _words(message: StoredMessage) -> str:
    return str(message.body.get("text") or message.body.get("caption") or "")


def kind_of(message: StoredMessage) -> str:
    """Return what kind of message this is: ``text``, a kind of media, or ``service``."""
    if message.is_service:
        return "service"
    return next((kind for kind in (*_KINDS, *_OTHER_KINDS) if kind in message.body), "unknown")


def view(message: StoredMessage) -> Json:
    """Return a message as somebody in the chat sees it."""
    body, kind = message.body, kind_of(message)
    media: Any = body.get(kind) if kind in KINDS else None
    file: Json | None = media[-1] if kind == "photo" else media
    return {
        "id": message.id,
        "chat_id": body["chat"]["id"],
        "date": body["date"],
        "from_bot": message.from_bot,
        "from": body["from"],
        "text": body.get("text"),
        "caption": body.get("caption"),
        "kind": kind,
        "entities": body.get("entities") or body.get("caption_entities") or [],
        "reply_to": message.reply_to,
        "thread_id": message.topic_id,
        "buttons": visible_buttons(body),
        "reply_keyboard": visible_keyboard(message.reply_keyboard),
        "reply_markup": message.reply_keyboard or body.get("reply_markup"),
        "edited": "edit_date" in body,
        "media_group_id": body.get("media_group_id"),
        "file_id": file["file_id"] if file else None,
        "pinned": message.pinned,
        "protected": body.get("has_protected_content", False),
        "forwarded": "forward_origin" in body,
        "reactions": {str(who): [r.get("emoji") for r in given] for who, given in message.reactions.items()},
        "raw": body,
    }
