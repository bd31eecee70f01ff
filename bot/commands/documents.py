"""Files that people write and the program keeps as documents: read as text, each fault with its mend."""

from pathlib import Path

from bot.commands.common import printable
from domain.errors import BadDocument


def read_text(path: Path, most_bytes: int, bad: type[BadDocument]) -> tuple[str, str]:
    """Return the name of a file as it can be shown, and its text; of a longer one than ``most_bytes``, too long a text.

    Raises ``bad`` with the fault and its mend for a file that is not there, cannot be read or is not UTF-8.
    """
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise bad([f"{name}: there is no such file; look at its name and folder"]) from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "not the path of a file").lower()
        raise bad([f"{name}: cannot be read: {why}; name a TOML file"]) from None
    if len(raw) > most_bytes:
        return name, " " * (most_bytes + 1)
    try:
        return name, raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise bad([f"{name}: line {line}, byte {column}: not UTF-8; save the file as UTF-8"]) from None


class Seen:
    """Which key each of several checked files has: no two may have the same."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def fault_of(self, name: str, key: str) -> str | None:
        """Remember a file's key; returns what is wrong when another file has it."""
        other = self._names.setdefault(key, name)
        return f"{name}: key: {key} is the key of {other} too; change one" if other != name else None
