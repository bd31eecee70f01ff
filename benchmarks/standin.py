"""A lean stand-in for the Bot API: one process, one core, no checks, only what a bot needs to run.

It is not the simulator: it exists to be several times faster than what it feeds. Run by ``benchmarks.run`` as
``python -m benchmarks.standin --customers 1000 ...``; prints its port as the first line.
"""

import argparse
import asyncio
import gc
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.crowd import DEFAULT_SCRIPT, Crowd, Plan, read_script

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
# A field as form, JSON or multipart; the names come after one of & { " or a line's start.
FIELD = rb'(?:^|[&{,"\s])%b(?:=|"?: *"?|"\r\n\r\n)(-?\d+)'
CHAT = re.compile(FIELD % b"chat_id")
THREAD = re.compile(FIELD % b"message_thread_id")
OFFSET = re.compile(FIELD % b"offset")
LIMIT = re.compile(FIELD % b"limit")
TIMEOUT = re.compile(FIELD % b"timeout")

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
MESSAGE = b'{"message_id":%d,"date":%d,"chat":{"id":%d,%b},%b"text":"ok"}'
PRIVATE = b'"first_name":"Ann","type":"private"'
GROUP = b'"title":"Staff","type":"supergroup","is_forum":true'
ME = {"id": 12345, "is_bot": True, "first_name": "Care", "username": "care_bot"}
ADMIN = {
    "user": ME,
    "status": "administrator",
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": True,
    "can_change_info": True,
    "can_invite_users": True,
    "can_post_stories": True,
    "can_edit_stories": True,
    "can_delete_stories": True,
    "can_pin_messages": True,
    "can_manage_topics": True,
}
FIXED: dict[bytes, Any] = {
    b"getMe": ME,
    b"getChatMember": ADMIN,
    b"getChatAdministrators": [ADMIN],
    b"getWebhookInfo": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
    b"getMyCommands": [],
    b"createForumTopic": {"message_thread_id": 0, "name": "case", "icon_color": 7322096},
    b"getFile": {"file_id": "f", "file_unique_id": "u", "file_size": 3, "file_path": "photos/f.jpg"},
}


class StandIn:
    """What all connections share: the crowd, the answers, the waiting poll, the counts."""

    def __init__(self, crowd: Crowd, latency_s: float) -> None:
        self.crowd = crowd
        self.latency_s = latency_s
        self._message_id = 0
        self._sent_at: list[float] = []
        self._to_groups = 0
        self._calls: Counter[str] = Counter()
        self._poll: tuple[Callable[[bytes], None], int, int] | None = None
        self._poll_ends: asyncio.TimerHandle | None = None
        self._arrival: asyncio.TimerHandle | None = None

    def handle(self, path: bytes, body: bytes, reply: Callable[[bytes], None]) -> None:
        """Answer one request through ``reply``, now or later."""
        method = path.rpartition(b"/")[2].partition(b"?")[0]
        if path.startswith(b"/control/"):
            reply(json.dumps(self.results() if method == b"results" else self.progress()).encode())
            return
        self._calls[method.decode()] += 1
        if method == b"getUpdates":
            self._get_updates(body, self._delayed(reply))
        elif method.startswith((b"send", b"copy", b"forward", b"edit")) and method != b"sendChatAction":
            self._delayed(reply)(self._message(method, body))
        else:
            self._delayed(reply)(self._other(method, body))

    def progress(self) -> dict[str, Any]:
        """Return the little that is needed to see whether the run is over."""
        return {"done": self.crowd.is_done, "answered": self.crowd.answered, "sent": len(self._sent_at)}

    def results(self) -> dict[str, Any]:
        """Return all figures of the run."""
        sent, span = self._sent_at, (self._sent_at[-1] - self._sent_at[0] if len(self._sent_at) > 1 else 0.0)
        return {
            **self.crowd.results(),
            "sent": len(sent),
            "sent_to_groups": self._to_groups,
            "sent_per_s": round((len(sent) - 1) / span, 2) if span else 0.0,
            "most_sent_in_a_second": busiest_second(sent),
            "calls": dict(self._calls),
        }

    def _delayed(self, reply: Callable[[bytes], None]) -> Callable[[bytes], None]:
        if not self.latency_s:
            return reply
        loop = asyncio.get_running_loop()

        def later(result: bytes) -> None:
            loop.call_later(self.latency_s, reply, result)

        return later

    def _message(self, method: bytes, body: bytes) -> bytes:
        """Count a message, pass it to the crowd and return the Bot API's answer."""
        now = time.monotonic()
        chat_id = _number(CHAT, body, 0)
        thread_id = _number(THREAD, body, 0)
        if not method.startswith(b"edit"):
            self._sent_at.append(now)
            self._to_groups += chat_id < 0
        if self.crowd.heard(chat_id, now):
            self._serve_poll()
        self._message_id += 1
        thread = b'"message_thread_id":%d,"is_topic_message":true,' % thread_id if thread_id else b""
        kind = GROUP if chat_id < 0 else PRIVATE
        message = MESSAGE % (self._message_id, int(now), chat_id, kind, thread)
        if method == b"sendMediaGroup":
            return b'{"ok":true,"result":[%b]}' % message
        return b'{"ok":true,"result":%b}' % message

    def _other(self, method: bytes, body: bytes) -> bytes:
        result = FIXED.get(method, True)
        if method == b"createForumTopic":
            self._message_id += 1
            result = {**result, "message_thread_id": self._message_id}
        elif method == b"getChat":
            chat_id = _number(CHAT, body, 0)
            kind = {"type": "supergroup", "title": "Staff", "is_forum": True} if chat_id < 0 else {"type": "private"}
            result = {"id": chat_id, **kind, "accent_color_id": 0, "max_reaction_count": 11}
        return json.dumps({"ok": True, "result": result}).encode()

    def _get_updates(self, body: bytes, reply: Callable[[bytes], None]) -> None:
        loop, now = asyncio.get_running_loop(), time.monotonic()
        self.crowd.begin(now)
        self._end_poll()
        self._poll = (reply, _number(OFFSET, body, 0), _number(LIMIT, body, 100))
        self._poll_ends = loop.call_later(_number(TIMEOUT, body, 0), self._end_poll)
        self._serve_poll()

    def _serve_poll(self) -> None:
        """Answer the waiting poll if there are updates; else see to it that the next arrival does."""
        if self._poll is None:
            return
        now = time.monotonic()
        self.crowd.arrive_due(now)
        _, offset, limit = self._poll
        updates = self.crowd.take(offset, limit, now)
        if updates:
            self._finish_poll(updates)
            return
        wait = self.crowd.next_arrival_in(now)
        if wait is not None:
            if self._arrival is not None:
                self._arrival.cancel()
            self._arrival = asyncio.get_running_loop().call_later(wait, self._serve_poll)

    def _end_poll(self) -> None:
        if self._poll is not None:
            self._finish_poll([])

    def _finish_poll(self, updates: list[bytes]) -> None:
        assert self._poll is not None
        reply, self._poll = self._poll[0], None
        if self._poll_ends is not None:
            self._poll_ends.cancel()
        reply(b'{"ok":true,"result":[%b]}' % b",".join(updates))


class Connection(asyncio.Protocol):
    """One keep-alive connection: cuts the bytes into requests and writes the answers."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget where to write: a late answer goes nowhere."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Handle every request that is whole."""
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer:
            split = self._buffer.find(b"\r\n\r\n")
            if split < 0:
                return
            head, start = self._buffer[:split], split + 4
            if CHUNKED.search(head):
                end = self._buffer.find(b"\r\n0\r\n\r\n", start)
                size, skip = end - start, 7
            else:
                size, skip = _number(LENGTH, head, 0), 0
            if size < 0 or len(self._buffer) < start + size:
                return
            body = self._buffer[start : start + size]
            self._buffer = self._buffer[start + size + skip :]
            self._standin.handle(head.split(b" ", 2)[1], body, self._reply)

    def _reply(self, result: bytes) -> None:
        if self._transport is not None:
            self._transport.write(HEAD % len(result) + result)


def busiest_second(times: list[float]) -> int:
    """Return the most entries of the ascending ``times`` that lie within any one second."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def _number(field: re.Pattern[bytes], text: bytes, default: int) -> int:
    found = field.search(text)
    return int(found[1]) if found else default


async def serve(plan: Plan, latency_s: float, max_seconds: float) -> None:
    """Serve on a free loopback port until ended from outside, at most ``max_seconds``."""
    standin = StandIn(Crowd(plan), latency_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(standin), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Nothing here makes cycles; a collection would only be a pause in the measurement.
    gc.disable()
    await asyncio.sleep(max_seconds)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=1000)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--warmup", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--max-seconds", type=float, default=120.0)
    given = parser.parse_args()
    script = read_script(given.script.read_text(encoding="utf-8")) if given.script else DEFAULT_SCRIPT
    plan = Plan(given.customers, given.at_once, script, given.rate, given.warmup)
    asyncio.run(serve(plan, given.latency_ms / 1000, given.max_seconds))


if __name__ == "__main__":
    main()
