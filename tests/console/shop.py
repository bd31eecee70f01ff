"""A shop whose systems ask the API in process: keys, customers, and a clock that can be moved."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx

from console.api.application import make_api
from console.api.door import Door
from domain.api_keys import Scope
from domain.people import SYSTEM
from domain.rules import Rules
from services import api_keys
from services.work import Work
from storage.database import Database
from tests.console.conformance import hold_against_description
from tests.services.shop import BOT, MORNING
from texts import Texts

Json = dict[str, Any]


@dataclass
class Shop:
    """The API over one database."""

    database: Database
    rules: Rules
    texts: Texts
    now: datetime = MORNING
    commits: int = 0
    faults: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.door = Door(
            self.database,
            lambda: self.now,
            BOT,
            self.rules,
            self.texts,
            self._committed,
            self._place_of,
            "willow_lane_bot",
        )
        self.api = make_api(self.door)

    def _committed(self) -> None:
        self.commits += 1

    def _place_of(self, error: BaseException) -> str:
        self.faults.append(repr(error))
        return type(error).__name__

    def later(self, span: timedelta) -> None:
        """Move the clock."""
        self.now += span

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Work]:
        """One transaction's work now."""
        async with self.database.write() as tx:
            yield self.door.work(tx)

    async def key(self, *scopes: Scope, per_minute: int = 100_000) -> "Till":
        """Make a key, for everything unless scopes are named, and return a system that holds it."""
        async with self.working() as work:
            made = await api_keys.create_key(
                work, name="till", scopes=scopes or tuple(Scope), per_minute=per_minute, by=SYSTEM
            )
        assert isinstance(made, api_keys.NewKey)
        return Till(self, made.key, made.id)


class Till:
    """Another system with a key."""

    def __init__(self, shop: Shop, key: str, key_id: int) -> None:
        self.shop = shop
        self.key = key
        self.key_id = key_id
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(shop.api),
            base_url="http://shop",
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    async def ask(
        self, method: str, path: str, body: Any = None, *, once: str | None = None, **options: Any
    ) -> httpx.Response:
        """Send one request; ``once`` is its Idempotency-Key."""
        headers = {**({"Idempotency-Key": once} if once else {}), **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        answer = await self._client.request(method, f"/v1{path}", headers=headers, **options)
        hold_against_description(answer)
        return answer

    async def get(self, path: str, **params: Any) -> Json:
        """Return what a question is answered; it must be answered well."""
        response = await self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def post(self, path: str, body: Any = None, *, once: str | None = None) -> Json:
        """Return what a change is answered; it must be done. A new Idempotency-Key is made unless one is given."""
        response = await self.ask("POST", path, body, once=once or f"once-{next(self.shop.numbers)}")
        assert response.status_code in (200, 201), response.text
        found: Json = response.json()
        return found

    async def customer(self, name: str = "Ann", **fields: Any) -> str:
        """Add a customer; returns the public code."""
        return str((await self.post("/customers", {"name": name, **fields}))["code"])
