"""How every route of the API is entered, and what its description says of it."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.api.answers import Answer
from console.api.door import Door, hash_request
from console.api.problems import PROBLEM, Halt, of_validation, problem
from console.api.reading import StrictRequest, check_media_type
from domain.api_keys import Scope
from domain.errors import NotFound

KEY_SCHEME = "key"
_REF = {"$ref": "#/components/schemas/Problem"}
_WRONG = {
    400: ("The body is not JSON, or could be read in two ways.", "body.unreadable"),
    401: ("No key, or one that is unknown or revoked.", "key.unknown"),
    403: ("The key has not the scope.", "key.not_allowed"),
    404: ("It is not there.", "customer.unknown"),
    408: ("The body did not come within 30 seconds.", "body.too_slow"),
    409: (
        "Things as they are do not allow it, or the Idempotency-Key was used for something else.",
        "idempotency.other_request",
    ),
    413: ("The body is larger than 1 MB.", "body.too_large"),
    415: ("The body is not said to be JSON.", "body.not_json"),
    422: ("A part of the request cannot be used; `errors` says which and how to mend it.", "request.invalid"),
    429: ("The key asks too often; `Retry-After` says when to ask again.", "key.too_often"),
    500: ("Our fault. Nothing was done; asking again with the same Idempotency-Key is safe.", "server.failed"),
    503: ("The database is away. Nothing was done; ask again.", "server.not_ready"),
}

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="Of your own, new for each thing to be done: 1 to 128 printable ASCII signs without spaces. The "
        "same key with the same request is answered the same, for at least 24 hours, and done once.",
        examples=["till-3/2026-11-22/0815"],
    ),
]
OptionalIdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="1 to 128 printable ASCII signs without spaces, as elsewhere; may be left out here.",
    ),
]
CustomerCode = Annotated[
    str, Path(alias="code", max_length=64, description="The customer's public code.", examples=["7K3M9QX2AB"])
]
Cursor = Annotated[
    str | None,
    Query(max_length=64, pattern=r"^[!-~]*$", description="`next` of the page before; leave out for the first."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.")]


class CareRoute(APIRoute):
    """A route that lets in only its scope's keys, reads bodies strictly, and answers every fault as a problem."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            door: Door = request.app.state.door
            request = StrictRequest(request.scope, request.receive)
            try:
                call = await door.admit(request, self.scope)
            except Halt as halt:
                return halt.answer.response()
            except Exception as error:
                return door.fault(error).response()
            try:
                body = await _read(request, wanted=self.body_field is not None)
                call.request_hash = hash_request(request.method, request.url.path, body)
                request.state.call = call
                response = await inner(request)
            except Exception as error:
                response = _answer_to(error, door).response()
            response.headers.update(call.headers)
            return response

        return handle

    @property
    def scope(self) -> Scope:
        """What a key must be allowed to do here."""
        return Scope((self.openapi_extra or {})["security"][0][KEY_SCHEME][0])


def _answer_to(error: Exception, door: Door) -> Answer:
    if isinstance(error, Halt):
        return error.answer
    if isinstance(error, RequestValidationError):
        return of_validation(error)
    if isinstance(error, HTTPException):
        return of_status(error)
    if isinstance(error, NotFound):  # it went away since it was looked up
        return problem(404, "customer.unknown")
    return door.fault(error)


async def _read(request: Request, *, wanted: bool) -> Any:
    if not await request.body() or not wanted:
        return None
    check_media_type(request)
    return await request.json()


def of_status(error: HTTPException) -> Answer:
    """Return the answer for what the framework refuses by itself: no such path, no such method."""
    codes = {404: "path.unknown", 405: "method.not_allowed"}
    return problem(error.status_code, codes.get(error.status_code, "request.refused"), headers=error.headers)


def care_router(tag: str) -> APIRouter:
    """Return a router for one family of resources."""
    return APIRouter(tags=[tag], route_class=CareRoute)


def described(
    scope: Scope,
    *,
    returns: type[BaseModel],
    status: int = 200,
    says: str = "Done.",
    also: tuple[int, ...] = (),
    example: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return how a route is described: its scope, its answer, and every problem it may answer with.

    ``also`` names statuses besides those that any request may get; for 404, 409 and the like.
    """
    usual = (401, 403, 422, 429, 500, 503)
    good: dict[str, Any] = {"description": says, "model": returns, "headers": _LIMIT_HEADERS}
    if example is not None:
        good["content"] = {"application/json": {"example": example}}
    responses: dict[int | str, Any] = {status: good}
    responses |= {each: _problem_response(each) for each in sorted({*usual, *also})}
    return {
        "status_code": status,
        "response_model": None,
        "responses": responses,
        "openapi_extra": {"security": [{KEY_SCHEME: [scope.value]}]},
    }


CHANGES = (400, 404, 408, 409, 413, 415)
"""What a request with a body may be answered besides."""

_LIMIT_HEADERS = {
    "RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "string"}},
    "RateLimit-Remaining": {"description": "How many may follow now.", "schema": {"type": "string"}},
    "RateLimit-Reset": {"description": "Seconds until all may follow.", "schema": {"type": "string"}},
}


def _problem_response(status: int) -> dict[str, Any]:
    description, code = _WRONG[status]
    example = problem(status, code, description).body
    response: dict[str, Any] = {"description": description, "content": {PROBLEM: {"schema": _REF, "example": example}}}
    if status == 429:
        response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    return response
