"""Build ``.venv`` from the locked requirements; does nothing when it is already as wanted.

Usage: ``python3 requirements/install.py runtime|dev``
"""

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
# Present while packages are being written: an interrupted run leaves it, and the next one starts over.
UNFINISHED = VENV / ".unfinished"
# A dev environment holds all that a runtime environment does.
SERVES = {"runtime": ["runtime"], "dev": ["runtime", "dev"]}


def main(kind: str) -> int:
    """Bring ``.venv`` to the state of ``requirements/{kind}.txt`` and return the exit code."""
    with only_one():
        if stamp(kind).is_file() and stamp(kind).read_text() == wanted(kind):
            return 0
        try:
            if not usable():
                create()
            UNFINISHED.touch()
            install(kind)
            for served in SERVES[kind]:
                stamp(served).write_text(wanted(served))
            UNFINISHED.unlink()
        except subprocess.CalledProcessError:
            say(".venv could not be set up: see above")
            return 1
        except KeyboardInterrupt:
            say("interrupted; the next call starts over")
            return 130
    say("ready")
    return 0


@contextmanager
def only_one() -> Iterator[None]:
    """Let a second ``make`` in the same folder wait for the first."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stamp(kind: str) -> Path:
    """Return the file that remembers which ``kind`` of requirements is installed."""
    return VENV / f".{kind}-installed"


def wanted(kind: str) -> str:
    """Return a digest of all that decides what ``kind`` installs."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        pyproject = tomllib.load(file)
    parts = [
        (ROOT / "requirements" / f"{kind}.txt").read_text(),
        repr((pyproject["build-system"], pyproject["project"], pyproject["tool"]["setuptools"])),
        repr((sys.version_info[:2], str(ROOT))),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def usable() -> bool:
    """Tell whether ``.venv`` is whole, was made by this Python version, and has not been moved."""
    if UNFINISHED.exists() or not any(stamp(kind).is_file() for kind in SERVES):
        return False
    check = "import sys; print(*sys.version_info[:2], sys.prefix)"
    try:
        found = subprocess.check_output([VENV / "bin" / "python", "-c", check], text=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return found.strip() == f"{sys.version_info[0]} {sys.version_info[1]} {VENV}"


def create() -> None:
    """Make a new, empty ``.venv``."""
    if importlib.util.find_spec("ensurepip") is None:
        say("this Python cannot make virtual environments; on Debian or Ubuntu: apt install python3-venv")
        sys.exit(1)
    say(f"making .venv with Python {sys.version.split()[0]} ...")
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)


def install(kind: str) -> None:
    """Install the locked packages, then carebot itself from this folder."""
    lock = ROOT / "requirements" / f"{kind}.txt"
    count = sum("==" in line for line in lock.read_text().splitlines())
    say(f"installing {count} packages (a minute or two the first time) ...")
    pip("--require-hashes", "-r", str(lock))
    say("installing carebot from this folder ...")
    pip("--no-build-isolation", "--no-deps", "-e", str(ROOT))


def pip(*arguments: str) -> None:
    """Run ``pip install`` inside ``.venv``; it prints only what goes wrong."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*command, *arguments], check=True)


def say(line: str) -> None:
    """Print one line of progress at once."""
    print(f"carebot: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
