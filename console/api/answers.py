"""What is answered to a request, before it is bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body, headers, and the customer whom it is about (for the day they ask to be forgotten)."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    customer_id: int | None = None

    def response(self, extra: Mapping[str, str] | None = None) -> Response:
        """Return the answer as it goes out."""
        mime = "application/problem+json" if self.status >= 400 else "application/json"
        return JSONResponse(self.body, self.status, {**self.headers, **(extra or {})}, media_type=mime)


def answer(
    body: BaseModel, *, status: int = 200, customer_id: int | None = None, location: str | None = None
) -> Answer:
    """Return an answer that holds ``body``; ``location`` is the path of what was made."""
    headers = {"Location": location} if location else {}
    return Answer(status, body.model_dump(mode="json"), headers, customer_id)
