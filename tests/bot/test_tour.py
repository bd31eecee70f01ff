"""The tour: what a newcomer sees on the first day, and that it cannot pretend."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from telegram import Bot
from typer.testing import CliRunner

from bot.cli import app
from bot.demo import run_demo
from bot.tour_screen import Screen, styled, wrapped
from bot.tour_stage import NotSeen, Persona, Stage
from domain.errors import BadInput
from simulator import SimulatorRequest, World
from simulator.client import LocalClient

CAREBOT = (sys.executable, "-c", "from bot.cli import main; main()")
DESK_ID = -1_002_000_000_001
TOKEN = "7000:stage"
ANN = Persona(1001, "Ann", "magenta")


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREBOT_")}
    return {**ours, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "COLUMNS": "80"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """A tour played once, as `make demo ARGS=--tour` does: its folder, and what came of it.

    How long it takes is measured beside starts of the program, by ``python -m benchmarks --part tour``.
    """
    folder = tmp_path_factory.mktemp("tour")
    command = [*CAREBOT, "demo", "--tour"]
    done = subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=110, check=False
    )
    return folder, done


Played = tuple[Path, "subprocess.CompletedProcess[str]"]


def test_every_step_is_seen(played: Played) -> None:
    """The tour ends with 0, and has seen a good number of things on its way."""
    _, done = played
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.count("✓") > 30
    assert "✗" not in done.stdout


def test_tour_is_plain_text_when_nobody_sits_at_a_terminal(played: Played) -> None:
    """Into a file it writes no escape codes, no trailing space, and nothing broader than 80 columns but commands."""
    _, done = played
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if cell_len(line) > 80 and "--config" not in line] == []


def test_customers_and_staff_have_a_side_each(played: Played) -> None:
    """What customers see begins at the left, what staff see is set off to the right."""
    _, done = played
    lines = done.stdout.splitlines()
    private = [line for line in lines if line.startswith(" Willow Lane → Ann")]
    staff = [line for line in lines if line.strip().startswith("carebot → topic C-1001")]
    assert private
    assert staff
    assert all(len(line) - len(line.lstrip()) > 20 for line in staff)


def test_birthday_is_told_once_although_the_program_was_killed(played: Played) -> None:
    """The greeting stands once in what was shown, before the kill."""
    _, done = played
    assert done.stdout.count("Happy birthday, Ann") == 1
    assert done.stdout.index("Happy birthday, Ann") < done.stdout.index("SIGKILL")


def test_commands_it_ends_with_work(played: Played) -> None:
    """Everything under "Where to look" can be typed right there, and finds something."""
    folder, done = played
    commands = re.findall(r"^ +carebot (.+--config.+)$", done.stdout, re.MULTILINE)
    assert len(commands) >= 4
    ran = [_start(command, folder) for command in commands]
    for command, process in zip(commands, ran, strict=True):
        found, errors = process.communicate(timeout=60)
        assert process.returncode == 0, command + errors
        assert found.strip(), command


def test_examples_of_the_commands_page_work(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example that looks into the demo's database does what it says; only ``check`` finds something to mend."""
    folder, _ = played
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "commands.md").read_text("utf-8")
    shutil.copytree(root / "examples", folder / "examples", dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    for line in re.findall(r"^carebot (.+--config demo/carebot\.toml)$", page, re.MULTILINE):
        done = CliRunner().invoke(app, shlex.split(line))
        assert done.exit_code == (2 if line.startswith("check") else 0), line + done.output


def _start(command: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*CAREBOT, *shlex.split(command)],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_tour_leaves_what_it_stored(played: Played) -> None:
    """The database, the photos, the configuration and the log stay for looking at."""
    folder, done = played
    demo = folder / "demo"
    assert {"carebot.db", "carebot.toml", "carebot.log", "media"} <= {path.name for path in demo.iterdir()}
    assert "2 closed" in done.stdout
    assert "3 stored" in done.stdout


def test_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder called demo that no demo made is not touched, and the line says what to do."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "carebot.db").write_text("mine")
    with pytest.raises(BadInput, match="no demo made"):
        run_demo(True, folder=folder)
    assert (folder / "carebot.db").read_text() == "mine"


def test_fresh_run_replaces_only_what_a_demo_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that somebody left in the demo's folder is still there after the next run."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / ".made-by-carebot-demo").touch()
    (folder / "carebot.db").write_text("old")
    (folder / "notes.txt").write_text("remember")

    async def nothing(_screen: Screen, _folder: Path) -> int:
        return 0

    monkeypatch.setattr("bot.demo._demo", nothing)
    assert run_demo(True, folder=folder) == 0
    assert not (folder / "carebot.db").exists()
    assert (folder / "notes.txt").read_text() == "remember"


def test_stopping_the_tour_leaves_no_program_behind(tmp_path: Path) -> None:
    """Ctrl-C in the middle ends the demo with one line, and the program it had started with it."""
    command = [*CAREBOT, "demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        shown = next(line for line in demo.stdout if "welcomed" in line)
        demo.send_signal(signal.SIGINT)
        rest, errors = demo.communicate(timeout=20)
    assert shown
    assert demo.returncode == 130
    assert "Stopped" in rest
    assert "Traceback" not in errors
    assert list(_running_on(tmp_path)) == []


def _running_on(folder: Path) -> Iterator[int]:
    """Yield the processes that have the demo's folder in their command line."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            where = (entry / "cwd").readlink()
        except OSError:
            continue
        if b"run" in command and where == folder:
            yield int(entry.name)


@pytest.fixture
def world() -> World:
    """A small world: Ann, a bot, a desk."""
    made = World.starting(datetime(2026, 3, 2, 10, tzinfo=UTC))
    made.add_bot(TOKEN)
    made.add_person("Ann", person_id=ANN.id)
    made.add_group("Care desk", forum=True, chat_id=DESK_ID)
    return made


def _stage(world: World, written: StringIO, *, alive: bool = True) -> Stage:
    screen = Screen(Console(file=written, width=80))
    return Stage(
        LocalClient(world),
        screen,
        shop="Willow Lane",
        desk_id=DESK_ID,
        people=[ANN],
        zone=ZoneInfo("UTC"),
        alive=lambda: alive,
    )


async def test_what_does_not_show_is_not_claimed(world: World) -> None:
    """A step that nobody answers fails by its name, and no check mark is printed for it."""
    written = StringIO()
    stage = _stage(world, written)
    await stage.enter(ANN, "s-window")
    with pytest.raises(NotSeen, match="she is welcomed"):
        await stage.until("she is welcomed", lambda: stage.messages(ANN.id, "Welcome"), patience_s=0.2)
    assert "✓" not in written.getvalue()


async def test_program_that_ended_is_noticed_at_once(world: World) -> None:
    """Nobody waits for the words of a program that is gone."""
    stage = _stage(world, StringIO(), alive=False)
    await stage.enter(ANN, "s-window")
    with pytest.raises(NotSeen) as caught:
        await stage.sees(ANN.id, "she is welcomed", "Welcome")
    assert caught.value.why == "The program ended."


async def test_old_words_are_no_answer_to_a_new_deed(world: World) -> None:
    """Something that stood there before counts for nothing: only what is new or changed since is seen."""
    stage = _stage(world, StringIO())
    await stage.enter(ANN, "s-window")
    async with Bot(TOKEN, request=SimulatorRequest(world), get_updates_request=SimulatorRequest(world)) as bot:
        await bot.send_message(ANN.id, "Welcome")
        await stage.sees(ANN.id, "she is welcomed", "Welcome", patience_s=0.2)
        await stage.say(ANN, "Hello?")
        with pytest.raises(NotSeen):
            await stage.sees(ANN.id, "she is answered", "Welcome", patience_s=0.2)


def test_failure_ends_with_1_and_names_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a step is not seen, the status is 1 and the last lines say which, and what the program said."""

    async def fails(*_arguments: object) -> None:
        raise NotSeen("she is welcomed", "Nothing like it within 15 s.")

    monkeypatch.setattr("bot.demo._play", fails)
    written = StringIO()
    assert run_demo(True, console=Console(file=written, width=80), folder=tmp_path / "demo") == 1
    assert "✗ not seen: she is welcomed" in written.getvalue()


@pytest.mark.parametrize("width", [20, 31, 80])
def test_lines_keep_to_their_width(width: int) -> None:
    """English breaks between words, Chinese between letters, and a closing sign never begins a line."""
    words = "欢迎来到 Willow Lane！有什么想说的，直接发给我就行，或者点下面的按钮。Anything, averyveryverylongword."
    lines = wrapped(Text(words), width)
    assert all(line.cell_len <= width + 2 for line in lines)  # a closing sign may hang
    assert "".join(line.plain for line in lines) == words
    assert not any(line.plain.startswith(("，", "。", "！")) for line in lines)


def test_marks_of_telegram_stand_where_they_were_meant() -> None:
    """Offsets count UTF-16 units, so a bold word behind an emoji is still that word."""
    shown = styled("👋 Hello Ann", [{"type": "bold", "offset": 3, "length": 5}])
    assert [shown.plain[span.start : span.end] for span in shown.spans] == ["Hello"]
