"""Reactions of customers to our messages."""

from handlers.context import CareContext


async def on_reaction(context: CareContext, *, message_id: int, emoji: list[str]) -> None:
    """Take a reaction under the question whether a case is solved for an answer."""
