"""What happens to the staff group itself: it moves, we are removed, we come back."""

from telegram import ChatMemberUpdated, Update

from handlers.context import CareContext


async def on_migration(update: Update, context: CareContext) -> bool:
    """Follow a staff group that became a supergroup; returns whether the chat is ours now."""
    return False


async def on_our_membership(change: ChatMemberUpdated, context: CareContext) -> None:
    """Keep what became of the bot's place in a staff group."""
