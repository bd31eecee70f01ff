"""Checks of plain JSON values against the annotations of python-telegram-bot's classes.

A check takes a value and the name to blame, returns the value in its normal form, and raises
``BadRequest`` when Telegram would not take it.
"""

from __future__ import annotations

import datetime as dtm
import importlib
import inspect
import json
import pathlib
import types
import typing
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import telegram

from simulator.errors import BadRequest

Check = Callable[[Any, str], Any]

_ALIASES = importlib.import_module("telegram._utils.types")
_DEFAULT_VALUE: type = importlib.import_module("telegram._utils.defaultvalue").DefaultValue
_FILE_TYPES = (pathlib.Path, bytes, telegram.InputFile)
# Conveniences of the Python classes that never travel to Telegram.
_PYTHON_ONLY = frozenset({"self", "api_kwargs", "filename", "filename_depr"})
_TYPED_BY_FIELD: tuple[type, ...] = (
    telegram.BotCommandScope,
    telegram.InputMedia,
    telegram.MenuButton,
    telegram.ReactionType,
)


class Upload:
    """A file that came with a call: its name, type and bytes."""

    __slots__ = ("content", "filename", "mime_type")

    def __init__(self, filename: str, content: bytes, mime_type: str) -> None:
        self.filename, self.content, self.mime_type = filename, content, mime_type

    def __repr__(self) -> str:
        return f"Upload({self.filename!r}, {len(self.content)} bytes)"


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the resolved annotations of a function or initialiser of python-telegram-bot."""
    module = importlib.import_module(function.__module__)
    names = {**vars(typing), **vars(_ALIASES), **vars(telegram), **vars(module)}
    names.update(ReplyMarkup=_ALIASES.ReplyMarkup, FileInput=_ALIASES.FileInput)
    return typing.get_type_hints(function, globalns=names)


def check_for(hint: Any) -> Check:
    """Return the check for an annotation, ``None`` and default-value wrappers left aside."""
    choices = [choice for choice in _flatten(hint) if choice is not type(None)]
    if any(choice in _FILE_TYPES or get_origin(choice) is typing.IO for choice in choices):
        return check_file
    objects = [c for c in choices if isinstance(c, type) and issubclass(c, telegram.TelegramObject)]
    lists = [c for c in choices if get_origin(c) is not None and _is_list(get_origin(c))]
    if lists:
        return _list_check(check_for(get_args(lists[0])[0]))
    if objects:
        return _object_check(tuple(objects), allow_text=str in choices)
    return _scalar_check(choices)


def _flatten(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return [leaf for part in get_args(hint) for leaf in _flatten(part)]
    if get_origin(hint) is _DEFAULT_VALUE:
        return []
    return [hint]


def _is_list(origin: Any) -> bool:
    # Pairs stand for objects in Python only; Telegram's arrays are annotated as sequences.
    return isinstance(origin, type) and issubclass(origin, (Sequence, Collection)) and origin is not tuple


def _scalar_check(choices: list[Any]) -> Check:
    literals = [value for choice in choices if get_origin(choice) is Literal for value in get_args(choice)]
    kinds = {choice for choice in choices if isinstance(choice, type)} | {type(v) for v in literals}
    if not kinds or object in kinds or get_origin(choices[0]) is dict:
        return _anything
    if int in kinds and str in kinds:
        return check_chat_id
    if kinds & {dtm.datetime, dtm.timedelta, int}:
        return check_int
    if float in kinds:
        return check_float
    return check_bool if bool in kinds else check_str


def _anything(value: Any, _name: str) -> Any:
    return value


def check_str(value: Any, name: str) -> str:
    """Accept a string."""
    if isinstance(value, str):
        return value
    raise BadRequest(f'parameter "{name}" must be a string')


def check_int(value: Any, name: str) -> int:
    """Accept an integer or its decimal form."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    raise BadRequest(f'parameter "{name}" must be an integer')


def check_float(value: Any, name: str) -> float:
    """Accept a number or its decimal form."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise BadRequest(f'parameter "{name}" must be a number')


def check_bool(value: Any, name: str) -> bool:
    """Accept a boolean in any spelling that Telegram takes."""
    if isinstance(value, bool):
        return value
    spelled = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
    if isinstance(value, str) and value.lower() in spelled:
        return spelled[value.lower()]
    raise BadRequest(f'parameter "{name}" must be a boolean')


def check_chat_id(value: Any, name: str) -> int | str:
    """Accept a chat's number, its decimal form, or an ``@username``."""
    if isinstance(value, str) and value and not value.removeprefix("-").isdecimal():
        return value
    if value == "":
        raise BadRequest(f"{name} is empty")
    return check_int(value, name)


def check_file(value: Any, name: str) -> Upload | str:
    """Accept an upload, a file id, a URL or an ``attach://`` name."""
    if isinstance(value, (Upload, str)):
        return value
    raise BadRequest(f'parameter "{name}" must be a file or its identifier')


def _list_check(item: Check) -> Check:
    def check(value: Any, name: str) -> list[Any]:
        value = _parsed(value, name, "array")
        if not isinstance(value, (list, tuple)):
            raise BadRequest(f"can't parse {name} JSON array")
        return [item(entry, name) for entry in value]

    return check


def _object_check(classes: tuple[type, ...], *, allow_text: bool) -> Check:
    def check(value: Any, name: str) -> Any:
        if allow_text and isinstance(value, str) and not value.startswith("{"):
            return value
        value = _parsed(value, name, "object")
        if not isinstance(value, dict):
            words = "object expected as reply markup" if name == "reply_markup" else f"{name} must be an object"
            raise BadRequest(words)
        if classes == (telegram.InlineKeyboardMarkup,) and "inline_keyboard" not in value:
            raise BadRequest("inline keyboard expected")
        return _check_fields(value, _choose_class(classes, value, name), name)

    return check


def _parsed(value: Any, name: str, kind: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise BadRequest(f"can't parse {name} JSON {kind}") from None


def _choose_class(classes: tuple[type, ...], value: dict[str, Any], name: str) -> type:
    for base in _TYPED_BY_FIELD:
        if any(issubclass(cls, base) for cls in classes):
            spelled = "".join(part.title() for part in str(value.get("type", "")).split("_"))
            chosen = getattr(telegram, f"{base.__name__}{spelled}", None)
            if spelled and chosen is not None and any(issubclass(chosen, cls) for cls in classes):
                return typing.cast(type, chosen)
            raise BadRequest(f'{name}: type "{value.get("type", "")}" is not allowed here')
    if len(classes) == 1:
        return classes[0]
    return max(classes, key=lambda cls: len(_fields(cls)[1] & value.keys()))


def _check_fields(value: dict[str, Any], cls: type, name: str) -> dict[str, Any]:
    checks, marks, required = _fields(cls)
    for missing in required - value.keys():
        raise BadRequest(f'{name}: field "{missing}" of {cls.__name__} is missing')
    if len(marks & value.keys()) == 0 and marks:
        raise BadRequest(f"{name}: not a {cls.__name__}")
    checked = {}
    for key, entry in value.items():
        if key not in checks:
            raise BadRequest(f'{name}: {cls.__name__} has no field "{key}"')
        if entry is not None:
            checked[key] = checks[key](entry, f"{name}.{key}")
    return checked


@cache
def _fields(cls: type) -> tuple[dict[str, Check], frozenset[str], frozenset[str]]:
    """Return the checks of a class's fields, those that tell it apart, and those it must have."""
    initialiser: Any = cls.__init__  # type: ignore[misc]  # read for its signature only
    parameters = [p for p in inspect.signature(initialiser).parameters.values() if p.name not in _PYTHON_ONLY]
    hints = hints_of(initialiser)
    slots = {slot for base in cls.__mro__ for slot in getattr(base, "__slots__", ()) if slot[0] != "_"}
    fixed = slots - {p.name for p in parameters} - {"api_kwargs"}
    checks: dict[str, Check] = dict.fromkeys(fixed, _anything)
    checks |= {p.name: _lazy(hints.get(p.name, object)) for p in parameters}
    if cls is telegram.InlineKeyboardButton:
        # The annotation allows any object, for a cache of the library that lives on the bot's side.
        checks["callback_data"] = check_str
    required = frozenset(p.name for p in parameters if p.default is p.empty)
    return checks, required or frozenset(fixed), required


def _lazy(hint: Any) -> Check:
    built: list[Check] = []

    def check(value: Any, name: str) -> Any:
        if not built:
            built.append(check_for(hint))
        return built[0](value, name)

    return check
