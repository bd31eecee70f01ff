"""``carebot api`` and ``carebot webhook``: one clear line each, secrets shown once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from domain.errors import BadInput, NotFound


@pytest.fixture
def config(sqlite_url: str, tmp_path: Path) -> Path:
    """A configuration with a migrated database."""
    path = tmp_path / "carebot.toml"
    path.write_text(f'[telegram]\ntoken = "7001001:TEST-town"\n[storage]\nurl = "{sqlite_url}"\n', "utf-8")
    return path


class Shell:
    """Runs commands as an operator does."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self.runner = CliRunner()

    def __call__(self, *words: str) -> str:
        """Run a command; returns what it printed, raises what it raised."""
        done = self.runner.invoke(app, [*words, "--config", str(self._config)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout


@pytest.fixture
def shell(config: Path) -> Shell:
    """A shell in the shop's folder."""
    return Shell(config)


def test_a_key_is_shown_once_listed_and_revoked(shell: Shell) -> None:
    """The list holds nothing that opens anything."""
    key = shell("api", "key", "create", "--name", "till", "--scope", "points:read", "--scope", "points:write").strip()
    assert key.startswith("cb_")
    listed = shell("api", "key", "list")
    assert "valid" in listed
    assert "points:read points:write" in listed
    assert key.split("_", 2)[2] not in listed
    assert "opens nothing" in shell("api", "key", "revoke", "1")
    assert "revoked" in shell("api", "key", "list")
    with pytest.raises(NotFound, match="api key list"):
        shell("api", "key", "revoke", "1")


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("--name", "till"), "--scope"),
        (("--name", "till", "--scope", "points"), "points:read"),
        (("--name", " ", "--scope", "all"), "--name"),
        (("--name", "a\x1b[2J", "--scope", "all"), "--name"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_mend(shell: Shell, words: tuple[str, ...], mend: str) -> None:
    """One line that names the option."""
    with pytest.raises(BadInput, match=mend):
        shell("api", "key", "create", *words)
    assert "no API keys" in shell("api", "key", "list")


def test_webhooks_are_added_tested_replayed_and_removed(shell: Shell) -> None:
    """The secret is shown once; the list shows how deliveries stand."""
    secret = shell("webhook", "add", "https://93.184.216.34/hooks", "--kind", "points.changed").strip()
    assert secret.startswith("whsec_")
    assert "queued for 1" in shell("webhook", "test")
    listed = shell("webhook", "list")
    assert "https://93.184.216.34/hooks\tpoints.changed\t1 waiting, 0 given up\tanswers" in listed
    assert secret not in listed
    assert "0 deliveries queued" in shell("webhook", "replay", "--since", "2026-01-01")  # it asked for points alone
    assert "told nothing" in shell("webhook", "remove", "1")
    assert "no webhooks" in shell("webhook", "list")


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("add", "http://127.0.0.1:9/"), "--allow-private"),
        (("add", "https://shop.example/", "--kind", "points"), "points.changed"),
        (("replay",), "--event"),
        (("replay", "--event", "evt_1", "--since", "2026-01-01"), "--event"),
        (("replay", "--event", "nonsense"), "evt_12"),
        (("replay", "--since", "yesterday"), "--since"),
    ],
)
def test_webhook_commands_refuse_what_cannot_be(shell: Shell, words: tuple[str, ...], mend: str) -> None:
    """One line with the mend."""
    with pytest.raises(BadInput, match=mend):
        shell("webhook", *words)


def test_a_program_without_the_api_loads_no_web_framework() -> None:
    """Who serves no API pays neither memory nor start for it."""
    probe = "import bot.app, bot.webhook_sender, sys; sys.exit('fastapi' in sys.modules or 'uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_the_description_is_printed_without_a_configuration(tmp_path: Path) -> None:
    """For whoever writes a till's side of it: to a file or to standard output."""
    out = tmp_path / "openapi.json"
    runner = CliRunner()
    assert runner.invoke(app, ["api", "openapi", "--out", str(out)]).exit_code == 0
    assert json.loads(out.read_text("utf-8")) == json.loads(runner.invoke(app, ["api", "openapi"]).stdout)
    with pytest.raises(BadInput, match="--out"):
        raise (
            runner.invoke(app, ["api", "openapi", "--out", str(tmp_path / "none" / "x.json")]).exception
            or AssertionError
        )
