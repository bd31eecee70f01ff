"""The real program as the tour runs it: a process of its own, started, killed and stopped like any other."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bot.tour_stage import NotSeen

_START_PATIENCE_S, _STOP_PATIENCE_S = 30.0, 12.0
_LOOK_EVERY_S = 0.05
_COMMAND = "from bot.cli import main; main()"


def _environment() -> dict[str, str]:
    """Return this process's environment without settings of a real bot."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("CAREBOT_")}


class Program:
    """``carebot run`` with one configuration. ``polls`` says how often it has asked Telegram for updates so far."""

    def __init__(self, config: Path, log: Path, *, polls: Callable[[], int]) -> None:
        self._config = config
        self._log = log
        self._polls = polls
        self._process: asyncio.subprocess.Process | None = None

    def is_alive(self) -> bool:
        """Return whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, and wait until it asks for updates. Raises :class:`NotSeen`."""
        asked_before = self._polls()
        with self._log.open("ab") as log:
            self._process = await self._spawn(log)
        claim = "carebot runs and asks for updates"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_PATIENCE_S):
                while self._polls() == asked_before:
                    if not self.is_alive():
                        raise NotSeen(claim, "The program ended.")
                    await asyncio.sleep(_LOOK_EVERY_S)
                return
        raise NotSeen(claim, f"It did not within {_START_PATIENCE_S:.0f} s.")

    async def _spawn(self, log: IO[bytes]) -> asyncio.subprocess.Process:
        # In a session of its own, so that Ctrl-C reaches the demo alone, which then stops it in order.
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _COMMAND, "run", "--config", str(self._config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_environment(),
        )

    async def make_api_key(self, name: str) -> str:
        """Make a key of the REST API as an operator does, by a command beside the running program."""
        command = ("api", "key", "create", "--name", name, "--scope", "all", "--config", str(self._config))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _COMMAND, *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
        )
        out, told = await process.communicate()
        if process.returncode:
            raise NotSeen("carebot makes an API key", told.decode(errors="replace").strip())
        return out.decode().strip()

    async def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, as a supervisor would. Raises :class:`NotSeen` when it does not in time."""
        if self._process is None or not self.is_alive():
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_PATIENCE_S):
                status = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise NotSeen("carebot ends in order", f"It did not within {_STOP_PATIENCE_S:.0f} s.") from None
        if status:
            raise NotSeen("carebot ends in order", f"It ended with status {status}.")
