"""The Bot API methods that python-telegram-bot knows, and the check of a call's parameters."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import Any

import telegram

from simulator.errors import BadRequest
from simulator.schema import Check, check_bool, check_file, check_for, check_int, check_str, hints_of

_PYTHON_ONLY = frozenset({"self", "read_timeout", "write_timeout", "connect_timeout", "pool_timeout", "api_kwargs"})
# Telegram still takes these older spellings of ``reply_parameters`` and ``link_preview_options``.
_LEGACY: dict[str, Check] = {
    "allow_sending_without_reply": check_bool,
    "reply_to_message_id": check_int,
    "disable_web_page_preview": check_bool,
}
# Required by Telegram, optional in Python because a ready-made object may be given instead.
_ALSO_REQUIRED = {
    "sendLocation": ("latitude", "longitude"),
    "sendVenue": ("latitude", "longitude", "title", "address"),
    "sendContact": ("phone_number", "first_name"),
}
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "user_id": "invalid user_id specified",
    "message_id": "message identifier is not specified",
}
_MEDIA_MISSING = "there is no {} in the request"


@dataclass(frozen=True, slots=True)
class MethodSignature:
    """What a method takes: a check for each parameter, and the names it must be given."""

    name: str
    checks: dict[str, Check]
    required: tuple[str, ...]

    def check(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters in normal form, or raise ``BadRequest``."""
        checks = self.checks
        checked = {}
        for name, value in params.items():
            check = checks.get(name)
            if check is None:
                raise BadRequest(f'method {self.name} has no parameter "{name}"')
            if value is not None:
                checked[name] = check(value, name)
        for name in self.required:
            if name not in checked:
                raise BadRequest(self._missing(name))
        return checked

    def _missing(self, name: str) -> str:
        if self.checks[name] is check_file:
            return _MEDIA_MISSING.format(name.replace("_", " "))
        return _MISSING.get(name, f'parameter "{name}" is required')


@cache
def known_methods() -> dict[str, str]:
    """Map every method name in lower case to its proper spelling."""
    names = (name for name, _ in inspect.getmembers(telegram.Bot, callable))
    proper = [name for name in names if not name.startswith("_") and any(c.isupper() for c in name)]
    return {name.lower(): name for name in proper}


@cache
def signature_of(method: str) -> MethodSignature:
    """Return the signature of a method in its proper spelling."""
    function = inspect.unwrap(getattr(telegram.Bot, method))
    hints = hints_of(function)
    checks: dict[str, Check] = {}
    required = list(_ALSO_REQUIRED.get(method, ()))
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name in _PYTHON_ONLY:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            if name in _LEGACY:
                checks[name] = _LEGACY[name]
            continue
        checks[name] = check_str if (method, name) == ("getFile", "file_id") else check_for(hints[name])
        if parameter.default is parameter.empty:
            required.append(name)
    return MethodSignature(name=method, checks=checks, required=tuple(required))
