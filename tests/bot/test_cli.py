"""The command line as an operator uses it: real commands on a real file, one line for what is wrong."""

import asyncio
import csv
import io
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import main
from domain.interactions import Content, Kind
from domain.outgoing import Outgoing, Purpose, to_chat
from domain.rules import Rules
from services.customers import meet
from services.speech import record_heard
from services.work import Work
from storage import inbox, outbox
from storage.database import open_database
from storage.interactions import Origin
from texts import Texts

TOKEN = "42:a-token-for-tests"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Shop:
    """An installation in a folder of its own, and its command line."""

    def __init__(self, folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.url = database_url
        self.config = folder / "carebot.toml"
        self.config.write_text(
            f'[telegram]\ntoken = "{TOKEN}"\napi_base_url = "http://127.0.0.1:9"\n'
            f'[storage]\nurl = "{database_url}"\n'
            '[[business.branches]]\ncode = "main"\nname = "Main"\n',
            encoding="utf-8",
        )
        self._capsys = capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Run a command with this shop's configuration; returns exit status, output and errors."""
        return self.run_bare(*arguments, "--config", self.config)

    def run_bare(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Run a command as it stands."""
        before, sys.argv = sys.argv, ["carebot", *map(str, arguments)]
        try:
            main()
            status = 0
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        finally:
            sys.argv = before
        out, err = self._capsys.readouterr()
        return status, out, err

    def live(self) -> None:
        """Let Ann have spoken, one update be dead and one delivery be unknown."""
        asyncio.run(self._live())

    async def _live(self) -> None:
        database = open_database(self.url)
        async with database.write() as tx:
            work = Work(tx, NOW, 42, Rules(), Texts())
            ann = await meet(work, chat_id=1001, name="Ann", username=None, language_code="en")
            await record_heard(
                work,
                author=ann.actor,
                content=Content(Kind.TEXT, "我要退款\x1b[31m，谢谢"),
                origin=Origin(1001, 1, 7),
                customer_id=ann.customer.id,
            )
            await inbox.insert_updates(tx, bot_id=42, updates=[(7, 1001, '{"text": "hunter2"}')], now=NOW)
            await inbox.mark_failed(tx, inbox_id=1, error="ValueError in x", now=NOW, next_try_at=None)
            message = Outgoing(Purpose.BIRTHDAY, to_chat(1001), Content(Kind.TEXT, "happy birthday"))
            row_id = await outbox.add_outgoing(tx, message, bot_id=42, now=NOW)
            await tx.flush()
            outbox.mark_settled(tx, row_id=row_id, state="unknown", now=NOW, error="timeout")
        await database.close()


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine."""
    return Shop(tmp_path, database_url, capsys)


@pytest.fixture
def file_shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on SQLite."""
    return Shop(tmp_path, sqlite_url, capsys)


def test_an_export_is_csv_with_the_promised_columns(shop: Shop) -> None:
    """What others rely on is there, in both directions of time."""
    shop.live()
    status, out, err = shop.run("export", "interactions", "--format", "csv")
    assert (status, err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(out))
    wanted = {"direction": "in", "customer": "Ann", "chat_id": "1001", "kind": "text", "update_id": "7"}
    assert wanted.items() <= row.items()
    assert row["text"].startswith("我要退款")
    assert shop.run("export", "interactions", "--until", "2026-11-21")[1].count("\n") == 1


def test_an_export_into_a_file_may_be_made_for_excel(file_shop: Shop) -> None:
    """With the mark Excel wants, and nothing on standard output."""
    file_shop.live()
    target = file_shop.folder / "out.csv"
    assert file_shop.run("export", "interactions", "--out", target, "--bom") == (0, "", "")
    assert target.read_bytes().startswith(b"\xef\xbb\xbfat,direction")


def test_search_shows_the_words_and_cannot_steer_the_terminal(shop: Shop) -> None:
    """Found in their place, without escape sequences; nothing found is no error."""
    shop.live()
    status, out, _ = shop.run("search", "退款")
    assert status == 0
    assert "Ann" in out
    assert "退款" in out
    assert "\x1b" not in out
    assert shop.run("search", "天气") == (0, "nothing found for 天气\n", "")


@pytest.mark.parametrize("query", ["", "  ", "？！"])
def test_a_search_for_nothing_says_so(file_shop: Shop, query: str) -> None:
    """No word is a slip, not a search that found nothing."""
    status, out, err = file_shop.run("search", query)
    assert (status, out) == (2, "")
    assert err.startswith("carebot: there is no word in the search")


def test_a_simulator_on_a_taken_port_names_the_mend(file_shop: Shop) -> None:
    """One line, not the system's own words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, out, err = file_shop.run_bare("simulator", "--port", str(taken.getsockname()[1]))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "--port 0" in err


def test_a_dead_letter_is_listed_shown_without_words_and_replayed(shop: Shop) -> None:
    """The payload shows only when asked for; the second replay has nothing to do."""
    shop.live()
    assert "ValueError in x" in shop.run("dead", "list")[1]
    assert "hunter2" not in shop.run("dead", "show", "1")[1]
    assert "hunter2" in shop.run("dead", "show", "1", "--payload")[1]
    assert shop.run("dead", "replay", "1")[0] == 0
    status, _, err = shop.run("dead", "replay", "1")
    assert status == 2
    assert err.count("\n") == 1
    assert shop.run("dead", "list")[1] == "no dead letters\n"


def test_an_unknown_delivery_is_decided_by_a_person(shop: Shop) -> None:
    """Sent again, or taken for delivered; once."""
    shop.live()
    assert "timeout" in shop.run("unknown", "list")[1]
    assert shop.run("unknown", "assume-delivered", "--all") == (0, "1 taken for delivered\n", "")
    assert shop.run("unknown", "list")[1] == "no unknown deliveries\n"
    assert shop.run("unknown", "retry", "1")[0] == 2


def test_an_import_stores_good_lines_and_tells_bad_ones(shop: Shop) -> None:
    """Exit status 1, twenty lines and the count on the screen, everything in a file beside."""
    source = shop.folder / "customers.csv"
    source.write_text("id,name,branch\n1,Ann,main\n" + ",x,\n" * 10_000, encoding="utf-8-sig")
    status, out, err = shop.run("import", "customers", source)
    assert status == 1
    assert out == "new: 1, changed: 0, same: 0, bad lines: 10000\n"
    assert len(err.splitlines()) == 21
    assert err.splitlines()[0] == "line 3, id: is empty; every line needs its id"
    errors = (shop.folder / "customers.csv.errors.csv").read_text("utf-8-sig").splitlines()
    assert len(errors) == 10_001
    source.write_text("id,name,branch\n1,Ann,main\n", encoding="gb18030")
    assert shop.run("import", "customers", source, "--dry-run")[1].endswith("same: 1, bad lines: 0\n")
    assert not (shop.folder / "customers.csv.errors.csv").exists()


def test_an_import_of_something_else_is_one_line(file_shop: Shop) -> None:
    """A workbook, or no file at all."""
    source = file_shop.folder / "book.csv"
    for raw in (b"PK\x03\x04" + b"\x00" * 50, None):
        source.unlink(missing_ok=True)
        if raw:
            source.write_bytes(raw)
        status, out, err = file_shop.run("import", "customers", source)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "book.csv" in err


def test_migrate_says_from_where_to_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new file is made for nobody else to read; the second time there is nothing to do."""
    shop = Shop(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/new/x.db", capsys)
    assert shop.run("search", "x")[0] == 2
    assert shop.run("migrate")[1].startswith("schema none -> ")
    assert (tmp_path / "new" / "x.db").stat().st_mode & 0o777 == 0o600
    assert shop.run("migrate")[1].endswith("nothing to do\n")


@pytest.mark.parametrize("command", [["run"], ["check"], ["export", "cases"], ["search", "x"], ["dead", "list"]])
def test_a_wrong_configuration_is_lines_and_status_2(file_shop: Shop, command: list[str]) -> None:
    """Each problem one line on standard error, with the key, whatever the command."""
    file_shop.config.write_text('[telegram]\ntoken = "x"\n[log]\nlevl = 1\n', encoding="utf-8")
    status, out, err = file_shop.run(*command)
    assert (status, out) == (2, "")
    assert [line.split(": ")[2] for line in err.splitlines()] == ["telegram.token", "log.levl"]


def test_init_writes_a_configuration_that_can_be_read(tmp_path: Path, file_shop: Shop) -> None:
    """With comments, for nobody else to read, and never over an old one."""
    path = tmp_path / "new" / "carebot.toml"
    options = ["--yes", "--token", TOKEN, "--name", 'Ann\'s "shop"', "--zone", "Asia/Taipei", "--languages", "zh-TW,en"]
    options += ["--group", "-1001", "--member", "7:Sue:supervisor"]
    status, out, _ = file_shop.run_bare("init", "--config", path, *options)
    assert status == 0
    assert TOKEN not in out
    assert path.stat().st_mode & 0o777 == 0o600
    assert file_shop.run_bare("migrate", "--config", path)[0] == 0
    status, _, err = file_shop.run_bare("init", "--config", path, *options)
    assert status == 2
    assert "--force" in err
    assert file_shop.run_bare("init", "--config", path, *options, "--force")[0] == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--token", "x"], "telegram.token: not a bot token"),
        (["--token", TOKEN, "--zone", "Mars"], "business.time_zone"),
        (["--token", TOKEN, "--languages", "fr"], "--languages"),
        (["--token", TOKEN, "--group", "x"], "--group"),
        (["--token", TOKEN, "--member", "7:Sue:boss"], "staff.members #1.role"),
        ([], "--token: missing"),
    ],
)
def test_init_never_writes_what_cannot_be_used(file_shop: Shop, options: list[str], says: str) -> None:
    """One line, and no file."""
    path = file_shop.folder / "new.toml"
    status, _, err = file_shop.run_bare("init", "--yes", "--config", path, *options)
    assert (status, err.count("\n"), path.exists()) == (2, 1, False)
    assert says in err


def test_help_comes_at_once_and_names_every_command() -> None:
    """In a process of its own; the limit is generous, since the machine may be busy."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "bot.cli", "--help"], capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 5
    for command in ("init", "run", "demo", "check", "migrate", "import", "export", "search", "dead", "simulator"):
        assert command in done.stdout


def test_help_imports_nothing_heavy() -> None:
    """What makes a start slow is imported by the commands that need it."""
    script = "import sys, bot.cli; print(sorted({'sqlalchemy', 'telegram', 'aiohttp', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_reader_that_goes_away_is_no_traceback(file_shop: Shop) -> None:
    """``carebot export … | head -1`` ends quietly."""
    file_shop.live()
    command = [sys.executable, "-m", "bot.cli", "export", "interactions", "--config", str(file_shop.config)]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == ""
