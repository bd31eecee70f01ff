"""What follows from a message having been sent, refused, or lost from sight."""

from services.work import Work
from storage.outbox import OutboxRow


async def after_sent(work: Work, row: OutboxRow, message_id: int | None) -> None:
    """Show that a message arrived."""


async def after_failed(work: Work, row: OutboxRow, reason: str) -> None:
    """Tell who must know that a message will not arrive."""


async def after_unknown(work: Work, row: OutboxRow) -> None:
    """Keep that nobody knows whether a message arrived."""
