"""Answer a new private message."""

from handlers.context import CareContext


async def on_message(context: CareContext) -> None:
    """Answer a new private message."""
