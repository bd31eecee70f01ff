"""Methods about the bot itself: its names, commands and menu button."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from simulator.errors import BadRequest
from simulator.methods.registry import Call, api_method
from simulator.model import Json

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_MAX_COMMANDS = 100
_MAX_COMMAND_DESCRIPTION = 256
_LANGUAGE = re.compile(r"[a-z]{2}")
_WORDS = {"name": 64, "description": 512, "short_description": 120}


@api_method("getMe")
def get_me(call: Call) -> Any:
    """Tell who the bot is."""
    return call.bot.as_me()


def scope_key(scope: Json | str | None) -> str:
    """Return one spelling for a command scope; a bare word is a scope's type."""
    if scope is None:
        scope = "default"
    return json.dumps({"type": scope} if isinstance(scope, str) else scope, sort_keys=True)


def _language(call: Call) -> str:
    language: str = call.get("language_code", "")
    if language and not _LANGUAGE.fullmatch(language):
        raise BadRequest("LANG_CODE_INVALID")
    return language


@api_method("setMyCommands")
def set_my_commands(call: Call) -> Any:
    """Set the commands of a scope and language."""
    commands: list[Json] = call.params["commands"]
    if len(commands) > _MAX_COMMANDS:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(command["command"].removeprefix("/").lower()):
            raise BadRequest("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= _MAX_COMMAND_DESCRIPTION:
            raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[scope_key(call.get("scope")), _language(call)] = commands
    return True


@api_method("getMyCommands")
def get_my_commands(call: Call) -> Any:
    """Return the commands of exactly this scope and language."""
    return call.bot.commands.get((scope_key(call.get("scope")), _language(call)), [])


@api_method("deleteMyCommands")
def delete_my_commands(call: Call) -> Any:
    """Forget the commands of a scope and language."""
    call.bot.commands.pop((scope_key(call.get("scope")), _language(call)), None)
    return True


def _setter(kind: str, most: int) -> Callable[[Call], Any]:
    def handler(call: Call) -> Any:
        words: str = call.get(kind, "")
        if len(words) > most:
            raise BadRequest(f"{kind.replace('_', ' ')} is too long")
        call.bot.words[kind, _language(call)] = words
        if kind == "name" and words and not call.get("language_code"):
            call.bot.name = words
        return True

    handler.__doc__ = f"Set the bot's {kind.replace('_', ' ')} in a language."
    return handler


def _getter(kind: str) -> Callable[[Call], Any]:
    def handler(call: Call) -> Any:
        fallback = call.bot.words.get((kind, ""), call.bot.name if kind == "name" else "")
        return {kind: call.bot.words.get((kind, _language(call))) or fallback}

    handler.__doc__ = f"Return the bot's {kind.replace('_', ' ')} in a language."
    return handler


for _kind, _most in _WORDS.items():
    _spelled = "".join(part.title() for part in _kind.split("_"))
    api_method(f"setMy{_spelled}")(_setter(_kind, _most))
    api_method(f"getMy{_spelled}")(_getter(_kind))


@api_method("setChatMenuButton")
def set_chat_menu_button(call: Call) -> Any:
    """Set the menu button of one private chat or of all."""
    button: Json = call.get("menu_button", {"type": "default"})
    if button["type"] == "web_app" and not button["web_app"]["url"].startswith("https://"):
        raise BadRequest("menu button Web App URL is invalid: Only HTTPS links are allowed")
    call.bot.menu_buttons[call.get("chat_id")] = button
    return True


@api_method("getChatMenuButton")
def get_chat_menu_button(call: Call) -> Any:
    """Return the menu button of one private chat or of all."""
    buttons = call.bot.menu_buttons
    return buttons.get(call.get("chat_id"), buttons.get(None, {"type": "commands"}))
