"""The Bot API itself: one call in, one answer out, whichever door it came through."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from dataclasses import dataclass
from typing import Any

from simulator.errors import ApiError, NotFound, TooMany, Unauthorized
from simulator.faults import Fault
from simulator.files import StoredFile
from simulator.methods import METHODS, Call
from simulator.model import Json
from simulator.schema import Upload
from simulator.signatures import known_methods, signature_of
from simulator.state import CallRecord, State

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_GARBAGE = b"<html><body>upstream is resting</body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: status and body; ``dropped`` means that the connection closes instead."""

    status: int
    body: bytes
    dropped: bool = False
    hang_s: float = 0.0


class BotApi:
    """Answers calls of the Bot API from a simulated world."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def call(self, token: str, method: str, params: Json, uploads: dict[str, Upload] | None = None) -> Answer:
        """Carry out one call, struck by a planned fault if it is due, and log it.

        Method names are taken in any case, as Telegram does. Values of ``params`` are plain JSON, or
        their text form as urlencoded forms carry them, or ``Upload`` objects.
        """
        state = self._state
        # Even without latency other coroutines get their turn, as they would during a real call.
        await asyncio.sleep(state.latency_s)
        name = known_methods().get(method.lower(), method)
        fault = state.faults.take(name, _plain_chat_id(params.get("chat_id")))
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.hang_s)
            fault = None
        if fault is not None and fault.kind != "lost_answer":
            return self._struck(token, name, params, fault)
        try:
            result = await self._result(token, name, params, uploads or {})
        except ApiError as error:
            answer = self._refused(token, name, params, error)
        else:
            self._log(token, name, params, None)
            answer = Answer(200, _encode({"ok": True, "result": result}))
        if fault is not None:
            return Answer(answer.status, answer.body, dropped=True, hang_s=fault.hang_s)
        return answer

    def file(self, token: str, path: str) -> StoredFile | None:
        """Return the file at the path that ``getFile`` gave, for a known token."""
        return self._state.files.at(path) if token in self._state.bots else None

    async def _result(self, token: str, name: str, params: Json, uploads: dict[str, Upload]) -> Any:
        state = self._state
        bot = state.bots.get(token)
        if bot is None:
            raise Unauthorized() if _TOKEN.fullmatch(token) else NotFound()
        handler = METHODS.get(name)
        if handler is None:
            known = name.lower() in known_methods()
            raise NotFound(f"method {name} is not simulated" if known else "method not found")
        signature = signature_of(name)
        for part, upload in uploads.items():
            # A file in a part of the parameter's own name is that parameter; others are attach://.
            if part in signature.checks and part not in params:
                params[part] = upload
        result = handler(Call(state, bot, signature.check(params), uploads))
        return await result if inspect.isawaitable(result) else result

    def _struck(self, token: str, name: str, params: Json, fault: Fault) -> Answer:
        if fault.kind == "timeout":
            self._log(token, name, params, "fault: timeout")
            return Answer(504, b"", dropped=True, hang_s=fault.hang_s)
        if fault.kind == "garbage":
            self._log(token, name, params, "fault: garbage")
            return Answer(200, _GARBAGE)
        return self._refused(token, name, params, fault.refusal())

    def _refused(self, token: str, name: str, params: Json, error: ApiError) -> Answer:
        if isinstance(error, TooMany):
            self._state.rate(token).refused += 1
        self._log(token, name, params, error.description)
        body: Json = {"ok": False, "error_code": error.status, "description": error.description}
        if error.parameters is not None:
            body["parameters"] = error.parameters
        return Answer(error.status, _encode(body))

    def _log(self, token: str, name: str, params: Json, error: str | None) -> None:
        state = self._state
        state.call_counts[name] = state.call_counts.get(name, 0) + 1
        # The log remembers that a file came, not its bytes.
        noted = {key: repr(value) if isinstance(value, Upload) else value for key, value in params.items()}
        state.call_log.append(CallRecord(state.clock.now(), token, name, noted, error is None, error))


def _plain_chat_id(value: object) -> object:
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    return value


def _encode(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
