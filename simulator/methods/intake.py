"""Methods by which a bot gets its updates, and answers taps."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import BadRequest, Conflict
from simulator.methods.registry import Call, api_method
from simulator.model import BotAccount, Json
from simulator.state import State
from simulator.text import utf16_length
from simulator.webhooks import WebhookCourier, WebhookSettings

MAX_ANSWER = 200
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@api_method("getUpdates")
def get_updates(call: Call) -> Awaitable[list[Json]]:
    """Return waiting updates, forgetting those below the offset."""
    if call.bot.webhook.url:
        raise Conflict(_WEBHOOK_ACTIVE)
    queue = call.bot.queue
    queue.allow(call.get("allowed_updates"))
    return queue.poll(call.get("offset", 0), call.get("limit", 100), max(call.get("timeout", 0), 0))


@api_method("setWebhook")
def set_webhook(call: Call) -> Any:
    """Have updates sent to a URL: HTTPS, or plain HTTP on this machine."""
    url: str = call.params["url"]
    if not url:
        return delete_webhook(call)
    _check_webhook(url, call)
    queue, old = call.bot.queue, call.bot.webhook
    queue.allow(call.get("allowed_updates"))
    old.stop()
    queue.interrupt()
    if call.get("drop_pending_updates"):
        queue.clear()
    settings = WebhookSettings(
        url=url,
        secret_token=call.get("secret_token"),
        max_connections=call.get("max_connections", 40),
        ip_address=call.get("ip_address"),
        has_certificate="certificate" in call.params,
    )
    call.bot.webhook = settings
    start_courier(call.state, call.bot)
    return True


def start_courier(state: State, bot: BotAccount) -> None:
    """Begin to carry a bot's updates to its webhook, if it has one and nobody does yet."""
    hook = bot.webhook
    if hook.url and hook.courier is None:
        hook.courier = WebhookCourier(bot.queue, hook, state.clock)


def _check_webhook(url: str, call: Call) -> None:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
    if parts.hostname not in _LOOPBACK:
        raise BadRequest(f"bad webhook: Failed to resolve host: {parts.hostname} is not this machine")
    if "secret_token" in call.params and not _SECRET.fullmatch(call.params["secret_token"]):
        raise BadRequest("secret token contains unallowed characters")
    if not 1 <= call.get("max_connections", 40) <= 100:
        raise BadRequest("max_connections must be between 1 and 100")


@api_method("deleteWebhook")
def delete_webhook(call: Call) -> Any:
    """Go back to ``getUpdates``; what was not delivered stays unless it is dropped."""
    call.bot.webhook.stop()
    call.bot.webhook = WebhookSettings()
    if call.get("drop_pending_updates"):
        call.bot.queue.clear()
    return True


@api_method("getWebhookInfo")
def get_webhook_info(call: Call) -> Any:
    """Tell where updates go and how the last deliveries went."""
    hook, queue = call.bot.webhook, call.bot.queue
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": hook.has_certificate,
        "pending_update_count": len(queue),
    }
    if hook.url:
        info |= {"max_connections": hook.max_connections, "ip_address": hook.ip_address or "127.0.0.1"}
    if queue.allowed is not None:
        info["allowed_updates"] = sorted(queue.allowed)
    if hook.last_error is not None:
        info |= {"last_error_date": hook.last_error_at, "last_error_message": hook.last_error}
    return info


@api_method("answerCallbackQuery")
def answer_callback_query(call: Call) -> Any:
    """Answer a tap, in time."""
    state, params = call.state, call.params
    callback = state.callbacks.get(params["callback_query_id"])
    late = (
        callback is None
        or callback.bot_id != call.bot.id
        or state.clock.time() - callback.made_at > state.settings.callback_lifetime_s
    )
    if callback is None or late:
        raise BadRequest("query is too old and response timeout expired or query ID is invalid")
    text: str = params.get("text", "")
    if utf16_length(text) > MAX_ANSWER:
        raise BadRequest("MESSAGE_TOO_LONG")
    url = params.get("url")
    if url and not url.startswith(f"t.me/{call.bot.username}") and "://" not in url:
        raise BadRequest("URL_INVALID")
    callback.answer = {
        "callback_query_id": callback.id,
        "bot_id": callback.bot_id,
        "person_id": callback.person_id,
        "chat_id": callback.chat_id,
        "message_id": callback.message_id,
        "data": callback.data,
        "text": text,
        "show_alert": bool(params.get("show_alert")),
        "url": url,
    }
    state.callback_log.append(callback.answer)
    state.changed.notify()
    return True
