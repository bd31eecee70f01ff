"""Verbs that make bots and people, and what people do with a bot as a whole."""

from __future__ import annotations

import re

from simulator.errors import ControlError
from simulator.members import tell_block
from simulator.methods.account import scope_key
from simulator.model import BotAccount, Json, Person
from simulator.state import State

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class PeopleVerbs(State):
    """Bots and people come into the world here."""

    def add_bot(self, token: str, username: str = "care_bot", name: str = "Care", reads_all: bool = False) -> Json:
        """Make a bot; ``reads_all`` is privacy mode off, as set with BotFather."""
        if token in self.bots:
            raise ControlError("a bot with this token is there already")
        head = token.partition(":")[0]
        bot_id = int(head) if head.isdecimal() else next(self.next_bot_id)
        if bot_id in self.bots_by_id:
            raise ControlError(f"a bot with the id {bot_id} is there already")
        bot = BotAccount(bot_id, token, username, name, reads_all, self.new_queue())
        self.bots[token] = self.bots_by_id[bot_id] = bot
        return bot.as_user()

    def add_person(
        self,
        first_name: str,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "en",
        person_id: int | None = None,
    ) -> Json:
        """Make a person with a Telegram account."""
        person_id = next(self.next_person_id) if person_id is None else person_id
        if person_id in self.people or person_id in self.bots_by_id or person_id <= 0:
            raise ControlError(f"the id {person_id} cannot be given to a person")
        person = Person(person_id, first_name, last_name, username, language_code)
        self.people[person_id] = person
        return person.as_user()

    def block(self, person_id: int, token: str | None = None) -> None:
        """Have a person block the bot."""
        self._set_blocked(person_id, token, True)

    def unblock(self, person_id: int, token: str | None = None) -> None:
        """Have a person unblock the bot."""
        self._set_blocked(person_id, token, False)

    def _set_blocked(self, person_id: int, token: str | None, blocked: bool) -> None:
        person, bot = self.person(person_id), self.bot(token)
        chat = self.private_chat(person, bot)
        if chat.blocked != blocked:
            chat.blocked = blocked
            tell_block(self, chat, bot, person, blocked=blocked)

    def deactivate(self, person_id: int) -> None:
        """Have a person delete the account."""
        self.person(person_id).deactivated = True

    def set_privacy(self, enabled: bool, token: str | None = None) -> None:
        """Switch a bot's privacy mode: on, it sees only commands, mentions and replies in groups."""
        self.bot(token).reads_all = not enabled

    def commands(
        self,
        scope: Json | str | None = None,
        language_code: str = "",
        token: str | None = None,
        person_id: int | None = None,
        chat_id: int | None = None,
    ) -> list[Json]:
        """Return a bot's commands: of exactly one scope, or what a person sees in a chat.

        With ``person_id`` the most fitting scope wins, in the person's language if there is one.
        """
        bot = self.bot(token)
        if person_id is None:
            return bot.commands.get((scope_key(scope), language_code), [])
        language = language_code or self.person(person_id).language_code or ""
        for fitting in self._fitting_scopes(person_id, chat_id):
            for spoken in (language[:2], ""):
                found = bot.commands.get((scope_key(fitting), spoken))
                if found:
                    return found
        return []

    def _fitting_scopes(self, person_id: int, chat_id: int | None) -> list[Json]:
        if chat_id is None or chat_id == person_id:
            return [
                {"type": "chat", "chat_id": person_id},
                {"type": "all_private_chats"},
                {"type": "default"},
            ]
        admin = self.group(chat_id).member(person_id).is_admin
        one: Json = {"type": "chat_member", "chat_id": chat_id, "user_id": person_id}
        admins: list[Json] = [{"type": "chat_administrators", "chat_id": chat_id}] if admin else []
        all_admins: list[Json] = [{"type": "all_chat_administrators"}] if admin else []
        here: Json = {"type": "chat", "chat_id": chat_id}
        return [one, *admins, here, *all_admins, {"type": "all_group_chats"}, {"type": "default"}]


def checked_payload(payload: str) -> str:
    """Return a deep link's payload, or refuse one that Telegram would not carry."""
    if not _PAYLOAD.fullmatch(payload):
        raise ControlError("a start payload has 1-64 letters, digits, _ or -")
    return payload
