"""The table of simulated methods and what one call of them carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.access import find_chat, writable_chat
from simulator.model import BotAccount, Chat, Json
from simulator.schema import Upload
from simulator.state import State


@dataclass(slots=True)
class Call:
    """One call: whose it is, its checked parameters, and the files that came with it."""

    state: State
    bot: BotAccount
    params: Json
    uploads: dict[str, Upload] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter or ``default``."""
        return self.params.get(name, default)

    def chat(self, name: str = "chat_id") -> Chat:
        """Return the chat that a parameter names."""
        return find_chat(self.state, self.bot, self.params[name])

    def writable(self) -> Chat:
        """Return the chat the bot writes to."""
        return writable_chat(self.state, self.bot, self.params["chat_id"])

    def pass_gate(self, chat: Chat, weight: int = 1) -> None:
        """Count a call that carries ``weight`` messages and refuse it above the flood limits."""
        state, token = self.state, self.bot.token
        now, paid = state.clock.time(), bool(self.get("allow_paid_broadcast"))
        record = state.rate(token)
        record.seen(now, weight)
        state.gate.admit(token, chat.id, now, private=chat.is_private, weight=weight, paid=paid)


Handler = Callable[[Call], Any]

METHODS: dict[str, Handler] = {}


def api_method(*names: str) -> Callable[[Handler], Handler]:
    """Register a function as the answer to Bot API methods; it may return an awaitable."""

    def register(handler: Handler) -> Handler:
        for name in names:
            METHODS[name] = handler
        return handler

    return register
