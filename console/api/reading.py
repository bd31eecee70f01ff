"""Reading a JSON body strictly: what two readers could understand differently, or no database can keep, is refused."""

import json
import math
from typing import Any, NoReturn

from starlette.requests import Request

from console.api.problems import Fault, Halt, problem

_DEEPEST = 12


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text. Raises :class:`Halt` for anything that is not strictly one."""
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise _unreadable("The body is not UTF-8.") from None
    except RecursionError:
        raise _unreadable("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"The body is not JSON: see line {error.lineno}, column {error.colno}.") from None
    except ValueError:  # a number of thousands of digits
        raise _unreadable("The body holds a number that is too long.") from None
    _look_through(value, 0)
    return value


def _unreadable(detail: str) -> Halt:
    return Halt(problem(400, "body.unreadable", detail))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _unreadable("The body names a field twice.")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise _unreadable("The body holds NaN or Infinity, which JSON has not.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _unreadable("The body holds a number that is too large.")
    return number


def _look_through(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise _unreadable("The body is nested too deeply.")
    if isinstance(value, str):
        _look_at(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _look_at(name)
            _look_through(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _look_through(inner, depth + 1)


def _look_at(text: str) -> None:
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        fault = Fault(field="body", mend="Leave out NUL and halves of surrogate pairs, which no text can hold")
        raise Halt(problem(422, "request.invalid", "Some parts of the request cannot be used.", errors=[fault]))


def check_media_type(request: Request) -> None:
    """Raise :class:`Halt` unless the body is said to be JSON, in UTF-8."""
    mime, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if mime.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
        raise Halt(problem(415, "body.not_json", "Send the body as `Content-Type: application/json`, in UTF-8."))


class StrictRequest(Request):
    """A request whose body is read strictly."""

    async def json(self) -> Any:
        """Return the body's value, read once."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json
