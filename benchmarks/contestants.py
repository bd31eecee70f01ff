"""Who is measured. To add a program, append a ``Contestant`` to ``CONTESTANTS``."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import carebot
from benchmarks.crowd import DEFAULT_SCRIPT, Step
from benchmarks.rows import CEILING, INBOUND_0, INBOUND_50, OUTBOUND, REPLY_50, REPLY_100, Row

# "stock" and "ours" are the transport; the number is how many are handled or sent at the same time.
FEEDER = "raw feeder"
STOCK = "PTB echo, stock, 1"
STOCK_256 = "PTB echo, stock, 256"
OURS = "PTB echo, ours, 1"
OURS_256 = "PTB echo, ours, 256"
SEND_STOCK = "PTB send, stock, 100"
SEND_OURS = "PTB send, ours, 100"
SEND_API = "TelegramApi, ours, 100"
CAREBOT = "carebot"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a program is told of one run: where the stand-in is, and an empty folder for its files."""

    port: int
    folder: Path
    row: Row

    @property
    def base_url(self) -> str:
        """The Bot API server, without token."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program to measure: ``command`` writes what files it needs into the folder and returns its command line.

    Its virtual customers follow ``script``; ``rows`` are the loads it can bear.
    """

    name: str
    rows: tuple[Row, ...]
    command: Callable[[Setting], list[str]]
    script: tuple[Step, ...] = DEFAULT_SCRIPT


def _echo(transport: str, concurrency: int) -> Callable[[Setting], list[str]]:
    def command(setting: Setting) -> list[str]:
        options = ["--transport", transport, "--concurrency", str(concurrency)]
        return _module("benchmarks.echo_bots", "echo", "--base-url", setting.base_url, *options)

    return command


def _blast(transport: str) -> Callable[[Setting], list[str]]:
    def command(setting: Setting) -> list[str]:
        count = ["--count", str(setting.row.messages), "--concurrency", "100"]
        where = ["--base-url", setting.base_url, "--transport", transport]
        return _module("benchmarks.echo_bots", "blast", *where, *count)

    return command


def _carebot(setting: Setting) -> list[str]:
    return carebot.command(setting.base_url, setting.folder, birthdays=setting.row.messages)


def _feeder(setting: Setting) -> list[str]:
    return _module("benchmarks.feeder", "--port", str(setting.port))


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


INBOUND = (INBOUND_0, INBOUND_50)
REPLY = (REPLY_50, REPLY_100)

CONTESTANTS: list[Contestant] = [
    Contestant(FEEDER, (CEILING,), _feeder),
    Contestant(STOCK, (*INBOUND, *REPLY), _echo("stock", 1)),
    Contestant(STOCK_256, INBOUND, _echo("stock", 256)),
    Contestant(OURS, INBOUND, _echo("aiohttp", 1)),
    Contestant(OURS_256, (*INBOUND, *REPLY), _echo("aiohttp", 256)),
    Contestant(SEND_STOCK, (OUTBOUND,), _blast("stock")),
    Contestant(SEND_OURS, (OUTBOUND,), _blast("aiohttp")),
    Contestant(SEND_API, (OUTBOUND,), _blast("api")),
    Contestant(CAREBOT, (*INBOUND, *REPLY, OUTBOUND), _carebot, carebot.SCRIPT),
]
