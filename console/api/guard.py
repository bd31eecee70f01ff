"""Around the whole API: bodies are bounded in size and time, and an error leaves as a problem, without its words."""

import asyncio
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.api.answers import Answer
from console.api.door import Door
from console.api.problems import problem

_LARGEST_BODY = 1024 * 1024
_BODY_WITHIN_S = 30.0
_DRAINED = 16 * 1024 * 1024
_DRAINED_WITHIN_S = 5.0
_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class _TooLarge(Exception):
    """The body is larger than it may be; ``more`` of it is under way."""

    def __init__(self, *, more: bool) -> None:
        super().__init__()
        self.more = more


class Guard:
    """The outermost layer of the API."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_out(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        try:
            body = await _read_body(scope, receive)
            await self._app(scope, _handed(body, receive), send_out)
        except Exception as error:
            answer = self._fault(error)
            if answer is not None and not started:
                more = isinstance(error, _TooLarge) and error.more
                await answer.response()(scope, receive, _lingering(receive, send_out) if more else send_out)

    def _fault(self, error: Exception) -> Answer | None:
        """Return what is answered to an error, if anybody still listens."""
        if isinstance(error, ClientDisconnect):
            return None
        if isinstance(error, _TooLarge):
            return problem(413, "body.too_large", "A body may be 1 MB at most.", headers={"Connection": "close"})
        if isinstance(error, _TooSlow):
            return problem(408, "body.too_slow", "The body did not come in time.", headers={"Connection": "close"})
        return self._door.fault(error)


class _TooSlow(Exception):
    """The body did not come in time."""


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared[:20]) > _LARGEST_BODY:
        raise _TooLarge(more=b"expect" not in headers)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > _LARGEST_BODY:
                    raise _TooLarge(more=message.get("more_body", False))
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        raise _TooSlow from None


def _lingering(receive: Receive, send: Send) -> Send:
    """Return a ``send`` that ends an answer only after the rest of the request was read, in bounds, and dropped.

    A connection closed over bytes that nobody read is reset, and then the client never sees the answer.
    """

    async def send_and_drain(message: Message) -> None:
        if message["type"] == "http.response.body":
            await send({**message, "more_body": True})
            await _drain(receive)
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return send_and_drain


async def _drain(receive: Receive) -> None:
    left = _DRAINED
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAINED_WITHIN_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _handed(body: bytes, receive: Receive) -> Receive:
    handed = False

    async def again() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
