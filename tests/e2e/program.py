"""The real carebot in a process of its own: started, killed and stopped by its id."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CAREBOT = str(Path(sys.executable).with_name("carebot"))
STOP_LIMIT_S = 10.0
"""So long may the program take to end after SIGTERM."""
_COMMAND_LIMIT_S = 30.0
_SHOWN_LINES = 60


class Program:
    """One process of the program. Its output goes to ``log``, over all its lives."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process; does not wait until it is of use."""
        assert not self.running
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                CAREBOT, "run", "--config", str(self._config), stdout=log, stderr=log, cwd=ROOT, env=_environment()
            )

    async def beside(self, *command: str) -> str:
        """Run another command on the same configuration to its end; returns what it printed."""
        process = await asyncio.create_subprocess_exec(
            CAREBOT, *command, "--config", str(self._config), stdout=PIPE, stderr=PIPE, cwd=ROOT, env=_environment()
        )
        async with asyncio.timeout(_COMMAND_LIMIT_S):
            printed, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return printed.decode()

    async def kill(self) -> None:
        """End the process as a power cut would."""
        assert self._process is not None
        if self.running:
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> float:
        """Ask the process to end, as an operator does; returns the seconds it took. Raises when it overstays."""
        assert self._process is not None
        assert self.running, f"it had ended before:\n{self.output()}"
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_LIMIT_S):
            status = await self._process.wait()
        assert status == 0, f"ended with {status}:\n{self.output()}"
        return loop.time() - began

    async def ended(self, within_s: float = _COMMAND_LIMIT_S) -> int:
        """Wait for the process to end by itself and return its exit status."""
        assert self._process is not None
        async with asyncio.timeout(within_s):
            return await self._process.wait()

    def output(self) -> str:
        """Return the last lines of what it wrote."""
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-_SHOWN_LINES:])


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CAREBOT_")}


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Write ``values``, sections by name, as a configuration file."""
    path.write_text("\n".join(_lines(values, ())) + "\n", "utf-8")


def _lines(values: Mapping[str, Any], section: tuple[str, ...]) -> list[str]:
    plain = [name for name, value in values.items() if not _is_section(value)]
    lines = [f"{name} = {json.dumps(values[name], ensure_ascii=False)}" for name in plain]
    if section:
        lines.insert(0, f"[{'.'.join(section)}]")
    for name in values.keys() - plain:
        value, inner = values[name], (*section, name)
        for one in value if isinstance(value, list) else ():
            lines += [f"[[{'.'.join(inner)}]]", *_lines(one, ())]
        if isinstance(value, dict):
            lines += _lines(value, inner)
    return lines


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
