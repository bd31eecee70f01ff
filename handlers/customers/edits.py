"""Keep an edited private message as a new version."""

from handlers.context import CareContext


async def on_edit(context: CareContext) -> None:
    """Keep an edited private message as a new version."""
