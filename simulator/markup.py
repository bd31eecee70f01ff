"""Keyboards: what Telegram refuses in them, and how people see them."""

from __future__ import annotations

from typing import Any

from simulator.errors import BadRequest
from simulator.model import Chat, Json

MAX_BUTTONS = 100
MAX_DATA_BYTES = 64
_INLINE_ACTIONS = (
    "url",
    "callback_data",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "callback_game",
    "pay",
    "login_url",
    "web_app",
    "switch_inline_query_chosen_chat",
    "copy_text",
)
_PRIVATE_ONLY = {
    "request_contact": "phone number can be requested in private chats only",
    "request_location": "location can be requested in private chats only",
    "request_users": "users can be requested in private chats only",
    "request_chat": "chats can be requested in private chats only",
    "web_app": "Web App buttons can be used in private chats only",
}


def read_markup(markup: Json | None, chat: Chat) -> tuple[Json | None, Json | None]:
    """Return a call's inline keyboard and its reply keyboard, one of them ``None``, or refuse."""
    if not markup:
        return None, None
    if "inline_keyboard" in markup:
        return read_inline(markup, chat), None
    if "keyboard" in markup:
        _check_reply_rows(markup["keyboard"], chat)
    return None, markup


def read_inline(markup: Json | None, chat: Chat) -> Json | None:
    """Return an inline keyboard without its empty rows, ``None`` if nothing is left, or refuse."""
    if not markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise BadRequest("reply markup is too long")
    for row in rows:
        for button in row:
            _check_inline_button(button, chat)
    return {"inline_keyboard": rows} if rows else None


def _check_inline_button(button: Json, chat: Chat) -> None:
    if not button["text"].strip():
        raise BadRequest('can\'t parse inline keyboard button: field "text" must be non-empty')
    actions = [action for action in _INLINE_ACTIONS if action in button]
    if not actions:
        raise BadRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise BadRequest("can't parse inline keyboard button: only one action is allowed in a button")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= MAX_DATA_BYTES:
        raise BadRequest("BUTTON_DATA_INVALID")
    if "url" in button and not _is_link(button["url"]):
        raise BadRequest(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if "web_app" in button:
        if not chat.is_private:
            raise BadRequest("BUTTON_TYPE_INVALID")
        if not button["web_app"]["url"].startswith("https://"):
            raise BadRequest("inline keyboard button Web App URL is invalid: Only HTTPS links are allowed")


def _is_link(url: str) -> bool:
    scheme, found, rest = url.partition("://")
    if not found:
        return "." in url and " " not in url
    return bool(rest) and scheme in ("http", "https", "tg", "ton") and " " not in url


def _check_reply_rows(rows: list[list[Any]], chat: Chat) -> None:
    if not any(rows):
        raise BadRequest("can't parse reply keyboard markup: the keyboard must be non-empty")
    for row in rows:
        for button in row:
            text = button if isinstance(button, str) else button["text"]
            if not text.strip():
                raise BadRequest('can\'t parse keyboard button: field "text" must be non-empty')
            if isinstance(button, dict) and not chat.is_private:
                for feature, words in _PRIVATE_ONLY.items():
                    if button.get(feature):
                        raise BadRequest(words)


def visible_buttons(body: Json) -> list[list[Json]]:
    """Return the inline buttons under a message as rows of text, data and url."""
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    return [
        [{"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")} for button in row]
        for row in rows
    ]


def visible_keyboard(markup: Json | None) -> list[list[str]] | None:
    """Return the texts of a reply keyboard by row; ``[]`` when it was taken away, ``None`` without one."""
    if markup is None:
        return None
    return [
        [button if isinstance(button, str) else button["text"] for button in row] for row in markup.get("keyboard", [])
    ]
