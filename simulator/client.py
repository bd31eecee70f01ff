"""The verbs of a world from outside, all awaited: over HTTP, or on a world in the same process."""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from simulator.control import call_verb
from simulator.errors import ControlError
from simulator.world import VERBS, World

Verb = Callable[..., Awaitable[Any]]

_POLL_S = 0.02
_ANSWER_TIMEOUT_S = 90.0


class AsyncVerbs(ABC):
    """Every verb of ``World`` under its own name and arguments, as a coroutine.

    ``await verbs.send(person_id, "Hello")`` works the same whichever door is behind it.
    """

    def __getattr__(self, name: str) -> Verb:
        if name not in VERBS:
            raise AttributeError(name)
        signature = inspect.signature(getattr(World, name))

        async def verb(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(None, *args, **kwargs).arguments
            del bound["self"]
            for parameter in signature.parameters.values():
                if parameter.kind is parameter.VAR_KEYWORD:
                    bound |= bound.pop(parameter.name, {})
            return await self._call(name, bound)

        return verb

    @abstractmethod
    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Carry out a verb."""

    @abstractmethod
    async def clock(self, version: int = -1, wait_s: float = 0.0) -> dict[str, Any]:
        """Return ``now``, ``offset_ms`` and ``version``, as soon as there was a jump after ``version``."""

    async def wait_for(self, predicate: Callable[[], Awaitable[Any]], timeout_s: float = 10.0) -> Any:
        """Ask an awaitable predicate again and again; return its first true answer or raise ``TimeoutError``."""
        async with asyncio.timeout(timeout_s):
            while True:
                found = await predicate()
                if found:
                    return found
                await asyncio.sleep(_POLL_S)


class LocalClient(AsyncVerbs):
    """The verbs of a world in this process."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        return await call_verb(self._world, name, arguments)

    async def clock(self, version: int = -1, wait_s: float = 0.0) -> dict[str, Any]:
        """Return the clock's reading."""
        return (await self._world.clock.wait_newer(version, wait_s)).as_json()


class SimulatorClient(AsyncVerbs):
    """The verbs of a world behind ``base_url``; an async context manager, or closed with ``close``."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_ANSWER_TIMEOUT_S))
        return self._session

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        body = json.dumps(arguments, default=str)
        headers = {"Content-Type": "application/json"}
        async with self._http().post(f"{self._base_url}/_sim/{name}", data=body, headers=headers) as answer:
            reply = await answer.json()
        if answer.status == 408:
            raise TimeoutError(reply["error"])
        if answer.status != 200:
            raise ControlError(reply["error"])
        return reply["result"]

    async def clock(self, version: int = -1, wait_s: float = 0.0) -> dict[str, Any]:
        """Return the clock's reading."""
        query = {"version": str(version), "wait_s": str(wait_s)}
        async with self._http().get(f"{self._base_url}/_sim/clock", params=query) as answer:
            reading: dict[str, Any] = await answer.json()
        return reading
