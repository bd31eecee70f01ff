"""The door inside the process: python-telegram-bot's requests answered without a network."""

from __future__ import annotations

import asyncio
import re
from typing import IO, Any
from urllib.parse import unquote

from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from simulator.api import BotApi
from simulator.schema import Upload
from simulator.state import State

_URL = re.compile(r"(?:https?://[^/]+)?/(file/)?bot([^/]+)/(.+)")


class SimulatorRequest(BaseRequest):
    """A transport for ``telegram.Bot`` that ends in a simulated world.

    ``read_timeout`` bounds how long a hanging call is waited for when the call names no time itself.
    """

    def __init__(self, world: State, read_timeout: float = 5.0) -> None:
        self._api = BotApi(world)
        self._read_timeout = read_timeout

    @property
    def read_timeout(self) -> float:
        """The time after which a hanging call is given up, in seconds."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Answer one request; raises ``TimedOut`` or ``NetworkError`` where a network would."""
        match = _URL.fullmatch(unquote(url.partition("?")[0]))
        if match is None:
            return 404, b'{"ok": false, "error_code": 404, "description": "Not Found"}'
        if match[1]:
            stored = self._api.file(match[2], match[3])
            return (200, stored.read()) if stored else (404, b'{"ok": false, "description": "Not Found"}')
        params: dict[str, Any] = dict(request_data.parameters) if request_data else {}
        uploads = _uploads(request_data) if request_data and request_data.contains_files else {}
        limit = self._read_timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        try:
            async with asyncio.timeout(limit):
                answer = await self._api.call(match[2], match[3], params, uploads)
                if answer.dropped:
                    await asyncio.sleep(answer.hang_s)
        except TimeoutError:
            raise TimedOut from None
        if answer.dropped:
            raise NetworkError("the server closed the connection without an answer")
        return answer.status, answer.body


def _uploads(data: RequestData) -> dict[str, Upload]:
    found = {}
    for name, (filename, content, mime_type) in data.multipart_data.items():
        found[name] = Upload(filename, _bytes(content), mime_type)
    return found


def _bytes(content: bytes | IO[bytes]) -> bytes:
    return content if isinstance(content, bytes) else content.read()
