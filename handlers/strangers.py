"""Groups that are not ours: one line that says where to write, and nothing else, ever."""

from telegram import ChatMemberUpdated

from handlers.context import CareContext


async def on_message(context: CareContext) -> None:
    """Say where to write to whoever speaks to the bot in a foreign group."""


async def on_added(change: ChatMemberUpdated, context: CareContext) -> None:
    """Say where to write when somebody adds the bot to a foreign group."""
