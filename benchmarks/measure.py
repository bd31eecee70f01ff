"""One run: the stand-in on one core, a program on another, both ended by their ids."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant, Setting
from benchmarks.rows import Row

ROOT = Path(__file__).resolve().parent.parent
# Loaded and connected by then, or not at all.
START_LIMIT_S = 20.0


class RunFailed(Exception):
    """The program ended by itself or never did anything; the message is the end of its output."""


def measure(contestant: Contestant, row: Row) -> dict[str, Any]:
    """Run ``contestant`` under the load of ``row`` and return the stand-in's results, memory and CPU time."""
    with tempfile.TemporaryDirectory(prefix="carebot-bench-") as folder, standin(contestant, row, folder) as port:
        command = contestant.command(Setting(port, Path(folder), row))
        log = Path(folder) / "program.log"
        with log.open("wb") as output, process(command, core=1, output=output) as program:
            try:
                _wait_until_over(port, row, program)
            except RunFailed as failure:
                raise RunFailed(f"{failure}: {log.read_text(errors='replace')[-800:]}") from None
            return {**ask(port, "results"), **usage(program.pid)}


@contextmanager
def standin(contestant: Contestant, row: Row, folder: str) -> Iterator[int]:
    """Run a stand-in for the load of ``row`` and give its port."""
    script = Path(folder) / "script.json"
    script.write_text(json.dumps([asdict(step) for step in contestant.script]), encoding="utf-8")
    options: dict[str, Any] = {
        "script": script,
        "customers": row.customers,
        "at-once": row.at_once,
        "latency-ms": row.latency_ms,
        "warmup": row.warmup,
        "max-seconds": START_LIMIT_S + row.seconds + 10,
        **({"rate": row.rate} if row.rate else {}),
    }
    command = [sys.executable, "-m", "benchmarks.standin"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    with process(command, core=0, output=subprocess.PIPE) as standin:
        assert standin.stdout is not None
        yield int(standin.stdout.readline())


@contextmanager
def process(command: list[str], core: int, output: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a core of its own where there are two, and end it afterwards."""
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        _pin(process.pid, core)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _pin(pid: int, core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(pid, {cores[core]})


def _wait_until_over(port: int, row: Row, program: subprocess.Popen[bytes]) -> None:
    """Return when all is done, or the time of the row is over since the first thing was done."""
    deadline, has_begun = time.monotonic() + START_LIMIT_S, False
    while time.monotonic() < deadline:
        if program.poll() is not None:
            raise RunFailed("ended by itself")
        seen = ask(port, "progress")
        if seen["sent"] >= row.messages if row.messages else seen["done"]:
            return
        if not has_begun and seen["sent"]:
            has_begun, deadline = True, time.monotonic() + row.seconds
        time.sleep(0.1)
    if not has_begun:
        raise RunFailed(f"did nothing in {START_LIMIT_S:.0f} s")


def ask(port: int, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/{what}", timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def usage(pid: int) -> dict[str, float | None]:
    """Return the memory (MiB, resident) and CPU time (s) of a process, where the system tells them in files."""
    folder = Path(f"/proc/{pid}")
    if not folder.exists():
        return {"memory_mib": None, "cpu_s": None}
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
    times = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(times[11]) + int(times[12])
    return {
        "memory_mib": round(int(status["VmRSS"].split()[0]) / 1024, 1),
        "cpu_s": round(ticks / os.sysconf("SC_CLK_TCK"), 2),
    }
