"""Slow work, done outside of any transaction: fetching the bytes of files people sent, making those they are sent."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog
from telegram.error import BadRequest, TelegramError

from bot.clock import Clock
from bot.dispatcher import place_of
from bot.made_files import make
from bot.transport import TelegramApi
from bot.transport_errors import TooLarge
from domain.rules import Rules
from services import files
from services.speech import FETCH_MEDIA
from services.work import Work
from storage import files as file_rows
from storage import jobs
from storage.database import Database, Tx
from storage.jobs import Job, MediaRow
from texts import Texts

log = structlog.get_logger("jobs")

_LEASE = timedelta(minutes=2)
_LOOK_AGAIN = timedelta(seconds=1)
_TRIES = 6
_TRIES_TO_MAKE = 4
"""Fewer: somebody waits for the file."""
_AT_ONCE = 4


def media_path(folder: Path, sha256: str) -> Path:
    """Return where a file's bytes are kept: by what they are, so that the same photo is kept once."""
    return folder / sha256[:2] / sha256


class Jobs:
    """Claims noted jobs and does them, until cancelled."""

    def __init__(
        self,
        database: Database,
        api: TelegramApi,
        clock: Clock,
        *,
        bot_id: int,
        rules: Rules,
        texts: Texts,
        media_folder: Path,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._bot_id = bot_id
        self._rules = rules
        self._texts = texts
        self._folder = media_folder
        self._committed = committed

    async def run(self) -> None:
        """Do jobs until cancelled."""
        while True:
            try:
                busy = await self.run_once()
            except Exception as error:  # the database is away: the jobs are noted there and wait
                log.error("jobs_failed", error=type(error).__name__)
                busy = False
            if not busy:
                await self._clock.wait(asyncio.Event(), self._clock.now() + _LOOK_AGAIN)

    async def run_once(self) -> bool:
        """Do the jobs that are due now; returns whether there were any."""
        now = self._clock.now()
        async with self._database.read() as tx:
            if not await jobs.is_any_due(tx, now=now):
                return False
        async with self._database.write() as tx:
            claimed = await jobs.claim_jobs(tx, now=now, lease_until_at=now + _LEASE, limit=_AT_ONCE)
        await asyncio.gather(*(self._do(job) for job in claimed))
        return bool(claimed)

    async def _do(self, job: Job) -> None:
        if job.kind == FETCH_MEDIA:
            await self._do_fetch(job)
        elif job.kind == files.MAKE_FILE:
            await self._do_make(job)
        else:
            async with self._database.write() as tx:
                await jobs.finish_job(tx, job.id, state="failed", error="unknown kind")

    async def _do_make(self, job: Job) -> None:
        async with self._database.read() as tx:
            file = await file_rows.get_file(tx, job.ref)
        if file is None or file.recipe is None:  # nobody wants it any more
            await self._end(job, state=None)
            return
        if job.attempts > _TRIES_TO_MAKE:  # each try ended with the program
            await self._give_up(job, "the program ended while it made the file")
            return
        try:
            content = await make(file, self._database)
        except Exception as error:  # whatever a maker stumbles over: tried again, and told in the end
            await self._make_again(job, file.kind, error)
            return
        async with self._database.write() as tx:
            await files.send_made(self._work(tx), job_id=job.id, file_id=job.ref, content=content)
        self._committed()

    async def _make_again(self, job: Job, kind: str, error: Exception) -> None:
        final = job.attempts >= _TRIES_TO_MAKE
        log.warning("file_not_made", file=job.ref, kind=kind, error=place_of(error), given_up=final)
        if final:
            await self._give_up(job, type(error).__name__)
            return
        wait = timedelta(seconds=5 * 3 ** (job.attempts - 1))
        async with self._database.write() as tx:
            await jobs.retry_job(tx, job.id, due_at=self._clock.now() + wait, error=type(error).__name__)

    async def _give_up(self, job: Job, error: str) -> None:
        async with self._database.write() as tx:
            await files.give_up(self._work(tx), job_id=job.id, file_id=job.ref, error=error)
        self._committed()

    def _work(self, tx: Tx) -> Work:
        return Work(tx, self._clock.now(), self._bot_id, self._rules, self._texts)

    async def _do_fetch(self, job: Job) -> None:
        async with self._database.read() as tx:
            file = await jobs.get_media(tx, job.ref)
        if file is None or file.state == "stored":
            await self._end(job, state=None)
            return
        try:
            await self._fetch(job, file)
        except TooLarge:
            await self._end(job, state="too_large")
        except (TelegramError, OSError) as error:
            await self._try_again(job, error)

    async def _fetch(self, job: Job, file: MediaRow) -> None:
        answer = await self._api.call("getFile", {"file_id": file.file_id})
        content = await self._api.download(answer["file_path"], max_bytes=self._rules.media_limit_bytes)
        sha256 = await asyncio.to_thread(self._keep, content)
        await self._end(job, state="stored", sha256=sha256, size=len(content))

    def _keep(self, content: bytes) -> str:
        """Write a file whole or not at all, safe from a power cut, and return its name."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = media_path(self._folder, sha256)
        if path.exists():
            path.touch()  # wanted again: whoever tidies the folder sees a young file
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A name of its own: two people may send the same picture at once.
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).rename(path)
        return sha256

    async def _end(self, job: Job, *, state: str | None, sha256: str | None = None, size: int | None = None) -> None:
        async with self._database.write() as tx:
            if state is not None:
                await jobs.set_media_state(tx, job.ref, state=state, sha256=sha256, size=size)
            await jobs.finish_job(tx, job.id, state="done")

    async def _try_again(self, job: Job, error: Exception) -> None:
        final = isinstance(error, BadRequest) or job.attempts >= _TRIES
        too_big = isinstance(error, BadRequest) and "too big" in error.message
        log.warning("media_not_fetched", media=job.ref, error=type(error).__name__, given_up=final)
        async with self._database.write() as tx:
            if final:
                await jobs.set_media_state(tx, job.ref, state="too_large" if too_big else "failed")
                await jobs.finish_job(tx, job.id, state="failed", error=type(error).__name__)
            else:
                wait = timedelta(seconds=10 * 3**job.attempts)
                await jobs.retry_job(tx, job.id, due_at=self._clock.now() + wait, error=type(error).__name__)
