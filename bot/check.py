"""``carebot check``: everything that could keep the bot from serving, looked at one by one, each with its mend."""

import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import aiohttp
from telegram.error import InvalidToken, TelegramError

from bot.commands.common import work_of
from bot.settings import Settings
from bot.transport import AiohttpRequest, TelegramApi, Timeouts
from domain.errors import StorageError
from domain.workdays import WorkCalendar
from services.surveys.book import trouble_with_surveys
from storage.confidential import list_unshown
from storage.database import Database
from storage.migrate import head_revision
from storage.opening import get_revision, missing_file, opened_unchecked
from storage.staff import Staff, load_staff

_TIMEOUTS = Timeouts(connect=5, read=10, write=5, pool=5)
_LITTLE_DISK = 1 << 30
_NO_DISK = 100 << 20
_SKEW_S = 30


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, and what to do about it."""

    level: Level
    text: str


def _ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def _warn(text: str) -> Finding:
    return Finding(Level.WARNING, text)


def _bad(text: str) -> Finding:
    return Finding(Level.PROBLEM, text)


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the database, the folders, the clock and Telegram, and yield what was found."""
    staff = Staff({}, {})
    async for finding in _check_database(settings):
        yield finding
    with suppress(StorageError):
        staff = await _known_staff(settings)
        for finding in (*await _check_confided(settings), *await _check_surveys(settings)):
            yield finding
    looked = (*_check_folders(settings), *_check_zones(settings), _check_hours(settings))
    for finding in (*looked, _check_members(settings, staff)):
        yield finding
    if settings.api.enabled:
        yield _check_api(settings.api.listen_host, settings.api.listen_port)
    request = AiohttpRequest(timeouts=_TIMEOUTS, proxy=settings.proxy)
    await request.initialize()
    try:
        api = TelegramApi(settings.token, settings.telegram.api_base_url, request)
        async for finding in _check_telegram(api, settings, staff):
            yield finding
    finally:
        await request.shutdown()
    if settings.demo.clock_url is None:
        yield await _check_clock(settings.telegram.api_base_url)


async def _check_database(settings: Settings) -> AsyncIterator[Finding]:
    url = settings.storage.url
    name = "PostgreSQL" if url.startswith("postgresql") else Path(url.partition("///")[2].partition("?")[0]).name
    try:
        async with opened_unchecked(url) as database:
            if missing := missing_file(url):
                yield _check_new_file(missing)
                return
            found, wanted = await get_revision(database), head_revision()
            async with database.write():
                pass
            if found is not None and found > wanted:
                yield _bad(f"storage.url: {name} has schema {found}, made by a newer carebot; run that one")
            elif found != wanted:
                yield _warn(f"storage.url: {name} has schema {found or 'none'}; `carebot run` brings it to {wanted}")
            else:
                yield _ok(f"storage.url: {name} can be read and written, schema {found}")
            if database.sqlite_path and _is_open_to_others(database.sqlite_path):
                mend = f"chmod 600 {database.sqlite_path}"
                yield _warn(f"storage.url: other users of this machine may read {name}; run: {mend}")
    except StorageError as error:
        yield _bad(str(error))


def _check_new_file(path: Path) -> Finding:
    if there := _unwritable(path.parent):
        return _bad(f"storage.url: {there} cannot be written; choose another folder or change its owner")
    return _ok(f"storage.url: {path.name} does not exist yet; `carebot run` makes it")


def _unwritable(folder: Path) -> Path | None:
    """Return the nearest folder that exists, if nothing can be made in it."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return None if there.is_dir() and os.access(there, os.W_OK | os.X_OK) else there


def _is_open_to_others(path: str) -> bool:
    return bool(Path(path).stat().st_mode & 0o077)


async def _known_staff(settings: Settings) -> Staff:
    """Return whom the database knows; nobody when it does not exist yet."""
    async with opened_unchecked(settings.storage.url) as database:
        if not await _is_current(database):
            return Staff({}, {})
        async with database.read() as tx:
            return await load_staff(tx, bot_id=settings.bot_id)


async def _check_confided(settings: Settings) -> list[Finding]:
    """Say so when complaints about a member of staff wait that nobody here may see."""
    async with opened_unchecked(settings.storage.url) as database:
        if not await _is_current(database):
            return []
        async with database.read() as tx:
            waiting = len(await list_unshown(tx, limit=100))
    if not waiting:
        return []
    mend = "add a supervisor or an admin whom it is not about, and let them write to the bot"
    return [_warn(f"staff: confidential complaints that nobody was shown: {waiting}; {mend}")]


async def _check_surveys(settings: Settings) -> list[Finding]:
    """Say so when surveys that are on fit the settings no more."""
    async with opened_unchecked(settings.storage.url) as database:
        if not await _is_current(database):
            return []
        async with database.read() as tx:
            return [_warn(f"survey {line}") for line in await trouble_with_surveys(work_of(settings, tx))]


async def _is_current(database: Database) -> bool:
    return missing_file(database.url) is None and await get_revision(database) == head_revision()


def _check_folders(settings: Settings) -> list[Finding]:
    folder = settings.storage.media_folder
    found = []
    if there := _unwritable(folder):
        found.append(
            _bad(f"storage.media_folder: {there} cannot be written; choose another folder or change its owner")
        )
    else:
        found.append(_ok(f"storage.media_folder: {folder} can be written"))
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    line = f"disk: {free / (1 << 30):.1f} GiB free at {there}"
    if free < _NO_DISK:
        found.append(_bad(f"{line}; make room, or nothing can be stored"))
    else:
        found.append(_warn(f"{line}; make room soon") if free < _LITTLE_DISK else _ok(line))
    return found


def _check_zones(settings: Settings) -> list[Finding]:
    zone, known = settings.business.time_zone, len(available_timezones())
    if known < 300:
        return [_warn(f"time zones: only {known} are known here; install the tzdata package")]
    now = datetime.now(zone)
    return [_ok(f"business.time_zone: {zone.key}, where it is {now:%Y-%m-%d %H:%M}")]


def _check_hours(settings: Settings) -> Finding:
    calendar = WorkCalendar(settings.desk.hours.rules(), settings.business.time_zone)
    if not calendar.opens:
        mend = 'write some, such as mon = ["09:00-18:00"]'
        return _warn(f"desk.hours: no working time at all, so the desk counts as always open; {mend}")
    if calendar.always:
        return _ok("desk.hours: always open")
    opening = calendar.next_opening(datetime.now(UTC))
    if opening is None:
        return _warn("desk.hours: nobody works within a year from now; look at the exceptions")
    return _ok(f"desk.hours: the desk works next from {opening.astimezone(calendar.zone):%a %Y-%m-%d %H:%M}")


def _check_members(settings: Settings, staff: Staff) -> Finding:
    ids = {member.user_id for member in staff.members.values() if member.active}
    ids |= {seed.id for seed in settings.staff.members if seed.id not in staff.members}
    if not ids:
        return _warn("staff.members: nobody; customers are served, but no one can answer cases; add [[staff.members]]")
    return _ok(f"staff.members: {len(ids)}")


def _check_api(host: str, port: int) -> Finding:
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        mend = "name another, unless this bot is running already"
        return _warn(f"api.listen_port: {port} on {host} cannot be had ({reason}); {mend}")
    return _ok(f"api.listen_port: {port} on {host} is free for the REST API")


async def _check_clock(server: str) -> Finding:
    """Compare this machine's clock with the Date of the server's answer; asked without the token."""
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(server, allow_redirects=False) as response,
        ):
            theirs = parsedate_to_datetime(response.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError, TypeError):
        return _warn("clock: could not be compared with Telegram's")
    skew = (datetime.now(UTC) - theirs).total_seconds()
    if abs(skew) > _SKEW_S:
        return _bad(f"clock: this machine is {skew:+.0f} s off; switch on time synchronisation (NTP)")
    return _ok("clock: agrees with Telegram's")


async def _check_telegram(api: TelegramApi, settings: Settings, staff: Staff) -> AsyncIterator[Finding]:
    try:
        me = await api.call("getMe", {})
    except InvalidToken:
        yield _bad("telegram.token: Telegram does not know this token; ask @BotFather for the present one")
        return
    except TelegramError as error:
        host = urlsplit(settings.telegram.api_base_url).netloc.rpartition("@")[2]
        yield _bad(f"telegram.api_base_url: {host} cannot be reached ({_short(error)}); check the network or a proxy")
        return
    yield _ok(f"telegram.token: @{me.get('username', '?')} ({me['id']})")
    yield await _check_way_in(api, settings)
    groups = {group.chat_id: group.name for group in staff.groups.values()}
    groups |= {seed.id: seed.name for seed in settings.staff.groups}
    if not groups:
        yield _warn("staff.groups: none; customers are served, but staff see no cases; add [[staff.groups]]")
    for chat_id, name in groups.items():
        yield await _check_group(api, me, chat_id, name)


async def _check_way_in(api: TelegramApi, settings: Settings) -> Finding:
    try:
        info = await api.call("getWebhookInfo", {})
    except TelegramError as error:
        return _warn(f"telegram.mode: the webhook could not be asked for ({_short(error)})")
    host = urlsplit(info.get("url") or "").netloc.rpartition("@")[2]
    if settings.telegram.mode == "polling":
        if host:
            mend = 'stop the program that uses it, or set mode = "webhook"; `carebot run` removes it'
            return _warn(f"telegram.mode: polling, but a webhook is set for {host}; {mend}")
        return _ok("telegram.mode: polling, and no webhook is in its way")
    wanted = f"{settings.telegram.webhook.public_url}{settings.telegram.webhook.path}"
    if info.get("url") != wanted:
        return _warn(
            f"telegram.webhook: Telegram calls {host or 'nobody'} now; `carebot run` sets the configured address"
        )
    if info.get("last_error_message"):
        return _warn(f"telegram.webhook: Telegram's last call failed: {info['last_error_message']}")
    return _ok(f"telegram.webhook: set, {info.get('pending_update_count', 0)} updates waiting")


async def _check_group(api: TelegramApi, me: dict[str, Any], chat_id: int, name: str) -> Finding:
    where = f"staff.groups: {name} ({chat_id})"
    try:
        chat = await api.call("getChat", {"chat_id": chat_id})
        member = await api.call("getChatMember", {"chat_id": chat_id, "user_id": me["id"]})
    except TelegramError as error:
        mend = "add the bot to the group and check the id; until then customers are served, and cases wait"
        return _warn(f"{where}: cannot be reached ({_short(error)}); {mend}")
    status, forum = member.get("status"), bool(chat.get("is_forum"))
    if status in ("left", "kicked"):
        return _warn(f"{where}: the bot is not in the group; add it; until then cases wait")
    if status == "restricted" and not member.get("can_send_messages", True):
        return _bad(f"{where}: the bot may not write there; lift its restriction")
    if status != "administrator" and not me.get("can_read_all_group_messages"):
        return _bad(f"{where}: the bot hears only commands there; make it an admin (or /setprivacy off at @BotFather)")
    if not forum:
        return _bad(f"{where}: not a forum; switch on topics in its settings; until then cases are shown as replies")
    if not member.get("can_manage_topics"):
        return _bad(f"{where}: the bot lacks the right “Manage topics”; make it an admin with that right")
    return _ok(f"{where}: a forum, and the bot may manage topics")


def _short(error: TelegramError) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
