"""API keys, and the answers kept for requests that may be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from domain.api_keys import ApiKey, Scope
from storage.database import Tx
from storage.tables import api_answers, api_keys

_KEY = tuple(api_keys.c[name] for name in ApiKey.__slots__)
_UNDER_WAY = 0


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered to a request, and to which."""

    request_hash: str
    status: int
    answer: dict[str, Any]


def _key(row: Any) -> ApiKey:
    values = row._asdict()
    known = {scope.value for scope in Scope}
    scopes = frozenset(Scope(scope) for scope in values["scopes"] if scope in known)
    return ApiKey(**values | {"scopes": scopes})


async def insert_key(
    tx: Tx, *, name: str, prefix: str, key_hash: str, scopes: Sequence[Scope], per_minute: int, now: datetime
) -> int:
    """Add a key; returns its id."""
    row = {"name": name, "prefix": prefix, "key_hash": key_hash, "per_minute": per_minute, "created_at": now}
    statement = tx.insert(api_keys).values(row | {"scopes": [scope.value for scope in scopes]})
    return int((await tx.execute(statement.returning(api_keys.c.id))).scalar_one())


async def get_key(tx: Tx, prefix: str) -> ApiKey | None:
    """Return the key that begins with ``prefix``, revoked or not."""
    row = (await tx.execute(select(*_KEY).where(api_keys.c.prefix == prefix))).first()
    return _key(row) if row else None


async def list_keys(tx: Tx) -> list[ApiKey]:
    """Return every key, revoked ones too, oldest first."""
    return [_key(row) for row in await tx.execute(select(*_KEY).order_by(api_keys.c.id))]


async def revoke_key(tx: Tx, key_id: int, *, now: datetime) -> bool:
    """Let a key open nothing from now on; returns whether it did."""
    valid = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return bool((await tx.execute(update(api_keys).where(*valid).values(revoked_at=now))).rowcount)


async def note_use(tx: Tx, key_id: int, *, now: datetime) -> None:
    """Record that a key was used about now."""
    await tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


def _of(api_key_id: int, idempotency_key: str) -> Any:
    return and_(api_answers.c.api_key_id == api_key_id, api_answers.c.idempotency_key == idempotency_key)


async def claim_answer(
    tx: Tx, *, api_key_id: int, idempotency_key: str, request_hash: str, now: datetime
) -> KeptAnswer | None:
    """Take the right to answer under this key, or return what was answered under it already.

    Whoever comes second waits here until the first has committed (and then gets its answer) or failed (and then
    takes its turn): the unique key decides, on both engines.
    """
    row = {"api_key_id": api_key_id, "idempotency_key": idempotency_key, "request_hash": request_hash}
    statement = tx.insert(api_answers).values(row | {"status": _UNDER_WAY, "answer": {}, "at": now})
    claimed = await tx.execute(statement.on_conflict_do_nothing())
    if claimed.rowcount:
        return None
    columns = (api_answers.c.request_hash, api_answers.c.status, api_answers.c.answer)
    return KeptAnswer(*(await tx.execute(select(*columns).where(_of(api_key_id, idempotency_key)))).one())


async def keep_answer(
    tx: Tx, *, api_key_id: int, idempotency_key: str, status: int, answer: dict[str, Any], customer_id: int | None
) -> None:
    """Keep what is answered under a claimed key, with whom it is about."""
    values = {"status": status, "answer": answer, "customer_id": customer_id}
    await tx.execute(update(api_answers).where(_of(api_key_id, idempotency_key)).values(values))


async def forget_answers(tx: Tx, *, before: datetime, limit: int) -> int:
    """Delete answers given before ``before``; returns how many."""
    both = (api_answers.c.api_key_id, api_answers.c.idempotency_key)
    old = (
        await tx.execute(select(*both).where(api_answers.c.at < before).order_by(api_answers.c.at).limit(limit))
    ).all()
    if old:
        await tx.execute(delete(api_answers).where(tuple_(*both).in_([tuple(row) for row in old])))
    return len(old)


def is_collision(error: BaseException) -> bool:
    """Return whether somebody else wrote the same key at the same time: asked again, it is found."""
    return isinstance(error, IntegrityError)
