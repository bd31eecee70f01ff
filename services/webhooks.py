"""Outgoing webhooks: what happened is noted, in the transaction in which it happened, for whoever wants to hear."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import random
from secrets import token_urlsafe
from typing import Any

from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import Actor
from domain.webhooks import (
    GIVE_UP_AFTER,
    KINDS,
    TEST_KIND,
    Delivery,
    Endpoint,
    fault_of_url,
    hold_after,
    pause_after,
)
from services.permits import may_administer
from services.work import Work
from storage import webhooks as rows
from storage.audit import add_audit

_KEPT_FOR = timedelta(days=30)
_ERROR_LETTERS = 200
_TRY_LATER = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint just added; ``secret`` is shown once, to whoever added it."""

    id: int
    secret: str


async def emit(work: Work, kind: str, *, customer_id: int | None, data: dict[str, Any]) -> None:
    """Note that something happened for the endpoints that want ``kind``; nothing when none does.

    ``data`` holds ids, codes and figures, no free words; the customer's public code is added as ``customer``. What
    outlives its customer (``customer.erased``) is given without ``customer_id`` and names the code itself.
    Raises ``ValueError`` for a kind that is not documented.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of event: {kind}")
    wanting = [endpoint.id for endpoint in await rows.list_active(work.tx) if endpoint.wants(kind)]
    if wanting:
        await rows.insert_event(
            work.tx, kind=kind, customer_id=customer_id, data=data, endpoint_ids=wanting, now=work.now
        )


async def is_wanted(work: Work, kind: str) -> bool:
    """Return whether any endpoint wants to hear of ``kind``, so that it is worth counting for."""
    return any(endpoint.wants(kind) for endpoint in await rows.list_active(work.tx))


async def add_endpoint(
    work: Work, *, url: str, kinds: Sequence[str], allow_private: bool, by: Actor
) -> NewEndpoint | Refusal:
    """Tell ``url`` of these kinds of event from now on, of all when none is named.

    For admins. Raises :class:`BadInput` for an address or a kind that cannot be.
    """
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    if fault := fault_of_url(url, allow_private=allow_private):
        raise BadInput(f"the address {fault}")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise BadInput(f"--kind {unknown[0]}: no such kind of event; there are {', '.join(KINDS)}")
    secret = f"whsec_{token_urlsafe(32)}"
    wanted = tuple(dict.fromkeys(kinds))
    endpoint_id = await rows.insert_endpoint(
        work.tx, url=url, secret=secret, kinds=wanted, allow_private=allow_private, now=work.now
    )
    _audit(work, by, "webhook.added", endpoint_id, {"url": url, "kinds": list(wanted), "allow_private": allow_private})
    return NewEndpoint(endpoint_id, secret)


async def remove_endpoint(work: Work, endpoint_id: int, *, by: Actor) -> Refusal | None:
    """Tell an endpoint nothing more; what was still to be sent is given up. For admins. Raises :class:`NotFound`."""
    if not await may_administer(work, by):
        return Refusal("desk.refused.not_allowed")
    if not await rows.retire_endpoint(work.tx, endpoint_id, error="the endpoint was removed", now=work.now):
        raise NotFound(f"there is no webhook {endpoint_id}; `carebot webhook list` shows them")
    _audit(work, by, "webhook.removed", endpoint_id, None)
    return None


async def replay(
    work: Work,
    *,
    event_id: int | None = None,
    since: datetime | None = None,
    endpoint_id: int | None = None,
    by: Actor,
) -> int:
    """Queue one event, or all from ``since`` on, for their endpoints once more; returns how many deliveries.

    An endpoint added later gets them too. Raises :class:`NotFound` for an event or endpoint that is not there.
    """
    if event_id is not None and not await rows.is_known(work.tx, event_id):
        raise NotFound(f"there is no event evt_{event_id}; events are kept for {_KEPT_FOR.days} days")
    endpoints = await _endpoints(work, endpoint_id)
    which = rows.is_event(event_id) if event_id is not None else rows.is_since(since or work.now)
    done = 0
    for endpoint in endpoints:
        queued = await rows.replay(work.tx, endpoint, which, now=work.now)
        done += queued
        if queued:
            asked = {"event": event_id, "since": since.isoformat() if since else None, "deliveries": queued}
            _audit(work, by, "webhook.replayed", endpoint.id, asked)
    return done


async def send_test(work: Work, *, endpoint_id: int | None = None, by: Actor) -> int:
    """Send an event without a meaning to one endpoint, or to all; returns to how many. Raises :class:`NotFound`."""
    endpoints = await _endpoints(work, endpoint_id)
    if endpoints:
        ids = [endpoint.id for endpoint in endpoints]
        await rows.insert_event(work.tx, kind=TEST_KIND, customer_id=None, data={}, endpoint_ids=ids, now=work.now)
        for each in ids:
            _audit(work, by, "webhook.tested", each, None)
    return len(endpoints)


async def _endpoints(work: Work, endpoint_id: int | None) -> list[Endpoint]:
    found = [each for each in await rows.list_active(work.tx) if endpoint_id in (None, each.id)]
    if endpoint_id is not None and not found:
        raise NotFound(f"there is no webhook {endpoint_id}; `carebot webhook list` shows them")
    return found


def _audit(work: Work, by: Actor, action: str, endpoint_id: int, after: dict[str, Any] | None) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("webhook", endpoint_id), after=after)


async def settle_try(
    work: Work, endpoint: Endpoint, delivery: Delivery, *, status: int | None, error: str | None
) -> Endpoint:
    """Record how an endpoint answered a delivery, and return the endpoint as it stands then.

    2xx is sent. Anything else is tried again for three days. An endpoint that is out of order (no answer, 5xx, told
    to come later) is left alone for a while; one that refuses this event only (4xx) gets the others meanwhile.
    """
    now = work.now
    if status is not None and 200 <= status < 300:
        await rows.settle(work.tx, delivery.id, state="sent", now=now, status=status, error=None, due_at=now)
        if endpoint.failing_since_at is not None:
            await rows.note_health(work.tx, endpoint.id, failures=0, failing_since_at=None, not_before_at=None)
        return replace(endpoint, failures=0, failing_since_at=None, not_before_at=None)
    return await _try_again(work, endpoint, delivery, status=status, error=error or f"answered {status}")


async def _try_again(work: Work, endpoint: Endpoint, delivery: Delivery, *, status: int | None, error: str) -> Endpoint:
    now = work.now
    given_up = now - delivery.queued_at >= GIVE_UP_AFTER
    await rows.settle(
        work.tx,
        delivery.id,
        state="failed" if given_up else "open",
        now=now,
        status=status,
        error=error[:_ERROR_LETTERS],
        due_at=now + pause_after(delivery.attempts + 1, share=random()),
    )
    out_of_order = status is None or status in _TRY_LATER or not 400 <= status < 500
    failures = endpoint.failures + out_of_order
    after = replace(
        endpoint,
        failures=failures,
        failing_since_at=endpoint.failing_since_at or now,
        not_before_at=now + hold_after(failures, share=random()) if out_of_order else None,
    )
    await rows.note_health(
        work.tx,
        endpoint.id,
        failures=after.failures,
        failing_since_at=after.failing_since_at,
        not_before_at=after.not_before_at,
    )
    return after


async def tend_webhooks(work: Work, *, limit: int) -> int:
    """Give up what dead endpoints never took, and forget events whose time is over; returns how many of these."""
    late = work.now - GIVE_UP_AFTER
    await rows.give_up_dead(
        work.tx, queued_before=late, error="the endpoint answered nothing for three days", now=work.now
    )
    return await rows.forget_events(work.tx, before=work.now - _KEPT_FOR, limit=limit)
