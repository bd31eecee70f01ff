"""The control door over HTTP: the world's verbs, and its clock."""

from __future__ import annotations

import inspect
from typing import Any

from aiohttp import web

from simulator.errors import ControlError
from simulator.world import VERBS, World

LONGEST_WAIT_S = 60.0


def add_routes(app: web.Application, world: World) -> None:
    """Add ``POST /_sim/<verb>`` and ``GET /_sim/clock`` to an application."""

    async def on_verb(request: web.Request) -> web.Response:
        name = request.match_info["verb"]
        if name not in VERBS:
            return web.json_response({"error": f"there is no verb {name!r}"}, status=404)
        try:
            arguments = await request.json() if request.can_read_body else {}
            result = await call_verb(world, name, arguments)
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except TimeoutError as error:
            return web.json_response({"error": str(error)}, status=408)
        return web.json_response({"result": result})

    async def on_clock(request: web.Request) -> web.Response:
        try:
            version = int(request.query.get("version", "-1"))
            wait_s = min(float(request.query.get("wait_s", "0")), LONGEST_WAIT_S)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        reading = await world.clock.wait_newer(version, wait_s)
        return web.json_response(reading.as_json())

    app.router.add_get("/_sim/clock", on_clock)
    app.router.add_post("/_sim/{verb}", on_verb)


async def call_verb(world: World, name: str, arguments: Any) -> Any:
    """Call a verb with keyword arguments; raises ``ControlError`` when they are no object."""
    if not isinstance(arguments, dict):
        raise ControlError("the arguments of a verb are a JSON object")
    result = getattr(world, name)(**arguments)
    return await result if inspect.isawaitable(result) else result
