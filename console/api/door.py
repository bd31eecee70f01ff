"""The door of the API: who asks, whether they may, and one transaction for what they want."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from starlette.responses import Response

from console.api.answers import Answer
from console.api.problems import Halt, problem, refused
from domain.api_keys import ApiKey, Bucket, Grant, Scope
from domain.languages import DEFAULT_LANGUAGE, language_of
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind
from domain.rules import Rules
from services import api_keys
from services.work import Work
from storage.api import is_collision
from storage.database import Database, Tx, is_transient, is_unreachable
from texts import Texts

log = structlog.get_logger("api")

_TRIES = 5
_PAUSE_S = 0.02
_BEARER = "bearer "

Act = Callable[[Work, Actor], Awaitable[Answer | Refusal]]
Ask = Callable[[Work], Awaitable[Answer | Refusal]]


@dataclass(slots=True)
class Door:
    """What the API works with.

    ``committed`` is called after each commit; ``place_of`` names an error without its words, which may quote a person.
    """

    database: Database
    now: Callable[[], datetime]
    bot_id: int
    rules: Rules
    texts: Texts
    committed: Callable[[], None]
    place_of: Callable[[BaseException], str]
    bot_name: str = ""
    public_url: str = ""
    buckets: dict[int, Bucket] = field(default_factory=dict)

    def work(self, tx: Tx) -> Work:
        """Return one transaction's work."""
        return Work(tx, self.now(), self.bot_id, self.rules, self.texts)

    def language(self, request: Request) -> str:
        """Return the language in which the asker reads what was refused."""
        wanted = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
        return language_of(wanted, offered=(DEFAULT_LANGUAGE, *self.rules.languages))

    async def admit(self, request: Request, scope: Scope) -> "Call":
        """Return the call of a valid key that may do ``scope`` and does not ask too often; raises :class:`Halt`."""
        given = request.headers.get("authorization", "")
        written = given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else ""
        async with self.database.read() as tx:
            work = self.work(tx)
            key = await api_keys.recognise(work, written)
            noting = key is not None and api_keys.is_use_to_note(work, key)
        if key is None:
            raise Halt(_unknown_key())
        grant = self._take(key)
        call = Call(self, key, self.language(request), grant)
        if not grant.allowed:
            detail = f"This key may ask {grant.limit} times a minute; ask again in {grant.wait_s} seconds."
            raise Halt(problem(429, "key.too_often", detail, headers=call.headers | {"Retry-After": str(grant.wait_s)}))
        if scope not in key.scopes:
            raise Halt(problem(403, "key.not_allowed", f"This key has no scope {scope}.", headers=call.headers))
        if noting:
            async with self.database.write() as tx:
                await api_keys.note_use(self.work(tx), key)
        return call

    def fault(self, error: Exception) -> Answer:
        """Return the answer to something that went wrong here, noted without anybody's words."""
        if is_unreachable(error):
            log.warning("database_away", error=type(error).__name__)
            return problem(503, "server.not_ready", "The database is away; ask again.", headers={"Retry-After": "5"})
        log.error("request_failed", error=self.place_of(error))
        return problem(500, "server.failed", "Our fault; nothing was done.")

    def _take(self, key: ApiKey) -> Grant:
        now = self.now()
        bucket = self.buckets.get(key.id)
        if bucket is None or bucket.per_minute != key.per_minute:
            bucket = self.buckets[key.id] = Bucket(key.per_minute, float(key.per_minute), now)
        return bucket.take(now)


def _unknown_key() -> Answer:
    detail = "Send a valid key as `Authorization: Bearer cb_…`."
    return problem(401, "key.unknown", detail, headers={"WWW-Authenticate": 'Bearer realm="carebot"'})


@dataclass(slots=True)
class Call:
    """One request of a known key: asks in a reading transaction, or acts in a writing one."""

    door: Door
    key: ApiKey
    language: str
    grant: Grant
    request_hash: str = ""

    @property
    def actor(self) -> Actor:
        """The key as the author of a change."""
        return Actor(ActorKind.API, self.key.id)

    @property
    def headers(self) -> dict[str, str]:
        """What is left of the key's minute."""
        return {
            "RateLimit-Limit": str(self.grant.limit),
            "RateLimit-Remaining": str(self.grant.left),
            "RateLimit-Reset": str(self.grant.full_in_s),
        }

    async def read(self, ask: Ask) -> Response:
        """Answer a question."""
        async with self.door.database.read() as tx:
            found = await ask(self.door.work(tx))
        return self._plain(found).response()

    async def change(self, act: Act, *, idempotency_key: str | None = None) -> Response:
        """Do something, in one transaction with its answer, so that the same key never does it twice."""
        for attempt in range(1, _TRIES + 1):
            try:
                async with self._writing() as work:
                    done, headers = await self._once(work, act, idempotency_key)
            except Exception as error:
                if attempt == _TRIES or not (is_transient(error) or is_collision(error)):
                    raise
                await asyncio.sleep(_PAUSE_S * attempt)  # somebody else was quicker: now theirs is seen
                continue
            self.door.committed()
            return done.response(headers)
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Work]:
        async with self.door.database.write() as tx:
            yield self.door.work(tx)

    async def _once(self, work: Work, act: Act, idempotency_key: str | None) -> tuple[Answer, dict[str, str]]:
        if idempotency_key is None:
            return self._plain(await act(work, self.actor)), {}
        kept = await api_keys.claim_answer(
            work, self.key, idempotency_key=idempotency_key, request_hash=self.request_hash
        )
        if kept is not None and kept.request_hash != self.request_hash:
            detail = "This Idempotency-Key was used with another request; use a new one for each thing to be done."
            return problem(409, "idempotency.other_request", detail), {}
        if kept is not None:
            return Answer(kept.status, kept.answer["body"], kept.answer["headers"]), {"Idempotent-Replayed": "true"}
        done = self._plain(await act(work, self.actor))
        await api_keys.keep_answer(
            work,
            self.key,
            idempotency_key=idempotency_key,
            status=done.status,
            answer={"body": done.body, "headers": done.headers},
            customer_id=done.customer_id,
        )
        return done, {}

    def _plain(self, outcome: Answer | Refusal) -> Answer:
        if isinstance(outcome, Refusal):
            return refused(outcome, texts=self.door.texts, language=self.language)
        return outcome


def hash_request(method: str, path: str, body: Any) -> str:
    """Return what two requests share when they want the same, however their JSON is written."""
    wanted = json.dumps([method, path, body], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(wanted.encode()).hexdigest()


def _current(request: Request) -> Call:
    call: Call = request.state.call
    return call


Calling = Annotated[Call, Depends(_current)]
"""The call that a route answers, let in by its scope."""
