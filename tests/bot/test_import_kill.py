"""An import that is killed in its midst goes on where it stopped, as an operator sees it."""

import csv
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LINES = 6_000
TOKEN = "42:a-token-for-tests"


@pytest.fixture
def folder(tmp_path: Path, sqlite_url: str) -> Path:
    """A shop's folder with a configuration, and a file of which every thousandth line is bad."""
    (tmp_path / "carebot.toml").write_text(
        f'[telegram]\ntoken = "{TOKEN}"\n[storage]\nurl = "{sqlite_url}"\n', encoding="utf-8"
    )
    lines = [f"K{n},{'' if n % 1000 == 0 else f'Guest {n}'},138{n:08d}" for n in range(1, LINES + 1)]
    (tmp_path / "people.csv").write_text("id,name,phone\n" + "\n".join(lines), encoding="utf-8")
    return tmp_path


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start the import as a program of its own."""
    command = [sys.executable, "-m", "bot.cli", "import", "customers", "people.csv", "--config", "carebot.toml"]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path.cwd()), "PATH": ""},
    )


def asked(folder: Path) -> Callable[[str], int]:
    """Return what answers a question to the database with one number."""
    database = sqlite3.connect(f"file:{folder}/carebot.db?mode=ro", uri=True)

    def ask(query: str) -> int:
        found = database.execute(query).fetchone()
        return int(found[0]) if found and found[0] is not None else 0

    return ask


def test_an_import_killed_twice_ends_as_if_it_never_was(folder: Path) -> None:
    """Nothing is lost or doubled, and the report is that of the whole file."""
    ask = asked(folder)
    for nth in (1, 2):
        program = start(folder)
        deadline = time.monotonic() + 120
        while ask("SELECT lines_done FROM import_runs") < nth * LINES // 4:
            assert program.poll() is None, program.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        program.send_signal(signal.SIGKILL)
        program.communicate()
    done = ask("SELECT lines_done FROM import_runs")
    assert LINES // 2 <= done < LINES
    last = start(folder)
    out, err = last.communicate(timeout=120)
    bad = LINES // 1000
    assert out == f"new: {LINES - bad}, changed: 0, same: 0, bad lines: {bad}\n"
    assert err.splitlines()[0] == f"goes on behind line {done}, where it was stopped"
    assert err.splitlines()[1] == "line 1001, name: is empty; every line needs its name"
    assert last.returncode == 1
    assert ask("SELECT count(*) FROM customers") == LINES - bad
    assert ask("SELECT count(*) FROM audit WHERE action = 'customer.import'") == LINES - bad
    with (folder / "people.csv.errors.csv").open(encoding="utf-8-sig") as file:
        assert [row["line"] for row in csv.DictReader(file)] == [str(n * 1000 + 1) for n in range(1, bad + 1)]
