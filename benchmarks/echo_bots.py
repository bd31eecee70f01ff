"""Bare bots of python-telegram-bot that echo or send, to be measured beside carebot."""

import argparse
import asyncio
import gc

from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import BaseRequest, HTTPXRequest

from bot.transport import AiohttpRequest, TelegramApi

TOKEN = "12345:benchmark"
FIRST_CHAT_ID = 1_000_000
TEXT = "Your points: 120. The next tier begins at 500."


def request_of(transport: str, pool_size: int) -> BaseRequest:
    """Return the request backend that ``transport`` names."""
    if transport == "stock":
        return HTTPXRequest(connection_pool_size=pool_size, pool_timeout=30)
    return AiohttpRequest(pool_size=pool_size)


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say the same."""
    if update.message is not None and update.message.text:
        await update.message.reply_text(update.message.text)


def run_echo(base_url: str, transport: str, concurrency: int) -> None:
    """Echo by polling until ended from outside, ``concurrency`` updates at the same time."""
    application = (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{base_url}/bot")
        .request(request_of(transport, 256))
        .get_updates_request(request_of(transport, 1))
        .concurrent_updates(concurrency if concurrency > 1 else False)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling(allowed_updates=["message"])


async def blast(base_url: str, transport: str, count: int, in_flight: int) -> None:
    """Send ``count`` messages to as many chats, ``in_flight`` at the same time."""
    chats = iter(range(FIRST_CHAT_ID, FIRST_CHAT_ID + count))
    request = request_of("aiohttp" if transport == "api" else transport, 256)
    bot = Bot(TOKEN, base_url=f"{base_url}/bot", request=request)
    api = TelegramApi(TOKEN, base_url, request)

    async def send() -> None:
        for chat_id in chats:
            try:
                if transport == "api":
                    await api.call("sendMessage", {"chat_id": chat_id, "text": TEXT})
                else:
                    await bot.send_message(chat_id, TEXT)
            except TelegramError as error:
                print(type(error).__name__, flush=True)

    async with request:
        await asyncio.gather(*(send() for _ in range(in_flight)))
        # The memory of the process is read while it lives.
        await asyncio.sleep(60)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["echo", "blast"])
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--transport", choices=["stock", "aiohttp", "api"], default="stock")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    gc.freeze()
    if given.what == "echo":
        run_echo(given.base_url, given.transport, given.concurrency)
    else:
        asyncio.run(blast(given.base_url, given.transport, given.count, given.concurrency))


if __name__ == "__main__":
    main()
