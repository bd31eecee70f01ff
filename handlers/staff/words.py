"""What staff write in their group: answers, notes, commands, and corrections of them."""

from handlers.context import CareContext


async def on_message(context: CareContext) -> None:
    """Handle a message in the staff group."""


async def on_edit(context: CareContext) -> None:
    """Handle a corrected message in the staff group."""
