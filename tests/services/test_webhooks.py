"""What other systems are told: noted with the thing itself, tried again, replayed, given up, forgotten."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from domain.api_keys import Scope
from domain.errors import BadInput, NotFound
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind
from domain.webhooks import GIVE_UP_AFTER, Delivery, Endpoint
from services import api_keys, erasure, webhooks
from services.work import Work
from storage import webhooks as rows
from storage.staff import load_staff
from tests.handlers.staff.desk import SUE, Desk
from tests.services.shop import ANN_CHAT, MORNING, Working, arrive

SHOP = "https://93.184.216.34/hooks"
LATER = timedelta(hours=1)


async def listen(working: Working, *kinds: str, url: str = SHOP) -> int:
    """Add an endpoint that wants ``kinds``; returns it."""
    async with working() as work:
        made = await webhooks.add_endpoint(work, url=url, kinds=kinds, allow_private=False, by=SYSTEM)
    assert isinstance(made, webhooks.NewEndpoint)
    return made.id


async def happen(working: Working, kind: str = "points.changed", **data: Any) -> None:
    """Let something happen."""
    async with working() as work:
        await webhooks.emit(work, kind, customer_id=None, data=data)


async def due(work: Work) -> list[tuple[Endpoint, Delivery]]:
    """Return what is to be sent now, with where to."""
    return [
        (endpoint, delivery)
        for endpoint, _ in await rows.list_ready(work.tx, now=work.now)
        for delivery in await rows.list_due(work.tx, endpoint.id, now=work.now, limit=10)
    ]


async def test_only_those_who_want_a_kind_are_told(working: Working) -> None:
    """An endpoint gets the kinds it named, one that named none gets all."""
    points, everything, tiers = (
        await listen(working, "points.changed"),
        await listen(working),
        await listen(working, "tier.changed"),
    )
    await happen(working, points=5)
    async with working() as work:
        assert {endpoint.id for endpoint, _ in await due(work)} == {points, everything}
        assert tiers not in {points, everything}


async def test_an_event_names_its_customer_by_public_code(working: Working) -> None:
    """Who listens outside knows the customer as the API does."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
    await listen(working)
    async with working() as work:
        await webhooks.emit(work, "points.changed", customer_id=ann.customer.id, data={"points": 5})
        [(_, delivery)] = await due(work)
        assert delivery.event.data == {"customer": ann.customer.code, "points": 5}


async def test_without_listeners_nothing_is_kept(working: Working) -> None:
    """Nobody wants to hear of it: no event is written."""
    await listen(working, "tier.changed")
    await happen(working)
    async with working() as work:
        assert await rows.list_events(work.tx, before_id=None, kind=None, limit=5) == []


async def test_what_is_rolled_back_is_told_to_nobody(working: Working) -> None:
    """The event stands or falls with the thing itself."""
    await listen(working)
    with suppress(RuntimeError):
        async with working() as work:
            await webhooks.emit(work, "points.changed", customer_id=None, data={})
            raise RuntimeError
    async with working() as work:
        assert await due(work) == []


async def test_a_kind_nobody_documented_is_a_fault_of_ours(working: Working) -> None:
    """A new kind of event goes into the list that developers read first."""
    async with working() as work:
        with pytest.raises(ValueError, match=r"points\.moved"):
            await webhooks.emit(work, "points.moved", customer_id=None, data={})


async def test_a_failing_endpoint_is_left_alone_and_tried_again(working: Working) -> None:
    """No answer: some seconds of rest, longer each time; an answer ends it."""
    await listen(working)
    await happen(working)
    async with working() as work:
        [(endpoint, delivery)] = await due(work)
        endpoint = await webhooks.settle_try(work, endpoint, delivery, status=None, error="cannot be connected to")
        assert endpoint.failing_since_at == MORNING
    async with working(later=timedelta(seconds=5)) as work:
        assert await due(work) == []
    async with working(later=timedelta(seconds=11)) as work:
        [(endpoint, delivery)] = await due(work)
        assert delivery.attempts == 1
        endpoint = await webhooks.settle_try(work, endpoint, delivery, status=503, error=None)
        assert endpoint.not_before_at is not None
        assert endpoint.not_before_at > work.now + timedelta(seconds=20)
    async with working(later=timedelta(minutes=2)) as work:
        [(endpoint, delivery)] = await due(work)
        assert (await webhooks.settle_try(work, endpoint, delivery, status=204, error=None)).failing_since_at is None
        assert await due(work) == []


async def test_an_event_an_endpoint_refuses_does_not_hold_the_others(working: Working) -> None:
    """A 400 concerns one event; the next is sent at once."""
    await listen(working)
    await happen(working)
    async with working() as work:
        await webhooks.emit(work, "tier.changed", customer_id=None, data={})
        (endpoint, first), (_, second) = await due(work)
        endpoint = await webhooks.settle_try(work, endpoint, first, status=400, error=None)
        assert endpoint.not_before_at is None
        assert [delivery.id for _, delivery in await due(work)] == [second.id]


async def test_after_three_days_a_delivery_is_given_up_and_can_be_replayed(working: Working) -> None:
    """Nothing is tried for ever, and nothing is lost: replaying begins anew."""
    endpoint_id = await listen(working)
    await happen(working)
    async with working() as work:
        [(endpoint, delivery)] = await due(work)
        await webhooks.settle_try(work, endpoint, delivery, status=500, error=None)
    async with working(later=GIVE_UP_AFTER + LATER) as work:
        [(endpoint, delivery)] = await due(work)
        await webhooks.settle_try(work, endpoint, delivery, status=500, error=None)
        [state] = await rows.list_endpoints(work.tx)
        assert (state.open, state.failed, state.last_error) == (0, 1, "answered 500")
    async with working(later=GIVE_UP_AFTER + 2 * LATER) as work:
        assert await webhooks.replay(work, event_id=delivery.event.id, by=SYSTEM) == 1
        [(endpoint, again)] = await due(work)
        assert (again.event.id, again.attempts, endpoint.id) == (delivery.event.id, 0, endpoint_id)


async def test_a_dead_endpoint_does_not_gather_deliveries_for_ever(working: Working) -> None:
    """What a dead endpoint was never even tried with is given up with the rest, and a healthy one keeps its own."""
    dead, healthy = await listen(working), await listen(working)
    await happen(working)
    await happen(working)
    async with working() as work:
        endpoint, delivery = next(pair for pair in await due(work) if pair[0].id == dead)
        await webhooks.settle_try(work, endpoint, delivery, status=None, error="cannot be connected to")
    async with working(later=GIVE_UP_AFTER + LATER) as work:
        await webhooks.tend_webhooks(work, limit=10)
        states = {state.endpoint.id: (state.open, state.failed) for state in await rows.list_endpoints(work.tx)}
        assert states == {dead: (0, 2), healthy: (2, 0)}


async def test_replaying_reaches_an_endpoint_added_later(working: Working) -> None:
    """A new system can be told of the last days; only of the kinds it wants."""
    await listen(working)
    await happen(working)
    await happen(working, kind="tier.changed")
    late = await listen(working, "tier.changed")
    async with working(later=LATER) as work:
        assert await webhooks.replay(work, since=MORNING, endpoint_id=late, by=SYSTEM) == 1
        kinds = [delivery.event.kind for endpoint, delivery in await due(work) if endpoint.id == late]
        assert kinds == ["tier.changed"]
        with pytest.raises(NotFound):
            await webhooks.replay(work, event_id=999, by=SYSTEM)


async def test_what_was_told_of_a_forgotten_customer_is_not_replayed(working: Working) -> None:
    """Erasure empties the event; nobody is told an empty one."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
    await listen(working)
    async with working() as work:
        await webhooks.emit(work, "points.changed", customer_id=ann.customer.id, data={"points": 5})
    async with working(later=LATER) as work:
        await erasure.erase_customer(work, ann.customer.id, by=SYSTEM)
        told = [delivery.event.kind for _, delivery in await due(work)]
        assert told == ["customer.erased"]
        assert await webhooks.replay(work, since=MORNING, by=SYSTEM) == 1


async def test_a_removed_endpoint_is_told_nothing_more(working: Working) -> None:
    """What waited for it is given up; removing it twice is an error with a mend."""
    endpoint_id = await listen(working)
    await happen(working)
    async with working() as work:
        await webhooks.remove_endpoint(work, endpoint_id, by=SYSTEM)
        assert await due(work) == []
        with pytest.raises(NotFound, match="webhook list"):
            await webhooks.remove_endpoint(work, endpoint_id, by=SYSTEM)
        await webhooks.emit(work, "points.changed", customer_id=None, data={})
        assert await due(work) == []


async def test_old_events_are_forgotten_but_not_unsent_ones(working: Working) -> None:
    """After a month the record of what was told goes; what still waits stays."""
    await listen(working)
    await happen(working)
    await happen(working)
    async with working() as work:
        (endpoint, first), _ = await due(work)
        await webhooks.settle_try(work, endpoint, first, status=200, error=None)
    async with working(later=timedelta(days=31)) as work:
        assert await webhooks.tend_webhooks(work, limit=10) == 1
        [left] = await rows.list_events(work.tx, before_id=None, kind=None, limit=5)
        assert left.open == 1


async def test_only_an_admin_decides_who_is_told(desk: Desk) -> None:
    """Not a supervisor, and no API key whatever its scopes."""
    async with desk.town.work() as work:
        sue = (await load_staff(work.tx, bot_id=work.bot_id)).member(SUE)
        for by in (Actor(ActorKind.STAFF, sue.id), Actor(ActorKind.API, 1)):
            for refused in (
                await webhooks.add_endpoint(work, url=SHOP, kinds=(), allow_private=False, by=by),
                await webhooks.remove_endpoint(work, 1, by=by),
                await api_keys.create_key(work, name="till", scopes=[Scope.POINTS_READ], per_minute=1, by=by),
                await api_keys.revoke_key(work, 1, by=by),
            ):
                assert refused == Refusal("desk.refused.not_allowed")


async def test_an_address_that_cannot_be_is_refused(working: Working) -> None:
    """Nothing is added, and the error says how to mend it."""
    async with working() as work:
        with pytest.raises(BadInput, match="--allow-private"):
            await webhooks.add_endpoint(work, url="http://10.1.2.3/", kinds=(), allow_private=False, by=SYSTEM)
        with pytest.raises(BadInput, match=r"points\.changed"):
            await webhooks.add_endpoint(work, url=SHOP, kinds=("points",), allow_private=False, by=SYSTEM)
        assert await rows.list_endpoints(work.tx) == []
