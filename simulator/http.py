"""The door over HTTP: the Bot API at ``/bot<token>/<method>``, the control door at ``/_sim/<verb>``.

Loopback only: it is a stand-in for tests and the demo, without any protection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiohttp import web

from simulator import control
from simulator.api import Answer, BotApi
from simulator.files import UPLOAD_LIMIT
from simulator.schema import Upload
from simulator.world import World

WORLD = web.AppKey("world", World)
_NOT_FOUND = {"ok": False, "error_code": 404, "description": "Not Found"}
_UNREADABLE = {"ok": False, "error_code": 400, "description": "Bad Request: can't parse the request body"}
LONGEST_HANG_S = 120.0


def create_app(world: World) -> web.Application:
    """Return the HTTP application of a world."""
    app = web.Application(client_max_size=UPLOAD_LIMIT + 1024 * 1024)
    app[WORLD] = world
    api = BotApi(world)

    async def on_open(_app: web.Application) -> None:
        world.open()

    async def on_call(request: web.Request) -> web.StreamResponse:
        try:
            params, uploads = await _read_call(request)
        except ValueError:
            return web.json_response(_UNREADABLE, status=400)
        token, method = request.match_info["token"], request.match_info["method"]
        return await _respond(request, await api.call(token, method, params, uploads))

    async def on_file(request: web.Request) -> web.StreamResponse:
        stored = api.file(request.match_info["token"], request.match_info["path"])
        if stored is None:
            return web.json_response(_NOT_FOUND, status=404)
        return web.Response(body=stored.read(), content_type="application/octet-stream")

    async def on_close(_app: web.Application) -> None:
        world.close()

    app.router.add_route("*", "/bot{token}/{method}", on_call)
    app.router.add_get("/file/bot{token}/{path:.+}", on_file)
    control.add_routes(app, world)
    app.on_startup.append(on_open)
    app.on_cleanup.append(on_close)
    return app


async def _read_call(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Return a call's parameters and files, whichever way they were sent."""
    params: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        body = await request.text()
        given = json.loads(body) if body.strip() else {}
        if not isinstance(given, dict):
            raise ValueError("an object is expected")
        return params | given, uploads
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            content = await asyncio.to_thread(value.file.read)
            uploads[name] = Upload(value.filename, content, value.content_type)
        else:
            params[name] = value if isinstance(value, str) else value.decode()
    return params, uploads


async def _respond(request: web.Request, answer: Answer) -> web.StreamResponse:
    if answer.dropped:
        await asyncio.sleep(min(answer.hang_s, LONGEST_HANG_S))
        if request.transport is not None:
            request.transport.close()
    return web.Response(body=answer.body, status=answer.status, content_type="application/json")


def _require_loopback(host: str) -> None:
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError("the simulator listens on this machine's loopback addresses only")


@asynccontextmanager
async def serve(world: World, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve a world over HTTP and give the bound port; ``port`` 0 takes any free one."""
    _require_loopback(host)
    runner = web.AppRunner(create_app(world), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def run(
    port: int = 0,
    *,
    token: str | None = None,
    limits: bool = False,
    start: datetime | None = None,
    host: str = "127.0.0.1",
) -> None:
    """Serve a fresh world until SIGTERM or SIGINT; prints one line with its URL once it is ready."""
    asyncio.run(_run(port, token, limits, start, host))


async def _run(port: int, token: str | None, limits: bool, start: datetime | None, host: str) -> None:
    world = World.starting(start)
    world.limits.enabled = limits
    if token:
        world.add_bot(token)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(world, port, host) as bound:
        sys.stdout.write(f"simulator ready at http://{host}:{bound}\n")
        sys.stdout.flush()
        await stop.wait()
