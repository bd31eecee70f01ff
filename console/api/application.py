"""The API as one ASGI application."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from console.api import campaigns, customers, events, points, purchases, surveys, vouchers
from console.api.door import Door
from console.api.guard import Guard
from console.api.openapi import attach_description
from console.api.routes import of_status

DESCRIPTION_PATH = "/v1/openapi.json"


def describe() -> dict[str, Any]:
    """Return the API's description."""
    return make_routes().openapi()


def make_api(door: Door) -> ASGIApp:
    """Return the API over what ``door`` gives it; no page of it loads anything from elsewhere."""
    app = make_routes(door.public_url)
    app.state.door = door
    return Guard(app, door)


def make_routes(public_url: str = "") -> FastAPI:
    """Return every route with its description, which names ``public_url`` as where to ask."""
    servers = [{"url": public_url.rstrip("/")}] if public_url else None
    app = FastAPI(servers=servers, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    router = APIRouter(prefix="/v1")
    for part in (customers, purchases, points, vouchers, events, surveys, campaigns):
        router.include_router(part.router)
    app.include_router(router)
    attach_description(app)

    async def show(_request: Request) -> Response:
        return JSONResponse(app.openapi())

    app.add_route(DESCRIPTION_PATH, show, include_in_schema=False)
    app.add_exception_handler(HTTPException, _refuse)
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = of_status(error)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_methods_of(request))
    return answer.response()


def _methods_of(request: Request) -> list[str]:
    """Return every method that the path knows; the framework names those of one route."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    known = (
        there for path, there in paths.items() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path)
    )
    return sorted({method.upper() for there in known for method in there} or {"GET"})
