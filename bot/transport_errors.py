"""What a failed Bot API call means: whether Telegram may have acted, and how long to wait.

TelegramError
├── NetworkError
│   ├── NotSent          never reached Telegram: refused, unknown host, bad certificate
│   ├── Declined         a 3xx, or a 4xx that has no type of its own
│   ├── TooLarge         an answer over the size limit
│   └── TimedOut
│       └── NotSentInTime    no free or new connection in time
└── InvalidAnswer        neither a result nor an error could be read
"""

from datetime import timedelta
from typing import Literal

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

Outcome = Literal["not_done", "unknown"]


class NotSent(NetworkError):
    """The request never left: there was no connection to write it to."""


class NotSentInTime(TimedOut):
    """The request never left: no connection was free or could be made in time."""


class Declined(NetworkError):
    """The server declined the request: a 3xx, or a 4xx that has no error type of its own."""


class TooLarge(NetworkError):
    """The answer is larger than the limit."""


class InvalidAnswer(TelegramError):
    """The server answered with success, but not with the result of a Bot API call."""


_NOT_DONE = (
    BadRequest,
    ChatMigrated,
    Conflict,
    Declined,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NotSent,
    NotSentInTime,
    RetryAfter,
)


def outcome_of(error: Exception) -> Outcome:
    """Tell whether the failed call surely did nothing, or may have been carried out all the same.

    Everything that is not known to be harmless counts as unknown, errors of our own included.
    """
    return "not_done" if isinstance(error, _NOT_DONE) else "unknown"


def retry_after_s(error: RetryAfter) -> float:
    """Return the wait that Telegram asks for, in seconds."""
    # An int or a timedelta, depending on the library's settings.
    wait: int | timedelta = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
