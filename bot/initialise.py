"""``carebot init``: asks what must be known and writes a configuration with comments."""

import json
import os
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm, Prompt

from bot.settings import ENV_DELIMITER, ENV_PREFIX
from bot.settings_file import DEFAULT_FILE, read_settings
from bot.settings_values import is_token, parse_language, parse_zone
from domain.errors import BadInput
from domain.languages import LANGUAGES

_TOKEN_VARIABLE = f"{ENV_PREFIX}TELEGRAM{ENV_DELIMITER}TOKEN"


@dataclass(slots=True)
class Answers:
    """What the configuration is written from; ``None`` is not answered yet."""

    token: str | None = None
    name: str | None = None
    zone: str | None = None
    languages: str | None = None
    group: str | None = None
    member: str | None = None


def initialise(file: Path | None, answers: Answers, *, yes: bool, force: bool) -> Path:
    """Write a configuration from ``answers``, asking for what is missing unless ``yes``; returns its path.

    Raises :class:`BadInput` or :class:`SettingsError` with one clear line.
    """
    path = file or DEFAULT_FILE
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already and is left as it is; give --force to replace it")
    answers.token = answers.token or os.environ.get(_TOKEN_VARIABLE)
    if not yes:
        if not sys.stdin.isatty():
            raise BadInput("init asks questions; where nobody can answer give --yes with --token, --name, --zone …")
        _ask(answers)
    if not answers.token:
        raise BadInput(f"--token: missing; @BotFather gives one (or set {_TOKEN_VARIABLE})")
    text = _render(answers)
    _check(text, path)
    _write(path, text)
    return path


def _ask(answers: Answers) -> None:
    console = Console(stderr=True)
    console.print("A few questions; Enter takes what stands in brackets.\n")
    while not answers.token or not is_token(answers.token.strip()):
        answers.token = Prompt.ask("Bot token, from @BotFather", console=console, password=True)
    answers.name = answers.name or Prompt.ask("Name of the business", console=console, default="Our shop")
    answers.zone = answers.zone or _ask_until(console, "Time zone", system_zone(), parse_zone)
    answers.languages = answers.languages or _ask_until(
        console, "Languages, the main one first", ",".join(LANGUAGES), _parse_languages
    )
    if answers.group is None and Confirm.ask("Is there a staff group yet?", console=console, default=False):
        answers.group = Prompt.ask("Its id (negative; the bot tells it when added)", console=console)
    if answers.member is None and Confirm.ask("Add a first member of staff?", console=console, default=False):
        user_id = Prompt.ask("Telegram user id (positive)", console=console)
        answers.member = f"{user_id}:{Prompt.ask('Name', console=console)}"


def _ask_until(console: Console, question: str, default: str, parse: object) -> str:
    while True:
        answer = Prompt.ask(question, console=console, default=default)
        try:
            parse(answer)  # type: ignore[operator]  # any of the parsers of bot.settings_values
        except ValueError as error:
            console.print(str(error), markup=False)
        else:
            return answer


def _parse_languages(text: str) -> list[str]:
    return [parse_language(part) for part in text.split(",")]


def system_zone() -> str:
    """Return the IANA zone this machine is set to, ``UTC`` when it does not say."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    with suppress(OSError):
        candidates.append(Path("/etc/timezone").read_text("utf-8").strip())
    candidates.append(str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2])
    for name in candidates:
        try:
            return parse_zone(name).key if name else "UTC"
        except ValueError:
            continue
    return "UTC"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _render(answers: Answers) -> str:
    try:
        languages = ", ".join(map(_quoted, _parse_languages(answers.languages or ",".join(LANGUAGES))))
    except ValueError as error:
        raise BadInput(f"--languages: {error}") from None
    return f"""\
# The configuration of carebot. All keys, with their units and defaults, stand in config.example.toml.

[telegram]
# The bot's token. Keep it secret: whoever has it is the bot.
token = {_quoted((answers.token or "").strip())}

[business]
# The name customers read.
name = {_quoted(answers.name or "Our shop")}
# The IANA time zone of the business.
time_zone = {_quoted(answers.zone or system_zone())}
# The languages offered, the main one first.
languages = [{languages}]

[storage]
# Where everything is kept; relative to this file.
url = "sqlite+aiosqlite:///carebot.db"
media_folder = "media"
{_group(answers.group)}{_member(answers.member)}"""


def _group(answer: str | None) -> str:
    if not answer:
        return """
# The Telegram group in which staff work, best a forum with the bot as an admin; add the bot, and it tells the id.
#[[staff.groups]]
#id = -1001234567890
#name = "Care desk"
"""
    return f"""
# The Telegram group in which staff work.
[[staff.groups]]
id = {_number(answer, "--group", "-1001234567890")}
name = "Care desk"
"""


def _member(answer: str | None) -> str:
    if not answer:
        return """
# Who may act in the staff group: viewer, agent, supervisor, marketer or admin.
#[[staff.members]]
#id = 123456789
#name = "Sue"
#role = "admin"
"""
    user_id, _, rest = answer.partition(":")
    name, _, role = rest.partition(":")
    return f"""
# Who may act in the staff group: viewer, agent, supervisor, marketer or admin.
[[staff.members]]
id = {_number(user_id, "--member", "123456789:Sue:admin")}
name = {_quoted(name or "Staff")}
role = {_quoted(role or "admin")}
"""


def _number(text: str, option: str, example: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise BadInput(f"{option}: write it like {example}") from None


def _check(text: str, path: Path) -> None:
    """Read what is about to be written, so that no unusable file ever is."""
    read_settings(tomllib.loads(text), folder=path.absolute().parent, source=str(path))


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as target:
            target.write(text)
        fresh.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {(error.strerror or 'error').lower()}") from None
