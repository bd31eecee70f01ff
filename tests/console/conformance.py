"""Every answer that any test of the API gets is held against the description."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from console.api.application import describe

Json = dict[str, Any]


@cache
def _document() -> Json:
    return describe()


@cache
def _operation(method: str, path: str) -> Json | None:
    """Return what the description says of a request, if it knows it."""
    for template, operations in _document()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in operations:
            found: Json = operations[method.lower()]
            return found
    return None


@cache
def _validator(operation_id: str, status: int) -> Any:
    document = _document()
    operation = next(
        each for there in document["paths"].values() for each in there.values() if each["operationId"] == operation_id
    )
    [content] = operation["responses"][str(status)]["content"].values()
    return jsonschema_rs.validator_for({**content["schema"], "components": document["components"]})


def hold_against_description(answer: httpx.Response) -> None:
    """Raise unless this answer is one that the description promises for the request."""
    operation = _operation(answer.request.method, answer.request.url.path)
    if operation is None:
        return
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{answer.status_code} is not described: {answer.text}"
    assert answer.headers["content-type"] in described["content"]
    _validator(operation["operationId"], answer.status_code).validate(answer.json())
