"""Reading the configuration: every problem becomes one line that names the key and the mend, never a secret."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pydantic_settings
from pydantic import BaseModel, ValidationError

from bot.settings import ENV_DELIMITER, ENV_PREFIX, Settings, checked_token
from bot.settings_base import KeyFault
from bot.settings_values import hint, nearest
from domain.errors import SettingsError

DEFAULT_FILE = Path("carebot.toml")

_KINDS = {
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "list": "must be a list, in square brackets",
    "path": "must be the path of a file or folder, in quotes",
    "model": "must be a section with keys",
    "dict": "must be a section with keys",
}


def load_settings(file: Path | None = None) -> Settings:
    """Read the configuration from ``file``, or from ``carebot.toml`` in the working folder.

    Without any file the environment must say everything. Raises :class:`SettingsError` with one line a problem.
    """
    if file is None and not DEFAULT_FILE.exists() and _environment_has_token():
        return read_settings({}, folder=Path.cwd(), source="environment")
    path = file or DEFAULT_FILE
    return read_settings(_read_toml(path), folder=path.absolute().parent, source=str(path))


def has_settings(file: Path | None) -> bool:
    """Return whether there is a configuration to read: named, in the working folder, or in the environment."""
    return file is not None or DEFAULT_FILE.exists() or _environment_has_token()


def read_settings(values: Mapping[str, Any], *, folder: Path, source: str = "configuration") -> Settings:
    """Check ``values`` (as a TOML file gives them) with the environment above; relative paths start at ``folder``.

    Raises :class:`SettingsError` with one line a problem.
    """
    problems = list(_unknown_in_environment())
    try:
        settings = Settings(**{"telegram": {}, **values})
    except ValidationError as error:
        problems = [*_lines(error), *problems]
    except pydantic_settings.SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0]
        problems.append(f"{name}: a variable {ENV_PREFIX}{name.upper()}… holds no valid JSON")
    else:
        problems += settings.loyalty.missing_pictures(folder)
        if not problems:
            return settings.in_folder(folder, _token_from_file(settings, folder, source))
    raise SettingsError("\n".join(f"{source}: {problem}" for problem in problems))


def _environment_has_token() -> bool:
    head = f"{ENV_PREFIX}TELEGRAM{ENV_DELIMITER}TOKEN"
    return any(name.upper() in (head, f"{head}_FILE") for name in os.environ)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        mend = "run `carebot init` to write one, or name yours with --config"
        raise SettingsError(f"{path}: there is no such file; {mend}") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {(error.strerror or 'error').lower()}") from None
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        why = str(error).replace("Cannot overwrite a value", "a key or section is given twice")
        raise SettingsError(f"{path}: not valid TOML: {_first_lower(why)}") from None


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _token_from_file(settings: Settings, folder: Path, source: str) -> str | None:
    """Return the token from ``telegram.token_file``, unless it is given directly."""
    if settings.telegram.token is not None or settings.telegram.token_file is None:
        return None
    path = folder / settings.telegram.token_file
    try:
        return checked_token(path.read_text("utf-8-sig"))
    except OSError as error:
        why = f"cannot read {path}: {(error.strerror or 'error').lower()}"
    except UnicodeDecodeError:
        why = f"{path} is not a text file; write the token in it, and nothing else"
    except ValueError as error:
        why = f"{path} holds something else: {error}"
    raise SettingsError(f"{source}: telegram.token_file: {why}")


def known_keys(model: type[BaseModel] = Settings) -> dict[str, type[BaseModel] | None]:
    """Return every key of the configuration as a dotted path; sections and lists of tables come with their model."""
    found: dict[str, type[BaseModel] | None] = {}
    for name, field in model.model_fields.items():
        key = "limits" if name == "pace" else name
        inner = _model_in(field.annotation)
        found[key] = inner
        if inner:
            found |= {f"{key}.{below}": kind for below, kind in known_keys(inner).items()}
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    candidates = (annotation, *get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _unknown_in_environment() -> Iterator[str]:
    """Yield variables of ours whose section does not exist: they would be silently without effect."""
    sections = [key for key in known_keys() if "." not in key]
    for name in sorted(os.environ):
        section, delimiter, key = name.upper().removeprefix(ENV_PREFIX).partition(ENV_DELIMITER)
        if name.upper().startswith(ENV_PREFIX) and delimiter and section.lower() not in sections:
            meant = nearest(section, sections)
            mend = f"; did you mean {ENV_PREFIX}{meant.upper()}{ENV_DELIMITER}{key}?" if meant else ""
            yield f"{name} (in the environment): there is no section {section.lower()}{mend}"


def _lines(error: ValidationError) -> list[str]:
    return [f"{_key(found)}: {_text(found)}" for found in error.errors(include_url=False)]


def _key(error: Any) -> str:
    """Return where a problem stands, such as ``staff.members #2.role`` (entries are counted from 1)."""
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, KeyFault) and raised.key.startswith("/"):
        return raised.key[1:]
    key = ""
    for part in (*error["loc"], *([raised.key] if isinstance(raised, KeyFault) else [])):
        nth = f"#{part + 1}" if isinstance(part, int) else part
        key += f" {nth}" if nth.startswith("#") else f".{nth}" if key else nth
    return key


def _text(error: Any) -> str:
    kind: str = error["type"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "missing"
    if kind in ("literal_error", "enum"):
        choices = [part.strip(" '") for part in context["expected"].replace(" or ", ", ").split(",")]
        asked = error["input"] if isinstance(error["input"], str) else ""
        return f"must be one of {', '.join(choices)}{hint(asked, choices)}"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    if kind == "string_too_long":
        return f"must not be longer than {context['max_length']} letters"
    if kind == "too_short":
        return "must not be empty"
    return next((text for head, text in _KINDS.items() if kind.startswith(head)), _first_lower(error["msg"]))


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    names = [str(part) for part in loc if not isinstance(part, int)]
    above, name = ".".join(names[:-1]), names[-1]
    keys = list(known_keys())
    siblings = [key.rpartition(".")[2] for key in keys if key.rpartition(".")[0] == above]
    if nearest(name, siblings):
        return f"unknown key{hint(name, siblings)}"
    elsewhere = next((key for key in keys if key.rpartition(".")[2] == name), None)
    if elsewhere:
        return f"unknown key; did you mean {elsewhere}?"
    return f"unknown key; {above or 'the file'} knows {', '.join(siblings)}"
