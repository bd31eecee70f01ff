"""``carebot demo``: the real program in its own process, against the simulator, played by the tour."""

import asyncio
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.settings_file import load_settings
from bot.tour import ANN, BEN, BRANCH, DESK_ID, SHOP, WEN, ZONE, Power, play, set_scene
from bot.tour_campaigns import play_campaigns
from bot.tour_desk import SUE, TOM, play_desk
from bot.tour_loyalty import Till, play_loyalty
from bot.tour_program import Program
from bot.tour_screen import Screen
from bot.tour_stage import NotSeen, Stage
from bot.tour_surveys import MIA, play_surveys
from domain.errors import BadInput
from simulator.client import LocalClient
from simulator.http import serve
from simulator.world import World
from storage.counts import count_by_state, count_kept
from storage.opening import opened
from texts import Texts

FOLDER = Path("demo")
_MARK = ".made-by-carebot-demo"
_CONFIG, _DATABASE, _LOG = "carebot.toml", "carebot.db", "carebot.log"
_OURS = (_CONFIG, _LOG, _DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", f"{_DATABASE}.lock", "media")
_TOKEN = "424242:only-the-simulator-knows-this-one"
_OPENING_HOUR = 10
_CONFIG_TEXT = """\
# Made by `carebot demo`, for looking at what it stored: carebot search, export, check, dead.
# The Telegram it talked to has ended with the demo, so there is nothing to `run` it against.

[telegram]
token = "{token}"
api_base_url = "http://127.0.0.1:{port}"

[[staff.groups]]
id = {desk}
name = "Care desk"

[[staff.members]]
id = {ben}
name = "Ben"
role = "agent"

[[staff.members]]
id = {sue}
name = "Sue"
role = "supervisor"

[[staff.members]]
id = {mia}
name = "Mia"
role = "marketer"

[api]
# The till talks to it.
enabled = true
listen_port = {api_port}

[storage]
url = "sqlite+aiosqlite:///{database}"

[business]
name = "{shop}"
time_zone = "{zone}"

[[business.branches]]
code = "{branch}"
name = "The shop window"

[loyalty]
currency = "GBP"

[[loyalty.tiers]]
key = "new"
threshold = 0

[[loyalty.tiers]]
key = "silver"
threshold = 200
percent = 120

[[loyalty.tiers]]
key = "gold"
threshold = 1000
percent = 150

[[loyalty.rewards]]
key = "tea"
price_points = 150
names = {{ en = "Tea and cake for two", zh_CN = "双人下午茶", zh_TW = "雙人下午茶" }}
terms = {{ en = "Any day after two.", zh_CN = "每天下午两点以后可用。", zh_TW = "每天下午兩點後可用。" }}
stock = 12

[limits]
# The simulated Telegram does not mind, and nobody wants to wait for a demo.
private_chat_gap_s = 0
group_per_minute = 0

[log]
format = "json"

[demo]
clock_url = "http://127.0.0.1:{port}/_sim/clock"
"""


def run_demo(tour: bool, *, console: Console | None = None, folder: Path = FOLDER) -> int:
    """Play the tour, quickly for ``tour`` and else at reading pace; returns the exit status.

    0 when every step was seen, 1 when one was not, 130 when stopped by Ctrl-C. Raises :class:`BadInput` when the
    folder holds something that no demo made.
    """
    screen = Screen(console or Console(highlight=False), reading=not tour)
    with _prepared(folder):
        try:
            return asyncio.run(_demo(screen, folder))
        except KeyboardInterrupt:
            screen.show(Text(f"\nStopped. What was stored so far is in {folder}/."))
            return 128 + signal.SIGINT
        except asyncio.CancelledError:
            return 128 + signal.SIGTERM


@contextmanager
def _prepared(folder: Path) -> Iterator[None]:
    """Empty the folder of what a former demo made, and hold it for this one alone."""
    mark = folder / _MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: holds something that no demo made; move it, or run the demo in another folder")
    folder.mkdir(exist_ok=True)
    with mark.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{folder}: another demo is playing here; wait for its end") from None
        for name in _OURS:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        yield


async def _demo(screen: Screen, folder: Path) -> int:
    began = time.monotonic()
    playing = asyncio.current_task()
    assert playing is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    screen.show(_opening())
    world = World.starting(_opening_time())
    async with serve(world) as port:
        api_port = _free_port()
        config = _write_config(folder, port, api_port)
        program = Program(config, folder / _LOG, polls=lambda: world.call_counts.get("getUpdates", 0))
        stage = Stage(
            LocalClient(world),
            screen,
            shop=SHOP,
            desk_id=DESK_ID,
            people=(ANN, WEN, TOM, BEN, SUE, MIA),
            zone=ZONE,
            alive=program.is_alive,
        )
        try:
            await _play(stage, program, folder, f"http://127.0.0.1:{api_port}")
        except NotSeen as missing:
            screen.failure(missing.claim, missing.why, _last_lines(folder / _LOG))
            return 1
        finally:
            await program.kill()
    await _sum_up(screen, config)
    seen = f"{screen.claims} claims, each seen to be so, in {time.monotonic() - began:.0f} s."
    screen.show()
    screen.show(Text.assemble(("✓ ", "bold green"), (seen, "bold")))
    return 0


async def _play(stage: Stage, program: Program, folder: Path, api_url: str) -> None:
    await set_scene(stage, _TOKEN)
    await program.start()
    texts = Texts()
    making = asyncio.create_task(program.make_api_key("the till"))  # while the first chapters are played
    try:
        await play(stage, Power(program.kill, program.start), texts)
        till = Till(api_url, await making)
    finally:
        making.cancel()
    await play_loyalty(stage, till, texts, ann=ANN, ben=BEN, currency="GBP")
    await play_desk(stage, texts, ben=BEN, branch=BRANCH, zone=ZONE)
    await play_surveys(stage, ann=ANN)

    async def restart() -> None:
        await program.kill()
        await program.start()

    await play_campaigns(stage, restart, till, wen=WEN)
    await program.stop()
    if errors := _errors(folder / _LOG):
        raise NotSeen("carebot's log holds no error", f"It holds {len(errors)}.")


def _free_port() -> int:
    """Return a loopback port on which nothing listens right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _opening_time() -> datetime:
    """Return ten in the morning of today where the shop is."""
    return datetime.now(ZONE).replace(hour=_OPENING_HOUR, minute=0, second=0, microsecond=0).astimezone(UTC)


def _write_config(folder: Path, port: int, api_port: int) -> Path:
    config = folder / _CONFIG
    values = {
        "token": _TOKEN,
        "port": port,
        "desk": DESK_ID,
        "ben": BEN.id,
        "sue": SUE.id,
        "mia": MIA.id,
        "database": _DATABASE,
        "api_port": api_port,
    }
    config.write_text(_CONFIG_TEXT.format(**values, shop=SHOP, zone=ZONE.key, branch=BRANCH), "utf-8")
    return config


def _log_lines(log: Path) -> list[str]:
    return log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []


def _errors(log: Path) -> list[str]:
    """Return the log's lines that tell of an error, a traceback among them."""
    found = []
    for line in _log_lines(log):
        try:
            level = json.loads(line).get("level")
        except (ValueError, AttributeError):
            level = "error"
        if level in ("error", "critical"):
            found.append(line)
    return found


def _last_lines(log: Path, count: int = 10) -> list[str]:
    """Return what the log says last, in one line an event, without repeats and tracebacks but for their end."""
    found: dict[str, None] = {}
    for line in _log_lines(log):
        try:
            event = json.loads(line)
            why = str(event.pop("exception", "")).strip().splitlines()[-1:]
            told = {name: value for name, value in event.items() if name not in ("event", "level", "timestamp")}
            words = " ".join(f"{name}={value}" for name, value in told.items())
            line = " ".join(part for part in (event["level"], event["event"], words, *why) if part)
        except (ValueError, AttributeError, KeyError):
            pass
        found.pop(line, None)
        found[line] = None
    return list(found)[-count:]


def _opening() -> Text:
    return Text.assemble(
        ("carebot", "bold"),
        " at work in a simulated Telegram: no token, no network.\n",
        ("Left: customers' private chats. Right: the staff group. ", "dim"),
        ("✓", "bold green"),
        (" was seen to be so.", "dim"),
    )


async def _sum_up(screen: Screen, config: Path) -> None:
    async with opened(load_settings(config).storage.url) as database, database.read() as tx:
        kept, states = await count_kept(tx), await count_by_state(tx)
    edits, notes = kept["versions"], kept["notes"]
    rows = [
        ("updates", _told(states["inbox"])),
        ("interactions", f"{kept['interactions']}, {edits} of them an edit, {notes} a note that only staff read"),
        ("cases", _told(states["cases"])),
        ("feedback", str(kept["feedback"])),
        ("files", _told(states["media"])),
        ("purchases", str(kept["purchases"])),
        ("points", f"{kept['entries']} ledger entries, {kept['points']} points left"),
        ("vouchers", _told(states["vouchers"])),
        ("unasked messages", _told(states["deliveries"])),
        ("outbox", _told(states["outbox"])),
        ("audit", f"{kept['audit']} changes, each with its author"),
    ]
    screen.show()
    screen.table("What was stored", rows)
    screen.show()
    screen.show(Text.assemble(("Where to look", "bold"), (f"  (all of it is in {config.parent}/)", "dim")))
    for line in _commands(config):
        screen.show(Text(line, style="cyan"), indent=3)


def _told(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items()) or "none"


def _commands(config: Path) -> list[str]:
    """Return commands that look into what the demo stored, as they can be typed right here."""
    typed = os.path.relpath(sys.argv[0])
    name = shlex.quote(sys.argv[0] if typed.startswith("..") else typed) if typed.endswith("/carebot") else "carebot"
    named = f"--config {shlex.quote(str(config))}"
    return [
        f"{name} search coat {named}",
        f"{name} search 衣服 {named}",
        f"{name} export interactions {named}",
        f"{name} export cases {named}",
        f"{name} points verify {named}",
        f"{name} customers find Ann {named}",
        f"{name} dead list {named}",
    ]
