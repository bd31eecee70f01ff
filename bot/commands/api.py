"""``carebot api`` and ``carebot webhook``: who may use the REST API, and who is told of what happened."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.commands.common import printable, run, store, work_of
from domain.api_keys import ApiKey, Scope
from domain.errors import BadInput
from domain.people import SYSTEM
from domain.webhooks import event_name, read_event_name
from services import api_keys, webhooks
from services.review import read_period
from storage.api import list_keys
from storage.webhooks import EndpointState, list_endpoints

_EVERYTHING = "all"


def create_key(file: Path | None, name: str, scopes: Sequence[str], per_minute: int | None) -> None:
    """Make a key and print it, once."""
    run(_create_key(file, name, _scopes(scopes), per_minute))


def _scopes(written: Sequence[str]) -> list[Scope]:
    known = {scope.value for scope in Scope}
    if list(written) == [_EVERYTHING]:
        return list(Scope)
    for each in written:
        if each not in known:
            raise BadInput(f"--scope {printable(each)}: no such scope; there are {', '.join(Scope)}, or all")
    return [Scope(each) for each in written]


async def _create_key(file: Path | None, name: str, scopes: Sequence[Scope], per_minute: int | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        limit = per_minute or settings.api.per_minute
        made = await api_keys.create_key(work_of(settings, tx), name=name, scopes=scopes, per_minute=limit, by=SYSTEM)
    assert isinstance(made, api_keys.NewKey)
    print(made.key)
    print(
        f"this is key {made.id}, up to {limit} requests a minute; it is shown only now: keep it like a password",
        file=sys.stderr,
    )


def list_all_keys(file: Path | None) -> None:
    """Print every key without what opens anything."""
    run(_list_keys(file))


async def _list_keys(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        known = await list_keys(tx)
        zone = settings.business.time_zone
    if not known:
        print("no API keys; `carebot api key create --name NAME --scope SCOPE` makes one")
    for key in known:
        used = f"last used {key.last_used_at.astimezone(zone):%Y-%m-%d %H}h" if key.last_used_at else "never used"
        scopes = " ".join(sorted(key.scopes))
        print(f"{key.id}\t{_standing(key)}\tcb_{key.prefix}_…\t{printable(key.name)}\t{scopes}\t{used}")


def _standing(key: ApiKey) -> str:
    return "revoked" if key.revoked_at else "valid"


def revoke_key(file: Path | None, key_id: int) -> None:
    """Let a key open nothing any more, from the next request on."""
    run(_revoke_key(file, key_id))


async def _revoke_key(file: Path | None, key_id: int) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        await api_keys.revoke_key(work_of(settings, tx), key_id, by=SYSTEM)
    print(f"key {key_id} opens nothing any more")


def add_webhook(file: Path | None, url: str, kinds: Sequence[str], allow_private: bool) -> None:
    """Tell an address of what happens from now on, and print its secret, once."""
    run(_add_webhook(file, url, kinds, allow_private))


async def _add_webhook(file: Path | None, url: str, kinds: Sequence[str], allow_private: bool) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        made = await webhooks.add_endpoint(
            work_of(settings, tx), url=url, kinds=kinds, allow_private=allow_private, by=SYSTEM
        )
    assert isinstance(made, webhooks.NewEndpoint)
    print(made.secret)
    print(
        f"this is the secret of webhook {made.id}, by which its deliveries are signed; it is shown only now",
        file=sys.stderr,
    )


def list_webhooks(file: Path | None) -> None:
    """Print the webhooks and how their deliveries stand."""
    run(_list_webhooks(file))


async def _list_webhooks(file: Path | None) -> None:
    async with store(file) as (settings, database), database.read() as tx:
        found = await list_endpoints(tx)
        zone = settings.business.time_zone
    if not found:
        print("no webhooks; `carebot webhook add URL` adds one")
    for state in found:
        each = state.endpoint
        health = "answers"
        if each.failing_since_at:
            since = f"{each.failing_since_at.astimezone(zone):%Y-%m-%d %H:%M}"
            health = f"failing since {since}: {printable(state.last_error or 'no answer')}"
        kinds = " ".join(each.kinds) or "everything"
        print(f"{each.id}\t{printable(each.url)}\t{kinds}\t{_counts(state)}\t{health}")


def _counts(state: EndpointState) -> str:
    return f"{state.open} waiting, {state.failed} given up"


def remove_webhook(file: Path | None, endpoint_id: int) -> None:
    """Tell an address nothing more."""
    run(_remove_webhook(file, endpoint_id))


async def _remove_webhook(file: Path | None, endpoint_id: int) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        await webhooks.remove_endpoint(work_of(settings, tx), endpoint_id, by=SYSTEM)
    print(f"webhook {endpoint_id} is told nothing any more")


def replay_webhooks(file: Path | None, event: str | None, since: str | None, endpoint_id: int | None) -> None:
    """Send one event, or all since a moment, once more."""
    if bool(event) == bool(since):
        raise BadInput("name one event with --event, or a moment with --since")
    event_id = read_event_name(event) if event else None
    if event and event_id is None:
        raise BadInput(f"--event: {printable(event)} is no event's id; they look like {event_name(12)}")
    run(_replay(file, event_id, since, endpoint_id))


async def _replay(file: Path | None, event_id: int | None, since: str | None, endpoint_id: int | None) -> None:
    async with store(file) as (settings, database):
        start: datetime | None = None
        if since:
            start = read_period(since, None, zone=settings.business.time_zone).since
        async with database.write() as tx:
            work = work_of(settings, tx)
            done = await webhooks.replay(work, event_id=event_id, since=start, endpoint_id=endpoint_id, by=SYSTEM)
    print(f"{done} {'delivery' if done == 1 else 'deliveries'} queued; the running carebot sends them")


def test_webhook(file: Path | None, endpoint_id: int | None) -> None:
    """Send an event without a meaning, to see whether it arrives."""
    run(_test_webhook(file, endpoint_id))


async def _test_webhook(file: Path | None, endpoint_id: int | None) -> None:
    async with store(file) as (settings, database), database.write() as tx:
        done = await webhooks.send_test(work_of(settings, tx), endpoint_id=endpoint_id, by=SYSTEM)
    if not done:
        print("no webhooks; `carebot webhook add URL` adds one")
        return
    print(f"queued for {done}; the running carebot sends it, `carebot webhook list` shows how it went")
