"""Keys of the REST API: made, shown once, recognised and revoked; and answers kept so that nothing happens twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex, token_urlsafe
from typing import Any

from domain.api_keys import ApiKey, Scope, hash_key, prefix_of, write_key
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import Actor
from services.permits import may_administer
from services.work import Work
from storage import api as rows
from storage.api import KeptAnswer
from storage.audit import add_audit

_NAME_LETTERS = 64
_NOTED_EVERY = timedelta(hours=1)
_ANSWERS_KEPT_FOR = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; ``key`` is shown once, to whoever asked for it."""

    id: int
    key: str


async def create_key(work: Work, *, name: str, scopes: Sequence[Scope], per_minute: int, by: Actor) -> NewKey | Refusal:
    """Make a key that may do ``scopes``, ``per_minute`` requests a minute. For admins. Raises :class:`BadInput`."""
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    if not name.strip() or len(name) > _NAME_LETTERS or not name.isprintable():
        raise BadInput(f"--name: give the key a name of up to {_NAME_LETTERS} letters, such as the till it is for")
    if not scopes:
        raise BadInput(f"--scope: name what the key may do, once for each: {', '.join(Scope)}")
    prefix = token_hex(4)
    key = write_key(prefix, token_urlsafe(32))
    wanted = sorted(set(scopes))
    key_id = await rows.insert_key(
        work.tx,
        name=name.strip(),
        prefix=prefix,
        key_hash=hash_key(key),
        scopes=wanted,
        per_minute=per_minute,
        now=work.now,
    )
    after = {"name": name.strip(), "scopes": [scope.value for scope in wanted], "per_minute": per_minute}
    add_audit(work.tx, at=work.now, actor=by, action="api_key.created", subject=("api_key", key_id), after=after)
    return NewKey(key_id, key)


async def revoke_key(work: Work, key_id: int, *, by: Actor) -> Refusal | None:
    """Let a key open nothing any more, from the next request on. For admins. Raises :class:`NotFound`."""
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    if not await rows.revoke_key(work.tx, key_id, now=work.now):
        raise NotFound(f"there is no valid key {key_id}; `carebot api key list` shows them")
    add_audit(work.tx, at=work.now, actor=by, action="api_key.revoked", subject=("api_key", key_id))
    return None


async def recognise(work: Work, key: str) -> ApiKey | None:
    """Return the key that was shown, if it is one and still valid."""
    prefix = prefix_of(key)
    known = await rows.get_key(work.tx, prefix) if prefix else None
    return known if known and known.is_written(key) and known.revoked_at is None else None


def is_use_to_note(work: Work, key: ApiKey) -> bool:
    """Return whether the last use on record is so old that this one is to be written down."""
    return key.last_used_at is None or work.now - key.last_used_at >= _NOTED_EVERY


async def note_use(work: Work, key: ApiKey) -> None:
    """Write down that a key was used; about once an hour is enough."""
    await rows.note_use(work.tx, key.id, now=work.now)


async def claim_answer(work: Work, key: ApiKey, *, idempotency_key: str, request_hash: str) -> KeptAnswer | None:
    """Return what was answered under this idempotency key; ``None`` lets the caller answer, in this transaction."""
    return await rows.claim_answer(
        work.tx, api_key_id=key.id, idempotency_key=idempotency_key, request_hash=request_hash, now=work.now
    )


async def keep_answer(
    work: Work, key: ApiKey, *, idempotency_key: str, status: int, answer: dict[str, Any], customer_id: int | None
) -> None:
    """Keep an answer together with what it tells of."""
    await rows.keep_answer(
        work.tx,
        api_key_id=key.id,
        idempotency_key=idempotency_key,
        status=status,
        answer=answer,
        customer_id=customer_id,
    )


async def forget_answers(work: Work, *, limit: int) -> int:
    """Forget answers that nobody will ask for again; returns how many."""
    return await rows.forget_answers(work.tx, before=work.now - _ANSWERS_KEPT_FOR, limit=limit)
