"""Serves the REST API inside the program, on its loop; loaded only when ``[api]`` is enabled."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.dispatcher import place_of
from console.api.application import make_api
from console.api.door import Door
from domain.errors import SettingsError
from domain.rules import Rules
from storage.database import Database
from texts import Texts

log = structlog.get_logger("api")

_FINISH_WITHIN_S = 5
_BACKLOG = 512


class _Server(uvicorn.Server):
    """A server that leaves the program's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the program itself ends in order."""
        yield


def api_of(
    database: Database,
    now: Callable[[], datetime],
    *,
    bot_id: int,
    bot_name: str,
    public_url: str,
    rules: Rules,
    texts: Texts,
    committed: Callable[[], None],
) -> ASGIApp:
    """Return the API over the parts of the running program."""
    return make_api(Door(database, now, bot_id, rules, texts, committed, place_of, bot_name, public_url))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises :class:`SettingsError` when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"api.listen_port: {port} on {host} cannot be had ({reason}); name another") from None
    listening.setblocking(False)
    return listening


async def serve(api: ASGIApp, *, host: str, port: int) -> None:
    """Serve until cancelled; requests under way then have some seconds to finish."""
    config = uvicorn.Config(
        api,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
    )
    server = _Server(config)
    with contextlib.closing(listen(host, port)) as listening:
        log.info("api_listening", host=host, port=port)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await asyncio.wait({serving}, timeout=_FINISH_WITHIN_S + 2)
            serving.cancel()
