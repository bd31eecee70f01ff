"""Retention: words are kept for as long as the business's rules say, and not longer."""

from datetime import timedelta

from services.work import Work
from storage import files
from storage import retention as rows

_SLICE = 500
FILES_FOR = timedelta(days=30)
"""How long files made for customers are kept: long enough to be sent again when nobody knows whether one arrived."""


async def apply_retention(work: Work, *, limit: int = _SLICE) -> int:
    """Empty up to ``limit`` rows of each kind whose time is over; returns how many, so that it is asked again until 0.

    Case words, feedback and the conversation itself stay until the customer asks to be forgotten.
    """
    retention, now, done = work.rules.retention, work.now, 0
    if retention.inbox is not None:
        done += await rows.empty_inbox(work.tx, before=now - retention.inbox, limit=limit)
    if retention.outbox is not None:
        done += await rows.empty_outbox(work.tx, before=now - retention.outbox, limit=limit)
    if retention.media is not None:
        done += await rows.expire_media(work.tx, before=now - retention.media, limit=limit)
    return done + await files.empty_files(work.tx, before=now - FILES_FOR, limit=limit)
