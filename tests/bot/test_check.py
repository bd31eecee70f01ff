"""``carebot check`` finds what would keep the bot from serving, and says how to mend it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.check import Finding, Level, check
from bot.settings_file import read_settings
from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys import SurveyState
from services import segments
from services.surveys.book import add_survey
from services.surveys.document import read_toml
from services.work import Work
from simulator import World
from simulator.http import serve
from storage.database import open_database
from tests.services.papers import CSAT, HEAD
from texts import Texts

TOKEN = "123456:TEST-token"
GROUP = -1001234


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world with our bot in a forum, as an admin."""
    world = World()
    world.add_bot(TOKEN)
    world.add_group("Care", forum=True, chat_id=GROUP)
    world.join_group(GROUP, TOKEN, "administrator")
    yield world
    world.close()


@pytest.fixture
async def server(world: World) -> AsyncIterator[str]:
    """The address at which the world is served."""
    async with serve(world) as port:
        yield f"http://127.0.0.1:{port}"


async def look(server: str, database_url: str, folder: Path, **more: Any) -> list[Finding]:
    """Return the findings for a shop with one group and one member, changed by ``more``."""
    values: dict[str, Any] = {
        "telegram": {"token": TOKEN, "api_base_url": server},
        "storage": {"url": database_url},
        "staff": {
            "groups": [{"id": GROUP, "name": "Care"}],
            "members": [{"id": 7, "name": "Sue", "role": "admin"}],
        },
    }
    for section, keys in more.items():
        values[section] = {**values.get(section, {}), **keys}
    return [finding async for finding in check(read_settings(values, folder=folder))]


def about(findings: list[Finding], key: str) -> Finding:
    """Return the one finding about ``key``."""
    (found,) = [finding for finding in findings if finding.text.startswith(key)]
    return found


def narrow(url: str) -> None:
    """Let nobody else read a SQLite file."""
    if url.startswith("sqlite"):
        os.chmod(url.partition("///")[2], 0o600)


async def test_a_shop_in_order_has_nothing_to_mend(server: str, database_url: str, tmp_path: Path) -> None:
    """Every line is ok."""
    narrow(database_url)
    findings = await look(server, database_url, tmp_path)
    assert [finding for finding in findings if finding.level is not Level.OK] == []
    assert about(findings, "staff.groups").text.endswith("a forum, and the bot may manage topics")


async def test_a_file_others_may_read_is_told(server: str, sqlite_url: str, tmp_path: Path) -> None:
    """With the command that mends it."""
    os.chmod(sqlite_url.partition("///")[2], 0o644)
    findings = await look(server, sqlite_url, tmp_path)
    assert any("chmod 600" in finding.text for finding in findings if finding.level is Level.WARNING)


async def test_without_group_and_members_it_still_serves(server: str, sqlite_url: str, tmp_path: Path) -> None:
    """Two warnings that say so, and no problem."""
    narrow(sqlite_url)
    findings = await look(server, sqlite_url, tmp_path, staff={"groups": [], "members": []})
    assert {finding.level for finding in findings} == {Level.OK, Level.WARNING}
    for key in ("staff.groups", "staff.members"):
        assert "customers are served" in about(findings, key).text


async def test_a_token_telegram_does_not_know_is_a_problem(server: str, sqlite_url: str, tmp_path: Path) -> None:
    """The key is named, the token is not."""
    findings = await look(server, sqlite_url, tmp_path, telegram={"token": "123456:another-token"})
    assert about(findings, "telegram.token").level is Level.PROBLEM
    assert "another-token" not in str(findings)


async def test_a_server_that_is_away_is_a_problem(unused_port: int, sqlite_url: str, tmp_path: Path) -> None:
    """The key and the host are named."""
    findings = await look(f"http://127.0.0.1:{unused_port}", sqlite_url, tmp_path)
    assert about(findings, "telegram.api_base_url").level is Level.PROBLEM
    assert TOKEN not in str(findings)


GROUPS = {
    "not a forum": (Level.PROBLEM, "not a forum; switch on topics in its settings"),
    "no right": (Level.PROBLEM, "lacks the right “Manage topics”"),
    "no admin": (Level.PROBLEM, "hears only commands there; make it an admin"),
    "gone": (Level.WARNING, "until then"),
}


@pytest.mark.parametrize("fault", GROUPS)
async def test_what_is_wrong_with_a_group_is_told(
    world: World, server: str, sqlite_url: str, tmp_path: Path, fault: str
) -> None:
    """Each with its mend; an unreachable group is a warning, since customers are served all the same."""
    match fault:
        case "not a forum":
            world.set_forum(GROUP, False)
        case "no right":
            world.set_bot_rights(GROUP, TOKEN, can_manage_topics=False)
        case "no admin":
            world.demote(GROUP, TOKEN)
        case "gone":
            world.leave_group(GROUP, TOKEN)
    finding = about(await look(server, sqlite_url, tmp_path), "staff.groups")
    level, words = GROUPS[fault]
    assert finding.level is level
    assert words in finding.text


async def test_a_group_that_never_was_is_a_warning(server: str, sqlite_url: str, tmp_path: Path) -> None:
    """A mistyped id leaves the customers served."""
    groups = [{"id": -999, "name": "Typo"}]
    finding = about(await look(server, sqlite_url, tmp_path, staff={"groups": groups}), "staff.groups")
    assert finding.level is Level.WARNING
    assert "cannot be reached" in finding.text


async def test_a_database_that_cannot_be_reached_is_a_problem(server: str, unused_port: int, tmp_path: Path) -> None:
    """Without its password."""
    url = f"postgresql+asyncpg://root:hunter2@127.0.0.1:{unused_port}/x"
    findings = await look(server, url, tmp_path)
    assert about(findings, "storage.url").level is Level.PROBLEM
    assert "hunter2" not in str(findings)


async def test_a_database_that_does_not_exist_yet_is_not_made(server: str, tmp_path: Path) -> None:
    """Looking leaves no traces."""
    findings = await look(server, f"sqlite+aiosqlite:///{tmp_path}/new/x.db", tmp_path)
    assert "does not exist yet" in about(findings, "storage.url").text
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_a_problem(server: str, sqlite_url: str, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "media").write_text("")
    finding = about(await look(server, sqlite_url, tmp_path), "storage.media_folder")
    assert finding.level is Level.PROBLEM


async def test_a_foreign_webhook_in_the_way_of_polling_is_told(
    world: World, server: str, sqlite_url: str, tmp_path: Path, unused_port: int
) -> None:
    """Its host is named, and what the program will do."""
    async with aiohttp.ClientSession() as session:
        params = {"url": f"http://127.0.0.1:{unused_port}/hook"}
        async with session.post(f"{server}/bot{TOKEN}/setWebhook", data=params) as answer:
            assert (await answer.json())["ok"], await answer.text()
    finding = about(await look(server, sqlite_url, tmp_path), "telegram.mode")
    assert finding.level is Level.WARNING
    assert f"127.0.0.1:{unused_port}" in finding.text


async def test_a_password_in_the_server_s_address_is_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    """What is printed may be copied into a question to others."""
    findings = await look("http://ann:secret@127.0.0.1:9", sqlite_url, tmp_path)
    assert "127.0.0.1:9 cannot be reached" in about(findings, "telegram.api_base_url").text
    assert not any("secret" in finding.text for finding in findings)


async def test_the_port_of_the_api_is_free_or_taken(
    server: str, sqlite_url: str, tmp_path: Path, unused_port: int
) -> None:
    """A port that somebody holds is named with the mend; without the API nobody asks."""
    api = {"enabled": True, "listen_port": unused_port}
    assert about(await look(server, sqlite_url, tmp_path, api=api), "api.").level is Level.OK
    with socket.create_server(("127.0.0.1", unused_port)):
        taken = about(await look(server, sqlite_url, tmp_path, api=api), "api.")
    assert taken.level is Level.WARNING
    assert str(unused_port) in taken.text
    assert "name another" in taken.text
    assert not [found for found in await look(server, sqlite_url, tmp_path) if found.text.startswith("api.")]


async def test_a_survey_that_fits_the_settings_no_more_is_told(server: str, database_url: str, tmp_path: Path) -> None:
    """One that is on: which language is missing, why its segment means nobody; of one that is off nothing is said."""
    narrow(database_url)
    database = open_database(database_url)
    async with database.write() as tx:
        work = Work(tx, datetime(2026, 11, 22, tzinfo=UTC), 123456, Rules(languages=("en",)), Texts())
        await segments.save(work, name="regulars", expression="purchases > 3", by=SYSTEM)
        paper = f"{HEAD}[when]\nevery = 'month'\nsegment = 'segment(\"regulars\")'\n{CSAT}"
        for key, state in (("tea", SurveyState.ON), ("cake", SurveyState.OFF)):
            document = read_toml(paper.replace("tea", key), name=key)
            await add_survey(work, document, by=SYSTEM, state=state)
        await segments.delete(work, "regulars", by=SYSTEM)
    await database.close()
    findings = await look(server, database_url, tmp_path, business={"languages": ["en", "zh_TW"]})
    told = [finding.text for finding in findings if finding.level is Level.WARNING]
    assert told == [
        "survey tea: not every text is there in zh_TW; write it into its file and add that again",
        "survey tea: nobody is asked: when.segment: column 1: there is no saved segment `regulars`; "
        "mend its file and add that again",
    ]
