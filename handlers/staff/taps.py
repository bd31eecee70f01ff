"""Buttons in the staff group."""

from handlers.context import CareContext


async def on_tap(context: CareContext) -> None:
    """Handle a button pressed in the staff group."""
