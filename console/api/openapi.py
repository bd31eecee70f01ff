"""The description of the API (OpenAPI 3.1), made from its routes."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from console.api.problems import Fault, Problem
from console.api.routes import KEY_SCHEME
from domain.api_keys import Scope

VERSION = "1.0.0"
_ABOUT = """What other systems of the business ask and tell carebot: a till, a web shop, a booking system.

Each request shows a key as `Authorization: Bearer cb_…`; `carebot api key create` makes one. Instants are RFC 3339,
money is in the currency's smallest unit, lists come by pages (`next` is the `cursor` of the following one).

Requests that create value want an `Idempotency-Key`: the same key with the same request is done once and answered the
same, then with `Idempotent-Replayed: true`; with another request it is refused (409). What was asked for and refused
by the state of things is answered the same too; use a new key for a new try.

Every fault is a problem (RFC 9457) whose `code` never changes. `RateLimit-*` headers say what is left of a minute."""
_TAGS = {
    "customers": "The record of everyone the business serves.",
    "purchases": "What was bought; it earns points and tiers.",
    "points": "A ledger to which lines are only added.",
    "vouchers": "Rewards, and what they become when points are given for them.",
    "events": "What happened elsewhere, and what other systems are told.",
    "campaigns": "What goes out by itself, to whom, how far it is, and what came of it.",
    "surveys": "What is asked, what was answered, and asking many people at once.",
}


def attach_description(app: FastAPI) -> None:
    """Let ``app`` describe itself as carebot does."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way


def _describe(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="carebot",
        version=VERSION,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
        servers=app.servers,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (Problem, Fault):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    scopes = ", ".join(f"`{scope}`" for scope in Scope)
    components["securitySchemes"] = {
        KEY_SCHEME: {"type": "http", "scheme": "bearer", "description": f"A key; its scopes are among {scopes}."}
    }
    found["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    return found
