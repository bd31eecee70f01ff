"""What the simulator answers when a call is refused, in Telegram's own words.

::

    ApiError                 any refusal a bot hears, with its HTTP status
    ├── BadRequest     400
    ├── Unauthorized   401
    ├── Forbidden      403
    ├── NotFound       404
    ├── Conflict       409
    ├── TooLarge       413
    └── TooMany        429   with ``retry_after``

    ControlError             a verb of the control door was used wrongly
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal with the ``status``, ``description`` and ``parameters`` that Telegram would send."""

    status = 500
    prefix = "Internal Server Error"

    def __init__(self, detail: str = "", *, parameters: dict[str, Any] | None = None) -> None:
        self.description = f"{self.prefix}: {detail}" if detail else self.prefix
        self.parameters = parameters
        super().__init__(self.description)


class BadRequest(ApiError):
    """The call makes no sense or is against a rule."""

    status = 400
    prefix = "Bad Request"


class Unauthorized(ApiError):
    """No bot has this token."""

    status = 401
    prefix = "Unauthorized"


class Forbidden(ApiError):
    """The bot may not reach this chat."""

    status = 403
    prefix = "Forbidden"


class NotFound(ApiError):
    """No such method, or a token that cannot be one."""

    status = 404
    prefix = "Not Found"


class Conflict(ApiError):
    """Two readers of one update queue."""

    status = 409
    prefix = "Conflict"


class TooLarge(ApiError):
    """An upload above the limit."""

    status = 413
    prefix = "Request Entity Too Large"


class TooMany(ApiError):
    """A flood limit was overstepped; try again after ``retry_after`` whole seconds."""

    status = 429
    prefix = "Too Many Requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after}", parameters={"retry_after": retry_after})


class ControlError(ValueError):
    """A person of the simulated world cannot do what was asked."""
