"""Do what a customer's button asks for."""

from handlers.context import CareContext


async def on_tap(context: CareContext) -> None:
    """Do what a customer's button asks for."""
