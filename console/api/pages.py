"""Lists by pages: a cursor names the row after which the next page begins."""

import base64
import binascii
from collections.abc import Sequence

from pydantic import BaseModel

from console.api.answers import Answer
from console.api.problems import invalid

_DIGITS = 18


def cursor_after(number: int) -> str:
    """Return the cursor of what follows row ``number``."""
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> int | None:
    """Return the row after which a page begins. Raises ``ValueError`` for what is no cursor of ours."""
    if text is None:
        return None
    try:
        digits = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("no cursor") from error
    if not digits.isdigit() or len(digits) > _DIGITS:
        raise ValueError("no cursor")
    return int(digits)


def no_cursor() -> Answer:
    """Return the answer to a cursor that is none of ours."""
    return invalid([{"loc": ("query", "cursor"), "type": "cursor", "msg": "Give `next` of the page before, unchanged"}])


def page_of(rows: Sequence[tuple[int, BaseModel]], limit: int) -> Answer:
    """Return a page of up to ``limit`` of ``rows``, of which one more than that was asked for."""
    following = cursor_after(rows[limit - 1][0]) if len(rows) > limit else None
    items = [shape.model_dump(mode="json") for _, shape in rows[:limit]]
    return Answer(200, {"items": items, "next": following})
