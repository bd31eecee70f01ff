"""The ideal echo: bytes in, bytes out, no library, to find the ceiling of the stand-in itself."""

import argparse
import asyncio
import re
from collections import deque
from collections.abc import Callable

CHAT = re.compile(rb'"chat":\{"id":(\d+)')
UPDATE = re.compile(rb'"update_id":(\d+)')
POST = b"POST /bot1:x/%b HTTP/1.1\r\nHost: standin\r\nContent-Length: %d\r\n\r\n%b"


class Line(asyncio.Protocol):
    """One connection: writes a request, calls back with the body of its answer."""

    def __init__(self, answered: Callable[["Line", bytes], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def ask(self, method: bytes, body: bytes) -> None:
        """Send one request."""
        assert self._transport is not None
        self._transport.write(POST % (method, len(body), body))

    def data_received(self, data: bytes) -> None:
        """Pass the body on once it is whole."""
        self._buffer += data
        head, _, body = self._buffer.partition(b"\r\n\r\n")
        if body and len(body) >= int(head.rpartition(b" ")[2]):
            self._buffer = b""
            self._answered(self, body)


class Feeder:
    """Polls on one line and answers every chat on the others."""

    def __init__(self) -> None:
        self._idle: deque[Line] = deque()
        self._owed: deque[bytes] = deque()

    async def run(self, port: int, lines: int) -> None:
        """Open the lines and echo until ended from outside, at most two minutes."""
        loop = asyncio.get_running_loop()
        for _ in range(lines):
            _, line = await loop.create_connection(lambda: Line(self._sent), "127.0.0.1", port)
            self._idle.append(line)
        _, poll = await loop.create_connection(lambda: Line(self._polled), "127.0.0.1", port)
        poll.ask(b"getUpdates", b"offset=0&limit=100&timeout=10")
        await asyncio.sleep(120)

    def _polled(self, line: Line, body: bytes) -> None:
        ids = UPDATE.findall(body)
        offset = int(ids[-1]) + 1 if ids else 0
        line.ask(b"getUpdates", b"offset=%d&limit=100&timeout=10" % offset)
        self._owed.extend(CHAT.findall(body))
        while self._owed and self._idle:
            self._send(self._idle.popleft())

    def _sent(self, line: Line, _: bytes) -> None:
        if self._owed:
            self._send(line)
        else:
            self._idle.append(line)

    def _send(self, line: Line) -> None:
        line.ask(b"sendMessage", b"chat_id=%b&text=hello%%2C+are+you+there%%3F" % self._owed.popleft())


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lines", type=int, default=64)
    given = parser.parse_args()
    asyncio.run(Feeder().run(given.port, given.lines))


if __name__ == "__main__":
    main()
